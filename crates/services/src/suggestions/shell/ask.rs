//! Reading suggestions.

use std::{collections::HashMap, sync::Arc};

use entity::prelude::{ProductId, ProductStatus};
use iam::access::{Permit, kind};
use inventory::catalog::{core::product::ProductRow, rows::product};
use platform::{
    blocking,
    paging::{Key, PageRequest},
    storage::{Fault, TenantScope},
};

use super::service::Suggestions;
use crate::suggestions::{
    core::{CategoryModel, CleanedName, ConfirmedNames, DuplicateReason, MAX_LISTED, ModelStatus, Names, SuggestedCategory},
    rows::{self, ProductSelection},
};

/// Listed pairs or names that are compared with the current products at once.
const CHUNK: usize = 250;

/// Categories for a product.
#[derive(Debug, Clone)]
pub struct ProductSuggestion {
    pub product: ProductRow,
    /// The best first, at most three; empty if no part of its text is known.
    pub categories: Vec<SuggestedCategory>,
}

/// Two products that are probably duplicates, in their current state.
#[derive(Debug, Clone)]
pub struct ListedPair {
    pub first: Arc<ProductRow>,
    pub second: Arc<ProductRow>,
    pub score: f64,
    pub reasons: Vec<DuplicateReason>,
}

/// A product whose name can be cleaned.
#[derive(Debug, Clone)]
pub struct ListedCleanup {
    pub product: Arc<ProductRow>,
    pub cleaned: CleanedName,
}

/// Rows of a list with their keys, one more than the page's limit if there are more.
type KeyedRows<T> = Vec<(T, Vec<Key>)>;

impl Suggestions {
    /// Returns the tenant's model of categories; `None` during the first training.
    pub async fn model(&self, permit: &Permit<kind::ProductRead>) -> Result<Option<Arc<CategoryModel>>, Fault> {
        let scope = permit.scope(&self.catalog.db);
        let (task_scope, trainings) = (scope.long(), self.trainings.clone());
        let learn = async move {
            let _training = trainings.acquire_owned().await.map_err(|_| Fault::ShuttingDown)?;
            let (examples, is_partial) = rows::examples(&task_scope).await?;
            blocking::run("a model of categories", move || CategoryModel::train(&examples, is_partial)).await
        };
        self.models.get(&scope, learn).await
    }

    /// Returns the analysis of the tenant's names; `None` while it is made for the first time.
    async fn names(&self, scope: &TenantScope) -> Result<Option<Arc<Names>>, Fault> {
        let (task_scope, trainings) = (scope.long(), self.trainings.clone());
        let learn = async move {
            let _training = trainings.acquire_owned().await.map_err(|_| Fault::ShuttingDown)?;
            let (named_products, is_partial) = rows::names(&task_scope).await?;
            blocking::run("names of products", move || Names::of(&named_products, is_partial)).await
        };
        self.names.get(scope, learn).await
    }

    /// Returns categories for a page of products, and the model that they come from. Empty if the
    /// model is not usable.
    pub async fn category_suggestions(
        &self,
        permit: &Permit<kind::ProductRead>,
        selection: &ProductSelection,
        request: &PageRequest,
    ) -> Result<(Option<Arc<CategoryModel>>, Vec<ProductSuggestion>), Fault> {
        let model = match self.model(permit).await? {
            Some(model) if model.status == ModelStatus::Ready => model,
            other => return Ok((other, Vec::new())),
        };
        let scope = permit.scope(&self.catalog.db);
        let products = rows::page(&scope, selection, request).await?;
        let ids: Vec<ProductId> = products.iter().map(|product| product.id).collect();
        let refused_categories = rows::refused_category_ids(&scope, &ids).await?;
        let task_model = model.clone();
        let pending_suggestions = blocking::run("categories for products", move || {
            let suggestion_for = |product: ProductRow| {
                let refused_categories = refused_categories.get(&product.id).map(Vec::as_slice).unwrap_or_default();
                let categories =
                    task_model.suggest(&product.name, product.description.as_deref().unwrap_or_default(), refused_categories);
                ProductSuggestion { product, categories }
            };
            products.into_iter().map(suggestion_for).collect::<Vec<_>>()
        });
        let suggestions = pending_suggestions.await?;
        Ok((Some(model), suggestions))
    }

