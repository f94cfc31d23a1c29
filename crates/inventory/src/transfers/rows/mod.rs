//! Transfers as rows.

mod list;
mod load;
mod write;

pub use list::{NEWEST, TRANSFERS, TransferTest, id_numbered, page, source, transfer_keys};
pub use load::{TransferRoute, existing_stores, fill_lines, lock_transfers, places_of, taken_refs, transfers, under_way};
pub use write::{transfer_rows, unsent_rows};
