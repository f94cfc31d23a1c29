//! Where a tenant's master data stands, so that rows can be remembered outside the database; and the changes of it by themselves.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

const UP: &str = "
ALTER TABLE tenant_counter ADD COLUMN master_seq {INT} NOT NULL DEFAULT 0
;;
UPDATE tenant_counter SET master_seq = head
;;
CREATE INDEX event_master ON event (tenant_id, seq) WHERE kind IN ('product.updated', 'product.archived', 'store.updated', 'store.archived', 'category.updated', 'supplier.updated')
";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, UP).await
    }
}
