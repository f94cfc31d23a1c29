//! From a draft to the supplier's door: states, approval, figures.

use entrepot::access::{Caller, PermissionSet};
use serde_json::{Value, json};

use super::office::{Office, accepted, gbp, key, refused};
use crate::{authorization::world::World, world::on_both};

on_both!(
    an_order_goes_its_way_and_counts_as_incoming_only_while_it_is_out,
    a_step_outside_the_table_is_refused_and_names_what_is_open,
    above_the_limit_somebody_else_approves_and_never_a_key,
    whoever_made_an_order_what_it_is_does_not_approve_it,
    a_draft_is_changed_and_a_rejected_order_is_a_draft_again,
    charges_are_spread_over_the_lines,
    what_cannot_be_bought_is_refused_with_its_path,
    the_same_key_answers_again,
    lists_are_pages_and_filters_say_which,
    an_archived_product_keeps_no_order_open,
);

async fn an_order_goes_its_way_and_counts_as_incoming_only_while_it_is_out(world: &World) {
    let office = Office::of(world).await;
    let (mug, plate) = (office.product("MUG", "2.00").await, office.product("PLATE", "3.00").await);
    let draft = office
        .draft(json!([{ "product": mug, "quantity": 10 }, { "product": plate, "quantity": 5, "unitCost": gbp("2.50") }]))
        .await;
    assert_eq!(
        (&draft["status"], &draft["number"], &draft["total"]["amount"]),
        (&json!("DRAFT"), &json!("PO-000002"), &json!("32.50"))
    );
    assert_eq!(draft["allowedActions"], json!(["purchaseOrderUpdate", "purchaseOrderSubmit", "purchaseOrderCancel"]));
    assert_eq!(office.level(&mug, &office.store).await, [0, 0, 0], "a draft is nothing yet");
    let input = office.step(&draft, "purchaseOrderSubmit").await;
    let approved = office.step(&input, "purchaseOrderApprove").await;
    assert_eq!((&approved["status"], &approved["approvedBy"]["__typename"]), (&json!("APPROVED"), &json!("Member")));
    assert_eq!(office.level(&mug, &office.store).await, [0, 0, 0], "what is approved is not incoming");
    let out = office.step(&approved, "purchaseOrderPlace").await;
    assert_eq!(out["status"], "ORDERED");
    assert_eq!((office.level(&mug, &office.store).await, office.level(&plate, &office.store).await), ([0, 0, 10], [0, 0, 5]));
    office.is_sound().await;
    let part = office.receive(&out, &[4, 0]).await;
    assert_eq!(accepted(&part, "purchaseOrder")["status"], "PARTIALLY_RECEIVED");
    assert_eq!(office.level(&mug, &office.store).await, [4, 0, 6]);
    let rest = office.buy("purchaseOrderReceive", json!({ "id": out["id"], "deliveryNote": "D-2" })).await;
    let rest = accepted(&rest, "purchaseOrder");
    assert_eq!((&rest["status"], &rest["receipts"][1]["deliveryNote"]), (&json!("RECEIVED"), &json!("D-2")));
    assert_eq!((office.level(&mug, &office.store).await, office.level(&plate, &office.store).await), ([10, 0, 0], [5, 0, 0]));
    let filed = office.step(rest, "purchaseOrderClose").await;
    assert_eq!((&filed["status"], &filed["allowedActions"], &filed["discrepancies"]), (&json!("CLOSED"), &json!([]), &json!([])));
    office.is_sound().await;
}

