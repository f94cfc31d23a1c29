//! Copying a whole deployment to another database, row by row through the structs of
//! `entity::tables`.
//!
//! The tables are those of `tables::ALL` except `EXCLUDED_TABLES`, parents before children, each in the
//! order of its primary key. A batch and its row of `copy_progress` commit together, so a copy can
//! be resumed. Each batch checks that its process still has the copy. `docs/copy.md`,
//! `docs/decisions/0121`.

mod arrival;
mod batch;
mod claim;
mod digest;
mod encoded;
mod other_processes;
mod page;
mod plan;
mod run;

pub use claim::{ClaimedCopy, Claims, CopyMarks, CopySide, give_up};
pub use digest::{Difference, Digest, Digests, of_all as digests};
pub use plan::{EXCLUDED_TABLES, Plan, Step, copied_tables};
pub use run::{CopiedTable, CopyRun};
