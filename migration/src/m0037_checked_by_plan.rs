//! On Postgres, the foreign keys whose rows the ledger's plan has just read or writes in the same statement are dropped: fifteen of an order's
//! eighteen, a third of a batch's time. Nobody may remove what they name (levels, movements, orders, products), and `entrepot verify` proves each.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, include_str!("m0037/checked_by_plan.sql")).await
    }
}
