//! From the journal to whoever follows it: replay what was missed, then go on live. Announcements inside the process are a shortcut; a follower
//! that sees a hole reads the journal, and a poll of the heads stands behind it for what other processes wrote. Where nodes share a Redis, hints
//! make it faster.

mod bus;
mod follower;
mod relay;

pub use bus::Bus;
pub use follower::Follower;
pub use relay::relay;
