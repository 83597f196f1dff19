//! Lists of a command's arguments, in which an option and its value are two items.

use serde_json::{Map, Value};

use super::{Pass, Written};
use crate::sanitize::rules::Rule;

/// The rule for what a program's own short option takes.
const PASSWORD: &str = "password";

/// What a short option of a program takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    Password,
    /// A user, this sign, a password.
    UserAnd(char),
}

/// Where the value of a short option stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In the same item, behind the letter.
    Attached,
    /// There or in the next item.
    Either,
}

/// A program whose options do not tell by their names that they take a secret.
#[derive(Debug, Clone, Copy)]
pub(super) struct Program(&'static Options);

#[derive(Debug)]
struct Options {
    programs: &'static [&'static str],
    /// A word that must stand among the arguments.
    verb: Option<&'static str>,
    options: &'static [(&'static str, Takes, Place)],
}

const PROGRAMS: &[Options] = &[
    Options {
        programs: &[
            "mysql",
            "mysqldump",
            "mysqladmin",
            "mysqlimport",
            "mysqlshow",
            "mysqlcheck",
            "mysqlsh",
            "mariadb",
            "mariadb-dump",
            "mariadb-admin",
            "7z",
            "7za",
            "7zz",
        ],
        verb: None,
        options: &[("-p", Takes::Password, Place::Attached)],
    },
    Options {
        programs: &["curl"],
        verb: None,
        options: &[
            ("-u", Takes::UserAnd(':'), Place::Either),
            ("-U", Takes::UserAnd(':'), Place::Either),
            ("--user", Takes::UserAnd(':'), Place::Either),
            ("--proxy-user", Takes::UserAnd(':'), Place::Either),
        ],
    },
    Options {
        programs: &["http", "https", "xh", "xhs"],
        verb: None,
        options: &[("-a", Takes::UserAnd(':'), Place::Either)],
    },
    Options {
        programs: &[
            "docker", "podman", "nerdctl", "buildah", "skopeo", "helm", "oras", "crane", "regctl",
            "az", "oc", "cf", "ibmcloud",
        ],
        verb: Some("login"),
        options: &[("-p", Takes::Password, Place::Either)],
    },
    Options {
        programs: &[
            "sshpass",
            "mongo",
            "mongosh",
            "mongodump",
            "mongorestore",
            "mongoexport",
            "mongoimport",
            "rabbitmqadmin",
        ],
        verb: None,
        options: &[("-p", Takes::Password, Place::Either)],
    },
    Options {
        programs: &["redis-cli", "valkey-cli", "redis-benchmark"],
        verb: None,
        options: &[("-a", Takes::Password, Place::Either)],
    },
    Options {
        programs: &[
            "zip", "unzip", "zipcloak", "sqlcmd", "bcp", "osql", "ipmitool",
        ],
        verb: None,
        options: &[("-P", Takes::Password, Place::Either)],
    },
    Options {
        programs: &[
            "ldapsearch",
            "ldapmodify",
            "ldapadd",
            "ldapdelete",
            "ldapwhoami",
            "ldappasswd",
        ],
        verb: None,
        options: &[("-w", Takes::Password, Place::Either)],
    },
    Options {
        programs: &["smbclient", "rpcclient", "smbget"],
        verb: None,
        options: &[("-U", Takes::UserAnd('%'), Place::Either)],
    },
    Options {
        programs: &["openssl"],
        verb: None,
        options: &[
            ("-passin", Takes::Password, Place::Either),
            ("-passout", Takes::Password, Place::Either),
            ("-k", Takes::Password, Place::Either),
            ("-K", Takes::Password, Place::Either),
        ],
    },
];

/// Members whose values are programs, beside their arguments.
const COMMANDS: &[&str] = &[
    "command",
    "cmd",
    "program",
    "executable",
    "exe",
    "binary",
    "bin",
    "exec",
    "path",
    "file",
    "name",
    "tool",
];

/// What the next item is.
enum Expected<'a> {
    Anything,
    Ruled(&'a Rule),
    Taken(Takes),
}

/// True for a list that may hold an option and its value.
#[inline]
pub(super) fn has_options(items: &[Value]) -> bool {
    items
        .iter()
        .any(|item| matches!(item, Value::String(text) if text.starts_with('-')))
}

