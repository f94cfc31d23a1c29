//! From what total on a tenant wants somebody else than the requester to approve.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, "ALTER TABLE tenant ADD COLUMN approval_minor {INT} CHECK (approval_minor >= 0)").await
    }
}
