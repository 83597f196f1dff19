//! What stands in place of a secret in text without being one: `${{ secrets.TOKEN }}`, `$DB_PASSWORD`,
//! `os.environ["DB_PASSWORD"]`, `load_token(path)`, `null`; types of code; words of sentences.
//!
//! This holds in text only. The value of a member is never exempt but as null or a boolean.

use super::rules::Rules;

/// True where a value that was assigned to a secret's name says where the secret is, not what it is.
pub(super) fn is_exempt(rules: &Rules, value: &str, quoted: bool) -> bool {
    let is_sign = value.len() <= 2 && !value.bytes().any(|byte| byte.is_ascii_alphanumeric());
    if is_sign || is_placeholder(rules, value) || is_mask(value) || is_address(value) {
        return true;
    }
    if quoted {
        return is_variable(value) && value.contains('_') || is_substitution(value);
    }
    is_nothing(value) || is_variable(value) || is_code(rules, value) || is_link(value)
}

/// A page, as in `reset your password: https://a.example/reset`; what is secret in a URL is found in it.
fn is_link(value: &str) -> bool {
    let value = value.trim_start_matches(['[', '<', '(']);
    value.starts_with("https://") || value.starts_with("http://")
}

fn is_nothing(value: &str) -> bool {
    ["null", "none", "nil", "undefined", "true", "false"]
        .iter()
        .any(|word| value.eq_ignore_ascii_case(word))
}

/// `${NAME}`, `${{ secrets.NAME }}`, `{{ vault.name }}`, `{password}`, `%s`, `<your token>`.
fn is_placeholder(rules: &Rules, value: &str) -> bool {
    let names_a_rule = |text: &str| rules.for_name_at_end(text.as_bytes()).is_some();
    if let Some(inside) = value
        .strip_prefix('<')
        .and_then(|rest| rest.strip_suffix('>'))
    {
        return is_words(inside)
            && (names_a_rule(inside) || inside.to_ascii_lowercase().starts_with("your"));
    }
    if let Some(inside) = value
        .strip_prefix("%(")
        .and_then(|rest| rest.strip_suffix(")s"))
    {
        return is_identifier(inside);
    }
    if matches!(
        value,
        "%s" | "%v" | "%d" | "%q" | "{}" | "{:?}" | "{0}" | "?" | "..."
    ) {
        return true;
    }
    let single = value
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'));
    if single.is_some_and(|inside| is_dotted(inside) && names_a_rule(inside)) {
        return true;
    }
    let inside = match value.strip_prefix(['$', '#', '%']) {
        Some(rest) => rest
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}')),
        None => value
            .strip_prefix("{{")
            .and_then(|rest| rest.strip_suffix("}}")),
    };
    inside.is_some_and(|inside| {
        let inside = inside
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'))
            .unwrap_or(inside);
        is_path(inside.trim())
    })
}

/// Nothing but stars and dots: what others put in place of a secret.
fn is_mask(value: &str) -> bool {
    value
        .chars()
        .all(|letter| matches!(letter, '*' | '•' | '●' | '…' | '.'))
}

/// The address of a secret in a store of secrets.
fn is_address(value: &str) -> bool {
    [
        "op://",
        "vault://",
        "vault:",
        "ssm:/",
        "arn:aws:secretsmanager:",
        "arn:aws:ssm:",
        "/run/secrets/",
    ]
    .iter()
    .any(|scheme| value.starts_with(scheme) && is_path(value))
}

/// `$(cat /run/secret)`, `` `pass show x` ``.
fn is_substitution(value: &str) -> bool {
    value.starts_with("$(") && value.ends_with(')')
}

/// `$NAME`, `%NAME%`, `process.env.NAME`.
fn is_variable(value: &str) -> bool {
    if let Some(path) = value
        .strip_prefix("process.env.")
        .or_else(|| value.strip_prefix("import.meta.env."))
        .or_else(|| value.strip_prefix("$env:"))
    {
        return is_constant(path);
    }
    match value.strip_prefix('$') {
        Some(name) => is_constant(name),
        None => value
            .strip_prefix('%')
            .and_then(|rest| rest.strip_suffix('%'))
            .is_some_and(is_constant),
    }
}

/// `os.environ["NAME"]`, `load_token(path)`, `self.token`, `$(cat file)`.
fn is_code(rules: &Rules, value: &str) -> bool {
    is_substitution(value)
        || matches!(
            value,
            "await" | "new" | "async" | "lambda" | "function" | "!Ref" | "!Sub" | "!vault"
        )
        || is_member(rules, value)
        || is_call(rules, value)
}

