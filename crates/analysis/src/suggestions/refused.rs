//! Suggestions that are refused, as clients name them.

use async_graphql::{ID, InputObject};
use entity::prelude::{CategoryId, ProductId};
use inventory::catalog::core::goods::{MAX_TAG_LENGTH, MAX_TAGS};
use platform::path;
use services::suggestions::shell::RefusedSuggestion;

use crate::{
    catalog::{CategoryRef, ProductRef},
    graphql::{
        reading::read,
        refusal::{ErrorCode, Path, UserError, truncate_errors},
    },
    references::Names,
};

/// A suggested category, and tags, that are wrong for a product. At least one of `category` and `tags` is needed.
#[derive(Debug, Clone, InputObject)]
pub struct ProductSuggestionRefuseInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result. Null takes each call as a new one.
    pub idempotency_key: Option<String>,
    /// Deprecated form of `product`: its ID.
    #[graphql(deprecation = "2026-11-26: use product. Removed after 2027-11-26.")]
    pub product_id: Option<ID>,
    /// Product. Required, unless `suggestions` or the deprecated `productId` is given.
    pub product: Option<ProductRef>,
    /// Deprecated form of `category`: its ID.
    #[graphql(deprecation = "2026-11-26: use category. Removed after 2027-11-26.")]
    pub category_id: Option<ID>,
    /// Category that is not to be suggested for it again. Null for none.
    pub category: Option<CategoryRef>,
    /// Tags that are not to be suggested for it again in any spelling, at most 50. Empty by default.
    #[graphql(default)]
    pub tags: Vec<String>,
    /// Suggestions that are refused at once, at most 500: all are kept, or none. With them, `product`, `category` and `tags` may be left out. Empty by default.
    #[graphql(default)]
    pub suggestions: Vec<RefusedSuggestionInput>,
}

/// Suggestions that are wrong for a product, among others. At least one of `category`, `tags`, `isNameRight` and `otherProduct` is needed.
#[derive(Debug, Clone, InputObject)]
pub struct RefusedSuggestionInput {
    /// Product.
    pub product: ProductRef,
    /// Category that is not to be suggested for it again. Null for none.
    pub category: Option<CategoryRef>,
    /// Tags that are not to be suggested for it again in any spelling, at most 50. Empty by default.
    #[graphql(default)]
    pub tags: Vec<String>,
    /// True if the name of the product is right as it is: it is not proposed to be cleaned before the product has another name. Default false.
    #[graphql(default)]
    pub is_name_right: bool,
    /// Deprecated name of `isNameRight`.
    #[graphql(default, deprecation = "2026-11-27: use isNameRight. Removed after 2027-11-27.")]
    pub keeps_name: bool,
    /// Product that it is no duplicate of: the pair is not proposed before one of both has another name. Null for none.
    pub other_product: Option<ProductRef>,
    /// ID of `product`, once it is parsed.
    #[graphql(skip)]
    product_id: Option<ID>,
    /// ID of `category`, once it is parsed.
    #[graphql(skip)]
    category_id: Option<ID>,
    /// ID of `otherProduct`, once it is parsed.
    #[graphql(skip)]
    other_product_id: Option<ID>,
}

/// Refused suggestions of a product, with parsed IDs.
struct RefusalLine {
    product_id: Option<ID>,
    category_id: Option<ID>,
    tags: Vec<String>,
    keeps_name: bool,
    other_product_id: Option<ID>,
}

