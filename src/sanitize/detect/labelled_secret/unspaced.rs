//! Secrets and codes told in languages that put no blank between their words: `密码是x`, `パスワードは x です`,
//! `비밀번호는 x입니다`.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::sanitize::detect::{Detected, Detector};
use crate::sanitize::reference::{is_grammar, looks_secret};

/// The most bytes of a value.
const MAX_VALUE: usize = 256;
/// The most small words between a name and its value.
const MAX_PARTICLES: usize = 8;

/// Words for "password".
const SECRETS: &[&str] = &[
    "密码",
    "密碼",
    "口令",
    "パスワード",
    "パスコード",
    "暗証番号",
    "合言葉",
    "비밀번호",
    "패스워드",
    "암호",
    "รหัสผ่าน",
];
/// Words for codes that are good once.
const CODES: &[&str] = &[
    "验证码",
    "驗證碼",
    "动态码",
    "動態碼",
    "校验码",
    "确认码",
    "確認碼",
    "激活码",
    "登录码",
    "取件码",
    "安全码",
    "認証コード",
    "確認コード",
    "検証コード",
    "ワンタイムパスワード",
    "セキュリティコード",
    "ログインコード",
    "確認番号",
    "認証番号",
    "인증번호",
    "인증코드",
    "인증 코드",
    "인증 번호",
    "확인코드",
    "확인 코드",
    "보안코드",
    "보안 코드",
    "รหัส OTP",
    "รหัสยืนยัน",
];
/// What may stand between the two and tells what something is.
const LINKS: &[&str] = &[
    "是",
    "为",
    "為",
    "设为",
    "改为",
    "改成",
    "設為",
    "は",
    "는",
    "은",
    "คือ",
];
/// What else may stand between the two.
const PARTICLES: &[&str] = &[
    "如下",
    "が",
    "を",
    "も",
    "、",
    "次の通り",
    "이번",
    "이",
    "가",
    "를",
    "을",
    "แม่น",
    "：",
    ":",
    "=",
    "-",
    " ",
    "「",
    "『",
    "【",
    "[",
    "<",
    "(",
    "\"",
    "'",
    "“",
    "`",
    "*",
];

/// The fewest letters of a word that is taken for a password.
const LEAST_WORD: usize = 6;
/// Words that are said of passwords, in English within other languages.
const SAID: &[&str] = &[
    "bcrypt",
    "blank",
    "correct",
    "default",
    "disabled",
    "enabled",
    "encrypted",
    "expired",
    "hashed",
    "hidden",
    "incorrect",
    "invalid",
    "missing",
    "optional",
    "password",
    "plaintext",
    "private",
    "public",
    "required",
    "scrypt",
    "secret",
    "string",
    "undefined",
    "varchar",
];

/// Finds them; every text that has one has bytes that are not ASCII.
pub(in crate::sanitize) fn find(text: &str, found: &mut Vec<Detected>) {
    if !text.bytes().any(may_begin) {
        return;
    }
    for (name, detector) in NAMES.iter() {
        for at in name.find_iter(text.as_bytes()) {
            if let Some(range) = value_behind(text, at + name.needle().len(), *detector) {
                found.push(Detected {
                    range,
                    detector: *detector,
                });
            }
        }
    }
}

/// What finds each of the words, made once.
static NAMES: LazyLock<Vec<(Finder<'static>, Detector)>> = LazyLock::new(|| {
    let secrets = SECRETS.iter().map(|name| (name, Detector::LabelledSecret));
    let codes = CODES.iter().map(|name| (name, Detector::OneTimeCode));
    let names = secrets.chain(codes);
    names
        .map(|(name, detector)| (Finder::new(*name), detector))
        .collect()
});

/// True for the first byte of such a word, and not for those of dashes, quotation marks and arrows.
fn may_begin(byte: u8) -> bool {
    matches!(byte, 0xE0 | 0xE3 | 0xE5..=0xE9 | 0xEB..=0xED)
}

