//! Reversals of shipments that never left or were wrong: their goods are held for the order again.

use serde_json::{Value, json};

use super::{
    receipts::with,
    undo::{Office, accepted, effect, gbp, key, refused, reverse, reverse_document, undone},
};
use crate::{
    authorization::world::World,
    costing::world::Books,
    lots::shop::LotShop,
    papers::invoices::{credited, entity, issued},
    world::on_both,
};

on_both!(
    what_left_by_the_short_way_is_held_and_packed_again,
    a_parcel_that_a_work_sent_is_packed_again,
    of_two_shipments_one_is_undone,
    what_was_never_held_is_held_where_it_had_left_from,
    charges_wait_for_the_last_of_the_goods_again,
    what_arrived_or_came_back_is_a_return,
    what_is_invoiced_is_credited_before_it_is_undone,
    a_filed_order_keeps_its_shipments,
    lots_go_back_where_they_were_and_leave_again,
    costs_are_as_if_nothing_had_left,
    whoever_ships_undoes_it,
);

struct Shop<'w> {
    books: Books<'w>,
    mug: Value,
}

impl<'w> Shop<'w> {
    /// A store with `mugs` mugs.
    async fn with(world: &'w World, mugs: i64) -> Self {
        let books = Books::of(world).await;
        let mug = books.office.product("MUG", "2.00").await;
        books.receive(&mug, mugs, "2.00").await;
        Self { books, mug }
    }
    const fn office(&self) -> &Office<'w> {
        &self.books.office
    }
    async fn order_of(&self, lines: Value) -> Value {
        let input = json!({ "idempotencyKey": key(), "store": self.office().store, "status": "CONFIRMED", "lines": lines });
        let payload = self.office().mutate("orderCreate", "OrderCreateInput", "order { id lines { id } }", input).await;
        accepted(&payload, "order").clone()
    }
    /// A confirmed order of `mugs` mugs.
    async fn order(&self, mugs: i64) -> Value {
        self.order_of(json!([{ "product": self.mug, "quantity": mugs }])).await
    }
    /// Ships units of the first line, and returns the ID of the fulfilment.
    async fn ship(&self, order: &Value, quantity: i64) -> Value {
        let lines = json!([{ "lineId": order["lines"][0]["id"], "quantity": quantity }]);
        let count = self.now(order).await["fulfilments"].as_array().unwrap().len();
        self.fulfil(json!({ "id": order["id"], "lines": lines })).await["fulfilments"][count]["id"].clone()
    }
    async fn fulfil(&self, mut input: Value) -> Value {
        input["idempotencyKey"] = json!(key());
        let payload = self.office().mutate("orderFulfil", "OrderFulfilInput", "order { id }", input).await;
        self.now(accepted(&payload, "order")).await
    }
    async fn now(&self, order: &Value) -> Value {
        let query = "query($id: ID!) { order(by: { id: $id }) { id status version lines { id open fulfilled } fulfilments { id status } } }";
        self.office().execute(query, json!({ "id": order["id"] })).await["data"]["order"].clone()
    }
    /// On hand and reserved of a product, in a store.
    async fn held(&self, product: &Value, store: &Value) -> [i64; 2] {
        let query = "query($p: ID!, $s: ID!) { stockLevels(filter: { product: { eq: $p }, store: { eq: $s } }) { nodes { onHand reserved } } }";
        let answer = self.office().execute(query, json!({ "p": product["id"], "s": store["id"] })).await;
        let level = &answer["data"]["stockLevels"]["nodes"][0];
        ["onHand", "reserved"].map(|name| level[name].as_i64().unwrap_or_default())
    }
    async fn mugs(&self) -> [i64; 2] {
        self.held(&self.mug, &self.office().store).await
    }
    /// The works of an order: state and open, packed and shipped of the first line.
    async fn works(&self, order: &Value) -> Vec<Value> {
        let query = "query($of: FulfilmentWorkFilter) { fulfilmentWorks(filter: $of) { nodes { id status lines { open packed shipped } \
            parcels { id status fulfilmentId } } } }";
        let answer = self.office().execute(query, json!({ "of": { "order": { "eq": order["id"] } } })).await;
        answer["data"]["fulfilmentWorks"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer:#}")).clone()
    }
    async fn step(&self, mutation: &str, id: &Value, extra: Value) -> Value {
        let mut input = json!({ "idempotencyKey": key(), "id": id });
        extra.as_object().unwrap().iter().for_each(|(name, value)| input[name] = value.clone());
        let kind = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
        let payload = self.office().mutate(mutation, &kind, "work { id status parcels { fulfilmentId } }", input).await;
        accepted(&payload, "work").clone()
    }
}

