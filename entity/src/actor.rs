//! Who did something.

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
    pub fn member(id: MemberId) -> Self {
        Self { kind: ActorKind::Member, id: id.uuid() }
    }
    pub fn integration(id: IntegrationId) -> Self {
        Self { kind: ActorKind::Integration, id: id.uuid() }
    }
}
