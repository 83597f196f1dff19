//! Objects about a person, in which a plain `name` is the person's: `{"patient": {"name": …}}`, and those of FHIR and
//! DICOM.

use crate::tree::{Members, Tree};

use super::labels;
use crate::sanitize::detect::dicom;
use crate::sanitize::known_names::Person;

/// The last words of names of members that hold persons.
const PERSONS: &[(&[&str], Person)] = &[
    (&["patient", "patients"], Person::Patient),
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
        ],
        Person::Other,
    ),
];

/// The resources of FHIR that a `name` is a person's in.
const RESOURCES: &[&str] = &["Patient", "Person", "RelatedPerson", "Practitioner"];

/// Whom the member `name` holds, be it one or a list of them.
pub(super) fn held_by(name: &str) -> Option<Person> {
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
        "name" | "family" | "given" | "display" | "contact" | "key" | "code"
    ) || dicom::name_of_tag(name).is_some()
}

/// By which name a member goes that its object makes a person's, who is `within` where that is known.
#[inline]
pub(super) fn alias(
    name: &str,
    members: Members<'_>,
    within: Option<Person>,
) -> Option<&'static str> {
    match name {
        "name" if within == Some(Person::Patient) => Some("patient_name"),
        "name" if within.is_some() => Some("full_name"),
        "name" => {
            let resource = members.get("resourceType")?.as_str()?;
            RESOURCES.contains(&resource).then_some("patient_name")
        }
        "family" if members.contains_key("given") => Some("family_name"),
        "given" if members.contains_key("family") => Some("given_name"),
        "display" if within == Some(Person::Patient) || refers_to_person(members) => {
            Some("patient_name")
        }
        // What opens a network, a door or an alarm.
        "key"
            if ["ssid", "SSID"]
                .iter()
                .any(|name| members.contains_key(name)) =>
        {
            Some("password")
        }
        "code" => {
            let entity = members.get("entity_id")?.as_str()?;
            (entity.starts_with("alarm") || entity.starts_with("lock.")).then_some("pin")
        }
        // An attribute in the JSON of DICOM (PS3.18 annex F), which tells its kind.
        tag if tag.len() == dicom::TAG => members
            .get(tag)?
            .as_object()?
            .contains_key("vr")
            .then(|| dicom::name_of_tag(tag))?,
        _ => None,
    }
}

/// Whom a member holds where its object tells: the contacts of a person in FHIR.
#[inline]
pub(super) fn held_beside(name: &str, members: Members<'_>) -> Option<Person> {
    if name != "contact" {
        return None;
    }
    let resource = members.get("resourceType")?.as_str()?;
    WITH_CONTACTS.contains(&resource).then_some(Person::Other)
}

/// True for a reference of FHIR to a person: `{"reference": "Patient/771", "display": …}`.
fn refers_to_person(members: Members<'_>) -> bool {
    let text = |name: &str| members.get(name).and_then(Tree::as_str);
    text("type").is_some_and(|resource| RESOURCES.contains(&resource))
        && (members.contains_key("reference") || members.contains_key("identifier"))
        || text("reference")
            .is_some_and(|reference| reference.split('/').any(|part| RESOURCES.contains(&part)))
}
