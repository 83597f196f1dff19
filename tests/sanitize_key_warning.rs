//! The warning that pseudonyms are made with a key of the process alone.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use tool_audit::sanitize::{PseudonymKey, Sanitizer};
use tool_audit::{MemorySink, Recorder};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("nobody panics with it").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn the_first_recorder_without_a_key_warns_and_no_other_does() {
    let lines = Lines::default();
    let writer = lines.clone();
    tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .init();
    let warnings = || {
        let written = lines.0.lock().expect("nobody panics with it").clone();
        let written = String::from_utf8(written).expect("text");
        written.matches("tool_audit::sanitize").count()
    };
    let key = PseudonymKey::from_bytes("k1", &[7; 32]).expect("a whole key");
    let keyed = Sanitizer::builder()
        .pseudonym_key(key)
        .build()
        .expect("rules");
    let _recorder = Recorder::builder(MemorySink::new())
        .sanitizer(keyed)
        .build();
    assert_eq!(warnings(), 0);
    let _recorder = Recorder::new(MemorySink::new());
    assert_eq!(warnings(), 1);
    let _recorder = Recorder::new(MemorySink::new());
    assert_eq!(warnings(), 1);
}
