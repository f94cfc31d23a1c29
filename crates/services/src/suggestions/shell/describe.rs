//! Descriptions proposed by a language model of the tenant's choice.

use std::time::Duration;

use entity::prelude::{ProductId, Timestamp};
use iam::access::{Permit, code, kind};
use inventory::catalog::rows::{category, product};
use platform::{
    audit::{self, Fields},
    storage::{Fault, Reads, Work, once},
};

use super::service::Suggestions;
use crate::{
    suggestions::{
        core::{Endpoint, EndpointFields, EndpointRefusal, Proposal, UnusableAnswer, proposal, request},
        rows::{self, KEY},
    },
    webhooks::{self, OutgoingRequest, RequestFailure, ResponseLimits, host_of, origin_of},
};

/// Limits of an answer: within the ten seconds of an operation.
const ANSWER_LIMITS: ResponseLimits = ResponseLimits { time: Duration::from_secs(8), bytes: 64 << 10 };

/// Request that would be sent for a product, and its host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DescriptionPrompt {
    /// Only the host of the URL: its path or its query may hold a secret.
    pub host: String,
    pub body: String,
}

/// Reason why there is no proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DescribeRefusal {
    NoProduct,
    /// No endpoint is set.
    NoEndpoint,
    /// The endpoint is off.
    Off,
    /// Today's calls are spent.
    Spent(i32),
    /// The tenant has as many concurrent requests on this node as are allowed.
    Busy,
    /// Requests to the address are not allowed; the text is the reason.
    Address(String),
    NoConnection,
    TooSlow,
    Status(u16),
    TooMuch,
    Nonsense,
    Empty,
}

impl From<RequestFailure> for DescribeRefusal {
    fn from(failure: RequestFailure) -> Self {
        match failure {
            RequestFailure::Address(failure) => Self::Address(failure),
            RequestFailure::NoConnection => Self::NoConnection,
            RequestFailure::TooSlow => Self::TooSlow,
            RequestFailure::Status(status) => Self::Status(status),
            RequestFailure::TooMuch => Self::TooMuch,
        }
    }
}

impl From<UnusableAnswer> for DescribeRefusal {
    fn from(answer: UnusableAnswer) -> Self {
        match answer {
            UnusableAnswer::Nonsense => Self::Nonsense,
            UnusableAnswer::Empty => Self::Empty,
            UnusableAnswer::TooLong => Self::TooMuch,
        }
    }
}

/// Request for a product: the endpoint, the sealed key, and the prompt.
type PreparedRequest = (Endpoint, Option<Vec<u8>>, DescriptionPrompt);

impl Suggestions {
    /// Returns the tenant's endpoint, without its key. `None` if none is set.
    pub async fn endpoint(&self, permit: &Permit<kind::TenantWrite>) -> Result<Option<Endpoint>, Fault> {
        let stored_endpoint = rows::endpoint(&permit.scope(&self.catalog.db), self.catalog.clock.now()).await?;
        Ok(stored_endpoint.map(|(endpoint, _)| endpoint))
    }

    /// Sets the tenant's endpoint. A key is kept for its own origin alone: it must not be sent to
    /// another address.
    pub async fn set_endpoint(
        &self,
        permit: Permit<kind::TenantWrite>,
        fields: EndpointFields,
    ) -> Result<Result<Endpoint, EndpointRefusal>, Fault> {
        if let Err(refusal) = fields.check() {
            return Ok(Err(refusal));
        }
        if let Err(bad) = webhooks::check(&fields.url, self.sender.allowed_networks()) {
            return Ok(Err(EndpointRefusal::Url(bad.to_string())));
        }
        let now = self.catalog.clock.now();
        let mut work = permit.scope(&self.catalog.db).begin().await?;
        let tenant = work.tenant();
        let before = rows::endpoint(&work, now).await?;
        let same_origin = before.as_ref().filter(|(endpoint, _)| origin_of(&endpoint.url) == origin_of(&fields.url));
        let key = match &fields.key {
            None => same_origin.and_then(|(_, key)| key.clone()),
            Some(key) if key.is_empty() => None,
            Some(key) => Some(self.ring.seal(&KEY.context(&[tenant.uuid()]), key.as_bytes())?),
        };
        let old_fields = before.as_ref().map(|(endpoint, _)| audit_fields(endpoint, false));
        let is_replaced = fields.key.is_some() && before.as_ref().is_some_and(|(endpoint, _)| endpoint.has_key);
        let (calls_today, version) = before.map_or((0, 0), |(endpoint, _)| (endpoint.calls_today, endpoint.version));
        let endpoint = Endpoint {
            url: fields.url,
            model: fields.model,
            has_key: key.is_some(),
            is_enabled: fields.is_enabled,
            max_tokens: fields.max_tokens,
            calls_per_day: fields.calls_per_day,
            calls_today,
            version: version + 1,
            updated_at: now,
        };
        rows::set_endpoint(&work, &endpoint, key).await?;
        audit::changed(&mut work, tenant, old_fields.as_ref(), Some(&audit_fields(&endpoint, is_replaced)), None);
        work.commit().await?;
        Ok(Ok(endpoint))
    }

