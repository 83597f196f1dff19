use std::collections::{HashMap, VecDeque};

/// What a rule remembers of one key: a subject, a user, a tool.
#[derive(Debug, Default)]
pub(super) struct Slot {
    /// When the key was last seen, in microseconds since 1970.
    touched: i64,
    /// When the rule last fired for it.
    pub(super) fired: Option<i64>,
    items: VecDeque<Item>,
    buckets: VecDeque<Bucket>,
}

#[derive(Debug)]
struct Item {
    at: i64,
    /// Tells apart what has to be distinct.
    mark: u64,
    call_id: Box<[u8]>,
}

/// Calls that ended in one part of a window.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    at: i64,
    calls: u64,
    failures: u64,
}

/// So many parts has a window in which calls are only counted.
pub(super) const BUCKETS: i64 = 60;

/// The times that count: those after `from`, and not so far beyond now that a clock was set back since.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub(super) from: i64,
    pub(super) now: i64,
    pub(super) until: i64,
}

impl Window {
    pub(super) fn holds(self, at: i64) -> bool {
        at > self.from && at <= self.until
    }
}

impl Slot {
    /// Whether the rule fired within the window, and so does not fire now.
    pub(super) fn is_quiet(&self, window: Window) -> bool {
        self.fired.is_some_and(|fired| window.holds(fired))
    }

    /// Adds a call, and forgets what no longer counts and what more than `most` are too many; gives how many
    /// are left to count.
    pub(super) fn add(&mut self, window: Window, most: usize, at: i64, call_id: &[u8]) -> usize {
        self.add_distinct(window, most, at, (None, call_id))
    }

    /// Adds a call with a mark that counts once, however often it comes.
    pub(super) fn add_distinct(
        &mut self,
        window: Window,
        most: usize,
        at: i64,
        (mark, call_id): (Option<u64>, &[u8]),
    ) -> usize {
        self.items.retain(|item| window.holds(item.at));
        if let Some(mark) = mark {
            self.items.retain(|item| item.mark != mark);
        }
        if window.holds(at) {
            let mark = mark.unwrap_or_default();
            let call_id = Box::from(call_id);
            self.items.push_back(Item { at, mark, call_id });
        }
        while self.items.len() > most {
            self.items.pop_front();
        }
        self.items.len()
    }

    /// Counts a call, and gives all calls and the failures among them.
    pub(super) fn count(&mut self, window: Window, at: i64, is_failure: bool) -> (u64, u64) {
        self.buckets.retain(|bucket| window.holds(bucket.at));
        if window.holds(at) {
            let width = (window.now.saturating_sub(window.from) / BUCKETS).max(1);
            let joins = |bucket: &&mut Bucket| at - bucket.at < width && at >= bucket.at;
            match self.buckets.back_mut().filter(joins) {
                Some(bucket) => {
                    bucket.calls += 1;
                    bucket.failures += u64::from(is_failure);
                }
                None => self.buckets.push_back(Bucket {
                    at,
                    calls: 1,
                    failures: u64::from(is_failure),
                }),
            }
            // Times that go to and fro begin more parts than there are: the oldest are put together.
            while self.buckets.len() > BUCKETS as usize * 2 {
                let oldest = self.buckets.pop_front();
                if let (Some(oldest), Some(next)) = (oldest, self.buckets.front_mut()) {
                    next.calls += oldest.calls;
                    next.failures += oldest.failures;
                }
            }
        }
        self.buckets.iter().fold((0, 0), |(calls, failures), one| {
            (calls + one.calls, failures + one.failures)
        })
    }

    /// The calls that count, the newest last, each once.
    pub(super) fn call_ids(&self, most: usize) -> Vec<&[u8]> {
        let mut calls: Vec<&[u8]> = Vec::new();
        for item in self.items.iter().rev() {
            // A call that brought several marks stands there in one run.
            if calls.last() != Some(&&*item.call_id) {
                calls.push(&item.call_id);
            }
            if calls.len() == most {
                break;
            }
        }
        calls.reverse();
        calls
    }
}

/// What a rule remembers, within bounds.
#[derive(Debug)]
pub(super) struct Table {
    slots: HashMap<Box<[u8]>, Slot>,
    most_keys: usize,
    items: usize,
    /// How many keys were forgotten before their time.
    pub(super) forgotten: u64,
}

/// The most calls that a rule remembers, all keys together.
pub(super) const MOST_ITEMS: usize = 100_000;

impl Table {
    pub(super) fn new(most_keys: usize) -> Self {
        Self {
            slots: HashMap::new(),
            most_keys,
            items: 0,
            forgotten: 0,
        }
    }

