//! Systems that numbers of persons are given in, by their object identifiers, as FHIR and HL7 name them.

/// What stands before the identifier in a URN (RFC 3061).
const URN: &str = "urn:oid:";

/// Each system with the name of its numbers.
const SYSTEMS: &[(&str, &str)] = &[
    // The United States: social security, Medicare.
    ("2.16.840.1.113883.4.1", "ssn"),
    ("2.16.840.1.113883.4.572", "medicare_id"),
    ("2.16.840.1.113883.4.927", "medicare_id"),
    // The United Kingdom.
    ("2.16.840.1.113883.2.1.4.1", "nhs_number"),
    // Austria, Denmark, Finland, France, Germany, the Netherlands, Norway, Sweden, Switzerland.
    ("1.2.40.0.10.1.4.3.1", "national_id"),
    ("1.2.208.176.1.2", "national_id"),
    ("1.2.246.21", "national_id"),
    ("1.2.250.1.213.1.4.8", "national_id"),
    ("1.2.276.0.76.4.8", "national_id"),
    ("2.16.840.1.113883.2.4.6.3", "national_id"),
    ("2.16.578.1.12.4.1.4.1", "national_id"),
    ("1.2.752.129.2.1.3.1", "national_id"),
    ("2.16.756.5.32", "national_id"),
    // Australia.
    ("1.2.36.1.2001.1003.0", "national_id"),
];
/// The roots of systems of which each state has one.
const ROOTS: &[(&str, &str)] = &[
    ("2.16.840.1.113883.4.3.", "drivers_license"),
    ("2.16.840.1.113883.4.330.", "passport"),
];

/// The name of what is numbered in a system.
pub(in crate::sanitize) fn name_of_system(system: &str) -> Option<&'static str> {
    let identifier = system.strip_prefix(URN).unwrap_or(system);
    if !identifier.starts_with(['1', '2']) {
        return None;
    }
    let is_known = |known: &&(&str, &str)| known.0 == identifier;
    let is_below = |root: &&(&str, &str)| identifier.starts_with(root.0);
    let known = SYSTEMS.iter().find(is_known);
    known
        .or_else(|| ROOTS.iter().find(is_below))
        .map(|(_, name)| *name)
}