async fn what_left_by_the_short_way_is_held_and_packed_again(world: &World) {
    let shop = Shop::with(world, 10).await;
    let order = shop.order(6).await;
    let left = shop.ship(&order, 6).await;
    assert_eq!((shop.now(&order).await["status"].as_str().unwrap(), shop.mugs().await), ("FULFILLED", [4, 0]));
    let reversal = undone(shop.office(), &left, json!({})).await;
    assert_eq!(
        (&reversal["kind"], &reversal["documentId"], &reversal["document"]["id"], &reversal["lines"][0]["lineId"]),
        (&json!("SHIPMENT"), &left, &order["id"], &order["lines"][0]["id"])
    );
    let status = &reversal["effects"][0];
    assert_eq!((&status["statusBefore"], &status["statusAfter"]), (&json!("FULFILLED"), &json!("CONFIRMED")));
    assert_eq!(["FULFILLED", "OPEN", "ON_HAND", "RESERVED"].map(|field| effect(&reversal, field)), [[-6], [6], [6], [6]]);
    let now = shop.now(&order).await;
    assert_eq!((&now["status"], &now["fulfilments"][0]["status"]), (&json!("CONFIRMED"), &json!("CANCELLED")));
    assert_eq!(shop.mugs().await, [10, 6]);
    let works = shop.works(&order).await;
    assert_eq!(works.len(), 1);
    assert_eq!(
        (&works[0]["status"], &works[0]["lines"][0]),
        (&json!("PACKED"), &json!({ "open": 0, "packed": 6, "shipped": 0 }))
    );
    refused(&reverse(shop.office(), &left, json!({})).await, "INVALID_STATE", "input.documentId");
    shop.office().is_sound().await;
    shop.step("fulfilmentWorkShip", &works[0]["id"], json!({})).await;
    assert_eq!((shop.now(&order).await["status"].as_str().unwrap(), shop.mugs().await), ("FULFILLED", [4, 0]));
    shop.office().is_sound().await;
}

async fn a_parcel_that_a_work_sent_is_packed_again(world: &World) {
    let shop = Shop::with(world, 10).await;
    let order = shop.order(6).await;
    let work = shop.works(&order).await[0]["id"].clone();
    shop.step("fulfilmentWorkPick", &work, json!({})).await;
    shop.step("fulfilmentWorkPack", &work, json!({ "parcels": [{}] })).await;
    let sent = shop.step("fulfilmentWorkShip", &work, json!({})).await;
    let left = sent["parcels"][0]["fulfilmentId"].clone();
    assert_eq!(sent["status"], "SHIPPED");
    let part = json!({ "lines": [{ "lineId": order["lines"][0]["id"], "quantity": 1 }] });
    refused(&reverse(shop.office(), &left, part).await, "INVALID", "input.lines");
    undone(shop.office(), &left, json!({})).await;
    let works = shop.works(&order).await;
    assert_eq!((works.len(), &works[0]["status"]), (1, &json!("PACKED")));
    assert_eq!(works[0]["parcels"][0]["fulfilmentId"], Value::Null);
    assert_eq!(shop.mugs().await, [10, 6]);
    shop.office().is_sound().await;
    let again = shop.step("fulfilmentWorkShip", &work, json!({})).await;
    assert_ne!(again["parcels"][0]["fulfilmentId"], left, "it is another shipment");
    shop.office().is_sound().await;
}

