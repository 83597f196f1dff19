//! Types in declarations.

/// A type in a declaration: `str`, `&String`, `Optional[str]`, `Vec<u8>`, `VARCHAR(255)`.
pub(in crate::sanitize) fn is_type(value: &str) -> bool {
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
        "TextField",
        "PasswordField",
        "ForeignKey",
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
    let has_options = head.ends_with("Field") || head == "ForeignKey";
    // `Secret(x7Tq…)` holds what it is the type of.
    let holds_secret = || {
        generic
            .split(|letter: char| !letter.is_ascii_alphanumeric())
            .any(super::looks_secret)
    };
    head != "password"
        && TYPES.contains(&head)
        && (generic.is_empty()
            || generic.bytes().all(|byte| {
                byte.is_ascii_alphanumeric()
                    || has_options && byte == b'='
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
        && !holds_secret()
}
