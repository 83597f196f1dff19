use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};
use std::path::Path;

use tool_audit::query::{LogSnapshot, PassedOver, escape, escape_json};

use crate::reader::Recorded;
use crate::verdict::Verdict;

/// Standard output, and whether people look at it.
pub(crate) struct Output {
    writer: BufWriter<StdoutLock<'static>>,
    terminal: bool,
    colour: bool,
}

/// Colours of the terminal's own palette, so that they fit its background.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Colour {
    Red,
    Yellow,
    Green,
    Dim,
}

impl Output {
    pub(crate) fn standard() -> Self {
        let stdout = io::stdout();
        let terminal = stdout.is_terminal();
        Self {
            writer: BufWriter::with_capacity(64 * 1024, stdout.lock()),
            terminal,
            // Set to anything but nothing, NO_COLOR means no colour.
            colour: terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        }
    }

    /// True where tables are wanted.
    pub(crate) fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// `text` in a colour, where colours are wanted.
    pub(crate) fn paint(&self, colour: Option<Colour>, text: &str) -> String {
        match colour {
            Some(colour) if self.colour => {
                let code = match colour {
                    Colour::Red => 31,
                    Colour::Green => 32,
                    Colour::Yellow => 33,
                    Colour::Dim => 2,
                };
                format!("\u{1b}[{code}m{text}\u{1b}[0m")
            }
            _ => text.to_owned(),
        }
    }

    /// A line of JSON as it stands; on a terminal with escapes for what would act on it, which are the
    /// same JSON.
    pub(crate) fn json_line(&mut self, json: &str) -> io::Result<()> {
        if self.terminal {
            writeln!(self.writer, "{}", escape_json(json))
        } else {
            writeln!(self.writer, "{json}")
        }
    }

    /// A line of JSON that is this program's own, not a record: escaped wherever it goes.
    pub(crate) fn json_answer(&mut self, json: &str) -> io::Result<()> {
        writeln!(self.writer, "{}", escape_json(json))
    }

    /// Says first what an answer from these logs does not tell by itself: that the reading stands nowhere and that one was
    /// made by replay, before the answer or for programs beside it, and that the beginning of one was pruned.
    pub(crate) fn introduce<'a>(
        &mut self,
        snapshots: impl Iterator<Item = &'a LogSnapshot> + Clone,
        recorded: Recorded,
        json: bool,
    ) -> io::Result<()> {
        self.mark(recorded, json)?;
        if snapshots.clone().any(LogSnapshot::is_replayed) {
            self.say_replayed(json)?;
        }
        for snapshot in snapshots {
            if let Some(seq) = snapshot.pruned_before() {
                let folder = snapshot.folder().to_string_lossy();
                note(&format!(
                    "{folder} is pruned_before _seq {seq}: what stood there expired, and is in no answer"
                ));
            }
        }
        Ok(())
    }

    /// Says before an answer for people that the reading is not recorded; standard error said it already.
    pub(crate) fn mark(&mut self, recorded: Recorded, json: bool) -> io::Result<()> {
        if recorded.0 || json {
            return Ok(());
        }
        let text = self.paint(
            Some(Colour::Yellow),
            "NOT RECORDED: that this log was read stands nowhere",
        );
        writeln!(self.writer, "{text}")
    }

    pub(crate) fn say_replayed(&mut self, json: bool) -> io::Result<()> {
        const REPLAYED: &str =
            "REPLAYED: recorded calls were sent through the layer again; none of this happened";
        if json {
            note(REPLAYED);
            return Ok(());
        }
        let text = self.paint(Some(Colour::Yellow), REPLAYED);
        writeln!(self.writer, "{text}")
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// One line on standard error. Where nobody takes it, nothing can be done.
pub(crate) fn note(message: &str) {
    let _ = writeln!(io::stderr(), "tool-audit: {}", escape(message));
}

/// Says what of a log could not be read; bad where that is a record.
pub(crate) fn note_passed_over(path: &Path, passed: &PassedOver) -> Verdict {
    match passed.pruned_segments {
        0 => {}
        1 => note("a segment was pruned while it was read: its records are not all in the answer"),
        count => note(&format!(
            "{count} segments were pruned while they were read: their records are not all in the answer"
        )),
    }
    note_bad_lines(path, passed).and(note_not_understood(passed))
}

/// Says what is for a newer version to read; bad where there is any.
fn note_not_understood(passed: &PassedOver) -> Verdict {
    if let Some(first) = &passed.first_not_understood {
        let calls = passed.not_understood;
        note(&format!(
            "calls that say more than this version can read: {calls}, the first: {first}; install a newer tool-audit"
        ));
    }
    Verdict::bad_if(passed.not_understood > 0)
}

fn note_bad_lines(path: &Path, passed: &PassedOver) -> Verdict {
    let Some(first) = passed.first.first() else {
        return Verdict::Fine;
    };
    let path = path.display();
    note(&match passed.bad_lines {
        1 => format!("a line is no record and left out: {first}; run `tool-audit verify {path}`"),
        count => format!(
            "{count} lines are no records and left out, the first: {first}; run `tool-audit verify {path}`"
        ),
    });
    Verdict::Bad
}
