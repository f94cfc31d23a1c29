//! Categories that are suggested for products, and the model that they come from.

use std::sync::Arc;

use async_graphql::{Context, SimpleObject};
use macros::resolvers;
use platform::storage::Fault;
use services::{
    demand::core::round6,
    suggestions::{
        core::{self, CategoryModel, is_confident},
        shell::ProductSuggestion,
    },
};

use super::{enums::ProductTextStatus, page::suggestions};
use crate::{
    catalog::{Category, Product, catalog_loaders},
    graphql::{
        connection::CountedPage,
        fault::{Answer, TopError},
    },
};

/// Categories suggested for a product.
pub struct ProductCategorySuggestion {
    product: Product,
    is_confident: bool,
    categories: Vec<SuggestedCategory>,
}

impl From<ProductSuggestion> for ProductCategorySuggestion {
    fn from(suggestion: ProductSuggestion) -> Self {
        let is_confident = is_confident(&suggestion.categories);
        let categories = suggestion.categories.into_iter().map(SuggestedCategory).collect();
        Self { product: suggestion.product.into(), is_confident, categories }
    }
}

/// Categories suggested for a product by its name and description.
#[resolvers(requires = ProductRead)]
impl ProductCategorySuggestion {
    /// Product.
    async fn product(&self) -> &Product {
        &self.product
    }
    /// True if the first category has a confidence of 0.5 or more; below that it is a guess.
    async fn is_confident(&self) -> bool {
        self.is_confident
    }
    /// The best three categories, the best first, without those that were refused for the product. Empty if no part of its text is known.
    #[field(list_size(assumed = 3))]
    async fn categories(&self) -> &[SuggestedCategory] {
        &self.categories
    }
}

/// A category suggested for a product.
pub struct SuggestedCategory(core::SuggestedCategory);

/// A category suggested for a product.
#[resolvers(requires = ProductRead)]
impl SuggestedCategory {
    /// Category.
    async fn category(&self, ctx: &Context<'_>) -> Answer<Category> {
        let row = catalog_loaders(ctx)?.category(self.0.category).await?;
        row.map(Category).ok_or_else(|| TopError::from(Fault::corrupt("category", "what was learned exists")))
    }
    /// Probability that the category is right, 0 to 1, calibrated on products that were held out.
    async fn confidence(&self) -> f64 {
        round6(self.0.confidence)
    }
    /// Words that spoke for the category, the loudest first, at most five.
    #[field(list_size(assumed = 5))]
    async fn reasons(&self) -> Vec<SuggestedCategoryReason> {
        self.0.reasons.iter().map(SuggestedCategoryReason::from).collect()
    }
}

/// A word that spoke for a category or a tag.
#[derive(Debug, Clone, SimpleObject)]
pub struct SuggestedCategoryReason {
    /// Word in lower case without accents, or both words of a phrase.
    pub text: String,
    /// Part of the word that is known from other products, with `<` and `>` for its ends. Null where the word itself is known.
    pub part: Option<String>,
    /// Share of all that spoke for the category or the tag, 0 to 1.
    pub share: f64,
}

impl From<&core::CategoryReason> for SuggestedCategoryReason {
    fn from(reason: &core::CategoryReason) -> Self {
        Self { text: reason.text.clone(), part: reason.letters.clone(), share: round6(reason.share.into()) }
    }
}

suggestions!(
    ProductCategorySuggestionConnection,
    ProductCategorySuggestionEdge,
    ProductCategorySuggestion,
    "products with suggested categories"
);

/// Model of categories, learned from the tenant's own products and judged by products that were held out. Values are of this model, and null while there
/// are none.
#[derive(Debug, Clone, SimpleObject)]
pub struct ProductTextModel {
    /// State of the model.
    pub status: ProductTextStatus,
    /// Number of products that the model was learned from.
    pub product_count: i32,
    /// Deprecated name of `productCount`.
    #[graphql(deprecation = "2026-11-27: use productCount. Removed after 2027-11-27.")]
    pub trained_on: i32,
    /// Number of categories that the model may suggest: those with eight products or more.
    pub classes: i32,
    /// Number of categories with too few products to be learned.
    pub classes_left_out: i32,
    /// Number of products held out, each judged by a model that had seen neither the product nor its variants.
    pub held_out: i32,
    /// Share of the products held out whose first suggestion is their category, 0 to 1. Null while there is no model.
    pub accuracy_top1: Option<f64>,
    /// Share of the products held out that have their category among the first three suggestions, 0 to 1. Null while there is no
    /// model.
    pub accuracy_top3: Option<f64>,
    /// Expected calibration error: mean difference between confidence and the share that is right, 0 to 1. Null while there is no
    /// model.
    pub calibration_error: Option<f64>,
    /// Share of the products held out that are in the most frequent category, 0 to 1, as a baseline for `accuracyTop1`. Null
    /// while there is no model.
    pub baseline: Option<f64>,
    /// True if the tenant has more categorised products than the model learns from, which are the
    /// newest.
    pub is_partial: bool,
}

impl ProductTextModel {
    /// `None`: the first model is being trained.
    pub fn of(model: Option<&Arc<CategoryModel>>) -> Self {
        let status = text_status(model);
        let report = model.map(|model| &model.report);
        let accuracy = report.map(|report| report.categories).unwrap_or_default();
        let products = count(report.map_or(0, |report| report.products));
        let measured_share = |share: f64| (accuracy.held_out > 0).then(|| round6(share));
        Self {
            status,
            product_count: products,
            trained_on: products,
            classes: count(report.map_or(0, |report| report.labels.len())),
            classes_left_out: count(report.map_or(0, |report| report.left_out.len())),
            held_out: count(accuracy.held_out),
            accuracy_top1: measured_share(accuracy.top1),
            accuracy_top3: measured_share(accuracy.top3),
            calibration_error: measured_share(accuracy.calibration_error),
            baseline: measured_share(accuracy.majority),
            is_partial: model.is_some_and(|model| model.is_partial),
        }
    }
}

/// `None`: the first model is being trained.
pub(super) fn text_status(model: Option<&Arc<CategoryModel>>) -> ProductTextStatus {
    model.map_or(ProductTextStatus::Learning, |model| model.status.into())
}

pub(super) fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
