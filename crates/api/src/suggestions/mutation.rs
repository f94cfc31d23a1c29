//! Accepting and refusing suggestions.

use async_graphql::{Context, ID, InputObject, SimpleObject};
use entity::prelude::{CategoryId, ProductId};
use iam::access::kind;
use inventory::catalog::{Ask, Batch, core::product::ProductDoc, events::PRODUCT_UPDATED, shell::Answered};
use macros::resolvers;
use platform::path;
use services::suggestions::{
    Suggestions,
    core::{AcceptRefusal, AcceptedCategory, AcceptedLine, AcceptedList, AcceptedName, MOST_ACCEPTED, merged},
    shell::RefuseRefusal,
};

use crate::{
    catalog::{Product, loads, user_error},
    graphql::{
        context::ContextExt,
        fault::Answer,
        once::{Again, Earlier},
        reading::read,
        refusal::{ErrorCode, UserError},
        scalars::Long,
    },
};

/// Refusals that an answer carries at most.
const MOST_REPORTED: usize = 100;

/// A category accepted for a product.
#[derive(Debug, Clone, InputObject)]
pub struct AcceptedCategoryInput {
    /// Product.
    pub product_id: ID,
    /// Category that the product gets.
    pub category_id: ID,
    /// Version of the product as it was read; another one is a VERSION_CONFLICT.
    pub expected_version: Long,
}

/// A name accepted for a product.
#[derive(Debug, Clone, InputObject)]
pub struct AcceptedNameInput {
    /// Product.
    pub product_id: ID,
    /// Name that the product gets, 1 to 255 characters.
    pub name: String,
    /// Version of the product as it was read; another one is a VERSION_CONFLICT.
    pub expected_version: Long,
}

/// Categories and names accepted for products, at most 500 lines together. A product may have a line in each list, with the same version.
#[derive(Debug, Clone, InputObject)]
pub struct ProductTextAcceptInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Categories, each product once.
    #[graphql(default)]
    pub categories: Vec<AcceptedCategoryInput>,
    /// Names, each product once.
    #[graphql(default)]
    pub names: Vec<AcceptedNameInput>,
}

/// A suggested category that is wrong for a product.
#[derive(Debug, Clone, InputObject)]
pub struct ProductSuggestionRefuseInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: Option<String>,
    /// Product.
    pub product_id: ID,
    /// Category that is not to be suggested for it again.
    pub category_id: ID,
}

/// Result of accepting suggestions.
#[derive(SimpleObject, Default)]
pub struct ProductTextAcceptPayload {
    /// The products as they are now, or with validateOnly as they would be, in the order of the input. Empty when the call was refused.
    pub products: Vec<Product>,
    /// Reasons for which the call was refused; then no product was changed. Empty when it was accepted.
    pub user_errors: Vec<UserError>,
    /// Whether this is the answer to an earlier call with the same key.
    pub replayed: bool,
    /// The last event of this change, to wait for on a stream; null when nothing was written.
    pub seq: Option<Long>,
}

/// Result of refusing a suggestion.
#[derive(SimpleObject, Default)]
pub struct ProductSuggestionRefusePayload {
    /// Reasons for which the refusal was not kept; empty when it is kept.
    pub user_errors: Vec<UserError>,
    /// Whether this is the answer to an earlier call with the same key. Refusing again without one changes nothing either.
    pub replayed: bool,
    /// Always null: no event is written.
    pub seq: Option<Long>,
}

impl From<Vec<UserError>> for ProductSuggestionRefusePayload {
    fn from(user_errors: Vec<UserError>) -> Self {
        Self { user_errors, ..Self::default() }
    }
}

impl Again for ProductSuggestionRefusePayload {
    async fn again(_ctx: &Context<'_>, _earlier: Earlier) -> Answer<Self> {
        Ok(Self { replayed: true, ..Self::default() })
    }
}

/// The root fields that change what suggestions are about.
#[derive(Default)]
pub struct SuggestionMutation;

#[resolvers]
impl SuggestionMutation {
    /// Applies accepted categories and names to products, all or none: one refused line refuses
    /// all. Events, versions and refusals are those of productUpdate.
    #[mutation(permit = ProductWrite, emits(PRODUCT_UPDATED), dry_run(record))]
    async fn product_text_accept(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Accepted categories and names.")] input: ProductTextAcceptInput,
    ) -> Answer<ProductTextAcceptPayload> {
        let ask = Ask { key: Some(input.idempotency_key), mode: dry_run };
        let lines = match lines(input.categories, input.names) {
            Ok(lines) => lines,
            Err(refusal) => {
                return Ok(ProductTextAcceptPayload { user_errors: vec![refusal], ..ProductTextAcceptPayload::default() });
            }
        };
        let batch = Box::pin(ctx.given::<Suggestions>()?.accept(permit, &lines, ask)).await?;
        loads(ctx)?.forget();
        Ok(ProductTextAcceptPayload::of(ctx, batch, &lines))
    }

