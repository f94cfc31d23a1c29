//! A work as the rules see it.

use entity::prelude::*;
use uuid::Uuid;

use super::{parcel::Parcel, refusal::Refusal};
use crate::{
    orders::core::Order,
    stock::core::{At, Field, Rejection, RoomRefusal},
};

/// A work without its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkHead {
    pub id: FulfilmentWorkId,
    pub order: OrderId,
    /// Number of the work within its order, from 1.
    pub nth: u16,
    /// Store that the goods leave from.
    pub store: StoreId,
    pub status: WorkStatus,
    pub due_at: Timestamp,
    pub accepted: Option<Accepted>,
    /// Time and code of goods that are packed and ready for pickup.
    pub ready: Option<Ready>,
    pub rejected: Option<Rejected>,
    /// The work that the goods were moved from.
    pub moved_from: Option<FulfilmentWorkId>,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Acceptance of a work by a person of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accepted {
    pub at: Timestamp,
    pub by: Actor,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ready {
    pub at: Timestamp,
    /// Collection code: a customer who gives it may take the goods.
    pub code: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    pub reason: RejectReason,
    pub note: Option<String>,
}

/// A store's share of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    pub head: WorkHead,
    /// In the order in which they were added; lines are never removed.
    pub lines: Vec<WorkLine>,
    /// In the order in which they were packed; parcels are never removed.
    pub parcels: Vec<Parcel>,
}

/// Quantity of a product that the store sends for a line of the order, in the product's smallest
/// unit. A kit has a line for each of its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkLine {
    /// 1-based inside its work.
    pub nth: u16,
    /// The order's line.
    pub position: u16,
    pub product: ProductId,
    pub open: i64,
    pub picked: i64,
    pub packed: i64,
    pub shipped: i64,
    /// Units that the store no longer has to send.
    pub dropped: i64,
}

/// Work that a command names, and its order, which was read before: a work never changes its order.
#[derive(Debug, Clone)]
pub struct WorkRef {
    pub work: FulfilmentWorkId,
    pub order: OrderId,
    pub expected_version: Option<i64>,
    pub actor: Actor,
}

impl WorkLine {
    pub const fn quantity(&self) -> i64 {
        self.live() + self.shipped + self.dropped
    }
    /// Returns the quantity that the store still has to send.
    pub const fn live(&self) -> i64 {
        self.open + self.picked + self.packed
    }
}

impl WorkHead {
    /// Number of the work: that of its order, and its own within the order.
    pub fn number(order: i64, nth: u16) -> String {
        format!("{order}-{nth}")
    }
    pub fn line_id(&self, nth: u16) -> FulfilmentWorkLineId {
        self.id.line(nth)
    }
}

impl Work {
    /// A new work of an order: its `nth`. Its ID is the order's with that number in the place of
    /// twelve random bits, so that an order's works sort in their order; the last twelve bits are
    /// free for its lines.
    pub fn new(order: &Order, nth: u16, store: StoreId, now: Timestamp) -> Self {
        let random_bits = u128::from(entity::id::MAX_LINES) << 12;
        let id =
            FulfilmentWorkId::from_uuid(Uuid::from_u128((order.id.uuid().as_u128() & !random_bits) | (u128::from(nth) << 12)));
        let head = WorkHead {
            id,
            order: order.id,
            nth,
            store,
            status: WorkStatus::Open,
            due_at: order.placed_at,
            accepted: None,
            ready: None,
            rejected: None,
            moved_from: None,
            version: 0,
            created_at: now,
            updated_at: now,
        };
        Self { head, lines: Vec::new(), parcels: Vec::new() }
    }

    /// Returns the status that the quantities result in.
    pub fn status(&self) -> WorkStatus {
        let sum = |quantity_of: fn(&WorkLine) -> i64| self.lines.iter().map(quantity_of).sum::<i64>();
        let (open, picked, packed) = (sum(|line| line.open), sum(|line| line.picked), sum(|line| line.packed));
        let has_shipped = self.lines.iter().any(|line| line.shipped > 0);
        match (open, picked, packed) {
            (0, 0, 0) if has_shipped => {
                let mut shipments = self.parcels.iter().filter_map(|parcel| parcel.sent);
                let is_all_delivered = shipments.all(|shipments| shipments.status == FulfilmentStatus::Delivered);
                if is_all_delivered { WorkStatus::Done } else { WorkStatus::Shipped }
            }
            (0, 0, 0) if self.head.rejected.is_some() => WorkStatus::Rejected,
            (0, 0, 0) => WorkStatus::Cancelled,
            (0, 0, _) if self.head.ready.is_some() => WorkStatus::Ready,
            (0, 0, _) => WorkStatus::Packed,
            (0, _, _) => WorkStatus::Picked,
            (_, picked, packed) if picked + packed > 0 => WorkStatus::Picking,
            _ if self.head.accepted.is_some() => WorkStatus::Accepted,
            _ => WorkStatus::Open,
        }
    }

