//! The sanitizer: rules compiled once, applied in the one pass that also writes canonical JSON.
//!
//! It knows nothing of calls, entries or sinks. Values and texts go in, canonical bytes come out.
//!
//! # What it finds
//! **Members by their names.** What grants access (passwords, tokens, keys, credentials, cookies, one-time codes, PINs) becomes
//! `[REDACTED:<rule>]`, whatever it is, with all that is in it. Security codes, track data and PIN blocks of cards become
//! `[DROPPED:<rule>]`. Numbers of cards and accounts become `[MASKED:<rule>:<last four>]`; amounts of money stay. Names, birth
//! dates, addresses, telephone numbers, e-mail addresses and numbers of people's papers and records become pseudonyms, string by
//! string. A null stays, and so do true and false.
//!
//! Names are folded: `apiKey`, `API-KEY`, `Api Key`, `x.api.key`, `apikey2` and `api_keys` are `api_key`, for the last words of
//! a name decide; so are names in full-width letters, in letters that only look like Latin ones, or with characters
//! in them that are not seen. Words are never matched in part, so `token_count`, `secretary` and
//! `password_policy_id` stay; names that only look alike, such as `next_page_token`, `max_tokens` and `bind_address`, are
//! excepted. Where a name is an everyday word (`sin`, `nom`, `acct`), or only says that something is a key (`stripe_key`), what the
//! value looks like decides. Names of passwords, persons, birth dates, addresses, telephones, accounts and of the numbers that
//! countries give their people are known in many languages. A plural with a number is a count and stays. Names of users, ids, URLs and hosts stay. [`SanitizerBuilder`] adds names.
//!
//! Of an object under the name of a token, a key or credentials that stays which only describes it: a user's name, a status, a
//! type, a date. Marks on a map, counts of tokens and cells of tables are no PINs, tokens and telephones.
//!
//! What tells of a member and is not its value stays too: a schema of it (`{"type": "string", "description": …}`), the name of a
//! Kubernetes secret (`[{"name": …}]`), the name of a way to authenticate (`"auth": "oauth2"`), a path in a store of secrets
//! (`"SecretId": "prod/db"`). So does what validators say of a field in seven languages (`"password": ["is too short"]`), as long
//! as each of its words is one of theirs, the rules by which they go (`required|min:8`), types of columns, and what a form
//! shows with a field (`password_hint_text`). A message under `email` is looked through as any other text.
//!
//! **Values by what stands beside them**, by the same names: `{"name": "password", "value": …}` in its many forms, rows of name and
//! value, rows under columns, `["--password", …]` and the like in lists of arguments, with the short options of programs that
//! take a password in one (`mysql -p`, `curl -u`, `docker login -p` …), and all data of a Kubernetes `Secret`.
//! A plain `name` is a person's in what is called `patient`, `person`, `customer` and the like, and in FHIR's resources of persons;
//! where it looks like one, in a `requester`, `assignee`, `recipient` and the like, and beside what persons alone have, such as a birth date.
//!
//! **Members' names** are searched as texts are. Names that come out alike get `#2`, `#3` … behind them. Whole numbers are
//! searched for card numbers.
//!
//! **JSON in strings.** A string that holds an object, a list or another string is opened, up to 4 levels deep,
//! and written anew where anything in it was changed. Deeper levels are searched as text.
//!
//! **Assignments in text**: `password=…`, `api key: …`, `"token": "…"` (also in cut or escaped JSON), `secret => …`,
//! `--password …`, `Authorization: Bearer …`, by the same names. A value that only refers to a secret, such as
//! `${{ secrets.TOKEN }}`, `$DB_PASSWORD` or `os.environ["DB_PASSWORD"]`, stays; so does what an error says behind a name, as in
//! `jwt: signature verification failed`.
//!
//! **Sentences**: `the password is …`, `… is the password`, `login: ada / …`, `wifi key …`, and the same of `Passwort`, `mot de
//! passe`, `contraseña`, `hasło`, `пароль`, `密码` and their like in some thirty languages, with the codes that are good once, and those
//! that recover an account, also in the lines below; what a validator refused, beside the name of its field (`rejected value […]`, `input_value='…'`); dates behind `born on`, `née le`,
//! `geboren am`; a house in a street behind `address is`; a patient's whole name behind `Patient:`; numbers behind `acct`, `ABA` and `wire to account`.
//!
//! **Texts of a known form**, by the same names: CSV and other tables, XML and HTML, also with
//! entities for quotation marks, SQL, filters of OData and SCIM, forms in
//! parts (RFC 7578), what databases say of rows that break a constraint, segments of HL7 version 2, of ASC X12 and of EDIFACT about persons, parties in payments of SWIFT and ISO 20022,
//! attributes of DICOM as programs print them, vCards, tracks of magnetic stripes, lines of travel documents that machines
//! read; commands with the secrets that some hundred programs take, what is piped into those that read one, the configuration of
//! routers and switches, values of the registry of Windows, what SMTP, IMAP, POP3 and Redis log in with, and calls that log in or fill in a field of a page.
//!
//! **Values by what they look like**, wherever they stand, error texts and results too:
//!
//! | rule | what | becomes |
//! |---|---|---|
//! | `vendor_token` | tokens with a known prefix, of some 120 vendors and clouds, and the secret behind the id of a key | redacted |
//! | `jwt`, `private_key` | JSON Web Tokens; PEM and PGP private keys, cut ones too | redacted |
//! | `url_credentials`, `url_secret` | credentials before a host, query parameters and paths that grant access: webhooks, resets, magic links, invitations | redacted |
//! | `authorization`, `cookie` | credentials of HTTP, `Cookie` and `Set-Cookie` lines | redacted |
//! | `secret`, `one_time_code` | what follows its name in prose, both sides of a change of it, options, SQL, markup and connection strings; codes in messages | redacted |
//! | `base64` | base64, hexadecimal digits and percent-encoding that hide one of the others | redacted |
//! | `card`, `iban` | card numbers by issuer and check digit, those of any issuer where a word says so, bank accounts by country and check digits | the last four stay |
//! | `account_number` | numbers of accounts and banks in sentences about banking | the last four stay |
//! | `national_id` | numbers that countries give their people, by the word beside them or by their check digits | pseudonym |
//! | `ssn`, `nhs_number`, `email`, `phone` | by their numbering rules and what stands beside them; telephone numbers of any country right behind a word for one | pseudonym |
//!
//! **The same secret elsewhere.** What was replaced for its name is looked for in all the rest of its call, in any letter case,
//! escaped, percent-encoded, in base64 and in hexadecimal digits, and replaced there too; of cookies each value that looks made by
//! chance, of `Basic` credentials the password, of base64 what is in it, of `MRN-771245` the
//! number. Values of fewer than five characters and common words are not looked for.
//!
//! # What it does not find
//! - A secret without a known prefix under a harmless name, or in prose that does not say that it is one.
//! - In prose, what is told under a name that a policy adds, or under one that is joined to another word (`the dbpassword
//!   is …`), unless a word such as "password" or a longer number stands in the same text. Behind an operator they count.
//! - Names of people, places and companies in prose, but for a patient's behind that word, and dates of birth that nothing names.
//! - A password that is a sentence of a validator: of its words alone, and a telling one among them.
//! - In prose of other languages, secrets that are plain words without a digit, unless they stand in quotation marks.
//! - What is encrypted, compressed, or encoded more than four times over; secrets that are spread over several strings, and
//!   secrets that one call holds under a name and another one bare.
//! - Text within images and other binary data.
//! - Bare telephone numbers and card numbers of small networks that no word tells of; a command's positional secrets where the
//!   program is not known.
//! - A part of a person's name, the last name before the first, and an answer to a question that another item of a list asks.
//! - Names of members in languages other than English that are not in the lists, and names of things that may be a person's
//!   (`nombre`, `名前`) where neither the value nor what stands beside it says so.
//! - Numbers that countries give their people without a word beside them, apart from those of Brazil, China and Switzerland.
//!
//! And it takes some for secret that are none: a member called `token` may hold a harmless number. What was replaced
//! cannot be had back from the log.
//!
//! # Policies
//! [`SanitizerBuilder`] begins with a [`Preset`] and adds names, patterns, places and rules of single tools; the feature
//! `policy` reads the same from a TOML file (`Sanitizer::from_policy_file`), and `tool-audit replay --policy` shows what it would do to
//! recorded calls. Fields of one's own types that must never be written are [`Sensitive`].
//!
//! # Pseudonyms are personal data
//! `pn:<class>:<key id>:<26 base32 characters>` is 128 bits of a keyed hash: the same value has the same pseudonym
//! under the same key, so that a log can be searched for one person without naming that person. For whoever has the
//! key a pseudonym is as good as the value, and what one pseudonym did can be joined without it.
//!
//! # Bounds
//! Containers nested more than 64 deep become `[SHORTENED: depth]`; a pass looks at 10,000 values; one string is
//! written with at most 64 KiB and is looked at as far as 1 MiB before it is cut, so that nothing is written that was not
//! looked at. What passes the bound that the caller sets is left out, whole members and items at a time,
//! and a string is cut between characters, in no marker.
//!
//! A fault within the sanitizer lets nothing through: the value becomes `[REDACTION FAILED]`. A program built
//! with `panic = "abort"` ends there instead.

