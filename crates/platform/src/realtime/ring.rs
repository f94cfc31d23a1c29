//! The newest events of a tenant, in memory: most followers that were away for a moment are served
//! from here, without the database.

use std::{collections::VecDeque, sync::Arc};

use super::shared_event::SharedEvent;

/// Maximum events that are kept, and their maximum memory in bytes.
const MAX: usize = 10_000;
const MAX_BYTES: usize = 8 << 20;

#[derive(Debug, Default)]
pub struct Ring {
    events: VecDeque<Arc<SharedEvent>>,
    bytes: usize,
}

impl Ring {
    /// Adds the next event and drops the oldest ones.
    pub fn push(&mut self, shared_event: Arc<SharedEvent>) {
        self.bytes += shared_event.weight();
        self.events.push_back(shared_event);
        while self.events.len() > MAX || self.bytes > MAX_BYTES && self.events.len() > 1 {
            if let Some(removed) = self.events.pop_front() {
                self.bytes -= removed.weight();
            }
        }
    }

    /// Returns at most `limit` events after `seq`; None if the ring does not reach back that far.
    pub fn after(&self, seq: i64, limit: usize) -> Option<Vec<Arc<SharedEvent>>> {
        let first = self.events.front()?.seq();
        let skip = usize::try_from(seq + 1 - first).ok()?;
        Some(self.events.iter().skip(skip).take(limit).cloned().collect())
    }

    pub fn clear(&mut self) {
        self.events.clear();
        self.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use entity::prelude::Timestamp;

    use super::*;
    use crate::storage::journal::Event;

    fn shared_event(seq: i64, bytes: usize) -> Arc<SharedEvent> {
        let event = Event { seq, kind: "a.b".to_owned(), payload: "x".repeat(bytes), recorded_at: Timestamp(0) };
        SharedEvent::new(Arc::new(event))
    }
    fn seqs(found: Option<Vec<Arc<SharedEvent>>>) -> Option<Vec<i64>> {
        found.map(|found| found.iter().map(|shared_event| shared_event.seq()).collect())
    }

    #[test]
    fn it_knows_how_far_it_goes_back() {
        let mut ring = Ring::default();
        assert_eq!(seqs(ring.after(0, 9)), None, "nothing is known yet");
        (5..=8).for_each(|seq| ring.push(shared_event(seq, 1)));
        assert_eq!(seqs(ring.after(3, 9)), None, "4 is not here");
        assert_eq!(seqs(ring.after(4, 9)), Some(vec![5, 6, 7, 8]));
        assert_eq!(seqs(ring.after(6, 1)), Some(vec![7]));
        assert_eq!(seqs(ring.after(8, 9)), Some(vec![]));
    }

    #[test]
    fn it_stays_small() {
        let mut ring = Ring::default();
        (1..=MAX as i64 + 3).for_each(|seq| ring.push(shared_event(seq, 1)));
        assert_eq!(seqs(ring.after(2, 1)), None);
        assert_eq!(seqs(ring.after(3, 1)), Some(vec![4]));
        (0..3).for_each(|n| ring.push(shared_event(MAX as i64 + 4 + n, MAX_BYTES / 12)));
        assert!(ring.bytes <= MAX_BYTES && ring.events.len() < 10, "{} in {}", ring.bytes, ring.events.len());
    }
}
