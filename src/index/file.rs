//! The file `index.sqlite`: how it is made, opened and laid out.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior, params};

use super::IndexError;

/// The file's name in its store (FORMAT section 1).
pub(super) const NAME: &str = "index.sqlite";

/// Marks the file as one of ours, as `file` shows it.
const APPLICATION: i64 = 0x7461_6978;

/// Changes with the tables and with what stands in them.
const VERSION: i64 = 1;

/// How long one indexer waits for another, and a reader for whoever opens the file first.
const PATIENCE: Duration = Duration::from_secs(10);

/// `log` names the folders; `segment` says how far each is read and by what it is known again; `chunk` has what a
/// scan needs to begin in the middle of a segment; `word` says in which chunks a word stands.
const TABLES: &str = "
CREATE TABLE salt (salt BLOB NOT NULL);
CREATE TABLE log (
    id INTEGER PRIMARY KEY,
    folder BLOB NOT NULL UNIQUE,
    name BLOB NOT NULL
);
CREATE TABLE segment (
    id INTEGER PRIMARY KEY,
    log INTEGER NOT NULL,
    first_seq INTEGER NOT NULL,
    indexed INTEGER NOT NULL,
    lines INTEGER NOT NULL,
    greatest_end INTEGER NOT NULL,
    may_repeat INTEGER NOT NULL,
    last_offset INTEGER NOT NULL,
    last_length INTEGER NOT NULL,
    last_hash BLOB NOT NULL,
    file_length INTEGER NOT NULL,
    file_modified INTEGER NOT NULL,
    UNIQUE (log, first_seq)
);
CREATE TABLE chunk (
    segment INTEGER NOT NULL,
    chunk INTEGER NOT NULL,
    lines_before INTEGER NOT NULL,
    end_before INTEGER NOT NULL,
    earliest INTEGER NOT NULL,
    latest INTEGER NOT NULL,
    is_odd INTEGER NOT NULL,
    PRIMARY KEY (segment, chunk)
) WITHOUT ROWID;
CREATE INDEX odd ON chunk (segment, chunk) WHERE is_odd = 1;
CREATE TABLE word (
    word INTEGER NOT NULL,
    segment INTEGER NOT NULL,
    chunk INTEGER NOT NULL,
    PRIMARY KEY (word, segment, chunk)
) WITHOUT ROWID;
";

/// An open index.
#[derive(Debug)]
pub(super) struct IndexFile {
    path: PathBuf,
    connection: Connection,
}

impl IndexFile {
    /// Where the index of a store is, links in the path to the store resolved: SQLite follows none.
    pub(super) fn path_in(store: &Path) -> Result<PathBuf, IndexError> {
        let store = fs::canonicalize(store)
            .map_err(|error| IndexError::io("opening the store", store, error))?;
        Ok(store.join(NAME))
    }

    /// Opens an index to fill it, and makes it where there is none.
    pub(super) fn open(store: &Path) -> Result<Self, IndexError> {
        let path = Self::path_in(store)?;
        // SQLite gives its side files the mode of this one.
        prepare(&path).map_err(|error| IndexError::io("making", &path, error))?;
        let mut file = Self::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        file.set_up()?;
        Ok(file)
    }

