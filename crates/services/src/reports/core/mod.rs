//! The formulas of reports: pure. Ratios are the crate `forecast`'s, which the published vectors test.

mod abc;
mod baskets;
mod builder;
mod calendar;
mod chart;
mod customers;
mod dashboard;
mod expiry;
mod evenness;
mod figure;
mod fill;
mod lost;
mod measure;
mod productivity;
mod relative;
mod shrinkage;
mod span;

pub use abc::{CLASSES, ClassSum, Classified, ProductSold, assign, classes_of, classified, sums_of_classes};
pub use baskets::{BasketLines, Baskets, LEAST_TOGETHER, MOST_LINES, Pair, PairStrength};
pub use builder::{BuilderRefusal, MOST_DIMENSIONS, MOST_GROUPS, MOST_MEASURES, ReportDimension, ReportSort, ReportSpec};
pub use calendar::{Bucket, Compared, Comparison, TimeUnit};
pub use chart::{
    BandChart, BandPoint, Chart, ChartKind, ChartPoint, MOST_POINTS, MOST_STACKED, drawn, drawn_band, period_label, weekday_label,
};
pub use customers::{Cohort, CohortMonth, CustomerOrders, FirstOrders, Scores, cohorts, scored};
pub use dashboard::changes_dashboard;
pub use evenness::{KnownEvenness, StockedDays, by_known_weeks};
pub use expiry::{DatedLot, LotRisk, at_risk, demand_until};
pub use figure::Figure;
pub use fill::{Fill, Hours};
pub use lost::{Priced, Range, lost_of};
pub use measure::{Base, BaseSource, ReportMeasure, ReportUnit};
pub use productivity::Productivity;
pub use relative::RelativePeriod;
pub use shrinkage::{CountedClasses, CountedLines, StockLoss};
pub use span::Span;

pub use forecast::{abc::AbcClass, xyz::XyzClass};