async fn of_two_shipments_one_is_undone(world: &World) {
    let shop = Shop::with(world, 10).await;
    let order = shop.order(6).await;
    let (first, second) = (shop.ship(&order, 2).await, shop.ship(&order, 4).await);
    let version = shop.now(&order).await["version"].as_i64().unwrap();
    let stale = reverse(shop.office(), &first, json!({ "expectedVersion": version - 1 })).await;
    refused(&stale, "VERSION_CONFLICT", "input.expectedVersion");
    undone(shop.office(), &first, json!({ "expectedVersion": version })).await;
    let now = shop.now(&order).await;
    let states: Vec<&Value> = now["fulfilments"].as_array().unwrap().iter().map(|one| &one["status"]).collect();
    assert_eq!((&now["status"], states), (&json!("PARTIALLY_FULFILLED"), vec![&json!("CANCELLED"), &json!("SHIPPED")]));
    assert_eq!((&now["lines"][0]["open"], shop.mugs().await), (&json!(2), [6, 2]));
    shop.office().is_sound().await;
    undone(shop.office(), &second, json!({})).await;
    assert_eq!((shop.now(&order).await["status"].as_str().unwrap(), shop.mugs().await), ("CONFIRMED", [10, 6]));
    shop.office().is_sound().await;
}

async fn what_was_never_held_is_held_where_it_had_left_from(world: &World) {
    let shop = Shop::with(world, 10).await;
    let annex = shop.office().new_store("ANNEX").await;
    let input = json!({ "idempotencyKey": key(), "kind": "RECEIPT", "reasonCode": "OTHER",
        "changes": [{ "product": shop.mug, "store": annex, "delta": 5 }] });
    accepted(&shop.office().mutate("stockAdjust", "StockAdjustInput", "levels { id }", input).await, "levels");
    let order = shop.order(3).await;
    let left = shop.fulfil(json!({ "id": order["id"], "store": annex })).await["fulfilments"][0]["id"].clone();
    assert_eq!((shop.mugs().await, shop.held(&shop.mug, &annex).await), ([10, 0], [2, 0]));
    undone(shop.office(), &left, json!({})).await;
    assert_eq!((shop.mugs().await, shop.held(&shop.mug, &annex).await), ([10, 0], [5, 3]));
    shop.office().is_sound().await;
}

async fn charges_wait_for_the_last_of_the_goods_again(world: &World) {
    let shop = Shop::with(world, 10).await;
    let postage = json!({ "kind": "CHARGE", "name": "Postage", "quantity": 1, "unitPrice": gbp("3.00") });
    let order = shop.order_of(json!([{ "product": shop.mug, "quantity": 6 }, postage])).await;
    let (_, last) = (shop.ship(&order, 2).await, shop.ship(&order, 4).await);
    assert_eq!(shop.now(&order).await["lines"][1]["fulfilled"], 1);
    let reversal = undone(shop.office(), &last, json!({})).await;
    assert_eq!(effect(&reversal, "FULFILLED"), [-4, -1]);
    assert_eq!(shop.now(&order).await["lines"][1]["open"], 1);
    shop.office().is_sound().await;
    shop.step("fulfilmentWorkShip", &shop.works(&order).await[0]["id"], json!({})).await;
    let now = shop.now(&order).await;
    assert_eq!((&now["status"], &now["lines"][1]["fulfilled"]), (&json!("FULFILLED"), &json!(1)));
    shop.office().is_sound().await;
}

