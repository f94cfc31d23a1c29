//! Lists with a limit tell by a field whether there are more items.

use entity::{
    prelude::{OrderId, ParcelId},
    tables::{carrier, cost_layer, document_reversal, order_step, paper, parcel, store},
};
use entrepot::storage::Finds;
use serde_json::{Value, json};

use crate::{
    authorization::world::World,
    costing::world::Books,
    purchasing::office::{Office, accepted, key, refused},
    reversals::undo::reverse,
    world::on_both,
};

on_both!(
    an_order_says_that_it_has_more_papers_and_steps,
    a_receipt_says_that_more_was_taken_back_of_it,
    a_cost_says_that_units_lie_in_more_layers,
    an_explanation_says_that_more_is_held,
    a_note_says_that_it_was_edited_more_often,
    sourcing_says_that_there_are_more_stores,
    a_company_has_no_more_carriers_than_are_listed,
    a_company_that_had_more_carriers_before_the_limit_is_shown_all,
    an_order_that_left_in_many_parcels_is_one_match,
);

/// Length of a list, and the field that tells whether there are more items.
fn list_facts(document: &Value, list: &str, sign: &str) -> (Option<usize>, Option<bool>) {
    (document[list].as_array().map(Vec::len), document[sign].as_bool())
}

async fn an_order_says_that_it_has_more_papers_and_steps(world: &World) {
    let office = Office::of(world).await;
    let order = world.ours.ids["ord"].as_str();
    let query =
        "query($id: ID!) { order(by: { id: $id }) { version papers { id } hasMorePapers steps { action } hasMoreSteps } }";
    let read = async || office.execute(query, json!({ "id": order })).await["data"]["order"].clone();
    let input = json!({ "idempotencyKey": key(), "id": order, "expectedVersion": read().await["version"], "noteForCustomer": "Ring twice" });
    accepted(&office.mutate("orderUpdate", "OrderUpdateInput", "order { id }", input).await, "order");
    let before = read().await;
    assert_eq!((&before["hasMorePapers"], &before["hasMoreSteps"]), (&json!(false), &json!(false)), "{before:#}");

    let scope = world.node.db.tenant(world.ours.owner.tenant);
    let papers = scope.all(scope.find::<paper::Entity>()).await.unwrap();
    let confirmation = papers.into_iter().find(|paper| paper.target_kind == "ord").unwrap();
    let id: OrderId = order.parse().unwrap();
    let steps = scope.all(scope.find::<order_step::Entity>()).await.unwrap();
    let step = steps.into_iter().filter(|step| step.order_id == id).max_by_key(|step| (step.version, step.nth)).unwrap();
    let work = scope.begin().await.unwrap();
    for _ in 0..50 {
        work.insert::<paper::Entity>(paper::Model { id: world.node.clock.id(), ..confirmation.clone() }).await.unwrap();
    }
    for nth in 1..=250 {
        work.insert::<order_step::Entity>(order_step::Model { nth: step.nth + nth, ..step.clone() }).await.unwrap();
    }
    work.commit().await.unwrap();
    let after = read().await;
    assert_eq!(list_facts(&after, "papers", "hasMorePapers"), (Some(50), Some(true)));
    assert_eq!(list_facts(&after, "steps", "hasMoreSteps"), (Some(251), Some(true)), "the first one and the latest 250");
    assert_eq!(after["steps"][0], before["steps"][0], "the order was placed");
}

async fn a_receipt_says_that_more_was_taken_back_of_it(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let ordered = office.ordered(json!({ "lines": [{ "product": mug, "quantity": 10 }] })).await;
    let payload = office.receive(&ordered, &[10]).await;
    let receipt = accepted(&payload, "purchaseOrder")["receipts"][0]["id"].clone();
    let one = json!({ "lines": [{ "lineId": ordered["lines"][0]["id"], "quantity": 1 }] });
    accepted(&reverse(&office, &receipt, one).await, "documentReversal");
    let query = "query($id: ID!) { purchaseOrder(by: { id: $id }) { receipts { reversedBy { id } hasMoreReversals } } }";
    let read = async |office: &Office<'_>| {
        let answer = office.execute(query, json!({ "id": ordered["id"] })).await;
        answer["data"]["purchaseOrder"]["receipts"][0].clone()
    };
    assert_eq!(list_facts(&read(&office).await, "reversedBy", "hasMoreReversals"), (Some(1), Some(false)));

    let scope = world.node.db.tenant(world.ours.owner.tenant);
    let all = scope.all(scope.find::<document_reversal::Entity>()).await.unwrap();
    let newest = all.into_iter().max_by_key(|reversal| reversal.number).unwrap();
    let work = scope.begin().await.unwrap();
    for nth in 1..=50 {
        let row = document_reversal::Model { id: world.node.clock.id(), number: newest.number + 1_000 + nth, ..newest.clone() };
        work.insert::<document_reversal::Entity>(row).await.unwrap();
    }
    work.commit().await.unwrap();
    assert_eq!(list_facts(&read(&office).await, "reversedBy", "hasMoreReversals"), (Some(50), Some(true)));
    let blind = office.as_caller(world.ours.owner_with(&["purchase.read"]));
    assert_eq!(list_facts(&read(&blind).await, "reversedBy", "hasMoreReversals"), (None, None), "without stock.movement.read");
}

