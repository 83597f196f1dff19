//! What values look like under names that are everyday words, or those of other things too.

use super::identity_number::Identity;
use super::reference;

/// What a value has to look like for its name to say what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A token or hexadecimal digits, and no word.
    Token,
    /// The same, and a UUID too.
    TokenOrUuid,
    /// Letters of both cases and digits as chance has them.
    RandomToken,
    /// A code that somebody types to let a device in: two groups of four capital letters and digits.
    UserCode,
    /// A telephone number, and nothing else.
    Dialled,
    /// Two words or more as a person's name has them, of no company.
    PersonName,
    /// The same, and one word too.
    Surname,
    /// The number of an account in a bank: digits alone.
    AccountNumber,
    /// A routing number of the United States, by its check digit.
    RoutingNumber,
    /// The number of an account in France with those of its bank.
    BankIdentity,
    /// The number of a passport or an identity card.
    PaperNumber,
    /// A number that a country gives its people.
    Identity(Identity),
}

/// The fewest characters of a token.
const SHORTEST_TOKEN: usize = 16;
/// The fewest characters that look made by chance whatever their name is.
const SHORTEST_RANDOM: usize = 20;

impl Shape {
    pub(super) fn fits(self, text: &str) -> bool {
        let text = text.trim();
        match self {
            Self::Token => is_token(text),
            Self::TokenOrUuid => is_token(text) || is_uuid(text),
            Self::RandomToken => is_random_token(text),
            Self::UserCode => is_user_code(text),
            Self::Dialled => is_dialled(text),
            Self::PersonName => is_name_of_person(text, 2),
            Self::Surname => is_name_of_person(text, 1),
            Self::AccountNumber => count_digits(text).is_some_and(|digits| digits >= 7),
            Self::RoutingNumber => is_routing_number(text),
            Self::BankIdentity => {
                let (letters, digits) = letters_and_digits(text);
                letters + digits == 23 && digits >= 12
            }
            Self::PaperNumber => is_paper_number(text),
            Self::Identity(identity) => identity.fits(text),
        }
    }
}

/// How many digits a number of digits with `-`, `.`, `/` and blanks between them has.
fn count_digits(text: &str) -> Option<usize> {
    let is_separator = |byte: &u8| matches!(byte, b'-' | b'.' | b'/' | b' ');
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let others = text
        .bytes()
        .filter(|byte| !byte.is_ascii_digit() && !is_separator(byte));
    (digits > 0 && others.count() == 0).then_some(digits)
}

fn letters_and_digits(text: &str) -> (usize, usize) {
    let letters = text.chars().filter(|letter| letter.is_alphabetic()).count();
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    (letters, digits)
}

fn is_of_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'+' | b'/' | b'=' | b':')
}

/// One long part in which digits stand among letters, or letters of both cases by turns; or short ones of capitals.
fn is_token(text: &str) -> bool {
    let parts = || text.split(|letter: char| !letter.is_ascii_alphanumeric());
    let is_long = |part: &str| {
        let (letters, digits) = letters_and_digits(part);
        part.len() >= SHORTEST_TOKEN && letters > 0 && (digits >= 2 || turns(part) >= 3)
    };
    // `XXXXX-XXXXX-XXXXX-XXXXX`
    let is_grouped = || {
        parts().count() >= 4
            && text.bytes().any(|byte| byte.is_ascii_digit())
            && text.bytes().any(|byte| byte.is_ascii_uppercase())
            && parts().all(|part| {
                (4..=8).contains(&part.len()) && !part.bytes().any(|byte| byte.is_ascii_lowercase())
            })
    };
    text.len() >= SHORTEST_TOKEN
        && text.bytes().all(is_of_token)
        && !text.starts_with("pk_")
        && !is_place(text)
        && (parts().any(is_long) || is_grouped())
}

