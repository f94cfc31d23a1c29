//! Making endpoints, changing them, and sending to them.

mod deliver;
mod fan_out;
mod manage;
mod replay;
mod trim;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use entity::prelude::*;
use iam::{
    access::{Access, Caller, Cidr, Permit, index_of, kind},
    identity::Identity,
};
use platform::{
    clock::Clock,
    secrets::KeyRing,
    storage::{
        Database, Fault, TenantScope, Work,
        journal::{self, NewEvent},
    },
};
use sea_orm::Value;

pub use manage::{EndpointFields, NewEndpoint};
pub use replay::{KIND as REPLAY, Order, Replay, Replayed};
pub use trim::Keep;

use super::{
    core::{Endpoint, Rejection},
    rows::{
        deliveries::{self, Attempt, Delivery},
        endpoints,
    },
    wire::Sender,
};

/// Why a change of an endpoint came to nothing: nothing was written.
#[derive(Debug)]
pub enum WebhookError {
    Refused(Rejection),
    Fault(Fault),
}
impl From<Rejection> for WebhookError {
    fn from(rejection: Rejection) -> Self {
        Self::Refused(rejection)
    }
}
impl From<Fault> for WebhookError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// What this process has sent since it started: for metrics.
#[derive(Debug, Default)]
pub struct Figures {
    delivered: AtomicU64,
    failed: AtomicU64,
    disabled: AtomicU64,
    micros: AtomicU64,
}

/// The figures at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// Attempts that were answered with 2xx.
    pub delivered: u64,
    /// Attempts that were not.
    pub failed: u64,
    /// Endpoints that were disabled for how they fared.
    pub disabled: u64,
    /// Microseconds that all attempts took together.
    pub micros: u64,
}

impl Figures {
    pub fn now(&self) -> Counted {
        let read = |figure: &AtomicU64| figure.load(Ordering::Relaxed);
        Counted {
            delivered: read(&self.delivered),
            failed: read(&self.failed),
            disabled: read(&self.disabled),
            micros: read(&self.micros),
        }
    }
    fn attempted(&self, is_success: bool, micros: u64) {
        let figure = if is_success { &self.delivered } else { &self.failed };
        figure.fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }
    fn disabled(&self) {
        self.disabled.fetch_add(1, Ordering::Relaxed);
    }
}

/// The room's service. Cheap to clone.
#[derive(Clone)]
pub struct Webhooks(Arc<Inner>);

struct Inner {
    db: Database,
    clock: Clock,
    ring: KeyRing,
    access: Access,
    identity: Identity,
    sender: Sender,
    figures: Figures,
}

impl Webhooks {
    pub fn new(identity: Identity, ring: KeyRing, access: Access, sender: Sender) -> Self {
        let (db, clock) = (access.database().clone(), access.clock().clone());
        Self(Arc::new(Inner { db, clock, ring, access, identity, sender, figures: Figures::default() }))
    }
    pub fn figures(&self) -> &Figures {
        &self.0.figures
    }
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }
    pub fn backend(&self) -> platform::storage::Backend {
        self.0.db.backend()
    }
    /// Opens networks of the operator's own, which are not the internet.
    pub fn open_networks(&self, networks: Vec<Cidr>) {
        self.0.sender.allowed().open(networks);
    }

    fn scope(&self, permit: &Permit<kind::WebhookRead>) -> TenantScope {
        permit.scope(&self.0.db)
    }

    pub async fn endpoints(&self, permit: &Permit<kind::WebhookRead>) -> Result<Vec<Endpoint>, Fault> {
        endpoints::all(&self.scope(permit)).await
    }
    pub async fn find(&self, permit: &Permit<kind::WebhookRead>, id: EndpointId) -> Result<Option<Endpoint>, Fault> {
        endpoints::by_id(&self.scope(permit), id).await
    }
    pub async fn deliveries(
        &self,
        permit: &Permit<kind::WebhookRead>,
        conditions: &str,
        order: &str,
        values: Vec<Value>,
    ) -> Result<Vec<Delivery>, Fault> {
        deliveries::page(&self.scope(permit), conditions, order, values).await
    }
    pub async fn attempts(
        &self,
        permit: &Permit<kind::WebhookRead>,
        conditions: &str,
        order: &str,
        values: Vec<Value>,
    ) -> Result<Vec<Attempt>, Fault> {
        deliveries::attempts(&self.scope(permit), conditions, order, values).await
    }
    /// Where the tenant's journal stands: what the ids of messages are made with.
    pub async fn head(&self, permit: &Permit<kind::WebhookRead>) -> Result<journal::Head, Fault> {
        self.scope(permit).head().await
    }

    /// Ends a change: an event about the endpoint, and the commit.
    async fn end(&self, mut work: Work, name: &'static str, endpoint: &Endpoint) -> Result<Option<i64>, Fault> {
        let seq = journal::append(&mut work, vec![told(name, endpoint)], self.0.clock.now()).await?;
        work.commit().await?;
        Ok(seq)
    }
}

fn told(name: &'static str, endpoint: &Endpoint) -> NewEvent {
    let payload = match endpoint.disabled {
        Some((_, why)) => serde_json::json!({ "id": endpoint.id, "version": endpoint.version, "disabledReason": why.as_str() }),
        None => serde_json::json!({ "id": endpoint.id, "version": endpoint.version }),
    };
    NewEvent { kind: name, payload: payload.to_string() }
}

/// What a caller may see of an event: the same in messages, and for whoever asks. The outer error is a payload that is not what it should be.
pub fn seen(caller: &Caller, name: &str, payload: &str) -> Result<Option<serde_json::Value>, serde_json::Error> {
    let held = |code: &str| index_of(code).filter(|index| caller.permissions.holds(*index));
    let covers = |code: &str, store: StoreId| held(code).is_some_and(|index| caller.permissions.reach(index).covers(store));
    let viewer = super::core::Viewer { id: caller.actor.id, channel: caller.channel };
    super::core::shown(name, payload, |code| held(code).is_some(), covers, viewer)
}
