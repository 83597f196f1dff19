//! Secrets in the configuration of routers, switches and directories, where a word stands before them and no operator:
//! `snmp-server community x RO`, `radius-server host h key x`, `bindpw x`.

use std::cell::OnceCell;

use super::noun::belongs_to_password;
use super::statement::password_rule;
use crate::sanitize::extent::Found;
use crate::sanitize::reference;
use crate::sanitize::text::Findings;

/// The most bytes of a line.
const MAX_LINE: usize = 512;
/// The most bytes of what a device writes before a line.
const MAX_PROMPT: usize = 44;

/// What a line begins with, and the word in it that stands before the secret; an empty one is the last of the beginning.
const LINES: &[(&str, &str)] = &[
    ("snmp-server community", ""),
    ("snmp-server host", "version 2c"),
    ("snmp-server user", "auth"),
    ("snmp-agent community", "read"),
    ("snmp-agent community", "write"),
    ("set snmp community", ""),
    ("rocommunity", ""),
    ("rwcommunity", ""),
    ("rocommunity6", ""),
    ("rwcommunity6", ""),
    ("crypto isakmp key", ""),
    ("crypto keyring", "key"),
    ("pre-shared-key", "key"),
    ("pre-shared-key", ""),
    ("ikev1 pre-shared-key", ""),
    ("ikev2 local-authentication pre-shared-key", ""),
    ("ikev2 remote-authentication pre-shared-key", ""),
    ("radius-server", "key"),
    ("tacacs-server", "key"),
    ("radius server", "key"),
    ("server-private", "key"),
    ("key-string", ""),
    ("ntp authentication-key", "md5"),
    ("ntp authentication-key", "sha1"),
    ("ip ospf authentication-key", ""),
    ("ip ospf message-digest-key", "md5"),
    ("standby", "authentication"),
    ("vrrp", "authentication"),
    ("wpa-psk ascii", ""),
    ("wpa2-psk", ""),
    ("security wpa psk set-key ascii", ""),
    ("ppp chap password", ""),
    ("ppp pap sent-username", "password"),
    ("enable secret", ""),
    ("enable password", ""),
    ("neighbor", "password"),
    ("username", "secret"),
    ("username", "password"),
    ("bindpw", ""),
    ("rootpw", ""),
    ("sudo_bindpw", ""),
    ("ldap_bindpw", ""),
    ("set", "ENC"),
    ("option key", ""),
    ("set passwd", ""),
    ("set psksecret", ""),
];
/// Words and numbers between such a word and the secret: how it is encrypted.
const BETWEEN: &[&str] = &[
    "0",
    "5",
    "6",
    "7",
    "8",
    "9",
    "10",
    "15",
    "clear",
    "cipher",
    "simple",
    "encrypted",
    "ascii",
    "hex",
    "md5",
    "sha",
    "sha1",
    "sha256",
    "text",
    "plain",
    "plaintext",
    "ascii-text",
    "key-string",
    "enc",
];

/// Options behind a secret that are words of sentences too.
const OPTIONS: &[&str] = &["timeout", "all", "only", "read"];
/// The most words behind a secret that may be those of a sentence.
const MAX_BEHIND: usize = 3;
/// And the most where the last of them is none: a number, or who may write.
const MAX_OPTIONS: usize = 8;

/// Finds the secrets of lines that begin so.
pub(in crate::sanitize) fn find(findings: &mut Findings<'_, '_>) {
    let text = findings.text;
    let ends = memchr::memchr_iter(b'\n', text.as_bytes()).chain([text.len()]);
    let mut start = 0;
    // It is found out once, whatever the number of lines.
    let is_encrypted = OnceCell::new();
    for end in ends {
        let line = text.get(start..end).unwrap_or_default();
        let told = line.trim_start_matches([' ', '\t', '#', '!']);
        let indent = line.len() - told.len();
        let prompt = prompt_length(told);
        let told = told.get(prompt..).unwrap_or_default().trim_end();
        if told.len() <= MAX_LINE {
            look_at(findings, told, start + indent + prompt, &is_encrypted);
        }
        start = end + 1;
    }
}

/// `sw1(config)# ` or `sw1# ` before a line that somebody typed.
fn prompt_length(line: &str) -> usize {
    let near = line.as_bytes();
    let near = near.get(..MAX_PROMPT).unwrap_or(near);
    match memchr::memchr(b'#', near) {
        Some(at)
            if at > 0
                && !near[..at].iter().any(u8::is_ascii_whitespace)
                && near[at..].starts_with(b"# ") =>
        {
            at + 2
        }
        _ => 0,
    }
}

