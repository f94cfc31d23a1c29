//! The audit log, and what a tenant says of itself.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, include_str!("m0005_audit/audit.sql")).await?;
        super::run(manager, include_str!("m0005_audit/tenancy.sql")).await
    }
}
