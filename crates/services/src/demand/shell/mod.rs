//! Keeping the facts, making them again, and asking them.

mod apply;
mod batch;
mod facts;
mod keep;
mod rebuild;
mod remembered;
mod stock;

pub use facts::{FactAsk, FactPage, demand_facts};
pub use keep::{FactsProgress, PAGE, catch_up, keep_with};
pub use rebuild::{Checked, Rebuilt, check, rebuild};
pub use stock::{CategoryStock, Comparisons, LevelStock, LostUnits, MOST_DAYS, StockPerformance, stock_performance};
