//! E-mails to customers whose goods are ready: queued with the step, once for its key.

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

/// Kind of the job that sends the e-mail.
pub const READY_EMAIL: &str = "fulfilment.ready_email";

/// Payload of the job. Address, code and the store's own text are read when it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadyEmail {
    pub work: FulfilmentWorkId,
    pub locale: PaperLocale,
}

/// Queues the e-mails of steps that are done, each under the key of its step. A repeated call queues what an interrupted one has not, and nothing twice.
pub(super) async fn enqueue_emails(
    ledger: &Ledger,
    permit: &Permit<kind::FulfilmentWork>,
    emails: Vec<(Key, ReadyEmail)>,
) -> Result<(), Fault> {
    if emails.is_empty() {
        return Ok(());
    }
    let emails: Vec<(Key, ReadyEmail)> =
        emails.into_iter().map(|(step_key, email)| (Key { mutation: READY_EMAIL, ..step_key }, email)).collect();
    let work = permit.scope(ledger.database()).begin().await?;
    // If two calls with the same key run at once, the second finds the first one's rows.
    journal::lock(&work).await?;
    let used_keys = idempotency::look_up(&work, emails.iter().map(|(key, _)| key)).await?;
    let mut receipts = Vec::new();
    for (key, email) in emails.iter().filter(|(key, _)| idempotency::key_use(key, &used_keys).is_none()) {
        let job = jobs::enqueue(&work, ledger.clock(), READY_EMAIL, email).await?;
        receipts.push((key, job.id.to_string()));
    }
    if receipts.is_empty() {
        return work.rollback().await;
    }
    idempotency::store_receipts(&work, receipts, ledger.clock().now()).await?;
    work.commit().await
}
