//! Indexes that lists of suppliers' products and of returns to suppliers are sorted and narrowed by.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, include_str!("m0155/list_orders.sql")).await
    }
}
