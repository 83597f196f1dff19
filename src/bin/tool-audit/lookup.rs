use std::path::Path;

use clap::Args;
use tool_audit::query::{Filter, QueryError, ReverseScan, Scan, Timeline};

/// Whether the indexes of the stores are used.
#[derive(Debug, Args)]
pub(crate) struct LookupArguments {
    /// Read the logs without the index beside them
    #[arg(long)]
    no_index: bool,
}

impl LookupArguments {
    pub(crate) fn scan(&self, log: &Path, filter: &Filter) -> Result<Scan, QueryError> {
        #[cfg(unix)]
        if let Some(lookup) = self.lookup(log, filter)? {
            return lookup.scan();
        }
        tool_audit::query::scan(log, filter)
    }

    pub(crate) fn scan_reverse(
        &self,
        log: &Path,
        filter: &Filter,
    ) -> Result<ReverseScan, QueryError> {
        #[cfg(unix)]
        if let Some(lookup) = self.lookup(log, filter)? {
            return lookup.scan_reverse();
        }
        tool_audit::query::scan_reverse(log, filter)
    }

    pub(crate) fn timeline(&self, log: &Path, conversation: &str) -> Result<Timeline, QueryError> {
        #[cfg(unix)]
        if let Some(lookup) = self.lookup(log, &Filter::new().conversation(conversation))? {
            return lookup.timeline();
        }
        tool_audit::query::timeline(log, conversation)
    }

    #[cfg(unix)]
    fn lookup(
        &self,
        log: &Path,
        filter: &Filter,
    ) -> Result<Option<tool_audit::index::Lookup>, QueryError> {
        if self.no_index {
            return Ok(None);
        }
        let lookup = tool_audit::index::Lookup::open(log, filter)?;
        for warning in lookup.warnings() {
            crate::output::note(&warning.to_string());
        }
        Ok(Some(lookup))
    }
}