/// Looks at a line without its indentation, which begins at `start`.
fn look_at(
    findings: &mut Findings<'_, '_>,
    line: &str,
    start: usize,
    is_encrypted: &OnceCell<bool>,
) {
    let Some(first) = line.as_bytes().first().map(u8::to_ascii_lowercase) else {
        return;
    };
    if first == b'['
        && let Some((from, to)) = password_of_relay(line)
    {
        take(findings, start + from, start + to);
        return;
    }
    for (beginning, word) in LINES {
        if beginning.as_bytes().first() != Some(&first) {
            continue;
        }
        let Some((begins, rest)) = line.split_at_checked(beginning.len()) else {
            continue;
        };
        if !begins.eq_ignore_ascii_case(beginning) {
            continue;
        }
        // A device takes capitals too, but a sentence has them more often.
        let is_exact = begins == *beginning;
        if !rest.starts_with([' ', '\t']) {
            continue;
        }
        let rest = match word.is_empty() {
            true => rest,
            false => {
                let stands_at = |at: &usize| {
                    rest[..*at].ends_with(' ') && rest[at + word.len()..].starts_with([' ', '\t'])
                };
                let Some(at) = rest.match_indices(word).map(|(at, _)| at).find(stands_at) else {
                    continue;
                };
                &rest[at + word.len()..]
            }
        };
        // Other files have keys of that name, which are paths and numbers.
        if *beginning == "option key"
            && !*is_encrypted.get_or_init(|| tells_of_encryption(findings.text))
        {
            continue;
        }
        let plain = match *beginning {
            _ if !is_exact => Plain::Never,
            "username" => Plain::Encoded,
            "option key" => Plain::Any,
            "set" => Plain::Never,
            "enable password" | "enable secret" | "ppp chap password" | "set passwd"
            | "set psksecret" => Plain::Last,
            _ if !word.is_empty() || beginning.contains('-') => Plain::Any,
            _ => Plain::Never,
        };
        let secret = match *beginning {
            "option key" => quoted_in(rest).or_else(|| secret_in(rest, plain)),
            _ => secret_in(rest, plain),
        };
        if let Some(secret) = secret {
            let from = start + line.len() - rest.len();
            take(findings, from + secret.0, from + secret.1);
        }
    }
}

/// Where the text stands that is a line's rest in quotes.
fn quoted_in(rest: &str) -> Option<(usize, usize)> {
    let value = rest.trim_start();
    let inner = value.strip_prefix('\'')?.strip_suffix('\'')?;
    (!inner.contains('\'')).then_some((rest.len() - value.len(), rest.len()))
}

/// When a secret may be a word as sentences have it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Plain {
    Never,
    /// Behind a number that says how it is encrypted, as the last word.
    Encoded,
    /// As the last word.
    Last,
    /// With other words behind it that are none of a sentence.
    Any,
}

/// Where the secret stands that a line ends in, or that one or two words follow.
fn secret_in(rest: &str, plain: Plain) -> Option<(usize, usize)> {
    let mut at = 0;
    let mut words = rest.split([' ', '\t']).filter_map(|word| {
        let start = at;
        at += word.len() + 1;
        (!word.is_empty()).then_some((start, word))
    });
    let (mut start, mut word) = words.next()?;
    let mut is_encoded = false;
    while BETWEEN.contains(&word) {
        is_encoded |= word.bytes().all(|byte| byte.is_ascii_digit());
        (start, word) = words.next()?;
    }
    let unquoted = word.trim_matches(['"', '\'']);
    let range = (start, start + word.len());
    if reference::looks_secret(unquoted) {
        return Some(range);
    }
    if plain == Plain::Never || unquoted.len() < 4 || reference::is_grammar(unquoted) {
        return None;
    }
    let mut behind = words.map(|(_, word)| word);
    let is_value = match plain {
        Plain::Never => false,
        Plain::Encoded => is_encoded && behind.next().is_none(),
        Plain::Last => (is_encoded || !belongs_to_password(unquoted)) && behind.next().is_none(),
        Plain::Any => {
            let (mut count, mut has_grammar) = (0, false);
            let (mut is_told, mut ends_told) = (false, false);
            for word in behind.take(MAX_OPTIONS + 1) {
                count += 1;
                ends_told = is_of_device(word);
                is_told |= ends_told;
                if reference::is_grammar(word) {
                    has_grammar = true;
                    if !OPTIONS.contains(&word) {
                        return None;
                    }
                }
            }
            match count {
                0..=MAX_BEHIND => is_told || !has_grammar,
                _ => ends_told && count <= MAX_OPTIONS,
            }
        }
    };
    is_value.then_some(range)
}

/// True where a text says how a wireless network is encrypted, as OpenWrt does.
fn tells_of_encryption(text: &str) -> bool {
    memchr::memmem::find(text.as_bytes(), b"option encryption").is_some()
}

/// The ports on which mail is handed in.
const PORTS_OF_MAIL: &[&str] = &["25", "465", "587", "2525"];

/// `[host]:587 ada:x`, as Postfix keeps what it logs in with.
fn password_of_relay(line: &str) -> Option<(usize, usize)> {
    let (host, rest) = line.strip_prefix('[')?.split_once(']')?;
    let (port, login) = rest.split_once([' ', '\t'])?;
    let login = login.trim_start();
    let (user, password) = login.split_once(':')?;
    let is_relay = host.contains('.')
        && port
            .strip_prefix(':')
            .is_some_and(|port| PORTS_OF_MAIL.contains(&port))
        && !user.is_empty()
        && !password.is_empty()
        && !login.contains([' ', '\t']);
    is_relay.then_some((line.len() - password.len(), line.len()))
}

