//! Numbers of the documents that move stock besides orders and returns.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in ["purchase_order_number", "supplier_return_number", "transfer_number", "count_number"] {
            let sql = format!("ALTER TABLE tenant_counter ADD COLUMN {column} {{INT}} NOT NULL DEFAULT 0 CHECK ({column} >= 0)");
            super::run(manager, &sql).await?;
        }
        Ok(())
    }
}
