//! Values that other members of their object, or the items beside them, tell of.

use serde_json::{Value, json};
use tool_audit::Sanitizer;

fn written(value: &Value) -> String {
    let mut out = Vec::new();
    Sanitizer::default().write_value(&mut out, value, 256 * 1024);
    String::from_utf8(out).expect("JSON is UTF-8")
}

#[track_caller]
fn goes(value: &Value, secrets: &[&str], kept: &[&str]) {
    let written = written(value);
    for secret in secrets {
        assert!(!written.contains(secret), "{secret} stands in {written}");
    }
    for kept in kept {
        assert!(written.contains(kept), "{kept} is gone from {written}");
    }
}

#[track_caller]
fn stays(value: &Value) {
    let mut sorted = Vec::new();
    tool_audit::canonical::write_value(&mut sorted, value);
    assert_eq!(written(value), String::from_utf8_lossy(&sorted));
}

#[test]
fn whom_a_reference_of_fhir_is_to_goes() {
    for reference in [
        json!({"reference": "Patient/771", "display": "Ada Lovel"}),
        json!({"reference": "https://f.example/fhir/Patient/7", "display": "Ada Lovel"}),
        json!({"type": "Patient", "identifier": {"value": "x"}, "display": "Ada Lovel"}),
    ] {
        let encounter =
            json!({"resourceType": "Encounter", "subject": reference, "status": "planned"});
        goes(&encounter, &["Lovel"], &["planned"]);
    }
    goes(
        &json!({"resourceType": "Patient", "contact": [{"name": {"family": "Lovel"}}]}),
        &["Lovel"],
        &[],
    );
    stays(&json!({"reference": "Location/7", "display": "Ward 7"}));
    stays(
        &json!({"coding": [{"system": "http://loinc.org", "code": "8867-4", "display": "Heart rate"}]}),
    );
    stays(&json!({"contact": {"name": "Support desk"}, "display": "grid"}));
}

#[test]
fn numbers_of_a_system_are_known_by_its_object_identifier() {
    goes(
        &json!({"identifier": [
            {"system": "urn:oid:2.16.840.1.113883.4.1", "value": "212557741"},
            {"system": "urn:oid:2.16.840.1.113883.4.3.36", "value": "D1234599"},
            {"system": "urn:oid:1.2.3.4", "value": "ward-7"},
        ]}),
        &["212557741", "D1234599"],
        &["ward-7"],
    );
}

#[test]
fn attributes_of_dicom_about_a_person_go() {
    goes(
        &json!({
            "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Lovel^Ada"}]},
            "00100030": {"vr": "DA", "Value": ["19610217"]},
            "00080060": {"vr": "CS", "Value": ["CT"]},
        }),
        &["Lovel", "19610217"],
        &["\"CT\"", "\"PN\""],
    );
    stays(&json!({"00100010": "a number of parts"}));
}

