//! The currency of a charge on a purchase order, where it is not the order's, with what it comes to in the books; and the shares of such charges on the lines
//! of orders and receipts.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, include_str!("m0119/charge_currency.sql")).await
    }
}