    /// Returns the request that would be sent for a product. Nothing is sent.
    pub async fn description_prompt(
        &self,
        permit: &Permit<kind::ProductRead>,
        product: ProductId,
    ) -> Result<Result<DescriptionPrompt, DescribeRefusal>, Fault> {
        let ready = prepare_request(&permit.scope(&self.catalog.db), product, self.catalog.clock.now()).await?;
        Ok(ready.map(|(_, _, prompt)| prompt))
    }

    /// Requests a description from the tenant's endpoint. Only the count of today's calls is
    /// changed, whatever the response. Beyond the maximum of concurrent requests it is refused
    /// before a call is counted. The receipt of a call with a key holds the proposal, so that it is
    /// paid for once.
    pub async fn propose_description(
        &self,
        permit: Permit<kind::ProductWrite>,
        product: ProductId,
    ) -> Result<Result<Proposal, DescribeRefusal>, Fault> {
        let (scope, now) = (permit.scope(&self.catalog.db), self.catalog.clock.now());
        let Some(_slot) = self.request_slots.take(scope.tenant()) else { return Ok(Err(DescribeRefusal::Busy)) };
        let work = scope.begin().await?;
        let (endpoint, sealed, prompt) = match prepare_request(&work, product, now).await? {
            Ok(ready) if ready.0.is_enabled => ready,
            Ok(_) => return rollback_with(work, DescribeRefusal::Off).await,
            Err(refusal) => return rollback_with(work, refusal).await,
        };
        if !rows::consume_daily_call(&work, now).await? {
            return rollback_with(work, DescribeRefusal::Spent(endpoint.calls_per_day)).await;
        }
        let context = KEY.context(&[work.tenant().uuid()]);
        // Counted, and not yet answered: a key stays free.
        once::without_receipt(work.commit()).await?;
        let key = sealed.map(|sealed| self.ring.open(&context, &sealed)).transpose()?.map(String::from_utf8).transpose();
        let key = key.map_err(|_| Fault::corrupt("description_endpoint", "a key is a text"))?;
        let question = OutgoingRequest { url: &endpoint.url, key: key.as_deref(), body: &prompt.body };
        let answer = match self.sender.send_request(question, ANSWER_LIMITS).await {
            Ok(answer) => answer,
            Err(failure) => return Ok(Err(failure.into())),
        };
        let proposed = match proposal(&answer) {
            Ok(proposed) => proposed,
            Err(failure) => return Ok(Err(failure.into())),
        };
        let receipt = serde_json::to_string(&proposed).map_err(|err| Fault::Broken(format!("a proposal has no JSON: {err}")))?;
        once::store_receipt_alone(&scope, &receipt).await?;
        Ok(Ok(proposed))
    }
}

/// Returns the fields that the audit log compares; they are shown to those who may read the
/// endpoint. Parts of the address after its origin may hold a secret.
fn audit_fields(endpoint: &Endpoint, is_replaced: bool) -> Fields {
    const MASK: &str = code::<kind::TenantWrite>();
    let path = |field: &str| format!("productDescriptionEndpoint.{field}");
    let key = endpoint.has_key.then_some(if is_replaced { "REPLACED" } else { "SET" });
    Fields::default()
        .masked(path("origin"), MASK, origin_of(&endpoint.url))
        .masked(path("model"), MASK, &endpoint.model)
        .masked(path("secretKey"), MASK, key)
        .masked(path("isEnabled"), MASK, endpoint.is_enabled)
        .masked(path("maxTokens"), MASK, endpoint.max_tokens)
        .masked(path("callsPerDay"), MASK, endpoint.calls_per_day)
}

/// Rolls back a transaction in which nothing was written.
async fn rollback_with(work: Work, refusal: DescribeRefusal) -> Result<Result<Proposal, DescribeRefusal>, Fault> {
    work.rollback().await?;
    Ok(Err(refusal))
}

async fn prepare_request(
    reads: &impl Reads,
    id: ProductId,
    now: Timestamp,
) -> Result<Result<PreparedRequest, DescribeRefusal>, Fault> {
    let Some(product) = product::by_ids(reads, [id]).await?.pop() else { return Ok(Err(DescribeRefusal::NoProduct)) };
    let Some((endpoint, sealed)) = rows::endpoint(reads, now).await? else { return Ok(Err(DescribeRefusal::NoEndpoint)) };
    let categories: Vec<String> = match product.category_id {
        Some(category) => {
            let mut paths = category::paths(reads, &[category]).await?;
            paths.remove(&category).unwrap_or_default().into_iter().map(|row| row.name).collect()
        }
        None => Vec::new(),
    };
    let prompt = DescriptionPrompt { host: host_of(&endpoint.url), body: request(&endpoint, &product, &categories) };
    Ok(Ok((endpoint, sealed, prompt)))
}
