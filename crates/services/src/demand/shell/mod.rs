//! Keeping the facts, making them again, and asking them.

mod apply;
mod batch;
mod facts;
mod keep;
mod rebuild;
mod day_cache;
mod stock;

pub use facts::{FactPage, FactRequest, demand_facts};
pub use keep::{PAGE, catch_up, catch_up_for_reader, catch_up_with};
pub use rebuild::{CheckResult, RebuildResult, check, rebuild};
pub use stock::{CategoryStock, Comparisons, LevelStock, LostUnits, MAX_DAYS, StockPerformance, stock_performance};
