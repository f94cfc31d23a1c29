//! Transfers as rows.

mod list;
mod load;
mod sorted;
mod write;

pub use list::{TRANSFERS, TransferTest, id_by_number, page, source};
pub use load::{
    TransferRoute, existing_stores, fill_lines, find_lots_in_transit, find_used_references, load_route, load_transfers,
    lock_transfers,
};
pub use sorted::{TransferSort, TransfersSorted};
pub use write::{transfer_rows, unsent_rows};
