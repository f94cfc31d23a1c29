//! What happened, told to addresses of the tenant's choice: signed, in order of the journal, at least once.
//!
//! An endpoint stands in the journal like a stream does, by a number. A worker looks at what comes after it, and puts messages down and moves
//! the number in one transaction, so that no event is lost or skipped (`jobs.rs`). Then it sends them, with the rights of whoever made the
//! endpoint, until each is received or its attempts are over: `docs/decisions/0061-webhooks.md`.

pub mod core;
pub mod events;
pub mod jobs;
mod rows;
mod shell;
mod wire;

pub use rows::{
    deliveries::{Attempt, Delivery, DeliveryState, drop_pending},
    endpoints::Busy,
};
pub use shell::{
    DeliveryCounters, DeliveryCounts, EndpointFields, Keep, NewEndpoint, Replay, Replayed, WebhookError, Webhooks,
    let_go_of_month,
};
pub use wire::{Allowed, Bounds, Parcel, Question, Sender, Sent, Unanswered, check, host_of, origin_of};

/// The columns of webhooks that are sealed.
pub const SEALED: &[platform::secrets::SealedColumn] = &[rows::endpoints::SECRET, rows::endpoints::OLD_SECRET];
