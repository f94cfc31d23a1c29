//! Rows of a tenant that are written at a known head, and the outcome of their write.

use entity::prelude::TenantId;
use uuid::Uuid;

use crate::storage::{
    Bulk,
    journal::{CounterRequest, Event},
};

/// Outcome of writing a tenant's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WriteOutcome {
    Written,
    Overtaken,
    ChainMoved,
}

/// Rows that were decided against the state as of event `head`, and the numbers that they take from
/// the counter.
#[derive(Debug)]
pub struct HeadBoundRows {
    pub head: i64,
    /// Epoch of that event: a promoted database assigns lost numbers again.
    pub epoch: Uuid,
    pub want: CounterRequest,
    /// In the order of their foreign keys.
    pub rows: Vec<Bulk>,
    /// Events, numbered from `head + 1`; their rows are not among `rows`.
    pub events: Vec<Event>,
    pub link: Option<Link>,
}

/// A chain of the tenant's that grows in the same transaction: rows after a head, if that has not
/// moved.
#[derive(Debug)]
pub struct Link {
    /// Table with the head of the chain: a row a tenant, with `seq` and `hash`.
    pub table: &'static str,
    pub from: i64,
    pub to: i64,
    pub hash: Vec<u8>,
    pub rows: Bulk,
}

/// Rows of one tenant.
pub(super) struct TenantWrites {
    pub(super) tenant: TenantId,
    pub(super) epoch: Uuid,
    pub(super) want: CounterRequest,
    pub(super) rows: Vec<Bulk>,
    pub(super) link: Option<Link>,
}
