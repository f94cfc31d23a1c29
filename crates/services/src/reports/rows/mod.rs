//! The statements of reports: each reads facts, postings or documents by an index that begins with the tenant.

mod abc;
mod baskets;
mod builder;
mod builder_levels;
mod customers;
mod dashboard;
mod expiry;
mod fulfilment;
mod halves;
mod lost;
mod margins;
mod names;
mod narrow;
mod productivity;
mod shrinkage;
mod zone;

pub use abc::{products_sold, stocked_days, weeks_sold};
pub use baskets::basket_lines;
pub use builder::{BuiltGroup, built_groups};
pub use builder_levels::{ProductGroups, StockChange, product_groups, unit_changes, value_changes};
pub use customers::{Ordered, first_orders, guest_orders, ordered};
pub use dashboard::{
    Awaited, DeadStock, Levels, Sales, alerts_open, dead_stock, forecast_weeks, levels, net_sales, open_orders,
    purchases_awaited, stock_worth, top_sellers, transfers_awaited,
};
pub use expiry::{StoredLot, dated_lots, mean_weeks, unit_worth, units_sold};
pub use fulfilment::{FulfilmentGroup, fills, hours};
pub use lost::{listed, paid};
pub use margins::{GroupMargin, MarginGroup, margins};
pub use names::names_of;
pub use narrow::{Narrow, SOLD};
pub use productivity::{Booked, LevelCost, LevelFlow, booked, level_flows};
pub use shrinkage::{CountGroup, Loss, LossGroup, counted, counted_products, losses};
pub use zone::{tenant_zone, zones};
