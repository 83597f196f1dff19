use std::fs;
use std::os::unix::fs::MetadataExt;

/// The operating system's name for whoever runs this process; its number where it has none.
///
/// ```
/// assert!(!tool_audit::admin::process_user().is_empty());
/// ```
#[must_use]
pub fn process_user() -> String {
    // Linux says there whose the process is; elsewhere the environment is believed.
    let Ok(own) = fs::metadata("/proc/self") else {
        return std::env::var("USER").unwrap_or_else(|_| "unknown".to_owned());
    };
    let number = own.uid().to_string();
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let named = users.lines().find_map(|line| {
        let mut parts = line.split(':');
        let name = parts.next()?;
        (parts.nth(1)? == number).then(|| name.to_owned())
    });
    named.unwrap_or_else(|| format!("uid {number}"))
}
