//! Alerts, the rules that they go by, and the letters that tell of them. Tenants that are there already are followed from now on.
//!
//! Where the wall of row security stands, the tables' owner sees no tenant's counter: it is lowered here, and raised again after all migrations.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, include_str!("m0025/alerts.sql")).await
    }
}
