//! Values of the registry of Windows as its program lists them: `    DefaultPassword    REG_SZ    x`.

use crate::sanitize::extent::Found;
use crate::sanitize::text::Findings;

/// The most bytes of a name.
const MAX_NAME: usize = 256;
/// The longest type is `REG_RESOURCE_REQUIREMENTS_LIST`.
const MAX_TYPE: usize = 30;

/// Finds values behind the type that follows a rule's name.
pub(in crate::sanitize) fn find(findings: &mut Findings<'_, '_>) {
    let bytes = findings.bytes();
    let mut done = 0;
    for kind in memchr::memmem::find_iter(bytes, b"REG_") {
        let near = kind.saturating_sub(MAX_NAME);
        let before = &bytes[near..kind];
        if kind < done || !before.ends_with(b" ") && !before.ends_with(b"\t") {
            continue;
        }
        let name = memchr::memrchr(b'\n', before).map_or(near, |at| near + at + 1);
        let name = bytes[name..kind].trim_ascii();
        let Some((rule, ..)) = findings.rules.for_name_at_end(name) else {
            continue;
        };
        let length = bytes[kind..]
            .iter()
            .take(MAX_TYPE)
            .take_while(|byte| byte.is_ascii_uppercase() || **byte == b'_')
            .count();
        let behind = kind + length;
        let line = memchr::memchr(b'\n', &bytes[behind..]).map_or(bytes.len(), |at| behind + at);
        done = line;
        let value = &bytes[behind..line];
        let start = line - value.trim_ascii_start().len();
        let end = start + bytes[start..line].trim_ascii_end().len();
        // Without a blank it is another word.
        if start > behind && start < end && !is_switch(&bytes[start..end]) {
            findings.take(rule, Found::quoted(start..end));
        }
    }
}

/// True for a value that says yes or no: `0x1` of `RequirePassword`.
pub(super) fn is_switch(value: &[u8]) -> bool {
    matches!(value, b"0" | b"1" | b"0x0" | b"0x1")
}

#[cfg(test)]
mod tests {
    use crate::sanitize::text::testing::{hits, misses};

    #[test]
    fn values_of_the_registry_go_by_their_names() {
        hits(&[
            (
                "HKLM\\Winlogon\r\n    ShellExe    REG_SZ    explorer.exe\r\n    DefaultPassword    REG_SZ    Bishop Maple\r\n",
                "HKLM\\Winlogon\r\n    ShellExe    REG_SZ    explorer.exe\r\n    DefaultPassword    REG_SZ    <>\r\n",
            ),
            (
                "    ApiToken    REG_EXPAND_SZ    %x%7d\n    Port    REG_DWORD    0x1bb\n",
                "    ApiToken    REG_EXPAND_SZ    <>\n    Port    REG_DWORD    0x1bb\n",
            ),
            (
                "HKLM\\A\nDefaultPassword\tREG_SZ\tBishop Maple",
                "HKLM\\A\nDefaultPassword\tREG_SZ\t<>",
            ),
            (
                "    Password    REG_FULL_RESOURCE_DESCRIPTOR    0A0B0C0D",
                "    Password    REG_FULL_RESOURCE_DESCRIPTOR    <>",
            ),
        ]);
        misses(&[
            "    Shell    REG_SZ    explorer.exe\n",
            "    DefaultPassword    REG_SZ    \r\n    Shell    REG_SZ    x\n",
            "    RequirePassword    REG_DWORD    0x1\n    NoPin    REG_DWORD    0x0\n",
            "the password REG_SZOR",
            "the passwordREG_SZ x",
        ]);
    }
}
