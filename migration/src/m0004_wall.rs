//! The keys that fields are sealed under, the audit log, and what a tenant says of itself.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for part in
            [include_str!("m0004_wall/secrets.sql"), include_str!("m0004_wall/audit.sql"), include_str!("m0004_wall/tenancy.sql")]
        {
            super::run(manager, part).await?;
        }
        Ok(())
    }
}
