//! Numbers that the text calls a card's, whatever network they are of.

/// How far before a number the word may stand that says what it is.
const NEAR: usize = 40;

/// What a card is called, and networks whose names are no everyday words.
const CARDS: &[&str] = &[
    "card",
    "cards",
    "creditcard",
    "debitcard",
    "pan",
    "karte",
    "kartennummer",
    "kreditkarte",
    "kreditkartennummer",
    "bankkarte",
    "carte",
    "tarjeta",
    "carta",
    "cart\u{e3}o",
    "cartao",
    "kaart",
    "kaartnummer",
    "kort",
    "kortnummer",
    "kortnr",
    "kortti",
    "korttinumero",
    "korttini",
    "kortin",
    "karta",
    "karty",
    "kart",
    "kartya",
    "k\u{e1}rtya",
    "card\u{103}",
    // As letters that look like Latin ones are folded.
    "kap\u{442}a",
    "kap\u{442}\u{44b}",
    "カード",
    "卡",
    "카드",
    "amex",
    "bancontact",
    "dankort",
    "girocard",
    "hipercard",
    "jcb",
    "maestro",
    "mastercard",
    "rupay",
    "unionpay",
    "uzcard",
    "visa",
];

/// Words behind which a number is another thing's, though a card stands near.
const OTHERS: &[&str] = &[
    "barcode",
    "batch",
    "device",
    "ean",
    "event",
    "gtin",
    "iccid",
    "id",
    "imei",
    "invoice",
    "isbn",
    "job",
    "meid",
    "order",
    "parcel",
    "pid",
    "ref",
    "reference",
    "request",
    "sequence",
    "serial",
    "session",
    "shipment",
    "sim",
    "sku",
    "thread",
    "time",
    "timestamp",
    "trace",
    "tracking",
    "transaction",
    "ts",
    "txn",
    "upc",
    "version",
];

/// True where the number at `start` stands behind a word for a card, on its line, with no other number between them.
pub(super) fn is_told(bytes: &[u8], start: usize) -> bool {
    let before = &bytes[start.saturating_sub(NEAR)..start];
    let ends = |byte: &u8| *byte == b'\n' || byte.is_ascii_digit();
    let from = before
        .iter()
        .rposition(ends)
        .map_or(0, |position| position + 1);
    // A word that is cut by the bound is none.
    let is_cut =
        from == 0 && start > before.len() && bytes[start - before.len() - 1].is_ascii_alphabetic();
    let mut words = before[from..]
        .split(|byte| byte.is_ascii() && !byte.is_ascii_alphabetic())
        .filter(|word| !word.is_empty())
        .skip(usize::from(is_cut));
    let mut told = false;
    for word in &mut words {
        if is_one_of(word, OTHERS) {
            return false;
        }
        told |= is_one_of(word, CARDS) || ends_in_a_card(word);
    }
    told
}

fn is_one_of(word: &[u8], words: &[&str]) -> bool {
    words
        .iter()
        .any(|known| word.eq_ignore_ascii_case(known.as_bytes()))
}

/// True for a word of a script that is written without blanks.
fn ends_in_a_card(word: &[u8]) -> bool {
    let has = |sign: &str| {
        word.windows(sign.len())
            .any(|window| window == sign.as_bytes())
    };
    word.first().is_some_and(|byte| !byte.is_ascii())
        && ["カード", "卡", "카드"].into_iter().any(has)
}
