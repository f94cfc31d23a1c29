//! Counts as rows.

mod count_row;
mod due;
mod lines;
mod list;
mod load;
mod later_changes;
mod write;

pub use due::{Countable, Planned, countable, listed, lots_at_store, plan, revenue};
pub use later_changes::counts_since;
pub use lines::{
    COUNT_LINES, Difference, LineTest, Progress, ShownLine, attempts_of_lines, line_keys, line_page, pairs, progress,
    progress_after,
};
pub use list::{COUNTS, CountTest, NEWEST, count_keys, id_by_number, page, source};
pub use load::{
    CountScope, category_exists, counters, counts, late, lines, lock_counts, lots_past, open_lines, places_of, posted_since,
    taken_refs, under_way,
};
pub use write::{CountChanges, Written, count_rows};
