//! Sending orders to suppliers, and ending blanket orders after their last day.

use entity::prelude::{Actor, Numbered, Timestamp};
use iam::identity::{Email, Mailer};
use platform::{
    clock::{Clock, day_text},
    jobs::{Failure, Lease, Registry, core::Job},
    plurals::pluralize,
    storage::{Database, Fault},
};

use crate::{
    ledger::{JobCursor, Ledger, Receipt, jobs::submit_all},
    numbering::rows::load_patterns,
    purchasing::{
        core::{BlanketAct, BlanketAction, PurchaseDecision, page},
        rows::{self, DueBlanket},
        shell,
    },
};

/// Attempts before an e-mail is given up: with backoff, they outlast most of a day without the mail
/// server.
const MAX_FAILURES: i64 = 12;

/// Ends the active blanket orders of all tenants whose last day has passed everywhere at `now`,
/// from where the last run ended, and returns their number. Purchase orders that called off from
/// them continue. A repetition has no effect.
pub async fn expire_blankets(ledger: &Ledger, now: Timestamp, cursor: &JobCursor<DueBlanket>) -> Result<usize, Fault> {
    let (global, today) = (ledger.database().global(), shell::latest_local_date(now));
    let page_reader = |after, limit| rows::due_blankets(&global, today, after, limit);
    cursor.run(page_reader, |blanket: &DueBlanket| *blanket, |page| expire_page(ledger, today, page)).await
}

async fn expire_page(ledger: &Ledger, today: i32, page: Vec<DueBlanket>) -> Result<usize, Fault> {
    let expire = |due_blanket: &DueBlanket| {
        let act = BlanketAct {
            blanket: due_blanket.blanket,
            action: BlanketAction::Expire,
            expected_version: None,
            note: None,
            actor: Actor::SYSTEM,
            today,
            limit: None,
        };
        (due_blanket.tenant, shell::blanket_step(act))
    };
    Ok(submit_all(ledger, page.iter().map(expire).collect(), count_expired_blankets).await)
}

fn count_expired_blankets(receipt: &Receipt) -> usize {
    receipt.documents.get().map_or(0, |decision: &PurchaseDecision| decision.blankets.len())
}

/// Dependencies of the jobs that send e-mail.
#[derive(Clone)]
pub struct Mail {
    pub db: Database,
    pub clock: Clock,
    pub mailer: Mailer,
    pub from: String,
}

/// Adds the jobs of purchasing.
#[must_use]
pub fn register(registry: Registry, mail: &Mail) -> Registry {
    let mail = mail.clone();
    registry.queued(shell::KIND, MAX_FAILURES, move |_: Lease, job| {
        let mail = mail.clone();
        async move { mail.send(&job).await }
    })
}

impl Mail {
    /// Sends the current state of the order. An e-mail that was sent but not recorded is sent
    /// again.
    pub async fn send(&self, job: &Job) -> Result<(), Failure> {
        let request: shell::SupplierEmail = serde_json::from_str(&job.payload)
            .map_err(|err| Failure::Hopeless(format!("the job's payload cannot be read: {err}")))?;
        if !self.mailer.is_configured() {
            return Err(Failure::Hopeless("no e-mails leave this deployment (--mail)".to_owned()));
        }
        let scope = self.db.tenant(job.tenant);
        let missing_order = || Failure::Hopeless("the order no longer exists".to_owned());
        let order = rows::orders(&scope, &[request.order]).await?.pop().ok_or_else(missing_order)?;
        // Since the request, the order was given up or lost its approval: it must not be delivered.
        if !shell::is_sendable(order.status()) {
            tracing::info!(tenant = %job.tenant, order = %order.id, status = %order.status(), "a purchase order was not sent, as its status no longer allows it");
            return Ok(());
        }
        let printed_order = rows::load_printed_parties(&scope, request.order).await?.ok_or_else(missing_order)?;
        let number = load_patterns(&scope).await?.text(Numbered::PurchaseOrder, order.number.get());
        let html = page((&order, &number), &printed_order.buyer, &printed_order.supplier, &printed_order.store, day_text);
        let subject: String = format!("Purchase order {number} of {}", printed_order.buyer)
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        let text = format!(
            "Hello {},\n\n{} orders {}, for delivery to {}. The order is in the HTML part of this e-mail, ready to be printed.\n",
            printed_order.supplier.name,
            printed_order.buyer,
            pluralize(order.lines.len(), "line", "lines"),
            printed_order.store.name,
        );
        let email = Email { to: request.to, subject, text, html, attachments: Vec::new() };
        let delivery = self.mailer.deliver(&self.from, &email, &self.clock).await;
        delivery.map_err(|error| Failure::Fault(Fault::Broken(format!("the e-mail could not be sent: {error}"))))?;
        shell::record_sent_revision(&scope, &order, self.clock.now()).await.map_err(Failure::Fault)
    }
}
