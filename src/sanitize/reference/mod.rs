//! What stands in place of a secret in text without being one: `${{ secrets.TOKEN }}`, `$DB_PASSWORD`,
//! `os.environ["DB_PASSWORD"]`, `load_token(path)`, `null`; types of code; words of sentences.
//!
//! This holds in text only. The value of a member is never exempt but as null or a boolean.

mod word;

pub(super) use self::word::{is_grammar, looks_secret};
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
    // A word ends before a closing bracket.
    if let Some(inside) = value.strip_prefix('<') {
        let inside = inside.strip_suffix('>').unwrap_or(inside);
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
        "%s" | "%v" | "%d" | "%q" | "%r" | "%i" | "%u" | "%@" | "{}" | "{:?}" | "{0}" | "?" | "..."
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
    if is_index && !has_literal && (function.ends_with('.') || looks_secret(function)) {
        // `x7Tq…[truncated]`: the mark of whoever cut it.
        return false;
    }
    if !has_literal {
        let last = function.rsplit(['.', ':']).next().unwrap_or_default();
        let is_function =
            last.starts_with(|first: char| first.is_ascii_lowercase() || first == '_');
        return is_arguments(arguments)
            && (is_function || is_index)
            && (function.contains(['.', '_']) || !looks_secret(function));
    }
    let inside = arguments.get(1..arguments.len() - 1).unwrap_or_default();
    let literals = || {
        inside
            .split(',')
            .map(|literal| literal.trim().trim_matches(['"', '\'', '`']))
    };
    let looks_up = function
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .any(|word| LOOKS_UP.iter().any(|verb| word.starts_with(verb)));
    let names_a_rule = rules.for_name_at_end(function.as_bytes()).is_some();
    literals().all(|literal| is_words(literal) && (!looks_secret(literal) || is_constant(literal)))
        && (looks_up
            || is_index && literals().all(is_identifier)
            || names_a_rule && function.starts_with(|first: char| first.is_ascii_lowercase()))
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
