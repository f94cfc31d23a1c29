//! Alerts of works that are overdue, and of goods that every store has refused. SQLite cannot change a CHECK: there alerts, their rules and their e-mails are written
//! again.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, include_str!("m0133/fulfilment_alerts.sql")).await
    }
}
