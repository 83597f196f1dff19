//! Whole messages under a name that may mean the address they go to: `{"email": "Hello team,\n\n…"}`.

/// The fewest words of a message, and how many of them begin with small letters: lists of names have none.
const LEAST_WORDS: usize = 6;
const LEAST_SMALL: usize = 3;
/// How the sign of an address is written.
const SIGNS: &[&str] = &["@", "＠", "﹫", "%40", "&#64", "&#x40", "&commat"];
/// How it is spoken, in words that have no other meaning.
#[rustfmt::skip]
const SPOKEN_SIGNS: &[&str] = &["apenstaart", "apenstaartje", "arobas", "arobase", "arroba", "chiocciola", "klammeraffe"];
/// How it is spoken, and what is spoken for the dot behind it.
const SIGN_WORDS: &[&str] = &["at", "ät"];
const DOT_WORDS: &[&str] = &["dot", "point", "ponto", "punkt", "punt", "punto"];

/// True for words that make up a message and in which no address is spelled out.
pub(super) fn is_message(text: &str) -> bool {
    let (mut words, mut small) = (0, 0);
    for line in text.lines().filter(|line| !has_sign(line)) {
        for word in line.split_whitespace() {
            let letters = word.chars().filter(|letter| letter.is_alphabetic());
            if letters.take(2).count() == 2 {
                words += 1;
                small += usize::from(word.starts_with(char::is_lowercase));
            }
        }
    }
    words >= LEAST_WORDS && small >= LEAST_SMALL && !has_spoken_address(text)
}

fn has_sign(line: &str) -> bool {
    SIGNS.iter().any(|sign| line.contains(sign))
}

/// True for `ada at mail dot example` and `ada (at) mail.example`.
fn has_spoken_address(text: &str) -> bool {
    let is_one_of = |words: &[&str], word: &str| {
        let word = word.trim_matches(|letter: char| !letter.is_alphanumeric());
        words.iter().any(|known| known.eq_ignore_ascii_case(word))
    };
    let (mut has_sign, mut follows_sign) = (false, false);
    text.split_whitespace().any(|word| {
        let is_address = is_one_of(SPOKEN_SIGNS, word)
            || follows_sign && has_inner_dot(word)
            || has_sign && is_one_of(DOT_WORDS, word);
        follows_sign = is_one_of(SIGN_WORDS, word);
        has_sign |= follows_sign;
        is_address
    })
}

fn has_inner_dot(word: &str) -> bool {
    let mut parts = word.split('.');
    let ends = |part: &str| part.ends_with(char::is_alphanumeric);
    parts.next().is_some_and(ends)
        && parts
            .next()
            .is_some_and(|part| part.starts_with(char::is_alphanumeric))
}

#[cfg(test)]
mod tests {
    use super::is_message;

    #[test]
    fn messages_are_told_from_addresses_and_names() {
        for text in [
            "Hallo Team,\n\nbitte nach der Inventur den Toner prüfen.",
            "please call me back after lunch today",
            "From: Ada Roe <ada@mail.example>\n\nthe order is at the door since this morning",
        ] {
            assert!(is_message(text), "{text}");
        }
        for text in [
            "",
            "Ada Roe <ada@mail.example>",
            "ada roe",
            "ada dot roe at mail dot example please write",
            "the address is ada roe at mail.example as ever",
            "you can write to ada arroba mail punto example",
            "Ada Roe, Bob Poe, Cy Lee\nDee Moe, Eve Poe",
            "Ada Roe <ada@mail.example>\nBob Poe <bob@mail.example>",
            "please write to ada@mail.example about the order",
            "please write to ada%40mail.example about the order",
        ] {
            assert!(!is_message(text), "{text}");
        }
    }
}
