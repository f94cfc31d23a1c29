//! A search for several words, of which one may be in nearly all products: "sku-123456" where each SKU begins with "sku". For the beginning of a word
//! the index of Postgres collects all rows that have it before it compares them with those of the other words. So the function looks at the products of
//! the word that is likely the rarest, and compares up to 200 of them with the other words one by one. Only if there are more, or the parser of Postgres
//! sees no word in it, does it ask the index for all words. It gives what `products_with_words` (`m0007_row_security`) gives for them, in the same order.
//!
//! The index has the words of all tenants, so the 200 are counted over all of them, and those of others left out afterwards. Counted in one tenant, a word
//! that it has seldom and others have often would be read from each row of theirs.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, include_str!("m0191/products_by_terms.sql")).await
    }
}
