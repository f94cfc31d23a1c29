//! The catalogue's rules, pure: permitted writes and the reasons of refusals. Time and new IDs come
//! in with the command.
//!
//! Every noun follows the same steps: fields as callers send them → `check` → a command that lists
//! its own problems → `decide` against the rows that the database has around it → a `Verdict`. One
//! command or five hundred make no difference.

pub mod anomaly_limits;
pub mod calendar;
pub mod category;
pub mod channel;
mod check;
mod command;
pub mod company;
pub mod customer;
pub mod family;
pub mod goods;
pub mod gtin;
pub mod handling;
pub mod kit;
pub mod archiving;
pub mod merge;
pub mod customer_details;
mod patch;
pub mod product;
mod product_check;
mod product_decide;
mod product_fields;
mod product_row;
mod rejection;
pub mod search;
mod stages;
pub mod store;
pub mod supplier;
pub mod text;
pub mod typos;
pub mod unmerge;
mod verdict;

pub use check::{Checker, MAX_METADATA_BYTES};
pub use command::{CheckedCommand, NewIdAndTime, Target};
pub use patch::Patch;
pub use product_check::MAX_BARCODES;
pub use rejection::{Form, InputPath, Problem, Rejection, RowUsage, Subject, UnmergeRefusal};
pub use verdict::{Refusal, Verdict, Versioned, find_target};

macro_rules! checked {
    ($($command:ty),*) => { $(impl CheckedCommand for $command { fn problems(&self) -> &[Problem] { &self.problems } })* };
}
checked!(
    store::StoreCommand,
    category::CategoryCommand,
    supplier::SupplierCommand,
    family::FamilyCommand,
    customer::CustomerCommand,
    channel::ChannelCommand,
    product::ProductCommand,
    kit::KitCommand
);
