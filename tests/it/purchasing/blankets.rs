//! Blanket orders: a year's goods are agreed with a supplier, and purchase orders call them off.

use serde_json::{Value, json};

use super::{
    amendments::{amend, of_lines},
    office::{Office, accepted, gbp, key, refused},
};
use crate::{authorization::world::World, world::on_both};

on_both!(
    a_years_mugs_are_called_off_until_nothing_is_left,
    of_call_offs_of_the_last_units_no_more_are_made_than_there_are,
    an_amendment_takes_no_more_than_is_left_and_gives_back,
    a_draft_that_changes_takes_and_gives_back,
    goods_that_are_taken_back_are_called_off_again_only_while_they_are_left,
    call_offs_keep_to_what_is_agreed,
    what_is_agreed_stays_in_its_unit,
);

const BLANKET: &str = "id number status version total { amount } validFrom validTo externalRef note reason endedAt activatedBy { __typename } \
    lines { position sku quantity calledOff left unitCost { amount } }";

/// Creates a blanket order with the office's supplier, valid for many years unless the input has
/// other dates.
pub async fn write(office: &Office<'_>, mut input: Value) -> Value {
    for (name, value) in [
        ("supplier", office.supplier.clone()),
        ("validFrom", json!("2020-01-01")),
        ("validTo", json!("2099-12-31")),
        ("idempotencyKey", json!(key())),
    ] {
        if input[name].is_null() {
            input[name] = value;
        }
    }
    office.mutate("blanketOrderCreate", "BlanketOrderCreateInput", &format!("blanketOrder {{ {BLANKET} }}"), input).await
}

pub async fn step(office: &Office<'_>, mutation: &str, blanket: &Value) -> Value {
    let input = json!({ "idempotencyKey": key(), "id": blanket["id"], "note": "agreed by telephone" });
    office.mutate(mutation, "BlanketOrderActionInput", &format!("blanketOrder {{ {BLANKET} }}"), input).await
}

/// Changes a draft.
pub async fn change(office: &Office<'_>, blanket: &Value, mut input: Value) -> Value {
    for (name, value) in [("id", blanket["id"].clone()), ("idempotencyKey", json!(key()))] {
        if input[name].is_null() {
            input[name] = value;
        }
    }
    office.mutate("blanketOrderUpdate", "BlanketOrderUpdateInput", &format!("blanketOrder {{ {BLANKET} }}"), input).await
}

/// Creates a blanket order and activates it.
pub async fn agreed(office: &Office<'_>, input: Value) -> Value {
    let draft = write(office, input).await;
    let active = step(office, "blanketOrderActivate", accepted(&draft, "blanketOrder")).await;
    accepted(&active, "blanketOrder").clone()
}

pub fn line(product: &Value, quantity: i64, cost: &str) -> Value {
    json!({ "product": product, "quantity": quantity, "unitCost": gbp(cost) })
}

/// Calls units of a product off, in a draft.
pub async fn call_off(office: &Office<'_>, blanket: &Value, product: &Value, quantity: i64) -> Value {
    called_off(
        office,
        json!({ "blanketOrder": { "id": blanket["id"] }, "lines": [{ "product": product, "quantity": quantity }] }),
    )
    .await
}

async fn called_off(office: &Office<'_>, mut input: Value) -> Value {
    for (name, value) in [("supplier", &office.supplier), ("store", &office.store)] {
        if input[name].is_null() {
            input[name] = value.clone();
        }
    }
    office.buy("purchaseOrderCreate", input).await
}

/// The blanket order's current status, and its lines' called-off quantities.
pub async fn stands(office: &Office<'_>, blanket: &Value) -> (String, Vec<Value>) {
    let query = format!("query($id: ID!) {{ blanketOrder(by: {{ id: $id }}) {{ {BLANKET} }} }}");
    let read = office.execute(&query, json!({ "id": blanket["id"] })).await;
    let found = &read["data"]["blanketOrder"];
    let status = found["status"].as_str().unwrap_or_else(|| panic!("{read:#}")).to_owned();
    (status, of_lines(found, "calledOff"))
}

