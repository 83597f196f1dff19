//! The audit layer before a chained log in a folder.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use tool_audit::log::LogId;
use tool_audit::log::record::{Previous, seal};
use tool_audit::{
    AuditLayer, AuditService, Durability, EntryWriter, Policy, Queued, Recorder, SanitizedEntry,
};
use tower::Layer;

use super::Tool;
use super::contestant::Contestant;

struct Chain {
    file: File,
    buffer: Vec<u8>,
    previous: Previous,
    seq: u64,
}

impl EntryWriter for Chain {
    fn write(&mut self, entry: &SanitizedEntry<'_>) -> io::Result<()> {
        let json = entry.as_json();
        let at = json.find(',').unwrap() + 1;
        let members = &json.as_bytes()[at..json.len() - 1];
        let hash = seal(
            &mut self.buffer,
            "tool_call",
            LogId([7; 16]),
            self.previous,
            self.seq,
            members,
        );
        self.seq += 1;
        self.previous = Previous::Hash(hash);
        if self.buffer.len() > 64 * 1024 {
            self.flush()?;
        }
        Ok(())
    }
    fn flush(&mut self) -> io::Result<()> {
        self.file.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }
    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }
}

pub(crate) struct Audit {
    layer: AuditLayer,
    sink: Queued<Chain>,
    recorder: Recorder,
}

impl Audit {
    pub(crate) fn open(folder: &Path, durability: Durability) -> Self {
        let sink = Queued::new(Chain {
            file: File::create(folder.join("00000000000000000000.jsonl")).unwrap(),
            buffer: Vec::new(),
            previous: Previous::Genesis,
            seq: 0,
        });
        let recorder = Recorder::builder(sink.clone())
            .policy(Policy::new().durability(durability))
            .build();
        Self {
            layer: AuditLayer::new(recorder.clone()),
            sink,
            recorder,
        }
    }

    pub(crate) async fn close(self) {
        self.recorder.close().await.expect("the log can be closed");
    }
}

impl Contestant for Audit {
    type Service = AuditService<Tool>;

    fn service(&self) -> Self::Service {
        self.layer.layer(Tool)
    }

    async fn written(&self) {
        while self.sink.status().queued_entries > 0 {
            tokio::time::sleep(Duration::from_micros(100)).await;
        }
    }
}
