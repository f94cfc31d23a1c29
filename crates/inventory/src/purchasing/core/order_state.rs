//! Where a purchase order stands, with what is known of it there.

use entity::prelude::*;

/// Somebody asked for the approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    pub by: Actor,
    pub at: Timestamp,
}

/// A person approved what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Approval {
    pub request: Request,
    pub by: MemberId,
    pub at: Timestamp,
}

/// What was approved went to the supplier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placement {
    pub approval: Approval,
    pub at: Timestamp,
}

/// It was closed or cancelled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    pub at: Timestamp,
    pub reason: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderState {
    Draft,
    PendingApproval(Request),
    Rejected {
        request: Request,
        at: Timestamp,
        reason: Option<String>,
    },
    Approved(Approval),
    Ordered(Placement),
    /// Something of it was received, last at this time.
    PartiallyReceived(Placement, Timestamp),
    Received(Placement, Timestamp),
    /// None where nothing was received.
    Closed(Placement, Option<Timestamp>, End),
    Cancelled(Stage, End),
}

/// How far an order came before goods did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Draft,
    Requested(Request),
    Rejected { request: Request, at: Timestamp },
    Approved(Approval),
    Ordered(Placement),
}

impl Stage {
    pub const fn request(self) -> Option<Request> {
        match self {
            Self::Draft => None,
            Self::Requested(request) | Self::Rejected { request, .. } => Some(request),
            Self::Approved(approval) | Self::Ordered(Placement { approval, .. }) => Some(approval.request),
        }
    }
    pub const fn approver(self) -> Option<MemberId> {
        match self {
            Self::Draft | Self::Requested(_) | Self::Rejected { .. } => None,
            Self::Approved(approval) | Self::Ordered(Placement { approval, .. }) => Some(approval.by),
        }
    }
    /// When it was approved or rejected.
    pub const fn decided_at(self) -> Option<Timestamp> {
        match self {
            Self::Draft | Self::Requested(_) => None,
            Self::Rejected { at, .. } => Some(at),
            Self::Approved(approval) | Self::Ordered(Placement { approval, .. }) => Some(approval.at),
        }
    }
    pub const fn ordered_at(self) -> Option<Timestamp> {
        if let Self::Ordered(placement) = self { Some(placement.at) } else { None }
    }
}

impl OrderState {
    pub const fn status(&self) -> PurchaseOrderStatus {
        match self {
            Self::Draft => PurchaseOrderStatus::Draft,
            Self::PendingApproval(_) => PurchaseOrderStatus::PendingApproval,
            Self::Rejected { .. } => PurchaseOrderStatus::Rejected,
            Self::Approved(_) => PurchaseOrderStatus::Approved,
            Self::Ordered(_) => PurchaseOrderStatus::Ordered,
            Self::PartiallyReceived(..) => PurchaseOrderStatus::PartiallyReceived,
            Self::Received(..) => PurchaseOrderStatus::Received,
            Self::Closed(..) => PurchaseOrderStatus::Closed,
            Self::Cancelled(..) => PurchaseOrderStatus::Cancelled,
        }
    }
    /// How far it came before goods did.
    pub const fn stage(&self) -> Stage {
        match self {
            Self::Draft => Stage::Draft,
            Self::PendingApproval(request) => Stage::Requested(*request),
            Self::Rejected { request, at, .. } => Stage::Rejected { request: *request, at: *at },
            Self::Approved(approval) => Stage::Approved(*approval),
            Self::Ordered(placement)
            | Self::PartiallyReceived(placement, _)
            | Self::Received(placement, _)
            | Self::Closed(placement, ..) => Stage::Ordered(*placement),
            Self::Cancelled(stage, _) => *stage,
        }
    }
    /// How it was ordered, and when something of it was last received; None before that, and once it is over.
    pub const fn placed(&self) -> Option<(Placement, Option<Timestamp>)> {
        match self {
            Self::Ordered(placement) => Some((*placement, None)),
            Self::PartiallyReceived(placement, at) | Self::Received(placement, at) => Some((*placement, Some(*at))),
            _ => None,
        }
    }
    /// When something of it was last received.
    pub const fn received_at(&self) -> Option<Timestamp> {
        match self {
            Self::PartiallyReceived(_, at) | Self::Received(_, at) => Some(*at),
            Self::Closed(_, at, _) => *at,
            _ => None,
        }
    }
    /// When it was closed or cancelled.
    pub const fn ended_at(&self) -> Option<Timestamp> {
        match self {
            Self::Closed(_, _, end) | Self::Cancelled(_, end) => Some(end.at),
            _ => None,
        }
    }
    /// Why it was rejected, closed or cancelled.
    pub const fn reason(&self) -> Option<&String> {
        match self {
            Self::Rejected { reason, .. } => reason.as_ref(),
            Self::Closed(_, _, end) | Self::Cancelled(_, end) => end.reason.as_ref(),
            _ => None,
        }
    }
}
