//! Figures of days, computed from documents and ledger entries: pure.

mod day;
mod entry;
mod order;
mod sales_return;
mod span;
mod stock;

pub use day::{DayKey, Delta, Deltas, Overflow, week_of};
pub use entry::{StockChange, add_entry};
pub use order::{CountedLines, DemandLine, DemandOrder, PlacedLine, change_order};
pub use sales_return::{DemandReturn, MatchedUnits, ReturnCounted, ReturnedLine, change_return};
pub use span::{Span, is_in_stock, spans_from};
pub use stock::{EVENT_DAYS, StockPeriod, round6};