async fn a_step_outside_the_table_is_refused_and_names_what_is_open(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let draft = office.draft(json!([{ "product": mug, "quantity": 10 }])).await;
    for step in
        ["purchaseOrderApprove", "purchaseOrderReject", "purchaseOrderPlace", "purchaseOrderReceive", "purchaseOrderClose"]
    {
        let message = refused(&office.buy(step, json!({ "id": draft["id"] })).await, "INVALID_STATE", "input.id");
        assert!(message.contains("DRAFT") && message.contains("purchaseOrderSubmit"), "{message}");
    }
    let out = office.ordered(json!({ "lines": [{ "product": mug, "quantity": 7 }] })).await;
    for step in ["purchaseOrderUpdate", "purchaseOrderSubmit", "purchaseOrderApprove", "purchaseOrderReject"] {
        refused(&office.buy(step, json!({ "id": out["id"] })).await, "INVALID_STATE", "input.id");
    }
    let input = office.step(&out, "purchaseOrderCancel").await;
    assert_eq!((&input["status"], &input["lines"][0]["short"]), (&json!("CANCELLED"), &json!(7)));
    assert_eq!(office.level(&mug, &office.store).await, [0, 0, 0]);
    let message = refused(&office.buy("purchaseOrderReceive", json!({ "id": out["id"] })).await, "INVALID_STATE", "input.id");
    assert!(message.contains("open: nothing"), "{message}");
    office.is_sound().await;
}

async fn above_the_limit_somebody_else_approves_and_never_a_key(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "1.00").await;
    let version =
        office.execute("{ viewer { tenant { settings { version } } } }", json!({})).await["data"]["viewer"]["tenant"]["settings"]
            ["version"]
            .clone();
    let set = json!({ "expectedVersion": version, "approvalLimit": gbp("100.00") });
    accepted(&office.mutate("tenantUpdate", "TenantUpdateInput", "tenant { id }", set).await, "tenant");
    let other =
        office.as_caller(Caller { actor: entity::prelude::Actor::member(world.node.clock.id()), ..office.caller.clone() });
    let machine = Caller::new(
        office.caller.tenant,
        entity::prelude::Actor::integration(world.ours.ids["int"].parse().unwrap()),
        PermissionSet::all(),
    );
    let machine = office.as_caller(machine);
    for (quantity, is_above) in [(100, false), (101, true)] {
        let draft = office.draft(json!([{ "product": mug, "quantity": quantity }])).await;
        let requested_input = office.step(&draft, "purchaseOrderSubmit").await;
        refused(&machine.buy("purchaseOrderApprove", json!({ "id": requested_input["id"] })).await, "INVALID_STATE", "input.id");
        refused(&machine.buy("purchaseOrderReject", json!({ "id": requested_input["id"] })).await, "INVALID_STATE", "input.id");
        if is_above {
            let message = refused(
                &office.buy("purchaseOrderApprove", json!({ "id": requested_input["id"] })).await,
                "INVALID_STATE",
                "input.id",
            );
            assert!(message.contains("100.00 GBP"), "{message}");
            // A member who only wrote the order cannot approve it either.
            let asked_by_other = office.draft(json!([{ "product": mug, "quantity": quantity }])).await;
            other.step(&asked_by_other, "purchaseOrderSubmit").await;
            refused(
                &office.buy("purchaseOrderApprove", json!({ "id": asked_by_other["id"] })).await,
                "INVALID_STATE",
                "input.id",
            );
            assert_eq!(other.step(&requested_input, "purchaseOrderApprove").await["status"], "APPROVED");
        } else {
            assert_eq!(office.step(&requested_input, "purchaseOrderApprove").await["status"], "APPROVED");
        }
    }
    // Euros cannot be compared with a limit in pounds.
    let input = json!({ "currencyCode": "EUR", "lines": [{ "product": mug, "quantity": 1, "unitCost": { "amount": "1.00", "currencyCode": "EUR" } }] });
    let euros = office.draft_with(input).await;
    office.step(&euros, "purchaseOrderSubmit").await;
    refused(&office.buy("purchaseOrderApprove", json!({ "id": euros["id"] })).await, "INVALID_STATE", "input.id");
    // Unless their rate is agreed beside that of a day: 80.00 EUR are 96.00 GBP, or 104.00.
    let yesterday = entrepot::clock::day_text(entrepot::clock::local_day(world.node.clock.now().plus_seconds(-86_400), "UTC"));
    for (market, rate, is_above) in [(None, "0.01", true), (Some("1.25"), "1.2", false), (Some("1.25"), "1.3", true)] {
        if let Some(market) = market {
            accepted(&office.rate("GBP", market, &yesterday).await, "exchangeRate");
        }
        let lines = json!([{ "product": mug, "quantity": 80, "unitCost": { "amount": "1.00", "currencyCode": "EUR" } }]);
        let euros = office.draft_with(json!({ "currencyCode": "EUR", "fixedRate": rate, "lines": lines })).await;
        office.step(&euros, "purchaseOrderSubmit").await;
        let approved = office.buy("purchaseOrderApprove", json!({ "id": euros["id"] })).await;
        if is_above {
            refused(&approved, "INVALID_STATE", "input.id");
        } else {
            accepted(&approved, "purchaseOrder");
        }
    }
}

