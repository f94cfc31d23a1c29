//! The session of an operation, and the visit that a call comes from: its address and client.

use std::{net::IpAddr, sync::Arc};

use entity::prelude::{MemberId, SessionId, TenantId, Timestamp, UserId};

use super::secret::{self, Purpose};

/// Origin of a call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Visit {
    pub address: Option<IpAddr>,
    pub user_agent: Option<String>,
    /// The device token of the client; empty if the client could store one but has none yet, None
    /// if it cannot.
    pub device: Option<String>,
}

impl Visit {
    /// Returns the hash that is stored of the device's token.
    pub(super) fn device_hash(&self) -> Option<[u8; 32]> {
        self.device.as_deref().and_then(|token| secret::hash_token(token, Purpose::Device))
    }
}

/// The session of an operation: user, place, start, and the proofs of identity.
#[derive(Debug, Clone)]
pub struct Session {
    pub id: SessionId,
    pub user: UserId,
    pub tenant: TenantId,
    pub member: MemberId,
    /// Time of the last password or code of its user.
    pub authenticated_at: Timestamp,
    /// Whether they showed a second factor.
    pub mfa: bool,
    /// Risk of the login, from 0 to 100.
    pub risk: i32,
    pub visit: Arc<Visit>,
}
