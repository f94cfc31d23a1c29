//! Tables of demand facts, and the tables that they are computed from.

mod book;
mod day_parts;
mod days;
mod documents;
mod facts;
mod page;
mod spans;
mod stock;

pub use book::{
    Book, begin, book, book_of, difference, discard, generations, lock, lock_current, make_current, progress, tenants_behind,
    write,
};
pub use days::{Day, DayChange, Week, days, largest_lines, weeks, write_days, write_weeks};
pub use documents::{CountedStates, Counts, load_counted_states, orders, orders_after, returns, returns_after, write_counted};
pub use facts::{DemandDimension, FactFilter, FactKey, FactRow, fact_page, fact_source};
pub use page::{LastStock, Page, page};
pub use spans::{
    LevelChanges, LevelSpans, SpanRow, level_changes, newest_day, product_changes, spans, spans_within, write_spans,
};
pub use stock::{
    CURRENT, FIRST_DAY, StockFilter, UNTAXED, by_level, products_of_same_category, stock_periods, stockout_periods,
    weeks_by_level,
};
