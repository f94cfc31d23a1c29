//! Creating and changing endpoints, and sending to them.

mod counters;
mod deliver;
mod fan_out;
mod manage;
mod replay;
mod service;
mod trim;

pub use counters::{DeliveryCounters, DeliveryCounts};
pub use manage::{EndpointFields, NewEndpoint};
pub use replay::{KIND as REPLAY, Order, Replay, ReplayResult};
pub use service::{WebhookError, Webhooks};
pub use trim::{JournalRetention, release_month};
