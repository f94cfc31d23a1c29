//! Reserved stock, which is held until it leaves, is given back or expires.

use entity::prelude::*;

use super::{
    level::LevelKey,
    movement::{Reference, ReferenceKind},
    row_state::RowState,
};

/// Reserved stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    pub id: ReservationId,
    pub key: LevelKey,
    /// Quantity at creation.
    pub quantity: Quantity,
    /// Units that are still held; above 0 exactly while ACTIVE.
    pub remaining: Quantity,
    pub status: ReservationStatus,
    pub expires_at: Option<Timestamp>,
    pub channel: Option<ChannelId>,
    /// The order's line for which it is held.
    pub order: Option<(OrderId, u16)>,
    pub reference: Option<Reference>,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub row: RowState,
}

impl Reservation {
    /// True if a document other than an order holds it, whose own actions release it: only
    /// transfers do. Other references only name its purpose.
    pub fn is_held_by_document(&self) -> bool {
        self.order.is_none() && self.reference.is_some_and(|reference| reference.kind == ReferenceKind::Transfer)
    }
    /// Reduces the reservation by `quantity`; if nothing is left it ends as `end`.
    pub fn give_back(&mut self, quantity: i64, end: ReservationStatus, now: Timestamp) {
        self.remaining = Quantity::new(self.remaining.get() - quantity).unwrap_or(Quantity::ZERO);
        if !self.remaining.is_positive() {
            self.status = end;
        }
        self.version += 1;
        self.updated_at = now;
    }
}
