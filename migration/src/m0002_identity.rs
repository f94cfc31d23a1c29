//! Sessions, the tokens that keep them up, the keys that sign, and second factors.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for part in [include_str!("m0002/sessions.sql"), include_str!("m0002/factors.sql"), include_str!("m0002/letters.sql")] {
            super::run(manager, part).await?;
        }
        Ok(())
    }
}
