//! Buyers and receivers get the errors of all lines at once, stage by stage.

use serde_json::{Value, json};

use super::office::{Office, gbp, key};
use crate::{
    authorization::world::World,
    world::{
        answers::{accepted, at_each, refusals, refused},
        on_both,
    },
};

on_both!(
    an_order_is_told_all_names_then_all_figures,
    a_delivery_is_told_every_line,
    what_goes_back_is_told_every_line,
    an_order_is_told_every_charge,
    an_order_is_told_every_charge_that_nothing_can_be_spread_by,
    an_order_that_names_no_lines_is_told_every_product,
    limits_of_levels_are_told_all_together,
    rules_of_levels_are_told_all_names_that_mean_nothing,
    drafts_of_suggestions_are_told_all_names_that_mean_nothing,
);

async fn an_order_is_told_all_names_then_all_figures(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let none = |sku: &str| json!({ "product": { "sku": sku }, "quantity": 0 });
    let run_query = async |supplier: &Value, store: &Value, lines: Value| {
        let input = json!({ "supplier": supplier, "store": store, "lines": lines });
        refusals(&office.buy("purchaseOrderCreate", input).await)
    };
    let lines = json!([none("NONE"), { "product": mug, "quantity": 0 }, none("NOR"), { "product": { "id": world.theirs.ids["prd"] }, "quantity": 1 }]);
    assert_eq!(
        run_query(&office.supplier, &office.store, lines).await,
        at_each("NOT_FOUND", &["input.lines.0.product.sku", "input.lines.2.product.sku", "input.lines.3.product.id"])
    );
    let nobody = json!({ "code": "NOBODY" });
    assert_eq!(
        run_query(&nobody, &nobody, json!([{ "product": mug, "quantity": 1 }, none("NONE")])).await,
        at_each("NOT_FOUND", &["input.store.code", "input.supplier.code", "input.lines.1.product.sku"])
    );
    // Names by IDs hide nothing either.
    let theirs = |kind: &str| json!({ "id": world.theirs.ids[kind] });
    let by_id = json!([{ "product": theirs("prd"), "quantity": 1 }, { "product": mug, "quantity": 1 }, none("NONE")]);
    assert_eq!(
        run_query(&theirs("sup"), &theirs("sto"), by_id).await,
        at_each("NOT_FOUND", &["input.store.id", "input.supplier.id", "input.lines.0.product.id", "input.lines.2.product.sku"])
    );
    let unkeyed = json!({ "idempotencyKey": "", "supplier": office.supplier, "store": office.store, "lines": [] });
    let message = refused(&office.buy("purchaseOrderCreate", unkeyed).await, "REQUIRED", "input.idempotencyKey");
    assert!(!message.contains("leave it out"), "{message}");
    let line = |quantity: i64, cost: &str| json!({ "product": mug, "quantity": quantity, "unitCost": gbp(cost) });
    assert_eq!(
        run_query(&office.supplier, &office.store, json!([line(0, "1.00"), line(1, "1.00"), line(1, "-1.00")])).await,
        at_each("OUT_OF_RANGE", &["input.lines.0.quantity", "input.lines.2.unitCost"])
    );
}

async fn a_delivery_is_told_every_line(world: &World) {
    let office = Office::of(world).await;
    let (mug, plate) = (office.product("MUG", "2.00").await, office.product("PLATE", "3.00").await);
    let ordered = json!({ "lines": [{ "product": mug, "quantity": 10 }, { "product": plate, "quantity": 5 }] });
    let order = office.ordered(ordered).await;
    let line = |nth: usize, quantity: i64| json!({ "purchaseOrderLineId": order["lines"][nth]["id"], "quantity": quantity });
    let run_query = async |lines: Value, wrong: Value| {
        let input = json!({ "id": order["id"], "lines": lines, "wrongItems": wrong });
        refusals(&office.buy("purchaseOrderReceive", input).await)
    };
    assert_eq!(
        run_query(json!([line(0, 11), line(1, 5), line(1, 6)]), json!([{ "quantity": 0, "note": "a box" }])).await,
        at_each("INVALID", &["input.lines.2.lineId"]),
        "which line is meant comes first"
    );
    assert_eq!(
        run_query(json!([line(0, 11), line(1, 6)]), json!([{ "quantity": 0, "note": "a box" }])).await,
        at_each("OUT_OF_RANGE", &["input.lines.0.quantity", "input.lines.1.quantity", "input.wrongItems.0.quantity"])
    );
    let wrong = json!([{ "product": { "sku": "NONE" }, "quantity": 1 }, { "product": mug, "quantity": 1 }, { "product": { "sku": "NOR" }, "quantity": 1 }]);
    assert_eq!(
        run_query(json!([line(0, 1)]), wrong).await,
        at_each("NOT_FOUND", &["input.wrongItems.0.product.sku", "input.wrongItems.2.product.sku"])
    );
    assert_eq!(office.level(&mug, &office.store).await, [0, 0, 10]);
}

