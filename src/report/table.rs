//! An access report as a text for people and as CSV.

use std::fmt;
use std::io::{self, Write};

use super::access::{Access, AccessReport};
use crate::query::escape;

/// What could act on a terminal is [escaped](escape).
impl fmt::Display for AccessReport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, who) = match (&self.subject_id, &self.user_id) {
            (Some(subject), _) => ("accesses to the records of", subject),
            (None, Some(user)) => ("accesses by", user),
            (None, None) => ("accesses", &String::new()),
        };
        writeln!(formatter, "Access report: {what} {}", escape(who))?;
        writeln!(formatter, "{}", self.report_period)?;
        let (total, users) = (self.total_accesses, self.unique_users);
        writeln!(formatter, "{total} accesses by {users} users")?;
        for access in &self.accesses {
            writeln!(formatter, "  {access}")?;
        }
        if self.not_attributable > 0 {
            let calls = self.not_attributable;
            writeln!(
                formatter,
                "calls that may be about somebody and do not say whom: {calls}"
            )?;
        }
        self.integrity.write(self.integrity_verified, formatter)
    }
}

impl fmt::Display for Access {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{}  {} ({})  {}  {}  {}",
            escape(&self.timestamp),
            escape(&self.accessed_by),
            escape(&self.role),
            escape(&self.tool),
            escape(&self.purpose),
            outcome(self.success),
        )?;
        if self.emergency {
            formatter.write_str("  EMERGENCY")?;
        }
        if !self.data_viewed.is_empty() {
            write!(
                formatter,
                "  viewed: {}",
                escape(&self.data_viewed.join(", "))
            )?;
        }
        if let Some(subjects) = self
            .subjects
            .as_ref()
            .filter(|subjects| !subjects.is_empty())
        {
            write!(formatter, "  about: {}", escape(&subjects.join(", ")))?;
        }
        Ok(())
    }
}

fn outcome(success: Option<bool>) -> &'static str {
    match success {
        Some(true) => "success",
        Some(false) => "failure",
        None => "unknown",
    }
}

impl AccessReport {
    /// Writes the accesses as CSV (RFC 4180), the verdict in each row.
    ///
    /// A cell that a spreadsheet could take for a formula begins with an apostrophe.
    ///
    /// # Errors
    ///
    /// What `out` gives.
    pub fn write_csv(&self, out: &mut impl Write) -> io::Result<()> {
        let with_subjects = self.user_id.is_some();
        out.write_all(b"timestamp,accessed_by,role,tool,purpose,success,emergency,data_viewed")?;
        if with_subjects {
            out.write_all(b",subjects")?;
        }
        out.write_all(b",integrity_verified\r\n")?;
        for access in &self.accesses {
            let mut cells = vec![
                cell(&access.timestamp),
                cell(&access.accessed_by),
                cell(&access.role),
                cell(&access.tool),
                cell(&access.purpose),
                access
                    .success
                    .map_or_else(|| "unknown".to_owned(), |success| success.to_string()),
                access.emergency.to_string(),
                cell(&access.data_viewed.join(" ")),
            ];
            if with_subjects {
                cells.push(cell(
                    &access.subjects.as_deref().unwrap_or_default().join(" "),
                ));
            }
            cells.push(self.integrity_verified.to_string());
            write!(out, "{}\r\n", cells.join(","))?;
        }
        Ok(())
    }
}

/// A cell that begins no formula, in quotes where it needs them.
fn cell(text: &str) -> String {
    let defused = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    if defused.contains(['"', ',', '\r', '\n']) {
        format!("\"{}\"", defused.replace('"', "\"\""))
    } else {
        defused
    }
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn cells_are_quoted_and_begin_no_formula() {
        assert_eq!(cell("dr_9"), "dr_9");
        assert_eq!(cell("=1+1"), "'=1+1");
        assert_eq!(cell("-a,\"b\""), "\"'-a,\"\"b\"\"\"");
        assert_eq!(cell("\tx"), "'\tx");
    }
}
