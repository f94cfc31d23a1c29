//! Works of orders that were confirmed before works existed, and e-mails to customers whose goods
//! are ready. A repeated creation of works, or one on several nodes at once, does nothing more.

use std::{sync::Arc, time::Duration};

use entity::prelude::*;
use iam::identity::{Email, Mailer};
use platform::{
    clock::Clock,
    jobs::{Failure, Lease, Registry, core::Job},
    storage::{Database, Fault},
};

use super::{
    core::{ReadyGoods, WorkCommand, WorkDecision, ready_email},
    rows,
    shell::{READY_EMAIL, ReadyEmail},
};
use crate::{
    ledger::{Command, JobCursor, Ledger, Receipt, jobs::submit_all},
    numbering::rows::load_patterns,
    orders::rows::{details, open_personal},
};

/// Attempts before an e-mail is a dead letter: with their pauses, they cover most of an hour of a
/// mail server's outage.
const MAX_FAILURES: i64 = 12;

/// New orders get their works as they are placed: only an upgrade leaves orders without works.
const MISSING_WORKS_INTERVAL: Duration = Duration::from_hours(6);

/// Registers the periodic job that creates missing works.
pub fn register(registry: Registry, ledger: &Ledger) -> Registry {
    let (ledger, cursor) = (ledger.clone(), Arc::new(JobCursor::default()));
    registry.periodic("fulfilment.follow", MISSING_WORKS_INTERVAL, move |_| {
        let (ledger, cursor) = (ledger.clone(), cursor.clone());
        async move { create_missing_works(&ledger, &cursor).await.map(drop) }
    })
}

/// Sender and transport of the e-mails about ready goods.
#[derive(Clone)]
pub struct ReadyMail {
    pub db: Database,
    pub clock: Clock,
    pub mailer: Mailer,
    pub from: String,
}

/// Registers the queued job that sends e-mails about ready goods.
#[must_use]
pub fn register_mail(registry: Registry, mail: &ReadyMail) -> Registry {
    let mail = mail.clone();
    registry.queued(READY_EMAIL, MAX_FAILURES, move |_: Lease, job| {
        let mail = mail.clone();
        async move { mail.send(&job).await }
    })
}

impl ReadyMail {
    /// Writes to the contact of an order that is collected, while its goods wait. One that was sent and not noted is sent again.
    pub async fn send(&self, job: &Job) -> Result<(), Failure> {
        let ready_payload: ReadyEmail = serde_json::from_str(&job.payload)
            .map_err(|err| Failure::Hopeless(format!("the job's payload cannot be read: {err}")))?;
        if !self.mailer.is_configured() {
            return Err(Failure::Hopeless("no e-mails leave this deployment (--mail)".to_owned()));
        }
        let Some((recipient, goods)) = self.load_waiting(job.tenant, ready_payload.work).await? else { return Ok(()) };
        let message = ready_email(ready_payload.locale, &goods);
        let email =
            Email { to: recipient, subject: message.subject, text: message.text, html: message.html, attachments: Vec::new() };
        let delivery = self.mailer.deliver(&self.from, &email, &self.clock).await;
        delivery.map_err(|error| Failure::Fault(Fault::Broken(format!("the e-mail could not be sent: {error}"))))
    }

    /// Returns the recipient and the goods that are ready; None if the work no longer waits, the
    /// order is shipped, or it has no address.
    async fn load_waiting(&self, tenant: TenantId, work: FulfilmentWorkId) -> Result<Option<(String, ReadyGoods)>, Fault> {
        let scope = self.db.tenant(tenant);
        let Some(work) = rows::load_works(&scope, &[work]).await?.pop() else { return Ok(None) };
        let Some(ready) = work.head.ready.filter(|_| work.head.status == WorkStatus::Ready) else { return Ok(None) };
        let detail = details(&scope, &[work.head.order]).await?.pop();
        let Some(detail) = detail.filter(|detail| detail.delivery_method == DeliveryMethod::Collect) else { return Ok(None) };
        let Some(sealed) = &detail.personal else { return Ok(None) };
        let contact = open_personal(&scope, work.head.order, sealed)?.contact;
        let Some(recipient) = contact.and_then(|contact| contact.email) else { return Ok(None) };
        let Some((tenant, store)) = rows::names_of_store(&scope, work.head.store).await? else { return Ok(None) };
        let Some(facts) = rows::order_facts(&scope, &[work.head.order]).await?.pop() else { return Ok(None) };
        let number = load_patterns(&scope).await?.text(Numbered::Order, facts.number);
        let terms_text = rows::load_ready_terms(&scope, work.head.store).await?.text;
        Ok(Some((recipient, ReadyGoods { tenant, store, number, code: ready.code, more: terms_text })))
    }
}

/// The order that a run has reached.
type OrderKey = (TenantId, OrderId);

/// Creates the works of orders that have none, of all tenants, from where the last run ended;
/// returns their number.
pub async fn create_missing_works(ledger: &Ledger, cursor: &JobCursor<OrderKey>) -> Result<usize, Fault> {
    let global = ledger.database().global();
    let read = |after: Option<OrderKey>, limit| {
        rows::orders_without_works(&global, after.unwrap_or((TenantId::NIL, OrderId::NIL)), limit)
    };
    cursor.run(read, |order: &OrderKey| *order, |page| create_works_of_page(ledger, page)).await
}

async fn create_works_of_page(ledger: &Ledger, page: Vec<OrderKey>) -> Result<usize, Fault> {
    let commands = page.into_iter().map(|(tenant, order)| (tenant, Command::of(WorkCommand::Follow(order)))).collect();
    Ok(submit_all(ledger, commands, count_works).await)
}

fn count_works(receipt: &Receipt) -> usize {
    receipt.documents.get().map_or(0, |decision: &WorkDecision| decision.works.len())
}