pub fn state(status: &str, called_off: &[i64]) -> (String, Vec<Value>) {
    (status.to_owned(), called_off.iter().map(|one| json!(one)).collect())
}

async fn a_years_mugs_are_called_off_until_nothing_is_left(world: &World) {
    let office = Office::of(world).await;
    let (mug, plate) = (office.product("MUG", "2.00").await, office.product("PLATE", "4.00").await);
    let lines = json!([line(&mug, 100, "1.50"), line(&plate, 10, "3.00")]);
    let draft = write(&office, json!({ "lines": lines, "externalRef": "frame 2026", "note": "for the year" })).await;
    let draft = accepted(&draft, "blanketOrder").clone();
    assert!(draft["number"].as_str().unwrap().starts_with("BPO-"), "{draft:#}");
    assert_eq!((&draft["status"], &draft["total"]["amount"]), (&json!("DRAFT"), &json!("180.00")));
    let message = refused(&call_off(&office, &draft, &mug, 1).await, "INVALID_STATE", "input.blanketOrder");
    assert!(message.contains("DRAFT") && message.contains("ACTIVE"), "{message}");
    let active = step(&office, "blanketOrderActivate", &draft).await;
    let active = accepted(&active, "blanketOrder").clone();
    assert_eq!((&active["status"], &active["activatedBy"]["__typename"]), (&json!("ACTIVE"), &json!("Member")));
    refused(&step(&office, "blanketOrderActivate", &draft).await, "INVALID_STATE", "input.id");
    assert_eq!(office.level(&mug, &office.store).await, [0, 0, 0], "what is agreed is not incoming");
    // A call-off by the blanket order's number, at its price: the product's own cost differs.
    let lines = json!([{ "product": mug, "quantity": 60 }]);
    let first = called_off(&office, json!({ "blanketOrder": { "number": active["number"] }, "lines": lines })).await;
    let first = accepted(&first, "purchaseOrder").clone();
    assert_eq!((&first["lines"][0]["unitCost"]["amount"], &first["total"]["amount"]), (&json!("1.50"), &json!("90.00")));
    assert_eq!(stands(&office, &active).await, state("ACTIVE", &[60, 0]));
    let message = refused(&call_off(&office, &active, &mug, 41).await, "OUT_OF_RANGE", "input.lines.0.quantity");
    assert!(message.contains("40 of MUG"), "{message}");
    let twice = json!([{ "product": mug, "quantity": 30 }, { "product": mug, "quantity": 11 }]);
    let message = called_off(&office, json!({ "blanketOrder": { "id": active["id"] }, "lines": twice })).await;
    refused(&message, "OUT_OF_RANGE", "input.lines.1.quantity");
    let rest = json!([{ "product": mug, "quantity": 40 }, { "product": plate, "quantity": 10 }]);
    let second = called_off(&office, json!({ "blanketOrder": { "id": active["id"] }, "lines": rest, "status": "ORDERED" })).await;
    let second = accepted(&second, "purchaseOrder").clone();
    assert_eq!(office.level(&mug, &office.store).await, [0, 0, 40], "a call-off that was ordered is incoming");
    assert_eq!(stands(&office, &active).await, state("EXHAUSTED", &[100, 10]));
    let message = refused(&call_off(&office, &active, &plate, 1).await, "OUT_OF_RANGE", "input.lines.0.quantity");
    assert!(message.contains("nothing of PLATE"), "{message}");
    office.step(&second, "purchaseOrderCancel").await;
    assert_eq!(stands(&office, &active).await, state("ACTIVE", &[60, 0]), "what is cancelled comes back");
    let query = "query($id: ID!, $order: ID!) { purchaseOrders(filter: { blanketOrder: { eq: $id } }) { nodes { id } }
        purchaseOrder(by: { id: $order }) { blanketOrder { id } } }";
    let read = office.execute(query, json!({ "id": active["id"], "order": first["id"] })).await["data"].clone();
    assert_eq!(read["purchaseOrders"]["nodes"], json!([{ "id": second["id"] }, { "id": first["id"] }]));
    assert_eq!(read["purchaseOrder"]["blanketOrder"]["id"], active["id"]);
    let closed = step(&office, "blanketOrderClose", &active).await;
    let closed = accepted(&closed, "blanketOrder");
    assert_eq!((&closed["status"], &closed["reason"]), (&json!("CLOSED"), &json!("agreed by telephone")));
    refused(&call_off(&office, &active, &mug, 1).await, "INVALID_STATE", "input.blanketOrder");
    refused(&step(&office, "blanketOrderClose", &active).await, "INVALID_STATE", "input.id");
    // Orders called off before the close go on, and their cancellation changes only the figures.
    office.step(&first, "purchaseOrderSubmit").await;
    office.step(&first, "purchaseOrderCancel").await;
    assert_eq!(stands(&office, &active).await, state("CLOSED", &[0, 0]));
    office.is_sound().await;
}

