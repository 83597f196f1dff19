//! What stands in place of a secret in text without being one: `${{ secrets.TOKEN }}`, `$DB_PASSWORD`,
//! `os.environ["DB_PASSWORD"]`, `load_token(path)`, `null`; types of code; words of sentences.
//!
//! What is exempt is so in text only: the value of a member that a rule names goes whatever it is. What looks like a
//! secret, a type or a word of a sentence is asked of members too.

mod placeholder;
mod substitution;
mod types;
mod word;

use self::placeholder::{
    is_address, is_placeholder, is_scheme_of_reference, is_template, is_variable,
};
use self::substitution::is_substitution;
pub(super) use self::types::is_type;
pub(super) use self::word::{is_grammar, looks_secret};
use super::rules::Rules;

/// True where a value that was assigned to a secret's name says where the secret is, not what it is.
pub(super) fn is_exempt(rules: &Rules, value: &str, quoted: bool) -> bool {
    let is_sign = value.len() <= 2 && !value.bytes().any(|byte| byte.is_ascii_alphanumeric());
    if is_sign
        || is_placeholder(rules, value)
        || is_template(value)
        || is_scheme_of_reference(rules, value)
        || is_mask(value)
        || is_address(value)
    {
        return true;
    }
    if let Some(inside) = without_string_marks(value) {
        return is_exempt(rules, inside, true);
    }
    if quoted {
        return is_variable(value) && value.contains('_') || is_substitution(value);
    }
    is_nothing(value)
        || is_variable(value)
        || is_own_variable(rules, value)
        || is_code(rules, value)
        || is_link(value)
}

/// `-Credential $cred`: a variable in any case that is called what it holds.
///
/// In `$uperSecret` the sign stands for a letter.
fn is_own_variable(rules: &Rules, value: &str) -> bool {
    const WITHOUT_FIRST_LETTER: &[&str] = &[
        "afe", "ecret", "ecur", "erver", "hadow", "imple", "pecial", "trong", "ummer", "uper",
    ];
    let name = value.strip_prefix('$');
    name.is_some_and(|name| {
        let begins = |word: &&str| {
            let begin = name.get(..word.len());
            begin.is_some_and(|begin| begin.eq_ignore_ascii_case(word))
        };
        is_own_name(rules, name) && !WITHOUT_FIRST_LETTER.iter().any(begins)
    })
}

/// What stands in `f"…"` and its like.
fn without_string_marks(value: &str) -> Option<&str> {
    // A bracket behind it closes what is around it.
    let value = value.trim_end_matches(['}', ')', ',']);
    let literal = value.trim_start_matches(['f', 'b', 'r', '$', '@']);
    let inside = ['"', '\'', '`']
        .into_iter()
        .find_map(|mark| literal.strip_prefix(mark)?.strip_suffix(mark))?;
    (literal.len() < value.len()).then_some(inside)
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

/// Nothing but stars and dots: what others put in place of a secret.
fn is_mask(value: &str) -> bool {
    value
        .chars()
        .all(|letter| matches!(letter, '*' | '•' | '●' | '…' | '.'))
}

/// `os.environ["NAME"]`, `load_token(path)`, `self.token`, `$(cat file)`.
fn is_code(rules: &Rules, value: &str) -> bool {
    is_substitution(value)
        || matches!(
            value,
            "await"
                | "new"
                | "async"
                | "lambda"
                | "function"
                | "!Ref"
                | "!Sub"
                | "!GetAtt"
                | "!vault"
                | "!secret"
                | "!env"
                | "!env_var"
                | "!ImportValue"
                | "Get-Credential"
                | "Get-Secret"
                | "Read-Host"
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
    let names_a_rule = |name: &str| rules.for_name_at_end(name.as_bytes()).is_some();
    // `random_password.db.result`: what a resource is follows its kind.
    let is_of_resource = || {
        object
            .split_once('.')
            .is_some_and(|(kind, _)| kind.contains('_') && names_a_rule(kind))
            && !path.bytes().any(|byte| byte.is_ascii_digit())
    };
    is_identifier(member)
        && object.split('.').all(is_identifier)
        && (names_a_rule(member) || is_of_resource())
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
    if (looks_up(function) || makes_error(function)) && is_lookup(arguments) {
        return true;
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
    let names_a_rule = rules.for_name_at_end(function.as_bytes()).is_some();
    literals().all(|literal| is_words(literal) && (!looks_secret(literal) || is_constant(literal)))
        && (looks_up(function)
            || is_index && literals().all(is_identifier)
            || names_a_rule && function.starts_with(|first: char| first.is_ascii_lowercase()))
}

fn looks_up(function: &str) -> bool {
    function
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .any(|word| {
            LOOKS_UP.iter().any(|verb| {
                word.get(..verb.len())
                    .is_some_and(|begin| begin.eq_ignore_ascii_case(verb))
            })
        })
}

/// `errors.New`, `fmt.Errorf`, `InvalidTokenException`: what is made of a sentence.
fn makes_error(function: &str) -> bool {
    let is_error = |name: &str| {
        ["Error", "Errorf", "Exception"]
            .iter()
            .any(|end| name.ends_with(end))
    };
    function == "errors.New" || is_error(function)
}

/// Words in the names of functions and maps that give what they are asked for.
const LOOKS_UP: &[&str] = &[
    "env", "secrets", "vault", "getpass", "input", "prompt", "headers", "params", "get", "load",
    "read", "fetch", "generate", "find", "lookup", "resolve", "ask", "require", "encode", "decode",
    "config", "settings", "options",
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

/// `this.token = token`, `--token TOKEN`: the value is spelled as the end of its name is.
pub(super) fn is_name_again(name: &[u8], value: &str) -> bool {
    let word = value.trim_end_matches([';', ',']).as_bytes();
    let Some(start) = name.len().checked_sub(word.len()) else {
        return false;
    };
    let same = name[start..]
        .iter()
        .zip(word)
        .all(|(named, byte)| named.eq_ignore_ascii_case(byte) || (*named == b'-' && *byte == b'_'));
    let letters = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'_';
    same && !word.is_empty()
        && word.iter().all(letters)
        && (start == 0 || matches!(name[start - 1], b'.' | b'>' | b'-' | b'_'))
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

/// Code of which no literal looks like a secret.
fn is_lookup(code: &str) -> bool {
    let mut literal = None;
    let mut rest = code;
    while let Some(at) = rest.find(['"', '\'', '`']) {
        let (part, marked) = rest.split_at(at);
        let mark = &marked[..1];
        match literal {
            None if !is_code_between(part) => return false,
            None => literal = Some(mark),
            Some(open) if open != mark => return false,
            Some(_) if !is_harmless_literal(part) => return false,
            Some(_) => literal = None,
        }
        rest = &marked[1..];
    }
    literal.is_none() && is_code_between(rest)
}

fn is_code_between(part: &str) -> bool {
    let words = part.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    is_arguments(&part.replace(['?', '!', '|'], ""))
        && words
            .into_iter()
            .all(|word| is_constant(word) || !looks_secret(word))
}

fn is_harmless_literal(literal: &str) -> bool {
    literal.len() <= 2
        || is_constant(literal)
        || is_words(literal) && literal.split(['/', ':']).all(|part| !looks_secret(part))
}