    /// True if the store has units left to send.
    pub fn is_live(&self) -> bool {
        self.lines.iter().any(|line| line.live() > 0)
    }
    pub fn line_mut(&mut self, nth: u16) -> Option<&mut WorkLine> {
        self.lines.iter_mut().find(|line| line.nth == nth)
    }
    /// Returns the work's line for a product of an order's line.
    pub fn line_of(&mut self, position: u16, product: ProductId) -> Option<&mut WorkLine> {
        self.lines.iter_mut().find(|line| line.position == position && line.product == product)
    }
    pub fn parcel_mut(&mut self, id: ParcelId) -> Option<&mut Parcel> {
        self.parcels.iter_mut().find(|parcel| parcel.id == id)
    }

    /// Adds open units to a line of the work.
    pub fn add(&mut self, position: u16, product: ProductId, units: i64) -> Result<(), Rejection> {
        if let Some(line) = self.line_of(position, product) {
            line.open += units;
            return Ok(());
        }
        let nth = self.lines.len() as u16 + 1;
        if nth > entity::id::MAX_LINES {
            return Err(Refusal::TooManyLines { most: entity::id::MAX_LINES }.at(At::input(Field::Lines)));
        }
        self.lines.push(WorkLine { nth, position, product, open: units, picked: 0, packed: 0, shipped: 0, dropped: 0 });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(lines: &[[i64; 5]]) -> Work {
        let head = WorkHead {
            id: FulfilmentWorkId::NIL,
            order: OrderId::NIL,
            nth: 1,
            store: StoreId::NIL,
            status: WorkStatus::Open,
            due_at: Timestamp(0),
            accepted: None,
            ready: None,
            rejected: None,
            moved_from: None,
            version: 1,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        };
        let line = |(index, of): (usize, &[i64; 5])| {
            let [open, picked, packed, shipped, dropped] = *of;
            WorkLine { nth: index as u16 + 1, position: 1, product: ProductId::NIL, open, picked, packed, shipped, dropped }
        };
        Work { head, lines: lines.iter().enumerate().map(line).collect(), parcels: Vec::new() }
    }

    #[test]
    fn a_state_is_what_the_quantities_say() {
        use WorkStatus::{Cancelled, Open, Packed, Picked, Picking};
        for (lines, status) in [
            (vec![[3, 0, 0, 0, 0]], Open),
            (vec![[3, 0, 0, 4, 1]], Open),
            (vec![[2, 1, 0, 0, 0]], Picking),
            (vec![[1, 0, 0, 0, 0], [0, 0, 5, 0, 0]], Picking),
            (vec![[0, 1, 0, 0, 0], [0, 0, 5, 0, 0]], Picked),
            (vec![[0, 0, 2, 0, 0], [0, 0, 0, 0, 5]], Packed),
            (vec![[0, 0, 0, 0, 5]], Cancelled),
        ] {
            assert_eq!(work(&lines).status(), status, "{lines:?}");
        }
    }

    #[test]
    fn somebody_accepts_rejects_or_says_that_it_is_ready() {
        let mut open = work(&[[3, 0, 0, 0, 0]]);
        open.head.accepted = Some(Accepted { at: Timestamp(1), by: Actor::SYSTEM });
        assert_eq!(open.status(), WorkStatus::Accepted);
        let mut dropped = work(&[[0, 0, 0, 0, 3]]);
        dropped.head.rejected = Some(Rejected { reason: RejectReason::NoStock, note: None });
        assert_eq!(dropped.status(), WorkStatus::Rejected);
        let mut packed = work(&[[0, 0, 3, 0, 0]]);
        packed.head.ready = Some(Ready { at: Timestamp(1), code: "123456".to_owned() });
        assert_eq!(packed.status(), WorkStatus::Ready);
    }
}
