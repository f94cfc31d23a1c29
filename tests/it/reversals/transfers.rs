//! Steps of a transfer that are undone, the last one first.

use serde_json::{Value, json};

use super::{
    receipts::with,
    undo::{Office, accepted, effect, key, refused, reverse, undone},
};
use crate::{authorization::world::World, lots::shop::LotShop, world::on_both};

on_both!(
    what_arrived_is_under_way_again_also_in_part,
    what_was_sold_at_the_receiver_stays_there,
    what_was_written_off_is_still_to_come,
    what_left_is_back_and_held,
    what_was_changed_before_it_left_is_held_as_changed,
    later_steps_are_undone_first,
    lots_and_serial_numbers_go_back_the_way_they_came,
    a_serial_number_that_has_turned_up_is_not_still_to_come,
    each_end_is_undone_by_whoever_may_do_it_there,
);

const FIELDS: &str = "transfer { id status version receivedAt shippedAt lines { id quantity shipped received lost } }";

struct Van<'o, 'w> {
    office: &'o Office<'w>,
    annex: Value,
    id: Value,
}

impl<'o, 'w> Van<'o, 'w> {
    /// A transfer of units of a product from the office's store to an annex, held in the office's
    /// store.
    async fn loaded(office: &'o Office<'w>, product: &Value, quantity: i64) -> Self {
        let annex = office.new_store(&format!("ANNEX-{quantity}")).await;
        let lines = json!([{ "product": product, "quantity": quantity }]);
        let input = json!({ "idempotencyKey": key(), "fromStore": office.store, "toStore": annex, "lines": lines });
        let payload = office.mutate("transferCreate", "TransferCreateInput", FIELDS, input).await;
        let van = Self { office, annex, id: accepted(&payload, "transfer")["id"].clone() };
        van.step("transferMarkReady", "TransferActionInput", json!({})).await;
        van
    }
    async fn step(&self, mutation: &str, kind: &str, extra: Value) -> Value {
        let mut input = json!({ "idempotencyKey": key(), "id": self.id });
        extra.as_object().unwrap().iter().for_each(|(name, value)| input[name] = value.clone());
        let payload = self.office.mutate(mutation, kind, FIELDS, input).await;
        accepted(&payload, "transfer").clone()
    }
    async fn ship(&self) -> Value {
        self.step("transferShip", "TransferShipmentInput", json!({})).await
    }
    async fn receive(&self, quantity: i64) -> Value {
        let now = self.now().await;
        let lines = json!([{ "lineId": now["lines"][0]["id"], "quantity": quantity }]);
        self.step("transferReceive", "TransferShipmentInput", json!({ "lines": lines })).await
    }
    async fn close(&self) -> Value {
        self.step("transferClose", "TransferCloseInput", json!({ "reasonCode": "LOSS" })).await
    }
    async fn now(&self) -> Value {
        let query = "query($id: ID!) { node(id: $id) { ... on Transfer { id status version receivedAt shippedAt \
            lines { id quantity shipped received lost } } } }";
        self.office.execute(query, json!({ "id": self.id })).await["data"]["node"].clone()
    }
    /// The movements of a kind, the newest first.
    async fn movements(&self, kind: &str) -> Vec<Value> {
        let query = "query($id: ID!) { stockMovements(filter: { reference: { eq: $id } }) { nodes { id kind } } }";
        let answer = self.office.execute(query, json!({ "id": self.id })).await;
        let all = answer["data"]["stockMovements"]["nodes"].as_array().unwrap().clone();
        all.into_iter().filter(|one| one["kind"] == kind).map(|one| one["id"].clone()).collect()
    }
    /// Asserts that a filter by its number finds its movements, for callers who may see it.
    async fn is_found_by_number(&self, world: &World) {
        let query = "query($id: ID!) { node(id: $id) { ... on Transfer { number } } }";
        let number = self.office.execute(query, json!({ "id": self.id })).await["data"]["node"]["number"].clone();
        let digits = number.as_str().unwrap().trim_start_matches(|sign: char| !sign.is_ascii_digit());
        let query = "query($f: MovementFilter!) { stockMovements(filter: $f) { nodes { id } } }";
        let found = async |office: &Office<'_>, filter: Value| {
            let answer = office.execute(query, json!({ "f": filter })).await;
            answer["data"]["stockMovements"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer:#}")).len()
        };
        let all = found(self.office, json!({ "reference": { "eq": self.id } })).await;
        let by = |number: &str| json!({ "and": [{ "reference": { "key": [number, "SO-999999"] } }] });
        assert!(all > 1);
        assert_eq!(found(self.office, by(number.as_str().unwrap())).await, all, "{number}");
        assert!(found(self.office, by(digits)).await >= all, "{digits} is the number of documents of every kind");
        let bought = json!({ "reference": { "key": [format!("PO-{digits}")] }, "kind": ["TRANSFER_OUT"] });
        assert_eq!(found(self.office, bought).await, 0, "no purchase order sends a transfer");
        let reader = self.office.as_caller(world.ours.owner_with(&["stock.movement.read"]));
        assert_eq!(found(&reader, by(number.as_str().unwrap())).await, 0, "the transfer is not shown either");
        let both = json!({ "f": { "reference": { "key": [number], "eq": self.id } } });
        assert_eq!(self.office.execute(query, both).await["errors"][0]["code"], "BAD_USER_INPUT");
    }
    /// On hand, reserved and in transit of a product in a store.
    async fn level(&self, product: &Value, store: &Value) -> [i64; 3] {
        let query = "query($p: ID!, $s: ID!) { stockLevels(filter: { product: { eq: $p }, store: { eq: $s } }) { nodes { onHand reserved inTransit } } }";
        let answer = self.office.execute(query, json!({ "p": product["id"], "s": store["id"] })).await;
        let level = &answer["data"]["stockLevels"]["nodes"][0];
        ["onHand", "reserved", "inTransit"].map(|name| level[name].as_i64().unwrap_or_default())
    }
}