fn value_behind(text: &str, from: usize, detector: Detector) -> Option<std::ops::Range<usize>> {
    let mut rest = text.get(from..)?;
    let mut is_linked = false;
    for _ in 0..MAX_PARTICLES {
        let behind = |words: &[&str]| words.iter().find_map(|word| rest.strip_prefix(word));
        let behind_link = behind(LINKS);
        let Some(behind) = behind_link.or_else(|| behind(PARTICLES)) else {
            break;
        };
        is_linked |= behind_link.is_some();
        rest = behind;
    }
    let start = text.len() - rest.len();
    let near = &rest.as_bytes()[..rest.len().min(MAX_VALUE)];
    let length = near
        .iter()
        .take_while(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'`' | b'<' | b'>'))
        .count();
    let is_digit = |byte: &u8| byte.is_ascii_digit() || *byte == b'-';
    let number = near.iter().take_while(|byte| is_digit(byte)).count();
    // A full-width comma came out as one of ASCII.
    let is_parted = near
        .get(number)
        .is_none_or(|next| !next.is_ascii_alphanumeric());
    let length = if number > 0 && is_parted {
        number
    } else {
        length
    };
    let value = rest.get(..length)?;
    let value = value.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '\'', '*', '(']);
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let is_number = digits == value.len();
    let is_value = match detector {
        Detector::OneTimeCode => {
            let parted = value
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'-');
            parted && (4..=8).contains(&digits) || !is_number && digits > 0 && looks_secret(value)
        }
        // `8位`: a count.
        _ => {
            is_number && (4..=12).contains(&digits)
                || digits > 0 && looks_secret(value)
                || is_linked && is_told_alone(value, rest)
        }
    };
    is_value.then(|| start..start + value.len())
}

/// True for a word of small letters behind which a clause ends: what else is said of a password has words of its own
/// language behind it.
fn is_told_alone(value: &str, rest: &str) -> bool {
    let behind = rest.get(value.len()..).unwrap_or_default();
    let behind = behind.trim_start_matches([' ', '」', '』', '】']);
    let ends_clause = behind.is_empty()
        || behind.starts_with(['.', ',', ';', '!', '\n', '。', '，', '、', '；', '！'])
        || ["です", "でし", "に設定", "입니다"]
            .iter()
            .any(|end| behind.starts_with(end));
    ends_clause
        && value.len() >= LEAST_WORD
        && value.bytes().all(|byte| byte.is_ascii_lowercase())
        && !SAID.contains(&value)
        && !is_grammar(value)
}

#[cfg(test)]
mod tests {
    use super::{CODES, SECRETS, find, may_begin};
    use crate::sanitize::detect::tests::found;

    #[test]
    fn no_text_is_passed_over_that_has_one_of_the_words() {
        for name in SECRETS.iter().chain(CODES) {
            assert!(name.bytes().next().is_some_and(may_begin), "{name}");
        }
    }

    #[test]
    fn secrets_and_codes_are_found() {
        for (text, secret) in [
            ("パスワードは Xk4Ergjv です。", "Xk4Ergjv"),
            ("パスワードはXk4Ergjvです", "Xk4Ergjv"),
            ("新密码是Xk4Ergjv,请保密", "Xk4Ergjv"),
            ("密码改为 Xk4Ergjv", "Xk4Ergjv"),
            ("비밀번호는 Xk4Ergjv입니다", "Xk4Ergjv"),
            ("비밀번호를 Xk4Ergjv(으)로 변경", "Xk4Ergjv"),
            ("暗証番号は「4821」です", "4821"),
            ("密码是hunterpass", "hunterpass"),
            ("パスワードは swordfish です", "swordfish"),
            ("비밀번호는 swordfish입니다", "swordfish"),
            ("您的验证码为724149", "724149"),
            ("您的验证码是 724149,5分钟内有效", "724149"),
            ("【银行】验证码:724149", "724149"),
            ("認証コードは 724149 です", "724149"),
            ("인증번호 [724149]", "724149"),
        ] {
            assert_eq!(found(text, find), [secret], "{text}");
        }
    }

    #[test]
    fn what_is_said_of_them_stays() {
        for text in [
            "密码长度为8位",
            "密码为SHA256加密",
            "密码是encrypted的",
            "密码是required",
            "パスワードは string です",
            "パスワードを忘れた",
            "パスワードは8文字以上",
            "비밀번호 변경",
            "验证码已过期",
            "密码错误",
        ] {
            assert_eq!(found(text, find), [""; 0], "{text}");
        }
    }
}
