//! An assistant for medical records: its tools behind the audit layer, who saw one patient's records, and what shows
//! when somebody changes the log.
//!
//! `cargo run --example medical_records -- FOLDER` keeps the log in FOLDER; without it the log goes at the end.
#![allow(clippy::print_stdout)]

use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tool_audit::admin::{LogRead, process_user};
use tool_audit::alert::{Alerts, Rule, Rules};
use tool_audit::log::verify::Head;
use tool_audit::query::timeline;
use tool_audit::report::{AccessReport, AccessRequest, access_report};
use tool_audit::sanitize::{Preset, PseudonymKey, Sanitizer};
use tool_audit::{
    AuditLayer, CallContext, Emergency, HashChainSink, Policy, Recorder, Results, RetentionClass,
    ToolCall, ToolResult,
};
use tower::{BoxError, Service, ServiceBuilder, ServiceExt, service_fn};

const CONVERSATION: &str = "visit_2025_1107";
/// The patient whom the example is about.
const PATIENT: &str = "P-0007";

pub(crate) fn main() -> Result<(), BoxError> {
    let scratch = tempfile::tempdir()?;
    let folder = std::env::args_os()
        .nth(1)
        .map_or_else(|| scratch.path().to_owned(), PathBuf::from);
    let assistant = Assistant::new(&folder)?;
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(assistant.work())?;

    println!("── The visit, one line for each call\n");
    for call in timeline(&assistant.store, CONVERSATION)? {
        println!("{}", call?);
    }
    println!("\n── Who saw the records of {PATIENT}\n");
    let report = assistant.generate_access_report(PATIENT, None, None)?;
    println!("{report}");
    println!(
        "── The same as JSON\n\n{:#}\n",
        serde_json::to_value(&report)?
    );

    println!("── In a copy, somebody takes a nurse's access out of the log\n");
    let copy = assistant.copy_to(&scratch.path().join("copy"))?;
    let segment = copy.store.join("healthcare/00000000000000000000.jsonl");
    let lines = fs::read_to_string(&segment)?;
    let left: String = lines
        .split_inclusive('\n')
        .filter(|line| !line.contains("nurse_lund"))
        .collect();
    fs::remove_file(&segment)?;
    fs::write(&segment, left)?;
    let report = copy.generate_access_report(PATIENT, None, None)?;
    println!("integrity_verified: {}", report.integrity_verified);
    for fault in &report.integrity.faults {
        println!("  {fault}");
    }
    Ok(())
}

/// Where the assistant's log, its heads and its key are.
pub(crate) struct Assistant {
    pub(crate) store: PathBuf,
    heads: PathBuf,
    sanitizer: Sanitizer,
}

impl Assistant {
    pub(crate) fn new(folder: &Path) -> Result<Self, BoxError> {
        // The heads and the key are of use where whoever may change the log cannot reach them.
        let heads = folder.join("elsewhere");
        fs::create_dir_all(&heads)?;
        let key = heads.join("pseudonym.key");
        let key = if key.exists() {
            PseudonymKey::from_file(key)?
        } else {
            PseudonymKey::create_file(key, "k2025")?
        };
        Ok(Self {
            store: folder.join("audit"),
            heads,
            // Record numbers, SSN, birth dates, addresses and telephone numbers go by the preset. Patients' names and
            // notes on a treatment are this clinic's own members.
            sanitizer: Sanitizer::builder()
                .preset(Preset::Hipaa)
                .pseudonym_key(key)
                .pseudonymize_key("name", "patient_name")
                .redact_key("note")
                .build()?,
        })
    }

    /// An assistant whose log and heads are copied to another folder.
    pub(crate) fn copy_to(&self, folder: &Path) -> Result<Self, BoxError> {
        let copy = Self {
            store: folder.join("audit"),
            heads: folder.join("elsewhere"),
            sanitizer: self.sanitizer.clone(),
        };
        copy_files(&self.store, &copy.store)?;
        copy_files(&self.heads, &copy.heads)?;
        Ok(copy)
    }

    /// Who saw this patient's records, by any of the patient's identifiers in clear. That somebody asked is recorded
    /// before anybody sees the report.
    pub(crate) fn generate_access_report(
        &self,
        patient: &str,
        start: Option<DateTime<Utc>>,
        end: Option<DateTime<Utc>>,
    ) -> Result<AccessReport, BoxError> {
        let mut request = AccessRequest::of_subject(patient)
            .sanitizer(self.sanitizer.clone())
            .heads(Head::read_all(&self.heads.join("audit.head"))?);
        if let Some(start) = start {
            request = request.from(start);
        }
        if let Some(end) = end {
            request = request.to(end);
        }
        let mut report = access_report(&self.store, &request)?;
        let read = LogRead::new(process_user(), "generate_access_report");
        report.record_reading(&self.store, read)?;
        Ok(report)
    }

