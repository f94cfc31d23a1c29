//! Invitations, profiles, people who left; how strict a tenant is about passwords; what logins are known by, and how unusual they are.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, include_str!("m0009/people.sql")).await?;
        super::run(manager, include_str!("m0009/risk.sql")).await
    }
}