/// `self.token`, `args.password`, `$config->secret`: a place in a program, named after what is in it.
fn is_member(rules: &Rules, value: &str) -> bool {
    let path = value
        .trim_start_matches(['$', '@', '&', '*', '!'])
        .trim_end_matches([';', '?', '!']);
    let Some((object, member)) = path
        .rsplit_once('.')
        .or_else(|| path.rsplit_once("->"))
        .or_else(|| path.rsplit_once("::"))
    else {
        return false;
    };
    is_identifier(member)
        && object.split('.').all(is_identifier)
        && rules.for_name_at_end(member.as_bytes()).is_some()
}

/// A function that is called, or a map that is looked into.
///
/// What is made of a literal, such as `Some("x")`, may be the secret; what is looked up by one is not.
fn is_call(rules: &Rules, value: &str) -> bool {
    let value = value.trim_end_matches([';', '?', '!']);
    let value = value.strip_suffix(".await").unwrap_or(value);
    let value = value.trim_start_matches(['&', '*']);
    let Some(open) = value.find(['(', '[']) else {
        return false;
    };
    let (function, arguments) = value.split_at(open);
    let is_index = arguments.starts_with('[');
    if !is_path(function) || !arguments.ends_with([')', ']']) {
        return false;
    }
    let has_literal = arguments.contains(['"', '\'', '`']);
    if !has_literal {
        let last = function.rsplit(['.', ':']).next().unwrap_or_default();
        let is_function =
            last.starts_with(|first: char| first.is_ascii_lowercase() || first == '_');
        return is_arguments(arguments) && (is_function || is_index) && !looks_secret(function);
    }
    let inside = arguments.get(1..arguments.len() - 1).unwrap_or_default();
    let literal = inside.trim_matches(['"', '\'', '`']);
    let looks_up = function
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .any(|word| LOOKS_UP.iter().any(|verb| word.starts_with(verb)));
    let names_a_rule = rules.for_name_at_end(function.as_bytes()).is_some();
    is_words(literal)
        && (looks_up
            || is_index && is_identifier(literal)
            || names_a_rule && function.starts_with(|first: char| first.is_ascii_lowercase()))
        && (!looks_secret(literal) || is_constant(literal))
}

/// Words in the names of functions and maps that give what they are asked for.
const LOOKS_UP: &[&str] = &[
    "env", "getenv", "Getenv", "secrets", "vault", "getpass", "input", "prompt", "headers",
    "params", "get", "load", "read", "fetch", "generate", "find", "lookup", "resolve", "ask",
    "require", "encode", "decode", "config", "settings", "options",
];

/// Names and numbers with commas between them.
fn is_arguments(text: &str) -> bool {
    text.bytes().all(|byte| {
        byte.is_ascii_alphanumeric()
            || byte.is_ascii_whitespace()
            || matches!(
                byte,
                b'_' | b'.'
                    | b':'
                    | b'/'
                    | b'-'
                    | b'+'
                    | b','
                    | b'='
                    | b'&'
                    | b'*'
                    | b'('
                    | b')'
                    | b'['
                    | b']'
            )
    })
}

/// Names with dots, colons, slashes and dashes between them.
fn is_path(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b':' | b'/' | b'-')
        })
}

fn is_words(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| {
            byte.is_ascii_alphanumeric()
                || matches!(byte, b'_' | b'.' | b':' | b'/' | b'-' | b' ' | b'?')
        })
}

fn is_dotted(text: &str) -> bool {
    text.split('.').all(is_identifier)
}

