//! What a character looks like: one of ASCII, nothing, or itself.

use unicode_normalization::UnicodeNormalization;

/// What stands for a character.
pub(super) enum Fold {
    Same,
    Nothing,
    One(char),
    /// What compatibility normalisation makes of it.
    Normal,
}

/// What stands for a character that is not ASCII.
pub(super) fn fold_of(character: char) -> Fold {
    match character {
        // Letters and signs that stay, and of which there are many in a text.
        '\u{C0}'..='\u{130}'
        | '\u{3041}'..='\u{3096}'
        | '\u{30A1}'..='\u{30FA}'
        | '\u{30FC}'
        | '\u{3400}'..='\u{9FFF}'
        | '\u{AC00}'..='\u{D7A3}'
        | '\u{1F300}'..='\u{1FAFF}' => Fold::Same,
        // An ellipsis ends what was cut: three dots might go on with it.
        '\u{2026}' | '\u{A8}' | '\u{AF}' | '\u{B8}' => Fold::Same,
        _ if is_invisible(character) => Fold::Nothing,
        '\u{2010}'..='\u{2015}'
        | '\u{2043}'
        | '\u{2212}'
        | '\u{2D7}'
        | '\u{1806}'
        | '\u{2E3A}'
        | '\u{2E3B}'
        | '\u{FE58}'
        | '\u{FE63}'
        | '\u{FF0D}' => Fold::One('-'),
        '\u{A0}' | '\u{1680}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}' => {
            Fold::One(' ')
        }
        '\u{85}' | '\u{2028}' | '\u{2029}' => Fold::One('\n'),
        '\u{2018}'..='\u{201B}' | '\u{2032}' | '\u{2B9}' | '\u{2BC}' | '\u{B4}' => Fold::One('\''),
        '\u{201C}'..='\u{201F}' | '\u{2033}' | '\u{AB}' | '\u{BB}' => Fold::One('"'),
        '\u{2236}' | '\u{A789}' | '\u{589}' | '\u{5C3}' => Fold::One(':'),
        '\u{B7}' | '\u{2027}' | '\u{3002}' | '\u{FF61}' => Fold::One('.'),
        '\u{2044}' | '\u{2215}' => Fold::One('/'),
        // Arrows assign.
        '\u{2192}' | '\u{21D2}' | '\u{27A1}' => Fold::One('='),
        _ => match digit_of(character).or_else(|| look_alike_of(character)) {
            Some(plain) => Fold::One(plain),
            // Most scripts have no other form, which is found sooner than normalised.
            None if matches!(character, '\u{370}'..='\u{6FF}') => Fold::Same,
            None if std::iter::once(character).nfkc().eq([character]) => Fold::Same,
            None => Fold::Normal,
        },
    }
}

/// Zero-width and directional characters, variation selectors, combining marks on letters, and what stands
/// for bytes that are no UTF-8.
fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{AD}'
            | '\u{300}'..='\u{36F}'
            | '\u{61C}'
            | '\u{115F}'
            | '\u{1160}'
            | '\u{17B4}'
            | '\u{17B5}'
            | '\u{180B}'..='\u{180F}'
            | '\u{1AB0}'..='\u{1AFF}'
            | '\u{1DC0}'..='\u{1DFF}'
            | '\u{200B}'..='\u{200F}'
            | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{20D0}'..='\u{20FF}'
            | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}'
            | '\u{FE20}'..='\u{FE2F}'
            | '\u{FEFF}'
            | '\u{FFA0}'
            | '\u{FFF0}'..='\u{FFFB}'
            | '\u{FFFD}'
            | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D173}'..='\u{1D17A}'
            | '\u{E0000}'..='\u{E0FFF}'
    )
}

/// The zeros of the scripts whose digits are ten in a row (general category Nd).
const ZEROS: [u32; 37] = [
    0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xDE6,
    0xE50, 0xED0, 0xF20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50,
    0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10,
    0x104A0,
];

fn digit_of(character: char) -> Option<char> {
    let code = character as u32;
    let at = ZEROS.partition_point(|zero| *zero <= code).checked_sub(1)?;
    char::from_digit(code.checked_sub(ZEROS[at])?, 10)
}

