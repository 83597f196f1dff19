use serde_json::{Value, json};

use super::code;

/// The value set v3-PurposeOfUse (HL7 Terminology, all that is-a PurposeOfUse in v3-ActReason): code and display.
const PURPOSES: [(&str, &str); 62] = [
    ("BIORCH", "biomedical research"),
    ("BTG", "break the glass"),
    ("CAREMGT", "care management"),
    ("CLINTRCH", "clinical trial research"),
    (
        "CLINTRCHNPC",
        "clinical trial research without patient care",
    ),
    ("CLINTRCHPC", "clinical trial research with patient care"),
    ("CLINTRL", "clinical trial"),
    ("CLMATTCH", "claim attachment"),
    ("COC", "coordination of care"),
    ("COVAUTH", "coverage authorization"),
    ("COVERAGE", "coverage under policy or program"),
    ("DISASTER", "disaster"),
    ("DONAT", "donation"),
    ("DSRCH", "disease specific healthcare research"),
    ("ELIGDTRM", "eligibility determination"),
    ("ELIGVER", "eligibility verification"),
    ("ENROLLM", "enrollment"),
    ("ERTREAT", "emergency room treatment"),
    ("ETREAT", "Emergency Treatment"),
    ("FAMRQT", "family requested"),
    ("FRAUD", "fraud"),
    ("GOV", "government"),
    ("HACCRED", "health accreditation"),
    ("HCOMPL", "health compliance"),
    ("HDECD", "decedent"),
    ("HDIRECT", "directory"),
    ("HDM", "healthcare delivery management"),
    ("HLEGAL", "legal"),
    ("HMARKT", "healthcare marketing"),
    ("HOPERAT", "healthcare operations"),
    ("HOUTCOMS", "health outcome measure"),
    ("HPAYMT", "healthcare payment"),
    ("HPRGRP", "health program reporting"),
    ("HQUALIMP", "health quality improvement"),
    ("HRESCH", "healthcare research"),
    ("HSYSADMIN", "health system administration"),
    ("HTEST", "test health data"),
    ("LABELING", "labeling"),
    ("MEMADMIN", "member administration"),
    ("METAMGT", "metadata management"),
    ("MILCDM", "military command"),
    ("MILDCRG", "military discharge"),
    ("MLTRAINING", "machine learning training"),
    ("PATADMIN", "patient administration"),
    ("PATRQT", "patient requested"),
    ("PATSFTY", "patient safety"),
    ("PERFMSR", "performance measure"),
    ("PMTDS", "decision support assisted payment decision"),
    (
        "POARCH",
        "population origins or ancestry healthcare research",
    ),
    ("POPHLTH", "population health"),
    ("PRECLINTRCH", "preclinical trial research"),
    ("PUBHLTH", "public health"),
    ("PWATRNY", "power of attorney"),
    ("RECORDMGT", "records management"),
    ("REMITADV", "remittance advice"),
    ("SUPNWK", "support network"),
    ("SYSDEV", "system development"),
    ("THREAT", "threat"),
    ("TRAIN", "training"),
    ("TRANSRCH", "translational healthcare research"),
    ("TREAT", "treatment"),
    ("TREATDS", "decision support assisted treatment decision"),
];

/// Words in common use for codes whose display is another.
const SYNONYMS: [(&str, &str); 4] = [
    ("billing", "HPAYMT"),
    ("operations", "HOPERAT"),
    ("payment", "HPAYMT"),
    ("research", "HRESCH"),
];

const ACT_REASON: &str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";

/// The code that a purpose's text is, names or commonly means, with its display. Case, `_` and `-` make no difference.
pub(super) fn find(purpose: &str) -> Option<(&'static str, &'static str)> {
    let word = purpose.trim().replace(['_', '-'], " ");
    let synonym = SYNONYMS
        .iter()
        .find(|(synonym, _)| synonym.eq_ignore_ascii_case(&word))
        .map(|(_, code)| *code);
    PURPOSES.into_iter().find(|(code, display)| {
        synonym == Some(*code)
            || code.eq_ignore_ascii_case(&word)
            || display.eq_ignore_ascii_case(&word)
    })
}

/// A purpose as a CodeableConcept: the code where it has one, and always the words that were recorded.
pub(super) fn concept(purpose: &str) -> Value {
    match find(purpose) {
        Some((code, display)) => json!({"coding": [coding(code, display)], "text": purpose}),
        None => json!({"text": purpose}),
    }
}

pub(super) fn break_the_glass() -> Value {
    json!({"coding": [coding("BTG", "break the glass")]})
}

/// Says of a whole resource that it is made of test data.
pub(super) fn test_data() -> Value {
    coding("HTEST", "test health data")
}

fn coding(reason: &str, display: &str) -> Value {
    code(ACT_REASON, reason, Some(display))
}