async fn whoever_made_an_order_what_it_is_does_not_approve_it(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    world
        .must_mutate(
            &world.ours,
            "mutation($input: TenantUpdateInput!) { tenantUpdate(input: $input) { userErrors { code } } }",
            limited(&office).await,
        )
        .await;
    let colleague =
        || office.as_caller(Caller { actor: entity::prelude::Actor::member(world.node.clock.id()), ..office.caller.clone() });
    let (buyer, third) = (colleague(), colleague());
    let draft = office.draft(json!([{ "product": mug, "quantity": 1 }])).await;
    // A small order is made large by another member, who does not submit it.
    let change = json!({ "id": draft["id"], "lines": [{ "product": mug, "quantity": 1_000 }] });
    accepted(&buyer.buy("purchaseOrderUpdate", change).await, "purchaseOrder");
    // A later edit by someone else does not make that member less of an author.
    let last = colleague();
    accepted(&last.buy("purchaseOrderUpdate", json!({ "id": draft["id"], "overDeliveryPercent": 1 })).await, "purchaseOrder");
    accepted(&third.buy("purchaseOrderUpdate", json!({ "id": draft["id"], "note": "soon" })).await, "purchaseOrder");
    office.step(&draft, "purchaseOrderSubmit").await;
    refused(&buyer.buy("purchaseOrderApprove", json!({ "id": draft["id"] })).await, "INVALID_STATE", "input.id");
    // Allowed actions depend on the caller.
    let query = "query($id: ID!) { purchaseOrder(by: { id: $id }) { allowedActions } }";
    for (asking, may) in [(&office, false), (&buyer, false), (&last, false), (&third, true)] {
        let answer = asking.execute(query, json!({ "id": draft["id"] })).await;
        let offered =
            answer["data"]["purchaseOrder"]["allowedActions"].as_array().unwrap().contains(&json!("purchaseOrderApprove"));
        assert_eq!(offered, may, "{answer}");
    }
    assert_eq!(third.step(&draft, "purchaseOrderApprove").await["status"], "APPROVED", "a note makes nobody its author");
}

/// Input that requires another member's approval from a hundred pounds on.
async fn limited(office: &Office<'_>) -> Value {
    let answer = office.execute("{ viewer { tenant { settings { version } } } }", json!({})).await;
    let version = &answer["data"]["viewer"]["tenant"]["settings"]["version"];
    json!({ "input": { "expectedVersion": version, "approvalLimit": gbp("100.00") } })
}

