//! The formulas of reports: pure. Ratios are the crate `forecast`'s, which the published vectors test.

mod abc;
mod baskets;
mod customers;
mod expiry;
mod fill;
mod lost;
mod productivity;
mod shrinkage;
mod span;

pub use abc::{CLASSES, ClassSum, Classified, ProductSold, classified, sums_of_classes};
pub use baskets::{BasketLines, Baskets, LEAST_TOGETHER, MOST_LINES, Pair, PairStrength};
pub use customers::{Cohort, CohortMonth, CustomerOrders, FirstOrders, Scores, cohorts, scored};
pub use expiry::{DatedLot, LotRisk, at_risk, demand_until};
pub use fill::{Fill, Hours};
pub use lost::{Priced, Range, lost_of};
pub use productivity::Productivity;
pub use shrinkage::{CountedLines, StockLoss};
pub use span::Span;

pub use forecast::{abc::AbcClass, xyz::XyzClass};
