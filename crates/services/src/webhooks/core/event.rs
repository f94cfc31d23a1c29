//! Which events there are, who may see which part of them, and what a message says.

use entity::prelude::*;
use inventory::ledger::{
    CountEvent, LevelState, OrderEvent, PurchaseOrderEvent, ReturnEvent, StockChanged, SupplierReturnEvent, TransferEvent,
};
use serde_json::{Value, json};

use crate::alerts::AlertEvent;

/// A permission that an event asks for, and how its rights cut it down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Told whole to whoever holds the permission.
    Whole(&'static str),
    /// The levels of stores that `stock.read` covers.
    Stock,
    /// An order of a store that `order.read` covers.
    Order,
    /// A return to a store that `order.read` covers.
    Return,
    /// A count of a store that `count.read` covers.
    Count,
    /// A transfer from or to a store that `transfer.read` covers.
    Transfer,
    /// A purchase order for a store that `purchase.read` covers.
    Purchase,
    /// A return to a supplier from a store that `purchase.read` covers.
    SupplierReturn,
    /// The levels of stores that `stock.read` covers, with when they are filled up.
    Policy,
    /// An alert of a store that `alert.read` covers; of no store, where it covers all, and costs may be seen.
    Alert,
    /// An exchange of one's own, or any for whoever holds `exchange.run` for all stores.
    Exchange,
}

/// Every event there is. A test compares it with the `@emits` of the schema.
pub const EVENTS: &[(&str, Kind)] = &[
    ("stock.changed", Kind::Stock),
    ("lot.changed", Kind::Whole("stock.read")),
    ("order.created", Kind::Order),
    ("order.confirmed", Kind::Order),
    ("order.fulfilled", Kind::Order),
    ("order.cancelled", Kind::Order),
    ("order.closed", Kind::Order),
    ("order.expired", Kind::Order),
    ("order.updated", Kind::Order),
    ("return.created", Kind::Return),
    ("return.approved", Kind::Return),
    ("return.rejected", Kind::Return),
    ("return.received", Kind::Return),
    ("return.inspected", Kind::Return),
    ("return.closed", Kind::Return),
    ("transfer.created", Kind::Transfer),
    ("transfer.updated", Kind::Transfer),
    ("transfer.ready", Kind::Transfer),
    ("transfer.shipped", Kind::Transfer),
    ("transfer.received", Kind::Transfer),
    ("transfer.closed", Kind::Transfer),
    ("transfer.cancelled", Kind::Transfer),
    ("count.created", Kind::Count),
    ("count.started", Kind::Count),
    ("count.recorded", Kind::Count),
    ("count.submitted", Kind::Count),
    ("count.recounted", Kind::Count),
    ("count.completed", Kind::Count),
    ("count.cancelled", Kind::Count),
    ("purchase_order.created", Kind::Purchase),
    ("purchase_order.updated", Kind::Purchase),
    ("purchase_order.submitted", Kind::Purchase),
    ("purchase_order.approved", Kind::Purchase),
    ("purchase_order.rejected", Kind::Purchase),
    ("purchase_order.ordered", Kind::Purchase),
    ("purchase_order.received", Kind::Purchase),
    ("purchase_order.closed", Kind::Purchase),
    ("purchase_order.cancelled", Kind::Purchase),
    ("supplier_return.created", Kind::SupplierReturn),
    ("supplier_product.created", Kind::Whole("product.read")),
    ("supplier_product.updated", Kind::Whole("product.read")),
    ("stock_policy.set", Kind::Policy),
    ("revaluation.created", Kind::Whole("product.cost.read")),
    ("alert.opened", Kind::Alert),
    ("alert.acknowledged", Kind::Alert),
    ("alert.snoozed", Kind::Alert),
    ("alert.woken", Kind::Alert),
    ("alert.assigned", Kind::Alert),
    ("alert.resolved", Kind::Alert),
    ("alert_rule.set", Kind::Whole("alert_rule.write")),
    ("alert_rule.deleted", Kind::Whole("alert_rule.write")),
    ("product.created", Kind::Whole("product.read")),
    ("product.updated", Kind::Whole("product.read")),
    ("product.archived", Kind::Whole("product.read")),
    ("product.images_changed", Kind::Whole("product.read")),
    ("product.documents_changed", Kind::Whole("product.read")),
    ("family.created", Kind::Whole("product.read")),
    ("category.created", Kind::Whole("product.read")),
    ("category.updated", Kind::Whole("product.read")),
    ("supplier.created", Kind::Whole("product.read")),
    ("supplier.updated", Kind::Whole("product.read")),
    ("store.created", Kind::Whole("store.read")),
    ("store.updated", Kind::Whole("store.read")),
    ("store.archived", Kind::Whole("store.read")),
    ("sourcing.set", Kind::Whole("store.read")),
    ("store_group.created", Kind::Whole("store.read")),
    ("store_group.updated", Kind::Whole("store.read")),
    ("customer.created", Kind::Whole("customer.read")),
    ("customer.updated", Kind::Whole("customer.read")),
    ("customer.erased", Kind::Whole("customer.read")),
    ("channel.created", Kind::Whole("channel.read")),
    ("member.invited", Kind::Whole("member.read")),
    ("member.updated", Kind::Whole("member.read")),
    ("role.created", Kind::Whole("role.read")),
    ("role.updated", Kind::Whole("role.read")),
    ("role.deleted", Kind::Whole("role.read")),
    ("integration.created", Kind::Whole("apikey.read")),
    ("integration.updated", Kind::Whole("apikey.read")),
    ("integration.disabled", Kind::Whole("apikey.read")),
    ("api_key.created", Kind::Whole("apikey.read")),
    ("api_key.rolled", Kind::Whole("apikey.read")),
    ("api_key.revoked", Kind::Whole("apikey.read")),
    ("tenant.updated", Kind::Whole("tenant.write")),
    ("webhook.created", Kind::Whole("webhook.read")),
    ("webhook.updated", Kind::Whole("webhook.read")),
    ("webhook.deleted", Kind::Whole("webhook.read")),
    ("webhook.rotated", Kind::Whole("webhook.read")),
    ("webhook.disabled", Kind::Whole("webhook.read")),
    ("webhook.tested", Kind::Whole("webhook.read")),
    ("file.created", Kind::Whole("file.write")),
    ("file.uploaded", Kind::Whole("file.write")),
    ("exchange.created", Kind::Exchange),
    ("exchange.cancelled", Kind::Exchange),
    ("exchange.finished", Kind::Exchange),
];