async fn a_cost_says_that_units_lie_in_more_layers(world: &World) {
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "2.00").await;
    books.receive(&mug, 1, "2.00").await;
    let query = "query($p: ProductRef!) { productCost(product: $p) { layers { quantity } hasMoreLayers } }";
    let read = async || books.office.execute(query, json!({ "p": mug })).await["data"]["productCost"].clone();
    assert_eq!(list_facts(&read().await, "layers", "hasMoreLayers"), (Some(1), Some(false)));
    let scope = world.node.db.tenant(world.ours.owner.tenant);
    let layers = scope.all(scope.find::<cost_layer::Entity>()).await.unwrap();
    let layer = layers.into_iter().max_by_key(|layer| layer.seq).unwrap();
    let work = scope.begin().await.unwrap();
    for nth in 1..=250 {
        work.insert::<cost_layer::Entity>(cost_layer::Model { line: layer.line + nth, ..layer.clone() }).await.unwrap();
    }
    work.commit().await.unwrap();
    assert_eq!(list_facts(&read().await, "layers", "hasMoreLayers"), (Some(250), Some(true)));
}

async fn an_explanation_says_that_more_is_held(world: &World) {
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "2.00").await;
    books.receive(&mug, 300, "2.00").await;
    let hold = async |count: usize| {
        let item = json!({ "product": mug, "store": books.office.store, "quantity": 1 });
        let input = json!({ "idempotencyKey": key(), "items": vec![item; count] });
        accepted(&books.office.mutate("stockReserve", "StockReserveInput", "reservations { id }", input).await, "reservations");
    };
    let query = "query($p: ProductRef!, $s: StoreRef!) { availabilityExplanation(product: $p, store: $s) {
        reserved reservations { quantity } hasMoreReservations reservedOther } }";
    let read = async || {
        let answer = books.office.execute(query, json!({ "p": mug, "s": books.office.store })).await;
        answer["data"]["availabilityExplanation"].clone()
    };
    hold(250).await;
    let all = read().await;
    assert_eq!(list_facts(&all, "reservations", "hasMoreReservations"), (Some(250), Some(false)));
    assert_eq!((&all["reserved"], &all["reservedOther"]), (&json!(250), &json!(0)));
    hold(1).await;
    let most = read().await;
    assert_eq!(list_facts(&most, "reservations", "hasMoreReservations"), (Some(250), Some(true)));
    assert_eq!((&most["reserved"], &most["reservedOther"]), (&json!(251), &json!(1)));
}

async fn a_note_says_that_it_was_edited_more_often(world: &World) {
    let office = Office::of(world).await;
    let fields = "note { id version edits { text } hasMoreEdits }";
    let input = json!({ "idempotencyKey": key(), "nodeId": world.ours.ids["cus"], "text": "Calls on Mondays" });
    let mut note = accepted(&office.mutate("noteAdd", "NoteAddInput", fields, input).await, "note").clone();
    assert_eq!(list_facts(&note, "edits", "hasMoreEdits"), (Some(0), Some(false)));
    for nth in 1..=51 {
        let input = json!({ "id": note["id"], "expectedVersion": note["version"], "text": format!("Calls at {nth}") });
        note = accepted(&office.mutate("noteUpdate", "NoteUpdateInput", fields, input).await, "note").clone();
        assert_eq!(list_facts(&note, "edits", "hasMoreEdits"), (Some(nth.min(50)), Some(nth > 50)));
    }
}

async fn sourcing_says_that_there_are_more_stores(world: &World) {
    let office = Office::of(world).await;
    let query = "{ sourcing { stores { priority } hasMoreStores } }";
    let few = office.execute(query, json!({})).await["data"]["sourcing"].clone();
    assert_eq!(few["hasMoreStores"], false, "{few:#}");
    let scope = world.node.db.tenant(world.ours.owner.tenant);
    let known = scope.all(scope.find::<store::Entity>()).await.unwrap().remove(0);
    let work = scope.begin().await.unwrap();
    for nth in 0..1_000 {
        let code = format!("kiosk-{nth}");
        let row = store::Model { id: world.node.clock.id(), code_key: code.clone(), code, archived_at: None, ..known.clone() };
        work.insert::<store::Entity>(row).await.unwrap();
    }
    work.commit().await.unwrap();
    let many = office.execute(query, json!({})).await["data"]["sourcing"].clone();
    assert_eq!(list_facts(&many, "stores", "hasMoreStores"), (Some(1_000), Some(true)));
}

