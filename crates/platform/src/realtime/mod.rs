//! Delivery of events from the journal to followers. For each tenant that is followed on this node,
//! a hub reads the journal once for all followers. Announcements inside the process are a shortcut;
//! a reader that finds a gap reads the journal, and a poll of the heads finds what other processes
//! wrote; if nodes share a Redis, hints make this faster. Followers replay the events that they
//! missed at their own pace, then receive those that concern them.

mod bus;
mod follower;
mod hub;
mod index;
mod listener;
mod relay;
mod ring;
mod shared_event;

pub use bus::{Bus, RightsCache};
pub use follower::Follower;
pub use hub::{Hub, Hubs};
pub use index::{Interest, JOURNAL};
pub use listener::{Listener, NextEvents};
pub use relay::relay;
pub use shared_event::SharedEvent;

pub use crate::storage::events::{Audience, Subject, Topic};
