//! Accepting and refusing suggestions.

use async_graphql::{Context, ID, InputObject, SimpleObject};
use iam::access::kind;
use inventory::catalog::{Batch, CallOptions, core::product::ProductDoc, events::PRODUCT_UPDATED, shell::RowAnswer};
use macros::resolvers;
use platform::path;
use services::suggestions::{
    Suggestions,
    core::{AcceptRefusal, AcceptedLine, AcceptedList, AcceptedLists, AcceptedValue, MAX_ACCEPTED, merge_lists},
    shell::DismissRefusal,
};

use super::refused::{ProductSuggestionRefuseInput, refused_field_path};
use crate::{
    catalog::{CategoryRef, Product, ProductRef, catalog_loaders, user_error},
    graphql::{
        context::ContextExt,
        fault::Answer,
        once::{EarlierCall, ReplayablePayload},
        refusal::{ErrorCode, UserError, truncate_errors},
        scalars::Long,
    },
    named,
    references::{Names, is_unknown},
};

/// A category accepted for a product.
#[derive(Debug, Clone, InputObject)]
pub struct AcceptedCategoryInput {
    /// Deprecated form of `product`: its ID.
    #[graphql(deprecation = "2026-11-26: use product. Removed after 2027-11-26.")]
    pub product_id: Option<ID>,
    /// Product. Required, unless the deprecated `productId` is given.
    pub product: Option<ProductRef>,
    /// Deprecated form of `category`: its ID.
    #[graphql(deprecation = "2026-11-26: use category. Removed after 2027-11-26.")]
    pub category_id: Option<ID>,
    /// Category that the product gets. Required, unless the deprecated `categoryId` is given.
    pub category: Option<CategoryRef>,
    /// Version of the product that you saw; another one is a VERSION_CONFLICT.
    pub expected_version: Long,
}

/// A name accepted for a product.
#[derive(Debug, Clone, InputObject)]
pub struct AcceptedNameInput {
    /// Deprecated form of `product`: its ID.
    #[graphql(deprecation = "2026-11-26: use product. Removed after 2027-11-26.")]
    pub product_id: Option<ID>,
    /// Product. Required, unless the deprecated `productId` is given.
    pub product: Option<ProductRef>,
    /// Name that the product gets, 1 to 255 characters.
    pub name: String,
    /// Version of the product that you saw; another one is a VERSION_CONFLICT.
    pub expected_version: Long,
}

/// Tags accepted for a product.
#[derive(Debug, Clone, InputObject)]
pub struct AcceptedTagsInput {
    /// Deprecated form of `product`: its ID.
    #[graphql(deprecation = "2026-11-26: use product. Removed after 2027-11-26.")]
    pub product_id: Option<ID>,
    /// Product. Required, unless the deprecated `productId` is given.
    pub product: Option<ProductRef>,
    /// Tags that the product gets beside those that it has, each 1 to 64 characters; with them a product has at most 50. A tag that it has already stays as it is spelled.
    pub tags: Vec<String>,
    /// Version of the product that you saw; another one is a VERSION_CONFLICT.
    pub expected_version: Long,
}

/// A description accepted for a product.
#[derive(Debug, Clone, InputObject)]
pub struct AcceptedDescriptionInput {
    /// Deprecated form of `product`: its ID.
    #[graphql(deprecation = "2026-11-26: use product. Removed after 2027-11-26.")]
    pub product_id: Option<ID>,
    /// Product. Required, unless the deprecated `productId` is given.
    pub product: Option<ProductRef>,
    /// Description that the product gets, at most 10,000 characters. An empty text removes the description.
    pub description: String,
    /// Version of the product that you saw; another one is a VERSION_CONFLICT.
    pub expected_version: Long,
}

