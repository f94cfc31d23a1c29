//! Attempts of webhooks by month, on Postgres. SQLite keeps one table.

use sea_orm_migration::prelude::*;

use super::months;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        months::turn(manager, months::WEBHOOK_ATTEMPT).await
    }
}
