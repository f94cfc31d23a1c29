//! Pictures and documents of products, and mutations that are run for each line of a file.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, include_str!("m0026/bulk.sql")).await?;
        super::run(manager, include_str!("m0026/media.sql")).await
    }
}
