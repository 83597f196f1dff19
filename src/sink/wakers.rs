use std::collections::{HashMap, VecDeque};
use std::task::Waker;
use std::time::{Duration, Instant};

/// Tasks that wait for one event, each once however often it polls.
#[derive(Debug, Default)]
pub(in crate::sink) struct WakerSet {
    wakers: HashMap<(usize, usize), Waker>,
    asked: Option<Instant>,
}

/// So many tasks may have given up unseen.
const UNASKED: usize = 64;
/// So often those that wait are asked whether they still do.
const ASK_EVERY: Duration = Duration::from_secs(1);

impl WakerSet {
    /// Keeps `waker` until [`take`](Self::take); what is added to `stale` has to be woken now.
    ///
    /// A task that gave up waiting cannot say so, and its waker keeps its memory. While the event does not come, all
    /// are therefore woken about once a second, and those that still wait come back.
    pub(in crate::sink) fn register(&mut self, waker: &Waker, stale: &mut Vec<Waker>) {
        if self.wakers.len() >= UNASKED {
            let now = Instant::now();
            let asked = *self.asked.get_or_insert(now);
            if now.saturating_duration_since(asked) >= ASK_EVERY {
                self.asked = Some(now);
                self.take(stale);
            }
        }
        // The pair is what `will_wake` compares, and the waker kept holds on to its memory.
        let key = (
            waker.data().addr(),
            std::ptr::from_ref(waker.vtable()).addr(),
        );
        self.wakers.entry(key).or_insert_with(|| waker.clone());
    }

    /// Moves all wakers to `ready`.
    pub(in crate::sink) fn take(&mut self, ready: &mut Vec<Waker>) {
        ready.extend(self.wakers.drain().map(|(_, waker)| waker));
    }
}

/// Tasks that wait for the entry of a number, in the order of the numbers.
#[derive(Debug, Default)]
pub(in crate::sink) struct WakerQueue(VecDeque<(u64, Waker)>);

impl WakerQueue {
    pub(in crate::sink) fn register(&mut self, number: u64, waker: &Waker) {
        let end = self.0.partition_point(|(other, _)| *other <= number);
        let known = (0..end)
            .rev()
            .map_while(|index| self.0.get(index))
            .take_while(|(other, _)| *other == number)
            .any(|(_, other)| other.will_wake(waker));
        if !known {
            self.0.insert(end, (number, waker.clone()));
        }
    }

    /// Moves the wakers of all numbers up to `through` to `ready`.
    pub(in crate::sink) fn take_through(&mut self, through: u64, ready: &mut Vec<Waker>) {
        let end = self.0.partition_point(|(number, _)| *number <= through);
        ready.extend(self.0.drain(..end).map(|(_, waker)| waker));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::task::Wake;

    struct Task;
    impl Wake for Task {
        fn wake(self: Arc<Self>) {}
    }

    #[test]
    fn a_task_is_kept_once_however_often_it_polls() {
        let (one, other) = (Waker::from(Arc::new(Task)), Waker::from(Arc::new(Task)));
        let (mut set, mut queue) = (WakerSet::default(), WakerQueue::default());
        let mut ready = Vec::new();
        for _ in 0..1000 {
            for waker in [&one, &other] {
                set.register(waker, &mut ready);
                queue.register(7, waker);
            }
        }
        assert!(ready.is_empty());
        set.take(&mut ready);
        assert_eq!(ready.len(), 2);
        queue.take_through(7, &mut ready);
        assert_eq!(ready.len(), 4);
    }

    #[test]
    fn only_numbers_that_were_reached_are_woken() {
        let mut queue = WakerQueue::default();
        let mut ready = Vec::new();
        for number in [5, 1, 3, 9, 3] {
            queue.register(number, &Waker::from(Arc::new(Task)));
        }
        queue.take_through(3, &mut ready);
        assert_eq!(ready.len(), 3);
        queue.take_through(u64::MAX, &mut ready);
        assert_eq!(ready.len(), 5);
    }
}
