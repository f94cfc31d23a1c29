//! Reversals of wrong inspections of returned goods.

use entrepot::insight::verify::verify_tenant;
use serde_json::{Value, json};

use super::{
    receipts::with,
    return_receipts::{approved, aside, back, now, receive_return, sold, step},
    undo::{Office, accepted, effect, gbp, key, refused, reverse, reverse_document, undone, would},
};
use crate::{authorization::world::World, costing::world::Books, lots::shop::LotShop, world::on_both};

on_both!(
    what_was_restocked_and_written_off_is_in_quarantine_again,
    a_return_is_undone_step_by_step,
    looking_in_parts_is_undone_together,
    what_was_sold_since_is_named,
    what_was_taken_from_quarantine_since_is_named,
    lots_are_in_quarantine_again,
    what_was_written_off_is_worth_as_much_as_before,
    closed_books_keep_their_days,
    whoever_takes_no_returns_undoes_no_inspection,
    the_same_key_undoes_one_step,
    what_is_undone_in_part_is_named_by_verify,
);

/// Inspects units of the return's only line.
async fn looked_at(office: &Office<'_>, ret: &Value, seen: &[(i64, &str)]) -> Value {
    let line = &ret["lines"][0]["id"];
    let lines = seen.iter().map(|(quantity, to)| json!({ "lineId": line, "quantity": quantity, "disposition": to }));
    let lines = json!({ "lines": lines.collect::<Vec<_>>() });
    step(office, "returnInspect", "ReturnInspectInput", ret, lines).await
}

/// Returns the quantities of the return's only line.
async fn figures(office: &Office<'_>, ret: &Value) -> Value {
    let query = "query($id: ID!) { node(id: $id) { ... on Return { lines { received restocked quarantined writtenOff } } } }";
    office.execute(query, json!({ "id": ret["id"] })).await["data"]["node"]["lines"][0].clone()
}

/// Twenty mugs, four of them sold, and `quantity` of these returned and waiting for inspection.
async fn came_back(world: &World, quantity: i64) -> (Books<'_>, Value, Value, Value) {
    let (books, mug, sale) = sold(world).await;
    let ret = approved(&books.office, &sale, quantity).await;
    let received_return = receive_return(&books.office, &ret, quantity, json!({})).await;
    (books, mug, sale, received_return)
}

async fn what_was_restocked_and_written_off_is_in_quarantine_again(world: &World) {
    let (books, mug, _, ret) = came_back(world, 3).await;
    let office = &books.office;
    let inspected_return = looked_at(office, &ret, &[(2, "RESTOCK"), (1, "WRITE_OFF")]).await;
    assert_eq!((&inspected_return["status"], aside(office, &mug).await), (&json!("INSPECTED"), [18, 0]));
    let part = json!({ "lines": [{ "lineId": ret["lines"][0]["id"] }] });
    refused(&reverse(office, &ret["id"], part).await, "INVALID", "input.lines");
    let stale = reverse(office, &ret["id"], json!({ "expectedVersion": ret["version"] })).await;
    refused(&stale, "VERSION_CONFLICT", "input.expectedVersion");
    let reversal = undone(office, &ret["id"], json!({})).await;
    assert_eq!((&reversal["kind"], &reversal["document"]["id"]), (&json!("RETURN_INSPECTION"), &ret["id"]));
    assert_eq!((&reversal["lines"][0]["lineId"], &reversal["lines"][0]["quantity"]), (&ret["lines"][0]["id"], &json!(3)));
    let status = &reversal["effects"][0];
    assert_eq!((&status["statusBefore"], &status["statusAfter"]), (&json!("INSPECTED"), &json!("RECEIVED")));
    let changed = ["INSPECTED", "ON_HAND", "UNAVAILABLE"].map(|field| effect(&reversal, field));
    assert_eq!(changed, [vec![-3], vec![1], vec![3]]);
    assert_eq!(aside(office, &mug).await, [19, 3]);
    let unseen = json!({ "received": 3, "restocked": 0, "quarantined": 0, "writtenOff": 0 });
    assert_eq!((&now(office, &ret).await["status"], figures(office, &ret).await), (&json!("RECEIVED"), unseen));
    office.is_sound().await;
    // They are inspected again, with another disposition.
    let inspected_return = looked_at(office, &ret, &[(3, "RESTOCK")]).await;
    assert_eq!((&inspected_return["status"], aside(office, &mug).await), (&json!("INSPECTED"), [19, 0]));
    let again = undone(office, &ret["id"], json!({})).await;
    assert_eq!((effect(&again, "ON_HAND"), effect(&again, "UNAVAILABLE")), (vec![], vec![3]), "only what stands goes back");
    office.is_sound().await;
}

