//! GraphQL of the stock room.

pub mod availability;
pub mod other_stores;
pub mod enums;
pub mod inputs;
pub mod direct_json;
pub mod level;
pub mod level_search;
pub mod links;
pub mod loaders;
pub mod lot;
pub mod lot_filter;
pub mod lot_inputs;
pub mod movement;
pub mod movement_documents;
pub mod movement_filter;
pub mod named;
pub mod input_path;
pub mod query;
pub mod receipt_payload;
pub mod refusals;
pub mod reservation;
pub mod stock_filter;
pub mod stream_filter;
mod text_conditions;
pub mod visibility;
pub mod rejection_messages;

pub use crate::graphql::error_code::CodeAndMessage;
pub use availability::{StockAvailability, availability_of_kit, availability_of_product};
pub use direct_json::Levels;
pub use enums::*;
pub use input_path::path;
pub use inputs::{StockOrder, StockOrderField, level_filter};
pub use level::{StockLevel, StockLevelConnection};
pub use loaders::{LevelLoader, StockLoader, bin_of, bins_in, clear_levels};
pub use lot::{Lot, LotConnection, LotLevel, LotTrace, LotTraceConnection, UnavailableStock};
pub use lot_filter::LotFilter;
pub use lot_inputs::{LotName, LotRef};
pub use movement::{StockEntry, StockEntryConnection, StockMovement, StockMovementConnection};
pub use movement_documents::resolve_document_numbers;
pub use movement_filter::MovementFilter;
pub use other_stores::{IncomingStock, Shortfall, StockAlternative, alternatives, next_incoming};
pub use query::{StockQuery, levels_of_product, levels_of_store};
pub use receipt_payload::ReceiptPayload;
pub use refusals::{missing_document, receipt, refuse, user_errors_of_rejections, user_errors_of_stop};
pub use rejection_messages::describe_reason;
pub use reservation::Reservation;
pub use stock_filter::StockFilter;
pub use text_conditions::{fold_values, texts};
pub use visibility::{
    lot_of_document, movements_within, sees_movements, sees_reservation, visible_level, visible_lot, visible_movement,
};