/// What is known of an event; none for one that has no place in the list, which is told to nobody.
pub fn kind_of(name: &str) -> Option<Kind> {
    EVENTS.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind)
}

/// Whether a pattern stands for an event: its name, `noun.*`, or `*`.
pub fn matches(pattern: &str, name: &str) -> bool {
    pattern == "*"
        || pattern == name
        || pattern.strip_suffix(".*").is_some_and(|noun| name.split_once('.').is_some_and(|(of, _)| of == noun))
}

/// The first pattern that stands for no event at all: a slip of the pen would otherwise be silence.
pub fn idle(patterns: &[String]) -> Option<usize> {
    patterns.iter().position(|pattern| !EVENTS.iter().any(|(name, _)| matches(pattern, name)))
}

/// What to do about such a one.
pub const NO_SUCH_EVENT: &str =
    "there is no such event: webhookEventTypes lists them; noun.* stands for all of a noun, * for all";

/// An event as a message tells it.
#[derive(Debug, Clone, Copy)]
pub struct Fact<'a> {
    pub tenant: TenantId,
    pub epoch: uuid::Uuid,
    pub seq: i64,
    pub name: &'a str,
    /// RFC 3339.
    pub at: &'a str,
}

/// Who asks: themselves, and the channel whose orders alone they see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Viewer {
    pub id: uuid::Uuid,
    pub channel: Option<ChannelId>,
}

