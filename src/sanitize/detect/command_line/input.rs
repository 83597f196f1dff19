//! What a command is given to read: `echo x | docker login --password-stdin`, `sudo -S <<< x`.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::{MAX_BEFORE, words};
use crate::sanitize::extent::Found;
use crate::sanitize::rule::Rule;
use crate::sanitize::text::Findings;

/// What writes into a pipe.
static WRITERS: LazyLock<[Finder<'_>; 2]> = LazyLock::new(|| ["echo", "printf"].map(Finder::new));
/// What reads a secret from its standard input.
static READS_SECRET: LazyLock<[Finder<'_>; 39]> = LazyLock::new(|| {
    [
        "--password-stdin",
        "-stdin",
        "--stdin",
        "chpasswd",
        "sudo -S",
        "--with-token",
        "passwd ",
        "--pass-stdin",
        "cryptsetup",
        "--passphrase-fd",
        "secret put",
        "secret set",
        "secret create",
        "create secret",
        "secrets create",
        "secrets versions add",
        "secrets set",
        "secrets import",
        "secretsmanager",
        "doppler secrets",
        "--data-file=-",
        "--data-file -",
        "password-file=-",
        "--password=-",
        "value=-",
        "pass stdin",
        "pass insert",
        "secret-tool store",
        "kinit",
        "auth login",
        "bw login",
        "ldappasswd",
        "smbpasswd",
        "ansible-vault",
        "systemd-creds",
        "keyring-daemon --unlock",
        "wpa_passphrase",
        "wg pubkey",
        "rclone obscure",
    ]
    .map(Finder::new)
});

/// Finds the secrets that commands read.
pub(super) fn find<'r>(findings: &mut Findings<'r, '_>, password: &'r Rule) {
    piped(findings, password);
    given_as_input(findings, password);
}

/// `echo x | docker login --password-stdin`: what is written into a program that reads a secret.
fn piped<'r>(findings: &mut Findings<'r, '_>, password: &'r Rule) {
    let bytes = findings.bytes();
    for at in memchr::memchr_iter(b'|', bytes) {
        let least = at.saturating_sub(MAX_BEFORE);
        let start = bytes[least..at]
            .iter()
            .rposition(|byte| matches!(byte, b'\n' | b';' | b'|' | b'&' | b'('))
            .map_or(least, |end| least + end + 1);
        // Most pipes are told by what writes into them: that is little, and few words.
        if !WRITERS
            .iter()
            .any(|writer| writer.find(&bytes[start..at]).is_some())
        {
            continue;
        }
        let near = &bytes[at..bytes.len().min(at + MAX_BEFORE)];
        let near = &near[..memchr::memchr(b'\n', near).unwrap_or(near.len())];
        if !reads_secret(near) {
            continue;
        }
        let mut words = words(&bytes[..at], start, at);
        // `Command 'echo x | …' failed`: the mark before the command is closed behind it.
        if let Some(inside) = words.iter().find(|word| {
            let word = &bytes[(*word).clone()];
            word.starts_with(b"echo ") || word.starts_with(b"printf ")
        }) {
            words = super::words(&bytes[..inside.end], inside.start, inside.end);
        }
        let writer = words
            .iter()
            .position(|word| matches!(&bytes[word.clone()], b"echo" | b"printf"));
        let Some(value) = writer.and_then(|writer| {
            let given = &words[writer + 1..];
            given
                .iter()
                .rfind(|word| !bytes[(*word).clone()].starts_with(b"-"))
        }) else {
            continue;
        };
        // `chpasswd` reads a name, a colon and the secret.
        let from = if memchr::memmem::find(near, b"chpasswd").is_some() {
            memchr::memchr(b':', &bytes[value.clone()]).map_or(0, |colon| colon + 1)
        } else {
            0
        };
        let quoted = bytes
            .get(value.end)
            .is_some_and(|byte| matches!(byte, b'"' | b'\''));
        findings.take(
            password,
            Found {
                start: value.start + from,
                end: value.end,
                quoted,
            },
        );
    }
}

/// `sudo -S <<< x`: what is given to a program that reads a secret.
fn given_as_input<'r>(findings: &mut Findings<'r, '_>, password: &'r Rule) {
    let bytes = findings.bytes();
    // Where the line was looked at up to, and whether it has a program that reads a secret.
    let (mut seen, mut reads) = (0, false);
    for at in memchr::memmem::find_iter(bytes, b"<<<") {
        let least = at.saturating_sub(MAX_BEFORE).max(seen);
        let before = &bytes[least..at];
        let line = memchr::memrchr(b'\n', before).map(|newline| newline + 1);
        if line.is_some() || least > seen {
            reads = false;
        }
        reads |= reads_secret(&before[line.unwrap_or_default()..]);
        seen = at;
        // Of many such signs in a row each would be read to their end.
        let limit = bytes.len().min(at + MAX_BEFORE);
        let words = words(&bytes[..limit], at + 3, limit);
        if let Some(value) = words.first().filter(|_| reads) {
            let (start, end) = (value.start, value.end);
            let quoted = matches!(bytes[start - 1], b'"' | b'\'');
            findings.take(password, Found { start, end, quoted });
        }
    }
}

fn reads_secret(command: &[u8]) -> bool {
    READS_SECRET
        .iter()
        .any(|words| words.find(command).is_some())
}

#[cfg(test)]
mod tests {
    use crate::sanitize::text::testing::{hits, misses};

    #[test]
    fn what_a_program_reads_for_a_secret_goes() {
        hits(&[
            (
                "echo Xk4 | docker login -u ada --password-stdin",
                "echo <> | docker login -u ada --password-stdin",
            ),
            ("echo 'x y' | sudo -S reboot", "echo '<>' | sudo -S reboot"),
            ("echo \"ada:Xk4\" | chpasswd", "echo \"ada:<>\" | chpasswd"),
            ("sudo -S <<< Xk4", "sudo -S <<< <>"),
            (
                "Command 'echo q7Tm2xPw9 | kinit svc@CORP.EXAMPLE' returned 1",
                "Command 'echo <> | kinit svc@CORP.EXAMPLE' returned 1",
            ),
            (
                "echo -n q7Tm2xPw9 | gcloud secrets versions add db --data-file=-",
                "echo -n <> | gcloud secrets versions add db --data-file=-",
            ),
            ("kinit ada <<< q7Tm2xPw9", "kinit ada <<< <>"),
        ]);
    }

    #[test]
    fn what_a_program_reads_for_anything_else_stays() {
        misses(&[
            "cat token.txt | grep -i secret",
            "echo hello | wc -l",
            "echo q7Tm2xPw9 | grep -i secret",
        ]);
    }
}
