//! Objects about a person, in which a plain `name` is the person's: `{"patient": {"name": …}}`, and those of FHIR and
//! DICOM.

use crate::tree::{Members, Tree};

use super::labels;
use crate::sanitize::detect::dicom;
use crate::sanitize::known_names::About;
use crate::sanitize::rules::Rules;

/// The last words of names of members that hold persons.
const PERSONS: &[(&[&str], About)] = &[
    (
        &[
            "patient",
            "patients",
            "paciente",
            "пациент",
            "환자",
            "患者",
            "المريض",
        ],
        About::Patient,
    ),
    (
        &[
            "person",
            "persons",
            "people",
            "customer",
            "customers",
            "employee",
            "employees",
            "cardholder",
            "applicant",
            "guardian",
            "guest",
            "guests",
            "passenger",
            "passengers",
            "beneficiary",
            "subscriber",
            "cliente",
            "kunde",
            "kundin",
            "müşteri",
            "клиент",
            "сотрудник",
            "고객",
            "회원",
            "客户",
            "顾客",
            "お客様",
            "العميل",
        ],
        About::Person,
    ),
    (
        &[
            "assignee",
            "assignees",
            "caller",
            "caller_id",
            "receiver",
            "recipient",
            "recipients",
            "reporter",
            "requester",
            "requestor",
        ],
        About::Party,
    ),
];

/// By this name goes one that is a person's only where it looks like one.
const OF_PERSON_OR_COMPANY: &str = "holder_name";

/// The resources of FHIR that a `name` is a person's in.
const RESOURCES: &[&str] = &["Patient", "Person", "RelatedPerson", "Practitioner"];

/// Whom the member `name` holds, be it one or a list of them.
pub(super) fn held_by(name: &str) -> Option<About> {
    PERSONS
        .iter()
        .find(|(words, _)| labels::ends_in(name, words))
        .map(|(_, person)| *person)
}

/// The resources of FHIR whose `contact` is a person too.
const WITH_CONTACTS: &[&str] = &[
    "Patient",
    "Person",
    "RelatedPerson",
    "Practitioner",
    "Organization",
];

/// True for a member that [`alias`] or [`held_beside`] may know more of.
pub(super) fn has_alias(name: &str) -> bool {
    matches!(
        name,
        "name"
            | "display_name"
            | "displayName"
            | "display_value"
            | "family"
            | "given"
            | "display"
            | "contact"
            | "key"
            | "Key"
            | "code"
    ) || dicom::name_of_tag(name).is_some()
        || OF_LANGUAGES.iter().any(|(own, ..)| *own == name)
        || PLAIN_NAMES.contains(&name)
}

/// A plain "name" in other languages, which things have as well.
#[rustfmt::skip]
const PLAIN_NAMES: &[&str] = &[
    "Name", "nom", "nombre", "nome", "naam", "navn", "namn", "imię", "ime", "jméno", "ad", "adı", "isim", "имя", "Имя",
    "ім'я", "όνομα", "이름", "名前", "名字", "الاسم", "שם",
];

/// In larger objects nothing is looked for beside a name.
const MAX_BESIDE: usize = 64;

/// By which name a plain one goes, where its object is a person's.
fn alias_of_plain(
    rules: &Rules,
    name: &str,
    members: Members<'_>,
    within: Option<About>,
) -> Option<&'static str> {
    if !(name == "name" || PLAIN_NAMES.contains(&name)) {
        return None;
    }
    let is_within = matches!(within, Some(About::Patient | About::Person));
    if name != "name" && is_within {
        return Some("full_name");
    }
    let is_of_persons = |name: &str| {
        let verdict = rules.verdict(name);
        let rule = rules.of_verdict(&verdict);
        rule.is_some_and(|(rule, _)| rule.is_of_persons_alone())
    };
    let is_beside = members.len() <= MAX_BESIDE && members.keys().any(is_of_persons);
    // Names in these letters do not look like any.
    let has_capitals = !matches!(name, "이름" | "名前" | "名字" | "الاسم" | "שם");
    match is_beside {
        true if has_capitals => Some(OF_PERSON_OR_COMPANY),
        true => Some("full_name"),
        false => None,
    }
}

