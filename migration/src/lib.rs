//! The tables, append only: a migration that has been released is never edited.
//!
//! Each migration is SQL for both databases, named in `list`. Words in capitals between braces are
//! placeholders for syntax that differs between the two; `dialect` has the whole list.

pub use sea_orm_migration::MigratorTrait;

pub use compatibility::{BREAKING, COMPATIBILITY, CONTRACTING, contracts, needed, needed_up_to, needs};
use dialect::run;
pub use list::WIDENING;
pub use migrator::Migrator;

mod m0102_event_months;
mod m0103_audit_months;
mod m0104_attempt_months;
mod compatibility;
mod dialect;
mod list;
mod migrator;
pub mod months;
pub mod online;
pub mod plan;
pub mod row_security;
pub mod statistics;