async fn a_company_has_no_more_carriers_than_are_listed(world: &World) {
    let office = Office::of(world).await;
    let scope = world.node.db.tenant(world.ours.owner.tenant);
    let known = scope.all(scope.find::<carrier::Entity>()).await.unwrap();
    let work = scope.begin().await.unwrap();
    for nth in known.len()..499 {
        let code = format!("van-{nth}");
        let row = carrier::Model { id: world.node.clock.id(), code_key: code.clone(), code, ..known[0].clone() };
        work.insert::<carrier::Entity>(row).await.unwrap();
    }
    work.commit().await.unwrap();
    let upsert = async |code: &str| {
        let input = json!({ "idempotencyKey": key(), "code": code, "name": "Post" });
        office.mutate("carrierUpsert", "CarrierUpsertInput", "carrier { code }", input).await
    };
    accepted(&upsert("LAST").await, "carrier");
    refused(&upsert("MORE").await, "LIMIT_EXCEEDED", "input");
    accepted(&upsert("last").await, "carrier");
    let query = "{ carriersList(first: 1) { totalCount { count } } }";
    assert_eq!(office.execute(query, json!({})).await["data"]["carriersList"]["totalCount"]["count"], 500);
}

async fn a_company_that_had_more_carriers_before_the_limit_is_shown_all(world: &World) {
    let office = Office::of(world).await;
    let scope = world.node.db.tenant(world.ours.owner.tenant);
    let known = scope.all(scope.find::<carrier::Entity>()).await.unwrap();
    let work = scope.begin().await.unwrap();
    for nth in known.len()..502 {
        let code = format!("van-{nth:03}");
        let row = carrier::Model { id: world.node.clock.id(), code_key: code.clone(), code, ..known[0].clone() };
        work.insert::<carrier::Entity>(row).await.unwrap();
    }
    work.commit().await.unwrap();
    let query = "{ carriers { code } carriersList(last: 1) { nodes { code } pageInfo { hasNextPage } totalCount { count } } }";
    let answer = office.execute(query, json!({})).await["data"].clone();
    assert_eq!(answer["carriers"].as_array().map(Vec::len), Some(502));
    let last = json!({ "nodes": [{ "code": "van-501" }], "pageInfo": { "hasNextPage": false }, "totalCount": { "count": 502 } });
    assert_eq!(answer["carriersList"], last);
    let upsert = async |code: &str| {
        let input = json!({ "idempotencyKey": key(), "code": code, "name": "Post" });
        office.mutate("carrierUpsert", "CarrierUpsertInput", "carrier { name }", input).await
    };
    refused(&upsert("MORE").await, "LIMIT_EXCEEDED", "input");
    assert_eq!(accepted(&upsert("van-501").await, "carrier")["name"], "Post", "each of them can be changed");
}

async fn an_order_that_left_in_many_parcels_is_one_match(world: &World) {
    let office = Office::of(world).await;
    let scope = world.node.db.tenant(world.ours.owner.tenant);
    let id: ParcelId = world.ours.ids["pcl"].parse().unwrap();
    let parcels = scope.all(scope.find::<parcel::Entity>()).await.unwrap();
    let left = parcels.into_iter().find(|parcel| parcel.id == id).unwrap();
    assert!(left.fulfilment_id.is_some(), "it has left");
    let number = Some("1Z999AA10123456784".to_owned());
    let work = scope.begin().await.unwrap();
    for nth in 1..=21 {
        let (id, position) = (world.node.clock.id(), left.position + nth);
        let row = parcel::Model { id, position, tracking_number: number.clone(), ..left.clone() };
        work.insert::<parcel::Entity>(row).await.unwrap();
    }
    work.commit().await.unwrap();
    let query = "query($code: String!, $kinds: [SearchKind!]) { scanCode(code: $code, kinds: $kinds) { matches { kind } hasMoreMatches } }";
    let scan = async |kinds: Value| {
        let answer = office.execute(query, json!({ "code": number, "kinds": kinds })).await;
        list_facts(&answer["data"]["scanCode"], "matches", "hasMoreMatches")
    };
    assert_eq!(scan(json!(["ORDER"])).await, (Some(1), Some(false)));
    assert_eq!(scan(json!(["PARCEL"])).await, (Some(20), Some(true)));
    assert_eq!(scan(Value::Null).await, (Some(21), Some(true)), "the order, and the first parcels");
}
