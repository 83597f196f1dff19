use std::io;

use super::lines::Lines;
use super::target::{Name, Open, Target};
use crate::canonical::{write_string, write_u64};
use crate::clock::civil;
use crate::sink::{Durability, EntryWriter, Loss, SanitizedEntry};

/// So much is gathered before it is written.
const BUFFER_BYTES: usize = 64 * 1024;

/// Appends entries to a file, line by line.
#[derive(Debug)]
pub(super) struct FileWriter {
    target: Target,
    open: Open,
    rotation: Rotation,
    lines: Lines,
    /// The lines that have to be synced and are not yet.
    promised: Vec<u8>,
    /// A sync failed: what the system then says of this file's data cannot be relied on.
    doubtful: bool,
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Rotation {
    pub(super) max_bytes: Option<u64>,
    pub(super) keep: Option<usize>,
}

impl FileWriter {
    pub(super) fn open(target: Target, must_be_new: bool, rotation: Rotation) -> io::Result<Self> {
        Ok(Self {
            open: target.open(must_be_new)?,
            target,
            rotation,
            lines: Lines::default(),
            promised: Vec::new(),
            doubtful: false,
        })
    }

    /// Makes room for a line of so many bytes.
    fn make_room(&mut self, line: usize) -> io::Result<()> {
        if self.lines.unwritten() >= BUFFER_BYTES {
            self.drain()?;
        }
        let length = self.open.length + self.lines.unwritten() as u64;
        let is_over = |max: u64| length > 0 && length + line as u64 > max;
        if self.open.is_regular && self.rotation.max_bytes.is_some_and(is_over) {
            self.drain()?;
            self.rotate()?;
        }
        Ok(())
    }

    fn drain(&mut self) -> io::Result<()> {
        let before = self.lines.unwritten();
        let result = self.lines.write_to(&mut self.open.file);
        self.open.length += (before - self.lines.unwritten()) as u64;
        result.map_err(|error| self.target.explain("writing", &error))
    }

    fn sync_file(&mut self) -> io::Result<()> {
        if self.open.is_regular {
            self.open.file.sync_data().map_err(|error| {
                self.doubtful = true;
                self.target.explain("syncing", &error)
            })?;
        }
        self.promised.clear();
        Ok(())
    }

    /// Moves the file aside and goes on in a new one.
    fn rotate(&mut self) -> io::Result<()> {
        if !self.doubtful {
            self.sync_file()?;
        }
        self.target.move_aside(&self.open)?;
        let open = self.target.open(false)?;
        self.go_on_in(open);
        if let Some(Err(error)) = self.rotation.keep.map(|keep| self.target.remove_old(keep)) {
            tracing::warn!(target: "tool_audit::sink", %error, "old audit files stay");
        }
        Ok(())
    }

    /// Puts what is not safe in the old file into the new one.
    fn go_on_in(&mut self, open: Open) {
        self.lines.start_again_after(&self.promised);
        self.open = open;
        self.doubtful = false;
    }

    fn push_line(&mut self, line: &[u8], durability: Durability) {
        self.lines.push(line);
        if durability == Durability::Synced {
            self.promised.extend_from_slice(line);
            self.promised.push(b'\n');
        }
    }
}

impl EntryWriter for FileWriter {
    fn write(&mut self, entry: &SanitizedEntry<'_>) -> io::Result<()> {
        let line = entry.as_bytes();
        self.make_room(line.len() + 1)?;
        self.push_line(line, entry.head().durability);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.doubtful {
            self.rotate()?;
        }
        self.drain()
    }

    fn sync(&mut self) -> io::Result<()> {
        if self.doubtful {
            self.flush()?;
        }
        self.sync_file()
    }

    fn close(&mut self) -> io::Result<()> {
        self.flush()?;
        self.sync()
    }

    fn look_after(&mut self) -> io::Result<()> {
        if !self.open.is_regular {
            return Ok(());
        }
        let path = self.target.path().display();
        match self.target.name_of(&self.open)? {
            Name::Same { length } => {
                self.open.length = length;
                return Ok(());
            }
            Name::Moved => tracing::warn!(
                target: "tool_audit::sink", %path,
                "the audit file was moved: entries go to a new file of its name"
            ),
            Name::Removed => tracing::error!(
                target: "tool_audit::sink", %path,
                "the audit file was removed with the entries in it: entries go to a new file of its name"
            ),
        }
        let open = self.target.open(false)?;
        // The last that can be done for the old file; nothing promised is still only there.
        if let Err(error) = self.open.file.sync_data() {
            tracing::error!(target: "tool_audit::sink", %error, "syncing the former audit file");
        }
        self.go_on_in(open);
        Ok(())
    }

    fn entries_lost(&mut self, loss: &Loss) -> io::Result<()> {
        let mut line = br#"{"_kind":"entries_lost","count":"#.to_vec();
        write_u64(&mut line, loss.count);
        line.extend_from_slice(br#","reason":"#);
        write_string(&mut line, loss.reason);
        line.extend_from_slice(br#","since":""#);
        civil::write_instant(&mut line, civil::micros(loss.since));
        line.extend_from_slice(br#""}"#);
        self.make_room(line.len() + 1)?;
        self.push_line(&line, Durability::Buffered);
        Ok(())
    }
}
