//! The tables of costing: the book (how far it is), pools, layers, postings; and revaluations.

mod added_charge;
mod ageing;
mod book;
mod posting_history;
mod page;
mod report;
mod revaluation;
mod revaluation_list;
mod units_by_store;

pub use added_charge::{ChargeVariance, change_order, charge_variances, charges_of_orders, count_of_charges, received_of};
pub use ageing::layer_pieces;
pub use book::{
    Pools, WorthsBefore, behind, book, lock_book, move_book, pools, sold, worths_before, write_pools, write_postings,
};
pub use page::{Page, page};
pub use posting_history::posting_history;
pub use report::*;
pub use revaluation::{
    insert_revaluation, is_reversed, is_taken, product_units, resting, revaluation, revaluations_between, revaluations_undoing,
    worth_of_all,
};
pub use revaluation_list::{RevaluationFilter, page_of_revaluations, revaluation_keys, revaluations_kind};
pub use units_by_store::{StoreUnits, units_by_store};
