//! What programs take for a secret among their arguments.
//!
//! What a short option means hangs on the program. Long options bear the name of what they take.

mod general;
mod taken;

use std::ops::Range;

pub(super) use self::general::is_general;
use self::general::{is_password_of, is_without_password, made_in};
pub(in crate::sanitize) use self::taken::{Takes, taken_by, value_in};
use super::registry;
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
        let mut named = None;
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
                Takes::ToldAfter(word, option, sign) => given(argument, next, option, false)
                    .filter(|_| arguments.contains(&word))
                    .and_then(|(shift, from)| {
                        let text = if shift == 0 { argument } else { next? };
                        let at = from + text.get(from..)?.find(sign)? + sign.len_utf8();
                        Some((shift, at))
                    }),
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
                Takes::NamedBy(option, value) if argument.eq_ignore_ascii_case(value) => {
                    let is_value = next.is_some_and(|next| !registry::is_switch(next.as_bytes()));
                    let of_program = arguments.get(program_at..).unwrap_or_default();
                    named = rule_named_behind(rules, option, of_program);
                    named.filter(|_| is_value).map(|_| (1, 0))
                }
                Takes::NamedBy(..) => None,
            };
            let Some((shift, from)) = given else { continue };
            let Some(text) = arguments.get(index + shift) else {
                continue;
            };
            let mut secret = whole(index + shift, text);
            secret.rule = named.unwrap_or(password);
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

/// The rule for what stands behind this option.
fn rule_named_behind<'r>(rules: &'r Rules, option: &str, arguments: &[&str]) -> Option<&'r Rule> {
    let mut pairs = arguments.windows(2);
    let name = pairs.find_map(|pair| match *pair {
        [argument, name] if argument.eq_ignore_ascii_case(option) => Some(name),
        _ => None,
    })?;
    let (rule, plural) = rules.for_member(name)?;
    (!plural).then_some(rule)
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
