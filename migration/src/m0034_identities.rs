//! What clients keep rests on the words of the schema: a digest of what was sent beside each idempotency key, which older releases leave out and do
//! without. And orders and returns keep the country that they were sold to; those that are here take their customers' as it is now.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, include_str!("m0034/identities.sql")).await
    }
}
