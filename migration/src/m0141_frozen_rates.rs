//! The rate of an invoice in another currency than that of the books, with its tax and total in theirs; and the rate that is agreed for a purchase order.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, include_str!("m0141/frozen_rates.sql")).await
    }
}
