//! Queries for reports: with a permit, over facts that are brought up to date first. Rows are in
//! the order of their keys, and totals are over all of them.

mod abc;
mod baskets;
mod builder;
mod builder_error;
mod builder_levels;
mod customers;
mod dashboard;
mod expiry;
mod fulfilment;
mod dashboard_cache;
mod lost_sales;
mod margins;
mod productivity;
mod shrinkage;
mod today;
mod report_context;

pub use abc::{AbcXyz, AbcXyzOptions, abc_xyz};
pub use baskets::{BasketsError, BoughtTogether, bought_together};
pub use builder::{BuiltReport, BuiltRow, ReportCell, built_report, report_names};
pub use builder_error::BuilderError;
pub use customers::{CohortRow, CustomerCohorts, CustomerScore, CustomerSegments, customer_cohorts, customer_segments};
pub use dashboard::{Dashboard, DashboardCaller, DeadSums, Panel, SalesComparison, TopSeller, dashboard};
pub use expiry::{ExpiryRisk, RiskBasis, RiskRow, RiskSums, expiry_risk};
pub use fulfilment::{FulfilmentReport, FulfilmentSums, fulfilment_report};
pub use lost_sales::{LostLevel, LostSalesReport, LostSums, lost_sales};
pub use margins::{MarginReport, MarginTop, margin_report};
pub use productivity::{
    ProductivityGroup, ProductivityOptions, ProductivityReport, ProductivityRow, ProductivityTop, stock_productivity,
};
pub use report_context::{RankedRow, ReportSource};
pub use shrinkage::{CountAccuracy, CountOptions, CountRow, LossKey, Shrinkage, count_accuracy, shrinkage};
pub use today::{latest_day, report_day};
