//! Numbers of documents that name their kind. Those that were given before keep the digits that they have. Returns to suppliers are found by their
//! references.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, include_str!("m0074/document_numbers.sql")).await
    }
}
