//! An e-mail to the customer whose goods are ready: queued with the step, once for its key.

use entity::prelude::*;
use iam::access::{Permit, kind};
use platform::{
    jobs,
    storage::{
        Fault,
        idempotency::{self, Key},
        journal,
    },
};
use serde::{Deserialize, Serialize};

use crate::ledger::Ledger;

/// The kind of job that sends it.
pub const READY_EMAIL: &str = "fulfilment.ready_email";

/// What such a job is given. Address and code are read when it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadyEmail {
    pub work: FulfilmentWorkId,
    pub locale: PaperLocale,
}

/// Queues the e-mail of a step that is done. A repeated call queues what an interrupted one has not, and nothing twice.
pub(super) async fn queue(
    ledger: &Ledger,
    permit: &Permit<kind::FulfilmentWork>,
    step: Key,
    email: ReadyEmail,
) -> Result<(), Fault> {
    let key = Key { mutation: READY_EMAIL, ..step };
    let work = permit.scope(ledger.database()).begin().await?;
    // Of two calls with one key at once the second finds what the first has written.
    journal::lock(&work).await?;
    if idempotency::before(&work, &key).await?.is_some() {
        return work.rollback().await;
    }
    let job = jobs::enqueue(&work, ledger.clock(), READY_EMAIL, &email).await?;
    idempotency::remember(&work, [(&key, job.id.to_string())], ledger.clock().now()).await?;
    work.commit().await
}
