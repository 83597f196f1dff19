use chrono::{Datelike, NaiveDate};

use crate::clock::civil;

/// For how long records are kept, counted from the day of the call: days, calendar years, or for ever.
///
/// Where both are said, the later date holds: 2,190 days fall one or two days short of six calendar years.
///
/// ```
/// use chrono::NaiveDate;
/// use tool_audit::RetentionClass;
///
/// let day = |text: &str| text.parse::<NaiveDate>();
/// let period = RetentionClass::healthcare().period();
/// assert_eq!(period.until(day("2025-07-06")?), Some(day("2031-07-06")?));
/// # Ok::<(), chrono::ParseError>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct RetentionPeriod {
    days: Option<u32>,
    years: Option<u32>,
}

impl RetentionPeriod {
    /// The days, where days are said.
    #[must_use]
    pub fn days(self) -> Option<u32> {
        self.days
    }

    /// The calendar years, where years are said.
    #[must_use]
    pub fn years(self) -> Option<u32> {
        self.years
    }

    /// Neither days nor years are said: records never expire.
    #[must_use]
    pub fn is_forever(self) -> bool {
        self.days.is_none() && self.years.is_none()
    }

    /// The last day on which a record of this day is kept: it may go once that whole UTC day is over. `None` where it
    /// is kept for ever, or beyond what a date can say.
    ///
    /// Years from the 29th of February on end on the 1st of March where there is no 29th.
    #[must_use]
    pub fn until(self, day: NaiveDate) -> Option<NaiveDate> {
        const DAY_0: i32 = 719_163;
        let until = self.until_day(i64::from(day.num_days_from_ce() - DAY_0))?;
        NaiveDate::from_num_days_from_ce_opt(i32::try_from(until).ok()?.checked_add(DAY_0)?)
    }

    /// The same in days since 1970.
    #[inline]
    pub(crate) fn until_day(self, day: i64) -> Option<i64> {
        let days = self.days.map(|days| day + i64::from(days));
        let years = self.years.map(|years| years_after(day, years));
        days.max(years)
    }

    /// Whether records of the same day are kept longer than for the other period.
    pub(super) fn is_longer_than(self, other: Self, day: i64) -> bool {
        match (self.until_day(day), other.until_day(day)) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(until), Some(other)) => until > other,
        }
    }
}

fn years_after(day: i64, years: u32) -> i64 {
    let (year, month, day) = civil::date(day);
    let year = year + i64::from(years);
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match (month, day) {
        (2, 29) if !is_leap => civil::day_of(year, 3, 1),
        _ => civil::day_of(year, month, day),
    }
}

/// A retention class: which tools' records are kept how long.
///
/// Each class has a log of its own, so that expired records are always whole segments at a log's start
/// (FORMAT section 1).
///
/// ```
/// use tool_audit::RetentionClass;
///
/// let research = RetentionClass::new("research").days(3650).years(10).tools(["run_study", "cohort_*"]);
/// let financial = RetentionClass::financial().tools(["pay_out"]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetentionClass {
    pub(super) name: String,
    pub(super) period: RetentionPeriod,
    pub(super) tools: Vec<String>,
}

impl RetentionClass {
    /// A class whose records never expire and to which no tool belongs yet.
    ///
    /// The name becomes a folder's: lower-case letters, digits, `-` and `_`, at most 64. The hash-chain
    /// sink keeps the records of a class with any other name in its log `general`. In records the name stands
    /// as the sanitizer writes it.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            period: RetentionPeriod::default(),
            tools: Vec::new(),
        }
    }

    /// The class `financial`, as an example to begin with: 2,555 days and seven calendar years, after the custom for
    /// the workpapers of audits in the United States (17 CFR 210.2-06), for `charge_payment`, `issue_refund` and
    /// `apply_credit`.
    #[must_use]
    pub fn financial() -> Self {
        Self::new("financial").days(2_555).years(7).tools([
            "charge_payment",
            "issue_refund",
            "apply_credit",
        ])
    }

    /// The class `healthcare`, as an example to begin with: 2,190 days and six calendar years, after the period of 45
    /// CFR 164.316(b)(2)(i), for `access_patient_record` and `update_treatment`.
    #[must_use]
    pub fn healthcare() -> Self {
        Self::new("healthcare")
            .days(2_190)
            .years(6)
            .tools(["access_patient_record", "update_treatment"])
    }

    /// The class `government`, as an example to begin with: 914 days, which are no less than the 30 months that OMB
    /// M-21-31 asks of logs in the United States (12 at hand, 18 in store). It has no tools yet.
    #[must_use]
    pub fn government() -> Self {
        Self::new("government").days(914)
    }

    /// Records may go after this many days, counted from the day of the call.
    #[must_use]
    pub fn days(mut self, days: u32) -> Self {
        self.period.days = Some(days);
        self
    }

    /// Records may go after this many calendar years; where days are said too, the later date holds.
    #[must_use]
    pub fn years(mut self, years: u32) -> Self {
        self.period.years = Some(years);
        self
    }

    /// Adds tools by their names, or by patterns in which `*` stands for any number of characters.
    ///
    /// A tool that is named exactly belongs there, whatever patterns it fits; of several patterns the one with
    /// the most letters holds, of two classes that say the same the later one.
    #[must_use]
    pub fn tools<I>(mut self, tools: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.tools.extend(tools.into_iter().map(Into::into));
        self
    }

    /// What the class is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// For how long its records are kept.
    #[must_use]
    pub fn period(&self) -> RetentionPeriod {
        self.period
    }
}
