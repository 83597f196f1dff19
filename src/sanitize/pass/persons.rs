//! Objects about a person, in which a plain `name` is the person's: `{"patient": {"name": …}}`, and those of FHIR.

use serde_json::{Map, Value};

use super::labels;

/// The last words of names of members that hold persons, with the name that a `name` in them goes by.
const PERSONS: &[(&[&str], &str)] = &[
    (&["patient", "patients"], "patient_name"),
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
        "full_name",
    ),
];

/// The resources of FHIR that a `name` is a person's in.
const RESOURCES: &[&str] = &["Patient", "Person", "RelatedPerson", "Practitioner"];

/// By which name a `name` goes in what the member `name` holds.
pub(super) fn name_within(name: &str, value: &Value) -> Option<&'static str> {
    if !matches!(value, Value::Object(_) | Value::Array(_)) {
        return None;
    }
    PERSONS
        .iter()
        .find(|(words, _)| labels::ends_in(name, words))
        .map(|(_, alias)| *alias)
}

/// By which name a member goes that its object makes a person's, `within` being what holds the object.
#[inline]
pub(super) fn alias(
    name: &str,
    members: &Map<String, Value>,
    within: Option<&'static str>,
) -> Option<&'static str> {
    match name {
        "name" if within.is_some() => within,
        "name" => {
            let resource = members.get("resourceType")?.as_str()?;
            RESOURCES.contains(&resource).then_some("patient_name")
        }
        "family" if members.contains_key("given") => Some("family_name"),
        "given" if members.contains_key("family") => Some("given_name"),
        _ => None,
    }
}
