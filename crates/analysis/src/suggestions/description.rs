//! Descriptions of products that a language model of the tenant's choice proposes.

use async_graphql::{Context, Enum, ID, InputObject, SimpleObject};
use entity::prelude::ProductId;
use iam::access::kind;
use macros::resolvers;
use platform::{path, storage::Fault};
use services::suggestions::{
    Suggestions,
    core::{Endpoint, EndpointFields, EndpointRefusal, MAX_CALLS, MAX_KEY, MAX_MODEL, MAX_TOKENS, MAX_URL, Proposal},
    shell::{DescribeRefusal, DescriptionPrompt},
};

use crate::{
    catalog::ProductRef,
    graphql::{
        context::ContextExt,
        fault::Answer,
        once::{EarlierCall, ReplayablePayload},
        reading::read,
        refusal::{ErrorCode, UserError},
        scalars::{DateTime, Long},
    },
    named,
    orders::links::argument,
    references::{Names, resolve_argument_references},
};

/// Endpoint of a language model that proposes descriptions of products: chat completions as OpenAI's API has them. Its key is never shown.
#[derive(Debug, Clone, SimpleObject)]
pub struct ProductDescriptionEndpoint {
    /// URL that requests are posted to.
    pub url: String,
    /// Name of the model.
    pub model: String,
    /// True if requests carry a key.
    pub has_secret_key: bool,
    /// True if descriptions are proposed. Nothing is sent while it is false.
    pub is_enabled: bool,
    /// Largest number of tokens of an answer, 1 to 4,096.
    pub max_tokens: i32,
    /// Largest number of calls in a day of UTC, 1 to 10,000.
    pub calls_per_day: i32,
    /// Number of calls of today, whatever was answered.
    pub calls_today: Long,
    /// Version of the endpoint, +1 for each change.
    pub version: Long,
    /// Time of the last change.
    pub updated_at: DateTime,
}

impl From<Endpoint> for ProductDescriptionEndpoint {
    fn from(endpoint: Endpoint) -> Self {
        Self {
            url: endpoint.url,
            model: endpoint.model,
            has_secret_key: endpoint.has_key,
            is_enabled: endpoint.is_enabled,
            max_tokens: endpoint.max_tokens,
            calls_per_day: endpoint.calls_per_day,
            calls_today: Long(endpoint.calls_today),
            version: Long(endpoint.version),
            updated_at: DateTime(endpoint.updated_at),
        }
    }
}

/// Request for the description of a product, as it would be sent.
#[derive(Debug, Clone, SimpleObject)]
pub struct ProductDescriptionPrompt {
    /// Host that it would be posted to.
    pub host: String,
    /// Body as it would be sent, JSON: the product's name, category path, options, measures, country of origin and tags. Neither prices nor personal data are in it.
    pub body: String,
}

impl From<DescriptionPrompt> for ProductDescriptionPrompt {
    fn from(prompt: DescriptionPrompt) -> Self {
        Self { host: prompt.host, body: prompt.body }
    }
}

/// Endpoint of a language model.
#[derive(Debug, Clone, InputObject)]
pub struct ProductDescriptionEndpointSetInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result. Null takes each call as a new one.
    pub idempotency_key: Option<String>,
    /// URL that requests are posted to, as in https://models.example/v1/chat/completions, at most 2,048 characters: https at port 443 of the open internet, or what the operator has opened.
    pub url: String,
    /// Name of the model, 1 to 128 characters.
    pub model: String,
    /// Key that requests carry as a bearer token, at most 512 printable characters of ASCII. Null keeps the key of the same host and port; an empty text removes it.
    pub secret_key: Option<String>,
    /// True if descriptions are proposed. Default false.
    #[graphql(default)]
    pub is_enabled: bool,
    /// Largest number of tokens of an answer, 1 to 4,096. Default 400.
    #[graphql(default = 400)]
    pub max_tokens: i32,
    /// Largest number of calls in a day of UTC, 1 to 10,000. Default 100.
    #[graphql(default = 100)]
    pub calls_per_day: i32,
}