async fn a_return_is_undone_step_by_step(world: &World) {
    let (books, mug, sale, ret) = came_back(world, 2).await;
    let office = &books.office;
    looked_at(office, &ret, &[(2, "QUARANTINE")]).await;
    step(office, "returnClose", "ReturnCloseInput", &ret, json!({ "refund": gbp("1.00") })).await;
    for (kind, status) in [("RETURN_REFUND", "INSPECTED"), ("RETURN_INSPECTION", "RECEIVED"), ("RETURN_RECEIPT", "APPROVED")] {
        let reversal = undone(office, &ret["id"], json!({})).await;
        assert_eq!((&reversal["kind"], &now(office, &ret).await["status"]), (&json!(kind), &json!(status)));
        office.is_sound().await;
    }
    refused(&reverse(office, &ret["id"], json!({})).await, "INVALID_STATE", "input.documentId");
    let query = "query($id: ID!) { node(id: $id) { ... on Return { reversedBy { kind document { id } } } } }";
    let by =
        async |office: &Office<'_>| office.execute(query, json!({ "id": ret["id"] })).await["data"]["node"]["reversedBy"].clone();
    let kinds = ["RETURN_RECEIPT", "RETURN_INSPECTION", "RETURN_REFUND"];
    let named: Vec<Value> = kinds.iter().map(|kind| json!({ "kind": kind, "document": { "id": ret["id"] } })).collect();
    assert_eq!(by(office).await, json!(named), "the newest first");
    let clerk = office.as_caller(with(&office.caller, None, &["order.read"]));
    assert_eq!(by(&clerk).await, Value::Null, "for whoever sees movements");
    assert_eq!(aside(office, &mug).await, [16, 0]);
    assert_eq!(back(office, &sale).await, json!({ "returned": 0, "returnPending": 2 }));
}

async fn looking_in_parts_is_undone_together(world: &World) {
    let (books, mug, sale) = sold(world).await;
    let office = &books.office;
    let ret = approved(office, &sale, 4).await;
    let received_return = receive_return(office, &ret, 2, json!({})).await;
    looked_at(office, &received_return, &[(1, "RESTOCK")]).await;
    looked_at(office, &received_return, &[(1, "WRITE_OFF")]).await;
    assert_eq!(aside(office, &mug).await, [17, 0]);
    let reversal = undone(office, &ret["id"], json!({})).await;
    assert_eq!((reversal["movements"].as_array().unwrap().len(), effect(&reversal, "INSPECTED")), (2, vec![-2]));
    let open = now(office, &ret).await;
    assert_eq!((&open["status"], aside(office, &mug).await), (&json!("PARTIALLY_RECEIVED"), [18, 2]), "two have yet to come");
    office.is_sound().await;
}

async fn what_was_sold_since_is_named(world: &World) {
    let (books, mug, _, ret) = came_back(world, 2).await;
    let office = &books.office;
    looked_at(office, &ret, &[(1, "RESTOCK"), (1, "WRITE_OFF")]).await;
    let later = books.sell(&mug, 17).await;
    for payload in [would(office, &ret["id"], json!({})).await, reverse(office, &ret["id"], json!({})).await] {
        refused(&payload, "IN_USE", "input.documentId");
        let error = &payload["userErrors"][0];
        assert_eq!(error["documents"], json!([{ "__typename": "Order", "id": later["id"] }]), "not the return itself");
        assert_eq!(error["documentCount"], 1);
    }
    assert_eq!((&now(office, &ret).await["status"], aside(office, &mug).await), (&json!("INSPECTED"), [0, 0]));
    let reversal = undone(office, &later["id"], json!({})).await;
    let query = "query($id: ID!) { order(by: { id: $id }) { reversedBy { id kind } } }";
    let by = office.execute(query, json!({ "id": later["id"] })).await["data"]["order"]["reversedBy"].clone();
    assert_eq!(by, json!([{ "id": reversal["id"], "kind": "SALE" }]));
    undone(office, &ret["id"], json!({})).await;
    assert_eq!(aside(office, &mug).await, [18, 2]);
    office.is_sound().await;
}

