//! Suggestions that are refused, as clients name them.

use async_graphql::{ID, InputObject};
use entity::prelude::{CategoryId, ProductId};
use inventory::catalog::core::goods::{MAX_TAG, MAX_TAGS};
use platform::path;
use services::suggestions::shell::Refused;

use super::mutation::{MOST_REPORTED, named_product};
use crate::{
    catalog::{CategoryRef, ProductRef},
    graphql::{
        reading::read,
        refusal::{ErrorCode, Path, UserError},
    },
    references::Names,
};

/// A suggested category, and tags, that are wrong for a product. At least one of `categoryId` and `tags` is needed.
#[derive(Debug, Clone, InputObject)]
pub struct ProductSuggestionRefuseInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: Option<String>,
    /// Product. Needed unless `product` names it.
    pub product_id: Option<ID>,
    /// Product, instead of `productId`.
    pub product: Option<ProductRef>,
    /// Category that is not to be suggested for it again. Null for none.
    pub category_id: Option<ID>,
    /// Category that is not to be suggested for it again, instead of `categoryId`. Null for none.
    pub category: Option<CategoryRef>,
    /// Tags that are not to be suggested for it again in any spelling, at most 50.
    #[graphql(default)]
    pub tags: Vec<String>,
    /// Suggestions that are refused at once, at most 500: all are kept, or none. With them, `productId` and what is refused beside it may be left out.
    #[graphql(default)]
    pub suggestions: Vec<RefusedSuggestionInput>,
}

/// A suggested category, and tags, that are wrong for a product, among others. At least one of `categoryId` and `tags` is needed.
#[derive(Debug, Clone, InputObject)]
pub struct RefusedSuggestionInput {
    /// Product. Needed unless `product` names it.
    pub product_id: Option<ID>,
    /// Product, instead of `productId`.
    pub product: Option<ProductRef>,
    /// Category that is not to be suggested for it again. Null for none.
    pub category_id: Option<ID>,
    /// Category that is not to be suggested for it again, instead of `categoryId`. Null for none.
    pub category: Option<CategoryRef>,
    /// Tags that are not to be suggested for it again in any spelling, at most 50.
    #[graphql(default)]
    pub tags: Vec<String>,
}

impl ProductSuggestionRefuseInput {
    pub(super) fn names(&mut self) -> Names<'_> {
        let mut names = Names::of(path!["input"]);
        if self.is_beside_list() {
            names = names.needed(("product", self.product.take()), ("productId", &mut self.product_id));
        }
        names = names.optional(("category", self.category.take()), ("categoryId", &mut self.category_id));
        for (index, one) in self.suggestions.iter_mut().enumerate() {
            let product = named_product(("suggestions", index), &mut one.product, &mut one.product_id);
            names = names.and(product.optional(("category", one.category.take()), ("categoryId", &mut one.category_id)));
        }
        names
    }

    /// Whether a suggestion is named beside the list.
    fn is_beside_list(&self) -> bool {
        let names_product = self.product_id.is_some() || self.product.is_some();
        let names_category = self.category_id.is_some() || self.category.is_some();
        names_product || names_category || !self.tags.is_empty() || self.suggestions.is_empty()
    }

    /// What is refused, with its place in the list; None is what is named beside it.
    pub(super) fn lines(self) -> Result<Vec<(Option<usize>, Refused)>, Vec<UserError>> {
        let is_beside_list = self.is_beside_list();
        let Self { product_id, product, category_id, category, tags, suggestions, .. } = self;
        let first = RefusedSuggestionInput { product_id, product, category_id, category, tags };
        let listed = suggestions.into_iter().enumerate().map(|(index, one)| (Some(index), one));
        let lines: Vec<_> = is_beside_list.then_some((None, first)).into_iter().chain(listed).collect();
        let wrong: Vec<UserError> =
            lines.iter().filter_map(|(place, line)| not_refusable(*place, line)).take(MOST_REPORTED).collect();
        if !wrong.is_empty() {
            return Err(wrong);
        }
        read(|reading| {
            let mut found = Vec::with_capacity(lines.len());
            for (place, line) in lines {
                let product: Option<ProductId> = reading.id_opt(line.product_id.as_ref(), || refused_at(place, "productId"));
                let category: Option<CategoryId> = reading.id_opt(line.category_id.as_ref(), || refused_at(place, "categoryId"));
                found.push((place, Refused { product: product.unwrap_or(ProductId::NIL), category, tags: line.tags }));
            }
            found
        })
    }
}

/// The path of a field of what is refused.
pub(super) fn refused_at(place: Option<usize>, field: &'static str) -> Path {
    match place {
        None => path!["input", field],
        Some(index) => path!["input", "suggestions", index, field],
    }
}

/// Why an input refuses nothing that could be suggested.
fn not_refusable(place: Option<usize>, input: &RefusedSuggestionInput) -> Option<UserError> {
    if input.category_id.is_none() && input.tags.is_empty() {
        return Some(UserError::new(ErrorCode::Required, "a category or a tag is needed", refused_at(place, "categoryId")));
    }
    if input.tags.len() > MAX_TAGS {
        let message = format!("at most {MAX_TAGS} tags are refused at once");
        return Some(UserError::new(ErrorCode::LimitExceeded, message, refused_at(place, "tags")));
    }
    let is_tag = |tag: &String| !tag.trim().is_empty() && tag.trim().chars().count() <= MAX_TAG;
    let index = input.tags.iter().position(|tag| !is_tag(tag))?;
    let message = format!("a tag of 1 to {MAX_TAG} characters is needed");
    let path = match place {
        None => path!["input", "tags", index],
        Some(place) => path!["input", "suggestions", place, "tags", index],
    };
    Some(UserError::new(ErrorCode::Invalid, message, path))
}
