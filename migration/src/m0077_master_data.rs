//! Categories say more of themselves to shops and search engines; products say what carriers and customs ask; suppliers and stores say how they are
//! reached, and suppliers how they are paid.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, include_str!("m0077/master_data.sql")).await
    }
}
