use crate::sink::SinkError;

/// How a [`Queued`](super::Queued) sink does, from [`Queued::status`](super::Queued::status).
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct SinkStatus {
    /// Bytes that are queued or being written.
    pub queued_bytes: usize,
    /// Entries that were taken and not yet handed to the operating system.
    pub queued_entries: u64,
    /// Entries that were handed to the operating system.
    pub written: u64,
    /// Entries that came after the end or were in hand at a bad one.
    ///
    /// Each of the former was told to its caller by [`Ticket::LOST`](crate::Ticket::LOST).
    pub lost: u64,
    /// The last thing that went wrong, also where it went well since.
    pub last_error: Option<SinkError>,
    /// True while the last thing that was tried did not succeed.
    pub failing: bool,
    /// True where the sink takes no more entries.
    pub closed: bool,
}
