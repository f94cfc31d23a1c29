//! A line of a plan: its kind, its state and its result; and the order of lines by urgency.

use entity::prelude::*;
use uuid::Uuid;

use super::{headroom::Headroom, line_figures::LineFigures, reason::Reason, score::LineScore};

/// Kind of a line's proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    Transfer {
        from: StoreId,
    },
    /// None: no supplier is known.
    Purchase {
        supplier: Option<SupplierId>,
    },
    /// Units of a line of a purchase order that are not needed any more.
    CancelIncoming {
        supplier: SupplierId,
        order: PurchaseOrderId,
        position: u16,
        /// Quantity of the order line when the plan was made.
        ordered: i64,
    },
}

impl LineKind {
    pub const fn word(&self) -> ReplenishmentLineKind {
        match self {
            Self::Transfer { .. } => ReplenishmentLineKind::Transfer,
            Self::Purchase { .. } => ReplenishmentLineKind::Purchase,
            Self::CancelIncoming { .. } => ReplenishmentLineKind::CancelIncoming,
        }
    }
    pub const fn source_store(&self) -> Option<StoreId> {
        match self {
            Self::Transfer { from } => Some(*from),
            Self::Purchase { .. } | Self::CancelIncoming { .. } => None,
        }
    }
    /// Returns the supplier of a purchase.
    pub const fn supplier(&self) -> Option<SupplierId> {
        match self {
            Self::Purchase { supplier } => *supplier,
            Self::Transfer { .. } | Self::CancelIncoming { .. } => None,
        }
    }
    /// Returns the supplier of a purchase, or of the order that is cut.
    pub const fn partner(&self) -> Option<SupplierId> {
        match self {
            Self::CancelIncoming { supplier, .. } => Some(*supplier),
            _ => self.supplier(),
        }
    }
    /// The order that is cut.
    pub const fn cut_order(&self) -> Option<PurchaseOrderId> {
        match self {
            Self::CancelIncoming { order, .. } => Some(*order),
            Self::Transfer { .. } | Self::Purchase { .. } => None,
        }
    }
}

/// The draft that an approved line is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Document {
    PurchaseOrder(PurchaseOrderId),
    Transfer(TransferId),
}

/// State of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineState {
    Open,
    /// Approved; the draft of this group is being created.
    Claimed {
        group: Uuid,
    },
    Approved {
        group: Uuid,
        document: Document,
    },
    Refused(ReplenishmentIssue),
    Cut(ReplenishmentIssue),
}

impl LineState {
    pub const fn word(&self) -> ReplenishmentLineState {
        match self {
            Self::Open => ReplenishmentLineState::Open,
            Self::Claimed { .. } => ReplenishmentLineState::Claimed,
            Self::Approved { .. } => ReplenishmentLineState::Approved,
            Self::Refused(_) => ReplenishmentLineState::Refused,
            Self::Cut(_) => ReplenishmentLineState::Cut,
        }
    }
    pub const fn group(&self) -> Option<Uuid> {
        match self {
            Self::Claimed { group } | Self::Approved { group, .. } => Some(*group),
            _ => None,
        }
    }
    pub const fn issue(&self) -> Option<ReplenishmentIssue> {
        match self {
            Self::Refused(issue) | Self::Cut(issue) => Some(*issue),
            _ => None,
        }
    }
    /// Whether the line is cut only because of its cost: a caller that names it approves it
    /// nevertheless.
    pub const fn is_beyond_budget(&self) -> bool {
        matches!(self, Self::Cut(ReplenishmentIssue::OverBudget | ReplenishmentIssue::OtherCurrency))
    }
    pub const fn document(&self) -> Option<Document> {
        match self {
            Self::Approved { document, .. } => Some(*document),
            _ => None,
        }
    }
}

/// A line of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanLine {
    pub id: ReplenishmentLineId,
    /// From 1, the most urgent first.
    pub position: i32,
    pub kind: LineKind,
    pub state: LineState,
    pub product: ProductId,
    pub store: StoreId,
    pub quantity: i64,
    /// Days until the stock is gone at mean demand; None beyond half a year, and without demand.
    pub urgency_days: Option<i32>,
    /// Cost of a purchase if its price is known; for a cut, the amount that is not spent.
    pub cost: Option<Money>,
    /// Expected margin of the units at risk, in minor units of the cost's currency; 0 if the price
    /// is unknown.
    pub margin: i64,
    pub policy: Option<(ReplenishmentPolicyId, i64)>,
    /// Approver of the line, also if its draft was refused.
    pub approved_by: Option<Actor>,
    /// Business day on which its delivery is due.
    pub due_on: Option<i32>,
    /// Day in whose night before the line is scored; None if it never is.
    pub score_on: Option<i32>,
    /// None until the delivery is due.
    pub score: Option<LineScore>,
    pub figures: LineFigures,
    pub reasons: Vec<Reason>,
    /// Limits of a purchase while its plan is made; None once the line is stored.
    pub headroom: Option<Box<Headroom>>,
}

impl PlanLine {
    /// Sets the purchased units, their cost, and the margin that they save. Changes nothing if the
    /// line has no headroom.
    pub(super) fn buy(&mut self, units: i64) {
        let Some(headroom) = &self.headroom else { return };
        let (cost, at_risk) = (headroom.cost_of(units), headroom.missed.min(units as f64));
        let margin = headroom.margin_of(units, at_risk);
        self.figures.overstock = headroom.remaining_units(units);
        (self.quantity, self.cost, self.margin, self.figures.at_risk) = (units, cost, margin, at_risk);
    }
}

/// Sorts the most urgent line first: by days until the stock is gone, then by the margin at risk,
/// then by product and store. A transfer comes before a purchase for the same store.
pub fn sort_by_urgency(lines: &mut [PlanLine]) {
    lines.sort_by(|one, other| {
        let days = |line: &PlanLine| line.urgency_days.unwrap_or(i32::MAX);
        let key = |line: &PlanLine| (line.product, line.store, line.kind.word(), line.kind.source_store());
        let by_days = days(one).cmp(&days(other));
        by_days.then_with(|| other.figures.at_risk.total_cmp(&one.figures.at_risk)).then_with(|| key(one).cmp(&key(other)))
    });
}
