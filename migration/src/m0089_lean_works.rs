//! On Postgres, no foreign keys from a store's work to its order, its store, its lines and their products, and one CHECK a table. Each order that is
//! confirmed makes a work: its eleven checks of keys took a sixth of the statement, as those of orders had before migration 71. The plan has read all
//! of these rows, requests may not remove any of them (`row_security/wall.sql`), and `verify` proves each link, and each word.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, include_str!("m0089/works.sql")).await
    }
}
