//! On Postgres, no foreign keys from what is derived from the journal (cost books, demand facts) to products and stores. Its rows are written from
//! movements, whose products and stores are there; requests may not remove either (`row_security/wall.sql`), and `verify` proves each link. And no index on what each update of a day changes.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, include_str!("m0106/facts.sql")).await
    }
}