impl ProductSuggestionRefuseInput {
    pub(super) fn names(&mut self) -> Names<'_> {
        let is_beside_list = self.has_top_level_suggestion();
        let mut names = Names::of(path!["input"]);
        if is_beside_list {
            names = names.required(("product", self.product.take()), ("productId", &mut self.product_id));
        }
        names = names.optional(("category", self.category.take()), ("categoryId", &mut self.category_id));
        for (index, suggestion) in self.suggestions.iter_mut().enumerate() {
            let suggestion_names = Names::of(path!["input", "suggestions", index])
                .optional(("product", Some(suggestion.product.clone())), ("productId", &mut suggestion.product_id))
                .optional(("category", suggestion.category.take()), ("categoryId", &mut suggestion.category_id))
                .optional(
                    ("otherProduct", suggestion.other_product.take()),
                    ("otherProductId", &mut suggestion.other_product_id),
                );
            names = names.and(suggestion_names);
        }
        names
    }

    /// Whether a suggestion is named beside the list.
    fn has_top_level_suggestion(&self) -> bool {
        let names_product = self.product_id.is_some() || self.product.is_some();
        let names_category = self.category_id.is_some() || self.category.is_some();
        names_product || names_category || !self.tags.is_empty() || self.suggestions.is_empty()
    }

    /// Returns the refused suggestions with their index in the list; the index is None for the one
    /// given in the fields beside the list.
    pub(super) fn parse_lines(self) -> Result<Vec<(Option<usize>, RefusedSuggestion)>, Vec<UserError>> {
        let is_beside_list = self.has_top_level_suggestion();
        let Self { product_id, category_id, tags, suggestions, .. } = self;
        let first = RefusalLine { product_id, category_id, tags, keeps_name: false, other_product_id: None };
        let to_line = |suggestion: RefusedSuggestionInput| RefusalLine {
            product_id: suggestion.product_id,
            category_id: suggestion.category_id,
            tags: suggestion.tags,
            keeps_name: suggestion.is_name_right || suggestion.keeps_name,
            other_product_id: suggestion.other_product_id,
        };
        let numbered_lines = suggestions.into_iter().enumerate().map(|(index, suggestion)| (Some(index), to_line(suggestion)));
        let lines: Vec<_> = is_beside_list.then_some((None, first)).into_iter().chain(numbered_lines).collect();
        let errors = truncate_errors(lines.iter().filter_map(|(line_index, line)| check_refusable(*line_index, line)));
        if !errors.is_empty() {
            return Err(errors);
        }
        read(|reader| {
            let mut refused_lines = Vec::with_capacity(lines.len());
            for (line_index, line) in lines {
                let product: Option<ProductId> =
                    reader.id_opt(line.product_id.as_ref(), || refused_field_path(line_index, "productId"));
                let category: Option<CategoryId> =
                    reader.id_opt(line.category_id.as_ref(), || refused_field_path(line_index, "categoryId"));
                let other: Option<ProductId> =
                    reader.id_opt(line.other_product_id.as_ref(), || refused_field_path(line_index, "otherProductId"));
                let (product, keeps_name) = (product.unwrap_or(ProductId::NIL), line.keeps_name);
                refused_lines.push((line_index, RefusedSuggestion { product, category, tags: line.tags, keeps_name, other }));
            }
            refused_lines
        })
    }
}

/// The path of a field of a refused suggestion.
pub(super) fn refused_field_path(line_index: Option<usize>, field: &'static str) -> Path {
    match line_index {
        None => path!["input", field],
        Some(index) => path!["input", "suggestions", index, field],
    }
}

/// Returns the error of an input without a category, tag or name to refuse, or with invalid tags.
fn check_refusable(line_index: Option<usize>, input: &RefusalLine) -> Option<UserError> {
    let is_of_names = input.keeps_name || input.other_product_id.is_some();
    if input.category_id.is_none() && input.tags.is_empty() && !is_of_names {
        let field = if line_index.is_some() { "category" } else { "categoryId" };
        return Some(UserError::new(ErrorCode::Required, "a category or a tag is needed", refused_field_path(line_index, field)));
    }
    if input.tags.len() > MAX_TAGS {
        let message = format!("at most {MAX_TAGS} tags are refused at once");
        return Some(UserError::new(ErrorCode::LimitExceeded, message, refused_field_path(line_index, "tags")));
    }
    let is_tag = |tag: &String| !tag.trim().is_empty() && tag.trim().chars().count() <= MAX_TAG_LENGTH;
    let index = input.tags.iter().position(|tag| !is_tag(tag))?;
    let message = format!("a tag of 1 to {MAX_TAG_LENGTH} characters is needed");
    let path = match line_index {
        None => path!["input", "tags", index],
        Some(line_index) => path!["input", "suggestions", line_index, "tags", index],
    };
    Some(UserError::new(ErrorCode::Invalid, message, path))
}
