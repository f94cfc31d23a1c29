//! The one door to the database. A tenant's rows are reached through `TenantScope` (reads) or `Work` (a transaction), which bind the
//! tenant to every statement; the few global tables through `Global`. Only this room begins and commits.

mod announce;
mod bulk;
mod connect;
pub mod dialect;
pub mod events;
mod fault;
mod global;
pub mod group_commit;
pub mod idempotency;
pub mod journal;
mod limits;
mod outward;
mod pools;
mod postgres;
pub mod rider;
mod rows;
mod scoped;
mod sessions;
mod shelf;
mod snapshot;
mod statements;
mod together;
mod transaction;
mod versions;
mod wall;
mod work;
mod writable;
mod write_at;

pub use announce::{Announcer, Committed};
pub use bulk::{Bulk, Column, ColumnKind};
pub use connect::{Backend, Database, LedgerPlans, Options};
pub use fault::{Fault, Unwritable};
pub use global::{GlobalReads, GlobalWork};
pub use outward::{News, Outward};
pub use pools::Pool;
pub use rows::Row;
pub use scoped::{Finds, Global, Reads, TenantScope};
pub use shelf::Shelf;
pub use snapshot::Snapshot;
pub use versions::Versions;
pub use wall::{RowSecurity, Wall};
pub use work::Work;
pub use write_at::{AtHead, Link, Prepared, Written};
