//! Indexes of lists that are sorted by prices, by days on which goods are expected, and by totals of purchase orders.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, include_str!("m0134/list_sorts.sql")).await
    }
}
