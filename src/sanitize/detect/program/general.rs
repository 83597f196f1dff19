//! Options that take a secret whatever the program is.

use crate::sanitize::detect::shape::Made;
use crate::sanitize::reference;

/// Options that take a key of any kind, a secret's among them.
const KEYS: &[&str] = &["--key", "--auth", "-key", "-auth"];
/// The fewest characters of a key that such an option takes.
const LEAST_KEY: usize = 12;

/// True for an argument that may take a secret whatever the program is.
pub(in crate::sanitize::detect) fn is_general(argument: &str) -> bool {
    matches!(argument, "-p" | "-P" | "-pw" | "-w" | "-pass")
        || KEYS.iter().any(|option| argument.starts_with(option))
        || argument.starts_with("-D")
}

/// Where the key stands that such an option takes, in this argument or the next one, if it looks made.
pub(super) fn made_in(argument: &str, next: Option<&str>) -> Option<(usize, usize)> {
    if let Some((name, value)) = argument.split_once('=') {
        // `-Dsonar.login=x`
        let is_login = name.starts_with("-D") && name.ends_with(".login");
        return ((is_login || KEYS.contains(&name)) && is_made(value))
            .then_some((0, name.len() + 1));
    }
    next.filter(|value| KEYS.contains(&argument) && is_made(value))
        .map(|_| (1, 0))
}

/// True for a key, and not for the name, the path or the number of one.
fn is_made(value: &str) -> bool {
    let made = Made::of(value.as_bytes());
    let signs = made.length - made.digits - made.capitals - made.small;
    let is_key = value
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+' | b'='));
    let all_kinds = made.digits > 0 && made.capitals > 0 && made.small > 0;
    let is_long = made.length >= 32 && made.digits > 0 && made.digits < made.length && signs == 0;
    // `v1-deps-Linux-7c1e`: words with numbers behind them.
    let is_word = |part: &str| {
        part.len() >= 3
            && part.bytes().all(|byte| byte.is_ascii_alphabetic())
            && part.bytes().skip(1).all(|byte| byte.is_ascii_lowercase())
    };
    made.length >= LEAST_KEY
        && is_key
        && (all_kinds || is_long)
        && !value.split(['-', '_']).any(is_word)
}

/// True for a password, and not for a port, a path or a pair of ports.
pub(super) fn is_password_of(value: &str) -> bool {
    reference::looks_secret(value)
        && !value.starts_with('-')
        && !value.contains(['/', ':', '='])
        && !value
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b',' | b'-' | b'.'))
}

/// True for a program in which `-p` is a port, a project or a path.
pub(super) fn is_without_password(program: &str) -> bool {
    let name = program.rsplit(['/', '\\']).next().unwrap_or(program);
    [
        "ssh",
        "scp",
        "sftp",
        "rsync",
        "nmap",
        "git",
        "docker-compose",
        "compose",
        "cp",
        "mkdir",
        "ps",
        "psql",
        "pg_dump",
        "pg_restore",
        "createdb",
        "dropdb",
        "make",
        "tar",
        "nc",
        "netcat",
        "telnet",
        "install",
        "systemd-run",
        "sudo",
        "kill",
        "pytest",
        "gradle",
        "mvn",
        "dotnet",
    ]
    .contains(&name)
}
