//! Clock that dates audit entries, and keys that authenticate them.

use aws_lc_rs::hmac;

use super::core::{Chain, Checkpoint, Entry, Outcome, Target, checkpoint};
use crate::{clock::Clock, secrets::KeyRing};
use entity::prelude::*;

/// Purposes for which the secrets of the log are derived.
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

    /// Builds an entry, dated now, of an action of the system itself.
    pub fn system_entry(
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

    /// Returns the MAC key for new entries, and its ID.
    pub fn mac_key(&self) -> (String, hmac::Key) {
        let (id, secret) = self.ring.derive_secret(MAC);
        (id, hmac::Key::new(hmac::HMAC_SHA256, &secret))
    }
    /// Returns the MAC key of earlier entries; None if it is no longer in the ring.
    pub fn mac_key_of(&self, id: &str) -> Option<hmac::Key> {
        Some(hmac::Key::new(hmac::HMAC_SHA256, &self.ring.derive_secret_by_id(id, MAC)?))
    }

    pub fn sign(&self, tenant: TenantId, head: Chain, at: Timestamp) -> Option<Checkpoint> {
        checkpoint(tenant, head.seq, head.hash, at, self.ring.derive_secret(CHECKPOINT))
    }
    /// Whether a checkpoint is one of this deployment; of one under a key that is gone, whether its signature holds.
    pub fn is_own_checkpoint(&self, checkpoint: &Checkpoint) -> bool {
        checkpoint.is_genuine(self.ring.derive_secret_by_id(&checkpoint.key_id, CHECKPOINT))
    }

    pub fn salt(&self) -> [u8; 16] {
        let mut salt = [0; 16];
        self.clock.fill(&mut salt);
        salt
    }
}
