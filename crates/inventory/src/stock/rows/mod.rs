//! Rows of the ledger.

mod bin_locations;
pub mod other_stores;
pub mod expected_arrivals;
mod filter;
mod history;
mod history_blocks;
mod level_row;
mod level_sort;
mod levels;
pub mod list;
pub mod lot_filter;
pub mod lot_list;
pub mod lots;
mod movements;
mod packed;
mod reservations;
pub mod selected_columns;
mod write;

pub use bin_locations::bin_locations;
pub(crate) use filter::sku_condition;
pub use filter::{MovementFilter, MovementFilterSpec, TextTest, movement_filter};
pub use history::{StockAtTime, load_on_hand_at};
pub use history_blocks::{BLOCK_VERSIONS, condense_blocks};
pub use levels::{
    facts_of_tenants, levels_of_tenants, levels_with_facts, load_closed_through, load_level_facts, lock_levels, read_levels,
};
pub use movements::{
    MovementSort, MovementsSorted, entries_of_level, entries_source, find_reversed_movements, load_seqs, movement_of,
    movement_seqs, movements_by_seq, movements_source, reversal_seqs,
};
pub use reservations::{ReservationSelection, load_document_stores, select_reservations};
pub use write::{level_rows, movement_rows, reservation_rows};
