//! Counts as rows.

mod count_row;
mod due;
mod lines;
mod list;
mod load;
mod later_changes;
mod write;

pub use due::{
    Countable, PlannedProduct, load_count_plan, load_countable, load_listed_products, load_lots_at_store, load_revenue,
};
pub use later_changes::counts_since;
pub use lines::{
    COUNT_LINES, Difference, LineTest, LineWithBook, Progress, attempts_of_lines, line_keys, load_counted_pairs, load_line_page,
    load_progress, progress_after,
};
pub use list::{COUNTS, CountTest, NEWEST, count_keys, counts_source, id_by_number, load_count_page};
pub use load::{
    CountScope, category_exists, count_open_lines, find_used_references, load_book_corrections, load_count_scope, load_counters,
    load_counts, load_counts_under_way, load_lines, load_past_lot_quantities, load_posted_since, lock_counts,
};
pub use write::{CountChanges, RowWrite, count_rows};
