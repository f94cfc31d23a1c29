//! E-mails of orders to suppliers: enqueued as a job, sent by a worker.

use std::collections::BTreeSet;

use entity::prelude::*;
use iam::access::{Permit, kind};
use platform::{
    clock::Clock,
    jobs,
    storage::{
        Database, Fault, Reads, TenantScope,
        idempotency::{self, Key, KeyUse, hash_of},
        journal,
    },
};
use serde::{Deserialize, Serialize};

use crate::purchasing::{
    core::PurchaseOrder,
    events::{PURCHASE_ORDER_SENT, PurchaseOrderEvent},
    rows,
};

/// The kind of job that sends an order.
pub const KIND: &str = "purchase.mail";

/// Payload of the job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SupplierEmail {
    pub order: PurchaseOrderId,
    pub to: String,
}

/// Reason why an order is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailRefusal {
    NoOrder,
    NoAddress,
    /// The order is not approved.
    NotApproved(PurchaseOrderStatus),
    KeyReused,
}

/// The order that will be sent.
#[derive(Debug, Clone)]
pub struct OrderToSend {
    pub order: PurchaseOrder,
    pub is_replayed: bool,
}

/// True if an order of this status may be sent to its supplier: checked at the request and when the
/// e-mail is sent, which may be days later.
pub const fn is_sendable(status: PurchaseOrderStatus) -> bool {
    matches!(status, PurchaseOrderStatus::Approved | PurchaseOrderStatus::Ordered | PurchaseOrderStatus::PartiallyReceived)
}

fn key_of(actor: Actor, order: PurchaseOrderId, idempotency_key: String) -> Key {
    Key { owner: actor.id, mutation: "purchaseOrderSend", key: idempotency_key, hash: hash_of(&order) }
}

/// Returns those of some orders that an actor has sent with these idempotency keys.
pub async fn orders_sent_by(
    reads: &impl Reads,
    actor: Actor,
    sends: &[(PurchaseOrderId, String)],
) -> Result<BTreeSet<PurchaseOrderId>, Fault> {
    let keys: Vec<_> = sends.iter().map(|(order, key)| (*order, key_of(actor, *order, key.clone()))).collect();
    let receipts = idempotency::look_up(reads, keys.iter().map(|(_, key)| key)).await?;
    Ok(keys.iter().filter(|(_, key)| idempotency::key_use(key, &receipts).is_some()).map(|(order, _)| *order).collect())
}

/// Enqueues the job that sends an order to its supplier.
pub async fn send(
    db: &Database,
    clock: &Clock,
    permit: Permit<kind::PurchaseWrite>,
    (order, idempotency_key): (PurchaseOrderId, String),
) -> Result<Result<OrderToSend, MailRefusal>, Fault> {
    let key = key_of(permit.actor(), order, idempotency_key);
    let scope = permit.scope(db);
    let sendable_order = rows::orders(&scope, &[order]).await?.pop().filter(|order| permit.covers(order.store));
    let Some(sendable_order) = sendable_order else { return Ok(Err(MailRefusal::NoOrder)) };
    // Checked before the order's state, which may have changed by now.
    match idempotency::key_use(&key, &idempotency::look_up(&scope, [&key]).await?) {
        None => {}
        Some(KeyUse::Reused) => return Ok(Err(MailRefusal::KeyReused)),
        Some(KeyUse::Same(_)) => return Ok(Ok(OrderToSend { order: sendable_order, is_replayed: true })),
    }
    let Some(printed) = rows::load_printed_parties(&scope, order).await? else { return Ok(Err(MailRefusal::NoOrder)) };
    if !is_sendable(sendable_order.status()) {
        return Ok(Err(MailRefusal::NotApproved(sendable_order.status())));
    }
    let Some(to) = printed.email else { return Ok(Err(MailRefusal::NoAddress)) };
    let work = scope.begin().await?;
    match idempotency::before(&work, &key).await? {
        None => {}
        Some(KeyUse::Reused) => return work.rollback().await.map(|()| Err(MailRefusal::KeyReused)),
        Some(KeyUse::Same(_)) => {
            return work.rollback().await.map(|()| Ok(OrderToSend { order: sendable_order, is_replayed: true }));
        }
    }
    let job = jobs::enqueue(&work, clock, KIND, &SupplierEmail { order, to }).await?;
    idempotency::store_receipts(&work, [(&key, job.id.to_string())], clock.now()).await?;
    work.commit().await?;
    Ok(Ok(OrderToSend { order: sendable_order, is_replayed: false }))
}

/// Records the revision that the e-mail had, and then writes the event: writers that lock the
/// order's row wait for the tenant's counter.
pub async fn record_sent_revision(scope: &TenantScope, order: &PurchaseOrder, now: Timestamp) -> Result<(), Fault> {
    let work = scope.begin().await?;
    rows::record_sent_revision(&work, order.id, (order.revision, now)).await?;
    work.commit().await?;
    let event = PURCHASE_ORDER_SENT.event(&PurchaseOrderEvent {
        purchase_order: order.id,
        number: order.number.get(),
        status: order.status(),
        supplier: order.supplier,
        store: order.store,
        version: order.version,
        before: None,
    });
    let mut work = scope.begin().await?;
    journal::append_other(&mut work, vec![event], now).await?;
    work.commit().await
}