fn is_identifier(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// A name in capitals, as variables of an environment have it.
fn is_constant(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_uppercase() || first == '_')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

/// `api_key` in `Client(api_key=api_key)`: a variable called what it holds.
pub(super) fn is_own_name(rules: &Rules, value: &str) -> bool {
    value
        .bytes()
        .all(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        && rules.for_name_at_end(value.as_bytes()).is_some()
}

/// The folder that a shell is in: `PWD=/home/ada`.
pub(super) fn is_folder(name: &[u8], value: &str) -> bool {
    name.ends_with(b"PWD")
        && (value.starts_with(['/', '~']) || value.as_bytes().get(1..3) == Some(b":\\"))
}

/// A name, a member or a call, as programs assign them.
pub(super) fn is_expression(value: &str) -> bool {
    let end = value.find(['(', '[']).unwrap_or(value.len());
    let path = value[..end].trim_end_matches([',', ';', ':', ')']);
    path.split('.').all(is_identifier) && !looks_secret(path)
}

/// True where a text has what programs have and settings have not.
pub(super) fn is_program(text: &str) -> bool {
    const SIGNS: &[&str] = &[
        "self.",
        "def ",
        "import ",
        "#include",
        "():",
        "();",
        "fn ",
        "const ",
        "function(",
        "let mut ",
        " = new ",
        "this.",
    ];
    let signs = SIGNS
        .iter()
        .filter(|sign| memchr::memmem::find(text.as_bytes(), sign.as_bytes()).is_some());
    signs.take(2).count() == 2 || text.starts_with("import ") || text.starts_with("from ")
}

/// A type in a declaration: `str`, `&String`, `Optional[str]`, `Vec<u8>`, `VARCHAR(255)`.
pub(super) fn is_type(value: &str) -> bool {
    const TYPES: &[&str] = &[
        "str",
        "string",
        "String",
        "int",
        "integer",
        "bool",
        "boolean",
        "bytes",
        "float",
        "number",
        "object",
        "any",
        "Any",
        "char",
        "text",
        "TEXT",
        "varchar",
        "VARCHAR",
        "CHAR",
        "STRING",
        "String!",
        "uuid",
        "UUID",
        "Uuid",
        "dict",
        "list",
        "List",
        "Dict",
        "Optional",
        "Option",
        "Union",
        "Vec",
        "Box",
        "Arc",
        "Secret",
        "SecretStr",
        "SecretString",
        "SecretBox",
        "Buffer",
        "Uint8Array",
        "u8",
        "u32",
        "u64",
        "i32",
        "i64",
        "NSString",
        "CharField",
        "unknown",
        "byte",
        "Bytes",
        "impl",
        "Cow",
        "Into",
        "Promise",
        "Array",
        "Map",
        "never",
        "Literal",
        "Annotated",
        "password",
        "keyof",
    ];
    let value = value
        .trim_start_matches(['&', '*', '?', '['])
        .trim_start_matches("'static ")
        .trim_end_matches([';', ',', '?', '!', ']', '*', ')', '|']);
    let (head, generic) = match value.find(['<', '[', '(']) {
        Some(at) => value.split_at(at),
        None => (value, ""),
    };
    if head.is_empty() {
        // `(bool, optional)`, as documentation has it.
        return value
            .strip_prefix('(')
            .is_some_and(|inside| is_type(inside.split([',', ' ']).next().unwrap_or_default()));
    }
    let head = head.rsplit(['.', ':']).next().unwrap_or(head);
    head != "password"
        && TYPES.contains(&head)
        && (generic.is_empty()
            || generic.bytes().all(|byte| {
                byte.is_ascii_alphanumeric()
                    || matches!(
                        byte,
                        b'<' | b'>'
                            | b'['
                            | b']'
                            | b'('
                            | b')'
                            | b','
                            | b' '
                            | b'_'
                            | b'.'
                            | b'&'
                            | b':'
                            | b'\''
                            | b'|'
                    )
            }))
}

/// A word with which a sentence about a secret goes on, so that what follows is no secret.
pub(super) fn is_grammar(word: &str) -> bool {
    let word = word.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '"', '\'']);
    let mut lower = [0; 16];
    let Some(lower) = lower.get_mut(..word.len()) else {
        return false;
    };
    lower.copy_from_slice(word.as_bytes());
    lower.make_ascii_lowercase();
    GRAMMAR.binary_search(&&*lower).is_ok()
}

