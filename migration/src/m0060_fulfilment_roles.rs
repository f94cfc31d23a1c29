//! Roles that tenants made and that may ship orders may do the works of those stores from now on. Default roles are in `policies/roles.csv`.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, include_str!("m0060/fulfilment_roles.sql")).await
    }
}