/// `WDJB-9KHT`, but not `USER-0042`, with which records are numbered.
fn is_user_code(text: &str) -> bool {
    let Some((one, other)) = text.split_once('-') else {
        return false;
    };
    let is_group = |group: &str| {
        group.len() == 4
            && group
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    };
    let is_number = |group: &str| group.bytes().all(|byte| byte.is_ascii_digit());
    is_group(one) && is_group(other) && !is_number(one) && !is_number(other)
}

/// Five groups of hexadecimal digits.
fn is_uuid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12])
        && text
            .bytes()
            .all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

/// Paths, addresses and names of resources, in which a part may look made by chance.
fn is_place(text: &str) -> bool {
    text.starts_with(['/', '.', '~'])
        || text.contains("://")
        || text.starts_with("arn:")
        || text.rsplit_once('.').is_some_and(|(_, kind)| {
            (2..=4).contains(&kind.len()) && kind.bytes().all(|byte| byte.is_ascii_lowercase())
        })
}

/// One long part of letters of both cases and digits, none of them rare.
fn is_random_token(text: &str) -> bool {
    let Some(part) = text
        .split(['-', '_', '+', '/', '=', '.', '~'])
        .max_by_key(|part| part.len())
    else {
        return false;
    };
    let count = |is: fn(&u8) -> bool| part.bytes().filter(is).count();
    let (capitals, small) = (count(u8::is_ascii_uppercase), count(u8::is_ascii_lowercase));
    let digits = count(u8::is_ascii_digit);
    let is_of_both =
        capitals * 8 >= part.len() && small * 8 >= part.len() && turns(part) * 4 >= part.len();
    // Hexadecimal digits are those of a hash more often than not.
    let is_of_one = (capitals == 0 || small == 0)
        && digits * 6 >= part.len()
        && turns(part) * 5 >= part.len()
        && part
            .bytes()
            .filter(|byte| byte.to_ascii_lowercase() > b'f')
            .count()
            >= 5;
    text.len() >= SHORTEST_RANDOM
        && text.bytes().all(|byte| is_of_token(byte) && byte != b':')
        && !is_place(text)
        && part.len() >= SHORTEST_TOKEN
        && digits > 0
        && (is_of_both || is_of_one)
        && reference::looks_secret(text)
}

/// How often another kind of letter follows.
fn turns(part: &str) -> usize {
    let kind = |byte: u8| (byte.is_ascii_digit(), byte.is_ascii_uppercase());
    let pairs = part.as_bytes().windows(2);
    pairs.filter(|pair| kind(pair[0]) != kind(pair[1])).count()
}

/// `+43 660 1234567`, `(11) 98765-4321`, `5550134718`; no date, and no number of few digits.
fn is_dialled(text: &str) -> bool {
    let number = text.strip_prefix("tel:").unwrap_or(text);
    let number = number
        .find(['x', 'X', 'e', ',', ';'])
        .map_or(number, |at| number[..at].trim_end());
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    let is_of_number = |byte: u8| {
        byte.is_ascii_digit() || matches!(byte, b'+' | b'(' | b')' | b' ' | b'-' | b'.' | b'/')
    };
    let is_international = number.starts_with('+') || number.starts_with("00");
    (7..=15).contains(&digits)
        && number.bytes().all(is_of_number)
        && (is_international || digits <= 13)
        && !is_date(number)
}

/// `2026-03-14`, `14.03.2026`.
pub(super) fn is_date(text: &str) -> bool {
    let mut parts = text.split(['-', '.', '/']);
    let lengths = [(); 4].map(|()| parts.next().map_or(0, str::len));
    matches!(lengths, [4, 2, 2, 0] | [2, 2, 4, 0])
}

