//! Policies by which stock is replenished, plans with their lines, and the errors that forecasts of lead times rest on.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, include_str!("m0065/replenishment.sql")).await
    }
}