/// Categories, names, tags and descriptions accepted for products, at most 500 lines together. A product may have a line in each list, with the same version.
#[derive(Debug, Clone, InputObject)]
pub struct ProductTextAcceptInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Categories, each product once. Empty by default.
    #[graphql(default)]
    pub categories: Vec<AcceptedCategoryInput>,
    /// Names, each product once. Empty by default.
    #[graphql(default)]
    pub names: Vec<AcceptedNameInput>,
    /// Tags, each product once. Empty by default.
    #[graphql(default)]
    pub tags: Vec<AcceptedTagsInput>,
    /// Descriptions, each product once. Empty by default.
    #[graphql(default)]
    pub descriptions: Vec<AcceptedDescriptionInput>,
}

impl ProductTextAcceptInput {
    fn names(&mut self) -> Names<'_> {
        let mut names = Names::of(path!["input"]);
        for (index, line) in self.categories.iter_mut().enumerate() {
            let product = product_names(("categories", index), &mut line.product, &mut line.product_id);
            names = names.and(product.required(("category", line.category.take()), ("categoryId", &mut line.category_id)));
        }
        for (index, line) in self.names.iter_mut().enumerate() {
            names = names.and(product_names(("names", index), &mut line.product, &mut line.product_id));
        }
        for (index, line) in self.tags.iter_mut().enumerate() {
            names = names.and(product_names(("tags", index), &mut line.product, &mut line.product_id));
        }
        for (index, line) in self.descriptions.iter_mut().enumerate() {
            names = names.and(product_names(("descriptions", index), &mut line.product, &mut line.product_id));
        }
        names
    }

    fn count(&self) -> usize {
        self.categories.len() + self.names.len() + self.tags.len() + self.descriptions.len()
    }

    /// Refusals of the lines whose references name no product. They are reported before those of
    /// lines that contradict one another.
    fn unknown_product_errors(&self) -> Vec<UserError> {
        let list_errors = |list: &'static str, ids: Vec<&Option<ID>>| -> Vec<UserError> {
            let unknown = ids.into_iter().enumerate().filter(|(_, id)| id.as_ref().is_some_and(is_unknown));
            unknown.map(|(index, _)| UserError::not_found("product", path!["input", list, index, "productId"])).collect()
        };
        let mut all_errors = list_errors("categories", self.categories.iter().map(|line| &line.product_id).collect());
        all_errors.extend(list_errors("names", self.names.iter().map(|line| &line.product_id).collect()));
        all_errors.extend(list_errors("tags", self.tags.iter().map(|line| &line.product_id).collect()));
        all_errors.extend(list_errors("descriptions", self.descriptions.iter().map(|line| &line.product_id).collect()));
        truncate_errors(all_errors.into_iter())
    }
}

/// The product of a line of a list.
fn product_names<'a>((list, index): (&str, usize), product: &mut Option<ProductRef>, id: &'a mut Option<ID>) -> Names<'a> {
    Names::of(path!["input", list, index]).required(("product", product.take()), ("productId", id))
}

/// Result of accepting suggestions.
#[derive(SimpleObject, Default)]
pub struct ProductTextAcceptPayload {
    /// The products as they are now, or with validateOnly as they would be, in the order of the input. Empty when the call was refused.
    pub products: Vec<Product>,
    /// Reasons for which the call was refused; then no product was changed. Empty when it was accepted.
    pub user_errors: Vec<UserError>,
    /// True if the payload repeats the result of an earlier call with the same idempotency key.
    pub replayed: bool,
    /// The last event of this change, to wait for on a stream; null when nothing was written.
    pub seq: Option<Long>,
}

/// Result of refusing a suggestion.
#[derive(SimpleObject, Default)]
pub struct ProductSuggestionRefusePayload {
    /// Reasons for which the refusal was not kept; empty when it is kept.
    pub user_errors: Vec<UserError>,
    /// True if the payload repeats the result of an earlier call with the same idempotency key. Refusing again without a key changes nothing either.
    pub replayed: bool,
    /// Position in the tenant's stream; always null, as no event is written.
    pub seq: Option<Long>,
}