    /// Opens an index to look something up; none where there is no file, or an empty one.
    pub(super) fn open_to_read(store: &Path) -> Result<Option<Self>, IndexError> {
        let path = Self::path_in(store)?;
        match fs::symlink_metadata(&path) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(IndexError::io("opening", &path, error)),
        }
        let file = Self::connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        // Another process is just about to lay it out.
        if file.sql(is_empty)? {
            return Ok(None);
        }
        file.look_at_version()?;
        Ok(Some(file))
    }

    /// Takes away what stands in the place of an index, whatever it is.
    pub(super) fn remove(store: &Path) -> Result<(), IndexError> {
        let path = Self::path_in(store)?;
        for suffix in ["-wal", "-shm", "-journal", ""] {
            let mut name = path.clone().into_os_string();
            name.push(suffix);
            let one = PathBuf::from(name);
            match fs::remove_file(&one) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(IndexError::io("removing", &one, error)),
            }
        }
        Ok(())
    }

    fn connect(path: PathBuf, access: OpenFlags) -> Result<Self, IndexError> {
        let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
        let connect = || {
            let connection = Connection::open_with_flags(&path, flags)?;
            connection.busy_timeout(PATIENCE)?;
            // What somebody else put into the file is data, and damage is noticed where it is met.
            connection
                .execute_batch("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;")?;
            Ok(connection)
        };
        match connect() {
            Ok(connection) => Ok(Self { path, connection }),
            Err(error) => Err(IndexError::sqlite(&path, error)),
        }
    }

    fn set_up(&mut self) -> Result<(), IndexError> {
        // Before there is a table, or never.
        self.sql(|connection| {
            connection.execute_batch(
                "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
                 PRAGMA cache_size = -32768;",
            )
        })?;
        self.write(|transaction| {
            if is_empty(transaction)? {
                transaction.execute_batch(TABLES)?;
                transaction.pragma_update(None, "application_id", APPLICATION)?;
                transaction.pragma_update(None, "user_version", VERSION)?;
                salt_anew(transaction)?;
            }
            Ok(())
        })?;
        self.look_at_version()
    }

    fn look_at_version(&self) -> Result<(), IndexError> {
        let number = |name: &str| {
            self.sql(|connection| connection.pragma_query_value(None, name, |row| row.get(0)))
        };
        let (application, version): (i64, i64) =
            (number("application_id")?, number("user_version")?);
        if application != APPLICATION {
            return Err(IndexError::Damaged {
                index: self.path.clone(),
                source: None,
            });
        }
        if version != VERSION {
            return Err(IndexError::OtherVersion {
                index: self.path.clone(),
                version,
            });
        }
        Ok(())
    }

    /// Forgets all that is indexed.
    pub(super) fn clear(&mut self) -> Result<(), IndexError> {
        self.write(|transaction| {
            transaction.execute_batch(
                "DELETE FROM word; DELETE FROM chunk; DELETE FROM segment; DELETE FROM log; DELETE FROM salt;",
            )?;
            salt_anew(transaction)
        })
    }

    /// Gives the room of rows that are gone back to the file system.
    pub(super) fn shrink(&self) -> Result<(), IndexError> {
        self.sql(|connection| {
            // One page a step.
            let mut vacuum = connection.prepare("PRAGMA incremental_vacuum")?;
            let mut steps = vacuum.query([])?;
            while steps.next()?.is_some() {}
            // Readers that stand in the way leave it to the next time.
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn sql<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, IndexError> {
        work(&self.connection).map_err(|error| IndexError::sqlite(&self.path, error))
    }

    /// Begins a look at the index as it stands now, which no other process changes until it is dropped.
    pub(super) fn begin_reading(&self) -> Result<Transaction<'_>, IndexError> {
        let begun = Transaction::new_unchecked(&self.connection, TransactionBehavior::Deferred);
        // It begins with the first read.
        begun
            .and_then(|transaction| salt(&transaction).map(|_| transaction))
            .map_err(|error| IndexError::sqlite(&self.path, error))
    }

    /// Begins to change the index, alone.
    pub(super) fn begin_writing(&mut self) -> Result<Transaction<'_>, IndexError> {
        let path = &self.path;
        let begun = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate);
        begun.map_err(|error| IndexError::sqlite(path, error))
    }

    fn write(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>,
    ) -> Result<(), IndexError> {
        let path = self.path.clone();
        let transaction = self.begin_writing()?;
        work(&transaction)
            .and_then(|()| transaction.commit())
            .map_err(|error| IndexError::sqlite(&path, error))
    }
}

/// Makes the file where there is none, for its owner alone; one that others could read is closed to them.
fn prepare(path: &Path) -> io::Result<()> {
    // Closing a file drops the locks that the process holds on it, also those of another thread's SQLite.
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let made = File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    match made {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let found = fs::symlink_metadata(path)?;
            if !found.is_file() {
                return Err(io::Error::other("it is no file"));
            }
            if found.permissions().mode() & 0o077 != 0 {
                fs::set_permissions(path, Permissions::from_mode(0o600))?;
            }
            Ok(())
        }
        Err(error) => Err(error),
    }
}

fn is_empty(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row(
        "SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)",
        [],
        |row| row.get(0),
    )
}

/// The random bytes that go into every digest of the index, so that none can be looked up in a table of names.
pub(super) fn salt(connection: &Connection) -> rusqlite::Result<[u8; 16]> {
    connection.query_row("SELECT salt FROM salt", [], |row| row.get(0))
}

fn salt_anew(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    transaction.execute("INSERT INTO salt (salt) VALUES (?1)", params![salt])?;
    Ok(())
}
