//! Tenants and people, catalogue, the stock ledger, orders and the journal.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for part in [
            include_str!("m0001/tenants.sql"),
            include_str!("m0001/catalog.sql"),
            include_str!("m0001/stock.sql"),
            include_str!("m0001/orders.sql"),
        ] {
            super::run(manager, part).await?;
        }
        Ok(())
    }
}
