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
    access::{Access, Cidr, Permit, kind},
    identity::Identity,
};
use platform::{
    clock::Clock,
    secrets::KeyRing,
    stages::Stop,
    storage::{
        Database, Fault, TenantScope, Work,
        events::{EventType, Registry},
        journal::{self, NewEvent},
    },
};
use sea_orm::Value;

pub use manage::{EndpointFields, NewEndpoint};
pub use replay::{KIND as REPLAY, Order, Replay, Replayed};
pub use trim::{Keep, let_go_of_month};

use super::{
    core::{Endpoint, Rejection},
    events::{self, EndpointChanged},
    rows::{
        deliveries::{self, Attempt, Delivery},
        endpoints,
    },
    wire::Sender,
};

/// Why a change of an endpoint came to nothing: nothing was written.
pub type WebhookError = Stop<Rejection>;

/// What this process has sent since it started: for metrics.
#[derive(Debug, Default)]
pub struct DeliveryCounters {
    delivered: AtomicU64,
    failed: AtomicU64,
    disabled: AtomicU64,
    micros: AtomicU64,
}

/// The figures at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliveryCounts {
    /// Attempts that were answered with 2xx.
    pub delivered: u64,
    /// Attempts that were not.
    pub failed: u64,
    /// Endpoints that were disabled for how they fared.
    pub disabled: u64,
    /// Microseconds that all attempts took together.
    pub micros: u64,
}

impl DeliveryCounters {
    pub fn now(&self) -> DeliveryCounts {
        let read = |figure: &AtomicU64| figure.load(Ordering::Relaxed);
        DeliveryCounts {
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
    /// The events that there are to be sent.
    registry: &'static Registry,
    counters: DeliveryCounters,
}

impl Webhooks {
    pub fn new(identity: Identity, ring: KeyRing, access: Access, sender: Sender, registry: &'static Registry) -> Self {
        let (db, clock) = (access.database().clone(), access.clock().clone());
        Self(Arc::new(Inner { db, clock, ring, access, identity, sender, registry, counters: DeliveryCounters::default() }))
    }
    pub fn counters(&self) -> &DeliveryCounters {
        &self.0.counters
    }
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }
    pub fn backend(&self) -> platform::storage::Backend {
        self.0.db.backend()
    }
    /// What messages are sent with: other rooms reach addresses that strangers chose by the same rules.
    pub fn sender(&self) -> &Sender {
        &self.0.sender
    }
    /// What secrets of addresses are sealed with.
    pub fn ring(&self) -> &KeyRing {
        &self.0.ring
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
    async fn end(&self, mut work: Work, kind: EventType<EndpointChanged>, endpoint: &Endpoint) -> Result<Option<i64>, Fault> {
        let seq = journal::append(&mut work, vec![endpoint_event(kind, endpoint)], self.0.clock.now()).await?;
        work.commit().await?;
        Ok(seq)
    }
}

fn endpoint_event(kind: EventType<EndpointChanged>, endpoint: &Endpoint) -> NewEvent {
    let disabled_reason = endpoint.disabled.map(|(_, why)| why.as_str().to_owned());
    kind.event(&EndpointChanged { id: endpoint.id, version: endpoint.version, disabled_reason })
}
