//! People and their sessions, as clients meet them: through the doorkeeper, on both databases.

mod clocks;
mod concurrent;
mod emails;
pub(crate) mod factors;
mod guessing;
mod invitations;
mod keys;
mod lock_order;
mod members;
mod outdated;
mod passwords;
mod phone;
mod policy;
mod registration;
mod risk;
mod sandbox;
mod sessions;
mod switching;
mod tabs;
pub(crate) mod world;
