//! Values of the registry of Windows as its program lists them: `    DefaultPassword    REG_SZ    x`.

use crate::sanitize::extent::Found;
use crate::sanitize::text::Findings;

/// The most bytes of a name.
const MAX_NAME: usize = 256;
/// The longest type of a text is `REG_EXPAND_SZ`.
const MAX_TYPE: usize = 13;

/// Finds values behind the type that follows a rule's name.
pub(in crate::sanitize) fn find(findings: &mut Findings<'_, '_>) {
    let bytes = findings.bytes();
    let mut done = 0;
    for kind in memchr::memmem::find_iter(bytes, b" REG_") {
        if kind < done {
            continue;
        }
        let near = kind.saturating_sub(MAX_NAME);
        let name = memchr::memrchr(b'\n', &bytes[near..kind]).map_or(near, |at| near + at + 1);
        let name = bytes[name..kind].trim_ascii();
        let Some((rule, ..)) = findings.rules.for_name_at_end(name) else {
            continue;
        };
        let length = bytes[kind + 1..]
            .iter()
            .take(MAX_TYPE)
            .take_while(|byte| byte.is_ascii_uppercase() || **byte == b'_')
            .count();
        let behind = kind + 1 + length;
        let line = memchr::memchr(b'\n', &bytes[behind..]).map_or(bytes.len(), |at| behind + at);
        done = line;
        let value = &bytes[behind..line];
        let start = line - value.trim_ascii_start().len();
        let end = start + bytes[start..line].trim_ascii_end().len();
        // Without a blank it is another word.
        if start > behind && start < end {
            let quoted = true;
            findings.take(rule, Found { start, end, quoted });
        }
    }
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
        ]);
        misses(&[
            "    Shell    REG_SZ    explorer.exe\n",
            "    DefaultPassword    REG_SZ    \r\n    Shell    REG_SZ    x\n",
            "the password REG_SZOR",
        ]);
    }
}
