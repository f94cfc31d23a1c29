//! On SQLite, cost postings by product and store with what reports sum of them: it adds them up as they lie there, where it would look up each and sort them all.
//! The index takes the place of the one by product, whose order only the few postings need that brought units: they have one of their own.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, include_str!("m0139/posting_level.sql")).await
    }
}
