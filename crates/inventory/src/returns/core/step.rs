//! A step of a return, as input: what is received, inspected or refunded.

use entity::prelude::*;

use super::{returnable_lots::ReturnableLots, states::ReturnAction};
use crate::{
    returns::events::{self, EventType, ReturnEvent},
    stock::core::LotChoice,
};

/// A step of a return.
#[derive(Debug, Clone)]
pub struct ActOnReturn {
    pub ret: ReturnId,
    /// The orders of its lines, read before: they never change.
    pub orders: Vec<OrderId>,
    pub expected_version: Option<i64>,
    pub note: Option<String>,
    pub actor: Actor,
    /// IDs for the movements it may need.
    pub movements: [MovementId; 2],
    /// Time zone of the store that receives it.
    pub time_zone: String,
    pub step: ReturnStep,
}

#[derive(Debug, Clone)]
pub enum ReturnStep {
    Approve,
    Reject {
        reason: String,
    },
    Receive(ReceivedGoods),
    Inspect(Inspection),
    /// Closes with this refund; None for the received goods at their lines' prices.
    Close {
        refund: Option<Money>,
    },
}

/// Received goods of a step.
#[derive(Debug, Clone)]
pub struct ReceivedGoods {
    /// None for all that is still awaited.
    pub lines: Option<Vec<ReceivedReturnLine>>,
    pub rest: RemainderPolicy,
    /// Lots in which goods of lines without a named lot can come back; None until one is missing.
    pub left: Option<ReturnableLots>,
    pub occurred_at: Option<Timestamp>,
}

/// Handling of goods that have not come yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RemainderPolicy {
    Awaited,
    /// No more goods are awaited.
    GivenUp,
}

/// Received quantity of a line, and its lot. A line may come in several lots.
#[derive(Debug, Clone)]
pub struct ReceivedReturnLine {
    pub line: ReturnLineId,
    pub quantity: Quantity,
    pub lot: LotChoice,
}

/// Findings of an inspection.
#[derive(Debug, Clone)]
pub struct Inspection {
    /// None for all uninspected goods, by the disposition that their lines requested.
    pub lines: Option<Vec<InspectedLine>>,
    pub occurred_at: Option<Timestamp>,
}

/// Disposition of a part of a line. A line may be named for each of its dispositions and lots.
#[derive(Debug, Clone)]
pub struct InspectedLine {
    pub line: ReturnLineId,
    pub quantity: Quantity,
    pub disposition: Disposition,
    /// Lot to inspect, among those received; by default those received first.
    pub lot: LotChoice,
}

impl ReturnStep {
    pub const fn action(&self) -> ReturnAction {
        match self {
            Self::Approve => ReturnAction::Approve,
            Self::Reject { .. } => ReturnAction::Reject,
            Self::Receive(_) => ReturnAction::Receive,
            Self::Inspect(_) => ReturnAction::Inspect,
            Self::Close { .. } => ReturnAction::Close,
        }
    }
    pub(super) const fn event(&self) -> EventType<ReturnEvent> {
        match self {
            Self::Approve => events::RETURN_APPROVED,
            Self::Reject { .. } => events::RETURN_REJECTED,
            Self::Receive(_) => events::RETURN_RECEIVED,
            Self::Inspect(_) => events::RETURN_INSPECTED,
            Self::Close { .. } => events::RETURN_CLOSED,
        }
    }
}
