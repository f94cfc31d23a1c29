//! Alerts of forecasts that drift, and when each run was looked at for them. SQLite cannot change a CHECK: there alerts, their rules and their letters are written
//! again.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, include_str!("m0121/drift.sql")).await
    }
}