async fn what_was_taken_from_quarantine_since_is_named(world: &World) {
    let (books, mug, _, ret) = came_back(world, 3).await;
    let office = &books.office;
    looked_at(office, &ret, &[(3, "QUARANTINE")]).await;
    let items = json!([{ "product": mug, "store": office.store, "quantity": 1 }]);
    let input = json!({ "idempotencyKey": key(), "from": "QUARANTINE", "to": "DAMAGED", "reasonCode": "OTHER", "items": items });
    let movement = accepted(&office.mutate("stockMove", "StockMoveInput", "movement { id }", input).await, "movement").clone();
    let payload = reverse(office, &ret["id"], json!({})).await;
    refused(&payload, "IN_USE", "input.documentId");
    let error = &payload["userErrors"][0];
    assert_eq!(error["documents"], json!([{ "__typename": "StockMovement", "id": movement["id"] }]), "{payload:#}");
    assert_eq!(now(office, &ret).await["status"], "INSPECTED");
    office.is_sound().await;
}

async fn lots_are_in_quarantine_again(world: &World) {
    let shop = LotShop::open(world).await;
    let office = &shop.office;
    shop.receive_lot("a", 5, "2027-06-01").await;
    shop.receive_lot("b", 5, "2027-09-01").await;
    let books = Books::of_office(office.as_caller(office.caller.clone()));
    let sale = books.sell(&shop.cheese, 7).await;
    let ret = approved(office, &sale, 4).await;
    let line = &ret["lines"][0]["id"];
    let input_for = |code: &str, quantity: i64| json!({ "lineId": line, "quantity": quantity, "lot": { "code": code } });
    step(office, "returnReceive", "ReturnReceiveInput", &ret, json!({ "lines": [input_for("a", 3), input_for("b", 1)] })).await;
    let received_lots = shop.lots(&shop.cheese, &office.store).await;
    let seen = |code: &str, quantity: i64, to: &str| {
        let mut line = input_for(code, quantity);
        line["disposition"] = json!(to);
        line
    };
    let lines = json!([seen("a", 2, "RESTOCK"), seen("a", 1, "WRITE_OFF"), seen("b", 1, "RESTOCK")]);
    step(office, "returnInspect", "ReturnInspectInput", &ret, json!({ "lines": lines })).await;
    assert_ne!(shop.lots(&shop.cheese, &office.store).await, received_lots);
    let reversal = undone(office, &ret["id"], json!({})).await;
    assert_eq!(reversal["lines"][0]["quantity"], 4);
    assert_eq!(shop.lots(&shop.cheese, &office.store).await, received_lots, "lot by lot");
    office.is_sound().await;
    step(office, "returnInspect", "ReturnInspectInput", &ret, json!({})).await;
    assert_eq!(now(office, &ret).await["status"], "INSPECTED", "all of it can be looked at again");
    office.is_sound().await;
}

async fn what_was_written_off_is_worth_as_much_as_before(world: &World) {
    let (books, mug, _, ret) = came_back(world, 2).await;
    let before = books.cost(&mug).await;
    looked_at(&books.office, &ret, &[(2, "WRITE_OFF")]).await;
    assert_ne!(books.cost(&mug).await, before);
    undone(&books.office, &ret["id"], json!({})).await;
    let after = books.cost(&mug).await;
    assert_eq!((&after[0], &after[1]), (&before[0], &before[1]), "units and worth");
    books.office.is_sound().await;
}

