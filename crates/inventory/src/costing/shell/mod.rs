//! Updates of the cost book, revaluations, and reports from the book.

mod ageing;
mod charge;
mod keep;
mod report;
mod revalue;
mod summary;
mod revaluation_reversal;

pub use ageing::{Ageing, stock_ageing};
pub use charge::{ChargeAdd, ChargeProblem, MAX_ADDED_CHARGES, charge_add};
pub use keep::catch_up;
pub use report::*;
pub use revaluation_reversal::{RevaluationReverse, revaluation_reverse};
pub use revalue::{Outcome, Revalue, RevalueLine, Write, revalue};
pub use summary::{
    CostSheet, CostSpec, SummaryPage, SummaryPageRequest, ValuationGroup, ValuationRow, ValueSpec, cost_sheet,
    load_valuation_rows, load_valuation_total,
};
