//! Creating and changing endpoints, and sending to them.

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
pub use trim::{JournalRetention, release_month};

use super::{
    core::{Endpoint, Rejection},
    events::{self, EndpointChanged},
    rows::{
        deliveries::{self, Attempt, Delivery},
        endpoints,
    },
    wire::Sender,
};

/// Error of a change of an endpoint that wrote nothing.
pub type WebhookError = Stop<Rejection>;

/// Counts of this process's deliveries since its start: for metrics.
#[derive(Debug, Default)]
pub struct DeliveryCounters {
    delivered: AtomicU64,
    failed: AtomicU64,
    disabled: AtomicU64,
    micros: AtomicU64,
}

/// Values of the counters at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliveryCounts {
    /// Attempts with a 2xx response.
    pub delivered: u64,
    /// All other attempts.
    pub failed: u64,
    /// Endpoints that were disabled because of their failures.
    pub disabled: u64,
    /// Total duration of all attempts, in microseconds.
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
    /// The events that can be sent.
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
    /// Returns the sender of messages: other rooms use it to send requests to addresses that
    /// strangers chose, by the same rules.
    pub fn sender(&self) -> &Sender {
        &self.0.sender
    }
    /// Returns the key ring that seals secrets of addresses.
    pub fn ring(&self) -> &KeyRing {
        &self.0.ring
    }
    /// Allows networks of the operator's, which are not the public internet.
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
    /// Returns the head of the tenant's journal, from which the IDs of messages are made.
    pub async fn head(&self, permit: &Permit<kind::WebhookRead>) -> Result<journal::Head, Fault> {
        self.scope(permit).head().await
    }

    /// Appends an event about the endpoint, and commits.
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
