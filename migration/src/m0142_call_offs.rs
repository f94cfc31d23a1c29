//! Terms of call-offs, revisions of purchase orders that were mailed and confirmed, and settings of e-mails about goods that are ready.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, include_str!("m0142/call_offs.sql")).await?;
        super::run(manager, include_str!("m0142/ready_setting.sql")).await
    }
}
