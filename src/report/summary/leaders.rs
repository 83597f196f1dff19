use std::collections::HashMap;

use super::Ranking;
use crate::query::Distinct;

/// Numbers that are kept by name.
pub(super) trait Numbers {
    fn calls(&self) -> u64;
    fn merge(&mut self, other: Self);
}

/// Numbers by name, of as many names as fit: where there are more, those with the fewest calls are let go and counted
/// together, so that whoever has many calls stays, whenever they came.
#[derive(Debug)]
pub(super) struct Leaders<T> {
    named: HashMap<String, T>,
    names: Distinct,
    most: usize,
    bytes: usize,
    calls: u64,
    let_go: bool,
}

/// How long all names together may be.
const MOST_BYTES: usize = 4 * 1024 * 1024;

impl<T: Numbers> Leaders<T> {
    pub(super) fn new(most: usize) -> Self {
        Self {
            named: HashMap::new(),
            names: Distinct::default(),
            most,
            bytes: 0,
            calls: 0,
            let_go: false,
        }
    }

    /// Counts one call of this name.
    pub(super) fn add(&mut self, name: &str, new: impl FnOnce() -> T, count: impl FnOnce(&mut T)) {
        self.calls += 1;
        if let Some(numbers) = self.named.get_mut(name) {
            count(numbers);
            return;
        }
        self.names.add(name);
        let mut numbers = new();
        count(&mut numbers);
        self.bytes += name.len();
        self.named.insert(name.to_owned(), numbers);
        self.make_room();
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.names.merge(other.names);
        self.calls += other.calls;
        self.let_go |= other.let_go;
        for (name, numbers) in other.named {
            if let Some(mine) = self.named.get_mut(&name) {
                mine.merge(numbers);
            } else {
                self.bytes += name.len();
                self.named.insert(name, numbers);
            }
        }
        self.make_room();
    }

    fn make_room(&mut self) {
        if self.named.len() <= self.most && self.bytes <= MOST_BYTES {
            return;
        }
        self.let_go = true;
        let half = self.most / 2;
        let mut bytes = 0;
        let kept = self.ranked().into_iter().take(half);
        let kept: HashMap<String, T> = kept
            .take_while(|(name, _)| {
                bytes += name.len();
                bytes <= MOST_BYTES / 2
            })
            .collect();
        self.bytes = kept.keys().map(String::len).sum();
        self.named = kept;
    }

    fn ranked(&mut self) -> Vec<(String, T)> {
        let mut ranked: Vec<(String, T)> = std::mem::take(&mut self.named).into_iter().collect();
        ranked.sort_by(|(name, one), (other_name, other)| {
            let more_calls = other.calls().cmp(&one.calls());
            more_calls.then_with(|| name.cmp(other_name))
        });
        ranked
    }

    pub(super) fn ranking<R>(mut self, shown: usize, row: impl Fn(String, T) -> R) -> Ranking<R> {
        let mut calls_shown = 0;
        let ranked = self.ranked().into_iter().take(shown);
        let shown: Vec<R> = ranked
            .map(|(name, numbers)| {
                calls_shown += numbers.calls();
                row(name, numbers)
            })
            .collect();
        let (names, is_exact) = self.names.count();
        Ranking {
            others: names.saturating_sub(shown.len() as u64),
            others_estimated: !is_exact,
            shown,
            calls_of_others: self.calls.saturating_sub(calls_shown),
            exact: !self.let_go,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Calls(u64);

    impl Numbers for Calls {
        fn calls(&self) -> u64 {
            self.0
        }
        fn merge(&mut self, other: Self) {
            self.0 += other.0;
        }
    }

    fn add(leaders: &mut Leaders<Calls>, name: &str) {
        leaders.add(name, || Calls(0), |calls| calls.0 += 1);
    }

    #[test]
    fn who_has_many_calls_stays_whenever_they_came_and_memory_is_bounded() {
        let mut leaders = Leaders::new(100);
        for number in 0..10_000 {
            add(&mut leaders, &format!("rare_{number}"));
            if number > 5000 {
                add(&mut leaders, "late");
            }
            assert!(leaders.named.len() <= 100);
        }
        let ranking = leaders.ranking(1, |name, calls| (name, calls.0));
        assert_eq!(ranking.shown, [("late".to_owned(), 4999)]);
        assert_eq!((ranking.calls_of_others, ranking.exact), (10_000, false));
        assert!(ranking.others.abs_diff(10_000) < 200, "{}", ranking.others);
    }

    #[test]
    fn long_names_are_bounded_too() {
        let mut leaders = Leaders::new(1000);
        for number in 0..400 {
            add(&mut leaders, &format!("{number}{}", "x".repeat(100_000)));
            let bytes: usize = leaders.named.keys().map(String::len).sum();
            assert!(bytes == leaders.bytes && bytes <= MOST_BYTES);
        }
        assert_eq!(leaders.names.count(), (400, true));
    }
}