async fn of_call_offs_of_the_last_units_no_more_are_made_than_there_are(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let blanket = agreed(&office, json!({ "lines": [line(&mug, 10, "1.50")] })).await;
    let (one, other) = tokio::join!(call_off(&office, &blanket, &mug, 6), call_off(&office, &blanket, &mug, 6));
    let success_count = [&one, &other].into_iter().filter(|payload| payload["userErrors"] == json!([])).count();
    assert_eq!(success_count, 1, "{one:#} {other:#}");
    let late = if one["userErrors"] == json!([]) { &other } else { &one };
    assert!(refused(late, "OUT_OF_RANGE", "input.lines.0.quantity").contains("4 of MUG"));
    let calls = (0..8).map(|_| call_off(&office, &blanket, &mug, 1));
    let all = futures_util::future::join_all(calls).await;
    let (success_count, late): (Vec<&Value>, Vec<&Value>) = all.iter().partition(|payload| payload["userErrors"] == json!([]));
    assert_eq!((success_count.len(), late.len()), (4, 4));
    for payload in late {
        refused(payload, "OUT_OF_RANGE", "input.lines.0.quantity");
    }
    assert_eq!(stands(&office, &blanket).await, state("EXHAUSTED", &[10]));
    office.is_sound().await;
}

async fn an_amendment_takes_no_more_than_is_left_and_gives_back(world: &World) {
    let office = Office::of(world).await;
    let (mug, plate, bowl) =
        (office.product("MUG", "2.00").await, office.product("PLATE", "4.00").await, office.product("BOWL", "1.00").await);
    let blanket = agreed(&office, json!({ "lines": [line(&mug, 20, "1.50"), line(&plate, 5, "3.00")] })).await;
    let lines = json!([{ "product": mug, "quantity": 15 }]);
    let out = office.ordered(json!({ "blanketOrder": { "id": blanket["id"] }, "lines": lines })).await;
    let mugs = out["lines"][0]["id"].clone();
    let set = |quantity: i64| json!({ "setLines": [{ "purchaseOrderLineId": mugs, "quantity": quantity }] });
    let message = refused(&amend(&office, &out, set(21)).await, "OUT_OF_RANGE", "input.setLines.0.quantity");
    assert!(message.contains("20 of MUG"), "{message}");
    let dearer = json!({ "setLines": [{ "purchaseOrderLineId": mugs, "unitCost": gbp("1.60") }] });
    let message = refused(&amend(&office, &out, dearer).await, "INVALID", "input.setLines.0.unitCost");
    assert!(message.contains("1.50 GBP"), "{message}");
    let strange = json!({ "addLines": [{ "product": bowl, "quantity": 1 }] });
    let message = refused(&amend(&office, &out, strange).await, "INVALID", "input.addLines.0.product");
    assert!(message.contains("BOWL"), "{message}");
    let many = json!({ "addLines": [{ "product": plate, "quantity": 6 }] });
    refused(&amend(&office, &out, many).await, "OUT_OF_RANGE", "input.addLines.0.quantity");
    assert_eq!(stands(&office, &blanket).await, state("ACTIVE", &[15, 0]), "what is refused takes nothing");
    let input = json!({ "setLines": [{ "purchaseOrderLineId": mugs, "quantity": 20 }], "addLines": [{ "product": plate, "quantity": 5 }] });
    let amended = amend(&office, &out, input).await;
    assert_eq!(of_lines(accepted(&amended, "purchaseOrder"), "unitCost"), ["1.50", "3.00"]);
    assert_eq!(stands(&office, &blanket).await, state("EXHAUSTED", &[20, 5]));
    let plates = amended["purchaseOrder"]["lines"][1]["id"].clone();
    let less = json!({ "setLines": [{ "purchaseOrderLineId": mugs, "quantity": 5 }], "cancelLines": [plates] });
    accepted(&amend(&office, &out, less).await, "purchaseOrder");
    assert_eq!(stands(&office, &blanket).await, state("ACTIVE", &[5, 0]), "what is lowered or cancelled comes back");
    accepted(&office.receive(&out, &[3]).await, "purchaseOrder");
    office.step(&out, "purchaseOrderClose").await;
    assert_eq!(stands(&office, &blanket).await, state("ACTIVE", &[3, 0]), "what will not come is not called off");
    call_offs_have_the_agreed_size(&office).await;
    office.is_sound().await;
}

