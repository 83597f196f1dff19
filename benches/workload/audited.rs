//! The audit layer before a hash-chained log in a folder.

use std::path::Path;
use std::time::Duration;

use tool_audit::{AuditLayer, AuditService, Durability, HashChainSink, Policy, Recorder};
use tower::Layer;

use super::Tool;
use super::contestant::Contestant;

/// A recorder, its layer and its log.
pub(crate) struct Audit {
    layer: AuditLayer,
    sink: HashChainSink,
    recorder: Recorder,
}

impl Audit {
    /// Makes a log in `folder`; answers wait until their record is as safe as `durability` says.
    pub(crate) fn open(folder: &Path, durability: Durability) -> Self {
        let sink = HashChainSink::open(folder.join("audit")).expect("the bench's folder is ours");
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
        let stats = self.recorder.stats();
        assert_eq!(stats.started, stats.recorded, "a record was lost");
    }
}

impl Contestant for Audit {
    type Service = AuditService<Tool>;

    fn service(&self) -> Self::Service {
        self.layer.layer(Tool)
    }

    async fn written(&self) {
        let queued = || self.sink.status().queue.map(|queue| queue.queued_entries);
        while queued().is_some_and(|entries| entries > 0) {
            tokio::time::sleep(Duration::from_micros(100)).await;
        }
    }
}
