//! Purchase orders after they were ordered: lines that are added, changed and cancelled.

use entrepot::{
    access::{Caller, PermissionSet, REGISTRY},
    insight::verify::verify_transaction,
};
use serde_json::{Value, json};

use super::office::{Office, accepted, gbp, key, refused};
use crate::{authorization::world::World, world::on_both};

on_both!(
    lines_are_added_changed_and_cancelled_and_incoming_follows,
    what_has_come_of_a_line_bounds_what_becomes_of_it,
    a_new_cost_is_of_what_has_yet_to_come,
    charges_stay_with_the_receipts_that_carry_them,
    an_order_becomes_dearer_only_by_one_who_approves,
    of_ten_amendments_of_one_version_one_is_made,
    goods_that_are_taken_back_are_awaited_again_but_no_cancelled_line,
    the_page_names_the_revision_and_what_changed_in_it,
);

pub const FIELDS: &str = "id number status version revision expectedOn externalRef confirmedAt note allowedActions total { amount } goodsTotal { amount } \
    lines { id sku quantity received open short unitCost { amount } total { amount } charges { amount } expectedOn expectedFrom confirmedOn \
      confirmedQuantity promisedShort revision cancelledAt } discrepancies { kind quantity }";

/// The payload of an amendment.
pub async fn amend(office: &Office<'_>, order: &Value, mut input: Value) -> Value {
    input["id"] = order["id"].clone();
    if input["idempotencyKey"].is_null() {
        input["idempotencyKey"] = json!(key());
    }
    office.mutate("purchaseOrderAmend", "PurchaseOrderAmendInput", &format!("purchaseOrder {{ {FIELDS} }}"), input).await
}

/// A figure of each line.
pub fn of_lines(order: &Value, name: &str) -> Vec<Value> {
    let lines = order["lines"].as_array().unwrap_or_else(|| panic!("{order:#}"));
    lines
        .iter()
        .map(|line| if line[name]["amount"].is_string() { line[name]["amount"].clone() } else { line[name].clone() })
        .collect()
}

fn line(order: &Value, index: usize) -> Value {
    order["lines"][index]["id"].clone()
}

async fn lines_are_added_changed_and_cancelled_and_incoming_follows(world: &World) {
    let office = Office::of(world).await;
    let (mug, plate, bowl) =
        (office.product("MUG", "2.00").await, office.product("PLATE", "3.00").await, office.product("BOWL", "1.00").await);
    let out = office.ordered(json!({ "lines": [{ "product": mug, "quantity": 10 }, { "product": plate, "quantity": 5 }] })).await;
    let change = json!({ "idempotencyKey": key(), "id": out["id"], "expectedVersion": out["version"], "note": "less china", "reason": "the shelf is full",
        "setLines": [{ "purchaseOrderLineId": line(&out, 0), "quantity": 12 }], "addLines": [{ "product": bowl, "quantity": 4 }], "cancelLines": [line(&out, 1)] });
    let before = world.dump(office.caller.tenant).await;
    let dry = format!(
        "mutation($input: PurchaseOrderAmendInput!) {{ purchaseOrderAmend(input: $input, validateOnly: true) {{ purchaseOrder {{ {FIELDS} }} userErrors {{ code message field }} }} }}"
    );
    let foreseen = office.execute(&dry, json!({ "input": change })).await["data"]["purchaseOrderAmend"].clone();
    assert_eq!(accepted(&foreseen, "purchaseOrder")["revision"], 2);
    assert_eq!(world.dump(office.caller.tenant).await, before, "a dry run writes nothing");
    let payload = amend(&office, &out, change.clone()).await;
    let amended = accepted(&payload, "purchaseOrder");
    assert_eq!(
        (&amended["status"], &amended["revision"], &amended["note"]),
        (&json!("ORDERED"), &json!(2), &json!("less china"))
    );
    assert_eq!(of_lines(amended, "quantity"), [12, 5, 4]);
    assert_eq!(
        (of_lines(amended, "open"), of_lines(amended, "short")),
        (vec![json!(12), json!(0), json!(4)], vec![json!(0), json!(5), json!(0)])
    );
    assert_eq!(of_lines(amended, "revision"), [2, 2, 2]);
    assert!(amended["lines"][1]["cancelledAt"].is_string() && amended["lines"][0]["cancelledAt"].is_null());
    assert_eq!((&amended["goodsTotal"]["amount"], &amended["total"]["amount"]), (&json!("28.00"), &json!("28.00")));
    for (product, incoming) in [(&mug, 12), (&plate, 0), (&bowl, 4)] {
        assert_eq!(office.level(product, &office.store).await, [0, 0, incoming]);
    }
    assert_eq!(amend(&office, &out, change).await["replayed"], true, "the key answers again");
    office.is_sound().await;
    what_no_change_led_to_is_named(world).await;
    // The version that was seen is another one by now.
    let late_input = json!({ "expectedVersion": out["version"], "note": "late" });
    refused(&amend(&office, &out, late_input).await, "VERSION_CONFLICT", "input.expectedVersion");
    let input = json!({ "id": out["id"], "lines": [{ "purchaseOrderLineId": line(amended, 1), "quantity": 1 }] });
    let message = refused(&office.buy("purchaseOrderReceive", input).await, "INVALID_STATE", "input.lines.0.lineId");
    assert!(message.contains("PLATE"), "{message}");
    let twice = json!({ "cancelLines": [line(amended, 1)] });
    refused(&amend(&office, &out, twice).await, "INVALID_STATE", "input.cancelLines.0");
    let purchase_order = office.buy("purchaseOrderReceive", json!({ "id": out["id"] })).await;
    let purchase_order = accepted(&purchase_order, "purchaseOrder");
    assert_eq!(
        (&purchase_order["status"], &purchase_order["discrepancies"]),
        (&json!("RECEIVED"), &json!([])),
        "a cancelled line is not waited for"
    );
    refused(&amend(&office, &out, json!({ "note": "too late" })).await, "INVALID_STATE", "input.id");
    office.is_sound().await;
}