/// A call-off has at least 24 jugs and a multiple of twelve, or the whole rest.
async fn call_offs_have_the_agreed_size(office: &Office<'_>) {
    let jug = office.product("JUG", "2.00").await;
    let mut terms = line(&jug, 70, "1.50");
    (terms["callOffMinimum"], terms["callOffMultiple"]) = (json!(24), json!(71));
    refused(&write(office, json!({ "lines": [terms] })).await, "OUT_OF_RANGE", "input.lines.0.callOffMultiple");
    terms["callOffMultiple"] = json!(12);
    let blanket = agreed(office, json!({ "lines": [terms] })).await;
    for few in [12, 30] {
        let message = refused(&call_off(office, &blanket, &jug, few).await, "OUT_OF_RANGE", "input.lines.0.quantity");
        assert!(message.contains("at least 24 and multiples of 12 of JUG") && message.contains("70"), "{message}");
    }
    // The rest is reported once, at the line that exceeds it.
    let much = json!([{ "product": jug, "quantity": 60 }, { "product": jug, "quantity": 13 }]);
    let much = called_off(office, json!({ "blanketOrder": { "id": blanket["id"] }, "lines": much })).await;
    refused(&much, "OUT_OF_RANGE", "input.lines.1.quantity");
    let lines = json!([{ "product": jug, "quantity": 12 }, { "product": jug, "quantity": 12 }]);
    let out = office.ordered(json!({ "blanketOrder": { "id": blanket["id"] }, "lines": lines })).await;
    let set = |quantity: i64| json!({ "setLines": [{ "purchaseOrderLineId": out["lines"][0]["id"], "quantity": quantity }] });
    refused(&amend(office, &out, set(18)).await, "OUT_OF_RANGE", "input.setLines.0.quantity");
    accepted(&amend(office, &out, set(5)).await, "purchaseOrder");
    assert_eq!(stands(office, &blanket).await, state("ACTIVE", &[17]), "what the supplier has may be lowered");
    accepted(&call_off(office, &blanket, &jug, 53).await, "purchaseOrder");
    assert_eq!(stands(office, &blanket).await, state("EXHAUSTED", &[70]), "the rest is called off as it is");
}

