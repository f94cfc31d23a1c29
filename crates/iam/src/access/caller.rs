//! Callers of a request, and the proofs of their permissions.

use std::marker::PhantomData;

use entity::prelude::{Actor, ApiKeyId, ChannelId, StoreId, TenantId};
use platform::storage::{Database, TenantScope, events::Subject};

use super::{
    permissions::{Permission, index_of, kind},
    set::{PermissionSet, Reach},
};

/// An authenticated caller inside one tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    pub tenant: TenantId,
    pub actor: Actor,
    pub permissions: PermissionSet,
    /// The channel that an integration is bound to: it sees orders and reservations of that channel
    /// only.
    pub channel: Option<ChannelId>,
    /// A program that may send only documents that the operator has listed.
    pub trusted_only: bool,
    /// The key that a program calls with, or that is acted for.
    pub key: Option<ApiKeyId>,
}

/// The caller lacks a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the permission {0} is needed")]
pub struct Denied(pub &'static str);

/// The proof that a caller holds the permission `P`, with its stores. Only `permit` creates one.
#[derive(Debug)]
pub struct Permit<P> {
    caller: Caller,
    proof: PhantomData<fn() -> P>,
}
impl<P> Clone for Permit<P> {
    fn clone(&self) -> Self {
        Self { caller: self.caller.clone(), proof: PhantomData }
    }
}

/// Checks that the caller holds `P` for one store at least: a bit test.
pub fn permit<P: Permission>(caller: &Caller) -> Result<Permit<P>, Denied> {
    if caller.permissions.holds(P::INDEX) {
        Ok(Permit { caller: caller.clone(), proof: PhantomData })
    } else {
        Err(Denied(P::info().code))
    }
}

impl<P> Permit<P> {
    pub fn tenant(&self) -> TenantId {
        self.caller.tenant
    }
    pub fn actor(&self) -> Actor {
        self.caller.actor
    }
    pub fn caller(&self) -> &Caller {
        &self.caller
    }
    /// The channel that the caller is bound to.
    pub fn channel(&self) -> Option<ChannelId> {
        self.caller.channel
    }
    /// The door to the tenant's rows, opened by the permit.
    pub fn scope(&self, db: &Database) -> TenantScope {
        db.tenant(self.caller.tenant)
    }
    /// Whether the caller also holds `Q`: for a choice inside a permitted step, such as an override.
    pub fn also<Q: Permission>(&self) -> Result<Permit<Q>, Denied> {
        permit::<Q>(&self.caller)
    }
}

impl<P: Permission> Permit<P> {
    /// The stores that the permission is for.
    pub fn reach(&self) -> Reach {
        self.caller.permissions.reach(P::INDEX)
    }
    /// Whether it is for this store.
    pub fn covers(&self, store: StoreId) -> bool {
        self.reach().covers(store)
    }
    /// Whether the permit covers a document of this store and this channel.
    pub fn covers_document(&self, store: StoreId, channel: ChannelId) -> bool {
        self.caller.channel.is_none_or(|bound_channel| bound_channel == channel) && self.covers(store)
    }
    /// Whether there is anything in the tenant that it is not for.
    pub fn is_limited(&self) -> bool {
        self.caller.channel.is_some() || self.reach() != Reach::Everywhere
    }
}

impl Caller {
    pub fn new(tenant: TenantId, actor: Actor, permissions: PermissionSet) -> Self {
        Self { tenant, actor, permissions, channel: None, trusted_only: false, key: None }
    }
    /// Whether costs are shown to the caller.
    pub fn sees_costs(&self) -> bool {
        self.permissions.holds(kind::ProductCostRead::INDEX)
    }
    /// Whether the caller may see the customers of the orders and returns that it reads.
    pub fn sees_customers(&self) -> bool {
        self.permissions.holds(kind::CustomerRead::INDEX)
    }
    pub fn sees_contacts(&self) -> bool {
        self.permissions.holds(kind::CustomerContactRead::INDEX)
    }
}

impl platform::storage::events::Viewer for Caller {
    fn id(&self) -> uuid::Uuid {
        self.actor.id
    }
    fn holds(&self, permission: &str) -> bool {
        index_of(permission).is_some_and(|index| self.permissions.holds(index))
    }
    /// Whether a permission with stores is held for the subject's store.
    fn covers(&self, permission: &str, subject: Subject) -> bool {
        let held_permission = index_of(permission).filter(|index| self.permissions.holds(*index));
        held_permission.zip(subject.id()).is_some_and(|(index, store)| self.permissions.reach(index).covers(store))
    }
    fn confined_to(&self) -> Option<Subject> {
        self.channel.map(Subject::of)
    }
}
