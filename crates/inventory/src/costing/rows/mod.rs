//! The tables of costing: the book's progress, pools, layers, postings; and revaluations.

mod added_charge;
mod ageing;
mod book;
mod posting_history;
mod page;
mod product_values;
mod report;
mod revaluation;
mod revaluation_list;
mod units_by_store;

pub use added_charge::{ChargeVariance, change_order, charge_variances, charges_of_orders, count_charges, received_quantities};
pub use ageing::layer_pieces;
pub use book::{
    Pools, WorthsBefore, advance_book, load_booked_seq, load_pools, load_sale_sums, load_worths_before, lock_book,
    tenants_behind, write_pools, write_postings,
};
pub use page::{Page, load_entry_page};
pub use posting_history::load_posting_history;
pub use product_values::{ProductValue, ValuationTime, load_product_values, load_values_of_products};
pub use report::*;
pub use revaluation::{
    approximate_total_value, insert_revaluation, is_reference_taken, is_reversed, load_later_documents, load_revaluation,
    product_units, revaluations_between, reversals_of_revaluations,
};
pub use revaluation_list::{RevaluationFilter, page_of_revaluations, revaluation_keys, revaluations_kind};
pub use units_by_store::{StoreUnits, units_by_store};
