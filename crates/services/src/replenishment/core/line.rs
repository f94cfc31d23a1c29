//! A proposal with the figures of each step, and its result.

use entity::prelude::*;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{headroom::Headroom, reason::Reason, score::LineScore};

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
    pub const fn giver(&self) -> Option<StoreId> {
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

/// Each step from stock to quantity. Units are the product's smallest, times are days.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LineFigures {
    pub rule: ReplenishmentPolicyKind,
    /// Requested service level; None if the rule has none.
    pub service: Option<f64>,
    /// Method by which the safety stock was computed; None if the rule promises no service level,
    /// and in lines of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<SafetyStockMethod>,
    pub available: i64,
    pub incoming: i64,
    pub in_transit: i64,
    pub owed: i64,
    pub drafted: i64,
    pub position: i64,
    /// Surplus of a transfer's giver, and its free units.
    pub surplus: Option<i64>,
    pub giver_free: Option<i64>,
    /// Cost and saving of a transfer; None if it is free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub freight: Option<Money>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saving: Option<Money>,
    pub lead_days: f64,
    /// Mean units of the first coming week, and over the lead time.
    pub weekly: f64,
    pub lead_demand: f64,
    /// Mean units by which the position is below the reorder point before a plan sees it. None if
    /// the point does not include them, and in lines of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undershoot: Option<f64>,
    /// Reorder point and target before they are rounded up.
    pub exact_point: f64,
    pub exact_up_to: f64,
    pub point: i64,
    pub up_to: i64,
    /// Units that lines of the same plan move here from other stores.
    pub moved: i64,
    /// max(up to − position, minimum), after price breaks, in whole packs.
    pub needed: i64,
    pub after_break: i64,
    /// Units of mean demand that would be missed without the line.
    pub at_risk: f64,
    /// The probability that stock ends before a delivery arrives, without the line (for a cut, with
    /// it), and the units that are left with the line after half a year. None without a forecast of
    /// demand, if too few forecast errors are known, and in lines of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stockout: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overstock: Option<f64>,
    pub class: Option<DemandClass>,
    pub known_weeks: Option<u32>,
    /// Data quality of the forecast, 0 to 1; None without one.
    pub confidence: Option<f64>,
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
        self.figures.overstock = headroom.left(units);
        (self.quantity, self.cost, self.margin, self.figures.at_risk) = (units, cost, margin, at_risk);
    }
}

/// Sorts the most urgent line first: by days until the stock is gone, then by the margin at risk,
/// then by product and store. A transfer comes before a purchase for the same store.
pub fn sort_by_urgency(lines: &mut [PlanLine]) {
    lines.sort_by(|one, other| {
        let days = |line: &PlanLine| line.urgency_days.unwrap_or(i32::MAX);
        let key = |line: &PlanLine| (line.product, line.store, line.kind.word(), line.kind.giver());
        let by_days = days(one).cmp(&days(other));
        by_days.then_with(|| other.figures.at_risk.total_cmp(&one.figures.at_risk)).then_with(|| key(one).cmp(&key(other)))
    });
}
