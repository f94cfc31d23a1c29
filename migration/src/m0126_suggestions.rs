//! Tags that are not suggested for a product any more, because somebody refused them, and endpoints that propose descriptions.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, include_str!("m0126/tag_refusals.sql")).await?;
        super::run(manager, include_str!("m0126/description_endpoint.sql")).await
    }
}
