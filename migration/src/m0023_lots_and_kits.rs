//! Lots on the lines of transfers and counts; kits, and what they are made of.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, include_str!("m0023/lots.sql")).await?;
        super::run(manager, include_str!("m0023/kits.sql")).await
    }
}
