//! What row-level security asks of the search: the policies themselves are laid after every migration (`row_security`).
//!
//! `@@` is not leak-proof, so Postgres would compare it after the policy only, row by row, and leave the index of words aside. The function
//! asks the index as the tables' owner, for one tenant, and gives ids; the rows are then read under the policy.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, include_str!("m0007/search.sql")).await
    }
}
