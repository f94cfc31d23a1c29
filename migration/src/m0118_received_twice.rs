//! Receipts that equal one before among anomalies, and within how many days. SQLite cannot change a CHECK: there the table is written again.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, include_str!("m0118/received_twice.sql")).await
    }
}