/// The program that the list `items` are the arguments of, where a sibling of the list names it.
pub(super) fn program_beside(items: &[Value], siblings: &Map<String, Value>) -> Option<Program> {
    if !has_options(items) {
        return None;
    }
    COMMANDS
        .iter()
        .filter_map(|name| siblings.get(*name)?.as_str())
        .find_map(|command| program(command.split_whitespace().next()?, items))
}

/// The program called `name`, a path or not, where its arguments are `items`.
fn program(name: &str, items: &[Value]) -> Option<Program> {
    let name = name.rsplit(['/', '\\']).next()?;
    let name = name.strip_suffix(".exe").unwrap_or(name);
    PROGRAMS
        .iter()
        .find(|options| {
            options.programs.contains(&name)
                && options
                    .verb
                    .is_none_or(|verb| items.iter().any(|item| item == verb))
        })
        .map(Program)
}

impl Program {
    /// What the option that is or begins `item` takes, and its value where that stands in the item.
    fn option(self, item: &str) -> Option<(Takes, Option<&str>)> {
        self.0.options.iter().find_map(|(name, takes, place)| {
            let rest = item.strip_prefix(name)?;
            if rest.is_empty() {
                return (*place == Place::Either).then_some((*takes, None));
            }
            let rest = match rest.strip_prefix('=') {
                Some(value) => value,
                // Only a single letter is followed by its value at once.
                None if name.len() > 2 => return None,
                None => rest,
            };
            Some((*takes, Some(rest)))
        })
    }
}

impl<'a> Pass<'a> {
    /// Writes a list of arguments.
    #[inline(never)]
    pub(super) fn arguments(&mut self, items: &[Value], depth: usize) -> Written {
        let mut program_now = self.program.take();
        let mut expected = Expected::Anything;
        self.items(items, depth, |pass, _, item| {
            let Value::String(text) = item else {
                return match std::mem::replace(&mut expected, Expected::Anything) {
                    Expected::Ruled(rule) => pass.ruled_value(rule, false, item, None, depth + 1),
                    _ => pass.value(item, None, depth + 1),
                };
            };
            match std::mem::replace(&mut expected, Expected::Anything) {
                Expected::Ruled(rule) if !is_option(text) => {
                    return pass.ruled_value(rule, false, item, None, depth + 1);
                }
                Expected::Taken(takes) if !is_option(text) => {
                    return pass.taken(takes, "", text, item, depth + 1);
                }
                _ => {}
            }
            if !text.starts_with('-') {
                program_now = program(text, items).or(program_now);
                return pass.value(item, None, depth + 1);
            }
            if let Some((takes, value)) = program_now.and_then(|program| program.option(text)) {
                if let Some(value) = value {
                    let name = &text[..text.len() - value.len()];
                    return pass.taken(takes, name, value, item, depth + 1);
                }
                expected = Expected::Taken(takes);
            } else {
                let name = text.trim_start_matches('-');
                let rules = pass.rules;
                if !name.contains(['=', ':', ' ', '\n'])
                    && let Some((rule, false)) = rules.for_member(name)
                {
                    expected = Expected::Ruled(rule);
                }
            }
            pass.value(item, None, depth + 1)
        })
    }

    /// Writes the value of a program's option, with `before` in front of it.
    fn taken(
        &mut self,
        takes: Takes,
        before: &str,
        value: &str,
        item: &Value,
        depth: usize,
    ) -> Written {
        let rules = self.rules;
        let kept = match takes {
            Takes::Password => 0,
            Takes::UserAnd(sign) => value
                .find(sign)
                .map_or(value.len(), |at| at + sign.len_utf8()),
        };
        let (kept, secret) = value.split_at(kept);
        let Some((rule, _)) = rules.for_member(PASSWORD) else {
            return self.value(item, None, depth);
        };
        if secret.is_empty() || crate::sanitize::marker::is_whole(secret) {
            return self.value(item, None, depth);
        }
        self.nodes += 1;
        self.replacement(rule, &format!("{before}{kept}{}", rule.marker()))
    }
}

/// True for an item that is an option rather than the value of the one before it.
fn is_option(text: &str) -> bool {
    match text.as_bytes() {
        [b'-', letter] => letter.is_ascii_alphabetic(),
        [b'-', b'-', letter, ..] => letter.is_ascii_alphabetic(),
        _ => false,
    }
}
