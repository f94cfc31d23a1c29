//! What writes entries: the clock that dates them and the keys that vouch for them.

use aws_lc_rs::hmac;

use super::core::{Chain, Checkpoint, Entry, Outcome, Target, checkpoint};
use crate::{clock::Clock, secrets::KeyRing};
use entity::prelude::*;

/// What the secrets of the log are derived for.
const MAC: &str = "audit entries";
const CHECKPOINT: &str = "audit checkpoints";

/// Cheap to clone.
#[derive(Debug, Clone)]
pub struct AuditWriter {
    ring: KeyRing,
    clock: Clock,
}

impl AuditWriter {
    pub fn new(ring: KeyRing, clock: Clock) -> Self {
        Self { ring, clock }
    }
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// An entry of something that the system itself has done, as it stands now.
    pub fn of_the_system(
        &self,
        tenant: TenantId,
        action: &str,
        target: Option<Target>,
        request_id: &str,
        changes: String,
    ) -> Entry {
        Entry {
            tenant,
            id: self.clock.id(),
            at: self.clock.now(),
            actor: Some(Actor::SYSTEM),
            session: None,
            action: action.to_owned(),
            outcome: Outcome::Done,
            target,
            request_id: request_id.to_owned(),
            changes,
            ip_commitment: None,
        }
    }

    /// The key that vouches for entries that are written now.
    pub fn mac_key(&self) -> (String, hmac::Key) {
        let (id, secret) = self.ring.derived(MAC);
        (id, hmac::Key::new(hmac::HMAC_SHA256, &secret))
    }
    /// The key that vouched for an entry before; none when it is no longer given.
    pub fn mac_key_of(&self, id: &str) -> Option<hmac::Key> {
        Some(hmac::Key::new(hmac::HMAC_SHA256, &self.ring.derived_by(id, MAC)?))
    }

    pub fn sign(&self, tenant: TenantId, head: Chain, at: Timestamp) -> Option<Checkpoint> {
        checkpoint(tenant, head.seq, head.hash, at, self.ring.derived(CHECKPOINT))
    }
    /// Whether a checkpoint is one of this deployment; of one under a key that is gone, whether its signature holds.
    pub fn knows(&self, checkpoint: &Checkpoint) -> bool {
        checkpoint.is_genuine(self.ring.derived_by(&checkpoint.key_id, CHECKPOINT))
    }

    pub fn salt(&self) -> [u8; 16] {
        let mut salt = [0; 16];
        self.clock.fill(&mut salt);
        salt
    }
}