    /// Keeps that a suggested category is wrong for a product: it is not suggested for that product again. Other products are not affected.
    #[mutation(permit = ProductWrite, once, dry_run(rolled_back))]
    async fn product_suggestion_refuse(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Refused suggestion.")] input: ProductSuggestionRefuseInput,
    ) -> Answer<ProductSuggestionRefusePayload> {
        let refused = |user_errors| ProductSuggestionRefusePayload { user_errors, ..ProductSuggestionRefusePayload::default() };
        let ids = read(|reading| {
            let product: ProductId = reading.id(&input.product_id, || path!["input", "productId"]);
            let category: CategoryId = reading.id(&input.category_id, || path!["input", "categoryId"]);
            (product, category)
        });
        let (product, category) = match ids {
            Ok(ids) => ids,
            Err(errors) => return Ok(refused(errors)),
        };
        let kept = ctx.given::<Suggestions>()?.refuse(permit, product, category).await?;
        Ok(refused(match kept {
            Ok(()) => Vec::new(),
            Err(RefuseRefusal::NoProduct) => vec![UserError::not_found("product", path!["input", "productId"])],
            Err(RefuseRefusal::NoCategory) => vec![UserError::not_found("category", path!["input", "categoryId"])],
        }))
    }
}

fn lines(categories: Vec<AcceptedCategoryInput>, names: Vec<AcceptedNameInput>) -> Result<Vec<AcceptedLine>, UserError> {
    let category = |input: AcceptedCategoryInput| AcceptedCategory {
        product: input.product_id.0,
        category: input.category_id.0,
        expected_version: input.expected_version.0,
    };
    let name = |input: AcceptedNameInput| AcceptedName {
        product: input.product_id.0,
        name: input.name,
        expected_version: input.expected_version.0,
    };
    merged(categories.into_iter().map(category).collect(), names.into_iter().map(name).collect()).map_err(refusal)
}

fn refusal(why: AcceptRefusal) -> UserError {
    match why {
        AcceptRefusal::Empty => {
            UserError::new(ErrorCode::Required, "a category or a name is needed", path!["input", "categories"])
        }
        AcceptRefusal::TooMany => {
            let message = format!("at most {MOST_ACCEPTED} categories and names are accepted at once");
            UserError::new(ErrorCode::LimitExceeded, message, path!["input", "categories"])
        }
        AcceptRefusal::Repeated(list, index) => {
            let message = "this product occurs before in this list";
            UserError::new(ErrorCode::Duplicate, message, path!["input", list_name(list), index, "productId"])
        }
        AcceptRefusal::OtherVersion(index) => {
            let message = "the version that the product's line in categories expects is needed";
            UserError::new(ErrorCode::Invalid, message, path!["input", "names", index, "expectedVersion"])
        }
    }
}

fn list_name(list: AcceptedList) -> &'static str {
    match list {
        AcceptedList::Categories => "categories",
        AcceptedList::Names => "names",
    }
}

/// The list and the line that a field of a product came from.
fn place(line: &AcceptedLine, field: &str) -> (AcceptedList, usize) {
    match (&line.category, &line.name) {
        (Some((index, _)), None) => (AcceptedList::Categories, *index),
        (Some((index, _)), Some(_)) if field != "name" => (AcceptedList::Categories, *index),
        (_, name) => (AcceptedList::Names, name.as_ref().map_or(0, |(index, _)| *index)),
    }
}

impl ProductTextAcceptPayload {
    fn of(ctx: &Context<'_>, batch: Batch<ProductDoc>, lines: &[AcceptedLine]) -> Self {
        let Batch { rows, refused, replayed, seq } = batch;
        let shows = ctx.holds::<kind::ProductRead>();
        let mut user_errors: Vec<UserError> = refused.iter().map(|problem| user_error(problem, &["input"], None)).collect();
        let mut products = Vec::new();
        for (Answered { row, problems, .. }, line) in rows.into_iter().zip(lines) {
            let product = row.map(Product::from);
            for problem in problems.iter().take(MOST_REPORTED.saturating_sub(user_errors.len())) {
                let (list, index) = place(line, problem.at.first().map_or("", String::as_str));
                let (index, current) = (index.to_string(), product.clone().filter(|_| shows));
                let mut error = user_error(problem, &["input", list_name(list), index.as_str()], current.map(Into::into));
                error.renamed("id", "productId");
                user_errors.push(error);
            }
            products.extend(product);
        }
        if !user_errors.is_empty() {
            products.clear();
        }
        Self { products, user_errors, replayed, seq: seq.map(Long) }
    }
}
