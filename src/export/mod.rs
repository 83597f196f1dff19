//! Gives records out in forms that other systems take: FHIR AuditEvent, OCSF, CSV, JSON Lines.
//!
//! An [`Exporter`] writes one record as one line; [`Export`] takes the records of a log through it, streaming.
//!
//! | format | exporter | feature | takes |
//! |---|---|---|---|
//! | FHIR AuditEvent R4 and R5, with IHE BALP where tools are declared | `FhirExporter`, see `export::fhir` | `fhir` | calls |
//! | OCSF 1.8 API Activity (6003) | `OcsfExporter`, see `export::ocsf` | `ocsf` | calls |
//! | CSV | [`CsvExporter`] | | every record |
//! | JSON Lines | [`JsonLinesExporter`] | | every record, as it stands |
//!
//! # Which records
//!
//! FHIR and OCSF have forms for calls alone. There a call is **one** event: that of its end. A record of intent is
//! exported only where the logs hold no end of its call, as an event whose outcome is unknown; the `outcome_unknown`
//! record that tells of the same call is left out then. Records of other kinds (`log_created`, `entries_lost`, `alert`
//! …) are left out, and [`Export::left_out`] counts them by kind, so that nothing goes missing in silence. CSV and
//! JSON Lines have a line for every record.
//!
//! # Values
//!
//! Nothing is invented to please a schema: what a record does not say is left out, or stands as the standard's own
//! word for unknown where it must be there. Nothing is verified either: that is [`log::verify`](crate::log::verify)'s
//! part, and what a caller claimed stays a claim. The names of members that authentication established go along in
//! every format, under `verified`; all others are claims. A log made by replay is marked in every event.
//!
//! No format has a place for what holds of the whole: which records were asked for, damage, lines that are no records, calls
//! that have no event. Whoever hands an export on says that beside it, from [`Export::left_out`] and
//! [`Export::passed_over`] and from the verifier's verdict; `tool-audit export` says it on standard error.
//!
//! ```no_run
//! use tool_audit::export::{CsvExporter, Export};
//! use tool_audit::query::Filter;
//!
//! let filter = Filter::new().user("usr_9").failures();
//! let mut export = Export::open("/var/audit".as_ref(), &filter, CsvExporter::new())?;
//! export.write_to(&mut std::io::stdout().lock())?;
//! if export.passed_over().bad_lines > 0 {
//!     eprintln!("the log is damaged");
//! }
//! # Ok::<(), tool_audit::export::ExportError>(())
//! ```

mod csv;
mod error;
#[cfg(feature = "fhir")]
#[cfg_attr(docsrs, doc(cfg(feature = "fhir")))]
pub mod fhir;
mod intents;
mod json_lines;
#[cfg(any(feature = "fhir", feature = "ocsf"))]
mod members;
#[cfg(feature = "ocsf")]
#[cfg_attr(docsrs, doc(cfg(feature = "ocsf")))]
pub mod ocsf;
mod run;
mod source;
mod tool_actions;

use std::io::{self, Write};

use crate::query::Record;

pub(crate) use self::csv::write_cell;
pub use self::csv::{CsvExporter, defuse};
pub use self::error::ExportError;
#[cfg(feature = "fhir")]
#[doc(inline)]
pub use self::fhir::FhirExporter;
pub use self::json_lines::JsonLinesExporter;
#[cfg(feature = "ocsf")]
#[doc(inline)]
pub use self::ocsf::OcsfExporter;
pub use self::run::{Export, LeftOut};
pub use self::source::Source;
pub use self::tool_actions::{ToolAction, ToolActions};

/// Which records a format has a form for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scope {
    /// Calls, one event each.
    Calls,
    /// Every record, of whatever kind.
    Records,
}

/// Writes records in one format, one line each.
///
/// Each method writes its line, the line feed included, with a single call of `write_all`.
///
/// ```
/// use std::io::{self, Write};
/// use tool_audit::AuditEntry;
/// use tool_audit::export::{Exporter, Scope, Source};
///
/// /// Tool and outcome alone.
/// struct Short;
///
/// impl Exporter for Short {
///     fn scope(&self) -> Scope {
///         Scope::Calls
///     }
///     fn write_call(&self, call: &Source<'_>, out: &mut dyn Write) -> io::Result<()> {
///         let line = format!("{:?} {:?}\n", call.entry.tool_name, call.entry.outcome);
///         out.write_all(line.as_bytes())
///     }
/// }
///
/// let mut out = Vec::new();
/// Short.write_call(&Source::new(&AuditEntry::default()), &mut out)?;
/// assert_eq!(out, b"\"unknown\" None\n");
/// # Ok::<(), io::Error>(())
/// ```
pub trait Exporter {
    /// Which records the format has a form for.
    fn scope(&self) -> Scope;

    /// Writes what stands before the first record.
    ///
    /// # Errors
    ///
    /// What `out` gives.
    fn begin(&self, out: &mut dyn Write) -> io::Result<()> {
        let _ = out;
        Ok(())
    }

    /// Writes a call.
    ///
    /// # Errors
    ///
    /// What `out` gives.
    fn write_call(&self, call: &Source<'_>, out: &mut dyn Write) -> io::Result<()>;

    /// Writes a record of a log. As it is, it reads the call and writes that; a format of scope
    /// [`Records`](Scope::Records) has its own way.
    ///
    /// # Errors
    ///
    /// [`ExportError::Read`] where the record is no call that this version understands, and what `out` gives.
    fn write_record(
        &self,
        record: &Record,
        replayed: bool,
        out: &mut dyn Write,
    ) -> Result<(), ExportError> {
        let entry = record.entry_of_any_version()?;
        let mut source = Source::new(&entry);
        source.head = record.head();
        source.replayed = replayed;
        Ok(self.write_call(&source, out)?)
    }
}

/// An exporter chosen while the program runs.
impl<E: Exporter + ?Sized> Exporter for Box<E> {
    fn scope(&self) -> Scope {
        (**self).scope()
    }

    fn begin(&self, out: &mut dyn Write) -> io::Result<()> {
        (**self).begin(out)
    }

    fn write_call(&self, call: &Source<'_>, out: &mut dyn Write) -> io::Result<()> {
        (**self).write_call(call, out)
    }

    fn write_record(
        &self,
        record: &Record,
        replayed: bool,
        out: &mut dyn Write,
    ) -> Result<(), ExportError> {
        (**self).write_record(record, replayed, out)
    }
}