async fn a_draft_that_changes_takes_and_gives_back(world: &World) {
    let office = Office::of(world).await;
    let (mug, plate) = (office.product("MUG", "2.00").await, office.product("PLATE", "4.00").await);
    let blanket = agreed(&office, json!({ "lines": [line(&mug, 20, "1.50"), line(&plate, 5, "3.00")] })).await;
    let draft = accepted(&call_off(&office, &blanket, &mug, 15).await, "purchaseOrder").clone();
    let change = |lines: Value| json!({ "id": draft["id"], "lines": lines });
    let many = change(json!([{ "product": plate, "quantity": 5 }, { "product": mug, "quantity": 21 }]));
    refused(&office.buy("purchaseOrderUpdate", many).await, "OUT_OF_RANGE", "input.lines.1.quantity");
    let changed = change(json!([{ "product": plate, "quantity": 5 }, { "product": mug, "quantity": 20 }]));
    let changed = office.buy("purchaseOrderUpdate", changed).await;
    assert_eq!(accepted(&changed, "purchaseOrder")["total"]["amount"], "45.00");
    assert_eq!(stands(&office, &blanket).await, state("EXHAUSTED", &[20, 5]));
    // A note alone calls nothing off, and after the blanket order has been closed a call-off may
    // still be reduced.
    accepted(&office.buy("purchaseOrderUpdate", json!({ "id": draft["id"], "note": "soon" })).await, "purchaseOrder");
    accepted(&step(&office, "blanketOrderClose", &blanket).await, "blanketOrder");
    let fewer = office.buy("purchaseOrderUpdate", change(json!([{ "product": mug, "quantity": 4 }]))).await;
    accepted(&fewer, "purchaseOrder");
    assert_eq!(stands(&office, &blanket).await, state("CLOSED", &[4, 0]));
    let payload = office.buy("purchaseOrderUpdate", change(json!([{ "product": mug, "quantity": 5 }]))).await;
    refused(&payload, "INVALID_STATE", "input.id");
    office.is_sound().await;
}

async fn goods_that_are_taken_back_are_called_off_again_only_while_they_are_left(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let blanket = agreed(&office, json!({ "lines": [line(&mug, 20, "1.50")] })).await;
    let lines = json!([{ "product": mug, "quantity": 10 }]);
    let out =
        office.ordered(json!({ "blanketOrder": { "id": blanket["id"] }, "underDeliveryPercent": 50, "lines": lines })).await;
    let purchase_order = office.receive(&out, &[5]).await;
    let purchase_order = accepted(&purchase_order, "purchaseOrder").clone();
    assert_eq!((&purchase_order["status"], &purchase_order["lines"][0]["short"]), (&json!("RECEIVED"), &json!(5)));
    assert_eq!(stands(&office, &blanket).await, state("ACTIVE", &[5]));
    let rest = accepted(&call_off(&office, &blanket, &mug, 15).await, "purchaseOrder").clone();
    let undo = async || {
        let input = json!({ "idempotencyKey": key(), "documentId": purchase_order["receipts"][0]["id"], "note": "miscounted" });
        office.mutate("documentReverse", "DocumentReverseInput", "documentReversal { id }", input).await
    };
    let message = refused(&undo().await, "OUT_OF_RANGE", "input");
    assert!(message.contains("5 of MUG"), "all ten would be called off again: {message}");
    assert_eq!(office.level(&mug, &office.store).await, [5, 0, 0]);
    office.step(&rest, "purchaseOrderCancel").await;
    accepted(&undo().await, "documentReversal");
    assert_eq!(stands(&office, &blanket).await, state("ACTIVE", &[10]));
    assert_eq!(office.level(&mug, &office.store).await, [0, 0, 10]);
    office.is_sound().await;
}

