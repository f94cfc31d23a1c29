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

pub use blanket::{DueBlanket, blanket_of_number, blanket_rows, blankets, due_blankets, lock_blankets, product_facts};
pub use blanket_list::{BLANKETS, BlanketFilter, blanket_page, blanket_source};
pub use blanket_sort::{BlanketSort, BlanketSorted};
pub use lead_times::{SupplierLead, delivery_days, lead_time_of, lead_times, supplier_leads};
pub use list::{Filter, PURCHASES, add_merged, add_merged_suppliers, number_of, page, source};
pub use load::{
    fill_lines, fixed_rate_of, levels_of, lock_orders, orders, places_of, products_of_lines, taken_refs, trade_of, zones_of,
};
pub use merge::{OpenWith, bought_elsewhere, documents_with, offered, open_with, skus_of};
pub use names::{Names, PlaceName, ProductName};
pub use parts::{added_charges, discrepancies_of, order_of_receipt, printed, receipts_of};
pub use performance::{DeliveryFilter, deliveries, leads};
pub use policy::{Policy, lock_policies, write_policies};
pub use price_drift::product_prices;
pub use reorder::{Look, Situation, situations};
pub use return_list::{ReturnFilter, ReturnSort, ReturnsSorted, returns_page, returns_source};
pub use returns::{return_lines, returns};
pub use sorted::{PurchaseSort, PurchaseSorted};
pub use supply::{
    SupplierFacts, SupplyFilter, SupplySort, SupplySorted, hold_preferred, known_suppliers, lock_supplies, named_suppliers,
    no_longer_preferred, preferred_of, supplies, supply_page, supply_rows, supply_source,
};
pub use write::{note_sent, purchase_rows, undone_rows};
