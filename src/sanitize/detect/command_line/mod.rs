//! Commands in text: `mysql -px`, `curl -u ada:x`, `['sshpass', '-p', 'x']`, `echo x | docker login --password-stdin`.

mod input;

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::program::{self, SecretArgument, secrets_among};
use super::statement::password_rule;
use crate::sanitize::extent::Found;
use crate::sanitize::rule::Rule;
use crate::sanitize::text::Findings;

/// How far before an option its program is looked for.
const MAX_BEFORE: usize = 512;
/// The most bytes of a command that are looked at.
const MAX_COMMAND: usize = 4096;
/// The most words of a command.
const MAX_WORDS: usize = 256;

/// Programs whose options for secrets have no dash, or that take them without an option.
static WITHOUT_OPTIONS: LazyLock<[Finder<'_>; 20]> = LazyLock::new(|| {
    [
        "sqlplus ",
        "impdp ",
        "expdp ",
        "rabbitmqctl ",
        "vault login ",
        "vault operator unseal ",
        "aws configure set ",
        "wpa_passphrase ",
        "xfreerdp ",
        "ConvertTo-SecureString ",
        "redis-cli ",
        "ngrok ",
        "snyk auth ",
        "cargo login ",
        "bw unlock ",
        "net user ",
        "net use ",
        "rclone obscure ",
        "schtasks ",
        "mc alias set ",
    ]
    .map(Finder::new)
});
/// Finds the secrets of the commands in a text.
pub(in crate::sanitize) fn find(findings: &mut Findings<'_, '_>) {
    let Some(password) = password_rule(findings) else {
        return;
    };
    let bytes = findings.bytes();
    let mut done = 0;
    for at in memchr::memchr2_iter(b'-', b'/', bytes) {
        let is_option = at > done
            && matches!(bytes[at - 1], b' ' | b'\t')
            && bytes
                .get(at + 1)
                .is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'-');
        if is_option {
            done = command_around(findings, password, at, done);
        }
    }
    for program in WITHOUT_OPTIONS.iter() {
        let mut done = 0;
        for at in program.find_iter(bytes) {
            if at >= done {
                let behind = at + program.needle().len();
                done = command_around(findings, password, behind, done);
            }
        }
    }
    input::find(findings, password);
}

/// `['mysql', '-px']`: the arguments as a program prints them.
pub(in crate::sanitize) fn find_listed(findings: &mut Findings<'_, '_>) {
    let Some(password) = password_rule(findings) else {
        return;
    };
    let bytes = findings.bytes();
    let mut done = 0;
    for open in memchr::memchr_iter(b'[', bytes) {
        let Some(mark @ (b'"' | b'\'')) = bytes.get(open + 1).copied() else {
            continue;
        };
        if open < done {
            continue;
        }
        let limit = bytes.len().min(open + MAX_COMMAND);
        let mut items = Vec::new();
        let mut at = open + 1;
        while at < limit && bytes[at] == mark && items.len() < MAX_WORDS {
            let Some(length) = memchr::memchr(mark, &bytes[at + 1..limit]) else {
                break;
            };
            items.push(at + 1..at + 1 + length);
            at += length + 2;
            while at < limit && matches!(bytes[at], b',' | b' ') {
                at += 1;
            }
        }
        done = at;
        take_from(findings, password, &items);
    }
}

/// Looks at the command that the place is in; gives where it ends.
fn command_around<'r>(
    findings: &mut Findings<'r, '_>,
    password: &'r Rule,
    at: usize,
    done: usize,
) -> usize {
    let bytes = findings.bytes();
    let least = done.max(at.saturating_sub(MAX_BEFORE));
    let start = bytes[least..at]
        .iter()
        .rposition(|byte| is_end(*byte))
        .map_or(least, |end| least + end + 1);
    let limit = bytes.len().min(at + MAX_COMMAND);
    let words = words(bytes, start, limit);
    let end = words.last().map_or(at, |word| word.end).max(at);
    take_from(findings, password, &words);
    // A command within quotes: `bash -c "mysql -p…"`, a value of JSON.
    for word in &words {
        let inside = &bytes[word.clone()];
        let has_option = memchr::memchr_iter(b' ', inside)
            .any(|blank| matches!(inside.get(blank + 1), Some(b'-' | b'/')));
        if has_option {
            let words = self::words(&bytes[..word.end], word.start, word.end);
            take_from(findings, password, &words);
        }
    }
    end
}

fn take_from<'r>(findings: &mut Findings<'r, '_>, password: &'r Rule, words: &[Range<usize>]) {
    let text = findings.text;
    let arguments: Vec<&str> = words
        .iter()
        .map(|word| text.get(word.clone()).unwrap_or_default())
        .collect();
    if arguments
        .iter()
        .all(|word| program::taken_by(word).is_empty() && !program::is_general(word))
    {
        return;
    }
    for SecretArgument { index, range, rule } in secrets_among(findings.rules, password, &arguments)
    {
        let start = words[index].start + range.start;
        let mut found = Found::bare(start..words[index].start + range.end);
        // `-p'x y'`: the marks stand within the word.
        let value = &findings.bytes()[found.start..found.end];
        if let [mark @ (b'"' | b'\''), .., last] = value
            && mark == last
            && value.len() > 2
        {
            found.start += 1;
            found.end -= 1;
        }
        findings.take(rule, found);
    }
}

