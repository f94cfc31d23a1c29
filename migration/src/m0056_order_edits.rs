//! Orders that change after they were placed: what a line's discount and tax were stated of, what an order says beside its lines, and its steps.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, include_str!("m0056/order_edits.sql")).await
    }
}
