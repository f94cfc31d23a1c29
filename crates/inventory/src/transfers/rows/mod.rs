//! Transfers as rows.

mod list;
mod load;
mod sorted;
mod write;

pub use list::{TRANSFERS, TransferTest, id_by_number, page, source};
pub use load::{TransferRoute, existing_stores, fill_lines, lock_transfers, places_of, taken_refs, transfers, under_way};
pub use sorted::{TransferSort, TransfersSorted};
pub use write::{transfer_rows, unsent_rows};
