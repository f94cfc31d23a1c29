//! Schedules of saved views send Parquet, and plans of replenishment cut what is incoming. SQLite cannot change a CHECK: there both tables are written again.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, include_str!("m0162/wider_words.sql")).await
    }
}
