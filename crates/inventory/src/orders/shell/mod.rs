//! Orders: what callers supply, and how it becomes a command; and how a tenant's orders find their stock.

mod act;
mod create;
mod detail;
mod edit;
mod fulfil;
mod hold_rules;
mod holds;
mod ownership;
mod reverse;
mod sourced;
mod sourcing;

use entity::prelude::*;
use serde::Serialize;

pub use act::{order_cancel, order_close, order_confirm, order_reopen};
pub use create::{order_create, order_place};
pub use detail::DetailSaid;
pub use edit::{OrderUpdate, order_update};
pub use fulfil::order_fulfil;
pub use hold_rules::{HoldRuleArchive, HoldRuleUpsert, RuleRefusal, RuleStop, hold_rule_archive, hold_rule_upsert, hold_rules};
pub use holds::{OrderHoldLift, OrderHoldSet, order_hold_lift, order_hold_set};
pub use reverse::sale_reverse;
pub(crate) use sourced::Search;
pub use sourcing::{SourcingRefusal, SourcingSet, SourcingSetDone, set_sourcing};

pub use crate::orders::core::{CancelLine, SetLine, SourcingAsked};
use crate::{
    ledger::{LotRef, ProductRef, StoreRef},
    orders::core::{MAX_ORDER_LINES, NewLine},
    stock::core::Shortage,
};

/// The most lines of an order or a return, and of any list that names some of them.
pub const MAX_LINES: usize = MAX_ORDER_LINES;
/// The most lines of an order whose stock is looked for in several stores.
pub const MAX_SOURCED: usize = 500;

/// The most payments that an order is placed with.
const MAX_PAID: usize = 100;
/// Characters of a payment's method.
pub const MAX_METHOD: usize = 64;

/// How an order begins, as callers say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum NewOrderStatus {
    /// Holds nothing.
    Draft,
    /// Holds for the tenant's time limit.
    Pending,
    /// Holds for good.
    Confirmed,
    /// Sold over the counter, at once.
    Fulfilled,
}

/// Place an order. Its JSON is what the idempotency key's hash is over.
#[derive(Debug, Clone, Serialize)]
pub struct OrderCreate {
    #[serde(skip)]
    pub idempotency_key: String,
    pub store: StoreRef,
    /// None: the tenant's channel DIRECT.
    pub channel: Option<ChannelId>,
    pub external_ref: Option<String>,
    pub customer: Option<CustomerId>,
    pub placed_at: Option<Timestamp>,
    pub status: NewOrderStatus,
    pub reservations: Vec<ReservationId>,
    #[serde(serialize_with = "crate::ledger::shortage_word")]
    pub on_shortage: Shortage,
    pub lines: Vec<NewOrderLine>,
    /// None: its customer's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// The register that it is placed at; None where none is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub register: Option<String>,
    /// None: its stock is held at its store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sourcing: Option<SourcingAsked>,
    /// None: it says nothing beside its lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<Box<DetailSaid>>,
    /// What was paid of it as it is placed. `payments::shell` records that.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub payments: Vec<PaidAtOnce>,
}

/// What was paid of an order as it is placed.
#[derive(Debug, Clone, Serialize)]
pub struct PaidAtOnce {
    pub kind: PaymentKind,
    pub amount: Money,
    pub method: String,
    pub reference: Option<String>,
    pub occurred_at: Option<Timestamp>,
    pub note: Option<String>,
}

/// A line as callers give it.
pub type NewOrderLine = NewLine<ProductRef>;

/// A step that needs no more than the order.
#[derive(Debug, Clone, Serialize)]
pub struct OrderAct {
    #[serde(skip)]
    pub idempotency_key: String,
    pub order: OrderId,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    pub note: Option<String>,
    /// Why it is cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<CancelReason>,
    /// The register that it is cancelled at; None where none is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub register: Option<String>,
    /// What of it is cancelled; None: all that has not left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lines: Option<Vec<CancelLine>>,
}

/// How much of an order's line, and of which lot.
#[derive(Debug, Clone)]
pub struct LineQuantity {
    pub line: OrderLineId,
    pub quantity: Quantity,
    pub lot: Option<LotRef>,
}

/// Ship what is named, or all that is outstanding.
#[derive(Debug, Clone, Serialize)]
pub struct OrderFulfil {
    #[serde(skip)]
    pub idempotency_key: String,
    pub order: OrderId,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    /// Where it leaves from; None: the order's store.
    pub store: Option<StoreRef>,
    #[serde(serialize_with = "fulfil::quantities")]
    pub lines: Option<Vec<LineQuantity>>,
    pub occurred_at: Option<Timestamp>,
    #[serde(serialize_with = "crate::ledger::shortage_word")]
    pub on_shortage: Shortage,
}