async fn a_draft_is_changed_and_a_rejected_order_is_a_draft_again(world: &World) {
    let office = Office::of(world).await;
    let (mug, plate) = (office.product("MUG", "2.00").await, office.product("PLATE", "3.00").await);
    let charges =
        json!([{ "kind": "FREIGHT", "amount": gbp("5.00") }, { "kind": "DUTY", "name": "Zoll", "amount": gbp("1.00") }]);
    let draft = office.draft_with(json!({ "lines": [{ "product": mug, "quantity": 10 }, { "product": plate, "quantity": 1 }], "charges": charges, "note": "soon" })).await;
    let change = json!({ "id": draft["id"], "lines": [{ "product": plate, "quantity": 4 }], "charges": [{ "kind": "FREIGHT", "amount": gbp("2.00") }], "note": null, "overDeliveryPercent": 10 });
    let changed = office.buy("purchaseOrderUpdate", change).await;
    let changed = accepted(&changed, "purchaseOrder");
    assert_eq!(
        (changed["lines"].as_array().unwrap().len(), &changed["total"]["amount"], &changed["note"]),
        (1, &json!("14.00"), &Value::Null)
    );
    assert_eq!(
        (&changed["lines"][0]["sku"], &changed["lines"][0]["mostReceivable"], &changed["version"]),
        (&json!("PLATE"), &json!(4), &json!(2))
    );
    let stale = office.buy("purchaseOrderUpdate", json!({ "id": draft["id"], "note": "late", "expectedVersion": 1 })).await;
    refused(&stale, "VERSION_CONFLICT", "input.expectedVersion");
    // The order is read as it was written.
    let read = office
        .execute(
            "query($id: ID!) { purchaseOrder(by: { id: $id }) { lines { sku quantity } charges { name } version } }",
            json!({ "id": draft["id"] }),
        )
        .await;
    assert_eq!(
        read["data"]["purchaseOrder"],
        json!({ "lines": [{ "sku": "PLATE", "quantity": 4 }], "charges": [{ "name": "Freight" }], "version": 2 })
    );
    office.step(changed, "purchaseOrderSubmit").await;
    let no = office.buy("purchaseOrderReject", json!({ "id": draft["id"], "note": "too dear" })).await;
    assert_eq!(
        (&accepted(&no, "purchaseOrder")["status"], &no["purchaseOrder"]["reason"]),
        (&json!("REJECTED"), &json!("too dear"))
    );
    let purchase_order = office.buy("purchaseOrderUpdate", json!({ "id": draft["id"], "lines": [{ "product": mug, "quantity": 100 }, { "product": mug, "quantity": 5 }, { "product": plate, "quantity": 1 }] })).await;
    let purchase_order = accepted(&purchase_order, "purchaseOrder");
    assert_eq!(
        (&purchase_order["status"], &purchase_order["reason"], &purchase_order["lines"][0]["mostReceivable"]),
        (&json!("DRAFT"), &Value::Null, &json!(110))
    );
    office.is_sound().await;
}

async fn charges_are_spread_over_the_lines(world: &World) {
    let office = Office::of(world).await;
    let (mug, plate) = (office.product("MUG", "2.00").await, office.product("PLATE", "4.00").await);
    let lines = json!([{ "product": mug, "quantity": 6, "weight": 1 }, { "product": plate, "quantity": 3, "weight": 3 }]);
    let charges = json!([
        { "kind": "FREIGHT", "basis": "WEIGHT", "amount": gbp("10.01") },
        { "kind": "DUTY", "basis": "VALUE", "amount": gbp("1.01") },
        { "kind": "OTHER", "name": "Handling", "basis": "QUANTITY", "amount": gbp("1.00") },
    ]);
    let order = office.draft_with(json!({ "lines": lines, "charges": charges })).await;
    // By weight 2.50 and 7.51, by value 0.51 (the earlier line) and 0.50, by quantity 0.67 and 0.33.
    let shares: Vec<&Value> = order["lines"].as_array().unwrap().iter().map(|line| &line["charges"]["amount"]).collect();
    assert_eq!(shares, [&json!("3.68"), &json!("8.34")]);
    assert_eq!(order["total"]["amount"], "36.02");
    let input = json!({ "supplier": office.supplier, "store": office.store, "lines": [{ "product": mug, "quantity": 6 }], "charges": [{ "kind": "FREIGHT", "basis": "WEIGHT", "amount": gbp("1.00") }] });
    refused(&office.buy("purchaseOrderCreate", input).await, "INVALID", "input.charges.0.basis");
}