async fn what_arrived_or_came_back_is_a_return(world: &World) {
    let shop = Shop::with(world, 20).await;
    let order = shop.order(6).await;
    let left = shop.ship(&order, 6).await;
    let lines = json!([{ "orderLineId": order["lines"][0]["id"], "quantity": 1 }]);
    let back = json!({ "idempotencyKey": key(), "store": shop.office().store, "receive": false, "lines": lines });
    let payload = shop.office().mutate("returnCreate", "ReturnCreateInput", "return { id }", back).await;
    let ret = accepted(&payload, "return")["id"].clone();
    let payload = reverse(shop.office(), &left, json!({})).await;
    refused(&payload, "IN_USE", "input.documentId");
    assert_eq!(payload["userErrors"][0]["documents"][0]["id"], ret);
    let other = shop.order(2).await;
    let left = shop.ship(&other, 2).await;
    shop.step("fulfilmentDeliver", &left, json!({})).await;
    refused(&reverse(shop.office(), &left, json!({})).await, "INVALID_STATE", "input.documentId");
    assert_eq!(shop.mugs().await, [12, 0]);
    shop.office().is_sound().await;
}

async fn what_is_invoiced_is_credited_before_it_is_undone(world: &World) {
    let shop = Shop::with(world, 20).await;
    entity(world, json!({ "code": "dock-ltd", "name": "Dock Ltd", "storeIds": [shop.office().store["id"]] })).await;
    let order = shop.order(6).await;
    let first = shop.ship(&order, 4).await;
    let invoice = issued(world, order["id"].as_str().unwrap(), "SHIPPED").await["invoice"]["id"].clone();
    let second = shop.ship(&order, 2).await;
    // Without it as many units have been shipped as are invoiced.
    undone(shop.office(), &second, json!({})).await;
    let sale = shop.books.sell(&shop.mug, 1).await;
    let of_sale = issued(world, sale["id"].as_str().unwrap(), "SHIPPED").await["invoice"]["id"].clone();
    for (document, invoice) in [(&first, &invoice), (&sale["id"], &of_sale)] {
        let payload = reverse(shop.office(), document, json!({})).await;
        refused(&payload, "IN_USE", "input.documentId");
        assert_eq!(payload["userErrors"][0]["documents"][0]["id"], *invoice);
        credited(world, invoice, json!({})).await;
        undone(shop.office(), document, json!({})).await;
    }
    // Returned units are not with the customer: two of six are, and four are invoiced.
    let back = shop.order(6).await;
    let (_, rest) = (shop.ship(&back, 4).await, shop.ship(&back, 2).await);
    let lines = json!([{ "orderLineId": back["lines"][0]["id"], "quantity": 2 }]);
    let input = json!({ "idempotencyKey": key(), "store": shop.office().store, "lines": lines });
    accepted(&shop.office().mutate("returnCreate", "ReturnCreateInput", "return { id }", input).await, "return");
    let of_four = issued(world, back["id"].as_str().unwrap(), "SHIPPED").await["invoice"]["id"].clone();
    refused(&reverse(shop.office(), &rest, json!({})).await, "IN_USE", "input.documentId");
    let two = json!({ "lines": [{ "orderLineId": back["lines"][0]["id"], "quantity": 2 }] });
    credited(world, &of_four, two).await;
    undone(shop.office(), &rest, json!({})).await;
    // An order invoiced in advance had shipped fewer units than invoiced before, too.
    let ahead = shop.order(3).await;
    let part = shop.ship(&ahead, 2).await;
    assert!(issued(world, ahead["id"].as_str().unwrap(), "ALL").await["invoice"]["id"].is_string());
    undone(shop.office(), &part, json!({})).await;
    assert_eq!(shop.mugs().await, [18, 11]);
    shop.office().is_sound().await;
}

