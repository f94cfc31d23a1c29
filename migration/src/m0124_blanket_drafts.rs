//! Blanket orders that were changed while they were drafted, by whom, and what lists of them are narrowed by.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, include_str!("m0124/blanket_drafts.sql")).await
    }
}
