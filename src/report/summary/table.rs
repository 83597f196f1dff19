//! A summary as a text for people.

use std::collections::BTreeMap;
use std::fmt::{Display, Formatter, Result};

use super::super::integrity;
use super::{Ranking, SummaryReport};
use crate::query::{escape, quote};

/// What could act on a terminal is [escaped](escape).
impl Display for SummaryReport {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        integrity::write_marks(self.replayed, self.reading_recorded, formatter)?;
        writeln!(formatter, "Summary of the audit log")?;
        self.times.write_period(&self.report_period, formatter)?;
        if let Some((first, last)) = self.first_call.as_ref().zip(self.last_call.as_ref()) {
            let (first, last) = (self.times.show(first), self.times.show(last));
            writeln!(formatter, "first call {first}, last call {last}")?;
        }
        self.write_counts(formatter)?;
        self.write_volumes(formatter)?;
        self.write_rankings(formatter)?;
        self.write_attention(formatter)?;
        self.integrity
            .write(self.integrity_verified, &self.passed, formatter)
    }
}

impl SummaryReport {
    fn write_counts(&self, formatter: &mut Formatter<'_>) -> Result {
        let rate = self.failure_rate.map(|rate| rate * 100.0);
        let rate = rate.map_or(String::new(), |rate| format!(" ({rate:.1} %)"));
        writeln!(
            formatter,
            "{} calls, {} failed{rate}",
            self.total_calls, self.failures
        )?;
        let about = |estimated: bool| if estimated { "about " } else { "" };
        let (users, tools) = (&self.users, &self.tools);
        writeln!(
            formatter,
            "{}{} users, {}{} tools, {}{} conversations",
            about(users.others_estimated),
            users.shown.len() as u64 + users.others,
            about(tools.others_estimated),
            tools.shown.len() as u64 + tools.others,
            about(self.conversations_estimated),
            self.conversations
        )?;
        if let Some(durations) = &self.durations {
            writeln!(
                formatter,
                "durations in ms: mean {}, p50 {}, p95 {}, p99 {}, longest {}",
                durations.avg_ms, durations.p50, durations.p95, durations.p99, durations.max_ms
            )?;
        }
        write_words(formatter, "outcomes", &self.outcomes)?;
        write_words(formatter, "triggers", &self.by_trigger)
    }

    fn write_volumes(&self, formatter: &mut Formatter<'_>) -> Result {
        if self.volumes.steps.is_empty() {
            return Ok(());
        }
        writeln!(formatter, "Calls by the {}:", self.volumes.step)?;
        for step in &self.volumes.steps {
            let start = step.start.get(..19).unwrap_or(&step.start);
            writeln!(
                formatter,
                "  {start}Z  {:>9}  {:>7} failed",
                step.calls, step.failures
            )?;
        }
        Ok(())
    }

    fn write_rankings(&self, formatter: &mut Formatter<'_>) -> Result {
        writeln!(formatter, "Tools:")?;
        for tool in &self.tools.shown {
            let rate = tool
                .success_rate
                .map_or("-".to_owned(), |rate| format!("{:.1} %", rate * 100.0));
            let p95 = tool.p95.map_or("-".to_owned(), |p95| p95.to_string());
            writeln!(
                formatter,
                "  {:>9} calls  {rate:>7} well  p95 {p95} ms  {}",
                tool.total_calls,
                quote(&tool.tool)
            )?;
        }
        write_others(formatter, &self.tools)?;
        writeln!(formatter, "Users:")?;
        for user in &self.users.shown {
            writeln!(
                formatter,
                "  {:>9} calls  {:>7} failed  {}",
                user.total_calls,
                user.failures,
                quote(&user.user)
            )?;
        }
        write_others(formatter, &self.users)
    }

    fn write_attention(&self, formatter: &mut Formatter<'_>) -> Result {
        writeln!(
            formatter,
            "Alerts: {}, {} of them unreviewed",
            self.alerts.total, self.alerts.unreviewed
        )?;
        for rule in &self.alerts.by_rule {
            writeln!(
                formatter,
                "  {:>9}  {} ({})  last {}",
                rule.alerts,
                quote(&rule.rule),
                quote(&rule.severity),
                escape(&self.times.show(&rule.last))
            )?;
        }
        let emergencies = &self.emergencies;
        writeln!(
            formatter,
            "Emergencies: {}, {} of them unreviewed, {} with a defective declaration",
            emergencies.total, emergencies.unreviewed, emergencies.defective
        )?;
        for call in &emergencies.shown {
            writeln!(
                formatter,
                "  {}  {}  {}  {}  {}{}",
                escape(&self.times.show(&call.timestamp)),
                quote(&call.user),
                quote(&call.tool),
                quote(call.reason.as_deref().unwrap_or("no reason")),
                if call.reviewed {
                    "reviewed"
                } else {
                    "UNREVIEWED"
                },
                call.defect.as_ref().map_or(String::new(), |defect| format!(
                    "  DEFECT {}",
                    quote(defect)
                )),
            )?;
        }
        writeln!(formatter, "Entries lost: {}", self.entries_lost.total)?;
        for (reason, count) in &self.entries_lost.by_reason {
            writeln!(formatter, "  {count:>9}  {}", quote(reason))?;
        }
        writeln!(
            formatter,
            "Calls without a recorded end: {}, and {} that may be running",
            self.unknown_outcomes, self.running_calls
        )
    }
}

fn write_words(
    formatter: &mut Formatter<'_>,
    name: &str,
    counts: &BTreeMap<String, u64>,
) -> Result {
    if counts.is_empty() {
        return Ok(());
    }
    write!(formatter, "{name}:")?;
    for (word, count) in counts {
        write!(formatter, " {}:{count}", quote(word))?;
    }
    writeln!(formatter)
}

fn write_others<T>(formatter: &mut Formatter<'_>, ranking: &Ranking<T>) -> Result {
    if ranking.others == 0 {
        return Ok(());
    }
    let about = if ranking.others_estimated {
        "about "
    } else {
        ""
    };
    let (others, calls) = (ranking.others, ranking.calls_of_others);
    writeln!(formatter, "  and {about}{others} others with {calls} calls")
}