/// What somebody may see of an event, in a message or when they ask. `holds` says whether they hold a permission at all, `covers` whether they
/// hold it for a store. The outer error is a payload that is not what it should be.
pub fn shown(
    name: &str,
    payload: &str,
    holds: impl Fn(&str) -> bool,
    covers: impl Fn(&str, StoreId) -> bool,
    Viewer { id, channel }: Viewer,
) -> Result<Option<Value>, serde_json::Error> {
    let Some(kind) = kind_of(name) else { return Ok(None) };
    let customer = |id: Option<CustomerId>| id.filter(|_| holds("customer.read"));
    Ok(match kind {
        Kind::Whole(permission) => holds(permission).then(|| serde_json::from_str(payload)).transpose()?,
        Kind::Stock => stock(&serde_json::from_str(payload)?, &covers),
        Kind::Order => {
            let order: OrderEvent = serde_json::from_str(payload)?;
            let is_own = channel.is_none_or(|own| own == order.channel) && covers("order.read", order.store);
            is_own.then(|| {
                json!({ "id": order.order, "number": order.number, "status": order.status, "storeId": order.store,
                    "channelId": order.channel, "customerId": customer(order.customer), "version": order.version })
            })
        }
        Kind::Count => {
            let count: CountEvent = serde_json::from_str(payload)?;
            covers("count.read", count.store).then(|| {
                json!({ "id": count.count, "number": count.number, "kind": count.kind, "status": count.status, "storeId": count.store,
                    "lines": count.lines, "version": count.version })
            })
        }
        Kind::Transfer => {
            let transfer: TransferEvent = serde_json::from_str(payload)?;
            let is_seen = [transfer.from, transfer.to].into_iter().any(|store| covers("transfer.read", store));
            is_seen.then(|| {
                json!({ "id": transfer.transfer, "number": transfer.number, "status": transfer.status, "fromStoreId": transfer.from,
                    "toStoreId": transfer.to, "version": transfer.version })
            })
        }
        Kind::Return => {
            let ret: ReturnEvent = serde_json::from_str(payload)?;
            // The event does not say through which channel what comes back was sold.
            let is_own = channel.is_none() && covers("order.read", ret.store);
            is_own.then(|| {
                json!({ "id": ret.ret, "number": ret.number, "storeId": ret.store, "customerId": customer(ret.customer),
                    "orderIds": ret.orders, "status": ret.status, "version": ret.version })
            })
        }
        Kind::Purchase => {
            let order: PurchaseOrderEvent = serde_json::from_str(payload)?;
            covers("purchase.read", order.store).then(|| {
                json!({ "id": order.purchase_order, "number": order.number, "status": order.status, "supplierId": order.supplier,
                    "storeId": order.store, "version": order.version })
            })
        }
        Kind::SupplierReturn => {
            let ret: SupplierReturnEvent = serde_json::from_str(payload)?;
            covers("purchase.read", ret.store).then(
                || json!({ "id": ret.supplier_return, "number": ret.number, "supplierId": ret.supplier, "storeId": ret.store }),
            )
        }
        Kind::Policy => policy(&serde_json::from_str(payload)?, &covers),
        Kind::Exchange => {
            let mut run: Value = serde_json::from_str(payload)?;
            let maker = run.as_object_mut().and_then(|fields| fields.remove("maker"));
            let is_own = maker.as_ref().and_then(Value::as_str).is_some_and(|maker| maker.parse() == Ok(id));
            (holds("exchange.run") && (is_own || covers("exchange.run", StoreId::NIL))).then_some(run)
        }
        Kind::Alert => {
            let alert: AlertEvent = serde_json::from_str(payload)?;
            // No store is the nil one's: only who may see all of them is covered for it.
            let is_seen = covers("alert.read", alert.store.unwrap_or(StoreId::NIL));
            (is_seen && (alert.store.is_some() || holds("product.cost.read"))).then(|| {
                json!({ "id": alert.alert, "kind": alert.kind, "state": alert.state, "storeId": alert.store, "productId": alert.product,
                    "lotId": alert.lot, "purchaseOrderId": alert.purchase_order, "countId": alert.count, "quantity": alert.quantity,
                    "threshold": alert.threshold, "assigneeId": alert.assignee, "version": alert.version })
            })
        }
    })
}

