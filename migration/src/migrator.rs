//! The migrator: each migration of the list is its SQL, or code of its own.

use sea_orm_migration::prelude::*;

use super::{dialect::run, list::LIST, m0102_event_months, m0103_audit_months, m0104_attempt_months};

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