/// The words of a command that begin before `limit`, up to its end, without the quotes that stand around whole ones.
///
/// One without quotes is not cut there: half of it would stay.
fn words(bytes: &[u8], start: usize, limit: usize) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let mut at = start;
    while at < limit && words.len() < MAX_WORDS {
        if matches!(bytes[at], b' ' | b'\t') {
            at += 1;
            continue;
        }
        if is_end(bytes[at]) {
            // A line that goes on below.
            break;
        }
        if bytes[at] == b'\\' && bytes.get(at + 1) == Some(&b'\n') {
            at += 2;
            continue;
        }
        let from = at;
        let mut mark = None;
        while at < bytes.len() && (at < limit || mark.is_none()) {
            let byte = bytes[at];
            match mark {
                Some(open) if byte == open => mark = None,
                Some(_) if byte == b'\n' => break,
                Some(_) => {}
                None if matches!(byte, b'"' | b'\'') => mark = Some(byte),
                None if byte.is_ascii_whitespace() || is_end(byte) => break,
                None => {}
            }
            at += 1;
        }
        let is_quoted =
            at - from >= 2 && matches!(bytes[from], b'"' | b'\'') && bytes[at - 1] == bytes[from];
        let opens = matches!(bytes[from], b'"' | b'\'');
        words.push(if is_quoted {
            from + 1..at - 1
        } else if opens && mark.is_some() {
            from + 1..at
        } else {
            from..at
        });
    }
    words
}

fn is_end(byte: u8) -> bool {
    matches!(byte, b'\n' | b';' | b'|' | b'&' | b'`' | b'(' | b')')
}

#[cfg(test)]
mod tests {
    use super::MAX_COMMAND;
    use crate::sanitize::text::testing::{hits, misses};

    #[test]
    fn arguments_that_a_program_takes_for_secrets_go() {
        hits(&[
            (
                "mysql --user=etl -pXk4ep --database=w -e \"show tables\"",
                "mysql --user=etl -p<> --database=w -e \"show tables\"",
            ),
            ("mysql -pXk4epw w", "mysql -p<> w"),
            (
                "kubectl create secret generic hook --from-literal=signing=Xk4 -n pay",
                "kubectl create secret generic hook --from-literal=signing=<> -n pay",
            ),
            (
                "ansible-vault encrypt_string 'Xk4!QOA8W3' --name db",
                "ansible-vault encrypt_string '<>' --name db",
            ),
            (
                "curl -u ada:Xk4 https://a.example/x.csv -o x.csv",
                "curl -u ada:<> https://a.example/x.csv -o x.csv",
            ),
            (
                "curl -s --user 'ada:x y' https://a.example",
                "curl -s --user 'ada:<>' https://a.example",
            ),
            (
                "curl -uada:Xk4 https://a.example",
                "curl -uada:<> https://a.example",
            ),
            (
                "sshpass -p Xk4 ssh a@b uptime",
                "sshpass -p <> ssh a@b uptime",
            ),
            ("sshpass -p'x y' ssh a@b", "sshpass -p'<>' ssh a@b"),
            (
                "docker login -u ada -p Xk4 r.example && docker run -p 80:80 x",
                "docker login -u ada -p <> r.example && docker run -p 80:80 x",
            ),
            (
                "redis-cli -h c.example -a Xk4 ping",
                "redis-cli -h c.example -a <> ping",
            ),
            (
                "bash -c \"mysql -u root -pXk4 db\"",
                "bash -c \"mysql -u root -p<> db\"",
            ),
            (
                "curl --user ada:Xk4 https://a.example",
                "curl --user ada:<> https://a.example",
            ),
            (
                "sqlplus scott/tiger@orcl @run.sql",
                "sqlplus scott/<>@orcl @run.sql",
            ),
            (
                "openssl rsa -in k.pem -passin pass:Xk4 -out o.pem",
                "openssl rsa -in k.pem -passin pass:<> -out o.pem",
            ),
            (
                "mongosh -u ada -p Xk4 --host c",
                "mongosh -u ada -p <> --host c",
            ),
            (
                "PGPASSWORD=Xk4 psql -h pg -c \"select 1\"",
                "PGPASSWORD=<> psql -h pg -c \"select 1\"",
            ),
            (
                "export GITHUB_TOKEN=Xk4; run",
                "export GITHUB_TOKEN=<>; run",
            ),
            ("set API_TOKEN=abc&& run", "set API_TOKEN=<>&& run"),
            (
                "terraform apply -var db_password=Xk4 -var size=2",
                "terraform apply -var db_password=<> -var size=2",
            ),
            (
                "helm upgrade x --set auth.password=Xk4 --wait",
                "helm upgrade x --set auth.password=<> --wait",
            ),
            (
                "http POST a.example X-Api-Token:Xk4 n=1",
                "http POST a.example X-Api-Token:<> n=1",
            ),
            ("tool -password Xk4 -v", "tool -password <> -v"),
            (
                "ldapsearch -x -D cn=a -w Xk4 -b dc=x",
                "ldapsearch -x -D cn=a -w <> -b dc=x",
            ),
            ("vault login s3cretroot", "vault login <>"),
            (
                "run --password \"x y\" --quiet",
                "run --password \"<>\" --quiet",
            ),
            (
                "redis-cli -h c.example AUTH q7Tm2xPw9",
                "redis-cli -h c.example AUTH <>",
            ),
            ("snyk auth q7Tm2xPw9", "snyk auth <>"),
            ("net user ada q7Tm2xPw9 /add", "net user ada <> /add"),
            (
                "net use Z: \\\\fs1\\share /user:corp\\svc q7Tm2xPw9 /persistent:no",
                "net use Z: \\\\fs1\\share /user:corp\\svc <> /persistent:no",
            ),
            (
                "psexec \\\\h1 -u a -p q7Tm2xPw9 ipconfig",
                "psexec \\\\h1 -u a -p <> ipconfig",
            ),
            (
                "sometool -u a -p q7Tm2xPw9 https://a.example/x",
                "sometool -u a -p <> https://a.example/x",
            ),
            (
                "schtasks /create /ru a /rp q7Tm2xPw9 /tn nightly",
                "schtasks /create /ru a /rp <> /tn nightly",
            ),
            (
                "reg add HKLM\\Winlogon /v DefaultPassword /t REG_SZ /d \"Bishop Maple\" /f",
                "reg add HKLM\\Winlogon /v DefaultPassword /t REG_SZ /d \"<>\" /f",
            ),
            (
                "reg.exe add HKCU\\A /d hunter2 /v ApiKey",
                "reg.exe add HKCU\\A /d <> /v ApiKey",
            ),
            (
                "Set-ItemProperty -Path HKLM:\\A -Name DefaultPassword -Value 'Bishop Maple'",
                "Set-ItemProperty -Path HKLM:\\A -Name DefaultPassword -Value '<>'",
            ),
            (
                "./sync --key q7Tm2xPw9LrT4kB6 --lane a",
                "./sync --key <> --lane a",
            ),
            (
                "sonar-scanner -Dsonar.login=q7Tm2xPw9LrT4 -Dsonar.projectKey=a",
                "sonar-scanner -Dsonar.login=<> -Dsonar.projectKey=a",
            ),
            ("bw unlock q7Tm2xPw9 --raw", "bw unlock <> --raw"),
            ("useradd -p q7Tm2xPw9 ada", "useradd -p <> ada"),
            (
                "keytool -list -storepass changeit -keystore k",
                "keytool -list -storepass <> -keystore k",
            ),
        ]);
    }

