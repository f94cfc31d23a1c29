//! A proposal of a plan, and its result.

use entity::prelude::*;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    action::{LineAction, Recovery},
    criteria::PriceFloor,
    reason::Reason,
    response::Response,
    score::LineScore,
};

/// Document that executes a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Document {
    Transfer(TransferId),
    SupplierReturn(SupplierReturnId),
    /// The movement of a write-off.
    Movement(MovementId),
    /// A product's price, for which there is no document.
    Price,
    /// The kit of a bundle.
    Kit(ProductId),
}

/// State of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineState {
    Proposed,
    /// Approved; the caller that claimed the line is creating its document.
    Claimed {
        group: Uuid,
        by: Uuid,
    },
    /// Under way, and followed until its last day.
    Approved {
        group: Uuid,
        document: Document,
    },
    Done {
        group: Uuid,
        document: Document,
    },
    Refused(LiquidationIssue),
}

impl LineState {
    /// The state after something was carried out: a transfer, a bundle and a markdown are followed until their last day.
    pub const fn after_execution(group: Uuid, document: Document) -> Self {
        match document {
            Document::Transfer(_) | Document::Price | Document::Kit(_) => Self::Approved { group, document },
            Document::SupplierReturn(_) | Document::Movement(_) => Self::Done { group, document },
        }
    }
    pub const fn word(&self) -> LiquidationLineState {
        match self {
            Self::Proposed => LiquidationLineState::Proposed,
            Self::Claimed { .. } => LiquidationLineState::Claimed,
            Self::Approved { .. } => LiquidationLineState::Approved,
            Self::Done { .. } => LiquidationLineState::Done,
            Self::Refused(_) => LiquidationLineState::Refused,
        }
    }
    pub const fn group(&self) -> Option<Uuid> {
        match self {
            Self::Claimed { group, .. } | Self::Approved { group, .. } | Self::Done { group, .. } => Some(*group),
            _ => None,
        }
    }
    pub const fn document(&self) -> Option<Document> {
        match self {
            Self::Approved { document, .. } | Self::Done { document, .. } => Some(*document),
            _ => None,
        }
    }
    pub const fn issue(&self) -> Option<LiquidationIssue> {
        match self {
            Self::Refused(issue) => Some(*issue),
            _ => None,
        }
    }
}

/// Figures on which a line is based. Units are the product's smallest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LineFigures {
    /// Free units when the plan was made, in the store and, for a transfer, in the target store.
    pub free: i64,
    pub target_free: i64,
    pub decimals: u8,
    pub weekly: f64,
    pub days_without_sale: Option<i32>,
    pub days_of_supply: Option<f64>,
    pub price_minor: Option<i64>,
    pub value_minor: Option<i64>,
    /// Credit of a whole unit, for a return; and the freight of the line.
    pub credit_minor: i64,
    pub freight_minor: i64,
    pub response: Response,
    #[serde(default)]
    pub price_floor: PriceFloor,
}

/// A line of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanLine {
    pub id: LiquidationLineId,
    /// From 1; lines with the highest value come first.
    pub position: i32,
    pub act: LineAction,
    pub state: LineState,
    pub product: ProductId,
    pub store: StoreId,
    pub quantity: i64,
    pub expected: Recovery,
    pub until: i32,
    /// The day on which it was approved.
    pub approved_on: Option<i32>,
    /// Executed steps of a markdown.
    pub steps_done: i32,
    pub figures: LineFigures,
    pub reasons: Vec<Reason>,
    /// Result of the line. None until its last day is over and settled, and if it was not approved.
    pub score: Option<LineScore>,
}

impl PlanLine {
    /// Returns the product and the store whose sales are the line's: a transfer sells in its target
    /// store, a bundle as its kit.
    pub fn sales_level(&self) -> (ProductId, StoreId) {
        let product = if let Some(Document::Kit(kit)) = self.state.document() { kit } else { self.product };
        (product, self.act.target().unwrap_or(self.store))
    }
    /// The price that is due on a day: that of the newest step that has begun and was not executed
    /// yet. Earlier prices are skipped.
    pub fn due_price(&self, today: i32) -> Option<(i32, i64)> {
        let current_step = (1..).zip(self.act.steps()).filter(|(_, step)| step.from_date <= today).last();
        current_step.filter(|(number, _)| *number > self.steps_done).map(|(number, step)| (number, step.price_minor))
    }
}