async fn stocked(office: &Office<'_>, product: &Value, store: &Value, delta: i64) {
    let kind = if delta > 0 { "RECEIPT" } else { "REMOVAL" };
    let input = json!({ "idempotencyKey": key(), "kind": kind, "reasonCode": "OTHER",
        "changes": [{ "product": product, "store": store, "delta": delta }] });
    accepted(&office.mutate("stockAdjust", "StockAdjustInput", "levels { id }", input).await, "levels");
}

async fn what_arrived_is_under_way_again_also_in_part(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    stocked(&office, &mug, &office.store, 20).await;
    let van = Van::loaded(&office, &mug, 10).await;
    van.ship().await;
    van.receive(4).await;
    let full = van.receive(6).await;
    assert_eq!(full["status"], "RECEIVED");
    let last = van.movements("TRANSFER_IN").await[0].clone();
    let line = &full["lines"][0]["id"];
    let reversal = undone(&office, &last, json!({ "lines": [{ "lineId": line, "quantity": 2 }] })).await;
    assert_eq!(
        (&reversal["kind"], &reversal["lines"][0]["quantity"], &reversal["lines"][0]["lineId"]),
        (&json!("TRANSFER_RECEIPT"), &json!(2), line)
    );
    assert_eq!(["RECEIVED", "ON_HAND", "IN_TRANSIT"].map(|field| effect(&reversal, field)), [[-2], [-2], [2]]);
    assert_eq!(
        (van.now().await["status"].as_str().unwrap(), van.level(&mug, &van.annex).await),
        ("PARTIALLY_RECEIVED", [8, 0, 2])
    );
    // The transfer's ID reverses its last step.
    undone(&office, &van.id, json!({})).await;
    assert_eq!(
        (van.now().await["status"].as_str().unwrap(), van.level(&mug, &van.annex).await),
        ("PARTIALLY_RECEIVED", [4, 0, 6])
    );
    undone(&office, &van.id, json!({})).await;
    let now = van.now().await;
    assert_eq!(
        (&now["status"], &now["receivedAt"], van.level(&mug, &van.annex).await),
        (&json!("IN_TRANSIT"), &Value::Null, [0, 0, 10])
    );
    assert_eq!(van.receive(10).await["status"], "RECEIVED");
    office.is_sound().await;
}

async fn what_was_sold_at_the_receiver_stays_there(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    stocked(&office, &mug, &office.store, 10).await;
    let van = Van::loaded(&office, &mug, 10).await;
    van.ship().await;
    van.receive(10).await;
    stocked(&office, &mug, &van.annex, -3).await;
    let payload = reverse(&office, &van.id, json!({})).await;
    refused(&payload, "IN_USE", "input.documentId");
    let error = &payload["userErrors"][0];
    assert_eq!((&error["documents"][0]["__typename"], &error["documentCount"]), (&json!("StockMovement"), &json!(1)));
    assert_eq!(van.level(&mug, &van.annex).await, [7, 0, 0]);
    office.is_sound().await;
}

