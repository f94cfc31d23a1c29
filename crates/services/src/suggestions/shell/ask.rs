//! Asking for suggestions.

use std::{collections::HashMap, sync::Arc};

use entity::prelude::{ProductId, ProductStatus};
use iam::access::{Permit, kind};
use inventory::catalog::{core::product::ProductRow, rows::product};
use platform::{
    paging::{Key, PageRequest},
    storage::{Fault, TenantScope},
};
use tokio::task::spawn_blocking;

use super::Suggestions;
use crate::suggestions::{
    core::{CategoryModel, Cleaned, DuplicateReason, MOST_LISTED, ModelStatus, Names, RightNames, SuggestedCategory},
    rows::{self, Wanted},
};

/// Listed pairs or names that are compared with the products of now in one go.
const CHUNK: usize = 250;

/// Categories for a product.
#[derive(Debug, Clone)]
pub struct ProductSuggestion {
    pub product: ProductRow,
    /// The best first, at most three; empty if no part of its text is known.
    pub categories: Vec<SuggestedCategory>,
}

/// Two products that are probably one, as they are now.
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
    pub cleaned: Cleaned,
}

/// Rows of a list with their keys, one more than the page's limit if there are more.
type Listed<T> = Vec<(T, Vec<Key>)>;

impl Suggestions {
    /// The tenant's model of categories; None while the first one is being learned.
    pub async fn model(&self, permit: &Permit<kind::ProductRead>) -> Result<Option<Arc<CategoryModel>>, Fault> {
        let scope = permit.scope(&self.catalog.db);
        let (own, trainings) = (scope.long(), self.trainings.clone());
        let learn = async move {
            let _training = trainings.acquire_owned().await.map_err(|_| Fault::ShuttingDown)?;
            let (examples, is_partial) = rows::examples(&own).await?;
            let learning = spawn_blocking(move || CategoryModel::learned(&examples, is_partial));
            learning.await.map_err(|err| Fault::Broken(format!("a model of categories: {err}")))
        };
        self.models.get(&scope, learn).await
    }

    /// What the tenant's names say together; None while that is being learned for the first time.
    async fn names(&self, scope: &TenantScope) -> Result<Option<Arc<Names>>, Fault> {
        let (own, trainings) = (scope.long(), self.trainings.clone());
        let learn = async move {
            let _training = trainings.acquire_owned().await.map_err(|_| Fault::ShuttingDown)?;
            let (named, is_partial) = rows::names(&own).await?;
            let learning = spawn_blocking(move || Names::of(&named, is_partial));
            learning.await.map_err(|err| Fault::Broken(format!("names of products: {err}")))
        };
        self.names.get(scope, learn).await
    }

    /// Categories for a page of products, and the model that they come from. Without a model that is any good there are none.
    pub async fn category_suggestions(
        &self,
        permit: &Permit<kind::ProductRead>,
        wanted: &Wanted,
        request: &PageRequest,
    ) -> Result<(Option<Arc<CategoryModel>>, Vec<ProductSuggestion>), Fault> {
        let model = match self.model(permit).await? {
            Some(model) if model.status == ModelStatus::Ready => model,
            other => return Ok((other, Vec::new())),
        };
        let scope = permit.scope(&self.catalog.db);
        let products = rows::page(&scope, wanted, request).await?;
        let ids: Vec<ProductId> = products.iter().map(|product| product.id).collect();
        let refused = rows::refused(&scope, &ids).await?;
        let judge = model.clone();
        let suggesting = spawn_blocking(move || {
            let of = |product: ProductRow| {
                let refused = refused.get(&product.id).map(Vec::as_slice).unwrap_or_default();
                let categories = judge.suggest(&product.name, product.description.as_deref().unwrap_or_default(), refused);
                ProductSuggestion { product, categories }
            };
            products.into_iter().map(of).collect::<Vec<_>>()
        });
        let suggestions = suggesting.await.map_err(|err| Fault::Broken(format!("categories for products: {err}")))?;
        Ok((Some(model), suggestions))
    }

    /// A page of probable duplicates, the most probable first. A pair is left out once a product of it is archived or has another name, and where somebody
    /// found that it is none.
    pub async fn duplicates(
        &self,
        permit: &Permit<kind::ProductRead>,
        request: &PageRequest,
    ) -> Result<(Option<Arc<Names>>, Listed<ListedPair>), Fault> {
        let scope = permit.scope(&self.catalog.db);
        let Some(names) = self.names(&scope).await? else { return Ok((None, Vec::new())) };
        let mut all = Vec::with_capacity(names.pairs.len());
        for (place, pair) in names.pairs.iter().enumerate() {
            all.push((place, vec![Key::Int(pair.rank()), pair.first.id.into(), pair.second.id.into()]));
        }
        let mut listed = Vec::new();
        for some in from_here(request, all).chunks(CHUNK) {
            let pairs: Vec<_> = some.iter().filter_map(|(place, keys)| Some((names.pairs.get(*place)?, keys))).collect();
            let lesser: Vec<ProductId> = pairs.iter().map(|(pair, _)| pair.first.id.min(pair.second.id)).collect();
            let right = rows::right_names(&scope, &lesser).await?;
            let products: Vec<ProductId> = pairs.iter().flat_map(|(pair, _)| [pair.first.id, pair.second.id]).collect();
            let products = current(&scope, products).await?;
            for (pair, keys) in pairs {
                let Some((first, second)) = products.get(&pair.first.id).zip(products.get(&pair.second.id)) else { continue };
                let is_right =
                    right.contains(&RightNames::of_pair((first.id, first.name.as_str()), (second.id, second.name.as_str())));
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

    /// A page of names to clean, by product. A product is left out once it is archived or its name is clean, and where somebody found its name right.
    pub async fn cleanups(
        &self,
        permit: &Permit<kind::ProductRead>,
        request: &PageRequest,
    ) -> Result<(Option<Arc<Names>>, Listed<ListedCleanup>), Fault> {
        let scope = permit.scope(&self.catalog.db);
        let Some(names) = self.names(&scope).await? else { return Ok((None, Vec::new())) };
        let all: Listed<ProductId> = names.unclean.iter().map(|id| (*id, vec![(*id).into()])).collect();
        let mut listed = Vec::new();
        for some in from_here(request, all).chunks(CHUNK) {
            let ids: Vec<ProductId> = some.iter().map(|(id, _)| *id).collect();
            let right = rows::right_names(&scope, &ids).await?;
            let products = current(&scope, ids).await?;
            for (id, keys) in some {
                let Some(product) = products.get(id) else { continue };
                let cleaned = names.cleaned(&product.name);
                if !cleaned.changes.is_empty() && !right.contains(&RightNames::of_product(*id, &product.name)) {
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

/// All rows behind the request's cursor, in its direction: how many of them still hold is seen later.
fn from_here<T>(request: &PageRequest, all: Listed<T>) -> Listed<T> {
    PageRequest { limit: MOST_LISTED as u32, ..request.clone() }.pick(all)
}

/// Those of the products that are not archived, as they are now.
async fn current(scope: &TenantScope, ids: Vec<ProductId>) -> Result<HashMap<ProductId, Arc<ProductRow>>, Fault> {
    let products = product::by_ids(scope, ids).await?;
    let is_listed = |product: &ProductRow| product.status != ProductStatus::Archived;
    Ok(products.into_iter().filter(is_listed).map(|product| (product.id, Arc::new(product))).collect())
}
