//! The statements of reports: each reads facts, postings or documents by an index that begins with
//! the tenant.

mod abc;
mod baskets;
mod booked_amounts;
mod builder;
mod builder_levels;
mod customers;
mod dashboard;
mod expiry;
mod fulfilment;
mod halves;
mod lost_sales;
mod margins;
mod names;
mod narrow;
mod productivity;
mod shrinkage;
mod zone;

pub use abc::{products_sold, stocked_days, weeks_sold};
pub use baskets::basket_lines;
pub use booked_amounts::{BookedAmounts, LevelCost, booked_amounts};
pub use builder::{BuiltGroup, built_groups};
pub use builder_levels::{ProductGroups, StockChange, product_groups, unit_changes, value_changes};
pub use customers::{CustomerSales, customer_sales, first_orders, guest_orders};
pub use dashboard::{
    DeadStock, IncomingDocuments, Levels, Sales, booked_stock_value, days_without_sale, dead_stock, forecast_weeks,
    incoming_purchases, incoming_transfers, levels, net_sales, open_alerts, open_orders, top_sellers,
};
pub use expiry::{StoredLot, dated_lots, forecast_means, unit_values, units_sold};
pub use fulfilment::{FulfilmentGroup, fill_rates, fulfilment_hours};
pub use lost_sales::{list_prices, load_paid_prices};
pub use margins::{GroupMargin, MarginGroup, margins};
pub use names::names_of;
pub use narrow::{ReportFilter, SOLD};
pub use productivity::{LevelFlow, level_flows};
pub use shrinkage::{CountGroup, Loss, LossGroup, counted_accuracy, counted_products, losses};
pub use zone::{tenant_zone, zones};
