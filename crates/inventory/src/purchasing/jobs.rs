//! Sending orders to suppliers, and ending blanket orders whose last day has gone by.

use entity::prelude::{Actor, Numbered, Timestamp};
use iam::identity::{Email, Mailer};
use platform::{
    clock::{Clock, day_text},
    jobs::{Failure, Lease, Registry, core::Job},
    plurals::counted,
    storage::{Database, Fault},
};

use crate::{
    ledger::{Ledger, Receipt, Walk, jobs::submit_all},
    numbering::rows::patterns,
    purchasing::{
        core::{BlanketAct, BlanketAction, PurchaseDecision, page},
        rows::{self, DueBlanket},
        shell,
    },
};

/// Tries before a letter is a dead one: with their pauses, most of a day of a mail server that is away.
const MOST_FAILURES: i64 = 12;

/// Ends the blanket orders that are in force and whose last day has gone by everywhere at `now`, of all tenants, from where the last run ended, and says
/// how many those were. What was called off from them goes on. Doing it twice does nothing more.
pub async fn expire_blankets(ledger: &Ledger, now: Timestamp, walk: &Walk<DueBlanket>) -> Result<usize, Fault> {
    let (global, today) = (ledger.database().global(), shell::last_day(now));
    let read = |after, most| rows::due_blankets(&global, today, after, most);
    walk.run(read, |blanket: &DueBlanket| *blanket, |page| expire_page(ledger, today, page)).await
}

async fn expire_page(ledger: &Ledger, today: i32, page: Vec<DueBlanket>) -> Result<usize, Fault> {
    let expire = |one: &DueBlanket| {
        let act = BlanketAct {
            blanket: one.blanket,
            action: BlanketAction::Expire,
            expected_version: None,
            note: None,
            actor: Actor::SYSTEM,
            today,
            limit: None,
        };
        (one.tenant, shell::blanket_step(act))
    };
    Ok(submit_all(ledger, page.iter().map(expire).collect(), blankets_of).await)
}

fn blankets_of(receipt: &Receipt) -> usize {
    receipt.documents.get().map_or(0, |decision: &PurchaseDecision| decision.blankets.len())
}

/// Where letters come from and how they leave.
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
    registry.queued(shell::KIND, MOST_FAILURES, move |_: Lease, job| {
        let mail = mail.clone();
        async move { mail.send(&job).await }
    })
}

impl Mail {
    /// Sends the order as it is now: what a supplier reads is what stands here. A letter that was sent and not noted is sent again.
    pub async fn send(&self, job: &Job) -> Result<(), Failure> {
        let what: shell::SupplierEmail = serde_json::from_str(&job.payload)
            .map_err(|err| Failure::Hopeless(format!("the job's payload cannot be read: {err}")))?;
        if !self.mailer.is_there() {
            return Err(Failure::Hopeless("no letters leave this deployment (--mail)".to_owned()));
        }
        let scope = self.db.tenant(job.tenant);
        let gone = || Failure::Hopeless("there is no such order any more".to_owned());
        let order = rows::orders(&scope, &[what.order]).await?.pop().ok_or_else(gone)?;
        // It was given up, or is no longer approved, since it was asked for: nobody is to deliver it.
        if !shell::may_be_sent(order.status()) {
            tracing::info!(tenant = %job.tenant, order = %order.id, status = %order.status(), "an order that is not to be delivered is not sent");
            return Ok(());
        }
        let printed = rows::printed(&scope, what.order).await?.ok_or_else(gone)?;
        let number = patterns(&scope).await?.text(Numbered::PurchaseOrder, order.number.get());
        let html = page((&order, &number), &printed.buyer, &printed.supplier, &printed.store, day_text);
        let subject: String = format!("Purchase order {number} of {}", printed.buyer)
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        let text = format!(
            "Hello {},\n\n{} orders {}, for delivery to {}. The order is in the HTML part of this letter, ready to be printed.\n",
            printed.supplier.name,
            printed.buyer,
            counted(order.lines.len(), "line", "lines"),
            printed.store.name,
        );
        let email = Email { to: what.to, subject, text, html, attachments: Vec::new() };
        let sent = self.mailer.deliver(&self.from, &email, &self.clock).await;
        sent.map_err(|why| Failure::Fault(Fault::Broken(format!("the letter could not be sent: {why}"))))?;
        shell::note_sent(&scope, &order, self.clock.now()).await.map_err(Failure::Fault)
    }
}
