use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;

/// Why a sink cannot take entries, or could not make one durable.
///
/// It is cheap to clone, since every call that waits for the same write gets it. Its text says what to do
/// next and never holds anything of an entry.
#[derive(Debug, Clone)]
pub struct SinkError(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    kind: Kind,
    message: String,
    source: Option<io::Error>,
    /// The error of a member of a fan-out, which this one names.
    member: Option<SinkError>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Closed,
    Io,
    Deadline,
    Lost,
    Other,
}

impl SinkError {
    /// The sink was closed.
    #[must_use]
    pub fn closed() -> Self {
        Self::of(
            Kind::Closed,
            "the audit log is closed: open a new sink to record more",
            None,
        )
    }

    /// Writing failed. `doing` says what was done to which file, such as `writing /var/audit/…`.
    #[must_use]
    pub fn io(doing: impl fmt::Display, source: io::Error) -> Self {
        let message = format!("{doing}: {source}");
        Self::of(Kind::Io, message, Some(source))
    }

    /// The time set for it passed.
    #[must_use]
    pub fn deadline(doing: impl fmt::Display) -> Self {
        Self::of(
            Kind::Deadline,
            format!("{doing} took longer than the time set for it"),
            None,
        )
    }

    /// The entry was not taken.
    #[must_use]
    pub fn lost() -> Self {
        Self::of(
            Kind::Lost,
            "the audit log could not take the entry: it is counted as lost",
            None,
        )
    }

    /// Anything else; `message` must hold nothing of an entry.
    #[must_use]
    pub fn other(message: impl Into<String>) -> Self {
        Self::of(Kind::Other, message, None)
    }

    fn of(kind: Kind, message: impl Into<String>, source: Option<io::Error>) -> Self {
        Self(Arc::new(Inner {
            kind,
            message: message.into(),
            source,
            member: None,
        }))
    }

    /// The error of the fan-out's member of this name.
    pub(crate) fn of_member(name: &str, error: &Self) -> Self {
        Self(Arc::new(Inner {
            kind: error.0.kind,
            message: format!("{name}: {error}"),
            source: None,
            member: Some(error.clone()),
        }))
    }

    /// True where the sink was closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.0.kind == Kind::Closed
    }

    /// True where writing failed.
    #[must_use]
    pub fn is_io(&self) -> bool {
        self.0.kind == Kind::Io
    }

    /// True where a deadline passed.
    #[must_use]
    pub fn is_deadline(&self) -> bool {
        self.0.kind == Kind::Deadline
    }

    /// True where an entry was lost.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.0.kind == Kind::Lost
    }

    /// The operating system's error, where there is one.
    #[must_use]
    pub fn io_error(&self) -> Option<&io::Error> {
        let of_member = || self.0.member.as_ref().and_then(Self::io_error);
        self.0.source.as_ref().or_else(of_member)
    }
}

impl fmt::Display for SinkError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.message)
    }
}

impl Error for SinkError {}