/// Product that a description is proposed for.
#[derive(Debug, Clone, InputObject)]
pub struct ProductDescriptionProposeInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result. Null takes each call as a new one.
    pub idempotency_key: Option<String>,
    /// Deprecated form of `product`: its ID.
    #[graphql(deprecation = "2026-11-26: use product. Removed after 2027-11-26.")]
    pub product_id: Option<ID>,
    /// Product. Required, unless the deprecated `productId` is given.
    pub product: Option<ProductRef>,
}

impl ProductDescriptionProposeInput {
    fn names(&mut self) -> Names<'_> {
        Names::of(path!["input"]).required(("product", self.product.take()), ("productId", &mut self.product_id))
    }
}

/// Reason for which an endpoint has proposed no description.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ProductDescriptionFailure {
    /// The address of the endpoint may not be called.
    AddressRefused,
    /// The connection failed.
    NoConnection,
    /// The answer took more than 8 seconds.
    TooSlow,
    /// The answer had another HTTP status than 2xx.
    BadStatus,
    /// The answer had more than 64 KiB, or its text more than 4,000 characters.
    TooLarge,
    /// The answer was not the JSON of a chat completion, or its text had control characters.
    Nonsense,
    /// The answer had no text.
    Empty,
    /// The tenant had four calls running on the node already: no further call was made or counted.
    Busy,
}

crate::payload!(ProductDescriptionEndpointPayload, endpoint: ProductDescriptionEndpoint, "endpoint");

impl ReplayablePayload for ProductDescriptionEndpointPayload {
    async fn replay(ctx: &Context<'_>, earlier: EarlierCall) -> Answer<Self> {
        let endpoint = match ctx.permit::<kind::TenantWrite>() {
            Ok(permit) => ctx.required_data::<Suggestions>()?.endpoint(&permit).await?.map(Into::into),
            Err(_) => None,
        };
        Ok(Self { endpoint, user_errors: Vec::new(), replayed: true, seq: earlier.seq().map(Long) })
    }
}

/// Result of a request for a description.
#[derive(SimpleObject, Default)]
pub struct ProductDescriptionProposePayload {
    /// Proposed description, plain text of at most 4,000 characters. productTextAccept gives it to the product. Null when there is none.
    pub proposal: Option<String>,
    /// True if the text ends where the answer had as many tokens as are allowed.
    pub is_cut: bool,
    /// Reason for which the endpoint has proposed nothing. Null when it did, and when it was not asked for another reason than BUSY.
    pub failure: Option<ProductDescriptionFailure>,
    /// Reasons for which there is no proposal; empty when there is one.
    pub user_errors: Vec<UserError>,
    /// True if the payload repeats the result of an earlier call with the same idempotency key; the endpoint was not asked again for it.
    pub replayed: bool,
    /// Position in the tenant's stream; always null, as no event is written.
    pub seq: Option<Long>,
}

impl From<Vec<UserError>> for ProductDescriptionProposePayload {
    fn from(user_errors: Vec<UserError>) -> Self {
        Self { user_errors, ..Self::default() }
    }
}

impl From<Proposal> for ProductDescriptionProposePayload {
    fn from(proposal: Proposal) -> Self {
        Self { proposal: Some(proposal.text), is_cut: proposal.is_cut, ..Self::default() }
    }
}

impl From<DescribeRefusal> for ProductDescriptionProposePayload {
    fn from(refusal: DescribeRefusal) -> Self {
        Self { failure: failure_kind(&refusal), user_errors: vec![refusal_error(refusal)], ..Self::default() }
    }
}

impl ReplayablePayload for ProductDescriptionProposePayload {
    async fn replay(_ctx: &Context<'_>, earlier: EarlierCall) -> Answer<Self> {
        let proposal_json = earlier.id::<String>().ok_or_else(|| Fault::corrupt("idempotency", "a receipt has a proposal"))?;
        let proposal: Proposal =
            serde_json::from_str(&proposal_json).map_err(|_| Fault::corrupt("idempotency", "a receipt has a proposal"))?;
        Ok(Self { replayed: true, ..proposal.into() })
    }
}

