//! Rates of tax, of lines of orders, rules that set holds, and undoing receipts of returns.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, include_str!("m0076/taxes_and_holds.sql")).await
    }
}
