//! The service of webhooks: reads endpoints and deliveries, and ends changes of endpoints.

use std::sync::Arc;

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

use super::counters::DeliveryCounters;
use crate::webhooks::{
    core::{Endpoint, Rejection},
    events::EndpointChanged,
    rows::{
        deliveries::{self, Attempt, Delivery},
        endpoints,
    },
    wire::Sender,
};

/// Error of a change of an endpoint that wrote nothing.
pub type WebhookError = Stop<Rejection>;

/// The room's service. Cheap to clone.
#[derive(Clone)]
pub struct Webhooks(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) db: Database,
    pub(super) clock: Clock,
    pub(super) ring: KeyRing,
    pub(super) access: Access,
    pub(super) identity: Identity,
    pub(super) sender: Sender,
    /// The events that can be sent.
    pub(super) registry: &'static Registry,
    pub(super) counters: DeliveryCounters,
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
    pub fn key_ring(&self) -> &KeyRing {
        &self.0.ring
    }
    /// Allows networks of the operator's, which are not the public internet.
    pub fn open_networks(&self, networks: Vec<Cidr>) {
        self.0.sender.allowed_networks().open(networks);
    }

    pub(super) fn scope(&self, permit: &Permit<kind::WebhookRead>) -> TenantScope {
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
    pub(super) async fn end(
        &self,
        mut work: Work,
        kind: EventType<EndpointChanged>,
        endpoint: &Endpoint,
    ) -> Result<Option<i64>, Fault> {
        let seq = journal::append(&mut work, vec![endpoint_event(kind, endpoint)], self.0.clock.now()).await?;
        work.commit().await?;
        Ok(seq)
    }
}

pub(super) fn endpoint_event(kind: EventType<EndpointChanged>, endpoint: &Endpoint) -> NewEvent {
    let disabled_reason = endpoint.disabled.map(|(_, reason)| reason.as_str().to_owned());
    kind.event(&EndpointChanged { id: endpoint.id, version: endpoint.version, disabled_reason })
}
