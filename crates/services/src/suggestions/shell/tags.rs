//! Asking for tags.

use std::sync::Arc;

use entity::prelude::ProductId;
use iam::access::{Permit, kind};
use inventory::catalog::core::product::ProductRow;
use platform::{paging::PageRequest, storage::Fault};
use tokio::task::spawn_blocking;

use super::Suggestions;
use crate::suggestions::{
    core::{ModelStatus, SuggestedTag, TagModel},
    rows::{self, Wanted},
};

/// Tags for a product.
#[derive(Debug, Clone)]
pub struct ProductTagSuggestion {
    pub product: ProductRow,
    /// The best first, at most three, each with a confidence of 0.5 or more.
    pub tags: Vec<SuggestedTag>,
}

impl Suggestions {
    /// The tenant's model of tags; None while the first one is being learned.
    pub async fn tag_model(&self, permit: &Permit<kind::ProductRead>) -> Result<Option<Arc<TagModel>>, Fault> {
        let scope = permit.scope(&self.catalog.db);
        let (own, trainings) = (scope.long(), self.trainings.clone());
        let learn = async move {
            let _training = trainings.acquire_owned().await.map_err(|_| Fault::ShuttingDown)?;
            let (examples, is_partial) = rows::tagged(&own).await?;
            let learning = spawn_blocking(move || TagModel::learned(&examples, is_partial));
            learning.await.map_err(|err| Fault::Broken(format!("a model of tags: {err}")))
        };
        self.tags.get(&scope, learn).await
    }

    /// Tags for a page of products, and the model that they come from. Without a model that is any good there are none.
    pub async fn tag_suggestions(
        &self,
        permit: &Permit<kind::ProductRead>,
        wanted: &Wanted,
        request: &PageRequest,
    ) -> Result<(Option<Arc<TagModel>>, Vec<ProductTagSuggestion>), Fault> {
        let model = match self.tag_model(permit).await? {
            Some(model) if model.status == ModelStatus::Ready => model,
            other => return Ok((other, Vec::new())),
        };
        let scope = permit.scope(&self.catalog.db);
        let products = rows::page(&scope, wanted, request).await?;
        let ids: Vec<ProductId> = products.iter().map(|product| product.id).collect();
        let refused = rows::refused_tags(&scope, &ids).await?;
        let judge = model.clone();
        let suggesting = spawn_blocking(move || {
            let of = |product: ProductRow| {
                let refused = refused.get(&product.id).map(Vec::as_slice).unwrap_or_default();
                let description = product.description.as_deref().unwrap_or_default();
                let tags = judge.suggest(&product.name, description, &product.goods.tags, refused);
                ProductTagSuggestion { product, tags }
            };
            products.into_iter().map(of).collect::<Vec<_>>()
        });
        let suggestions = suggesting.await.map_err(|err| Fault::Broken(format!("tags for products: {err}")))?;
        Ok((Some(model), suggestions))
    }
}
