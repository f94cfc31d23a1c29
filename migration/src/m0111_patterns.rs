//! Patterns among anomalies: what they are worth, who and which order they are about. SQLite cannot change a CHECK: there the table is written again.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, include_str!("m0111/patterns.sql")).await
    }
}
