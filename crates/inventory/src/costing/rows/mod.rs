//! The tables of costing: the book's progress, pools, layers, postings; and revaluations.

mod added_charge;
mod ageing;
mod book;
mod posting_history;
mod page;
mod report;
mod revaluation;
mod revaluation_list;
mod units_by_store;

pub use added_charge::{ChargeVariance, change_order, charge_variances, charges_of_orders, count_charges, received_quantities};
pub use ageing::layer_pieces;
pub use book::{
    Pools, WorthsBefore, advance_book, book, lock_book, pools, sold, tenants_behind, worths_before, write_pools, write_postings,
};
pub use page::{Page, page};
pub use posting_history::posting_history;
pub use report::*;
pub use revaluation::{
    approximate_total_value, insert_revaluation, is_reference_taken, is_reversed, product_units, resting, revaluation,
    revaluations_between, reversals_of_revaluations,
};
pub use revaluation_list::{RevaluationFilter, page_of_revaluations, revaluation_keys, revaluations_kind};
pub use units_by_store::{StoreUnits, units_by_store};
