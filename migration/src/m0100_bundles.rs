//! Bundles in plans of liquidation, and alerts of dead stock, of plans that fall behind, and of strange days. SQLite cannot change a CHECK: there lines of plans,
//! alerts, their rules and their letters are written again.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, include_str!("m0100/bundles.sql")).await
    }
}
