//! The keys that fields are sealed under.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for part in [include_str!("m0004_wall/secrets.sql")] {
            super::run(manager, part).await?;
        }
        Ok(())
    }
}
