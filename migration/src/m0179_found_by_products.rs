//! The indexes by which rows of catalogues are found by the suppliers' SKUs, and revaluations by their products.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, include_str!("m0179/found_by_products.sql")).await
    }
}