/// True for a word that no sentence has: a number or an address, or who may write.
fn is_of_device(word: &str) -> bool {
    matches!(word, "RO" | "RW" | "ro" | "rw")
        || word.starts_with(|sign: char| sign.is_ascii_digit())
            && word
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'.')
}

fn take(findings: &mut Findings<'_, '_>, start: usize, end: usize) {
    let bytes = findings.bytes();
    let is_quoted = matches!(bytes[start], b'"' | b'\'') && end - start > 2;
    let inner = usize::from(is_quoted);
    if let Some(rule) = password_rule(findings) {
        let found = Found {
            start: start + inner,
            end: end - inner,
            quoted: is_quoted,
        };
        findings.take(rule, found);
    }
}

#[cfg(test)]
mod tests {
    use crate::sanitize::text::testing::{hits, misses};

    #[test]
    fn what_a_line_of_a_configuration_sets_goes() {
        hits(&[
            (
                "snmp-server community q7Tm2xPw9 RO\nhostname sw-1",
                "snmp-server community <> RO\nhostname sw-1",
            ),
            (
                "sw1(config)# snmp-server community monitoring RW",
                "sw1(config)# snmp-server community <> RW",
            ),
            (
                "crypto isakmp key q7Tm2xPw9 address 192.0.2.7",
                "crypto isakmp key <> address 192.0.2.7",
            ),
            (
                " radius-server host 192.0.2.8 key 7 q7Tm2xPw9\nend",
                " radius-server host 192.0.2.8 key 7 <>\nend",
            ),
            ("tacacs-server key q7Tm2xPw9", "tacacs-server key <>"),
            (
                "edit \"ada\"\n  set passwd ENC q7Tm2xPw9Lk3Zs8V==\n  next",
                "edit \"ada\"\n  set passwd ENC <>\n  next",
            ),
            (
                "set psksecret ENC q7Tm2xPw9Lk3Zs8V\nset port 443",
                "set psksecret ENC <>\nset port 443",
            ),
            (
                "  set psksecret \"letmein\"\nnext",
                "  set psksecret \"<>\"\nnext",
            ),
            (
                "uri ldap://h\nbindpw q7Tm2xPw9\nbase dc=x",
                "uri ldap://h\nbindpw <>\nbase dc=x",
            ),
            (
                "ntp authentication-key 1 md5 q7Tm2xPw9 7",
                "ntp authentication-key 1 md5 <> 7",
            ),
            (
                "config wifi-iface\n\toption encryption 'psk2'\n\toption key 'blue otter ladder'\n",
                "config wifi-iface\n\toption encryption 'psk2'\n\toption key '<>'\n",
            ),
            (
                "option encryption sae\noption key blue-otter",
                "option encryption sae\noption key <>",
            ),
            (
                "# relays\n[mail.example.org]:587   ada@example.org:blue#otter\n",
                "# relays\n[mail.example.org]:587   ada@example.org:<>\n",
            ),
            ("enable secret letmein\n!", "enable secret <>\n!"),
            ("enable password cisco", "enable password <>"),
            (
                "username admin password 0 cisco",
                "username admin password 0 <>",
            ),
            (" ppp chap password 0 letmein", " ppp chap password 0 <>"),
            (
                "Snmp-Server Community q7Tm2xPw9 RO",
                "Snmp-Server Community <> RO",
            ),
            (
                "radius-server host 10.0.0.1 key letmein timeout 5 retransmit 3",
                "radius-server host 10.0.0.1 key <> timeout 5 retransmit 3",
            ),
            (
                "snmp-server community letmein view all RO",
                "snmp-server community <> view all RO",
            ),
            (
                "snmp-server community letmein RW only",
                "snmp-server community <> RW only",
            ),
            (
                "sw1# snmp-server community q7Tm2xPw9 RO",
                "sw1# snmp-server community <> RO",
            ),
        ]);
    }

    #[test]
    fn sentences_and_other_lines_stay() {
        misses(&[
            "snmp-server community strings are to be rotated by Friday",
            "snmp-server location hall 4\nsnmp-server contact noc",
            "radius-server timeout 5\nradius-server deadtime 10",
            "enable secret scanning in the repository",
            "username secret names are listed below",
            "bindpw is required: see the manual",
            "neighbor 192.0.2.1 remote-as 65001",
            "vrrp authentication of peers is off",
            "radius-server key rotation is due",
            "radius-server key rotation is due in 5",
            "neighbor says: password rotation happens every 90 days",
            "snmp-server community names in all views",
            "enable secret scanning",
            "enable password reset",
            "Enable password protection",
            "username and password combination",
            "config uhttpd\n\toption key '/etc/uhttpd.key'\n",
            "[10.0.0.1]:587 accepted: yes\n[mod.rs]:12 ada:x",
            "set up ENC for key.txt",
            "set passwd for the account",
            "Snmp-Server Community strings",
        ]);
    }
}
