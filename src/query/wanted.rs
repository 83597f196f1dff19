//! What an index can look up of a filter: the same members of a record that the filter confirms.

use super::Filter;
use super::fields::Fields;
use super::filter::{ALERT, says_failure};
use super::own::Own;

/// A member of a record by which an index finds it; the most selective first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Member {
    Conversation = 1,
    Subject = 2,
    User = 3,
    /// The call declared an emergency; without a word.
    Emergency = 4,
    /// The call failed; without a word.
    Failure = 5,
    Kind = 6,
    Outcome = 7,
    Tool = 8,
}

/// Calls `take` with each word by which a record may be asked for.
pub(crate) fn words_of(
    kind: &str,
    fields: &Fields<'_>,
    own: Own<'_>,
    mut take: impl FnMut(Member, &str),
) {
    take(Member::Kind, kind);
    for (member, word) in [
        (Member::Conversation, fields.conversation()),
        (Member::User, fields.user()),
        (Member::Tool, fields.tool()),
        (Member::Outcome, fields.outcome()),
    ] {
        if let Some(word) = word {
            take(member, word);
        }
    }
    if fields.outcome().is_some_and(says_failure) {
        take(Member::Failure, "");
    }
    if own.is_emergency() {
        take(Member::Emergency, "");
    }
    for subject in own.texts("subjects") {
        take(Member::Subject, &subject);
    }
}

impl Filter {
    /// The words of which a wanted record has one of each group, the most selective group first. What the filter asks for
    /// besides has to be looked for in the records.
    pub(crate) fn groups(&self) -> Vec<Vec<(Member, String)>> {
        let of = |member: Member, words: &[String]| {
            let words = words.iter().map(|word| (member, word.clone()));
            words.collect::<Vec<_>>()
        };
        let outcomes = self.outcomes.iter();
        let mut groups = vec![
            of(Member::Conversation, &self.conversations),
            of(Member::Subject, &self.subjects),
            of(Member::User, &self.users),
            of(Member::Kind, &self.kinds),
            of(Member::Tool, &self.tools),
            outcomes
                .map(|one| (Member::Outcome, one.as_str().to_owned()))
                .collect(),
        ];
        if self.failures {
            groups.push(vec![(Member::Failure, String::new())]);
        }
        if self.emergency {
            groups.push(vec![(Member::Emergency, String::new())]);
        }
        if self.unreviewed {
            groups.push(vec![
                (Member::Emergency, String::new()),
                (Member::Kind, ALERT.to_owned()),
            ]);
        }
        groups.retain(|group| !group.is_empty());
        groups.sort_by_key(|group| group.iter().map(|(member, _)| *member).max());
        groups
    }

    /// The first and the last instant that is wanted, in microseconds, where the filter has such bounds.
    pub(crate) fn times(&self) -> Option<(i64, i64)> {
        let bounds = (
            self.since.unwrap_or(i64::MIN),
            self.until.unwrap_or(i64::MAX),
        );
        self.has_times().then_some(bounds)
    }
}
