//! Barcodes by their GTIN, in fourteen digits; of one that two products had in two lengths, the longest keeps it and the others are found as they
//! are written. And who has changed what a purchase order buys.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, include_str!("m0028/codes.sql")).await
    }
}
