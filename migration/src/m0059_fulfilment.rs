//! Carriers, works of orders store by store with their lines and parcels, and stores that would not send an order's line.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, include_str!("m0059/fulfilment.sql")).await
    }
}
