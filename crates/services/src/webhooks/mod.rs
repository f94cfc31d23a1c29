//! Delivery of events to URLs of the tenant's choice: signed, in order of the journal, at least
//! once.
//!
//! An endpoint has a position in the journal, as a stream has. A worker reads the events after it,
//! inserts their messages and moves the position in one transaction, so that no event is lost or
//! skipped (`jobs.rs`). Then it sends them, with the rights of the endpoint's maker, until each is
//! received or its attempts are used up: `docs/decisions/0061-webhooks.md`.

pub mod core;
pub mod events;
pub mod jobs;
mod rows;
mod shell;
mod wire;

pub use rows::{
    deliveries::{Attempt, Delivery, DeliveryState, drop_pending},
    endpoints::BusyEndpoint,
};
pub use shell::{
    DeliveryCounters, DeliveryCounts, EndpointFields, JournalRetention, NewEndpoint, Replay, ReplayResult, WebhookError,
    Webhooks, release_month,
};
pub use wire::{
    AllowedNetworks, OutgoingMessage, OutgoingRequest, RequestFailure, ResponseLimits, SendResult, Sender, check, host_of,
    origin_of,
};

/// The sealed columns of webhooks.
pub const SEALED: &[platform::secrets::SealedColumn] = &[rows::endpoints::SECRET, rows::endpoints::OLD_SECRET];
