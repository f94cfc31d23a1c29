//! The tables, append only: a migration that has been released is never edited.
//!
//! Each migration is SQL for both databases, named in `list`. Words in capitals between braces are
//! placeholders for syntax that differs between the two; `dialect` has the whole list.

use sea_orm_migration::prelude::*;

pub use sea_orm_migration::MigratorTrait;

pub use compatibility::{BREAKING, COMPATIBILITY, CONTRACTING, contracts, needed, needed_up_to, needs};
use dialect::run;
use list::LIST;
pub use list::WIDENING;

mod m0102_event_months;
mod m0103_audit_months;
mod m0104_attempt_months;
mod compatibility;
mod dialect;
mod list;
pub mod months;
pub mod online;
pub mod plan;
pub mod row_security;
pub mod statistics;

pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        LIST.iter().map(|(name, texts)| migration(name, texts)).collect()
    }
}

fn migration(name: &'static str, texts: &'static [&'static str]) -> Box<dyn MigrationTrait> {
    match name {
        "m0102_event_months" => Box::new(m0102_event_months::Migration),
        "m0103_audit_months" => Box::new(m0103_audit_months::Migration),
        "m0104_attempt_months" => Box::new(m0104_attempt_months::Migration),
        _ => Box::new(Written { name, texts }),
    }
}

/// A migration that is its SQL.
struct Written {
    name: &'static str,
    texts: &'static [&'static str],
}

impl MigrationName for Written {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Written {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for text in self.texts {
            run(manager, text).await?;
        }
        Ok(())
    }
}