async fn a_filed_order_keeps_its_shipments(world: &World) {
    let shop = Shop::with(world, 10).await;
    let order = shop.order(6).await;
    let left = shop.ship(&order, 6).await;
    let act = json!({ "idempotencyKey": key(), "id": order["id"] });
    accepted(&shop.office().mutate("orderClose", "ActionInput", "order { id }", act.clone()).await, "order");
    refused(&reverse(shop.office(), &left, json!({})).await, "INVALID_STATE", "input.documentId");
    let mut again = act;
    again["idempotencyKey"] = json!(key());
    accepted(&shop.office().mutate("orderReopen", "ActionInput", "order { id }", again).await, "order");
    undone(shop.office(), &left, json!({})).await;
    assert_eq!(shop.mugs().await, [10, 6]);
    shop.office().is_sound().await;
}

async fn lots_go_back_where_they_were_and_leave_again(world: &World) {
    let lot_shop = LotShop::open(world).await;
    for (code, day) in [("a", "2099-03-01"), ("b", "2099-04-01")] {
        lot_shop.receive_lot(code, 4, day).await;
    }
    let (cheese, store) = (lot_shop.cheese.clone(), lot_shop.office.store.clone());
    let before = lot_shop.lots(&cheese, &store).await;
    let desk = lot_shop.office.as_caller(lot_shop.office.caller.clone());
    let shop = Shop { books: Books::of_office(desk), mug: cheese.clone() };
    let order = shop.order(6).await;
    let left = shop.ship(&order, 6).await;
    undone(shop.office(), &left, json!({})).await;
    assert_eq!((lot_shop.lots(&cheese, &store).await, shop.mugs().await), (before, [8, 6]));
    shop.office().is_sound().await;
    shop.step("fulfilmentWorkShip", &shop.works(&order).await[0]["id"], json!({})).await;
    assert_eq!(shop.mugs().await, [2, 0]);
    shop.office().is_sound().await;
}

async fn costs_are_as_if_nothing_had_left(world: &World) {
    let shop = Shop::with(world, 5).await;
    shop.books.receive(&shop.mug, 5, "3.00").await;
    let before = shop.books.cost(&shop.mug).await;
    let order = shop.order(7).await;
    let left = shop.ship(&order, 7).await;
    let taken_cost = shop.books.cost(&shop.mug).await;
    assert_ne!(taken_cost[1], before[1]);
    undone(shop.office(), &left, json!({})).await;
    let after = shop.books.cost(&shop.mug).await;
    assert_eq!((&after[0], &after[1], &after[2]), (&before[0], &before[1], &before[2]));
    shop.step("fulfilmentWorkShip", &shop.works(&order).await[0]["id"], json!({})).await;
    assert_eq!(shop.books.cost(&shop.mug).await[1], taken_cost[1]);
    shop.office().is_sound().await;
}

async fn whoever_ships_undoes_it(world: &World) {
    let shop = Shop::with(world, 10).await;
    let order = shop.order(6).await;
    let left = shop.ship(&order, 6).await;
    let clerk = shop.office().as_caller(with(&shop.office().caller, None, &["document.reverse"]));
    let answer = reverse_document(&clerk, &left, json!({}), false).await;
    assert!(answer["errors"].to_string().contains("order.fulfil"), "{answer:#}");
    let annex = shop.office().new_store("ANNEX").await;
    let elsewhere = shop.office().as_caller(with(&shop.office().caller, Some(&annex), &["document.reverse", "order.fulfil"]));
    refused(&reverse(&elsewhere, &left, json!({})).await, "NOT_FOUND", "input.documentId");
    let here =
        with(&shop.office().caller, Some(&shop.office().store), &["document.reverse", "order.fulfil", "stock.movement.read"]);
    accepted(&reverse(&shop.office().as_caller(here), &left, json!({})).await, "documentReversal");
    assert_eq!(shop.mugs().await, [10, 6]);
    // A work's shipment is reversed by a caller who may ship works there.
    let work = shop.works(&order).await[0]["id"].clone();
    let sent = shop.step("fulfilmentWorkShip", &work, json!({})).await;
    let answer = reverse_document(&clerk, &sent["parcels"][0]["fulfilmentId"], json!({}), false).await;
    assert!(answer["errors"].to_string().contains("fulfilment.ship"), "{answer:#}");
}
