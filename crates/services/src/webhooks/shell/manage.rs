//! Creating, changing and removing endpoints, and their secrets.

use entity::prelude::*;
use iam::access::{ChangedValue, Permit, kind};
use platform::{
    audit::{self, Fields},
    path,
    storage::{
        Fault, Reads, Work,
        journal::{self, CounterRequest},
    },
};

use super::service::{WebhookError, Webhooks, endpoint_event};
use crate::webhooks::{
    core::{
        DisabledReason, Endpoint, Health, MAX_ENDPOINTS, MAX_OVERLAP_SECONDS, Rejection, Secret, Signer, check_description,
        check_patterns, check_url_length,
    },
    events::{WEBHOOK_CREATED, WEBHOOK_DELETED, WEBHOOK_ROTATED, WEBHOOK_TESTED, WEBHOOK_UPDATED},
    rows::{
        deliveries,
        endpoints::{self, OLD_SECRET, SECRET},
    },
    wire,
};

/// Input of an endpoint.
#[derive(Debug, Clone)]
pub struct NewEndpoint {
    pub url: String,
    pub description: String,
    pub patterns: Vec<String>,
}

/// Changes of an endpoint; a field that is `None` stays unchanged.
#[derive(Debug, Clone, Default)]
pub struct EndpointFields {
    pub url: Option<String>,
    pub description: Option<String>,
    pub patterns: Option<Vec<String>>,
    pub is_enabled: Option<bool>,
}

type ManagePermit = Permit<kind::WebhookManage>;

