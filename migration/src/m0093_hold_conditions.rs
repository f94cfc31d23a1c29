//! Further conditions of rules that set holds, what they matched, and tags of customers. On Postgres a hold
//! may be lifted by nobody with an id: the platform lifts what its rules have set.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, include_str!("m0093/hold_conditions.sql")).await
    }
}
