//! Actor of a change.

use uuid::Uuid;

use crate::{
    enums::ActorKind,
    id::{IntegrationId, MemberId},
};

/// A member, an integration, or the system itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Actor {
    pub kind: ActorKind,
    pub id: Uuid,
}

impl Actor {
    /// Jobs: expiry of reservations and orders.
    pub const SYSTEM: Self = Self { kind: ActorKind::System, id: Uuid::nil() };
    /// A tenant's rule that approves lines of the night's replenishment plan.
    pub const REPLENISHMENT_RULE: Self = Self { kind: ActorKind::System, id: Uuid::from_u128(1) };
    /// Name of the part of the system that did something.
    pub fn system_name(self) -> &'static str {
        if self == Self::REPLENISHMENT_RULE { "replenishment rule" } else { "system" }
    }
    pub fn member(id: MemberId) -> Self {
        Self { kind: ActorKind::Member, id: id.uuid() }
    }
    pub fn integration(id: IntegrationId) -> Self {
        Self { kind: ActorKind::Integration, id: id.uuid() }
    }
}