fn policy(set: &Value, covers: &impl Fn(&str, StoreId) -> bool) -> Option<Value> {
    let store = |level: &Value| level["store"].as_str().and_then(|id| id.parse::<StoreId>().ok());
    let is_seen = |level: &&Value| store(level).is_some_and(|store| covers("stock.read", store));
    let level = |level: &Value| {
        json!({ "productId": level["product"], "storeId": level["store"], "reorderPoint": level["reorderPoint"],
            "maximum": level["maximum"], "safetyStock": level["safetyStock"] })
    };
    let seen: Vec<Value> = set["levels"].as_array()?.iter().filter(is_seen).map(level).collect();
    (!seen.is_empty()).then(|| json!({ "levels": seen }))
}

fn stock(changed: &StockChanged, covers: &impl Fn(&str, StoreId) -> bool) -> Option<Value> {
    let seen: Vec<&LevelState> = changed.levels.iter().filter(|level| covers("stock.read", level.store)).collect();
    if seen.is_empty() {
        return None;
    }
    // Which movement it was is the ledger's to tell, and a movement is one for all of its stores.
    let sees_movement = changed.levels.iter().all(|level| covers("stock.movement.read", level.store));
    let level = |level: &LevelState| {
        json!({ "id": level.id, "productId": level.product, "storeId": level.store, "onHand": level.on_hand, "reserved": level.reserved,
            "unavailable": level.unavailable, "available": level.on_hand.get() - level.unavailable.get() - level.reserved.get(),
            "incoming": level.incoming, "inTransit": level.in_transit, "safetyStock": level.safety_stock,
            "reorderPoint": level.reorder_point, "maximum": level.maximum, "version": level.version })
    };
    Some(json!({
        "movementId": sees_movement.then_some(changed.movement),
        "movementKind": sees_movement.then_some(changed.kind),
        "levels": seen.into_iter().map(level).collect::<Vec<_>>(),
    }))
}

/// Bytes of a body; one that would be longer says only what happened, and is to be asked for.
pub const MAX_BODY: usize = 20_480;

