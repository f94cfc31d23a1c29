//! Transfers and counts through GraphQL, on both databases.

mod answers;
mod at_once;
mod count_figures;
mod count_plans;
mod count_rights;
mod count_speed;
mod count_twice;
mod counts;
mod late;
mod lists;
mod races;
mod stages;
mod states;
mod transfer_changes;
mod transfer_races;
mod transfer_rights;
mod transfers;
pub mod world;
