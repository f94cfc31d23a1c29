//! What becomes of reports of keys that were found in the open: the key is revoked, and the tenant's owners are told by letter.

use iam::{
    access::{Access, RevokedKey, core::key::Secret},
    identity::{Identity, LeakedKey},
};
use platform::storage::Fault;
use server::LeakReports;
use tokio::sync::mpsc;

/// Reports that wait; each is of a thousand tokens at most, of which those remain that have the form of a key.
const WAITING: usize = 64;

pub struct LeakedKeyReports(mpsc::Sender<Vec<Secret>>);

impl LeakedKeyReports {
    /// The queue of reports, and the work behind it, which ends with the queue.
    pub fn open(access: Access, identity: Identity) -> (Self, impl Future<Output = ()> + Send) {
        let (sender, mut reports) = mpsc::channel::<Vec<Secret>>(WAITING);
        let work = async move {
            while let Some(report) = reports.recv().await {
                for secret in report {
                    if let Err(fault) = follow(&access, &identity, &secret).await {
                        tracing::error!(error = %fault, key = secret.prefix(), "a key that was reported could not be looked into");
                    }
                }
            }
        };
        (Self(sender), work)
    }
}

impl LeakReports for LeakedKeyReports {
    fn take(&self, tokens: Vec<String>) -> bool {
        let mut secrets: Vec<Secret> = tokens.iter().filter_map(|token| Secret::parse(token.trim())).collect();
        secrets.dedup();
        secrets.is_empty() || self.0.try_send(secrets).is_ok()
    }
}

async fn follow(access: &Access, identity: &Identity, secret: &Secret) -> Result<(), Fault> {
    let Some(revoked) = access.revoke_leaked(secret).await? else { return Ok(()) };
    let RevokedKey { tenant, key, key_name, prefix, integration_name, owners } = revoked;
    tracing::warn!(%tenant, %key, prefix, "a key was found in the open and revoked");
    let leaked = LeakedKey { integration: integration_name, key: format!("{key_name} ({prefix}…)") };
    identity.tell_of_leak(tenant, &owners, leaked).await
}