    #[test]
    fn an_argument_goes_as_a_whole_where_a_command_is_read_no_further() {
        for length in MAX_COMMAND - 16..MAX_COMMAND - 4 {
            let tables = "t".repeat(length);
            let text = format!("mysql -h {tables} -pXk4epXk4ep w");
            hits(&[(&text, &format!("mysql -h {tables} -p<> w"))]);
        }
    }

    #[test]
    fn a_long_hostile_text_ends() {
        misses(&[&"<".repeat(256 * 1024)]);
    }

    #[test]
    fn arguments_that_are_no_secrets_stay() {
        misses(&[
            "docker run -d -p 8080:80 -u 1000:1000 nginx",
            "ssh -p 22 a@b",
            "mkdir -p a/b/c",
            "mysql -u root -p -h db",
            "curl -u $USER:$PASS https://a.example",
            "curl -u ada https://a.example",
            "cp -a a b",
            "ps -p 123",
            "curl -X POST https://a.example -d n=1",
            "git push -u origin main",
            "psql -p 5432 -U ada",
            "run --password-file /run/x --token-count 5 --secret-name prod",
            "pytest -p no:cacheprovider -k token",
            "run --password --verbose",
            "we - the team - use it",
            "mysql -u root -p$DB_PASS db",
            "redis-cli -h c.example ping",
            "the net user growth was 5 - and net use of funds - as planned - fell",
            "cargo login first, then cargo publish - as told",
            "sort --key 2,2 --key=created_at list.txt",
            "aws s3api get-object --bucket b --key uploads/2026/Report-7.pdf out",
            "cache save --key node-modules-linux-a1b2c3d4e5f60718",
            "aws kms encrypt --key 1234abcd-12ab-34cd-56ef-1234567890ab",
            "docker-compose -u 1000 -p shop2 up -d",
            "ssh -l ada -p 2222 h1.example",
            "tool -u ada -p 8443 --verbose",
            "reg add HKLM\\A /v RequirePassword /t REG_DWORD /d 1 /f",
            "reg add HKLM\\A /v Shell /d explorer.exe && reg query HKLM\\A /v Password",
        ]);
    }
}