/// Letters of other scripts that look like Latin ones (Unicode Technical Standard 39), in the order of their codes.
const LOOK_ALIKES: &[(char, char)] = &[
    ('ı', 'i'),
    ('ȷ', 'j'),
    ('ɑ', 'a'),
    ('ɡ', 'g'),
    ('ɢ', 'g'),
    ('ɩ', 'i'),
    ('ɪ', 'i'),
    ('ɴ', 'n'),
    ('ʀ', 'r'),
    ('ʏ', 'y'),
    ('ʙ', 'b'),
    ('ʜ', 'h'),
    ('ʟ', 'l'),
    ('Α', 'A'),
    ('Β', 'B'),
    ('Ε', 'E'),
    ('Ζ', 'Z'),
    ('Η', 'H'),
    ('Ι', 'I'),
    ('Κ', 'K'),
    ('Μ', 'M'),
    ('Ν', 'N'),
    ('Ο', 'O'),
    ('Ρ', 'P'),
    ('Τ', 'T'),
    ('Υ', 'Y'),
    ('Χ', 'X'),
    ('α', 'a'),
    ('γ', 'y'),
    ('ε', 'e'),
    ('η', 'n'),
    ('ι', 'i'),
    ('κ', 'k'),
    ('ν', 'v'),
    ('ο', 'o'),
    ('ρ', 'p'),
    ('τ', 't'),
    ('υ', 'u'),
    ('χ', 'x'),
    ('ω', 'w'),
    ('ϲ', 'c'),
    ('ϳ', 'j'),
    ('Ѕ', 'S'),
    ('І', 'I'),
    ('Ј', 'J'),
    ('А', 'A'),
    ('В', 'B'),
    ('Е', 'E'),
    ('К', 'K'),
    ('М', 'M'),
    ('Н', 'H'),
    ('О', 'O'),
    ('Р', 'P'),
    ('С', 'C'),
    ('Т', 'T'),
    ('У', 'Y'),
    ('Х', 'X'),
    ('а', 'a'),
    ('е', 'e'),
    ('к', 'k'),
    ('м', 'm'),
    ('о', 'o'),
    ('р', 'p'),
    ('с', 'c'),
    ('т', 't'),
    ('у', 'y'),
    ('х', 'x'),
    ('ѕ', 's'),
    ('і', 'i'),
    ('ј', 'j'),
    ('ѡ', 'w'),
    ('ѵ', 'v'),
    ('ү', 'y'),
    ('һ', 'h'),
    ('Ӏ', 'I'),
    ('ӏ', 'l'),
    ('ԁ', 'd'),
    ('ԛ', 'q'),
    ('ԝ', 'w'),
    ('հ', 'h'),
    ('ո', 'n'),
    ('ս', 'u'),
    ('օ', 'o'),
    ('Ꭰ', 'D'),
    ('Ꭱ', 'R'),
    ('Ꭲ', 'T'),
    ('Ꭺ', 'A'),
    ('Ꭻ', 'J'),
    ('Ꭼ', 'E'),
    ('Ꮃ', 'W'),
    ('Ꮇ', 'M'),
    ('Ꮋ', 'H'),
    ('Ꮐ', 'G'),
    ('Ꮓ', 'Z'),
    ('Ꮩ', 'V'),
    ('Ꮪ', 'S'),
    ('Ꮮ', 'L'),
    ('Ꮯ', 'C'),
    ('Ꮲ', 'P'),
    ('Ꮶ', 'K'),
    ('Ᏼ', 'B'),
    ('ᴀ', 'a'),
    ('ᴄ', 'c'),
    ('ᴅ', 'd'),
    ('ᴇ', 'e'),
    ('ᴊ', 'j'),
    ('ᴋ', 'k'),
    ('ᴍ', 'm'),
    ('ᴏ', 'o'),
    ('ᴘ', 'p'),
    ('ᴛ', 't'),
    ('ᴜ', 'u'),
    ('ᴠ', 'v'),
    ('ᴡ', 'w'),
    ('ᴢ', 'z'),
    ('ꜰ', 'f'),
    ('ꜱ', 's'),
];

fn look_alike_of(character: char) -> Option<char> {
    let at = LOOK_ALIKES
        .binary_search_by_key(&character, |(letter, _)| *letter)
        .ok()?;
    Some(LOOK_ALIKES[at].1)
}

#[cfg(test)]
mod tests {
    use super::{LOOK_ALIKES, ZEROS};

    #[test]
    fn look_alikes_are_in_the_order_in_which_they_are_looked_up() {
        assert!(LOOK_ALIKES.is_sorted_by(|(one, _), (next, _)| one < next));
        assert!(ZEROS.is_sorted());
    }
}