/// A plain "name" in other languages, the names beside which it is a person's, and what it is then.
const OF_LANGUAGES: &[(&str, &[&str], &str)] = &[
    (
        "name",
        &["vorname", "Vorname", "voornaam", "fornavn"],
        "last_name",
    ),
    ("Name", &["Vorname", "vorname"], "last_name"),
    ("nom", &["prenom", "prénom", "prenoms"], "last_name"),
    (
        "nombre",
        &["apellido", "apellidos", "primer_apellido", "apellido1"],
        "first_name",
    ),
    ("nome", &["cognome", "sobrenome", "apelido"], "first_name"),
    ("jmeno", &["prijmeni"], "first_name"),
    ("jméno", &["příjmení"], "first_name"),
    ("ime", &["prezime", "priimek"], "first_name"),
    ("имя", &["фамилия"], "first_name"),
    ("Имя", &["Фамилия"], "first_name"),
    ("ім'я", &["прізвище"], "first_name"),
    ("adı", &["soyadı", "soyadi"], "first_name"),
    ("adi", &["soyadi"], "first_name"),
    ("Adı", &["Soyadı"], "first_name"),
    ("ad", &["soyad", "soyadı"], "first_name"),
    ("Ad", &["Soyad", "Soyadı"], "first_name"),
    ("isim", &["soyisim", "soyad"], "first_name"),
    ("όνομα", &["επώνυμο"], "first_name"),
    ("名", &["姓"], "first_name"),
];

/// What a plain "name" is beside another part of a person's name.
fn alias_of_language(name: &str, members: Members<'_>) -> Option<&'static str> {
    OF_LANGUAGES
        .iter()
        .find(|(own, beside, _)| {
            *own == name && beside.iter().any(|beside| members.contains_key(beside))
        })
        .map(|(.., alias)| *alias)
}

/// By which name a member goes that its object makes a person's, who is `within` where that is known.
#[inline]
pub(super) fn alias(
    rules: &Rules,
    name: &str,
    members: Members<'_>,
    within: Option<About>,
) -> Option<&'static str> {
    match name {
        "name" if within == Some(About::Patient) => Some("patient_name"),
        "name" if within == Some(About::Person) => (!is_of_machine(members)).then_some("full_name"),
        "name" if within == Some(About::Party) => Some(OF_PERSON_OR_COMPANY),
        "display_name" | "displayName" | "display_value" => within
            .filter(|about| matches!(about, About::Patient | About::Person | About::Party))
            .map(|_| OF_PERSON_OR_COMPANY),
        "name" => {
            let resource = members.get("resourceType").and_then(Tree::as_str);
            match resource {
                Some(resource) if RESOURCES.contains(&resource) => Some("patient_name"),
                _ => alias_of_language(name, members)
                    .or_else(|| alias_of_plain(rules, name, members, within)),
            }
        }
        "family" if members.contains_key("given") => Some("family_name"),
        "given" if members.contains_key("family") => Some("given_name"),
        "display" if within == Some(About::Patient) || refers_to_person(members) => {
            Some("patient_name")
        }
        // What opens a network, a door or an alarm.
        "key" | "Key"
            if ["ssid", "SSID"]
                .iter()
                .any(|name| members.contains_key(name)) =>
        {
            Some("password")
        }
        "code" => {
            let entity = match members.get("entity_id")? {
                Tree::Array(entities) => entities.first()?,
                entity => entity,
            };
            let entity = entity.as_str()?;
            (entity.starts_with("alarm") || entity.starts_with("lock.")).then_some("pin")
        }
        // An attribute in the JSON of DICOM (PS3.18 annex F), which tells its kind.
        tag if tag.len() == dicom::TAG => members
            .get(tag)?
            .as_object()?
            .contains_key("vr")
            .then(|| dicom::name_of_tag(tag))?,
        _ => alias_of_language(name, members)
            .or_else(|| alias_of_plain(rules, name, members, within)),
    }
}

/// True where the name is one that machines have: the guests of a host are some.
fn is_of_machine(members: Members<'_>) -> bool {
    members
        .get("name")
        .and_then(Tree::as_str)
        .is_some_and(|name| {
            let is_of_host = |byte: u8| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_')
            };
            let is_number = |part: &str| {
                (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
            };
            name.bytes().all(is_of_host) && name.split(['-', '_']).skip(1).any(is_number)
        })
}

/// Whom a member holds where its object tells: the contacts of a person in FHIR.
#[inline]
pub(super) fn held_beside(name: &str, members: Members<'_>) -> Option<About> {
    if name != "contact" {
        return None;
    }
    let resource = members.get("resourceType")?.as_str()?;
    WITH_CONTACTS.contains(&resource).then_some(About::Person)
}

/// True for a reference of FHIR to a person: `{"reference": "Patient/771", "display": …}`.
fn refers_to_person(members: Members<'_>) -> bool {
    let text = |name: &str| members.get(name).and_then(Tree::as_str);
    text("type").is_some_and(|resource| RESOURCES.contains(&resource))
        && (members.contains_key("reference") || members.contains_key("identifier"))
        || text("reference")
            .is_some_and(|reference| reference.split('/').any(|part| RESOURCES.contains(&part)))
}
