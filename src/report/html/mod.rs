//! Reports as pages to look at: one file with everything in it, without a script, that asks nothing of a network.

mod chart;
mod words;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context, escape_formatter};
use sha2::{Digest, Sha256};

use self::chart::{Chart, Column};
use super::summary::{DurationBand, Durations, Volumes};
use super::times::Times;
use super::{AccessReport, ReportError, SummaryReport};
use crate::query::{escape, instant};

const STYLE: &str = include_str!("page.css");

const TEMPLATES: [(&str, &str); 4] = [
    ("base.html", include_str!("base.html")),
    ("parts.html", include_str!("parts.html")),
    ("summary.html", include_str!("summary.html")),
    ("access.html", include_str!("access.html")),
];

/// Who made a page, and when: it stands at the page's foot.
///
/// ```
/// use tool_audit::report::Made;
///
/// let made = Made::by("dpo").claimed();
/// # let _ = made;
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Made {
    by: String,
    claimed: bool,
    at: DateTime<Utc>,
}

impl Made {
    /// Now, by whom the operating system or an application knows.
    pub fn by(name: impl Into<String>) -> Self {
        Self {
            by: name.into(),
            claimed: false,
            at: Utc::now(),
        }
    }

    /// The name is a claim that nobody checked.
    pub fn claimed(mut self) -> Self {
        self.claimed = true;
        self
    }

    /// At this instant instead.
    pub fn at(mut self, instant: DateTime<Utc>) -> Self {
        self.at = instant;
        self
    }
}

impl SummaryReport {
    /// The report as a page: one HTML file, with charts as SVG beside the tables that they show.
    ///
    /// The page loads nothing and runs nothing, and its Content Security Policy forbids both. What a log says is shown as
    /// text, with [escapes](crate::query::escape) for what hides from the eye.
    ///
    /// # Errors
    ///
    /// [`ReportError::Page`], which is a fault of this crate.
    pub fn to_html(&self, made: &Made) -> Result<String, ReportError> {
        let volumes = volume_chart(&self.volumes)?;
        let durations = self.durations.as_ref().map(duration_chart).transpose()?;
        let charts = context! { volumes => volumes, durations => durations };
        let report = Value::from(Serde(self));
        render("summary.html", report, charts, made, &self.times)
    }
}

impl AccessReport {
    /// The report as a page, as [`SummaryReport::to_html`] makes one.
    ///
    /// # Errors
    ///
    /// [`ReportError::Page`], which is a fault of this crate.
    pub fn to_html(&self, made: &Made) -> Result<String, ReportError> {
        render(
            "access.html",
            Value::from(Serde(self)),
            Value::UNDEFINED,
            made,
            &self.times,
        )
    }
}

fn render(
    template: &str,
    report: Value,
    charts: Value,
    made: &Made,
    times: &Times,
) -> Result<String, ReportError> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    let mut syntax = SyntaxConfig::builder();
    environment.set_syntax(syntax.trim_blocks(true).lstrip_blocks(true).build()?);
    environment.set_formatter(|out, state, value| match value.as_str() {
        // What hides from the eye is made visible, wherever a text comes from.
        Some(text) if !value.is_safe() => {
            escape_formatter(out, state, &Value::from(&*escape(text)))
        }
        _ => escape_formatter(out, state, value),
    });
    words::add_to(&mut environment, times);
    environment.add_global("zone", times.name());
    for (name, source) in TEMPLATES {
        environment.add_template(name, source)?;
    }
    let digest = STANDARD.encode(Sha256::digest(STYLE));
    let page = context! {
        report => report,
        charts => charts,
        style => Value::from_safe_string(STYLE.to_owned()),
        style_digest => Value::from_safe_string(digest),
        made => context! {
            by => &made.by,
            claimed => made.claimed,
            at => instant::to_text(made.at),
            with => concat!("tool-audit ", env!("CARGO_PKG_VERSION")),
        },
    };
    Ok(environment.get_template(template)?.render(page)?)
}

fn volume_chart(volumes: &Volumes) -> Result<Option<Value>, ReportError> {
    let Some((first, last)) = volumes.steps.first().zip(volumes.steps.last()) else {
        return Ok(None);
    };
    let most = volumes.steps.iter().max_by_key(|step| step.calls);
    let most = most.unwrap_or(first);
    let label = |start: &str| words::step(start, volumes.step);
    let description = format!(
        "Columns by the {} from {} to {}. Most calls: {} in {}. The table below holds every number.",
        volumes.step,
        label(&first.start),
        label(&last.start),
        words::number(most.calls),
        label(&most.start),
    );
    let columns = volumes.steps.iter().map(|step| Column {
        label: words::short_step(&step.start, volumes.step),
        well: step.calls.saturating_sub(step.failures),
        failed: step.failures,
    });
    let chart = Chart {
        id: "volumes",
        title: "Calls over time",
        description: &description,
        columns: columns.collect(),
    };
    Ok(Some(chart.draw()?))
}

fn duration_chart(durations: &Durations) -> Result<Value, ReportError> {
    let description = format!(
        "Columns by how long calls took. Half took at most {}, 95 of 100 at most {}. The table below holds every number.",
        words::milliseconds(durations.p50),
        words::milliseconds(durations.p95),
    );
    let column = |band: &DurationBand| Column {
        label: words::edge(band.from_ms),
        well: band.calls,
        failed: 0,
    };
    let chart = Chart {
        id: "durations",
        title: "How long calls took",
        description: &description,
        columns: durations.bands.iter().map(column).collect(),
    };
    chart.draw()
}