    /// Does something with what is remembered of a key, after room was made for it; `oldest` is the time up to
    /// which nothing counts any more.
    pub(super) fn with<T>(
        &mut self,
        key: &[u8],
        at: i64,
        oldest: i64,
        act: impl FnOnce(&mut Slot) -> T,
    ) -> T {
        if !self.slots.contains_key(key) {
            if self.slots.len() >= self.most_keys {
                self.make_room(oldest);
            }
            self.slots.insert(Box::from(key), Slot::default());
        }
        let (done, grown) = match self.slots.get_mut(key) {
            Some(slot) => {
                slot.touched = at.max(slot.touched);
                let before = slot.items.len();
                let done = act(slot);
                (done, slot.items.len() as isize - before as isize)
            }
            // Not reached: the key was put in above.
            None => (act(&mut Slot::default()), 0),
        };
        self.items = self.items.saturating_add_signed(grown);
        if self.items > MOST_ITEMS {
            self.make_room(oldest);
        }
        done
    }

    /// When the key was last seen, where it is remembered.
    pub(super) fn touched(&self, key: &[u8]) -> Option<i64> {
        self.slots.get(key).map(|slot| slot.touched)
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Forgets what no longer counts, and else the eighth that was not seen for the longest time: a few at a
    /// time, so that a flood of new keys does not make each of them dear.
    fn make_room(&mut self, oldest: i64) {
        let before = self.slots.len();
        self.slots.retain(|_, slot| {
            slot.touched > oldest || slot.fired.is_some_and(|fired| fired > oldest)
        });
        let is_full = |table: &Self| {
            table.slots.len() >= table.most_keys || table.count_items() > MOST_ITEMS * 7 / 8
        };
        if self.slots.len() > before - before / 8 || is_full(self) {
            let mut times: Vec<i64> = self.slots.values().map(|slot| slot.touched).collect();
            let place = times.len() / 8;
            let limit = if times.is_empty() {
                oldest
            } else {
                *times.select_nth_unstable(place).1
            };
            let kept = self.slots.len();
            // Of those seen at the same moment as many go as have to.
            let mut room = place + 1;
            self.slots.retain(|_, slot| {
                let goes = slot.touched <= limit && room > 0;
                room -= usize::from(goes);
                !goes
            });
            self.forgotten += (kept - self.slots.len()) as u64;
        }
        self.items = self.count_items();
    }

    fn count_items(&self) -> usize {
        self.slots.values().map(|slot| slot.items.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Window = Window {
        from: i64::MIN,
        now: i64::MAX,
        until: i64::MAX,
    };

    #[test]
    fn the_keys_not_seen_for_the_longest_time_are_forgotten_first() {
        let mut table = Table::new(80);
        for number in 0..81_i64 {
            table.with(&number.to_be_bytes(), number, i64::MIN, |_| ());
        }
        assert_eq!((table.len(), table.forgotten), (70, 11));
        assert_eq!(table.touched(&10_i64.to_be_bytes()), None);
        assert_eq!(table.touched(&11_i64.to_be_bytes()), Some(11));
    }

    #[test]
    fn what_no_longer_counts_goes_without_being_missed() {
        let mut table = Table::new(80);
        for number in 0..160_i64 {
            table.with(&number.to_be_bytes(), number, number - 40, |_| ());
        }
        assert_eq!(table.forgotten, 0);
        assert!(table.len() <= 80);
    }

    #[test]
    fn calls_are_bounded_all_keys_together() {
        let mut table = Table::new(1000);
        for number in 0..300_000_i64 {
            let key = (number % 150).to_be_bytes();
            table.with(&key, number, i64::MIN, |slot| {
                slot.add(ALL, 1000, number, b"\"c\"");
            });
            assert!(
                table.items <= MOST_ITEMS && table.items == table.count_items()
                    || number % 997 != 0
            );
        }
        assert!(table.forgotten > 0);
    }

    #[test]
    fn a_window_that_is_only_counted_forgets_by_its_sixtieth() {
        let mut slot = Slot::default();
        for at in 0..7200 {
            let window = Window {
                from: at - 3600,
                now: at,
                until: at,
            };
            let (calls, failures) = slot.count(window, at, at % 4 == 0);
            assert!(
                calls.abs_diff((at as u64 + 1).min(3600)) <= 61,
                "{at}: {calls}"
            );
            assert!(
                failures.abs_diff(calls / 4) <= 16,
                "{at}: {failures} of {calls}"
            );
            assert!(slot.buckets.len() <= 61);
        }
    }
}