impl From<Vec<UserError>> for ProductTextAcceptPayload {
    fn from(user_errors: Vec<UserError>) -> Self {
        Self { user_errors, ..Self::default() }
    }
}

impl From<Vec<UserError>> for ProductSuggestionRefusePayload {
    fn from(user_errors: Vec<UserError>) -> Self {
        Self { user_errors, ..Self::default() }
    }
}

impl ReplayablePayload for ProductSuggestionRefusePayload {
    async fn replay(_ctx: &Context<'_>, _earlier: EarlierCall) -> Answer<Self> {
        Ok(Self { replayed: true, ..Self::default() })
    }
}

/// The root fields that change what suggestions are about.
#[derive(Default)]
pub struct SuggestionMutation;

#[resolvers]
impl SuggestionMutation {
    /// Applies accepted categories, names, tags and descriptions to products, all or none: one refused line refuses
    /// all. Events, versions and refusals are those of productUpdate.
    #[mutation(permit = ProductWrite, emits(PRODUCT_UPDATED), dry_run(record))]
    async fn product_text_accept(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Accepted categories, names, tags and descriptions.")] input: ProductTextAcceptInput,
    ) -> Answer<ProductTextAcceptPayload> {
        // A list that is too long is refused before its keys are looked up.
        if input.count() > MAX_ACCEPTED {
            return Ok(vec![refusal_error(AcceptRefusal::TooMany)].into());
        }
        named!(ctx, input, ProductTextAcceptPayload, {
            let unknown = input.unknown_product_errors();
            let options = CallOptions { key: Some(input.idempotency_key), mode: dry_run };
            let lines = match merge_lists(accepted_lists(input.categories, input.names, input.tags, input.descriptions)) {
                Ok(lines) => lines,
                Err(AcceptRefusal::Repeated(..) | AcceptRefusal::OtherVersion(..)) if !unknown.is_empty() => {
                    return Ok(unknown.into());
                }
                Err(rejection) => return Ok(vec![refusal_error(rejection)].into()),
            };
            let batch = Box::pin(ctx.required_data::<Suggestions>()?.accept(permit, &lines, options)).await?;
            catalog_loaders(ctx)?.forget();
            Ok(ProductTextAcceptPayload::of(ctx, batch, &lines))
        })
    }

    /// Keeps that a suggested category, or suggested tags, are wrong for a product, or for each of a list: they are not suggested for that product again. For
    /// a list it keeps also that a name is right as it is, or that two products are no duplicates, until a name of
    /// them changes. Other products are not affected. All are kept, or none.
    #[mutation(permit = ProductWrite, once, dry_run(rolled_back))]
    async fn product_suggestion_refuse(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Refused suggestions.")] input: ProductSuggestionRefuseInput,
    ) -> Answer<ProductSuggestionRefusePayload> {
        if input.suggestions.len() > MAX_ACCEPTED {
            let message = format!("at most {MAX_ACCEPTED} suggestions are refused at once");
            return Ok(vec![UserError::new(ErrorCode::LimitExceeded, message, path!["input", "suggestions"])].into());
        }
        named!(ctx, input, ProductSuggestionRefusePayload, {
            let (places, lines): (Vec<_>, Vec<_>) = match input.parse_lines() {
                Ok(lines) => lines.into_iter().unzip(),
                Err(errors) => return Ok(errors.into()),
            };
            let refusals = Box::pin(ctx.required_data::<Suggestions>()?.refuse(permit, &lines)).await?;
            let error = |(position, refusal): (usize, DismissRefusal)| {
                let place = places.get(position).copied().flatten();
                match refusal {
                    DismissRefusal::NoProduct => UserError::not_found("product", refused_field_path(place, "productId")),
                    DismissRefusal::NoCategory => UserError::not_found("category", refused_field_path(place, "categoryId")),
                    DismissRefusal::NoOther => UserError::not_found("product", refused_field_path(place, "otherProductId")),
                    DismissRefusal::Itself => {
                        let message = "it is the product itself: name another one";
                        UserError::new(ErrorCode::Invalid, message, refused_field_path(place, "otherProductId"))
                    }
                }
            };
            Ok(truncate_errors(refusals.into_iter().map(error)).into())
        })
    }
}