    /// Returns a page of probable duplicates, the most probable first. A pair is left out if a
    /// product of it is archived or renamed by now, or if the pair was confirmed as different.
    pub async fn duplicates(
        &self,
        permit: &Permit<kind::ProductRead>,
        request: &PageRequest,
    ) -> Result<(Option<Arc<Names>>, KeyedRows<ListedPair>), Fault> {
        let scope = permit.scope(&self.catalog.db);
        let Some(names) = self.names(&scope).await? else { return Ok((None, Vec::new())) };
        let mut keyed_pairs = Vec::with_capacity(names.pairs.len());
        for (index, pair) in names.pairs.iter().enumerate() {
            keyed_pairs.push((index, vec![Key::Int(pair.rank()), pair.first.id.into(), pair.second.id.into()]));
        }
        let mut listed = Vec::new();
        for some in after_cursor(request, keyed_pairs).chunks(CHUNK) {
            let pairs: Vec<_> = some.iter().filter_map(|(index, keys)| Some((names.pairs.get(*index)?, keys))).collect();
            let lesser: Vec<ProductId> = pairs.iter().map(|(pair, _)| pair.first.id.min(pair.second.id)).collect();
            let right = rows::confirmed_names(&scope, &lesser).await?;
            let products: Vec<ProductId> = pairs.iter().flat_map(|(pair, _)| [pair.first.id, pair.second.id]).collect();
            let products = load_unarchived(&scope, products).await?;
            for (pair, keys) in pairs {
                let Some((first, second)) = products.get(&pair.first.id).zip(products.get(&pair.second.id)) else { continue };
                let is_right =
                    right.contains(&ConfirmedNames::of_pair((first.id, first.name.as_str()), (second.id, second.name.as_str())));
                if first.name == pair.first.name && second.name == pair.second.name && !is_right {
                    let (first, second, reasons) = (first.clone(), second.clone(), pair.reasons.clone());
                    listed.push((ListedPair { first, second, score: pair.score, reasons }, keys.clone()));
                }
            }
            if listed.len() > request.limit as usize {
                break;
            }
        }
        Ok((Some(names), listed))
    }

    /// Returns a page of names to clean, by product. A product is left out if it is archived or its
    /// name is clean by now, or if its name was confirmed as right.
    pub async fn cleanups(
        &self,
        permit: &Permit<kind::ProductRead>,
        request: &PageRequest,
    ) -> Result<(Option<Arc<Names>>, KeyedRows<ListedCleanup>), Fault> {
        let scope = permit.scope(&self.catalog.db);
        let Some(names) = self.names(&scope).await? else { return Ok((None, Vec::new())) };
        let keyed_ids: KeyedRows<ProductId> = names.unclean.iter().map(|id| (*id, vec![(*id).into()])).collect();
        let mut listed = Vec::new();
        for some in after_cursor(request, keyed_ids).chunks(CHUNK) {
            let ids: Vec<ProductId> = some.iter().map(|(id, _)| *id).collect();
            let right = rows::confirmed_names(&scope, &ids).await?;
            let products = load_unarchived(&scope, ids).await?;
            for (id, keys) in some {
                let Some(product) = products.get(id) else { continue };
                let cleaned = names.clean_name(&product.name);
                if !cleaned.changes.is_empty() && !right.contains(&ConfirmedNames::of_product(*id, &product.name)) {
                    listed.push((ListedCleanup { product: product.clone(), cleaned }, keys.clone()));
                }
            }
            if listed.len() > request.limit as usize {
                break;
            }
        }
        Ok((Some(names), listed))
    }
}

/// Returns all rows after the request's cursor, in its direction: outdated rows are left out later.
fn after_cursor<T>(request: &PageRequest, listed: KeyedRows<T>) -> KeyedRows<T> {
    PageRequest { limit: MAX_LISTED as u32, ..request.clone() }.pick(listed)
}

/// Reads those of the products that are not archived.
async fn load_unarchived(scope: &TenantScope, ids: Vec<ProductId>) -> Result<HashMap<ProductId, Arc<ProductRow>>, Fault> {
    let products = product::by_ids(scope, ids).await?;
    let is_listed = |product: &ProductRow| product.status != ProductStatus::Archived;
    Ok(products.into_iter().filter(is_listed).map(|product| (product.id, Arc::new(product))).collect())
}
