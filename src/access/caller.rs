//! Who is calling, and what they have shown that they may do.

use std::marker::PhantomData;

use entity::prelude::{Actor, TenantId};

use super::permissions::{Permission, PermissionSet, kind};
use crate::storage::{Database, TenantScope};

/// An authenticated caller inside one tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    pub tenant: TenantId,
    pub actor: Actor,
    pub permissions: PermissionSet,
}

/// The caller lacks a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the permission {0} is needed")]
pub struct Denied(pub &'static str);

/// The proof that a caller holds the permission `P`. Only `permit` makes one.
#[derive(Debug)]
pub struct Permit<P> {
    caller: Caller,
    proof: PhantomData<fn() -> P>,
}
impl<P> Clone for Permit<P> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<P> Copy for Permit<P> {}

/// Checks that the caller holds `P`: a bit test.
pub fn permit<P: Permission>(caller: &Caller) -> Result<Permit<P>, Denied> {
    if caller.permissions.holds(P::INDEX) {
        Ok(Permit { caller: *caller, proof: PhantomData })
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
    /// The door to the tenant's rows, opened by the permit.
    pub fn scope(&self, db: &Database) -> TenantScope {
        db.tenant(self.caller.tenant)
    }
    /// Whether the caller also holds `Q`: for a choice inside a permitted step, such as an override.
    pub fn also<Q: Permission>(&self) -> Result<Permit<Q>, Denied> {
        permit::<Q>(&self.caller)
    }
}

impl Caller {
    /// Whether costs are shown to the caller.
    pub fn sees_costs(&self) -> bool {
        self.permissions.holds(kind::ProductCostRead::INDEX)
    }
    pub fn sees_contacts(&self) -> bool {
        self.permissions.holds(kind::CustomerContactRead::INDEX)
    }
}
