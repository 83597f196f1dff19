use hyper::body::Bytes;
use sse_parse::{Event, SseParser};

/// Reads a stream of events in pieces of any size, at most so much of each event.
pub(super) struct Events {
    parser: SseParser,
    most: usize,
    /// What may not pass yet; none where everything passes at once.
    held: Option<Held>,
    /// Bytes of the block that has begun.
    block: usize,
    /// Bytes of the line that has begun.
    line: usize,
    /// The last byte was a carriage return; a line feed after it ends no second line.
    after_return: bool,
    overflows: u64,
}

/// Of the block that has begun, what is kept back: from its first line of data on.
#[derive(Default)]
struct Held {
    bytes: Vec<u8>,
    /// Where the last line begins.
    line: usize,
    has_data: bool,
    /// The block is too long to be kept.
    passes: bool,
}

/// What a piece of the stream brings.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Bytes that say nothing.
    Pass(Bytes),
    /// An event, and the bytes that it came in, where those were held.
    Event(Event, Bytes),
    /// An event that is too long to be looked at.
    TooLong,
}

/// A buffer gives back what only one event needed.
const KEPT: usize = 64 * 1024;

impl Events {
    /// `holds`: bytes come out with the event that they belong to; else they are not given out at all.
    pub(super) fn new(most: usize, holds: bool) -> Self {
        Self {
            parser: SseParser::new().max_buffer(most),
            most,
            held: holds.then(Held::default),
            block: 0,
            line: 0,
            after_return: false,
            overflows: 0,
        }
    }

    /// How much of an event has come that is not at its end.
    pub(super) fn begun(&self) -> usize {
        self.block.min(self.most)
    }

    /// Whether the client has been told where to go on, should the stream break.
    pub(super) fn can_be_resumed(&self) -> bool {
        !self.parser.last_event_id().is_empty()
    }

    /// Gives the parts that `bytes` bring to `each`, in order.
    pub(super) fn feed(&mut self, mut bytes: &[u8], mut each: impl FnMut(Part)) {
        while let Some(at) = memchr::memchr2(b'\n', b'\r', bytes) {
            let (piece, rest) = bytes.split_at(at + 1);
            self.line_piece(piece, &mut each);
            bytes = rest;
        }
        if !bytes.is_empty() {
            self.take(bytes, &mut each);
            self.line += bytes.len();
            self.after_return = false;
        }
    }

    /// The stream is at its end: an event that has begun is none, and what was held of it comes out.
    pub(super) fn end(&mut self, mut each: impl FnMut(Part)) {
        if let Some(held) = &mut self.held {
            pass(&mut held.bytes, &mut each);
        }
    }

    /// A piece that ends with the end of a line.
    fn line_piece(&mut self, piece: &[u8], each: &mut impl FnMut(Part)) {
        let is_rest_of_end = self.after_return && piece == b"\n";
        self.after_return = piece.ends_with(b"\r");
        self.take(piece, each);
        if is_rest_of_end {
            // It belongs to a line that has ended, and opens no block.
            self.block = self.block.saturating_sub(1);
            self.pass_lines_without_data(each);
            return;
        }
        let is_blank = self.line + piece.len() == 1;
        self.line = 0;
        if is_blank {
            self.end_block(each);
        } else {
            self.pass_lines_without_data(each);
        }
    }

    fn take(&mut self, bytes: &[u8], each: &mut impl FnMut(Part)) {
        self.parser.feed(bytes);
        self.block += bytes.len();
        if self.parser.overflows() != self.overflows {
            self.overflows = self.parser.overflows();
            each(Part::TooLong);
        }
        let Some(held) = &mut self.held else {
            return;
        };
        if !held.passes && held.bytes.len() + bytes.len() > self.most {
            held.passes = true;
            pass(&mut held.bytes, each);
        }
        if held.passes {
            each(Part::Pass(Bytes::copy_from_slice(bytes)));
        } else {
            held.bytes.extend_from_slice(bytes);
        }
    }

    /// The line that has ended passes at once, where no data stand before it.
    fn pass_lines_without_data(&mut self, each: &mut impl FnMut(Part)) {
        let Some(held) = &mut self.held else {
            return;
        };
        let line = held.bytes.get(held.line..).unwrap_or_default();
        let line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line);
        held.has_data |= line.starts_with(b"data");
        if !held.has_data {
            pass(&mut held.bytes, each);
        }
        held.line = held.bytes.len();
    }

    fn end_block(&mut self, each: &mut impl FnMut(Part)) {
        let event = self.parser.next_event();
        let mut raw = Vec::new();
        if let Some(held) = &mut self.held {
            raw = std::mem::take(held).bytes;
        }
        match event {
            Some(event) => each(Part::Event(event, raw.into())),
            None => pass(&mut raw, each),
        }
        if self.block > KEPT {
            let id = self.parser.last_event_id().to_owned();
            self.parser = SseParser::with_last_event_id(id).max_buffer(self.most);
            // An empty line, so that it does not take a mark in mid-stream for one at the beginning.
            self.parser.feed(b"\n");
            self.overflows = 0;
        }
        self.block = 0;
    }
}

fn pass(bytes: &mut Vec<u8>, each: &mut impl FnMut(Part)) {
    if !bytes.is_empty() {
        each(Part::Pass(std::mem::take(bytes).into()));
    }
}
