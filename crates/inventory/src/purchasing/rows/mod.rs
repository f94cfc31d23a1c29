//! Rows of purchasing.

mod blanket;
mod blanket_list;
mod blanket_sort;
mod charge_rows;
mod lead_times;
mod line_rows;
mod list;
mod load;
mod merge;
mod names;
mod order_row;
mod parts;
mod performance;
mod policy;
mod price_drift;
mod reorder;
mod return_list;
mod returns;
mod sorted;
mod supply;
mod write;

pub use blanket::{DueBlanket, blanket_by_number, blanket_rows, blankets, due_blankets, lock_blankets, product_facts};
pub use blanket_list::{BLANKETS, BlanketFilter, blanket_page, blanket_source};
pub use blanket_sort::{BlanketSort, BlanketSorted};
pub use lead_times::{SupplierLeadTime, delivery_days, lead_time_of, lead_times, supplier_lead_times};
pub use list::{Filter, PURCHASES, add_merged, add_merged_suppliers, order_by_number, page, source};
pub use load::{
    currency_and_zone_of, fill_lines, fixed_rate_of, levels_of, lock_orders, orders, places_of, products_of_lines, taken_refs,
    zones_of,
};
pub use merge::{OpenDocuments, bought_elsewhere, count_documents_with, count_open_documents, list_supplies_in_use, skus_of};
pub use names::{Names, PlaceName, ProductName};
pub use parts::{discrepancies_of, load_added_charges, load_printed_parties, order_of_receipt, receipts_of};
pub use performance::{DeliveryFilter, deliveries, leads};
pub use policy::{Policy, lock_policies, write_policies};
pub use price_drift::product_prices;
pub use reorder::{PlanScope, ReplenishmentInput, replenishment_inputs};
pub use return_list::{ReturnFilter, ReturnSort, ReturnsSorted, returns_page, returns_source};
pub use returns::{return_lines, returns};
pub use sorted::{PurchaseSort, PurchaseSorted};
pub use supply::{
    SupplierFacts, SupplyFilter, SupplySort, SupplySorted, clear_preferred, default_suppliers_of, lock_for_preferred,
    lock_supplies, suppliers_by_id_or_code, suppliers_with_survivors, supplies, supply_page, supply_rows, supply_source,
};
pub use write::{purchase_rows, record_sent_revision, reversed_line_rows};
