//! Rows that commands on counts need.

use std::collections::{BTreeMap, BTreeSet};

use entity::prelude::*;

use crate::stock::core::LevelKey;

/// Rows that commands on counts need besides levels.
#[derive(Debug, Default)]
pub struct CountNeeds {
    pub counts: Vec<CountId>,
    /// Lines of these products.
    pub lines: BTreeMap<CountId, Vec<ProductId>>,
    /// Counts to load with all lines, late corrections, and the actors who counted.
    pub whole: Vec<CountId>,
    /// Levels whose quantity on hand at an earlier moment is read. Each level occurs once, however
    /// many of its lots are counted.
    pub past: BTreeMap<Timestamp, BTreeSet<LevelKey>>,
    pub refs: Vec<String>,
    /// Levels of a count that is started when it is created.
    pub begun: BTreeSet<LevelKey>,
    /// Counts to reverse.
    pub undone: Vec<CountToReverse>,
}

/// A count to reverse, for which other counts of its products are read.
#[derive(Debug, Clone)]
pub struct CountToReverse {
    pub count: CountId,
    pub store: StoreId,
    /// Products of the lines to reverse.
    pub products: Vec<ProductId>,
    pub completed_at: Timestamp,
    /// The event of the first movement that it posted.
    pub seq: i64,
}
