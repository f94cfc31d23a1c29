//! Alerts through GraphQL, on both databases, in the words of the business.
#![allow(clippy::unwrap_used, reason = "a scenario that cannot go on has failed")]

mod crossings;
mod dated;
mod emails;
mod people;
mod rules;
mod shop;
mod states;
mod workers;
