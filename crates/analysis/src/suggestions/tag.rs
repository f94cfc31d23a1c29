//! Tags that are suggested for products, and the model that they come from.

use std::sync::Arc;

use async_graphql::SimpleObject;
use macros::resolvers;
use services::{
    demand::core::round6,
    suggestions::{
        core::{self, TagModel},
        shell::ProductTagSuggestion as Suggested,
    },
};

use super::{
    enums::ProductTextStatus,
    page::suggestions,
    suggestion::{SuggestedCategoryReason, count},
};
use crate::{catalog::Product, graphql::connection::CountedPage};

/// Tags suggested for a product.
pub struct ProductTagSuggestion {
    product: Product,
    tags: Vec<SuggestedTag>,
}

impl From<Suggested> for ProductTagSuggestion {
    fn from(suggestion: Suggested) -> Self {
        let tags = suggestion.tags.into_iter().map(SuggestedTag).collect();
        Self { product: suggestion.product.into(), tags }
    }
}

/// Tags suggested for a product by its name and description.
#[resolvers(requires = ProductRead)]
impl ProductTagSuggestion {
    /// Product.
    async fn product(&self) -> &Product {
        &self.product
    }
    /// At most three tags, the best first, each with a confidence of 0.5 or more; without those that the product has and those that were refused for
    /// it. Empty if no tag fits.
    #[field(list_size(assumed = 3))]
    async fn tags(&self) -> &[SuggestedTag] {
        &self.tags
    }
}

/// A tag suggested for a product.
pub struct SuggestedTag(core::SuggestedTag);

/// A tag suggested for a product.
#[resolvers(requires = ProductRead)]
impl SuggestedTag {
    /// Tag, as most products of the tenant spell it.
    async fn tag(&self) -> &str {
        &self.0.tag
    }
    /// Probability that the tag is right, 0.5 to 1, calibrated on products that were held out.
    async fn confidence(&self) -> f64 {
        round6(self.0.confidence)
    }
    /// Words that spoke for the tag, the loudest first, at most five.
    #[field(list_size(assumed = 5))]
    async fn reasons(&self) -> Vec<SuggestedCategoryReason> {
        self.0.reasons.iter().map(SuggestedCategoryReason::from).collect()
    }
}

suggestions!(ProductTagSuggestionConnection, ProductTagSuggestionEdge, ProductTagSuggestion, "products with suggested tags");

/// Model of tags, learned from the tenant's own products that have tags and judged by products that were held out. Values are of this model, and null while
/// there are none.
#[derive(Debug, Clone, SimpleObject)]
pub struct ProductTagModel {
    /// State of the model.
    pub status: ProductTextStatus,
    /// Number of products with tags that the model was learned from.
    pub product_count: i32,
    /// Deprecated name of `productCount`.
    #[graphql(deprecation = "2026-11-27: use productCount. Removed after 2027-11-27.")]
    pub trained_on: i32,
    /// Number of tags that the model may suggest: those with eight products or more.
    pub tags: i32,
    /// Number of tags with too few products to be learned.
    pub tags_left_out: i32,
    /// Number of products held out, each judged by a model that had seen neither the product nor its variants.
    pub held_out: i32,
    /// Share of the tags suggested for products held out that these products have, 0 to 1. Null while there is no model, and if it suggested none.
    pub precision: Option<f64>,
    /// Share of the tags of products held out that were suggested for them, 0 to 1. Null while there is no model.
    pub recall: Option<f64>,
    /// Expected calibration error: mean difference between confidence and the share that is right, 0 to 1. Null while there is no
    /// model.
    pub calibration_error: Option<f64>,
    /// Share of the products that have the most frequent tag, 0 to 1, as a baseline for `precision`. Null while there is no model.
    pub baseline_precision: Option<f64>,
    /// Share that the most frequent tag has of all tags of products, 0 to 1, as a baseline for `recall`. Null while there is no model.
    pub baseline_recall: Option<f64>,
    /// True if the tenant has more products with tags than the model learns from, which are the newest.
    pub is_partial: bool,
}

impl ProductTagModel {
    /// `None`: the first model is being trained.
    pub fn of(model: Option<&Arc<TagModel>>) -> Self {
        let report = model.map(|model| &model.report);
        let baseline = model.map(|model| model.baseline).unwrap_or_default();
        let products = count(report.map_or(0, |report| report.products));
        let accuracy = report.map(|report| report.tags).unwrap_or_default();
        let measured_share = |share: Option<f64>| share.filter(|_| accuracy.held_out > 0).map(round6);
        Self {
            status: status(model),
            product_count: products,
            trained_on: products,
            tags: count(report.map_or(0, |report| report.labels.len())),
            tags_left_out: count(model.map_or(0, |model| model.left_out)),
            held_out: count(accuracy.held_out),
            precision: measured_share(accuracy.precision),
            recall: measured_share(accuracy.recall),
            calibration_error: measured_share(Some(accuracy.calibration_error)),
            baseline_precision: measured_share(Some(baseline.precision)),
            baseline_recall: measured_share(Some(baseline.recall)),
            is_partial: model.is_some_and(|model| model.is_partial),
        }
    }
}

/// `None`: the first model is being trained.
pub(super) fn status(model: Option<&Arc<TagModel>>) -> ProductTextStatus {
    model.map_or(ProductTextStatus::Learning, |model| model.status.into())
}
