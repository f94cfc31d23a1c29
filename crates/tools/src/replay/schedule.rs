//! Scheduler of the documents that may be in flight together. Pure: it handles numbers, not
//! requests.
//!
//! Takes of a product commute with takes, and an add may overtake a take: both leave more on the
//! shelf than the order of the file would. A take must not overtake an earlier add, else the shelf,
//! which opens with the least that the file's order needs, would be found empty. A document also
//! waits for the documents that it names.

use std::collections::{BTreeSet, HashMap};

/// Effect of a document on stock, by product number; each list without repeats.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StockEffect {
    pub adds: Vec<u32>,
    pub takes: Vec<u32>,
    /// Earlier documents that must be finished first.
    pub after: Vec<u32>,
}

/// Documents are admitted in their order, at most `window` at a time, and may be started in another.
#[derive(Debug)]
pub struct Scheduler {
    window: usize,
    open: HashMap<u32, OpenDocument>,
    ready: BTreeSet<u32>,
    /// Unfinished documents that add to a product.
    adders: HashMap<u32, BTreeSet<u32>>,
}

#[derive(Debug)]
struct OpenDocument {
    adds: Vec<u32>,
    /// Number of unfinished documents that it waits for.
    waits: usize,
    /// Documents that wait for it.
    followers: Vec<u32>,
}

impl Scheduler {
    /// `window` bounds the documents that are admitted and not finished, and so all memory here; at least 1.
    pub fn new(window: usize) -> Self {
        Self { window: window.max(1), open: HashMap::new(), ready: BTreeSet::new(), adders: HashMap::new() }
    }

    pub fn has_room(&self) -> bool {
        self.open.len() < self.window
    }

    /// Admits the next document; numbers must rise from call to call.
    pub fn admit(&mut self, document: u32, work: StockEffect) {
        let before = work.takes.iter().filter_map(|product| self.adders.get(product)).flatten();
        let blockers: BTreeSet<u32> = before.chain(&work.after).copied().collect();
        let mut waits = 0;
        for blocker in blockers {
            if let Some(open) = self.open.get_mut(&blocker) {
                open.followers.push(document);
                waits += 1;
            }
        }
        if waits == 0 {
            self.ready.insert(document);
        }
        for &product in &work.adds {
            self.adders.entry(product).or_default().insert(document);
        }
        self.open.insert(document, OpenDocument { adds: work.adds, waits, followers: Vec::new() });
    }

    /// The earliest document that waits for nothing; it counts as open until it is finished.
    pub fn start(&mut self) -> Option<u32> {
        self.ready.pop_first()
    }

    /// Everything admitted has been finished.
    pub fn is_idle(&self) -> bool {
        self.open.is_empty()
    }

    pub fn finish(&mut self, document: u32) {
        let Some(finished) = self.open.remove(&document) else { return };
        for product in finished.adds {
            if let Some(adders) = self.adders.get_mut(&product) {
                adders.remove(&document);
                if adders.is_empty() {
                    self.adders.remove(&product);
                }
            }
        }
        for follower in finished.followers {
            if let Some(open) = self.open.get_mut(&follower) {
                open.waits -= 1;
                if open.waits == 0 {
                    self.ready.insert(follower);
                }
            }
        }
    }
}