/// Root fields that read the endpoint and the data sent to it.
#[derive(Default)]
pub struct DescriptionQuery;

#[resolvers]
impl DescriptionQuery {
    /// Endpoint that proposes descriptions of products. Null while none is set.
    #[field(permit = TenantWrite)]
    async fn product_description_endpoint(&self, ctx: &Context<'_>) -> Answer<Option<ProductDescriptionEndpoint>> {
        Ok(ctx.required_data::<Suggestions>()?.endpoint(&permit).await?.map(Into::into))
    }

    /// Request that productDescriptionPropose would send for a product. Nothing is sent. Null while no endpoint is set, and for a product that does not exist.
    #[field(permit = ProductRead)]
    async fn product_description_prompt(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Deprecated form of `product`: its ID.",
            deprecation = "2026-11-27: use product. Removed after 2027-11-27."
        )]
        product_id: Option<ID>,
        #[graphql(desc = "Product. Required, unless the deprecated `productId` is given.")] product: Option<ProductRef>,
    ) -> Answer<Option<ProductDescriptionPrompt>> {
        let mut product_id = product_id;
        let reference_paths = resolve_argument_references(
            ctx,
            Names::of(Vec::new()).required(("product", product), ("productId", &mut product_id)),
        )
        .await?;
        let id = product_id.unwrap_or_default();
        let product: ProductId = argument(&id, || reference_paths.at(path!["productId"]))?;
        let prompt = ctx.required_data::<Suggestions>()?.description_prompt(&permit, product).await?;
        Ok(prompt.ok().map(Into::into))
    }
}

/// The root fields that set the endpoint and ask it.
#[derive(Default)]
pub struct DescriptionMutation;

#[resolvers]
impl DescriptionMutation {
    /// Sets the endpoint of a language model that proposes descriptions of products, off by default. Requests to it hold a product's name, category path, options, measures, country of origin and tags; productDescriptionPrompt shows them.
    #[mutation(permit = TenantWrite, step_up, once, dry_run(rolled_back))]
    async fn product_description_endpoint_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Endpoint.")] input: ProductDescriptionEndpointSetInput,
    ) -> Answer<ProductDescriptionEndpointPayload> {
        let fields = EndpointFields {
            url: input.url,
            model: input.model,
            key: input.secret_key,
            is_enabled: input.is_enabled,
            max_tokens: input.max_tokens,
            calls_per_day: input.calls_per_day,
        };
        Ok(match ctx.required_data::<Suggestions>()?.set_endpoint(permit, fields).await? {
            Ok(endpoint) => ProductDescriptionEndpointPayload {
                endpoint: Some(endpoint.into()),
                user_errors: Vec::new(),
                replayed: false,
                seq: None,
            },
            Err(refusal) => vec![endpoint_error(refusal)].into(),
        })
    }

    /// Asks the tenant's endpoint for a description of a product, for at most 8 seconds; a tenant has at most four such calls at once on a node. The answer is a proposal: no product is changed. Each call counts, whatever is answered; one that is repeated with its key after a proposal does not.
    #[mutation(permit = ProductWrite, cost = "100", once)]
    async fn product_description_propose(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Product.")] input: ProductDescriptionProposeInput,
    ) -> Answer<ProductDescriptionProposePayload> {
        named!(ctx, input, ProductDescriptionProposePayload, {
            let product = match read(|reader| reader.id_opt(input.product_id.as_ref(), || path!["input", "productId"])) {
                Ok(product) => product.unwrap_or(ProductId::NIL),
                Err(errors) => return Ok(errors.into()),
            };
            let proposed = Box::pin(ctx.required_data::<Suggestions>()?.propose_description(permit, product)).await?;
            Ok(proposed.map_or_else(Into::into, Into::into))
        })
    }
}

