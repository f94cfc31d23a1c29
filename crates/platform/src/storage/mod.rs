//! The one door to the database. A tenant's rows are reached through `TenantScope` (reads) or `Work` (a transaction), which bind the
//! tenant to every statement; the few global tables through `Global`. Only this room begins and commits.

mod announce;
mod bulk;
mod bulk_records;
mod checksum;
mod connect;
pub mod copying;
pub mod dialect;
pub mod dry_run;
pub mod events;
mod fault;
mod global;
pub mod group_commit;
pub mod idempotency;
mod inspect;
pub mod journal;
mod limits;
mod cluster_notices;
pub mod once;
mod pools;
mod postgres;
pub mod replicas;
pub mod commit_hook;
mod rows;
mod scoped;
mod sessions;
mod extensions;
mod snapshot;
mod statements;
mod coalesce;
mod transaction;
mod versions;
mod row_security;
mod work;
mod writable;
mod write_at;

pub use announce::{Announcer, Committed};
// Where bulk writes still say their columns by hand.
pub use bulk::Bulk;
pub use bulk_records::Rows;
pub use checksum::RowSum;
pub use cluster_notices::{ClusterNotices, News};
pub use connect::{Backend, Database, LedgerPlans, Options};
pub use entity::record::{Column, ColumnKind};
pub use extensions::Extensions;
pub use fault::{Fault, Unwritable};
pub use global::{GlobalReads, GlobalWork};
pub use inspect::{PlannedMigration, ReplicaFacts, ServerFacts, TableRows, schema_head};
pub use pools::Pool;
pub use row_security::{ActiveRowSecurity, RowSecurity};
pub use rows::{Row, word};
pub use scoped::{Finds, Global, Reads, TenantScope, TenantsScope};
pub use snapshot::Snapshot;
pub use versions::Versions;
pub use work::Work;
pub use write_at::{AtHead, Link, Prepared, Written};