async fn what_goes_back_is_told_every_line(world: &World) {
    let office = Office::of(world).await;
    let (mug, plate) = (office.product("MUG", "2.00").await, office.product("PLATE", "3.00").await);
    let order = office.ordered(json!({ "lines": [{ "product": mug, "quantity": 10 }] })).await;
    accepted(&office.receive(&order, &[4]).await, "purchaseOrder");
    let run_query = async |lines: Value| {
        let input = json!({ "idempotencyKey": key(), "supplier": office.supplier, "store": office.store, "lines": lines });
        refusals(&office.mutate("supplierReturnCreate", "SupplierReturnCreateInput", "supplierReturn { id }", input).await)
    };
    let input_for = |product: &Value, quantity: i64| json!({ "product": product, "quantity": quantity });
    assert_eq!(
        run_query(json!([input_for(&json!({ "sku": "NONE" }), 1), input_for(&mug, 0), input_for(&json!({ "sku": "NOR" }), 1)]))
            .await,
        at_each("NOT_FOUND", &["input.lines.0.product.sku", "input.lines.2.product.sku"])
    );
    assert_eq!(
        run_query(json!([input_for(&mug, 0), input_for(&plate, 1), input_for(&mug, -1)])).await,
        at_each("OUT_OF_RANGE", &["input.lines.0.quantity", "input.lines.2.quantity"])
    );
    assert_eq!(
        run_query(json!([input_for(&mug, 3), input_for(&plate, 1), input_for(&mug, 2)])).await,
        at_each("INSUFFICIENT_STOCK", &["input.lines.1.quantity", "input.lines.2.quantity"])
    );
    office.is_sound().await;
}

async fn an_order_is_told_every_charge(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let freight = |amount: &str| json!({ "kind": "FREIGHT", "amount": gbp(amount) });
    let charges = [freight("0.00"), freight("5.00"), freight("-1.00")];
    let lines = json!([{ "product": mug, "quantity": 1 }]);
    let input = json!({ "supplier": office.supplier, "store": office.store, "lines": lines, "charges": charges });
    assert_eq!(
        refusals(&office.buy("purchaseOrderCreate", input).await),
        at_each("OUT_OF_RANGE", &["input.charges.0.amount", "input.charges.2.amount"])
    );
}

async fn an_order_is_told_every_charge_that_nothing_can_be_spread_by(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let charge = |kind: &str, basis: &str| json!({ "kind": kind, "basis": basis, "amount": gbp("1.00") });
    // The mugs have no weight, and these are free.
    let lines = json!([{ "product": mug, "quantity": 6, "unitCost": gbp("0.00") }]);
    let charges =
        json!([charge("FREIGHT", "WEIGHT"), charge("OTHER", "QUANTITY"), charge("DUTY", "VALUE"), charge("INSURANCE", "WEIGHT")]);
    let input = json!({ "supplier": office.supplier, "store": office.store, "lines": lines, "charges": charges });
    assert_eq!(
        refusals(&office.buy("purchaseOrderCreate", input).await),
        at_each("INVALID", &["input.charges.0.basis", "input.charges.2.basis", "input.charges.3.basis"])
    );
    let weighed = json!([{ "product": mug, "quantity": 6, "weight": 900 }]);
    let draft = office.draft_with(json!({ "lines": weighed, "charges": [charge("FREIGHT", "WEIGHT")] })).await;
    let changed = json!({ "id": draft["id"], "charges": [charge("DUTY", "VALUE"), charge("FREIGHT", "WEIGHT")], "lines": lines });
    assert_eq!(
        refusals(&office.buy("purchaseOrderUpdate", changed).await),
        at_each("INVALID", &["input.charges.0.basis", "input.charges.1.basis"])
    );
    let unweighed = json!({ "id": draft["id"], "lines": [{ "product": mug, "quantity": 6 }] });
    refused(&office.buy("purchaseOrderUpdate", unweighed).await, "INVALID", "input.lines");
    office.is_sound().await;
}

