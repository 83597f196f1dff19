//! What programs take for a secret among their arguments.
//!
//! What a short option means hangs on the program. Long options bear the name of what they take.

use std::ops::Range;

use super::shape::Made;
use crate::sanitize::reference;
use crate::sanitize::rule::Rule;
use crate::sanitize::rules::Rules;
use crate::sanitize::text::is_name_byte;

/// A part of an argument that must be replaced.
#[derive(Debug, Clone)]
pub(in crate::sanitize) struct SecretArgument<'r> {
    /// Which of the arguments.
    pub(in crate::sanitize) index: usize,
    /// The place in that argument.
    pub(in crate::sanitize) range: Range<usize>,
    pub(in crate::sanitize) rule: &'r Rule,
}

/// Where a program takes a secret.
#[derive(Debug, Clone, Copy)]
pub(in crate::sanitize) enum Takes {
    /// Behind this option, in the same argument or the next one.
    Option(&'static str),
    /// Behind this option in the same argument: alone it makes the program ask.
    Attached(&'static str),
    /// Behind this option, once the word `login` was said.
    Login(&'static str),
    /// Behind this option, where this word is among the arguments.
    Told(&'static str, &'static str),
    /// In the argument of this option, behind the first of these signs.
    After(&'static str, char),
    /// In the argument of this option, where it begins so.
    Prefixed(&'static str, &'static str),
    /// In the first argument, between `/` and `@`.
    Connection,
    /// In the argument that stands so many places behind this word.
    Behind(&'static str, usize),
    /// The same, where it looks like a secret: the words are those of sentences too.
    MadeBehind(&'static str, usize),
    /// Behind options of single letters with `b` among them: the last of the words for a file, a user and a password, of
    /// which the first is left out where `n` is among the letters.
    Batch,
    /// In the second argument behind this word, or in the first where there is one alone.
    LastBehind(&'static str),
}

impl Takes {
    /// True where what stands behind the option's letter may be its value: `-pXk4pw`.
    fn is_begun_by(self, argument: &str) -> bool {
        let (Self::Option(option) | Self::Attached(option) | Self::Login(option)) = self else {
            return false;
        };
        value_in(argument, option).is_some_and(|from| from < argument.len())
    }
}

/// Where the program of a name, a path or not, takes secrets.
pub(in crate::sanitize) fn taken_by(program: &str) -> &'static [Takes] {
    use Takes::{
        After, Attached, Batch, Behind, Connection, LastBehind, Login, MadeBehind, Option,
        Prefixed, Told,
    };
    let name = program.rsplit(['/', '\\']).next().unwrap_or(program);
    match name.strip_suffix(".exe").unwrap_or(name) {
        "mysql" | "mysqldump" | "mysqladmin" | "mysqlimport" | "mysqlshow" | "mysqlcheck"
        | "mysqlsh" | "mariadb" | "mariadb-dump" | "mariadb-admin" | "xtrabackup" | "7z"
        | "7za" | "7zz" | "unrar" => &[Attached("-p")],
        "rar" => &[Attached("-hp"), Attached("-p")],
        "gh" | "glab" | "fly" | "flyctl" | "wrangler" => {
            &[Told("secret", "--body"), Told("secret", "-b")]
        }
        "aws" => &[
            Told("SecureString", "--value"),
            Behind("aws_secret_access_key", 1),
            Behind("aws_session_token", 1),
        ],
        "ssh-keygen" => &[Option("-N"), Option("-P")],
        "snmpwalk" | "snmpget" | "snmpbulkwalk" | "snmpset" | "snmptrap" => {
            &[Option("-A"), Option("-X"), Option("-c")]
        }
        "influx" => &[Option("-t")],
        "sshpass" | "mongo" | "mongosh" | "mongodump" | "mongorestore" | "mongoexport"
        | "mongoimport" | "mongostat" | "rdesktop" | "rabbitmqadmin" | "arangosh" => {
            &[Option("-p")]
        }
        "redis-cli" | "keydb-cli" | "valkey-cli" | "redis-benchmark" => {
            &[Option("-a"), LastBehind("AUTH"), LastBehind("auth")]
        }
        "ngrok" => &[Behind("authtoken", 1), Behind("add-authtoken", 1)],
        "snyk" | "railway" | "infracost" | "wandb" | "doppler" => {
            &[MadeBehind("auth", 1), MadeBehind("login", 1)]
        }
        "cargo" | "npm" | "vercel" | "netlify" | "hub" | "pulumi" => &[MadeBehind("login", 1)],
        "bw" => &[Behind("unlock", 1), MadeBehind("login", 2)],
        "net" => &[
            MadeBehind("user", 2),
            MadeBehind("use", 2),
            MadeBehind("use", 3),
            MadeBehind("use", 4),
        ],
        "schtasks" => &[Option("/rp"), Option("/RP")],
        "psexec" | "psexec64" | "pspasswd" | "psloggedon" | "evil-winrm" | "smbmap" | "yt-dlp"
        | "youtube-dl" | "arcgis" | "expo" => &[Option("-p")],
        "winrs" => &[Attached("-p:"), Attached("/p:")],
        "useradd" | "usermod" => &[Option("-p")],
        "mc" => &[MadeBehind("set", 3), MadeBehind("set", 4)],
        "rclone" => &[Behind("obscure", 1)],
        "drush" => &[Behind("user:password", 2), Behind("upwd", 2)],
        "steamcmd" => &[Behind("+login", 2)],
        "dscl" => &[Behind("-passwd", 2)],
        "networksetup" => &[Behind("-setairportnetwork", 3)],
        "nuget" | "dotnet" => &[Option("-k"), MadeBehind("setApiKey", 1)],
        "doctl" => &[Option("-t")],
        "docker" | "podman" | "nerdctl" | "buildah" | "skopeo" | "helm" | "oras" | "crane"
        | "regctl" | "oc" | "cf" | "az" | "ibmcloud" | "argocd" => &[Login("-p")],
        "curl" => &[
            After("-u", ':'),
            After("--user", ':'),
            After("-U", ':'),
            After("--proxy-user", ':'),
            Option("--oauth2-bearer"),
            Option("--pass"),
        ],
        "http" | "https" | "xh" | "xhs" => &[After("-a", ':'), After("--auth", ':')],
        "lftp" => &[After("-u", ',')],
        "ldapsearch" | "ldapmodify" | "ldapadd" | "ldapdelete" | "ldapwhoami" | "ldappasswd"
        | "ldapcompare" => &[Option("-w")],
        "smbclient" | "smbget" | "rpcclient" | "winexe" => &[After("-U", '%')],
        "zip" | "unzip" | "zipcloak" | "sqlcmd" | "bcp" | "isql" | "osql" | "tsql"
        | "mosquitto_pub" | "mosquitto_sub" | "ipmitool" => &[Option("-P")],
        "openssl" => &[
            Prefixed("-passin", "pass:"),
            Prefixed("-passout", "pass:"),
            Prefixed("-pass", "pass:"),
            Option("-k"),
            Option("-K"),
        ],
        "keytool" | "jarsigner" | "apksigner" => &[
            Option("-storepass"),
            Option("-keypass"),
            Option("-srcstorepass"),
            Option("-deststorepass"),
            Option("-srckeypass"),
            Option("-destkeypass"),
            Option("-new"),
        ],
        "plink" | "pscp" | "psftp" | "putty" => &[Option("-pw")],
        "xfreerdp" | "xfreerdp3" | "wfreerdp" => &[Attached("/p:")],
        "sqlplus" | "impdp" | "expdp" | "sqlldr" | "rman" => &[Connection],
        "rabbitmqctl" => &[
            Behind("add_user", 2),
            Behind("change_password", 2),
            Behind("authenticate_user", 2),
        ],
        "vault" => &[Behind("login", 1), Behind("unseal", 1)],
        "wpa_passphrase" => &[Behind("wpa_passphrase", 2)],
        "htpasswd" | "mosquitto_passwd" => &[Batch],
        "security" | "kadmin" => &[Option("-w")],
        "twine" | "cqlsh" | "snowsql" | "crackmapexec" | "nxc" | "hydra" | "ftp" => &[Option("-p")],
        "ConvertTo-SecureString" => &[Behind("ConvertTo-SecureString", 1), Option("-String")],
        _ => &[],
    }
}

/// Finds what must be replaced among the arguments of a command, the program's name being one of them.
///
/// `--name=value` is not looked for: within one argument that is an assignment.
pub(in crate::sanitize) fn secrets_among<'r>(
    rules: &'r Rules,
    password: &'r Rule,
    arguments: &[&str],
) -> Vec<SecretArgument<'r>> {
    let mut found = Vec::new();
    let mut takes: &[Takes] = &[];
    let mut program_at = 0;
    let mut logs_in = false;
    let mut tells_user = false;
    let has_port = arguments.iter().any(|word| is_without_password(word));
    for (index, argument) in arguments.iter().enumerate() {
        let taken = taken_by(argument);
        if !taken.is_empty() {
            (takes, program_at, logs_in) = (taken, index, false);
        }
        logs_in |= *argument == "login" || *argument == "registry-login";
        let next = arguments.get(index + 1).copied();
        let whole = |index: usize, text: &str| SecretArgument {
            index,
            range: 0..text.len(),
            rule: password,
        };
        if let Some(name) = argument.strip_prefix('-')
            && name.len() >= 3
            && name.bytes().all(is_name_byte)
            && let Some((rule, false, start)) = rules.for_name_at_end(name.as_bytes())
            && (start == 0 || !takes.iter().any(|take| take.is_begun_by(argument)))
            && let Some(value) = next.filter(|value| !value.starts_with('-'))
        {
            found.push(SecretArgument {
                index: index + 1,
                range: 0..value.len(),
                rule,
            });
            continue;
        }
        // What no program is known for: `--key x`, and `-p x` behind `-u ada`.
        let general = made_in(argument, next).or_else(|| {
            let is_password = matches!(*argument, "-p" | "-P" | "-pw" | "-w" | "-pass");
            let is_given = tells_user && is_password && takes.is_empty() && !has_port;
            next.filter(|value| is_given && is_password_of(value))
                .map(|_| (1, 0))
        });
        tells_user |= matches!(
            *argument,
            "-u" | "-U" | "--user" | "--username" | "-user" | "-username" | "-login"
        ) && next.is_some_and(|user| !user.starts_with('-'));
        if let Some((shift, from)) = general
            && let Some(text) = arguments.get(index + shift)
        {
            let mut secret = whole(index + shift, text);
            secret.range.start = from;
            found.push(secret);
            continue;
        }
        for take in takes {
            let given = match *take {
                Takes::Option(option) => given(argument, next, option, false),
                Takes::Login(option) => given(argument, next, option, false).filter(|_| logs_in),
                Takes::Told(word, option) => {
                    given(argument, next, option, false).filter(|_| arguments.contains(&word))
                }
                Takes::Attached(option) => given(argument, next, option, true),
                Takes::After(option, sign) => {
                    // Letters of options may stand together: `-su`.
                    let option = match argument.strip_prefix('-') {
                        Some(letters)
                            if option.len() == 2
                                && (2..=5).contains(&letters.len())
                                && letters.bytes().all(|byte| byte.is_ascii_alphabetic())
                                && option.ends_with(&letters[letters.len() - 1..]) =>
                        {
                            argument
                        }
                        _ => option,
                    };
                    given(argument, next, option, false).and_then(|(shift, from)| {
                        let text = if shift == 0 { argument } else { next? };
                        let at = from + text.get(from..)?.find(sign)? + sign.len_utf8();
                        (!text[at..].starts_with("//")).then_some((shift, at))
                    })
                }
                Takes::Prefixed(option, prefix) => next
                    .filter(|value| argument == &option && value.starts_with(prefix))
                    .map(|_| (1, prefix.len())),
                Takes::Connection if index > program_at && !argument.starts_with('-') => {
                    argument.find('/').map(|at| (0, at + 1))
                }
                Takes::Connection => None,
                Takes::Behind(word, places) => {
                    let is_value = arguments.get(index + places).is_some_and(is_plain);
                    (*argument == word && is_value).then_some((places, 0))
                }
                Takes::Batch if letters_of(argument).contains('b') => {
                    batch_password(arguments, program_at + 1)
                        .and_then(|at| at.checked_sub(index))
                        .map(|places| (places, 0))
                }
                Takes::Batch => None,
                Takes::MadeBehind(word, places) => {
                    let is_made = |value: &&str| is_plain(value) && reference::looks_secret(value);
                    let is_value = arguments.get(index + places).is_some_and(is_made);
                    (*argument == word && is_value).then_some((places, 0))
                }
                Takes::LastBehind(word) if *argument == word => {
                    let places = [2, 1].into_iter();
                    places
                        .filter(|places| arguments.get(index + places).is_some_and(is_plain))
                        .map(|places| (places, 0))
                        .next()
                }
                Takes::LastBehind(_) => None,
            };
            let Some((shift, from)) = given else { continue };
            let Some(text) = arguments.get(index + shift) else {
                continue;
            };
            let mut secret = whole(index + shift, text);
            secret.range.start = from;
            if matches!(take, Takes::Connection) {
                secret.range.end = text
                    .rfind('@')
                    .filter(|at| *at > from)
                    .unwrap_or(text.len());
            }
            if !secret.range.is_empty() {
                found.push(secret);
            }
            break;
        }
    }
    found
}

/// The options that stand together, as in `-bcB` and `-bBC10`; none for another argument.
fn letters_of(argument: &str) -> &str {
    argument
        .strip_prefix('-')
        .filter(|letters| letters.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        .unwrap_or_default()
}

/// The most arguments among which a password is looked for.
const MAX_BATCH: usize = 16;

/// Which of the arguments is the password that is given instead of being asked for, the first being at `from`.
fn batch_password(arguments: &[&str], from: usize) -> Option<usize> {
    let mut left = 3;
    let (mut takes_number, mut takes_word) = (false, false);
    for (at, argument) in arguments.iter().enumerate().skip(from).take(MAX_BATCH) {
        let letters = letters_of(argument);
        if !letters.is_empty() {
            left -= usize::from(left == 3 && letters.contains('n'));
            // `-C 10`, `-H sha512`; in `-C10` the number was given.
            takes_number = letters.ends_with(['C', 'r', 'I']);
            takes_word = letters.ends_with('H');
            continue;
        }
        let is_number = || argument.bytes().all(|byte| byte.is_ascii_digit());
        if std::mem::take(&mut takes_word) || std::mem::take(&mut takes_number) && is_number() {
            continue;
        }
        left -= 1;
        if left == 0 {
            return is_plain(argument).then_some(at);
        }
    }
    None
}

/// True for an argument that is neither an option, a path of another machine nor an assignment.
fn is_plain(value: &&str) -> bool {
    !value.starts_with(['-', '/', '\\']) && !value.contains('=') && !value.ends_with(':')
}

/// Options that take a key of any kind, a secret's among them.
const KEYS: &[&str] = &["--key", "--auth", "-key", "-auth"];
/// The fewest characters of a key that such an option takes.
const LEAST_KEY: usize = 12;

/// True for an argument that may take a secret whatever the program is.
pub(in crate::sanitize) fn is_general(argument: &str) -> bool {
    matches!(argument, "-p" | "-P" | "-pw" | "-w" | "-pass")
        || KEYS.iter().any(|option| argument.starts_with(option))
        || argument.starts_with("-D")
}

/// Where the key stands that such an option takes, in this argument or the next one, if it looks made.
fn made_in(argument: &str, next: Option<&str>) -> Option<(usize, usize)> {
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
fn is_password_of(value: &str) -> bool {
    reference::looks_secret(value)
        && !value.starts_with('-')
        && !value.contains(['/', ':', '='])
        && !value
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b',' | b'-' | b'.'))
}

/// True for a program in which `-p` is a port, a project or a path.
fn is_without_password(program: &str) -> bool {
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

/// Whether the value of an option stands in this argument or in the next one, and from where on.
fn given(
    argument: &str,
    next: Option<&str>,
    option: &str,
    attached_only: bool,
) -> Option<(usize, usize)> {
    if argument == option {
        let has_next = next.is_some_and(|next| !next.starts_with('-') && !next.is_empty());
        return (has_next && !attached_only).then_some((1, 0));
    }
    value_in(argument, option).map(|from| (0, from))
}

/// Where the value of an option begins that stands in the same argument.
pub(in crate::sanitize) fn value_in(argument: &str, option: &str) -> Option<usize> {
    let rest = argument.strip_prefix(option)?;
    if option.starts_with("--") || option.len() > 3 {
        return rest.starts_with('=').then_some(option.len() + 1);
    }
    // `-port` is no `-p` with a value; mysql's `-P` is another option.
    Some(option.len())
}

#[cfg(test)]
mod tests {
    use super::secrets_among;
    use crate::sanitize::text::testing::rules;

    #[test]
    fn arguments_given_as_items_are_judged_alike() {
        let rules = rules();
        let (password, _) = rules.for_member("password").expect("a rule");
        let among = |arguments: &[&str]| -> Vec<String> {
            let found = secrets_among(&rules, password, arguments).into_iter();
            found
                .map(|secret| arguments[secret.index][secret.range].to_owned())
                .collect()
        };
        assert_eq!(
            among(&["mysqldump", "--host", "db", "--password", "Xk4", "--all"]),
            ["Xk4"]
        );
        assert_eq!(among(&["/usr/bin/mysql", "-pXk4"]), ["Xk4"]);
        assert_eq!(among(&["sshpass", "-p", "Xk4", "ssh", "a@b"]), ["Xk4"]);
        assert_eq!(
            among(&["curl", "-u", "ada:Xk4", "https://a.example"]),
            ["Xk4"]
        );
        assert_eq!(among(&["--api-token", "Xk4", "--env", "qa"]), ["Xk4"]);
        assert_eq!(among(&["docker", "login", "-p", "Xk4"]), ["Xk4"]);
        assert_eq!(
            among(&["tool", "-u", "ada", "-p", "q7Tm2xPw9", "run"]),
            ["q7Tm2xPw9"]
        );
        assert_eq!(
            among(&["sync", "--key", "q7Tm2xPw9LrT4", "--lane", "a"]),
            ["q7Tm2xPw9LrT4"]
        );
        assert_eq!(among(&["redis-cli", "AUTH", "ada", "q7T"]), ["q7T"]);
        for arguments in [
            &["htpasswd", "-Bbn", "ada", "testpassw0rd"][..],
            &["htpasswd", "-bn", "ada", "testpassw0rd"],
            &["htpasswd", "-bcB", "users", "ada", "testpassw0rd"],
            &["htpasswd", "-cBb", "users", "ada", "testpassw0rd"],
            &[
                "htpasswd",
                "-B",
                "-C",
                "10",
                "-b",
                "users",
                "ada",
                "testpassw0rd",
            ],
            &["htpasswd", "-n", "-b", "ada", "testpassw0rd"],
            &[
                "htpasswd",
                "-B",
                "-C10",
                "-b",
                "users",
                "ada",
                "testpassw0rd",
            ],
            &["htpasswd", "-bBC10", "users", "ada", "testpassw0rd"],
            &["htpasswd", "-5", "-b", "users", "7001", "testpassw0rd"],
            &[
                "mosquitto_passwd",
                "-H",
                "sha512",
                "-b",
                "users",
                "ada",
                "testpassw0rd",
            ],
            &[
                "mosquitto_passwd",
                "-c",
                "-b",
                "users",
                "ada",
                "testpassw0rd",
            ],
        ] {
            assert_eq!(among(arguments), ["testpassw0rd"], "{arguments:?}");
        }
        assert!(among(&["htpasswd", "-cB", "users", "ada", "and", "more"]).is_empty());
        assert!(among(&["tool", "-u", "ada", "-p", "8080"]).is_empty());
        assert!(among(&["ssh", "-u", "ada", "-p", "q7Tm2xPw9"]).is_empty());
        assert!(among(&["cache", "--key", "v1-deps-Linux-7c1e90ab"]).is_empty());
        assert!(among(&["sort", "--key", "2,2", "--key=created_at"]).is_empty());
        assert!(among(&["docker", "run", "-p", "80:80"]).is_empty());
        assert!(among(&["--password", "--quiet"]).is_empty());
        assert!(among(&[]).is_empty());
    }
}
