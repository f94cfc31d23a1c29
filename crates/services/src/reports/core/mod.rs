//! The formulas of reports: pure. Ratios are the crate `forecast`'s, which the published vectors
//! test.

mod abc;
mod baskets;
mod builder;
mod calendar;
mod chart;
mod customers;
mod dashboard;
mod dimension;
mod expiry;
mod regularity;
mod figure;
mod fill;
mod lost_sales;
mod measure;
mod measure_text;
mod productivity;
mod relative;
mod shrinkage;
mod span;

pub use abc::{
    CLASS_PAIRS, ClassSum, ClassifiedProduct, ProductSold, WeekRegularity, assign_classes, classes_of, classify_products,
    sums_of_classes,
};
pub use baskets::{BasketLines, Baskets, MAX_LINES, MIN_PAIR_ORDERS, Pair, PairStrength};
pub use builder::{BuilderRefusal, MAX_DIMENSIONS, MAX_GROUPS, MAX_MEASURES, ReportSort, ReportSpec};
pub use calendar::{Bucket, Comparison, ComparisonPeriod, TimeUnit};
pub use chart::{
    BandChart, BandPoint, Chart, ChartKind, ChartPoint, MAX_POINTS, MAX_STACKED, draw_band, draw_chart, period_label,
    weekday_label,
};
pub use customers::{Cohort, CohortMonth, CustomerOrders, FirstOrders, Scores, cohorts, score_customers};
pub use dashboard::changes_dashboard;
pub use dimension::ReportDimension;
pub use expiry::{DatedLot, LotRisk, at_risk, demand_until};
pub use figure::Figure;
pub use fill::{Fill, Hours};
pub use lost_sales::{LossRange, UnitPrice, lost_sales_of};
pub use measure::{Base, BaseSource, ReportMeasure, ReportUnit};
pub use productivity::Productivity;
pub use regularity::{StockedDays, set_regularity};
pub use relative::RelativePeriod;
pub use shrinkage::{CountedClasses, CountedLines, StockLoss};
pub use span::Span;

pub use forecast::{abc::AbcClass, xyz::XyzClass};
