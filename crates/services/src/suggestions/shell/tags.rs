//! Reading suggested tags.

use std::sync::Arc;

use entity::prelude::ProductId;
use iam::access::{Permit, kind};
use inventory::catalog::core::product::ProductRow;
use platform::{blocking, paging::PageRequest, storage::Fault};

use super::service::Suggestions;
use crate::suggestions::{
    core::{ModelStatus, SuggestedTag, TagModel},
    rows::{self, ProductSelection},
};

/// Tags for a product.
#[derive(Debug, Clone)]
pub struct ProductTagSuggestion {
    pub product: ProductRow,
    /// The best first, at most three, each with a confidence of 0.5 or more.
    pub tags: Vec<SuggestedTag>,
}

impl Suggestions {
    /// Returns the tenant's model of tags; `None` during the first training.
    pub async fn tag_model(&self, permit: &Permit<kind::ProductRead>) -> Result<Option<Arc<TagModel>>, Fault> {
        let scope = permit.scope(&self.catalog.db);
        let (task_scope, trainings) = (scope.long(), self.trainings.clone());
        let learn = async move {
            let _training = trainings.acquire_owned().await.map_err(|_| Fault::ShuttingDown)?;
            let (examples, is_partial) = rows::load_tagged_examples(&task_scope).await?;
            blocking::run("a model of tags", move || TagModel::train(&examples, is_partial)).await
        };
        self.tags.get(&scope, learn).await
    }

    /// Returns tags for a page of products, and the model that they come from. Empty if the model
    /// is not usable.
    pub async fn tag_suggestions(
        &self,
        permit: &Permit<kind::ProductRead>,
        selection: &ProductSelection,
        request: &PageRequest,
    ) -> Result<(Option<Arc<TagModel>>, Vec<ProductTagSuggestion>), Fault> {
        let model = match self.tag_model(permit).await? {
            Some(model) if model.status == ModelStatus::Ready => model,
            other => return Ok((other, Vec::new())),
        };
        let scope = permit.scope(&self.catalog.db);
        let products = rows::page(&scope, selection, request).await?;
        let ids: Vec<ProductId> = products.iter().map(|product| product.id).collect();
        let refused_keys = rows::refused_tags(&scope, &ids).await?;
        let task_model = model.clone();
        let pending_suggestions = blocking::run("tags for products", move || {
            let suggestion_for = |product: ProductRow| {
                let refused_keys = refused_keys.get(&product.id).map(Vec::as_slice).unwrap_or_default();
                let description = product.description.as_deref().unwrap_or_default();
                let tags = task_model.suggest(&product.name, description, &product.goods.tags, refused_keys);
                ProductTagSuggestion { product, tags }
            };
            products.into_iter().map(suggestion_for).collect::<Vec<_>>()
        });
        let suggestions = pending_suggestions.await?;
        Ok((Some(model), suggestions))
    }
}
