//! Objects about a person, in which a plain `name` is the person's: `{"patient": {"name": …}}`, and those of FHIR.

use crate::tree::Members;

use super::labels;
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

/// True for a member that [`alias`] may know another name of.
pub(super) fn has_alias(name: &str) -> bool {
    matches!(name, "name" | "family" | "given")
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
        _ => None,
    }
}