impl Webhooks {
    /// Creates an endpoint, which gets the events from now on. Its secret is returned only here.
    pub async fn create(&self, permit: ManagePermit, new: NewEndpoint) -> Result<ChangedValue<(Endpoint, Secret)>, WebhookError> {
        self.check(Some(&new.url), Some(&new.patterns), Some(&new.description))?;
        let mut work = permit.scope(&self.0.db).begin().await?;
        if endpoints::count(&work).await? >= MAX_ENDPOINTS {
            let message = format!("a tenant has at most {MAX_ENDPOINTS} endpoints");
            work.rollback().await?;
            return Err(Rejection::LimitExceeded { message, field: path!["input"] }.into());
        }
        let now = self.0.clock.now();
        let endpoint = Endpoint {
            tenant: permit.tenant(),
            id: self.0.clock.id(),
            url: new.url,
            description: new.description,
            patterns: new.patterns,
            maker: MemberId::from_uuid(permit.actor().id),
            journal_seq: journal::head(&work).await?.seq,
            skipped_through: None,
            health: Health::default(),
            disabled: None,
            old_secret_until: None,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        let secret = Secret::generate(|bytes| self.0.clock.fill(bytes));
        let sealed = self.0.ring.seal(&SECRET.context(&ids(&endpoint)), secret.bytes())?;
        endpoints::add(&work, &endpoint, sealed).await?;
        audit::changed(&mut work, endpoint.id, None, Some(&audit_fields(&endpoint, "SET")), None);
        let seq = self.end(work, WEBHOOK_CREATED, &endpoint).await?;
        Ok(ChangedValue { value: (endpoint, secret), seq })
    }

    /// Changes an endpoint. It has the caller's rights if the URL or the patterns change, or if it
    /// is enabled again.
    pub async fn update(
        &self,
        permit: ManagePermit,
        (id, expected): (EndpointId, i64),
        fields: EndpointFields,
    ) -> Result<ChangedValue<Endpoint>, WebhookError> {
        self.check(fields.url.as_deref(), fields.patterns.as_deref(), fields.description.as_deref())?;
        let (mut work, before) = self.begin_locked(&permit, id, path!["input", "id"]).await?;
        if before.version != expected {
            work.rollback().await?;
            return Err(Rejection::Stale { actual: before.version }.into());
        }
        let now = self.0.clock.now();
        let mut after = before.clone();
        let wakes = fields.is_enabled == Some(true) && before.disabled.is_some();
        if fields.url.is_some() || fields.patterns.is_some() || wakes {
            after.maker = MemberId::from_uuid(permit.actor().id);
        }
        after.url = fields.url.unwrap_or(after.url);
        after.description = fields.description.unwrap_or(after.description);
        after.patterns = fields.patterns.unwrap_or(after.patterns);
        match fields.is_enabled {
            Some(true) => (after.disabled, after.health) = (None, Health::default()),
            Some(false) => after.disabled = after.disabled.or(Some((now, DisabledReason::SwitchedOff))),
            None => {}
        }
        if after == before {
            work.rollback().await?;
            return Ok(ChangedValue { value: before, seq: None });
        }
        (after.version, after.updated_at) = (before.version + 1, now);
        endpoints::change(&work, &after).await?;
        audit::changed(&mut work, id, Some(&audit_fields(&before, "SET")), Some(&audit_fields(&after, "SET")), None);
        let seq = self.end(work, WEBHOOK_UPDATED, &after).await?;
        Ok(ChangedValue { value: after, seq })
    }

    /// Removes an endpoint with all that was to be sent to it, and its log.
    pub async fn delete(&self, permit: ManagePermit, id: EndpointId) -> Result<ChangedValue<Endpoint>, WebhookError> {
        let (mut work, before) = self.begin_locked(&permit, id, path!["id"]).await?;
        endpoints::remove(&work, id).await?;
        audit::changed(&mut work, id, Some(&audit_fields(&before, "SET")), None, None);
        let seq = self.end(work, WEBHOOK_DELETED, &before).await?;
        Ok(ChangedValue { value: before, seq })
    }

    /// Gives an endpoint a new secret. The previous one signs too for a number of seconds, so that
    /// the receiver can switch.
    pub async fn rotate(
        &self,
        permit: ManagePermit,
        id: EndpointId,
        overlap_seconds: i64,
    ) -> Result<ChangedValue<(Endpoint, Secret)>, WebhookError> {
        if !(0..=MAX_OVERLAP_SECONDS).contains(&overlap_seconds) {
            let message = "an overlap of none to seven days is taken".to_owned();
            return Err(Rejection::OutOfRange { message, field: path!["overlapSeconds"] }.into());
        }
        let (mut work, before) = self.begin_locked(&permit, id, path!["id"]).await?;
        let (now, old_fields) = (self.0.clock.now(), audit_fields(&before, "SET"));
        let until = now.plus_seconds(overlap_seconds);
        let sealed = endpoints::secrets(&work, id, now).await?;
        let (column, current) = sealed.first().ok_or_else(|| Fault::corrupt("webhook_endpoint", "an endpoint has a secret"))?;
        let context = ids(&before);
        let secret_bytes = self.0.ring.open(&column.context(&context), current)?;
        let old = self.0.ring.seal(&OLD_SECRET.context(&context), &secret_bytes)?;
        let secret = Secret::generate(|bytes| self.0.clock.fill(bytes));
        let new = self.0.ring.seal(&SECRET.context(&context), secret.bytes())?;
        endpoints::rotate(&work, id, new, old, until).await?;
        let after = Endpoint { old_secret_until: Some(until), version: before.version + 1, updated_at: now, ..before };
        endpoints::change(&work, &after).await?;
        audit::changed(&mut work, id, Some(&old_fields), Some(&audit_fields(&after, "REPLACED")), None);
        let seq = self.end(work, WEBHOOK_ROTATED, &after).await?;
        Ok(ChangedValue { value: (after, secret), seq })
    }

    /// Sends a test message to this endpoint alone, whatever its patterns.
    pub async fn test(&self, permit: ManagePermit, id: EndpointId) -> Result<ChangedValue<Endpoint>, WebhookError> {
        let (mut work, endpoint) = self.begin_locked(&permit, id, path!["id"]).await?;
        if endpoint.disabled.is_some() {
            work.rollback().await?;
            return Err(disabled_rejection(path!["id"]).into());
        }
        let now = self.0.clock.now();
        let before = journal::take_numbers(&work, CounterRequest::events(1), now).await?;
        let seq = before.seq + 1;
        deliveries::add(&work, id, &[seq], now).await?;
        let event = endpoint_event(WEBHOOK_TESTED, &endpoint);
        journal::write(&mut work, vec![event.with_current_trace().with_seq(seq, before.recorded_at)]).await?;
        work.commit().await?;
        Ok(ChangedValue { value: endpoint, seq: Some(seq) })
    }

    /// Begins a transaction that has locked the endpoint.
    pub(super) async fn begin_locked(
        &self,
        permit: &ManagePermit,
        id: EndpointId,
        field: Vec<String>,
    ) -> Result<(Work, Endpoint), WebhookError> {
        let work = permit.scope(&self.0.db).begin().await?;
        if let Some(endpoint) = endpoints::lock(&work, id).await? {
            return Ok((work, endpoint));
        }
        work.rollback().await?;
        Err(Rejection::NotFound { field }.into())
    }

    /// Refuses all that is wrong with these fields; one that is None is not changed.
    fn check(&self, url: Option<&str>, patterns: Option<&[String]>, description: Option<&str>) -> Result<(), WebhookError> {
        let mut refused = Vec::new();
        refused.extend(url.and_then(|url| self.check_url(url).err()));
        refused.extend(patterns.map(|patterns| check_patterns(patterns, self.0.registry)).unwrap_or_default());
        refused.extend(description.and_then(|text| check_description(text).err()));
        if refused.is_empty() { Ok(()) } else { Err(refused.into()) }
    }

    fn check_url(&self, url: &str) -> Result<(), Rejection> {
        check_url_length(url)?;
        let checked = wire::check(url, self.0.sender.allowed_networks());
        checked.map(drop).map_err(|bad| Rejection::Invalid { message: bad.to_string(), field: path!["input", "url"] })
    }

    /// Returns the public keys of the secrets that sign now, the newest first; empty if the
    /// endpoint was deleted.
    pub async fn public_keys(&self, permit: &Permit<kind::WebhookRead>, endpoint: &Endpoint) -> Result<Vec<String>, Fault> {
        let signers = self.signers(&self.scope(permit), endpoint, self.0.clock.now()).await?;
        Ok(signers.iter().map(Signer::public_key).collect())
    }

    /// Returns the signers that are valid at a time, the newest secret's first.
    pub(super) async fn signers(&self, reads: &impl Reads, endpoint: &Endpoint, now: Timestamp) -> Result<Vec<Signer>, Fault> {
        let sealed = endpoints::secrets(reads, endpoint.id, now).await?;
        let open = |(column, value): &(&platform::secrets::SealedColumn, Vec<u8>)| {
            Ok(Signer::of(Secret::from_bytes(self.0.ring.open(&column.context(&ids(endpoint)), value)?)))
        };
        sealed.iter().map(open).collect()
    }
}

/// Returns the fields that the audit log compares. Parts of the address after its origin may hold a
/// secret, and only the presence of the secret itself is recorded.
fn audit_fields(endpoint: &Endpoint, secret: &str) -> Fields {
    Fields::default()
        .with("origin", wire::origin_of(&endpoint.url))
        .with("description", &endpoint.description)
        .with("eventTypes", &endpoint.patterns)
        .with("isEnabled", endpoint.disabled.is_none())
        .with("secret", secret)
}

pub(super) fn disabled_rejection(field: Vec<String>) -> Rejection {
    let message = "the endpoint is disabled: enable it with webhookEndpointUpdate first".to_owned();
    Rejection::InvalidState { message, field }
}

fn ids(endpoint: &Endpoint) -> [uuid::Uuid; 2] {
    [endpoint.tenant.uuid(), endpoint.id.uuid()]
}