async fn what_was_written_off_is_still_to_come(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    stocked(&office, &mug, &office.store, 10).await;
    let van = Van::loaded(&office, &mug, 10).await;
    van.ship().await;
    let part = van.receive(7).await;
    van.close().await;
    assert_eq!(van.level(&mug, &van.annex).await, [7, 0, 0]);
    let arrival = van.movements("TRANSFER_IN").await[0].clone();
    let payload = reverse(&office, &arrival, json!({})).await;
    refused(&payload, "IN_USE", "input.documentId");
    assert_eq!(payload["userErrors"][0]["documents"][0]["id"], van.movements("REMOVAL").await[0]);
    let reversal = undone(&office, &van.id, json!({})).await;
    assert_eq!((&reversal["kind"], effect(&reversal, "LOST")), (&json!("TRANSFER_CLOSE"), vec![-3]));
    let now = van.now().await;
    assert_eq!(
        (&now["status"], &now["receivedAt"], &now["lines"]),
        (&json!("PARTIALLY_RECEIVED"), &part["receivedAt"], &part["lines"])
    );
    assert_eq!(van.level(&mug, &van.annex).await, [7, 0, 3]);
    assert_eq!(van.receive(3).await["status"], "RECEIVED");
    office.is_sound().await;
}

async fn what_left_is_back_and_held(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    stocked(&office, &mug, &office.store, 12).await;
    let van = Van::loaded(&office, &mug, 10).await;
    let lines = json!([{ "lineId": van.now().await["lines"][0]["id"], "quantity": 6 }]);
    van.step("transferShip", "TransferShipmentInput", json!({ "lines": lines })).await;
    assert_eq!(van.level(&mug, &office.store).await, [6, 0, 0], "what did not leave was let go");
    let reversal = undone(&office, &van.id, json!({})).await;
    assert_eq!((&reversal["kind"], &reversal["lines"][0]["quantity"]), (&json!("TRANSFER_SHIPMENT"), &json!(6)));
    assert_eq!((effect(&reversal, "SHIPPED"), effect(&reversal, "RESERVED")), (vec![-6], vec![10]));
    let now = van.now().await;
    assert_eq!((&now["status"], &now["shippedAt"], &now["lines"][0]["shipped"]), (&json!("READY"), &Value::Null, &json!(0)));
    assert_eq!((van.level(&mug, &office.store).await, van.level(&mug, &van.annex).await), ([12, 10, 0], [0, 0, 0]));
    refused(&reverse(&office, &van.id, json!({})).await, "INVALID_STATE", "input.documentId");
    office.is_sound().await;
    van.ship().await;
    assert_eq!((van.level(&mug, &office.store).await, van.level(&mug, &van.annex).await), ([2, 0, 0], [0, 0, 10]));
    office.is_sound().await;
}

async fn what_was_changed_before_it_left_is_held_as_changed(world: &World) {
    let office = Office::of(world).await;
    let (mug, jug) = (office.product("MUG", "2.00").await, office.product("JUG", "3.00").await);
    for product in [&mug, &jug] {
        stocked(&office, product, &office.store, 20).await;
    }
    let van = Van::loaded(&office, &mug, 10).await;
    let lines = json!([{ "product": mug, "quantity": 6 }, { "product": jug, "quantity": 3 }]);
    van.step("transferUpdate", "TransferUpdateInput", json!({ "lines": lines })).await;
    let part = van.now().await;
    let part = json!({ "lines": [{ "lineId": part["lines"][0]["id"], "quantity": 5 }] });
    van.step("transferShip", "TransferShipmentInput", part).await;
    let levels_here = async || [van.level(&mug, &office.store).await, van.level(&jug, &office.store).await];
    assert_eq!(levels_here().await, [[15, 0, 0], [20, 0, 0]]);
    undone(&office, &van.id, json!({})).await;
    assert_eq!(levels_here().await, [[20, 6, 0], [20, 3, 0]], "what stayed behind is held again with what left");
    let lines = json!([{ "product": jug, "quantity": 0 }, { "product": mug, "quantity": 7 }]);
    van.step("transferUpdate", "TransferUpdateInput", json!({ "lines": lines })).await;
    assert_eq!(levels_here().await, [[20, 7, 0], [20, 0, 0]]);
    assert_eq!(van.ship().await["lines"][0]["shipped"], 7);
    office.is_sound().await;
}

async fn later_steps_are_undone_first(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    stocked(&office, &mug, &office.store, 10).await;
    let van = Van::loaded(&office, &mug, 10).await;
    van.ship().await;
    van.receive(4).await;
    let left = van.movements("TRANSFER_OUT").await[0].clone();
    let payload = reverse(&office, &left, json!({})).await;
    refused(&payload, "IN_USE", "input.documentId");
    assert_eq!(payload["userErrors"][0]["documents"][0]["id"], van.movements("TRANSFER_IN").await[0]);
    undone(&office, &van.id, json!({})).await;
    let line = van.now().await["lines"][0]["id"].clone();
    let some = json!({ "lines": [{ "lineId": line, "quantity": 4 }] });
    refused(&reverse(&office, &left, some).await, "INVALID", "input.lines");
    undone(&office, &left, json!({})).await;
    assert_eq!(van.level(&mug, &office.store).await, [10, 10, 0]);
    van.is_found_by_number(world).await;
    // A movement without a document is reversed by `stockReverse`.
    let query = "query($p: ID!) { stockMovements(filter: { product: { eq: $p } }) { nodes { id kind } } }";
    let all =
        office.execute(query, json!({ "p": mug["id"] })).await["data"]["stockMovements"]["nodes"].as_array().unwrap().clone();
    let row_of = |kind: &str| all.iter().find(|one| one["kind"] == kind).unwrap()["id"].clone();
    refused(&reverse(&office, &row_of("RECEIPT"), json!({})).await, "INVALID", "input.documentId");
    refused(&reverse(&office, &row_of("REVERSAL"), json!({})).await, "INVALID_STATE", "input.documentId");
    office.is_sound().await;
}