/// Changes of rows that no recorded change of their fields explains are named by the proof.
async fn what_no_change_led_to_is_named(world: &World) {
    for sql in [
        "UPDATE purchase_order_line SET quantity = quantity + 1, most = most + 1, open = open + 1 WHERE tenant_id = $1 AND revision = 2 AND open > 0",
        "UPDATE purchase_order_line SET unit_cost_minor = unit_cost_minor + 1 WHERE tenant_id = $1 AND revision = 2",
        "UPDATE purchase_order SET revision = revision + 1 WHERE tenant_id = $1 AND revision = 2",
        "UPDATE product SET price_minor = price_minor + 1 WHERE tenant_id = $1",
        "UPDATE supplier SET name = name || '!' WHERE tenant_id = $1",
    ] {
        let work = world.node.db.global().maintenance_for(world.ours.owner.tenant).await.unwrap();
        assert!(work.execute(sql, vec![]).await.unwrap() > 0, "{sql}");
        let (work, report) = verify_transaction(&world.node.db, work, |_| {}).await.unwrap();
        work.rollback().await.unwrap();
        assert!(report.broken_lines().any(|line| line.invariant.starts_with("audit: changed fields")), "{sql}: {report}");
    }
}

async fn what_has_come_of_a_line_bounds_what_becomes_of_it(world: &World) {
    let office = Office::of(world).await;
    let (mug, plate) = (office.product("MUG", "2.00").await, office.product("PLATE", "3.00").await);
    let out = office.ordered(json!({ "lines": [{ "product": mug, "quantity": 10 }, { "product": plate, "quantity": 5 }] })).await;
    accepted(&office.receive(&out, &[4, 0]).await, "purchaseOrder");
    let set =
        |index: usize, quantity: i64| json!({ "setLines": [{ "purchaseOrderLineId": line(&out, index), "quantity": quantity }] });
    let message = refused(&amend(&office, &out, set(0, 3)).await, "OUT_OF_RANGE", "input.setLines.0.quantity");
    assert!(message.contains("4 of MUG") && message.contains("documentReverse"), "{message}");
    let message = refused(&amend(&office, &out, set(1, 0)).await, "OUT_OF_RANGE", "input.setLines.0.quantity");
    assert!(message.contains("cancelLines"), "{message}");
    let message =
        refused(&amend(&office, &out, json!({ "cancelLines": [line(&out, 0)] })).await, "INVALID_STATE", "input.cancelLines.0");
    assert!(message.contains("setLines"), "{message}");
    refused(&amend(&office, &out, json!({})).await, "INVALID", "input");
    let named_twice =
        json!({ "setLines": [{ "purchaseOrderLineId": line(&out, 1), "quantity": 4 }], "cancelLines": [line(&out, 1)] });
    refused(&amend(&office, &out, named_twice).await, "INVALID", "input.cancelLines.0");
    let theirs = json!({ "setLines": [{ "purchaseOrderLineId": world.theirs.ids["pol"], "quantity": 4 }] });
    refused(&amend(&office, &out, theirs).await, "NOT_FOUND", "input.setLines.0.lineId");
    let euros = json!({ "setLines": [{ "purchaseOrderLineId": line(&out, 1), "unitCost": { "amount": "1.00", "currencyCode": "EUR" } }] });
    refused(&amend(&office, &out, euros).await, "INVALID", "input.setLines.0.unitCost");
    let nothing = json!({ "addLines": [{ "product": mug, "quantity": 0 }] });
    refused(&amend(&office, &out, nothing).await, "OUT_OF_RANGE", "input.addLines.0.quantity");
    assert_eq!(office.level(&mug, &office.store).await, [4, 0, 6], "what is refused changes nothing");
    // A line whose quantity is reduced to the received units is complete, and so is the order once
    // the other line is cancelled.
    let less = json!({ "setLines": [{ "purchaseOrderLineId": line(&out, 0), "quantity": 4 }], "cancelLines": [line(&out, 1)] });
    let payload = amend(&office, &out, less).await;
    let less = accepted(&payload, "purchaseOrder");
    assert_eq!(
        (&less["status"], &less["total"]["amount"], &less["discrepancies"]),
        (&json!("RECEIVED"), &json!("8.00"), &json!([]))
    );
    assert_eq!((office.level(&mug, &office.store).await, office.level(&plate, &office.store).await), ([4, 0, 0], [0, 0, 0]));
    office.is_sound().await;
    let alone = office.ordered(json!({ "lines": [{ "product": mug, "quantity": 10 }] })).await;
    let message =
        refused(&amend(&office, &alone, json!({ "cancelLines": [line(&alone, 0)] })).await, "INVALID_STATE", "input.cancelLines");
    assert!(message.contains("purchaseOrderCancel"), "{message}");
    let draft = office.draft(json!([{ "product": mug, "quantity": 10 }])).await;
    refused(&amend(&office, &draft, json!({ "note": "soon" })).await, "INVALID_STATE", "input.id");
}