    /// A physician, a nurse and a clerk use the tools.
    pub(crate) async fn work(&self) -> Result<(), BoxError> {
        let rules = Rules::new([Rule::break_glass("break-glass")])?;
        let (fired, mut alerts) = tokio::sync::mpsc::channel(16);
        let sink = HashChainSink::builder(&self.store)
            .service("records-assistant")
            .alerts(Alerts::new(rules).channel(fired))
            .head(self.heads.join("audit.head"))
            .build()?;
        // Six calendar years for these tools, and for whatever else turns out to be about a patient.
        let healthcare = RetentionClass::healthcare().tools(["get_patient", "search_patients"]);
        let policy = Policy::new()
            .results(Results::Preview)
            .class(healthcare)
            .subject_class("healthcare")
            .intent(["update_treatment"]);
        let recorder = Recorder::builder(sink)
            .sanitizer(self.sanitizer.clone())
            .policy(policy)
            .build();
        let mut tools = ServiceBuilder::new()
            .layer(AuditLayer::new(recorder.clone()))
            .service(service_fn(answer));

        let physician = |purpose: &str| {
            CallContext::new(CONVERSATION, "dr_noether")
                .role("physician")
                .model("gpt-4.1")
                .purpose(purpose)
        };
        let of_patient = json!({"patient_id": PATIENT});
        ask(
            &mut tools,
            physician("TREAT").turn(1),
            "get_patient",
            of_patient.clone(),
        )
        .await?;
        let treatment = json!({
            "patient_id": PATIENT, "dose_mg": 20, "note": "Ada Lovelace asked for fewer side effects",
        });
        ask(
            &mut tools,
            physician("TREAT").turn(2),
            "update_treatment",
            treatment,
        )
        .await?;

        let nurse = CallContext::new("ward_3", "nurse_lund")
            .role("nurse")
            .turn(1);
        let ward = json!({"ward": 3});
        ask(
            &mut tools,
            nurse.clone().purpose("TREAT"),
            "search_patients",
            ward,
        )
        .await?;
        let nobody = json!({"ward": 9});
        ask(
            &mut tools,
            nurse.purpose("TREAT"),
            "search_patients",
            nobody,
        )
        .await?;

        let clerk = CallContext::new("invoice_12", "clerk_may")
            .role("billing")
            .turn(1);
        let by_number = json!({
            "mrn": mrn(7), "name": name(7), "ssn": ssn(7), "date_of_birth": birth_date(7),
            "address": address(7), "phone": phone(7),
        });
        ask(
            &mut tools,
            clerk.purpose("HPAYMT"),
            "get_patient",
            by_number,
        )
        .await?;

        let mut night = CallContext::new("night_1", "dr_franklin")
            .role("physician")
            .turn(1);
        night.purpose = Some("ETREAT".to_owned());
        night.emergency = Some(Emergency::new("cardiac arrest in the ward", "dr_franklin"));
        ask(&mut tools, night, "get_patient", of_patient).await?;

        recorder.close().await?;
        while let Ok(alert) = alerts.try_recv() {
            println!("── Alert\n\n{alert}\n");
        }
        Ok(())
    }
}

fn copy_files(from: &Path, to: &Path) -> Result<(), BoxError> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_files(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

async fn ask<S>(
    tools: &mut S,
    context: CallContext,
    tool: &str,
    arguments: Value,
) -> Result<(), BoxError>
where
    S: Service<ToolCall, Response = ToolResult>,
    S::Error: Into<BoxError>,
{
    let call = ToolCall::new(tool, arguments).context(context);
    let ready = tools.ready().await.map_err(Into::into)?;
    ready.call(call).await.map_err(Into::into)?;
    Ok(())
}

/// The tools of the records' system, with people who do not exist.
async fn answer(call: ToolCall) -> Result<ToolResult, BoxError> {
    let ward = call.arguments["ward"].as_u64();
    Ok(ToolResult::success(match (call.tool_name.as_str(), ward) {
        ("get_patient", _) => patient(7),
        ("search_patients", Some(3)) => {
            json!({"patients": (0..50).map(patient).collect::<Vec<_>>()})
        }
        ("search_patients", _) => json!({"patients": []}),
        _ => json!({"patient_id": PATIENT, "status": "changed", "old_status": "planned"}),
    }))
}

pub(crate) fn patient(number: usize) -> Value {
    json!({
        "patient_id": format!("P-{number:04}"),
        "mrn": mrn(number),
        "name": name(number),
        "ssn": ssn(number),
        "date_of_birth": birth_date(number),
        "address": address(number),
        "phone": phone(number),
        "diagnosis": "I10",
    })
}

pub(crate) fn mrn(number: usize) -> String {
    format!("MRN-{:06}", 480_113 + number * 37)
}

pub(crate) fn name(number: usize) -> String {
    const FIRST: [&str; 10] = [
        "Ada", "Alan", "Grace", "Edsger", "Barbara", "Donald", "Frances", "Kurt", "Emmy", "Alonzo",
    ];
    const LAST: [&str; 5] = ["Lovelace", "Turing", "Hopperton", "Dijkstroem", "Liskova"];
    format!("{} {}", FIRST[number % 10], LAST[number / 10 % 5])
}

pub(crate) fn ssn(number: usize) -> String {
    format!(
        "{:03}-{:02}-{:04}",
        212 + number,
        11 + number,
        4021 + number * 13
    )
}

pub(crate) fn birth_date(number: usize) -> String {
    format!(
        "19{:02}-{:02}-{:02}",
        31 + number,
        1 + number % 12,
        1 + number % 28
    )
}

pub(crate) fn address(number: usize) -> String {
    format!("{} Willowbend Lane", 100 + number * 3)
}

pub(crate) fn phone(number: usize) -> String {
    format!("+1 415 555 {:04}", 132 + number * 7)
}
