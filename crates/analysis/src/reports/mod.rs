//! Reports in GraphQL: each a page of rows, the totals of all of them, and how far its sources are.

pub use objects::reports::*;

mod abc;
mod baskets;
mod builder;
mod builder_catalog;
mod builder_enums;
mod builder_row;
mod customers;
mod dashboard;
mod expiry;
pub(crate) mod filter;
mod fulfilment;
mod links;
mod live;
mod lost_sales;
mod margins;
pub(crate) mod page;
mod productivity;
mod shrinkage;

use async_graphql::MergedObject;

pub use abc::{AbcXyz, AbcXyzClass, AbcXyzConnection, AbcXyzEdge, AbcXyzQuery, AbcXyzTotals};
pub use baskets::{BasketQuery, BoughtTogether, BoughtTogetherConnection, BoughtTogetherEdge, BoughtTogetherTotals};
pub(crate) use builder::check_pixels;
pub use builder::{ReportBuilderQuery, ReportRowConnection, ReportRowEdge};
pub use builder_catalog::{ReportCatalog, ReportDimensionInfo, ReportMeasureInfo};
pub use builder_enums::{ReportChartKind, ReportComparison, ReportDimension, ReportMeasure, ReportSort, ReportUnit};
pub use builder_row::{ReportRow, ReportValue};
pub use customers::{
    CustomerCohort, CustomerCohortConnection, CustomerCohortEdge, CustomerCohortTotals, CustomerReportQuery, CustomerScore,
    CustomerScoreConnection, CustomerScoreEdge, CustomerScoreTotals,
};
pub use dashboard::{
    AwaitedDocuments, Dashboard, DashboardMask, DashboardQuery, DashboardSales, DashboardStock, DeadStock, ForecastWeeks,
    SingleRead, TopSeller,
};
pub use expiry::{ExpiryRisk, ExpiryRiskConnection, ExpiryRiskEdge, ExpiryRiskQuery, ExpiryRiskTotals};
pub use filter::{PeriodInput, SalesReportFilter, StockReportFilter};
pub use fulfilment::{FulfilmentReport, FulfilmentReportConnection, FulfilmentReportEdge, FulfilmentReportQuery};
pub use live::{DashboardSubscription, DashboardUpdate};
pub use lost_sales::{LostMoney, LostSalesConnection, LostSalesEdge, LostSalesLevel, LostSalesQuery, LostSalesTotals};
pub use margins::{MarginQuery, MarginReport, MarginReportConnection, MarginReportEdge};
pub use productivity::{
    ProductivityQuery, StockProductivity, StockProductivityConnection, StockProductivityEdge, ValueTurnoverTrend,
};
pub use shrinkage::{
    CountAccuracy, CountAccuracyClass, CountAccuracyConnection, CountAccuracyEdge, Shrinkage, ShrinkageConnection, ShrinkageEdge,
    ShrinkageQuery,
};

/// The root fields of reports.
#[derive(MergedObject, Default)]
pub struct ReportsQuery(
    AbcXyzQuery,
    ProductivityQuery,
    FulfilmentReportQuery,
    LostSalesQuery,
    ShrinkageQuery,
    ExpiryRiskQuery,
    CustomerReportQuery,
    BasketQuery,
    MarginQuery,
    DashboardQuery,
    ReportBuilderQuery,
);