/// Words that begin with capital letters, with what stands between the parts of names.
fn is_name_of_person(text: &str, least: usize) -> bool {
    if text.len() > 64 {
        return false;
    }
    let mut count = 0;
    for word in text.split_whitespace() {
        let word = word.trim_end_matches([',', '.']);
        if PARTICLES.contains(&word) {
            continue;
        }
        let mut letters = word.chars();
        let begins = letters.next().is_some_and(char::is_uppercase);
        let goes_on = word
            .chars()
            .all(|letter| letter.is_alphabetic() || matches!(letter, '-' | '\'' | '’'));
        if !begins || !goes_on || is_of_company(word) {
            return false;
        }
        count += usize::from(letters.next().is_some());
    }
    (least..=5).contains(&count)
}

/// Words of companies that are surnames too: in capitals alone nothing tells them apart.
const SURNAMES_TOO: &[&str] = &[
    "EAST", "MAIN", "NORTH", "PAGE", "ROOT", "SOUTH", "WATER", "WEST",
];

/// True for a word that companies, programs and things have, be it in capitals alone.
fn is_of_company(word: &str) -> bool {
    OF_COMPANIES.contains(&word)
        || word.len() > 2
            && !SURNAMES_TOO.contains(&word)
            && word.bytes().all(|byte| byte.is_ascii_uppercase())
            && OF_COMPANIES
                .iter()
                .any(|known| known.eq_ignore_ascii_case(word))
}

/// What stands in small letters within names.
#[rustfmt::skip]
pub(super) const PARTICLES: &[&str] = &[
    "af", "al", "av", "bin", "da", "das", "de", "del", "della", "den", "der", "di", "do", "dos", "du", "e",
    "el", "i", "la", "le", "of", "och", "ten", "ter", "van", "vom", "von", "y", "zu", "zum", "zur",
];

/// What companies, programs and things are called.
#[rustfmt::skip]
const OF_COMPANIES: &[&str] = &[
    "AB", "AG", "API", "AS", "Account", "Accounts", "Actions", "Admin", "Agency", "Agent", "Airlines", "Android",
    "Apotheke", "App", "Apple", "Application", "Automation", "BV", "Bank", "Billing", "Board", "Bot", "Brothers",
    "CLI", "Capital", "Category", "Center", "Centre", "Channel", "Chrome", "Clinic", "Cloud", "Club", "Co", "Code",
    "Company", "Consulting", "Copilot", "Corp", "Corporation", "Customer", "Dashboard", "Data", "Default",
    "Department", "Design", "Desk", "Desktop", "Development", "Digest", "East", "Edge", "Electric", "Email", "Energy",
    "Engineering", "Enterprises", "Epic", "External", "Finance", "Finanzamt", "Firefox", "Folder", "Foods", "Form",
    "Foundation", "Function", "Global", "GmbH", "Google", "Group", "HTML", "Hausverwaltung", "Health", "Helpdesk",
    "Holding", "Holdings", "Hospital", "Hotel", "Immobilien", "Inc", "Incorporated", "Industries", "Institute",
    "Insurance", "Internal", "International", "Item", "JSON", "KG", "Krankenkasse", "LLC", "LLP", "Labs", "Limited",
    "Linux", "List", "Logistics", "Ltd", "Main", "Manager", "Marketing", "Media", "Medical", "Menu", "Microsoft",
    "Mobile", "Motors", "NV", "Network", "New", "Node", "None", "North", "Notification", "Office", "Oncall",
    "Operations", "Ops", "Oy", "PLC", "Page", "Partners", "Payable", "Pipeline", "Platform", "Portal", "Preview",
    "Primary", "Private", "Process", "Product", "Production", "Project", "Public", "Queue", "Reporter", "Research",
    "Root", "Runner", "SA", "SARL", "SE", "SL", "Safari", "Sales", "Scheduler", "School", "Section", "Security",
    "Server", "Service", "Services", "Shop", "Software", "Solutions", "South", "SpA", "Sparkasse", "Squad",
    "Stadtwerke", "Staging", "Store", "Studio", "Supplies", "Supply", "Support", "System", "Systems", "Table", "Task",
    "Team", "Technologies", "Technology", "Telekom", "Test", "The", "Trading", "Trust", "University", "Universität",
    "Unknown", "User", "Utilities", "Ventures", "Verein", "Verlag", "Versicherung", "View", "Visual", "Water", "Web",
    "Webhook", "West", "Windows", "Worker", "Workspace",
];

