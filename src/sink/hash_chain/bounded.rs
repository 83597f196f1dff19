use std::io;

use super::logs::Logs;
use super::space::is_full;
use super::writer::ChainWriter;

/// What a store's logs take of the disk.
impl<L: Logs> ChainWriter<L> {
    /// Measures what the logs take, where there is a bound to it: others write to `admin`, and prune.
    pub(super) fn count_bytes(&mut self) -> io::Result<()> {
        if self.space.has_budget() {
            self.space.set_used(self.logs.bytes()?);
        }
        Ok(())
    }

    /// Takes the reserve, or takes it back once there is room. That it cannot yet is no failure.
    pub(super) fn keep_reserve(&mut self) {
        let Some(bytes) = self.space.reserve() else {
            return;
        };
        let kept = self.logs.keep_reserve(bytes);
        let is_news = self.space.reserve_is_free() != kept.is_err();
        self.space.set_reserve_is_free(kept.is_err());
        match kept {
            Err(error) if is_news => {
                tracing::error!(target: "tool_audit::sink", %error, "the audit log's disk has no room for its reserve: emergencies alone are let in");
            }
            Ok(()) if is_news => {
                tracing::info!(target: "tool_audit::sink", "the audit log's disk has room again");
            }
            _ => {}
        }
    }

    /// Does something, and where the disk is full once more with the reserve given back.
    pub(super) fn with_reserve(
        &mut self,
        act: impl Fn(&mut Self) -> io::Result<()>,
    ) -> io::Result<()> {
        let done = act(self);
        match &done {
            Err(error) if is_full(error) && self.space.reserve().is_some() => {}
            _ => return done,
        }
        if !self.logs.free_reserve()? {
            return done;
        }
        tracing::error!(target: "tool_audit::sink", "the audit log's disk is full: its reserve is given back, and emergencies alone are let in");
        self.space.set_reserve_is_free(true);
        act(self)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use std::path::Path;

    use super::super::logs::MemoryLogs;
    use super::super::space::{Bounds, Gate, Space};
    use super::super::status::Statuses;
    use super::*;
    use crate::log::MemoryStorage;
    use crate::log::{LogError, LogOptions};
    use crate::record::EntryBuilder;
    use crate::sanitize::Sanitizer;
    use crate::sink::EntryWriter;

    /// A disk that has room for nothing new but in place of the reserve.
    #[derive(Clone, Default)]
    struct FullDisk {
        logs: MemoryLogs,
        full: std::sync::Arc<AtomicBool>,
        reserved: std::sync::Arc<AtomicBool>,
    }

    impl Logs for FullDisk {
        type Storage = MemoryStorage;

        fn path(&self) -> &Path {
            self.logs.path()
        }
        fn existing(&self) -> Result<Vec<String>, LogError> {
            self.logs.existing()
        }
        fn bytes(&self) -> io::Result<u64> {
            self.logs.bytes()
        }
        fn keep_reserve(&self, _bytes: u64) -> io::Result<()> {
            if self.full.load(Ordering::SeqCst) {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.reserved.store(true, Ordering::SeqCst);
            Ok(())
        }
        fn free_reserve(&self) -> io::Result<bool> {
            Ok(self.reserved.swap(false, Ordering::SeqCst))
        }
        fn place(&self, retention_class: &str) -> Result<MemoryStorage, LogError> {
            if self.full.load(Ordering::SeqCst) && self.reserved.load(Ordering::SeqCst) {
                let error = io::ErrorKind::StorageFull.into();
                return Err(LogError::io("creating", Path::new(retention_class), error));
            }
            self.logs.place(retention_class)
        }
    }

    fn writer(disk: &FullDisk, gate: &Gate) -> ChainWriter<FullDisk> {
        let options = LogOptions::new("");
        let mut writer = ChainWriter::new(disk.clone(), options, Vec::new(), Statuses::default());
        let bounds = Bounds {
            reserve: Some(1),
            ..Bounds::default()
        };
        writer.keep_to(Space::new(bounds, gate.clone()));
        writer.open_existing().unwrap();
        writer
    }

    #[test]
    fn a_full_disk_gets_the_reserve_back_and_lets_emergencies_in_until_there_is_room() {
        let (disk, gate) = (FullDisk::default(), Gate::default());
        let mut writer = writer(&disk, &gate);
        assert!(disk.reserved.load(Ordering::SeqCst) && gate.refusal(false).is_none());

        disk.full.store(true, Ordering::SeqCst);
        let entry = EntryBuilder::new("get_order").retention("financial", None);
        let entry = entry.build(&Sanitizer::default());
        writer.write(&entry.as_entry()).unwrap();
        writer.sync().unwrap();
        assert!(gate.refusal(true).is_none());
        let refusal = gate.refusal(false).unwrap().to_string();
        assert!(refusal.contains("disk is full"), "{refusal}");

        writer.look_after().unwrap();
        assert!(gate.refusal(false).is_some());
        disk.full.store(false, Ordering::SeqCst);
        writer.look_after().unwrap();
        assert!(disk.reserved.load(Ordering::SeqCst) && gate.refusal(false).is_none());
    }

    #[test]
    fn a_store_whose_disk_is_full_opens_with_the_reserve_of_a_former_run() {
        let (disk, gate) = (FullDisk::default(), Gate::default());
        drop(writer(&disk, &Gate::default()));
        disk.full.store(true, Ordering::SeqCst);
        let mut writer = writer(&disk, &gate);
        assert!(gate.refusal(false).is_some() && gate.refusal(true).is_none());
        let entry = EntryBuilder::new("get_order").build(&Sanitizer::default());
        writer.write(&entry.as_entry()).unwrap();
    }

    #[test]
    fn what_fails_otherwise_costs_no_reserve_and_is_tried_once() {
        let (disk, gate) = (FullDisk::default(), Gate::default());
        let mut writer = writer(&disk, &gate);
        let tries = Rc::new(Cell::new(0));
        let counted = Rc::clone(&tries);
        let failed = writer.with_reserve(|_| {
            counted.set(counted.get() + 1);
            Err(io::ErrorKind::PermissionDenied.into())
        });
        assert!(failed.is_err() && tries.get() == 1);
        assert!(disk.reserved.load(Ordering::SeqCst) && gate.refusal(false).is_none());
    }
}