fn accepted_lists(
    categories: Vec<AcceptedCategoryInput>,
    names: Vec<AcceptedNameInput>,
    tags: Vec<AcceptedTagsInput>,
    descriptions: Vec<AcceptedDescriptionInput>,
) -> AcceptedLists {
    let category = |input: AcceptedCategoryInput| {
        accepted_value(input.product_id, input.category_id.map(|id| id.0).unwrap_or_default(), input.expected_version)
    };
    let name = |input: AcceptedNameInput| accepted_value(input.product_id, input.name, input.expected_version);
    let tagged = |input: AcceptedTagsInput| accepted_value(input.product_id, input.tags, input.expected_version);
    let described = |input: AcceptedDescriptionInput| accepted_value(input.product_id, input.description, input.expected_version);
    AcceptedLists {
        categories: categories.into_iter().map(category).collect(),
        names: names.into_iter().map(name).collect(),
        tags: tags.into_iter().map(tagged).collect(),
        descriptions: descriptions.into_iter().map(described).collect(),
    }
}

fn accepted_value<T>(product: Option<ID>, value: T, expected_version: Long) -> AcceptedValue<T> {
    AcceptedValue { product: product.map(|id| id.0).unwrap_or_default(), value, expected_version: expected_version.0 }
}

fn refusal_error(rejection: AcceptRefusal) -> UserError {
    match rejection {
        AcceptRefusal::Empty => UserError::new(
            ErrorCode::Required,
            "a category, a name, a tag or a description is needed",
            path!["input", "categories"],
        ),
        AcceptRefusal::TooMany => {
            let message = format!("at most {MAX_ACCEPTED} lines are accepted at once");
            UserError::new(ErrorCode::LimitExceeded, message, path!["input", "categories"])
        }
        AcceptRefusal::Repeated(list, index) => {
            let message = "this product occurs before in this list";
            UserError::new(ErrorCode::Duplicate, message, path!["input", list_name(list), index, "productId"])
        }
        AcceptRefusal::OtherVersion(list, index) => {
            let message = "the version that an earlier line of the product expects is needed";
            UserError::new(ErrorCode::Invalid, message, path!["input", list_name(list), index, "expectedVersion"])
        }
    }
}

fn list_name(list: AcceptedList) -> &'static str {
    match list {
        AcceptedList::Categories => "categories",
        AcceptedList::Names => "names",
        AcceptedList::Tags => "tags",
        AcceptedList::Descriptions => "descriptions",
    }
}

impl ProductTextAcceptPayload {
    fn of(ctx: &Context<'_>, batch: Batch<ProductDoc>, lines: &[AcceptedLine]) -> Self {
        let Batch { rows, refused: line_refusals, replayed, seq } = batch;
        let shows = ctx.holds::<kind::ProductRead>();
        let mut user_errors: Vec<UserError> = line_refusals.iter().map(|problem| user_error(problem, &["input"], None)).collect();
        let mut products = Vec::new();
        for (RowAnswer { row, problems, .. }, line) in rows.into_iter().zip(lines) {
            let product = row.map(Product::from);
            for problem in &problems {
                let (list, index) = line.place(problem.at.first().map_or("", String::as_str));
                let (index, current) = (index.to_string(), product.clone().filter(|_| shows));
                let mut error = user_error(problem, &["input", list_name(list), index.as_str()], current.map(Into::into));
                error.rename_field("id", "productId");
                user_errors.push(error);
            }
            products.extend(product);
        }
        if !user_errors.is_empty() {
            products.clear();
        }
        let user_errors = truncate_errors(user_errors.into_iter());
        Self { products, user_errors, replayed, seq: seq.map(Long) }
    }
}
