//! An optional index beside the logs of a store, in SQLite: it says where to look, and every record that is found through
//! it is read from its log.
//!
//! `index.sqlite` stands in the store (FORMAT section 1), for its owner alone. It knows in which parts of the logs, of
//! 32 KiB each, a conversation, user, tool, subject, outcome or kind occurs, which hold failures and emergencies, and from
//! when to when each goes. It holds offsets and digests, salted at random, and no value of a record; it can be removed and
//! built again at any time, and it is no evidence.
//!
//! [`Index`] fills it: at once, or on a thread behind a service that writes the logs ([`Index::follow`]). [`Lookup`]
//! reads logs through it, and so do the program's `query` and `timeline`. Reports that say whether they are whole read the
//! logs alone.

mod batch;
mod check;
mod choose;
mod error;
mod file;
mod fill;
mod follow;
mod known;
mod lookup;
mod words;

use std::path::{Path, PathBuf};

use self::file::IndexFile;

pub use self::check::{IndexCheck, check};
pub use self::error::{IndexError, IndexWarning};
pub use self::fill::CaughtUp;
pub use self::follow::IndexFollower;
pub use self::lookup::{Lookup, stores};

/// The index of one store, open to be filled.
///
/// Several processes may fill one index at the same time, and others read it and write the logs meanwhile.
///
/// ```
/// use tool_audit::index::Index;
/// # use tool_audit::{AuditSink, EntryBuilder, HashChainSink, Sanitizer};
/// # let folder = tempfile::tempdir()?;
/// # let store = folder.path().join("audit");
/// # let sink = HashChainSink::in_memory();
/// # sink.record(&EntryBuilder::new("get_order").build(&Sanitizer::default()).as_entry());
/// # sink.to_folder(&store)?;
///
/// let mut index = Index::open(&store)?;
/// assert!(index.catch_up()?.bytes > 0);
/// assert_eq!(index.catch_up()?.bytes, 0);
/// assert!(tool_audit::index::check(&store)?.is_some_and(|check| check.is_sound()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Index {
    store: PathBuf,
    file: IndexFile,
}

impl Index {
    /// Opens the index of a store, the folder in which the folders of its logs stand, and makes an empty one where there
    /// is none.
    ///
    /// # Errors
    ///
    /// [`IndexError::NoStore`] for a log's own folder, [`IndexError::Damaged`] and [`IndexError::OtherVersion`], where
    /// [`rebuild`](Self::rebuild) helps, and what the operating system and SQLite give.
    pub fn open(store: &Path) -> Result<Self, IndexError> {
        fill::logs_of(store)?;
        Ok(Self {
            store: store.to_owned(),
            file: IndexFile::open(store)?,
        })
    }

    /// Forgets all that the index of a store knows, also where its file is damaged, and gives it open and empty:
    /// [`catch_up`](Self::catch_up) fills it.
    ///
    /// # Errors
    ///
    /// As for [`open`](Self::open), damage aside.
    pub fn rebuild(store: &Path) -> Result<Self, IndexError> {
        let opened = Self::open(store).and_then(|mut index| index.file.clear().map(|()| index));
        match opened {
            Err(error) if error.is_of_the_file() => {
                IndexFile::remove(store)?;
                Self::open(store)
            }
            opened => opened,
        }
    }

    /// Indexes what was added to the logs since it was last done, and forgets the segments that are gone.
    ///
    /// A record that is being written is indexed once it is whole. Where a segment was changed, cut or replaced, it is
    /// indexed anew. Each 16 MiB of log are a transaction of their own, so that what was done stays done, and memory is
    /// bounded.
    ///
    /// # Errors
    ///
    /// A log or the index cannot be read or written.
    pub fn catch_up(&mut self) -> Result<CaughtUp, IndexError> {
        self.catch_up_while(|_| true)
    }

    /// [`catch_up`](Self::catch_up), as long as `goes_on` says so, which sees after each transaction what was done.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn catch_up_while(
        &mut self,
        mut goes_on: impl FnMut(&CaughtUp) -> bool,
    ) -> Result<CaughtUp, IndexError> {
        let mut done = CaughtUp::default();
        while fill::step(&mut self.file, &self.store, &mut done)? && goes_on(&done) {}
        Ok(done)
    }

    /// The index's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.file.path()
    }
}
