//! Visibility of events and of their fields to viewers.

use api::schema::events::registry;
use entity::prelude::*;
use inventory::{catalog::events as catalog, orders::events as orders};
use serde_json::{Value, json};
use uuid::Uuid;

use platform::storage::{
    events::{Audience, ParsedPayload, Subject, Viewer},
    journal::Event,
};

/// A viewer with an ID, permissions and stores.
struct Person<'a> {
    id: Uuid,
    channel: Option<ChannelId>,
    holds: &'a dyn Fn(&str) -> bool,
    covers: &'a dyn Fn(StoreId) -> bool,
}

impl Viewer for Person<'_> {
    fn id(&self) -> Uuid {
        self.id
    }
    fn holds(&self, permission: &str) -> bool {
        (self.holds)(permission)
    }
    fn covers(&self, _: &str, subject: Subject) -> bool {
        subject.id().is_some_and(self.covers)
    }
    fn confined_to(&self) -> Option<Subject> {
        self.channel.map(Subject::of)
    }
}

const ALL: Person<'_> = Person { id: Uuid::nil(), channel: None, holds: &|_| true, covers: &|_| true };

fn shown(name: &str, payload: &str, viewer: Person<'_>) -> Option<Value> {
    registry().visible_payload(name, payload, &viewer).unwrap()
}

fn id<K>(n: u128) -> Id<K> {
    Id::from_uuid(Uuid::from_u128(n))
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
    let seen = shown("stock.changed", &payload, Person { covers: &|store| store == id(1), ..ALL }).unwrap();
    assert_eq!(seen["levels"].as_array().unwrap().len(), 1);
    assert_eq!((&seen["levels"][0]["available"], &seen["movementId"]), (&json!(2), &Value::Null));
    let all = shown("stock.changed", &payload, ALL).unwrap();
    assert_eq!((all["levels"].as_array().unwrap().len(), all["movementKind"].as_str()), (2, Some("RECEIPT")));
    assert_eq!(shown("stock.changed", &payload, Person { covers: &|_| false, ..ALL }), None);
}

#[test]
fn an_order_says_its_customer_to_whoever_may_know_it_and_nothing_to_another_channel() {
    let payload = json!({ "order": id::<entity::id::kind::OrderId>(4096), "number": 7, "status": "PENDING", "store": id::<entity::id::kind::StoreId>(1),
        "channel": id::<entity::id::kind::ChannelId>(3), "customer": id::<entity::id::kind::CustomerId>(4), "version": 1 })
    .to_string();
    let asked =
        |code: &'static str, channel| shown("order.created", &payload, Person { channel, holds: &|held| held != code, ..ALL });
    assert_eq!(asked("customer.read", None).unwrap()["customerId"], Value::Null);
    assert_eq!(asked("", None).unwrap()["customerId"], json!(id::<entity::id::kind::CustomerId>(4)));
    assert!(asked("", Some(id(3))).is_some() && asked("", Some(id(5))).is_none());
}

#[test]
fn a_lot_says_what_it_is_to_whoever_sees_all_stores() {
    let lot = json!({ "id": id::<entity::id::kind::LotId>(4096), "productId": id::<entity::id::kind::ProductId>(9), "code": "B-7", "status": "RECALLED",
        "madeOn": "2026-11-01", "expiresOn": "2027-03-01", "version": 3 });
    let shown_lot = |holds: &dyn Fn(&str) -> bool, covers: &dyn Fn(StoreId) -> bool| {
        shown("lot.changed", &lot.to_string(), Person { holds, covers, ..ALL })
    };
    assert_eq!(shown_lot(&|_| true, &|_| true), Some(lot.clone()));
    let of_a_shop = shown_lot(&|_| true, &|store| store == id(1)).unwrap();
    let hidden = ["code", "status", "madeOn", "expiresOn"].map(|field| &of_a_shop[field]);
    assert_eq!(
        (hidden, &of_a_shop["id"], &of_a_shop["version"]),
        ([&Value::Null; 4], &lot["id"], &json!(3)),
        "it may be another shop's"
    );
    assert_eq!(shown_lot(&|code| code != "stock.read", &|_| true), None);
}

