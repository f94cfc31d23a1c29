//! A proposal with each step's figure, and what became of it.

use entity::prelude::*;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{headroom::Headroom, reason::Reason, score::LineScore};

/// What a line proposes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    Transfer {
        from: StoreId,
    },
    /// None: nobody is known to sell it.
    Purchase {
        supplier: Option<SupplierId>,
    },
    /// Units of a line of a purchase order that are not needed any more.
    CancelIncoming {
        supplier: SupplierId,
        order: PurchaseOrderId,
        position: u16,
        /// The quantity of the line when the plan was made.
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
    /// Who it is bought from.
    pub const fn supplier(&self) -> Option<SupplierId> {
        match self {
            Self::Purchase { supplier } => *supplier,
            Self::Transfer { .. } | Self::CancelIncoming { .. } => None,
        }
    }
    /// Who sells it, or is to send less.
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

/// What became of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineState {
    Open,
    /// Approved; its draft, of this group, is being made.
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
    /// Whether it is cut for its cost alone: whoever names it approves it all the same.
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
    /// The chance that was asked for; None where the rule names no chance.
    pub service: Option<f64>,
    /// How stock was found that keeps it; None where nothing is promised, and in lines of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<SafetyStockMethod>,
    pub available: i64,
    pub incoming: i64,
    pub in_transit: i64,
    pub owed: i64,
    pub drafted: i64,
    pub position: i64,
    /// What the giver of a transfer could spare, and what was free there.
    pub surplus: Option<i64>,
    pub giver_free: Option<i64>,
    /// What a transfer costs that is not moved for nothing, and what it saves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub freight: Option<Money>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saving: Option<Money>,
    pub lead_days: f64,
    /// Mean units of the first coming week, and over the lead time.
    pub weekly: f64,
    pub lead_demand: f64,
    /// Mean units by which the point is passed before a plan sees it. None where the point does not count them, and in lines of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undershoot: Option<f64>,
    /// Before they are rounded up.
    pub exact_point: f64,
    pub exact_up_to: f64,
    pub point: i64,
    pub up_to: i64,
    /// Moved from other stores by lines of the same plan.
    pub moved: i64,
    /// max(up to − position, minimum), after price breaks, in whole packs.
    pub needed: i64,
    pub after_break: i64,
    /// Units of mean demand that would be missed without the line.
    pub at_risk: f64,
    /// The chance that stock ends before a delivery comes, without the line (of a cut, with it), and the units that are left with it after half a year. None
    /// without a forecast of demand, where too few errors are known, and in lines of earlier versions.
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
    /// Of a purchase whose price is known; of what is cut what is not spent.
    pub cost: Option<Money>,
    /// Expected margin of the units at risk, in minor units of the cost's currency; 0 where the price is not known.
    pub margin: i64,
    pub policy: Option<(ReplenishmentPolicyId, i64)>,
    /// Who approved it, also where its draft was refused.
    pub approved_by: Option<Actor>,
    /// Business day on which its delivery is due.
    pub due_on: Option<i32>,
    /// None until that day.
    pub score: Option<LineScore>,
    pub figures: LineFigures,
    pub reasons: Vec<Reason>,
    /// Of a purchase while its plan is made; None once it is kept.
    pub headroom: Option<Box<Headroom>>,
}

impl PlanLine {
    /// Buys so many units: what they cost, and the margin that they save. Nothing changes where nobody knows what it has room for.
    pub(super) fn buy(&mut self, units: i64) {
        let Some(headroom) = &self.headroom else { return };
        let (cost, at_risk) = (headroom.cost_of(units), headroom.missed.min(units as f64));
        let margin = headroom.margin_of(units, at_risk);
        self.figures.overstock = headroom.left(units);
        (self.quantity, self.cost, self.margin, self.figures.at_risk) = (units, cost, margin, at_risk);
    }
}

/// The most urgent line first: by days until the stock is gone, then by what is at risk, then by product and store. A transfer comes before what is bought for
/// the same store.
pub fn by_urgency(lines: &mut [PlanLine]) {
    lines.sort_by(|one, other| {
        let days = |line: &PlanLine| line.urgency_days.unwrap_or(i32::MAX);
        let key = |line: &PlanLine| (line.product, line.store, line.kind.word(), line.kind.giver());
        let by_days = days(one).cmp(&days(other));
        by_days.then_with(|| other.figures.at_risk.total_cmp(&one.figures.at_risk)).then_with(|| key(one).cmp(&key(other)))
    });
}
