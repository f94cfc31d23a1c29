//! What row-level security asks of a search for a mistyped word, which looks at products with the parts of it that were typed right. `LIKE` is as little
//! leak-proof as `@@`, so the index of texts is asked by a function as the index of words is (`m0007_row_security`).

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, include_str!("m0168/mistyped_words.sql")).await
    }
}