async fn a_new_cost_is_of_what_has_yet_to_come(world: &World) {
    let office = Office::of(world).await;
    let (mug, plate) = (office.product("MUG", "2.00").await, office.product("PLATE", "3.00").await);
    let out = office.ordered(json!({ "lines": [{ "product": mug, "quantity": 10 }, { "product": plate, "quantity": 5 }] })).await;
    accepted(&office.receive(&out, &[4, 0]).await, "purchaseOrder");
    let dearer = json!({ "setLines": [{ "purchaseOrderLineId": line(&out, 0), "unitCost": gbp("3.00") }, { "purchaseOrderLineId": line(&out, 1), "unitCost": gbp("2.50") }] });
    let payload = amend(&office, &out, dearer).await;
    let amended = accepted(&payload, "purchaseOrder");
    assert_eq!(of_lines(amended, "quantity"), [4, 5, 6]);
    assert_eq!(of_lines(amended, "unitCost"), ["2.00", "2.50", "3.00"]);
    assert_eq!(of_lines(amended, "total"), ["8.00", "12.50", "18.00"]);
    assert_eq!((of_lines(amended, "open"), &amended["total"]["amount"]), (vec![json!(0), json!(5), json!(6)], &json!("38.50")));
    assert_eq!(office.level(&mug, &office.store).await, [4, 0, 6]);
    let whole = json!({ "setLines": [{ "purchaseOrderLineId": line(amended, 0), "unitCost": gbp("9.00") }] });
    refused(&amend(&office, &out, whole).await, "INVALID_STATE", "input.setLines.0.unitCost");
    let rest = office.buy("purchaseOrderReceive", json!({ "id": out["id"] })).await;
    let rest = accepted(&rest, "purchaseOrder");
    let landed: Vec<&Value> =
        rest["receipts"][1]["lines"].as_array().unwrap().iter().map(|line| &line["landedTotal"]["amount"]).collect();
    assert_eq!((landed, &rest["status"]), (vec![&json!("12.50"), &json!("18.00")], &json!("RECEIVED")));
    office.is_sound().await;
}

