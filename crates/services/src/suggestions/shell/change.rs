//! Taking what a person says of suggestions.

use entity::prelude::{CategoryId, ProductId};
use iam::access::{Permit, kind};
use inventory::catalog::{
    Ask, Batch,
    core::{
        Patch,
        product::{ProductDoc, ProductFields},
    },
    shell::Which,
};
use platform::storage::Fault;

use super::Suggestions;
use crate::suggestions::{core::AcceptedLine, rows};

/// Reason for which a refusal of a suggestion is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefuseRefusal {
    NoProduct,
    NoCategory,
}

impl Suggestions {
    /// Changes products as accepted, all or none, through the catalogue's own way: same events, versions and refusals. The answer has a row for each line.
    pub async fn accept(
        &self,
        permit: Permit<kind::ProductWrite>,
        lines: &[AcceptedLine],
        ask: Ask,
    ) -> Result<Batch<ProductDoc>, Fault> {
        let value = |accepted: Option<&(usize, String)>| Patch::from(accepted.map(|(_, value)| value.clone()));
        let change = |line: &AcceptedLine| {
            let which = Which { id: line.product.clone(), expected_version: Some(line.expected_version) };
            let (name, category_id) = (value(line.name.as_ref()), value(line.category.as_ref()));
            (which, ProductFields { name, category_id, ..ProductFields::default() })
        };
        self.catalog.products_update(permit, "productTextAccept", lines.iter().map(change).collect(), ask).await
    }

    /// Keeps that a category is wrong for a product, so that it is not suggested again.
    pub async fn refuse(
        &self,
        permit: Permit<kind::ProductWrite>,
        product: ProductId,
        category: CategoryId,
    ) -> Result<Result<(), RefuseRefusal>, Fault> {
        let work = permit.scope(&self.catalog.db).begin().await?;
        let has_product = rows::has_product(&work, product).await?;
        let has_category = rows::has_category(&work, category).await?;
        let refusal = match (has_product, has_category) {
            (false, _) => RefuseRefusal::NoProduct,
            (true, false) => RefuseRefusal::NoCategory,
            (true, true) => {
                rows::refuse(&work, product, category, self.catalog.clock.now()).await?;
                work.commit().await?;
                return Ok(Ok(()));
            }
        };
        work.rollback().await?;
        Ok(Err(refusal))
    }
}
