//! GraphQL of the stock room.

mod alerts;
mod availability;
mod enums;
mod inputs;
pub mod lean;
mod level;
mod links;
mod live;
mod loaders;
mod movement;
mod movement_filter;
mod mutations;
mod payloads;
mod queries;
mod refusals;
mod reservation;
mod sight;
mod topic;

pub use alerts::{AlertUpdate, StockAlert};
pub use availability::{StockAvailability, availability_of_product};
pub use enums::*;
pub use inputs::{StockFilter, StockOrder, level_filter};
pub use lean::Levels;
pub use level::{StockLevel, StockLevelConnection};
pub use live::{StockChange, StockSubscription, StockUpdate};
pub use loaders::{StockLoader, attach, changed};
pub use movement::{StockEntry, StockEntryConnection, StockMovement, StockMovementConnection};
pub use movement_filter::MovementFilter;
pub use mutations::StockMutation;
pub use payloads::{ReservationPayload, StockPayload};
pub use queries::{StockQuery, levels_of_product, levels_of_store};
pub use refusals::{counted, refuse, refuse_all, stopped};
pub use reservation::Reservation;
pub use sight::{level_seen, movement_seen, movements_within, sees_movements, sees_reservation};