async fn closed_books_keep_their_days(world: &World) {
    let (books, mug, _, ret) = came_back(world, 1).await;
    let office = &books.office;
    looked_at(office, &ret, &[(1, "RESTOCK")]).await;
    let now_at = world.node.clock.now();
    let day = |days: i64| entrepot::clock::rfc3339(now_at.plus_seconds(days * 86_400));
    refused(&reverse(office, &ret["id"], json!({ "occurredAt": day(-1) })).await, "OUT_OF_RANGE", "input.occurredAt");
    let close = async |through: Option<i32>| {
        let work = world.node.db.global().maintenance_for(office.caller.tenant).await.unwrap();
        work.execute("UPDATE tenant SET closed_through = $2 WHERE id = $1", vec![through.into()]).await.unwrap();
        work.commit().await.unwrap();
    };
    close(Some(entrepot::clock::local_day(now_at, "UTC") + 1)).await;
    refused(&reverse(office, &ret["id"], json!({})).await, "PERIOD_CLOSED", "input.occurredAt");
    close(None).await;
    undone(office, &ret["id"], json!({})).await;
    assert_eq!(aside(office, &mug).await, [17, 1]);
    office.is_sound().await;
}

async fn whoever_takes_no_returns_undoes_no_inspection(world: &World) {
    let (books, _, _, ret) = came_back(world, 1).await;
    let office = &books.office;
    looked_at(office, &ret, &[(1, "RESTOCK")]).await;
    let clerk = office.as_caller(with(&office.caller, None, &["document.reverse", "return.approve"]));
    let answer = reverse_document(&clerk, &ret["id"], json!({}), false).await;
    assert!(answer["errors"].to_string().contains("order.return"), "{answer:#}");
    let annex = office.new_store("ANNEX").await;
    let elsewhere = office.as_caller(with(&office.caller, Some(&annex), &["document.reverse", "order.return"]));
    refused(&reverse(&elsewhere, &ret["id"], json!({})).await, "NOT_FOUND", "input.documentId");
    refused(&reverse(office, &json!(world.theirs.ids["ret"]), json!({})).await, "NOT_FOUND", "input.documentId");
    assert_eq!(now(office, &ret).await["status"], "INSPECTED");
}

async fn the_same_key_undoes_one_step(world: &World) {
    let (books, mug, _, ret) = came_back(world, 1).await;
    let office = &books.office;
    looked_at(office, &ret, &[(1, "RESTOCK")]).await;
    let input = json!({ "idempotencyKey": key() });
    let first = reverse(office, &ret["id"], input.clone()).await;
    let again = reverse(office, &ret["id"], input.clone()).await;
    assert_eq!((&again["replayed"], &again["documentReversal"]["id"]), (&json!(true), &first["documentReversal"]["id"]));
    assert_eq!((&now(office, &ret).await["status"], aside(office, &mug).await), (&json!("RECEIVED"), [17, 1]));
    let other = json!({ "idempotencyKey": input["idempotencyKey"], "note": "something else" });
    refused(&reverse(office, &ret["id"], other).await, "IDEMPOTENCY_KEY_REUSED", "input.idempotencyKey");
    office.is_sound().await;
}

async fn what_is_undone_in_part_is_named_by_verify(world: &World) {
    let (books, _, _, ret) = came_back(world, 2).await;
    looked_at(&books.office, &ret, &[(2, "RESTOCK")]).await;
    undone(&books.office, &ret["id"], json!({})).await;
    books.office.is_sound().await;
    let tenant = world.ours.owner.tenant;
    for (sql, expected) in [
        (
            "UPDATE document_reversal SET kind = 'RETURN_RECEIPT' WHERE tenant_id = $1 AND kind = 'RETURN_INSPECTION'",
            "document reversal: no entry",
        ),
        ("UPDATE document_reversal SET kind = 'RETURN_INSPECTION' WHERE tenant_id = $1 AND kind = 'RETURN_RECEIPT'", ""),
        (
            "UPDATE document_reversal_line SET movement_line = movement_line + 1 WHERE tenant_id = $1",
            "document reversal: units that an inspection made",
        ),
    ] {
        let work = world.node.db.global().maintenance_for(tenant).await.unwrap();
        work.execute(sql, vec![]).await.unwrap();
        work.commit().await.unwrap();
        world.node.audit.seal_all().await.unwrap();
        let report = verify_tenant(&world.node.db, tenant, |_| {}).await.unwrap();
        let named: Vec<&str> = report.broken_lines().map(|line| line.invariant).collect();
        let fits = if expected.is_empty() { named.is_empty() } else { named.iter().any(|name| name.starts_with(expected)) };
        assert!(fits, "{sql}: {named:?}");
    }
}