async fn call_offs_keep_to_what_is_agreed(world: &World) {
    let office = Office::of(world).await;
    let (mug, bowl) = (office.product("MUG", "2.00").await, office.product("BOWL", "1.00").await);
    let blanket = agreed(&office, json!({ "lines": [line(&mug, 20, "1.50")] })).await;
    let input = json!({ "code": "MILL", "name": "Mill" });
    let mill = office.mutate("supplierCreate", "SupplierCreateInput", "supplier { id }", input).await;
    let mill = json!({ "id": accepted(&mill, "supplier")["id"] });
    let lines = json!([{ "product": mug, "quantity": 1 }]);
    let input_for = |blanket: Value| json!({ "blanketOrder": blanket, "lines": lines });
    let mut others = input_for(json!({ "id": blanket["id"] }));
    others["supplier"] = mill;
    refused(&called_off(&office, others).await, "INVALID", "input.blanketOrder");
    let mut euros = input_for(json!({ "id": blanket["id"] }));
    euros["currencyCode"] = json!("EUR");
    assert!(refused(&called_off(&office, euros).await, "INVALID", "input.blanketOrder").contains("GBP"));
    for named in [json!({ "id": world.theirs.ids["bor"] }), json!({ "number": "BPO-999999" }), json!({ "number": "what?" })] {
        let field = format!("input.blanketOrder.{}", if named["id"].is_null() { "number" } else { "id" });
        refused(&called_off(&office, input_for(named)).await, "NOT_FOUND", &field);
    }
    let by = |cost: &str| json!([{ "product": mug, "quantity": 1, "unitCost": gbp(cost) }]);
    let dear = json!({ "blanketOrder": { "id": blanket["id"] }, "lines": by("1.51") });
    assert!(refused(&called_off(&office, dear).await, "INVALID", "input.lines.0.unitCost").contains("1.50 GBP"));
    let same = json!({ "blanketOrder": { "id": blanket["id"] }, "lines": by("1.50") });
    accepted(&called_off(&office, same).await, "purchaseOrder");
    assert!(refused(&call_off(&office, &blanket, &bowl, 1).await, "INVALID", "input.lines.0.product").contains("BOWL"));
    refused(&call_off(&office, &blanket, &mug, 0).await, "OUT_OF_RANGE", "input.lines.0.quantity");
    let before = world.dump(office.caller.tenant).await;
    let dry = "mutation($input: PurchaseOrderCreateInput!) { purchaseOrderCreate(input: $input, validateOnly: true) {
        purchaseOrder { number total { amount } blanketOrder { id } } userErrors { code message field } } }";
    let mut input = input_for(json!({ "id": blanket["id"] }));
    (input["idempotencyKey"], input["supplier"], input["store"]) = (json!(key()), office.supplier.clone(), office.store.clone());
    let foreseen = office.execute(dry, json!({ "input": input })).await["data"]["purchaseOrderCreate"].clone();
    assert_eq!(accepted(&foreseen, "purchaseOrder")["total"]["amount"], "1.50", "{foreseen:#}");
    assert_eq!(world.dump(office.caller.tenant).await, before, "a dry run writes nothing");
    let once = called_off(&office, input.clone()).await;
    let again = called_off(&office, input).await;
    assert_eq!((&again["replayed"], &again["purchaseOrder"]["id"]), (&json!(true), &once["purchaseOrder"]["id"]));
    assert_eq!(stands(&office, &blanket).await, state("ACTIVE", &[2]), "a repeated call takes nothing more");
    // Another company does not see it.
    let query = "query($id: ID!) { blanketOrder(by: { id: $id }) { id } node(id: $id) { id } }";
    let theirs = world.execute(&world.theirs, Some(world.theirs.owner.clone()), query, &json!({ "id": blanket["id"] })).await;
    assert_eq!(theirs["data"], json!({ "blanketOrder": null, "node": null }), "{theirs:#}");
    office.is_sound().await;
}

async fn what_is_agreed_stays_in_its_unit(world: &World) {
    let office = Office::of(world).await;
    let (mug, jug) = (office.product("MUG", "2.00").await, office.product("JUG", "2.00").await);
    let blanket = agreed(&office, json!({ "lines": [line(&mug, 20, "1.50"), line(&jug, 5, "2.50")] })).await;
    let update = async |name: &str, value: Value| {
        let mut input = json!({ "id": mug["id"], "expectedVersion": 1 });
        input[name] = value;
        let query = "mutation($input: ProductUpdateInput!) { productUpdate(input: $input, validateOnly: true) { userErrors { code message field } } }";
        office.execute(query, json!({ "input": input })).await["data"]["productUpdate"].clone()
    };
    let kilos = json!({ "code": "kg", "decimals": 3 });
    let message = refused(&update("unit", kilos.clone()).await, "IN_USE", "input.unit");
    assert!(message.contains("blanket orders"), "{message}");
    refused(&update("stockPolicy", json!("UNTRACKED")).await, "IN_USE", "input.stockPolicy");
    // An archived product is not called off any more, and keeps nothing from being changed.
    let input = json!({ "id": jug["id"] });
    accepted(&office.mutate("productArchive", "ProductArchiveInput", "product { id }", input).await, "product");
    refused(&call_off(&office, &blanket, &jug, 1).await, "INVALID_STATE", "input.lines.0.product");
    accepted(&step(&office, "blanketOrderClose", &blanket).await, "blanketOrder");
    assert_eq!(update("unit", kilos).await["userErrors"], json!([]));
    office.is_sound().await;
}