/// True for a text that no one writes for a word: letters with digits or signs among them, or capitals within.
pub(super) fn looks_secret(word: &str) -> bool {
    let word = word.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '"', '\'']);
    if word.len() < 4 || word.len() > 4096 || is_grammar(word) || is_technical(word) {
        return false;
    }
    let (mut letters, mut digits, mut signs, mut turns) = (0, 0, 0, 0);
    let mut before = b' ';
    for byte in word.bytes() {
        match byte {
            b'a'..=b'z' | 0x80.. => letters += 1,
            b'A'..=b'Z' => {
                letters += 1;
                turns += usize::from(before.is_ascii_lowercase());
            }
            b'0'..=b'9' => digits += 1,
            b'!' | b'@' | b'#' | b'$' | b'%' | b'^' | b'&' | b'*' | b'+' | b'=' | b'~' | b'?' => {
                signs += 1
            }
            b'-' | b'_' | b'.' | b'/' => {}
            _ => return false,
        }
        before = byte;
    }
    let is_file = word.contains('/')
        && !word.contains(['+', '='])
        && (word.starts_with(['/', '.', '~']) || digits == 0);
    let is_mail = word.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty()
            && host.contains('.')
            && host
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'.' || byte == b'-')
    });
    let is_assignment = word.trim_end_matches('=').contains('=');
    if is_file || is_mail || is_assignment {
        return false;
    }
    match (letters, digits, signs) {
        (0, _, _) => digits >= 6 && !word.contains(['/', '.']),
        (_, 0, 0) => turns >= 2 && word.len() >= 8,
        (_, _, 0) => digits > 0,
        _ => true,
    }
}

/// Names of formats, algorithms and measures, which mix letters and digits too.
fn is_technical(word: &str) -> bool {
    const NAMES: &[&str] = &[
        "base64",
        "base32",
        "base58",
        "sha1",
        "sha256",
        "sha384",
        "sha512",
        "sha-1",
        "sha-256",
        "sha-512",
        "hs256",
        "hs512",
        "rs256",
        "rs512",
        "es256",
        "ps256",
        "oauth2",
        "oauth2.0",
        "utf8",
        "utf-8",
        "argon2",
        "argon2id",
        "pbkdf2",
        "aes128",
        "aes256",
        "aes-256",
        "x509",
        "x.509",
        "ed25519",
        "http2",
        "rfc6749",
        "base64url",
        "pkcs8",
        "pkcs12",
        "uuid4",
        "uuidv4",
        "iso8601",
        "erc20",
        "erc-20",
        "erc721",
        "gpt-4",
        "fido2",
        "ldap3",
        "web3",
        "s3",
        "k8s",
        "oidc2",
        "ipv4",
        "ipv6",
        "ntlmv2",
    ];
    let is_name = NAMES.iter().any(|known| known.eq_ignore_ascii_case(word));
    // `32-byte`, `90days`, `v1.2.3`, `2026-01-02`, `12:30`, `3rd`.
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    let rest = word[digits..].trim_start_matches('-');
    let is_measure = digits > 0 && MEASURES.contains(&rest);
    let numbers = word.trim_start_matches(['v', 'V']);
    let is_version = numbers.contains(['.', '-', '/', ':'])
        && numbers
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'/' | b':' | b'-'))
        && (numbers.contains(['.', '/', ':']) || numbers.len() == 10);
    is_name || is_measure || is_version || word.starts_with("http")
}

const MEASURES: &[&str] = &[
    "b",
    "bit",
    "bits",
    "byte",
    "bytes",
    "char",
    "chars",
    "character",
    "characters",
    "d",
    "day",
    "days",
    "digit",
    "digits",
    "factor",
    "fa",
    "gb",
    "h",
    "hour",
    "hours",
    "hr",
    "hrs",
    "k",
    "kb",
    "letter",
    "letters",
    "m",
    "mb",
    "min",
    "mins",
    "minute",
    "minutes",
    "month",
    "months",
    "ms",
    "nd",
    "rd",
    "s",
    "sec",
    "second",
    "seconds",
    "st",
    "th",
    "time",
    "times",
    "week",
    "weeks",
    "word",
    "words",
    "x",
    "year",
    "years",
];

