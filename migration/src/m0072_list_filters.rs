//! Indexes for filters and sorts of lists: documents by the moments at which they were created and last changed, by product, and by total.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, include_str!("m0072/list_filters.sql")).await
    }
}