fn endpoint_error(refusal: EndpointRefusal) -> UserError {
    let (code, message, field) = match refusal {
        EndpointRefusal::Url(reason) => (ErrorCode::Invalid, reason, "url"),
        EndpointRefusal::NoUrl => (ErrorCode::Required, "a URL is needed".to_owned(), "url"),
        EndpointRefusal::NoModel => (ErrorCode::Required, "the name of a model is needed".to_owned(), "model"),
        EndpointRefusal::UrlTooLong => (ErrorCode::TooLong, format!("at most {MAX_URL} characters are kept"), "url"),
        EndpointRefusal::Model => (ErrorCode::Invalid, format!("a name of 1 to {MAX_MODEL} characters is expected"), "model"),
        EndpointRefusal::Key => {
            (ErrorCode::Invalid, format!("at most {MAX_KEY} printable characters of ASCII are expected"), "secretKey")
        }
        EndpointRefusal::Tokens => (ErrorCode::OutOfRange, format!("1 to {MAX_TOKENS} tokens are expected"), "maxTokens"),
        EndpointRefusal::Calls => (ErrorCode::OutOfRange, format!("1 to {MAX_CALLS} calls are expected"), "callsPerDay"),
    };
    UserError::new(code, message, path!["input", field])
}

/// The kind of failure of an endpoint that was called; `None` if it was not.
fn failure_kind(refusal: &DescribeRefusal) -> Option<ProductDescriptionFailure> {
    use ProductDescriptionFailure as Failure;
    match refusal {
        DescribeRefusal::NoProduct | DescribeRefusal::NoEndpoint | DescribeRefusal::Off | DescribeRefusal::Spent(_) => None,
        DescribeRefusal::Busy => Some(Failure::Busy),
        DescribeRefusal::Address(_) => Some(Failure::AddressRefused),
        DescribeRefusal::NoConnection => Some(Failure::NoConnection),
        DescribeRefusal::TooSlow => Some(Failure::TooSlow),
        DescribeRefusal::Status(_) => Some(Failure::BadStatus),
        DescribeRefusal::TooMuch => Some(Failure::TooLarge),
        DescribeRefusal::Nonsense => Some(Failure::Nonsense),
        DescribeRefusal::Empty => Some(Failure::Empty),
    }
}

fn refusal_error(refusal: DescribeRefusal) -> UserError {
    let message = match refusal {
        DescribeRefusal::NoProduct => return UserError::not_found("product", path!["input", "productId"]),
        DescribeRefusal::Spent(limit) => {
            let message = format!("the {limit} calls of today are spent: retry tomorrow, or raise callsPerDay");
            return UserError::new(ErrorCode::LimitExceeded, message, Vec::new());
        }
        DescribeRefusal::NoEndpoint => "no endpoint is set: set one with productDescriptionEndpointSet".to_owned(),
        DescribeRefusal::Off => "the endpoint is off: enable it with productDescriptionEndpointSet".to_owned(),
        DescribeRefusal::Busy => "too many calls of the tenant are running: retry in some seconds".to_owned(),
        DescribeRefusal::Address(reason) => format!("the endpoint may not be called: {reason}"),
        DescribeRefusal::NoConnection => "the connection to the endpoint failed: check its URL, and retry".to_owned(),
        DescribeRefusal::TooSlow => "the endpoint did not answer in time: retry, or choose a faster model".to_owned(),
        DescribeRefusal::Status(status) => format!("the endpoint answered with status {status}: check URL, model and key"),
        DescribeRefusal::TooMuch => "the endpoint answered with more than is read: lower maxTokens".to_owned(),
        DescribeRefusal::Nonsense => "the endpoint answered with something else than a chat completion: check its URL".to_owned(),
        DescribeRefusal::Empty => "the endpoint answered without text: retry, or raise maxTokens".to_owned(),
    };
    UserError::new(ErrorCode::InvalidState, message, Vec::new())
}
