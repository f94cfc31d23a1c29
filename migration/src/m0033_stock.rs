//! Lines of counts that say that nothing of a product lies there, beside those of its lots; how damaged goods of a receipt were set aside; and
//! returned goods by their lot.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, include_str!("m0033/stock.sql")).await
    }
}
