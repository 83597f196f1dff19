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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Events, Part};

    /// What comes out of a stream that comes in pieces of these sizes, in turn: all bytes, and each event's data.
    fn read(
        stream: &[u8],
        sizes: &[usize],
        most: usize,
        holds: bool,
    ) -> (Vec<u8>, Vec<String>, bool) {
        let mut events = Events::new(most, holds);
        let (mut bytes, mut data, mut was_too_long) = (Vec::new(), Vec::new(), false);
        let mut take = |part: Part| match part {
            Part::Pass(passed) => bytes.extend_from_slice(&passed),
            Part::Event(event, raw) => {
                bytes.extend_from_slice(&raw);
                data.push(event.data);
            }
            Part::TooLong => was_too_long = true,
        };
        let mut rest = stream;
        for size in sizes.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, after) = rest.split_at((*size).min(rest.len()));
            events.feed(piece, &mut take);
            rest = after;
        }
        events.end(&mut take);
        (bytes, data, was_too_long)
    }

    /// The standard's rules, applied to the whole stream at once.
    fn by_the_book(stream: &str) -> Vec<String> {
        let stream = stream.strip_prefix('\u{feff}').unwrap_or(stream);
        let stream = stream.replace("\r\n", "\n").replace('\r', "\n");
        let mut lines: Vec<&str> = stream.split('\n').collect();
        // What is behind the last end of a line is no line.
        lines.pop();
        let (mut events, mut data) = (Vec::new(), String::new());
        for line in lines {
            if line.is_empty() {
                if let Some(whole) = data.strip_suffix('\n') {
                    events.push(whole.to_owned());
                }
                data.clear();
            }
            let (name, value) = line.split_once(':').unwrap_or((line, ""));
            if name == "data" {
                data.push_str(value.strip_prefix(' ').unwrap_or(value));
                data.push('\n');
            }
        }
        events
    }

    fn streams() -> impl Strategy<Value = String> {
        let word = prop_oneof![
            Just("data"),
            Just("data: {\"id\":1}"),
            Just("data:x"),
            Just("id: 7"),
            Just("event: message"),
            Just("retry: 1"),
            Just(": comment"),
            Just("\n"),
            Just("\r"),
            Just("\r\n"),
            Just("\n\n"),
            Just("\r\n\r\n"),
            Just("\u{feff}"),
            Just("é"),
            Just("dat"),
            Just("a"),
            Just(" "),
        ];
        prop::collection::vec(word, 0..60).prop_map(|words| words.concat())
    }

    proptest! {
        #[test]
        fn pieces_of_any_size_give_the_same_events_as_the_standard_and_lose_no_byte(
            stream in streams(),
            sizes in prop::collection::vec(1_usize..9, 1..6),
        ) {
            let (bytes, data, _) = read(stream.as_bytes(), &sizes, 1 << 20, true);
            prop_assert_eq!(String::from_utf8(bytes).unwrap(), stream.clone());
            prop_assert_eq!(&data, &by_the_book(&stream));
            let (_, data, _) = read(stream.as_bytes(), &sizes, 1 << 20, false);
            prop_assert_eq!(&data, &by_the_book(&stream));
        }

        #[test]
        fn bytes_of_any_kind_come_out_as_they_went_in_also_where_events_are_too_long(
            stream in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'\n'), Just(b'\r'), Just(b':'), Just(b'd')], 0..400),
            sizes in prop::collection::vec(1_usize..40, 1..6),
            most in 1_usize..60,
        ) {
            let (bytes, ..) = read(&stream, &sizes, most, true);
            prop_assert_eq!(bytes, stream);
        }
    }

    #[test]
    fn an_event_that_is_too_long_is_none_and_the_next_is_one_again() {
        let stream = format!("data: {}\n\ndata: ok\n\n", "x".repeat(100));
        for holds in [false, true] {
            let (_, data, was_too_long) = read(stream.as_bytes(), &[7], 50, holds);
            assert_eq!(data, ["ok"]);
            assert!(was_too_long);
        }
    }

    #[test]
    fn after_a_long_event_a_mark_is_no_beginning() {
        let stream = format!(
            "data: {}\n\n\u{feff}data: hidden\n\ndata: ok\r\r",
            "x".repeat(70_000)
        );
        let (_, data, _) = read(stream.as_bytes(), &[1000], 1 << 20, true);
        assert_eq!(data.len(), 2);
        assert_eq!(data[1], "ok");
    }
}