async fn an_order_that_names_no_lines_is_told_every_product(world: &World) {
    let office = Office::of(world).await;
    let (mug, jug) = (office.product("MUG", "2.00").await, office.product("JUG", "2.00").await);
    let plate = office.product("PLATE", "3.00").await;
    let line = |product: &Value| json!({ "product": product, "quantity": 5 });
    let mut order = office.draft(json!([line(&mug), line(&jug), line(&plate)])).await;
    for step in ["purchaseOrderSubmit", "purchaseOrderApprove"] {
        order = office.step(&order, step).await;
    }
    let work = world.node.db.tenant(office.caller.tenant).begin().await.unwrap();
    let archive = "UPDATE product SET status = 'ARCHIVED' WHERE tenant_id = $1 AND sku IN ('MUG', 'PLATE')";
    assert_eq!(work.execute(archive, vec![]).await.unwrap(), 2);
    work.commit().await.unwrap();
    let payload = office.buy("purchaseOrderPlace", json!({ "id": order["id"] })).await;
    assert_eq!(refusals(&payload), at_each("INVALID_STATE", &["input.id", "input.id"]));
    for (place, sku) in [(0, "MUG"), (1, "PLATE")] {
        assert!(payload["userErrors"][place]["message"].as_str().unwrap().contains(sku), "{payload:#}");
    }
}

async fn limits_of_levels_are_told_all_together(world: &World) {
    let office = Office::of(world).await;
    let (mug, plate) = (office.product("MUG", "2.00").await, office.product("PLATE", "3.00").await);
    let bowl = office.product("BOWL", "3.00").await;
    let items = json!([{ "product": mug, "store": office.store, "reorderPoint": -1 }, { "product": bowl, "store": office.store, "maximum": 9 },
        { "product": plate, "store": office.store, "maximum": -1 }]);
    let input = json!({ "idempotencyKey": key(), "items": items });
    let payload = office.mutate("reorderPolicySet", "ReorderPolicySetInput", "levels { maximum }", input).await;
    assert_eq!(refusals(&payload), at_each("OUT_OF_RANGE", &["input.items.0.reorderPoint", "input.items.2.maximum"]));
}

async fn rules_of_levels_are_told_all_names_that_mean_nothing(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let (nobody, nowhere) = (json!({ "sku": "NOBODYS" }), json!({ "code": "NOWHERE" }));
    let input_for = |product: &Value, store: &Value| json!({ "product": product, "store": store, "maximum": 1 });
    // A duplicate level is reported only after unknown names.
    let items = [
        input_for(&mug, &office.store),
        input_for(&mug, &office.store),
        input_for(&nobody, &nowhere),
        input_for(&nobody, &office.store),
    ];
    let input = json!({ "idempotencyKey": key(), "items": items });
    let payload = office.mutate("reorderPolicySet", "ReorderPolicySetInput", "levels { maximum }", input).await;
    assert_eq!(
        refusals(&payload),
        at_each("NOT_FOUND", &["input.items.2.product.sku", "input.items.2.store.code", "input.items.3.product.sku"])
    );
    assert_eq!(payload["userErrors"][1]["message"], "there is no such store: \"NOWHERE\"");
}

async fn drafts_of_suggestions_are_told_all_names_that_mean_nothing(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let theirs = |kind: &str| json!({ "id": world.theirs.ids[kind] });
    let line = |product: &Value, store: &Value| json!({ "product": product, "store": store, "supplier": office.supplier, "quantity": 1 });
    let lines = [line(&mug, &theirs("sto")), line(&theirs("prd"), &office.store), line(&json!({ "sku": "NONE" }), &office.store)];
    let input = json!({ "idempotencyKey": key(), "lines": lines });
    let (name, kind) = ("purchaseOrdersCreateFromSuggestions", "PurchaseOrdersCreateFromSuggestionsInput");
    let payload = office.mutate(name, kind, "purchaseOrders { id }", input).await;
    assert_eq!(
        refusals(&payload),
        at_each("NOT_FOUND", &["input.lines.0.store.id", "input.lines.1.product.id", "input.lines.2.product.sku"])
    );
}
