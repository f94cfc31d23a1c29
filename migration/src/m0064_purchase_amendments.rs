//! Purchase orders after they were ordered: what the supplier confirmed, the day that a lead time gives, revisions and lines that were cancelled.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, include_str!("m0064/amendments.sql")).await
    }
}