async fn what_cannot_be_bought_is_refused_with_its_path(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let service = office
        .mutate(
            "productCreate",
            "ProductCreateInput",
            "product { id }",
            json!({ "sku": "WRAP", "name": "Wrapping", "stockPolicy": "UNTRACKED" }),
        )
        .await;
    let nameless =
        office.mutate("productCreate", "ProductCreateInput", "product { id }", json!({ "sku": "FREE", "name": "No cost" })).await;
    let line = |product: &Value, quantity: i64| json!({ "product": product, "quantity": quantity });
    let free = json!({ "id": nameless["product"]["id"] });
    let foreign = json!({ "id": world.theirs.ids["prd"] });
    let cases = [
        (json!({ "lines": [] }), "INVALID", "input.lines"),
        (json!({ "lines": [line(&mug, 0)] }), "OUT_OF_RANGE", "input.lines.0.quantity"),
        (json!({ "lines": [line(&mug, -5)] }), "OUT_OF_RANGE", "input.lines.0.quantity"),
        (json!({ "lines": [line(&mug, 1), line(&json!({ "sku": "NOBODYS" }), 1)] }), "NOT_FOUND", "input.lines.1.product.sku"),
        (json!({ "lines": [line(&foreign, 1)] }), "NOT_FOUND", "input.lines.0.product.id"),
        (json!({ "lines": [line(&json!({ "id": service["product"]["id"] }), 1)] }), "INVALID", "input.lines.0.product"),
        (json!({ "lines": [line(&free, 1)] }), "INVALID", "input.lines.0.unitCost"),
        (
            json!({ "lines": [{ "product": mug, "quantity": 1, "unitCost": gbp("-1.00") }] }),
            "OUT_OF_RANGE",
            "input.lines.0.unitCost",
        ),
        (json!({ "currencyCode": "EUR", "lines": [line(&mug, 1)] }), "INVALID", "input.lines.0.unitCost"),
        (json!({ "currencyCode": "XYZ", "lines": [line(&mug, 1)] }), "INVALID", "input.currencyCode"),
        (json!({ "lines": [line(&mug, 9_007_199_254_740_991)] }), "OUT_OF_RANGE", "input.lines.0.quantity"),
        (json!({ "lines": [line(&mug, 1)], "overDeliveryPercent": 101 }), "OUT_OF_RANGE", "input.overDeliveryPercent"),
        (json!({ "lines": [line(&mug, 1)], "underDeliveryPercent": -1 }), "OUT_OF_RANGE", "input.underDeliveryPercent"),
        (
            json!({ "lines": [line(&mug, 1)], "charges": [{ "kind": "FREIGHT", "amount": gbp("0.00") }] }),
            "OUT_OF_RANGE",
            "input.charges.0.amount",
        ),
        (json!({ "lines": [line(&mug, 1)], "supplier": { "code": "NOBODY" } }), "NOT_FOUND", "input.supplier.code"),
        (json!({ "lines": [line(&mug, 1)], "supplier": { "id": world.theirs.ids["sup"] } }), "NOT_FOUND", "input.supplier.id"),
        (json!({ "lines": [line(&mug, 1)], "store": { "id": world.theirs.ids["sto"] } }), "NOT_FOUND", "input.store.id"),
        (json!({ "lines": [line(&mug, 1)], "note": "n".repeat(1_001) }), "TOO_LONG", "input.note"),
    ];
    for (mut input, code, field) in cases {
        for (name, value) in [("supplier", &office.supplier), ("store", &office.store)] {
            if input[name].is_null() {
                input[name] = value.clone();
            }
        }
        refused(&office.buy("purchaseOrderCreate", input).await, code, field);
    }
    // The message for a given cost does not ask for a cost, but for another currency.
    let lines = json!([{ "product": mug, "quantity": 1, "unitCost": gbp("1.00") }]);
    let input = json!({ "supplier": office.supplier, "store": office.store, "currencyCode": "EUR", "lines": lines });
    let message = refused(&office.buy("purchaseOrderCreate", input).await, "INVALID", "input.lines.0.unitCost");
    assert_eq!(message, "unitCost is in GBP, and the order is in EUR: give what it costs in EUR");
    // A cost of zero is a cost.
    let gift = office.ordered(json!({ "lines": [{ "product": free, "quantity": 3, "unitCost": gbp("0.00") }] })).await;
    accepted(&office.receive(&gift, &[3]).await, "purchaseOrder");
    office.is_sound().await;
}

