//! Rows of orders.

mod backorders;
mod clause;
mod column_tests;
mod detail;
mod documents;
pub mod due;
mod filter;
mod hold_rules;
mod holds;
mod invoiced;
mod leaves;
mod shipped_lots;
mod line;
mod list;
mod load;
mod locked;
mod merged_customers;
mod names;
mod parts;
mod order_facts;
mod rule_facts;
pub mod selected_columns;
mod visibility;
mod sourcing;
mod status;
mod steps;
mod write;

pub use backorders::{
    BackorderSort, BackorderTests, BackorderedLine, BackordersSorted, NOT_REFUSED_BY_STORE, QueuedBackorder, WHOLE_KITS,
    available_at, backorder_queue, backordered_part_levels, backorders,
};
pub use clause::Clause;
pub use column_tests::{Span, TextTest};
pub use detail::{detail_rows, details, open_personal, seal_personal};
pub(crate) use documents::DocumentTable;
pub use documents::{DocumentSearch, DocumentSort, DocumentSorted, DocumentTest, NumberTest};
pub use filter::{Filter, IdColumn, compile};
pub use hold_rules::{change_rule, hold_rule, hold_rules, insert_rule, rules_in_force};
pub use holds::{active_holds_by_order, hold, hold_rows, holds_by_rules, holds_of, manual_holds};
pub use invoiced::load_invoiced;
pub use leaves::{AllocatedTest, NoteTest, OrderMetadataTest, SearchTest, SearchWord, TagTest, TotalTest, prefix_condition};
pub use line::LineRow;
pub use list::{
    MAX_SEARCH_COUNT, OrderName, OrderSort, OrdersSorted, count, counted_source, fill_lines, order_id, page, page_statement,
    search_page,
};
pub(crate) use load::currency_of;
pub use load::{kits, orders, parts_of};
pub use locked::lock_orders;
pub use merged_customers::{add_merged, include_merged_customers};
pub use names::{existing_channels, existing_customers, existing_order_references, store_facts};
pub use order_facts::{OrderPlace, read_order_place};
pub use parts::{
    Flag, LineReservation, SoldLine, flags_of, fulfilment, fulfilments_by_id, fulfilments_of, line_reservations_in,
    line_reservations_of, load_stocked_levels, sold_lines, stocked_levels,
};
pub use rule_facts::{RuleSubjects, rule_facts};
pub use shipped_lots::shipped_lots_of;
pub use sourcing::{
    MAX_STORES_SHOWN, StoreSourcing, draft_sourcing_rows, load_draft_sourcing, open_stores, order_rule, sources,
    sourcing_change_rows, sourcing_of, sourcing_rule, store_sourcing, write_sourcing_rule, write_store_sourcing,
};
pub use steps::{CompletedStep, MAX_STEPS_SHOWN, completed_steps, confirmed_at, step_rows, steps_of};
pub use visibility::places_of;
pub use write::{CreatedRows, fulfilment_rows, order_rows};
