//! Passwords in files of users: hashes as crypt(3) writes them, the lines of `.pgpass`, and those of cloud-init.

use super::shape::{self, Class};
use super::{Detected, Detector};
use crate::sanitize::reference;

/// What a hash is made of behind its method.
const HASH: &Class = &shape::class(b"$./+=,-");
/// The fewest bytes of a hash with its method.
const LEAST_HASH: usize = 28;
/// The most bytes of a hash with its method.
const MAX_HASH: usize = 512;
/// The most bytes of a line of `.pgpass`.
const MAX_LINE: usize = 512;
/// What the users of cloud-init and their passwords stand below.
const USERS: &[u8] = b"chpasswd:";
/// Methods, of which the shortest has one letter or digit (crypt(5)).
const METHODS: &[&[u8]] = &[
    b"$1$",
    b"$2$",
    b"$2a$",
    b"$2b$",
    b"$2x$",
    b"$2y$",
    b"$5$",
    b"$6$",
    b"$7$",
    b"$y$",
    b"$gy$",
    b"$apr1$",
    b"$sha1$",
    b"$scrypt$",
    b"$argon2i$",
    b"$argon2d$",
    b"$argon2id$",
    b"$pbkdf2-",
];

/// Finds hashes of passwords: `$6$salt$hash`.
pub(super) fn find_hashes(text: &str, found: &mut Vec<Detected>) {
    let bytes = text.as_bytes();
    let mut done = 0;
    for at in memchr::memchr_iter(b'$', bytes) {
        if at < done || !shape::is_left_edge(bytes, at) {
            continue;
        }
        let rest = &bytes[at..bytes.len().min(at + MAX_HASH)];
        if !METHODS.iter().any(|method| rest.starts_with(method)) {
            continue;
        }
        let length = shape::run_length(rest, HASH);
        if length >= LEAST_HASH && shape::looks_random(&rest[3..length], 12) {
            done = at + length;
            found.push(Detected {
                range: at..done,
                detector: Detector::LabelledSecret,
            });
        }
    }
}

/// Finds the passwords in lines of `host:port:database:user:password`.
pub(super) fn find_lines(text: &str, found: &mut Vec<Detected>) {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let line = line.trim_end();
        if line.len() > MAX_LINE || line.contains([' ', '\t', '"']) {
            continue;
        }
        let mut fields = line.splitn(5, ':');
        let (Some(host), Some(port), Some(_), Some(user), Some(password)) = (
            fields.next(),
            fields.next(),
            fields.next(),
            fields.next(),
            fields.next(),
        ) else {
            continue;
        };
        let is_port = port == "*"
            || (2..=5).contains(&port.len()) && port.bytes().all(|byte| byte.is_ascii_digit());
        let is_host = host == "*" || host.contains('.') || host == "localhost";
        if is_port && is_host && !user.is_empty() && reference::looks_secret(password) {
            found.push(Detected {
                range: start + line.len() - password.len()..start + line.len(),
                detector: Detector::LabelledSecret,
            });
        }
    }
}

/// Finds the passwords in the lines `user:password` below `chpasswd:`.
pub(super) fn find_users(text: &str, found: &mut Vec<Detected>) {
    let mut floor = 0;
    for at in memchr::memmem::find_iter(text.as_bytes(), USERS) {
        let Some(block) = text.get(at..).filter(|_| at >= floor) else {
            continue;
        };
        let mut start = at;
        for (number, line) in block.split_inclusive('\n').enumerate() {
            let from = start;
            start += line.len();
            let told = line.trim();
            let is_below = number == 0 || told.is_empty() || line.starts_with([' ', '\t']);
            if !is_below {
                break;
            }
            floor = start;
            let entry = told
                .strip_prefix("- ")
                .unwrap_or(told)
                .trim_matches(['"', '\'']);
            let Some((user, password)) = entry.split_once(':') else {
                continue;
            };
            let is_user = !user.is_empty()
                && user
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
            let is_password = !password.is_empty() && !password.contains(char::is_whitespace);
            if is_user && is_password && number > 0 && !matches!(password, "R" | "RANDOM") {
                let end = from + line.trim_end().trim_end_matches(['"', '\'']).len();
                found.push(Detected {
                    range: end - password.len()..end,
                    detector: Detector::LabelledSecret,
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sanitize::detect::tests::found;

    #[test]
    fn hashes_of_every_method_are_found_whole() {
        for hash in [
            "$2b$12$uXq7Tz2Kf9Wb4Vn1Hs8LdeR3t6YpQmZx5CwVbNkJhGfDsAaSdFgHj",
            "$6$q7Xz2Kf9$Wb4Vn1Hs8Ld3Rt6q7Xz2Kf9Wb4Vn1Hs8Ld3Rt6q7Xz2Kf9Wb4Vn1Hs8Ld3",
            "$apr1$q7Xz2Kf9$Wb4Vn1Hs8Ld3Rt6q7Xz2K/",
            "$argon2id$v=19$m=65536,t=3,p=4$q7Xz2Kf9Wb4Vn1Hs8Ld3Rg$Wb4Vn1Hs8Ld3Rt6q7Xz2Kf9Wb4Vn1Hs8Ld3Rt6q7Xz",
        ] {
            let text = format!("ada:{hash}:19000:0\n");
            assert_eq!(found(&text, find_hashes), [hash]);
        }
        for text in [
            "costs $6$ or $5$ each",
            "$1$2$3",
            "${HOME}/$2a$/x",
            "\"$2\" $1",
        ] {
            assert!(found(text, find_hashes).is_empty(), "{text}");
        }
    }

    #[test]
    fn passwords_of_users_are_found_below_their_heading() {
        let text = "chpasswd:\n  expire: false\n  list: |\n    root:q7Xz\n    - \"ada:Wb4 \"\nhost:q7Xz2Kf9\n";
        assert_eq!(found(text, find_users), ["q7Xz"]);
        let text = "#cloud-config\nchpasswd:\n  list:\n    - \"ada:Wb4V\"\n";
        assert_eq!(found(text, find_users), ["Wb4V"]);
    }

    #[test]
    fn passwords_of_pgpass_are_found_and_other_lines_stay() {
        let text = "db.example:5432:orders:ada:q7Xz2Kf9\n*:*:*:root:Wb4Vn1Hs8\n";
        assert_eq!(found(text, find_lines), ["q7Xz2Kf9", "Wb4Vn1Hs8"]);
        for text in [
            "10.0.0.1:80:443:8080:9090",
            "src/a.rs:12:5:error:mismatched",
            "aa:bb:cc:dd:ee:ff",
            "a.example:80:in:use:now",
        ] {
            assert!(found(text, find_lines).is_empty(), "{text}");
        }
    }
}