mod action;
mod additions;
mod bounded;
mod builder;
mod canonical_value;
mod card_numbers;
mod column_type;
mod complaint;
mod default_rules;
mod detect;
mod echo;
mod echoing;
mod error;
mod extent;
mod fail_closed;
#[cfg(test)]
pub(crate) mod fault;
mod fold;
mod generalize;
mod harmless_words;
mod identity_number;
mod keys;
mod known_names;
mod known_texts;
mod looked_for;
mod marker;
mod member_name;
mod names;
mod pass;
mod path;
mod pattern;
mod places;
#[cfg(feature = "policy")]
mod policy_file;
mod preset;
mod prose;
mod pseudonym;
mod pseudonym_key;
mod record_rules;
mod reference;
mod replace;
mod rule;
mod rule_counts;
mod rule_set;
mod rules;
mod sanitized;
mod sanitizer;
mod sensitive;
mod spared;
mod sweep;
mod text;
mod tools;
mod value_shape;
mod vocabulary;

pub use self::action::Action;
pub(crate) use self::echo::Echo;
#[cfg(unix)]
pub(crate) use self::marker::is_whole as is_marker;

pub use self::builder::SanitizerBuilder;
pub use self::error::SanitizerError;
#[cfg(feature = "policy")]
pub(crate) use self::policy_file::reader;
#[cfg(feature = "policy")]
#[cfg_attr(docsrs, doc(cfg(feature = "policy")))]
pub use self::policy_file::{Place, PolicyFile, PolicyFileError};
pub use self::preset::Preset;
pub use self::pseudonym::SmallClasses;
pub use self::pseudonym_key::PseudonymKey;
pub use self::record_rules::{ClientIpPolicy, RecordRules, UserIdPolicy};
pub use self::rule_counts::RuleCounts;
pub use self::rule_set::ToolRules;
pub use self::sanitized::Sanitized;
pub use self::sanitizer::Sanitizer;
pub use self::sensitive::Sensitive;
