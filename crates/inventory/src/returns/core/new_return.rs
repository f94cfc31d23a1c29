//! A new return, as input: its lines, and its settlement if it is closed at once.

use std::collections::BTreeSet;

use entity::prelude::*;
use serde::Serialize;

use super::returnable_lots::ReturnableLots;
use crate::stock::core::{LevelKey, LotChoice};

/// Quantity of a new return line that goes back on an order line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReturnMatch {
    pub line: OrderLineId,
    pub quantity: Quantity,
}

#[derive(Debug, Clone)]
pub struct CreateReturn {
    pub id: ReturnId,
    pub store: StoreId,
    pub customer: Option<CustomerId>,
    pub external_ref: Option<String>,
    /// The register at which it is created; None if none is named.
    pub register: Option<String>,
    /// Received at once; otherwise it is only REQUESTED and moves no stock.
    pub receive: Receive,
    /// Closes it at once with a refund: only possible if the goods are received now.
    pub settle: Option<Settle>,
    pub note: Option<String>,
    pub occurred_at: Option<Timestamp>,
    pub lines: Vec<NewReturnLine>,
    /// Levels of the components of returned kits, read before: an order's components of a kit never
    /// change.
    pub parts: Vec<LevelKey>,
    /// Lots in which goods of lines without a named lot can come back; None until one is missing.
    pub left: Option<ReturnableLots>,
    pub actor: Actor,
    /// IDs for the return's movement and the write-off's.
    pub movements: [MovementId; 2],
    pub currency: Currency,
    pub time_zone: String,
}

impl CreateReturn {
    /// Whether no line names a product, so that no level is loaded with it.
    pub fn is_only_charges(&self) -> bool {
        self.lines.iter().all(|line| line.product.is_none())
    }

    /// Returns the orders of lines without a named lot, each once.
    pub fn orders_of_lines_without_lots(&self) -> Vec<OrderId> {
        let lines_without_lots = self.lines.iter().filter(|line| line.product.is_some() && !line.lot.is_specified());
        let orders: BTreeSet<OrderId> =
            lines_without_lots.flat_map(|line| &line.matches).map(|piece| piece.line.split_line().0).collect();
        orders.into_iter().collect()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receive {
    Now,
    Later,
}

/// Refund that is paid when a return is created.
#[derive(Debug, Clone, Serialize)]
pub struct ImmediateRefund {
    /// None for the one order of the return.
    pub order: Option<OrderId>,
    /// None for the rest of the refund.
    pub amount: Option<Money>,
    pub method: String,
    pub reference: Option<String>,
    pub parent: Option<PaymentId>,
    pub occurred_at: Option<Timestamp>,
    pub note: Option<String>,
}

/// Settlement of a return that is closed as it is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settle {
    /// Refund; `None` for the received goods at their lines' prices.
    pub refund: Option<Money>,
}

#[derive(Debug, Clone)]
pub struct NewReturnLine {
    pub kind: LineKind,
    pub product: Option<ProductId>,
    pub name: Option<String>,
    pub quantity: Quantity,
    pub unit_price: Option<Money>,
    pub disposition: Disposition,
    pub matches: Vec<ReturnMatch>,
    /// Lot of the returned goods, if stock is kept by lots.
    pub lot: LotChoice,
}