/// Sorted.
const GRAMMAR: &[&[u8]] = &[
    b"a",
    b"about",
    b"above",
    b"absent",
    b"accepted",
    b"active",
    b"added",
    b"after",
    b"again",
    b"all",
    b"allowed",
    b"already",
    b"also",
    b"always",
    b"am",
    b"an",
    b"and",
    b"any",
    b"are",
    b"as",
    b"at",
    b"authorized",
    b"available",
    b"away",
    b"bad",
    b"based",
    b"be",
    b"been",
    b"before",
    b"being",
    b"below",
    b"best",
    b"blank",
    b"both",
    b"broken",
    b"but",
    b"by",
    b"cached",
    b"can",
    b"cannot",
    b"case",
    b"changed",
    b"changing",
    b"checked",
    b"chosen",
    b"clear",
    b"cleared",
    b"common",
    b"compromised",
    b"confidential",
    b"configured",
    b"correct",
    b"corrupt",
    b"corrupted",
    b"could",
    b"created",
    b"currently",
    b"deleted",
    b"denied",
    b"deprecated",
    b"different",
    b"disabled",
    b"do",
    b"does",
    b"done",
    b"due",
    b"duplicate",
    b"each",
    b"easy",
    b"either",
    b"email",
    b"emailed",
    b"empty",
    b"enabled",
    b"encoded",
    b"encrypted",
    b"enough",
    b"enter",
    b"entered",
    b"exactly",
    b"exceeded",
    b"exists",
    b"expected",
    b"expire",
    b"expired",
    b"expires",
    b"expiring",
    b"exposed",
    b"failed",
    b"field",
    b"first",
    b"for",
    b"forgot",
    b"forgotten",
    b"found",
    b"from",
    b"future",
    b"generated",
    b"given",
    b"going",
    b"gone",
    b"good",
    b"granted",
    b"had",
    b"hard",
    b"has",
    b"hashed",
    b"have",
    b"he",
    b"her",
    b"here",
    b"hidden",
    b"his",
    b"how",
    b"i",
    b"if",
    b"ignored",
    b"in",
    b"inactive",
    b"incorrect",
    b"insecure",
    b"inside",
    b"instead",
    b"insufficient",
    b"invalid",
    b"invalidated",
    b"is",
    b"it",
    b"its",
    b"just",
    b"kept",
    b"known",
    b"last",
    b"later",
    b"leaked",
    b"less",
    b"like",
    b"limited",
    b"lost",
    b"made",
    b"malformed",
    b"mandatory",
    b"masked",
    b"match",
    b"matches",
    b"me",
    b"might",
    b"mine",
    b"mismatch",
    b"missing",
    b"more",
    b"must",
    b"my",
    b"near",
    b"needed",
    b"neither",
    b"never",
    b"new",
    b"next",
    b"no",
    b"none",
    b"nor",
    b"not",
    b"now",
    b"obsolete",
    b"of",
    b"off",
    b"ok",
    b"okay",
    b"old",
    b"omitted",
    b"on",
    b"once",
    b"one",
    b"only",
    b"open",
    b"optional",
    b"or",
    b"other",
    b"our",
    b"out",
    b"over",
    b"passed",
    b"pending",
    b"per",
    b"please",
    b"populated",
    b"possible",
    b"present",
    b"private",
    b"probably",
    b"protected",
    b"provided",
    b"public",
    b"random",
    b"read",
    b"ready",
    b"received",
    b"recommended",
    b"redacted",
    b"refreshed",
    b"refused",
    b"regenerated",
    b"registered",
    b"rejected",
    b"removed",
    b"renewed",
    b"required",
    b"reset",
    b"restricted",
    b"returned",
    b"reused",
    b"revoked",
    b"right",
    b"rotated",
    b"rotating",
    b"safe",
    b"same",
    b"saved",
    b"secure",
    b"see",
    b"seen",
    b"sensitive",
    b"sent",
    b"set",
    b"shall",
    b"shared",
    b"she",
    b"short",
    b"should",
    b"shown",
    b"simple",
    b"since",
    b"so",
    b"some",
    b"soon",
    b"special",
    b"specified",
    b"stale",
    b"still",
    b"stolen",
    b"stored",
    b"strong",
    b"such",
    b"sure",
    b"tbd",
    b"than",
    b"that",
    b"the",
    b"their",
    b"them",
    b"then",
    b"there",
    b"these",
    b"they",
    b"this",
    b"those",
    b"through",
    b"to",
    b"today",
    b"too",
    b"transmitted",
    b"two",
    b"unauthorized",
    b"unavailable",
    b"unchanged",
    b"undefined",
    b"under",
    b"unexpected",
    b"unique",
    b"unknown",
    b"unless",
    b"unset",
    b"unsupported",
    b"until",
    b"up",
    b"updated",
    b"upon",
    b"us",
    b"use",
    b"used",
    b"useful",
    b"using",
    b"usually",
    b"valid",
    b"validated",
    b"verified",
    b"very",
    b"via",
    b"visible",
    b"was",
    b"we",
    b"weak",
    b"well",
    b"were",
    b"what",
    b"when",
    b"where",
    b"whether",
    b"which",
    b"while",
    b"who",
    b"whose",
    b"why",
    b"will",
    b"with",
    b"without",
    b"won",
    b"worth",
    b"would",
    b"wrong",
    b"yes",
    b"yet",
    b"you",
    b"your",
];
