//! Reports of leaked keys: the key is revoked, and the tenant's owners get an e-mail.

use iam::{
    access::{Access, RevokedKey, core::key::Secret},
    identity::{Identity, LeakedKey},
};
use platform::storage::Fault;
use server::LeakReports;
use tokio::sync::mpsc;

/// Maximum queued reports; each has at most a thousand tokens, of which only those in the form of a
/// key are kept.
const QUEUE_CAPACITY: usize = 64;

pub struct LeakedKeyReports(mpsc::Sender<Vec<Secret>>);

impl LeakedKeyReports {
    /// Returns the queue of reports, and the future that processes it, which ends with the queue.
    pub fn open(access: Access, identity: Identity) -> (Self, impl Future<Output = ()> + Send) {
        let (sender, mut reports) = mpsc::channel::<Vec<Secret>>(QUEUE_CAPACITY);
        let work = async move {
            while let Some(report) = reports.recv().await {
                for secret in report {
                    if let Err(fault) = revoke_leaked(&access, &identity, &secret).await {
                        tracing::error!(error = %fault, key = secret.prefix(), "a reported key could not be checked");
                    }
                }
            }
        };
        (Self(sender), work)
    }
}

impl LeakReports for LeakedKeyReports {
    fn queue_tokens(&self, tokens: Vec<String>) -> bool {
        let mut secrets: Vec<Secret> = tokens.iter().filter_map(|token| Secret::parse(token.trim())).collect();
        secrets.dedup();
        secrets.is_empty() || self.0.try_send(secrets).is_ok()
    }
}

async fn revoke_leaked(access: &Access, identity: &Identity, secret: &Secret) -> Result<(), Fault> {
    let Some(revoked) = access.revoke_leaked_key(secret).await? else { return Ok(()) };
    let RevokedKey { tenant, key, key_name, prefix, integration_name, owners } = revoked;
    tracing::warn!(%tenant, %key, prefix, "a leaked key was revoked");
    let leaked = LeakedKey { integration: integration_name, key: format!("{key_name} ({prefix}…)") };
    identity.notify_of_leaked_key(tenant, &owners, leaked).await
}