async fn charges_stay_with_the_receipts_that_carry_them(world: &World) {
    let office = Office::of(world).await;
    let mut products = Vec::new();
    for sku in ["MUG", "PLATE", "BOWL"] {
        products.push(office.product(sku, "1.00").await);
    }
    let lines: Vec<Value> = products[..2].iter().map(|product| json!({ "product": product, "quantity": 10 })).collect();
    let charges = json!([{ "kind": "FREIGHT", "amount": gbp("10.00") }]);
    let out = office.ordered(json!({ "lines": lines, "charges": charges })).await;
    let first = office.receive(&out, &[10, 0]).await;
    assert_eq!(accepted(&first, "purchaseOrder")["receipts"][0]["lines"][0]["landedTotal"]["amount"], "15.00");
    let payload = amend(&office, &out, json!({ "addLines": [{ "product": products[2], "quantity": 10 }] })).await;
    let amended = accepted(&payload, "purchaseOrder");
    assert_eq!(
        (of_lines(amended, "charges"), &amended["total"]["amount"]),
        (vec![json!("5.00"), json!("2.50"), json!("2.50")], &json!("40.00"))
    );
    let rest = office.buy("purchaseOrderReceive", json!({ "id": out["id"] })).await;
    let rest = accepted(&rest, "purchaseOrder");
    let landed: Vec<&Value> =
        rest["receipts"][1]["lines"].as_array().unwrap().iter().map(|line| &line["landedTotal"]["amount"]).collect();
    assert_eq!(landed, [&json!("12.50"), &json!("12.50")], "all receipts together carry what was charged, once");
    office.is_sound().await;
}

/// The office's owner with these permissions alone.
fn limited_to(caller: &Caller, codes: &[&str]) -> Caller {
    let mut narrowed = Caller { permissions: PermissionSet::default(), ..caller.clone() };
    for code in codes {
        narrowed.permissions.insert(REGISTRY.iter().position(|known| known.code == *code).unwrap());
    }
    narrowed
}

async fn an_order_becomes_dearer_only_by_one_who_approves(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let out = office.ordered(json!({ "lines": [{ "product": mug, "quantity": 40 }] })).await;
    let settings = office.execute("{ viewer { tenant { settings { version } } } }", json!({})).await;
    let version = &settings["data"]["viewer"]["tenant"]["settings"]["version"];
    let limit = json!({ "expectedVersion": version, "approvalLimit": gbp("100.00") });
    accepted(&office.mutate("tenantUpdate", "TenantUpdateInput", "tenant { id }", limit).await, "tenant");
    let set = |quantity: i64| json!({ "setLines": [{ "purchaseOrderLineId": line(&out, 0), "quantity": quantity }] });
    let codes = ["purchase.read", "purchase.write", "product.read", "product.cost.read", "store.read"];
    let buyer = office.as_caller(limited_to(&office.caller, &codes));
    let machine = office.as_caller(Caller::new(
        office.caller.tenant,
        entity::prelude::Actor::integration(world.ours.ids["int"].parse().unwrap()),
        PermissionSet::all(),
    ));
    for caller in [&buyer, &machine] {
        let message = refused(&amend(caller, &out, set(41)).await, "INVALID_STATE", "input");
        assert!(message.contains("purchase.approve"), "{message}");
    }
    assert_eq!(accepted(&amend(&buyer, &out, set(39)).await, "purchaseOrder")["total"]["amount"], "78.00", "less needs nobody");
    assert_eq!(accepted(&amend(&office, &out, set(50)).await, "purchaseOrder")["total"]["amount"], "100.00");
    let message = refused(&amend(&office, &out, set(51)).await, "INVALID_STATE", "input");
    assert!(message.contains("100.00 GBP"), "{message}");
    assert_eq!(office.level(&mug, &office.store).await, [0, 0, 50]);
    office.is_sound().await;
}

