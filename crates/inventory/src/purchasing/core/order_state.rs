//! State of a purchase order, with the data that it has in this state.

use entity::prelude::*;

/// Request for approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    pub by: Actor,
    pub at: Timestamp,
}

/// Approval of a request by a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Approval {
    pub request: Request,
    pub by: MemberId,
    pub at: Timestamp,
}

/// Placement of the approved order with the supplier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placement {
    pub approval: Approval,
    pub at: Timestamp,
}

/// Closing or cancellation of an order.
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
    /// Received in part, last at this time.
    PartiallyReceived(Placement, Timestamp),
    Received(Placement, Timestamp),
    /// The time is that of the last receipt; None if nothing was received.
    Closed(Placement, Option<Timestamp>, End),
    Cancelled(Stage, End),
}

/// Last stage of an order before goods were received.
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
    /// Returns the time at which it was approved or rejected.
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
    /// Returns the last stage before goods were received.
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
    /// Returns the placement and the time of the last receipt; `None` before it was ordered, and
    /// after it ended.
    pub const fn placement_and_receipt(&self) -> Option<(Placement, Option<Timestamp>)> {
        match self {
            Self::Ordered(placement) => Some((*placement, None)),
            Self::PartiallyReceived(placement, at) | Self::Received(placement, at) => Some((*placement, Some(*at))),
            _ => None,
        }
    }
    /// Returns the time of the last receipt.
    pub const fn received_at(&self) -> Option<Timestamp> {
        match self {
            Self::PartiallyReceived(_, at) | Self::Received(_, at) => Some(*at),
            Self::Closed(_, at, _) => *at,
            _ => None,
        }
    }
    /// Returns the time at which it was closed or cancelled.
    pub const fn ended_at(&self) -> Option<Timestamp> {
        match self {
            Self::Closed(_, _, end) | Self::Cancelled(_, end) => Some(end.at),
            _ => None,
        }
    }
    /// Returns the reason for which it was rejected, closed or cancelled.
    pub const fn reason(&self) -> Option<&String> {
        match self {
            Self::Rejected { reason, .. } => reason.as_ref(),
            Self::Closed(_, _, end) | Self::Cancelled(_, end) => end.reason.as_ref(),
            _ => None,
        }
    }
}
