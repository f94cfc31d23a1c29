//! An index for purchase orders by the reference that their supplier gave them, whoever the supplier is: what a scanned code asks.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, include_str!("m0049/references.sql")).await
    }
}