async fn of_ten_amendments_of_one_version_one_is_made(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let out = office.ordered(json!({ "lines": [{ "product": mug, "quantity": 20 }] })).await;
    let calls = (0..10).map(|n| {
        let set = json!([{ "purchaseOrderLineId": line(&out, 0), "quantity": 10 + n }]);
        amend(&office, &out, json!({ "expectedVersion": out["version"], "setLines": set }))
    });
    let answers = futures_util::future::join_all(calls).await;
    let accepted_payloads: Vec<&Value> = answers.iter().filter(|payload| payload["userErrors"] == json!([])).collect();
    let total = answers.iter().filter(|payload| payload["userErrors"][0]["code"] == "VERSION_CONFLICT").count();
    assert_eq!((accepted_payloads.len(), total), (1, 9), "{answers:#?}");
    let open = accepted_payloads[0]["purchaseOrder"]["lines"][0]["open"].as_i64().unwrap();
    assert_eq!(office.level(&mug, &office.store).await, [0, 0, open]);
    office.is_sound().await;
}

async fn goods_that_are_taken_back_are_awaited_again_but_no_cancelled_line(world: &World) {
    let office = Office::of(world).await;
    let (mug, plate) = (office.product("MUG", "2.00").await, office.product("PLATE", "3.00").await);
    let out = office.ordered(json!({ "lines": [{ "product": mug, "quantity": 10 }, { "product": plate, "quantity": 5 }] })).await;
    accepted(&amend(&office, &out, json!({ "cancelLines": [line(&out, 1)] })).await, "purchaseOrder");
    let purchase_order = office.receive(&out, &[10]).await;
    let purchase_order = accepted(&purchase_order, "purchaseOrder");
    assert_eq!(purchase_order["status"], "RECEIVED");
    let undo =
        json!({ "idempotencyKey": key(), "documentId": purchase_order["receipts"][0]["id"], "note": "another company's goods" });
    accepted(
        &office.mutate("documentReverse", "DocumentReverseInput", "documentReversal { id }", undo).await,
        "documentReversal",
    );
    let query = format!("query($id: ID!) {{ purchaseOrder(by: {{ id: $id }}) {{ {FIELDS} }} }}");
    let again = office.execute(&query, json!({ "id": out["id"] })).await["data"]["purchaseOrder"].clone();
    assert_eq!(
        (&again["status"], of_lines(&again, "open"), of_lines(&again, "short")),
        (&json!("ORDERED"), vec![json!(10), json!(0)], vec![json!(0), json!(5)])
    );
    assert_eq!((office.level(&mug, &office.store).await, office.level(&plate, &office.store).await), ([0, 0, 10], [0, 0, 0]));
    office.is_sound().await;
    office.step(&out, "purchaseOrderCancel").await;
    assert_eq!(office.level(&mug, &office.store).await, [0, 0, 0]);
    office.is_sound().await;
}

async fn the_page_names_the_revision_and_what_changed_in_it(world: &World) {
    let office = Office::of(world).await;
    let (mug, plate, bowl) =
        (office.product("MUG", "2.00").await, office.product("PLATE", "3.00").await, office.product("BOWL", "1.00").await);
    let lines =
        json!([{ "product": mug, "quantity": 10 }, { "product": plate, "quantity": 5 }, { "product": bowl, "quantity": 5 }]);
    let out = office.ordered(json!({ "lines": lines })).await;
    let page = async || {
        let answer = office.execute("query($id: ID!) { purchaseOrderHtml(id: $id) }", json!({ "id": out["id"] })).await;
        answer["data"]["purchaseOrderHtml"].as_str().unwrap_or_else(|| panic!("{answer:#}")).to_owned()
    };
    let first = page().await;
    assert!(!first.contains("revision") && !first.contains("<b>"), "{first}");
    let change = json!({ "setLines": [{ "purchaseOrderLineId": line(&out, 0), "quantity": 8 }], "cancelLines": [line(&out, 1)] });
    accepted(&amend(&office, &out, change).await, "purchaseOrder");
    let second = page().await;
    let marks = (second.matches("<b>changed</b>").count(), second.matches("<b>cancelled</b>").count());
    assert!(second.contains("revision 2") && marks == (1, 1), "{second}");
}