#[test]
fn an_exchange_is_told_to_its_owner_and_to_whoever_may_exchange_what_they_like() {
    let run = id::<entity::id::kind::ExchangeId>(1);
    let payload = json!({ "id": run, "kind": "IMPORT", "state": "DONE", "version": 3, "maker": Uuid::from_u128(7) }).to_string();
    let shown_to = |holds: bool, of_all: bool, viewer: u128| {
        let covers = |store: StoreId| of_all || store == id(1);
        let viewer = Person { id: Uuid::from_u128(viewer), holds: &|_| holds, covers: &covers, ..ALL };
        shown("exchange.finished", &payload, viewer)
    };
    let expected = json!({ "id": run, "kind": "IMPORT", "state": "DONE", "version": 3 });
    assert_eq!([shown_to(true, false, 7), shown_to(true, true, 8)], [Some(expected.clone()), Some(expected)]);
    assert_eq!(
        [shown_to(true, false, 8), shown_to(false, false, 7)],
        [None, None],
        "of others, for one store; and without the right"
    );
}

#[test]
fn a_budget_of_a_supplier_is_told_to_whoever_sets_those_of_all_stores() {
    let shown_scope = |scope: Value, covers: &dyn Fn(StoreId) -> bool| {
        let payload = json!({ "scope": scope, "isLimited": true, "version": 1 }).to_string();
        shown("replenishment_budget.set", &payload, Person { covers, ..ALL }).is_some()
    };
    let supplier = json!({ "SUPPLIER": id::<entity::id::kind::SupplierId>(5) });
    let category = json!({ "CATEGORY": id::<entity::id::kind::CategoryId>(6) });
    let store = json!({ "STORE": id::<entity::id::kind::StoreId>(1) });
    let of = |covers: &dyn Fn(StoreId) -> bool| {
        [supplier.clone(), category.clone(), store.clone(), json!("COMPANY")].map(|scope| shown_scope(scope, covers))
    };
    assert_eq!(of(&|_| true), [true; 4]);
    assert_eq!(of(&|store| store == id(1)), [false, false, true, true], "they count what all stores buy");
    assert_eq!(of(&|store| store == id(2)), [false, false, false, true]);
}

#[test]
fn what_is_not_in_the_list_is_told_to_nobody() {
    assert_eq!(shown("payroll.changed", "{}", ALL), None);
    let role = |holds: &dyn Fn(&str) -> bool| shown("role.created", "{\"id\":\"x\"}", Person { holds, ..ALL });
    assert_eq!(role(&|code| code != "role.read"), None);
    assert_eq!(role(&|code| code == "role.read"), Some(json!({ "id": "x" })));
}

#[test]
fn an_event_of_a_later_version_goes_where_its_noun_does() {
    let order = json!({ "order": id::<entity::id::kind::OrderId>(4096), "number": 7, "status": "PENDING", "store": id::<entity::id::kind::StoreId>(1),
        "channel": id::<entity::id::kind::ChannelId>(3), "customer": null, "version": 1 });
    let audience = |kind: &str, payload: &Value| {
        let event = Event { seq: 1, kind: kind.to_owned(), payload: payload.to_string(), recorded_at: Timestamp(0) };
        registry().audience(&event, &ParsedPayload::default())
    };
    let expected =
        Audience::Of(vec![Subject::of::<entity::id::kind::StoreId>(id(1)), Subject::of::<entity::id::kind::ChannelId>(id(3))]);
    for kind in ["order.created", "order.split"] {
        assert_eq!(audience(kind, &order), Some((orders::ORDERS, expected.clone())), "{kind}");
    }
    assert_eq!(audience("order.split", &json!({})), Some((orders::ORDERS, Audience::All)), "what cannot be read concerns all");
    assert_eq!(audience("payroll.changed", &order), None);
    assert_eq!(audience("product.images_changed", &json!({ "id": id::<entity::id::kind::ProductId>(9) })), None);
    let product = json!({ "id": id::<entity::id::kind::ProductId>(9), "thresholdAfter": 3 });
    assert_eq!(audience("product.updated", &product), Some((catalog::LEVELS, Audience::All)));
}