/// The body of a message. The same event and the same rights make the same bytes.
pub fn body(fact: Fact<'_>, data: &Value) -> String {
    let whole = |data: &Value| {
        json!({ "type": fact.name, "timestamp": fact.at, "tenantId": fact.tenant, "seq": fact.seq, "epoch": EpochId::from_uuid(fact.epoch), "data": data })
            .to_string()
    };
    let text = whole(data);
    if text.len() <= MAX_BODY {
        return text;
    }
    whole(&json!({ "id": data.get("id"), "movementId": data.get("movementId"), "isTruncated": true }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const NOBODY: Viewer = Viewer { id: Uuid::nil(), channel: None };

    fn id<K>(n: u128) -> Id<K> {
        Id::from_uuid(Uuid::from_u128(n))
    }

    #[test]
    fn a_pattern_stands_for_an_event_its_noun_or_all() {
        assert!(
            matches("*", "order.created") && matches("order.*", "order.created") && matches("order.created", "order.created")
        );
        assert!(
            !matches("order.*", "orders.created")
                && !matches("store.*", "store_group.created")
                && !matches("order.created", "order.closed")
        );
    }

    #[test]
    fn stock_of_stores_that_may_not_be_seen_is_left_out_and_so_is_the_movement() {
        let level = |store: u128| {
            json!({ "id": id::<entity::id::kind::LevelId>(store), "product": id::<entity::id::kind::ProductId>(9), "store": id::<entity::id::kind::StoreId>(store),
                "category": null, "onHand": 5, "reserved": 2, "unavailable": 1, "incoming": 0, "inTransit": 0, "safetyStock": 0, "version": 3, "entries": 1,
                "before": [1, 0, 0] })
        };
        let payload =
            json!({ "movement": id::<entity::id::kind::MovementId>(4096), "kind": "RECEIPT", "levels": [level(1), level(2)] })
                .to_string();
        let one = |_: &str, store: StoreId| store == id(1);
        let seen = shown("stock.changed", &payload, |_| true, one, NOBODY).unwrap().unwrap();
        assert_eq!(seen["levels"].as_array().unwrap().len(), 1);
        assert_eq!((&seen["levels"][0]["available"], &seen["movementId"]), (&json!(2), &Value::Null));
        let all = shown("stock.changed", &payload, |_| true, |_, _| true, NOBODY).unwrap().unwrap();
        assert_eq!((all["levels"].as_array().unwrap().len(), all["movementKind"].as_str()), (2, Some("RECEIPT")));
        assert_eq!(shown("stock.changed", &payload, |_| true, |_, _| false, NOBODY).unwrap(), None);
    }

    #[test]
    fn an_order_says_its_customer_to_whoever_may_know_it_and_nothing_to_another_channel() {
        let payload = json!({ "order": id::<entity::id::kind::OrderId>(4096), "number": 7, "status": "PENDING", "store": id::<entity::id::kind::StoreId>(1),
            "channel": id::<entity::id::kind::ChannelId>(3), "customer": id::<entity::id::kind::CustomerId>(4), "version": 1 })
        .to_string();
        let asked = |code: &'static str, channel| {
            shown("order.created", &payload, |held| held != code, |_, _| true, Viewer { channel, ..NOBODY }).unwrap()
        };
        assert_eq!(asked("customer.read", None).unwrap()["customerId"], Value::Null);
        assert_eq!(asked("", None).unwrap()["customerId"], json!(id::<entity::id::kind::CustomerId>(4)));
        assert!(asked("", Some(id(3))).is_some() && asked("", Some(id(5))).is_none());
    }

    #[test]
    fn an_exchange_is_told_to_its_owner_and_to_whoever_may_exchange_what_they_like() {
        let payload =
            json!({ "id": "exg_1", "kind": "IMPORT", "state": "DONE", "version": 3, "maker": Uuid::from_u128(7) }).to_string();
        let told = |holds: bool, of_all: bool, id: u128| {
            let viewer = Viewer { id: Uuid::from_u128(id), channel: None };
            let covers = |_: &str, store: StoreId| of_all || store == super::tests::id(1);
            shown("exchange.finished", &payload, |_| holds, covers, viewer).unwrap()
        };
        let seen = json!({ "id": "exg_1", "kind": "IMPORT", "state": "DONE", "version": 3 });
        assert_eq!([told(true, false, 7), told(true, true, 8)], [Some(seen.clone()), Some(seen)]);
        assert_eq!(
            [told(true, false, 8), told(false, false, 7)],
            [None, None],
            "of others, for one store; and without the right"
        );
    }

    #[test]
    fn what_is_not_in_the_list_is_told_to_nobody() {
        assert_eq!(shown("payroll.changed", "{}", |_| true, |_, _| true, NOBODY).unwrap(), None);
        assert_eq!(shown("role.created", "{\"id\":\"x\"}", |code| code != "role.read", |_, _| true, NOBODY).unwrap(), None);
        assert_eq!(
            shown("role.created", "{\"id\":\"x\"}", |code| code == "role.read", |_, _| true, NOBODY).unwrap(),
            Some(json!({ "id": "x" }))
        );
    }

    #[test]
    fn a_long_message_says_only_what_happened() {
        let fact = Fact { tenant: id(1), epoch: Uuid::from_u128(2), seq: 3, name: "stock.changed", at: "2026-11-20T00:00:00Z" };
        let long = json!({ "movementId": "mov_1", "levels": vec!["x"; MAX_BODY] });
        let thin: Value = serde_json::from_str(&body(fact, &long)).unwrap();
        assert_eq!(thin["data"], json!({ "id": null, "movementId": "mov_1", "isTruncated": true }));
        assert_eq!(body(fact, &json!({ "id": "a" })), body(fact, &json!({ "id": "a" })), "the same bytes each time");
    }
}
