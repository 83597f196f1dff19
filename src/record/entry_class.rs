//! The class that an entry goes to, which may be another one where a call is about somebody.

use super::open::Open;
use super::policy::{ClassName, CompiledPolicy};
use crate::clock::civil;

/// The name of the class that an entry goes to, and until when it is kept.
pub(super) fn class_of<'p>(
    open: &mut Open,
    policy: &'p CompiledPolicy,
) -> (ClassName<'p>, Option<i64>) {
    let tool = open.tool.unwrap_or_else(|| policy.of(""));
    let day = civil::days(open.started_micros);
    let has_subject = open.is_emergency
        || !open.subjects.is_empty()
        || open.subjects_cut
        || !open.pieces.purpose.is_empty();
    let index = open.class.unwrap_or(tool.class);
    let Some(class) = policy.classes.get(index).or(policy.classes.first()) else {
        return (ClassName::GENERAL, None);
    };
    let longer = policy
        .subject_class
        .filter(|_| has_subject)
        .and_then(|index| Some((index, policy.classes.get(index)?)))
        .filter(|(_, longer)| longer.period.is_longer_than(class.period, day));
    match longer {
        // The log that has the call's beginning gets its end.
        Some((_, longer)) if open.class.is_some() => (class.name(), longer.period.until_day(day)),
        Some((index, longer)) => {
            open.class = Some(index);
            open.durability = open.durability.max(longer.durability.unwrap_or_default());
            (longer.name(), longer.period.until_day(day))
        }
        None => {
            open.class = Some(index);
            (class.name(), class.period.until_day(day))
        }
    }
}