async fn lots_and_serial_numbers_go_back_the_way_they_came(world: &World) {
    let shop = LotShop::open(world).await;
    let office = &shop.office;
    for (product, lots) in [(&shop.cheese, [("a", 4), ("b", 3)]), (&shop.drill, [("S-1", 1), ("S-2", 1)])] {
        let sum: i64 = lots.iter().map(|(_, quantity)| quantity).sum();
        for (code, quantity) in lots {
            shop.adjust("RECEIPT", (product, &office.store), quantity, json!({ "code": code })).await;
        }
        let van = Van::loaded(office, product, sum).await;
        van.ship().await;
        van.receive(sum).await;
        undone(office, &van.id, json!({})).await;
        assert_eq!(van.level(product, &van.annex).await, [0, 0, sum]);
        undone(office, &van.id, json!({})).await;
        assert_eq!((van.level(product, &office.store).await, van.level(product, &van.annex).await), ([sum, sum, 0], [0, 0, 0]));
        office.is_sound().await;
        van.ship().await;
        van.receive(sum).await;
        assert_eq!(van.level(product, &van.annex).await, [sum, 0, 0]);
        office.is_sound().await;
    }
}

async fn a_serial_number_that_has_turned_up_is_not_still_to_come(world: &World) {
    let shop = LotShop::open(world).await;
    let (office, here, drill) = (&shop.office, &shop.office.store, &shop.drill);
    let input = json!({ "code": "S-1" });
    accepted(&shop.adjust("RECEIPT", (drill, here), 1, input.clone()).await, "levels");
    let lost = shop.create_held_transfer(&[(drill, 1)]).await;
    accepted(&shop.mutate_transfer("transferShip", json!({ "id": lost["id"] })).await, "transfer");
    let close = json!({ "id": lost["id"], "reasonCode": "LOSS" });
    accepted(&shop.mutate_transfer("transferClose", close.clone()).await, "transfer");
    undone(office, &lost["id"], json!({})).await;
    let twice = shop.adjust("RECEIPT", (drill, here), 1, input.clone()).await;
    refused(&twice, "DUPLICATE", "input.changes.0.lot");
    accepted(&shop.mutate_transfer("transferClose", close).await, "transfer");
    // The drill had never left the shelf.
    accepted(&shop.adjust("RECEIPT", (drill, here), 1, input).await, "levels");
    let message = refused(&reverse(office, &lost["id"], json!({})).await, "DUPLICATE", "input.documentId");
    assert!(message.contains("S-1") && message.contains("in stock already"), "{message}");
    let sent = shop.create_held_transfer(&[(drill, 1)]).await;
    accepted(&shop.mutate_transfer("transferShip", json!({ "id": sent["id"] })).await, "transfer");
    let message = refused(&reverse(office, &lost["id"], json!({})).await, "DUPLICATE", "input.documentId");
    assert!(message.contains("S-1") && message.contains("under way"), "{message}");
    accepted(&shop.mutate_transfer("transferReceive", json!({ "id": sent["id"] })).await, "transfer");
    accepted(&shop.adjust("REMOVAL", (drill, &shop.depot), -1, Value::Null).await, "levels");
    undone(office, &lost["id"], json!({})).await;
    office.is_sound().await;
}

async fn each_end_is_undone_by_whoever_may_do_it_there(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    stocked(&office, &mug, &office.store, 10).await;
    let van = Van::loaded(&office, &mug, 10).await;
    van.ship().await;
    van.receive(4).await;
    let rights = ["document.reverse", "transfer.ship", "transfer.receive", "stock.movement.read"];
    let sender = office.as_caller(with(&office.caller, Some(&office.store), &rights));
    refused(&reverse(&sender, &van.id, json!({})).await, "NOT_FOUND", "input.documentId");
    let receiver = office.as_caller(with(&office.caller, Some(&van.annex), &rights));
    accepted(&reverse(&receiver, &van.id, json!({})).await, "documentReversal");
    // A shipment of a transfer affects both stores.
    refused(&reverse(&sender, &van.id, json!({})).await, "NOT_FOUND", "input.documentId");
    accepted(&reverse(&office, &van.id, json!({})).await, "documentReversal");
    office.is_sound().await;
}
