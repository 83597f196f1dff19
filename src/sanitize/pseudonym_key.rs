use std::fmt::{self, Write as _};
use std::fs::{self, File};
use std::io::{self, Read, Write as _};
use std::path::Path;
use std::sync::Arc;

use hmac::{Hmac, KeyInit};
use sha2::Sha256;

use super::SanitizerError;
use super::marker::MAX_KEY_ID;

/// The id of the key that a process makes for itself.
pub(super) const EPHEMERAL: &str = "eph";

const LEAST_BYTES: usize = 32;
const MOST_BYTES: u64 = 4096;

/// The secret key that pseudonyms are made with, and the id that stands in them.
///
/// Who has the key can find out which pseudonym belongs to a known value, and can try all values of a
/// small domain: keep it as you keep a password. Nothing prints it, and only the prepared hash is kept
/// in memory. Destroying a key is what makes the pseudonyms in a log unlinkable to persons, so one
/// key for each period or tenant is worth having; its id, 1 to 16 lower-case letters and digits, tells
/// them apart.
///
/// ```
/// use tool_audit::sanitize::{PseudonymKey, Sanitizer};
///
/// let key = PseudonymKey::from_bytes("k2026", &[7; 32])?; // in earnest: 32 random bytes
/// let sanitizer = Sanitizer::builder().pseudonym_key(key).build()?;
/// assert_eq!(sanitizer.pseudonym_key_id(), "k2026");
/// # Ok::<(), tool_audit::sanitize::SanitizerError>(())
/// ```
#[derive(Clone)]
pub struct PseudonymKey(Arc<Inner>);

struct Inner {
    id: Box<str>,
    prepared: Hmac<Sha256>,
}

impl PseudonymKey {
    /// Takes the bytes of a key; all of them count.
    ///
    /// # Errors
    /// With fewer than 32 bytes, and where `id` is not 1 to 16 lower-case letters and digits or is `eph`.
    pub fn from_bytes(id: &str, key: &[u8]) -> Result<Self, SanitizerError> {
        let fits = (1..=MAX_KEY_ID).contains(&id.len())
            && id
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        if !fits || id == EPHEMERAL {
            return Err(SanitizerError::InvalidKeyId);
        }
        Self::prepare(id, key)
    }

    /// Reads a key from a file that holds `<key id>:<hexadecimal digits>`, at least 64 digits, and
    /// nothing else but white space around it.
    ///
    /// # Errors
    /// Where the file cannot be read, holds something else, or may be read or written by others
    /// than its owner (on Unix; elsewhere permissions are not looked at).
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, SanitizerError> {
        let path = path.as_ref();
        let failed = |source| SanitizerError::key_file(path, source);
        let file = File::open(path).map_err(failed)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o777;
            if mode & 0o077 != 0 {
                let path = path.to_owned();
                return Err(SanitizerError::KeyFileExposed { path, mode });
            }
        }
        let mut content = Vec::new();
        file.take(MOST_BYTES)
            .read_to_end(&mut content)
            .map_err(failed)?;
        let text = std::str::from_utf8(&content).unwrap_or_default();
        Self::from_text(text, || path.display().to_string())
    }

    /// Reads a key from the environment variable `name`, in the form of [`from_file`](Self::from_file).
    ///
    /// # Errors
    /// Where the variable is not set or holds something else.
    pub fn from_env(name: &str) -> Result<Self, SanitizerError> {
        let text = std::env::var(name).map_err(|_| SanitizerError::KeyVariable {
            name: name.to_owned(),
        })?;
        Self::from_text(&text, || format!("the environment variable {name}"))
    }

    /// Makes a key of 32 random bytes and the file for it, which [`from_file`](Self::from_file) reads. On Unix
    /// none but its owner may read or write it.
    ///
    /// # Errors
    /// Where `id` cannot be one, the file is there already, or it cannot be written whole and safely.
    ///
    /// ```
    /// use tool_audit::sanitize::PseudonymKey;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("pseudonym.key");
    /// PseudonymKey::create_file(&path, "k2026")?;
    /// assert_eq!(PseudonymKey::from_file(&path)?.id(), "k2026");
    /// assert!(PseudonymKey::create_file(&path, "k2027").is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn create_file(path: impl AsRef<Path>, id: &str) -> Result<Self, SanitizerError> {
        let path = path.as_ref();
        let failed = |source| SanitizerError::KeyFileNotMade {
            path: path.to_owned(),
            source,
        };
        let mut bytes = [0; LEAST_BYTES];
        getrandom::fill(&mut bytes).map_err(|error| failed(io::Error::other(error)))?;
        let key = Self::from_bytes(id, &bytes)?;
        let mut text = format!("{id}:");
        for byte in bytes {
            // Writing to a string does not fail.
            let _ = write!(text, "{byte:02x}");
        }
        text.push('\n');
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        let mut file = options.open(path).map_err(failed)?;
        let written = file
            .write_all(text.as_bytes())
            .and_then(|()| file.sync_all());
        if let Err(source) = written {
            // Half a key is none, and would stand in the way of a whole one.
            let _ = fs::remove_file(path);
            return Err(failed(source));
        }
        Ok(key)
    }

    /// The id that stands in pseudonyms.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// A key of this process alone, where the operating system gives random bytes.
    pub(super) fn ephemeral() -> Option<Self> {
        let mut key = [0; LEAST_BYTES];
        getrandom::fill(&mut key).ok()?;
        Self::prepare(EPHEMERAL, &key).ok()
    }

    /// The hash with the key in it and nothing else yet.
    pub(super) fn hash(&self) -> Hmac<Sha256> {
        self.0.prepared.clone()
    }

    fn prepare(id: &str, key: &[u8]) -> Result<Self, SanitizerError> {
        if key.len() < LEAST_BYTES {
            return Err(SanitizerError::KeyTooShort);
        }
        let prepared = Hmac::new_from_slice(key).map_err(|_| SanitizerError::KeyTooShort)?;
        let id = id.into();
        Ok(Self(Arc::new(Inner { id, prepared })))
    }

    fn from_text(text: &str, origin: impl Fn() -> String) -> Result<Self, SanitizerError> {
        let invalid = || SanitizerError::InvalidKeyText { origin: origin() };
        let (id, digits) = text.trim().split_once(':').ok_or_else(invalid)?;
        let key = decode_hexadecimal(digits).ok_or_else(invalid)?;
        Self::from_bytes(id, &key)
    }
}

/// Names the key; its bytes stand nowhere.
impl fmt::Debug for PseudonymKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PseudonymKey")
            .field("id", &self.0.id)
            .finish_non_exhaustive()
    }
}

fn decode_hexadecimal(digits: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16);
    pairs
        .iter()
        .map(|[high, low]| u8::try_from(digit(*high)? * 16 + digit(*low)?).ok())
        .collect()
}