/// Nine digits with the check digit of the American Bankers Association.
pub(super) fn is_routing_number(text: &str) -> bool {
    let digits: Vec<u32> = text
        .bytes()
        .filter(u8::is_ascii_digit)
        .map(|digit| u32::from(digit - b'0'))
        .collect();
    let sum: u32 = digits
        .iter()
        .zip([3, 7, 1].iter().cycle())
        .map(|(digit, weight)| digit * weight)
        .sum();
    count_digits(text) == Some(9) && sum.is_multiple_of(10) && sum > 0
}

/// One to three letters and six digits or more, or nine characters of both, as passports have them.
fn is_paper_number(text: &str) -> bool {
    /// How numbers of orders, invoices and the like begin.
    const OF_RECORDS: &[&str] = &[
        "AB", "BL", "CN", "CR", "DN", "DOC", "GR", "INV", "LS", "PO", "RE", "RG", "SO",
    ];
    let capitals = text.bytes().take_while(u8::is_ascii_uppercase).count();
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let is_plain = text
        .bytes()
        .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    is_plain
        && (7..=10).contains(&text.len())
        && (1..=3).contains(&capitals)
        && digits >= 5
        && !OF_RECORDS.contains(&&text[..capitals])
}

#[cfg(test)]
mod tests {
    use super::Shape::{
        Dialled, PaperNumber, PersonName, RandomToken, RoutingNumber, Surname, Token, TokenOrUuid,
    };

    #[test]
    fn values_of_a_shape_are_told_from_others() {
        let table = [
            (
                Token,
                "9f86d081884c7d659a2feaa0c55ad015",
                "sk-learn-contrib",
            ),
            (
                TokenOrUuid,
                "6ddd2f54-6388-4117-ae39-07f134ab30c8",
                "arn:aws:kms:eu-west-1:12345678:key/1",
            ),
            (
                RandomToken,
                "yjlDyettKjIwyQM7aSTcWRbf9YEtLGrt",
                "order:2026:eu-west-1:customer",
            ),
            (
                RandomToken,
                "whPoj4z1fdvEh6lIwIKt1ukYdIg0JOy7",
                "AuthenticationServiceProviderFactory2",
            ),
            (
                RandomToken,
                "iSVyBQnBkhmJBucWBz9y6Ffxufkaxe1m",
                "9f86d081884c7d659a2feaa0c55ad015",
            ),
            (
                RandomToken,
                "JkLoVgVfkMrqUlEy78G8Lr9Sd1dBUBsc",
                "reports/2026/Q3/SummaryReport.pdf",
            ),
            (Dialled, "+43 660 1234567", "Umsatz Q3 2026"),
            (Dialled, "(11) 98765-4321", "70133"),
            (Dialled, "555-0134 x17", "2026-03-14"),
            (PersonName, "Wolfhart Trugbild", "Trugbild GmbH"),
            (PersonName, "ALMA NORTH", "TRUGBILD HEALTH"),
            (PersonName, "Ana María de la Cruz", "fairphone-6"),
            (PersonName, "O'Neil, Mary-Jane", "Patient/123"),
            (PersonName, "WOLFHART TRUGBILD", "TRUGBILD TRADING INC"),
            (Surname, "Fauxbourg", "rapport"),
            (Surname, "von Trugbild", "Lot 7"),
            (RoutingNumber, "021000021", "021000022"),
            (PaperNumber, "P7712345", "INV202617"),
        ];
        for (shape, fits, does_not) in table {
            assert!(shape.fits(fits), "{shape:?} {fits}");
            assert!(!shape.fits(does_not), "{shape:?} {does_not}");
        }
    }
}
