//! Acceptance and refusal of suggestions.

use std::collections::BTreeSet;

use entity::prelude::{CategoryId, ProductId};
use iam::access::{Permit, kind};
use inventory::catalog::{
    Batch, CallOptions,
    core::{
        Patch,
        goods::GoodsFields,
        product::{ProductDoc, ProductFields},
        text,
    },
    shell::RowRef,
};
use platform::storage::Fault;

use super::service::Suggestions;
use crate::suggestions::{core::AcceptedLine, rows};

/// Suggestions for a product that a person refused as wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedSuggestion {
    pub product: ProductId,
    pub category: Option<CategoryId>,
    pub tags: Vec<String>,
    /// Whether its name is confirmed as right.
    pub keeps_name: bool,
    /// A product with a similar name that is no duplicate.
    pub other: Option<ProductId>,
}

/// Reason why a refusal of a suggestion is not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DismissRefusal {
    NoProduct,
    NoCategory,
    NoOther,
    /// The other product is the product itself.
    Itself,
}

impl Suggestions {
    /// Changes products as accepted, all or none, through the catalogue: with the same events,
    /// versions and refusals. The result has a row for each line.
    pub async fn accept(
        &self,
        permit: Permit<kind::ProductWrite>,
        lines: &[AcceptedLine],
        options: CallOptions,
    ) -> Result<Batch<ProductDoc>, Fault> {
        let value = |accepted: Option<&(usize, String)>| Patch::from(accepted.map(|(_, value)| value.clone()));
        let change = |line: &AcceptedLine| {
            let row_ref = RowRef { id: line.product.clone(), expected_version: Some(line.expected_version) };
            let (name, category_id) = (value(line.name.as_ref()), value(line.category.as_ref()));
            let description = value(line.description.as_ref());
            let add_tags = line.tags.as_ref().map(|(_, tags)| tags.clone()).unwrap_or_default();
            let goods = GoodsFields { add_tags, ..GoodsFields::default() };
            (row_ref, ProductFields { name, category_id, description, goods, ..ProductFields::default() })
        };
        self.catalog.products_update(permit, "productTextAccept", lines.iter().map(change).collect(), options).await
    }

    /// Records that categories or tags are wrong for products, or their names right, so that they
    /// are not suggested again: all, or none. Returns the lines that cannot be stored.
    pub async fn refuse(
        &self,
        permit: Permit<kind::ProductWrite>,
        lines: &[RefusedSuggestion],
    ) -> Result<Vec<(usize, DismissRefusal)>, Fault> {
        let work = permit.scope(&self.catalog.db).begin().await?;
        let ids: Vec<ProductId> = lines.iter().flat_map(|line| [Some(line.product), line.other]).flatten().collect();
        let products = rows::existing_products(&work, &ids).await?;
        let pairs: Vec<(ProductId, CategoryId)> = lines.iter().filter_map(|line| Some((line.product, line.category?))).collect();
        let ids: Vec<CategoryId> = pairs.iter().map(|(_, category)| *category).collect();
        let categories = rows::existing_categories(&work, &ids).await?;
        let refusal = |line: &RefusedSuggestion| {
            if !products.contains(&line.product) {
                return Some(DismissRefusal::NoProduct);
            }
            if line.other == Some(line.product) {
                return Some(DismissRefusal::Itself);
            }
            if line.other.is_some_and(|other| !products.contains(&other)) {
                return Some(DismissRefusal::NoOther);
            }
            line.category.is_some_and(|category| !categories.contains(&category)).then_some(DismissRefusal::NoCategory)
        };
        let refusals: Vec<(usize, DismissRefusal)> =
            lines.iter().enumerate().filter_map(|(nth, line)| Some((nth, refusal(line)?))).collect();
        if !refusals.is_empty() {
            work.rollback().await?;
            return Ok(refusals);
        }
        let now = self.catalog.clock.now();
        rows::refuse(&work, &pairs, now).await?;
        let folded = |line: &RefusedSuggestion| {
            let product = line.product;
            line.tags.iter().map(move |tag| (product, text::fold(tag.trim()))).collect::<Vec<_>>()
        };
        let tags: Vec<(ProductId, String)> = lines.iter().flat_map(folded).collect();
        rows::refuse_tags(&work, &tags, now).await?;
        rows::confirm_names(&work, &confirmed_pairs(lines), now).await?;
        work.commit().await?;
        Ok(refusals)
    }
}

/// Returns the products whose names are right, in pairs with the lesser ID first, each pair once; a
/// single product is paired with itself.
fn confirmed_pairs(lines: &[RefusedSuggestion]) -> Vec<(ProductId, ProductId)> {
    let pairs_of = |line: &RefusedSuggestion| {
        let self_pair = line.keeps_name.then_some((line.product, line.product));
        let ordered_pair = line.other.map(|other| (line.product.min(other), line.product.max(other)));
        [self_pair, ordered_pair]
    };
    let pairs: BTreeSet<(ProductId, ProductId)> = lines.iter().flat_map(pairs_of).flatten().collect();
    pairs.into_iter().collect()
}
