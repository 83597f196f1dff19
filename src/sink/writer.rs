use std::io;

use super::{Loss, PolicyInForce, SanitizedEntry};

/// Writes entries on a thread of its own, where it may block.
///
/// [`Queued`](super::Queued) makes an [`AuditSink`](super::AuditSink) of it: it adds the queue, the gate,
/// tickets, group commit and retries. All methods are called on that one thread, in order.
///
/// ```
/// use std::io::{self, Write};
/// use tool_audit::{EntryWriter, SanitizedEntry};
///
/// struct Pipe(std::process::ChildStdin);
///
/// impl EntryWriter for Pipe {
///     fn write(&mut self, entry: &SanitizedEntry<'_>) -> io::Result<()> {
///         writeln!(self.0, "{}", entry.as_json())
///     }
/// }
/// ```
pub trait EntryWriter: Send + 'static {
    /// Takes one entry, into a buffer of its own or right to where it goes.
    ///
    /// # Errors
    ///
    /// The entry was *not* taken; it is offered again a little later.
    fn write(&mut self, entry: &SanitizedEntry<'_>) -> io::Result<()>;

    /// Hands all that was taken to the operating system.
    ///
    /// # Errors
    ///
    /// What was taken stays taken; the next call tries again where this one failed.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Brings all that was taken onto the disk. [`flush`](Self::flush) was called just before.
    ///
    /// # Errors
    ///
    /// As for [`flush`](Self::flush).
    fn sync(&mut self) -> io::Result<()> {
        self.flush()
    }

    /// Ends in good order, with what belongs at the end. Nothing is written afterwards.
    ///
    /// # Errors
    ///
    /// Something that was taken could not be brought to where it goes.
    fn close(&mut self) -> io::Result<()> {
        self.sync()
    }

    /// Called about once a second, also while nothing comes: time to look after files and heads.
    ///
    /// # Errors
    ///
    /// Shown as the sink's state; calls go on.
    fn look_after(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Which policy is in force from the next entry on.
    ///
    /// # Errors
    ///
    /// It is said again a little later.
    fn policy_in_force(&mut self, policy: &PolicyInForce) -> io::Result<()> {
        let _ = policy;
        Ok(())
    }

    /// Calls went on whose entries nobody could take.
    ///
    /// # Errors
    ///
    /// It is said again a little later.
    fn entries_lost(&mut self, loss: &Loss) -> io::Result<()> {
        let _ = loss;
        Ok(())
    }
}
