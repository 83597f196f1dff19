use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use tool_audit::query::escape;

use crate::verdict::Failure;

/// Makes a file that was not there, and that only its owner may read.
pub(crate) fn create(path: &Path) -> Result<File, Failure> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path).map_err(|error| {
        let name = path.to_string_lossy();
        let advice = match error.kind() {
            io::ErrorKind::AlreadyExists => "nothing is overwritten, give another name",
            _ => "give a file in a folder that you may write to",
        };
        Failure::unable(format!("making {}: {error}: {advice}", escape(&name)))
    })
}

/// [`create`] with these bytes in it.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut file = create(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    written.map_err(|error| failed(path, &error))
}

/// Why a file could not be written to its end.
pub(crate) fn failed(path: &Path, error: &io::Error) -> Failure {
    let name = path.to_string_lossy();
    Failure::unable(format!(
        "writing {}: {error}: free some space, or write elsewhere",
        escape(&name)
    ))
}