async fn the_same_key_answers_again(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let again = key();
    let input = json!({ "idempotencyKey": again, "supplier": office.supplier, "store": office.store, "externalRef": "S-1", "lines": [{ "product": mug, "quantity": 2 }] });
    let first = office.buy("purchaseOrderCreate", input.clone()).await;
    let second = office.buy("purchaseOrderCreate", input.clone()).await;
    assert_eq!(
        (&second["replayed"], &second["purchaseOrder"]["id"], &second["seq"]),
        (&json!(true), &accepted(&first, "purchaseOrder")["id"], &first["seq"])
    );
    let mut other = input.clone();
    other["lines"][0]["quantity"] = json!(3);
    refused(&office.buy("purchaseOrderCreate", other).await, "IDEMPOTENCY_KEY_REUSED", "input.idempotencyKey");
    let mut taken = input;
    taken["idempotencyKey"] = json!(key());
    refused(&office.buy("purchaseOrderCreate", taken).await, "DUPLICATE", "input.externalRef");
}

async fn lists_are_pages_and_filters_say_which(world: &World) {
    let office = Office::of(world).await;
    let (mug, annex) = (office.product("MUG", "2.00").await, office.new_store("ANNEX").await);
    let mut orders = Vec::new();
    for (index, store) in [&office.store, &annex, &office.store].into_iter().enumerate() {
        let expected = format!("2026-12-0{}", index + 1);
        orders.push(
            office
                .draft_with(json!({ "store": store, "expectedOn": expected, "lines": [{ "product": mug, "quantity": 1 }] }))
                .await,
        );
    }
    office.step(&orders[0], "purchaseOrderSubmit").await;
    let list = async |filter: Value, rest: &str| {
        let query = format!(
            "query($filter: PurchaseOrderFilter) {{ purchaseOrders(filter: $filter{rest}) {{ nodes {{ id lines {{ sku }} }} pageInfo {{ hasNextPage endCursor }} }} }}"
        );
        let answer = office.execute(&query, json!({ "filter": filter })).await;
        assert!(answer["errors"].is_null(), "{answer:#}");
        answer["data"]["purchaseOrders"].clone()
    };
    let ids = |page: &Value| page["nodes"].as_array().unwrap().iter().map(|node| node["id"].clone()).collect::<Vec<_>>();
    let of = |places: &[usize]| places.iter().map(|place| orders[*place]["id"].clone()).collect::<Vec<_>>();
    let own = json!({ "supplier": { "eq": office.supplier["id"] } });
    assert_eq!(ids(&list(own.clone(), "").await), of(&[2, 1, 0]), "the newest first");
    let page = list(own.clone(), ", first: 2").await;
    assert_eq!((ids(&page), &page["pageInfo"]["hasNextPage"]), (of(&[2, 1]), &json!(true)));
    let after = format!(", first: 2, after: {}", page["pageInfo"]["endCursor"]);
    assert_eq!(ids(&list(own.clone(), &after).await), of(&[0]));
    assert_eq!(ids(&list(json!({ "store": { "eq": annex["id"] } }), "").await), of(&[1]));
    assert_eq!(ids(&list(json!({ "status": ["PENDING_APPROVAL"] }), "").await), of(&[0]));
    assert_eq!(ids(&list(json!({ "status": [] }), "").await), of(&[]));
    assert_eq!(
        ids(&list(json!({ "supplier": { "eq": office.supplier["id"] }, "expectedBefore": "2026-12-03" }), "").await),
        of(&[1, 0])
    );
    let by = office
        .execute("query($n: String!) { purchaseOrder(by: { number: $n }) { id } }", json!({ "n": orders[1]["number"] }))
        .await;
    assert_eq!(by["data"]["purchaseOrder"]["id"], orders[1]["id"]);
}

async fn an_archived_product_keeps_no_order_open(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let out = office.ordered(json!({ "lines": [{ "product": mug, "quantity": 7 }] })).await;
    let archive = office
        .mutate("productArchive", "ProductArchiveInput", "product { id }", json!({ "id": mug["id"], "expectedVersion": 1 }))
        .await;
    refused(&archive, "IN_USE", "input.id");
    office.step(&out, "purchaseOrderCancel").await;
    let archive = office
        .mutate("productArchive", "ProductArchiveInput", "product { id }", json!({ "id": mug["id"], "expectedVersion": 1 }))
        .await;
    accepted(&archive, "product");
}
