//! From the journal to whoever follows it. A hub for each tenant that is followed on this node reads its journal once for all: announcements
//! inside the process are a shortcut; a reader that sees a hole reads the journal, and a poll of the heads stands behind it for what
//! other processes wrote; where nodes share a Redis, hints make it faster. Followers replay what they missed at their own pace, then are handed what concerns them.

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
pub use listener::{Listener, Next};
pub use relay::relay;
pub use shared_event::SharedEvent;

pub use crate::storage::events::{Audience, Subject, Topic};
