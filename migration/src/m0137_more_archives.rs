//! Customers and legal entities go out of use and come back; tags and custom data of stores, suppliers, purchase orders and transfers.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, include_str!("m0137/more_archives.sql")).await?;
        super::run(manager, include_str!("m0137/node_tags.sql")).await
    }
}
