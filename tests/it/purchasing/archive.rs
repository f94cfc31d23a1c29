//! Archived suppliers and channels: they get no new purchases or sales, and existing documents
//! stay.

use serde_json::{Value, json};

use super::{
    blankets,
    office::{Office, accepted, gbp, key, refused},
};
use crate::{authorization::world::World, replenishment::desk::Desk, world::on_both};

on_both!(
    a_supplier_goes_once_nothing_is_on_order,
    no_document_names_an_archived_supplier_anew,
    an_archived_supplier_gives_way_to_the_products_own,
    a_plan_buys_from_nobody_who_is_archived,
    an_offer_that_is_archived_is_not_bought_by,
    a_channel_goes_once_its_orders_are_done,
    no_integration_sells_on_an_archived_channel,
);

async fn turn(office: &Office<'_>, mutation: &str, id: &Value) -> Value {
    let noun = if mutation.starts_with("supplier") { "supplier" } else { "channel" };
    let kind = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
    office.mutate(mutation, &kind, &format!("{noun} {{ archivedAt version }}"), json!({ "id": id })).await
}

async fn supplies(office: &Office<'_>, row: Value) -> Value {
    let fields = "rows { outcome userErrors { code message field } }";
    let input = json!({ "idempotencyKey": key(), "rows": [row] });
    office.mutate("supplierProductBulkUpsert", "SupplierProductBulkUpsertInput", fields, input).await["rows"][0].clone()
}

/// Tags of an order that is on its way, its supplier and its store: they are found by them, and the order stays at its version.
async fn tags_are_beside_documents(office: &Office<'_>, order: &Value, product: &Value) {
    let set = async |id: &Value, tags: Value| {
        let input = json!({ "idempotencyKey": key(), "nodeId": id, "tags": tags, "metadata": { "erp": 7 } });
        office.mutate("nodeTagsSet", "NodeTagsSetInput", "tags metadata", input).await
    };
    let query = "query($tag: StringFilter, $order: ID!) { purchaseOrder(by: { id: $order }) { version }
        purchaseOrders(filter: { tag: $tag }) { nodes { tags metadata } } suppliers(filter: { tag: $tag }) { nodes { tags metadata } }
        stores(filter: { tag: $tag }) { nodes { tags metadata } } transfers(filter: { tag: $tag }) { nodes { tags } }
        blanketOrders(filter: { tag: $tag }) { nodes { tags metadata } } returns(filter: { tag: $tag }) { nodes { id } }
        stocktakes(filter: { tag: $tag }) { nodes { id } } supplierReturns(filter: { tag: $tag }) { nodes { id } } }";
    let blanket = blankets::write(office, json!({ "lines": [blankets::line(product, 9, "1.00")] })).await;
    let blanket = accepted(&blanket, "blanketOrder").clone();
    let run_query = async |tag: Value| office.execute(query, json!({ "tag": tag, "order": order["id"] })).await["data"].clone();
    let before = run_query(json!({ "eq": "rush" })).await;
    for id in [&order["id"], &office.supplier["id"], &office.store["id"], &blanket["id"]] {
        let tag_payload = set(id, json!(["Rush", "rush", "Spring"])).await;
        assert_eq!(
            (&tag_payload["tags"], &tag_payload["metadata"]),
            (&json!(["Rush", "Spring"]), &json!({ "erp": 7 })),
            "{tag_payload:#}"
        );
        assert_eq!(set(id, json!(["Rush", "Spring"])).await["seq"], Value::Null, "nothing has changed");
    }
    for (tag, times) in [(json!({ "eq": "RUSH" }), 1), (json!({ "startsWith": "spr" }), 1), (json!({ "eq": "rus" }), 0)] {
        let found = run_query(tag.clone()).await;
        for list in ["purchaseOrders", "suppliers", "stores", "blanketOrders"] {
            let nodes = vec![json!({ "tags": ["Rush", "Spring"], "metadata": { "erp": 7 } }); times];
            assert_eq!(found[list]["nodes"], json!(nodes), "{tag}");
        }
        for list in ["transfers", "returns", "stocktakes", "supplierReturns"] {
            assert_eq!(found[list]["nodes"], json!([]), "{list}");
        }
        assert_eq!(found["purchaseOrder"], before["purchaseOrder"]);
    }
    assert_eq!(before["purchaseOrders"]["nodes"], json!([]));
    refused(&set(&product["id"], json!([])).await, "INVALID", "input.nodeId");
    refused(&set(&order["id"], json!(["a|b"])).await, "INVALID", "input.tags.0");
    // A customer has tags in a field of its own, so only metadata can be set here.
    let ada = office.mutate("customerCreate", "CustomerCreateInput", "customer { id }", json!({ "externalRef": "C-1" })).await;
    let ada = &accepted(&ada, "customer")["id"];
    refused(&set(ada, json!([])).await, "INVALID", "input.tags");
    let input = json!({ "idempotencyKey": key(), "nodeId": ada, "metadata": { "crm": 7 } });
    let payload = office.mutate("nodeTagsSet", "NodeTagsSetInput", "tags metadata", input).await;
    assert_eq!(payload["metadata"], json!({ "crm": 7 }), "{payload:#}");
    let read = office.execute("query($id: ID!) { customer(by: { id: $id }) { metadata } }", json!({ "id": ada })).await;
    assert_eq!(read["data"]["customer"]["metadata"], json!({ "crm": 7 }), "{read:#}");
    let query = "query($key: String!) { customers(filter: { metadata: [{ key: $key }] }) { nodes { id } } }";
    for (key, expected) in [("crm", json!([{ "id": ada }])), ("erp", json!([]))] {
        assert_eq!(office.execute(query, json!({ "key": key })).await["data"]["customers"]["nodes"], expected, "{key}");
    }
    let erased = office.mutate("customerErase", "CustomerEraseInput", "customer { metadata }", json!({ "id": ada })).await;
    assert_eq!(accepted(&erased, "customer")["metadata"], json!({}), "{erased:#}");
    let late_input = json!({ "idempotencyKey": key(), "nodeId": ada, "metadata": { "crm": 8 } });
    refused(&office.mutate("nodeTagsSet", "NodeTagsSetInput", "tags metadata", late_input).await, "INVALID", "input.nodeId");
    accepted(&blankets::step(office, "blanketOrderClose", &blanket).await, "blanketOrder");
}

async fn a_supplier_goes_once_nothing_is_on_order(world: &World) {
    let office = Office::of(world).await;
    let (mug, supplier) = (office.product("MUG", "2.00").await, office.supplier["id"].clone());
    let line = json!([{ "product": mug, "quantity": 7 }]);
    let (first, draft) = (office.ordered(json!({ "lines": line })).await, office.draft(line.clone()).await);
    tags_are_beside_documents(&office, &first, &mug).await;
    let message = refused(&turn(&office, "supplierArchive", &supplier).await, "IN_USE", "input.id");
    assert!(message.contains("purchase orders are open (2)"), "{message}");
    office.step(&draft, "purchaseOrderCancel").await;
    let message = refused(&turn(&office, "supplierArchive", &supplier).await, "IN_USE", "input.id");
    assert!(message.contains("(1)"), "{message}");
    accepted(&office.receive(&first, &[7]).await, "purchaseOrder");
    let payload = turn(&office, "supplierArchive", &supplier).await;
    assert!(accepted(&payload, "supplier")["archivedAt"].is_string(), "{payload:#}");
    // Orders from an archived supplier keep showing it.
    let query = "query($id: ID!) { purchaseOrder(by: { id: $id }) { status supplier { code archivedAt } } }";
    let read = office.execute(query, json!({ "id": first["id"] })).await;
    let order = &read["data"]["purchaseOrder"];
    assert_eq!((&order["status"], &order["supplier"]["code"]), (&json!("RECEIVED"), &json!("POT")), "{read:#}");
    assert!(order["supplier"]["archivedAt"].is_string(), "{read:#}");
    office.is_sound().await;
}

async fn no_document_names_an_archived_supplier_anew(world: &World) {
    let office = Office::of(world).await;
    let (mug, plate) = (office.product("MUG", "2.00").await, office.product("PLATE", "3.00").await);
    let row = |product: &Value, cost: &str| json!({ "supplier": office.supplier, "product": product, "unitCost": gbp(cost) });
    assert_eq!(supplies(&office, row(&mug, "1.80")).await["outcome"], "CREATED");
    let lines = json!([{ "product": mug, "quantity": 7 }]);
    let requested_input = json!({ "idempotencyKey": key(), "supplier": office.supplier, "store": office.store, "lines": lines });
    let draft = accepted(&office.buy("purchaseOrderCreate", requested_input.clone()).await, "purchaseOrder").clone();
    office.step(&draft, "purchaseOrderCancel").await;
    accepted(&turn(&office, "supplierArchive", &office.supplier["id"]).await, "supplier");
    for supplier in [office.supplier.clone(), json!({ "code": "pot" })] {
        let input = json!({ "supplier": supplier, "store": office.store, "lines": lines });
        let message = refused(&office.buy("purchaseOrderCreate", input).await, "INVALID", "input.supplier");
        assert!(message.contains("archived since") && message.contains("supplierRestore"), "{message}");
    }
    // A repeated call from before the archiving gets its first answer.
    let again = office.buy("purchaseOrderCreate", requested_input).await;
    assert_eq!((accepted(&again, "purchaseOrder")["id"].clone(), &again["replayed"]), (draft["id"].clone(), &json!(true)));
    // Its rows may still be corrected; a new one is not begun.
    assert_eq!(supplies(&office, row(&mug, "1.70")).await["outcome"], "UPDATED");
    let new = supplies(&office, row(&plate, "2.70")).await;
    let mut preferred = row(&mug, "1.70");
    preferred["preferred"] = json!(true);
    for expected in [new, supplies(&office, preferred).await] {
        let error = &expected["userErrors"][0];
        assert_eq!(
            (&error["code"], &error["field"]),
            (&json!("INVALID"), &json!(["input", "rows", "0", "supplier"])),
            "{expected:#}"
        );
    }
    accepted(&turn(&office, "supplierRestore", &office.supplier["id"]).await, "supplier");
    office.draft(lines).await;
    assert_eq!(supplies(&office, row(&plate, "2.70")).await["outcome"], "CREATED");
    office.is_sound().await;
}

async fn an_archived_supplier_gives_way_to_the_products_own(world: &World) {
    let office = Office::of(world).await;
    let other = office
        .mutate("supplierCreate", "SupplierCreateInput", "supplier { id }", json!({ "code": "OTHER", "name": "Other" }))
        .await;
    let other = json!({ "id": accepted(&other, "supplier")["id"] });
    let input = json!({ "sku": "MUG", "name": "Mug", "unitCost": gbp("2.00"), "supplierId": office.supplier["id"] });
    let mug = office.mutate("productCreate", "ProductCreateInput", "product { id }", input).await;
    let mug = json!({ "id": accepted(&mug, "product")["id"] });
    supplies(&office, json!({ "supplier": other, "product": mug, "unitCost": gbp("1.80"), "preferred": true })).await;
    accepted(&turn(&office, "supplierArchive", &other["id"]).await, "supplier");
    let order = async || {
        let lines = json!([{ "product": mug, "store": office.store, "quantity": 5 }]);
        let input = json!({ "idempotencyKey": key(), "lines": lines });
        office
            .mutate(
                "purchaseOrdersCreateFromSuggestions",
                "PurchaseOrdersCreateFromSuggestionsInput",
                "purchaseOrders { id status supplier { code } }",
                input,
            )
            .await
    };
    let new_order = order().await;
    let draft = accepted(&new_order, "purchaseOrders")[0].clone();
    assert_eq!(draft["supplier"]["code"], "POT", "{new_order:#}");
    office.step(&draft, "purchaseOrderCancel").await;
    accepted(&turn(&office, "supplierArchive", &office.supplier["id"]).await, "supplier");
    refused(&order().await, "INVALID", "input.lines.0.supplier");
}

async fn an_offer_that_is_archived_is_not_bought_by(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let row = |preferred: bool| json!({ "supplier": office.supplier, "product": mug, "unitCost": gbp("1.80"), "leadTimeDays": 9, "preferred": preferred });
    assert_eq!(supplies(&office, row(true)).await["outcome"], "CREATED");
    let turn = async |step: &str, key: &str| {
        let (mutation, kind) = (format!("supplierProduct{step}"), format!("SupplierProduct{step}Input"));
        let input = json!({ "idempotencyKey": key, "supplier": { "code": "pot" }, "product": mug });
        office.mutate(&mutation, &kind, "supplierProduct { archivedAt preferred version }", input).await
    };
    // Returns the unit cost on a draft, which is cancelled at once.
    let cost = async || {
        let draft = office.draft(json!([{ "product": mug, "quantity": 7 }])).await;
        office.step(&draft, "purchaseOrderCancel").await;
        draft["lines"][0]["unitCost"]["amount"].clone()
    };
    assert_eq!(cost().await, "1.80");
    let payload = turn("Archive", "offer goes").await;
    let supplier_product = accepted(&payload, "supplierProduct");
    assert_eq!(
        (supplier_product["archivedAt"].is_string(), &supplier_product["preferred"], &supplier_product["version"]),
        (true, &json!(false), &json!(2)),
        "{payload:#}"
    );
    let again = turn("Archive", "offer goes").await;
    assert_eq!((&again["replayed"], &again["seq"]), (&json!(true), &payload["seq"]));
    assert_eq!(turn("Archive", "goes again").await["seq"], Value::Null, "archived already");
    assert_eq!(cost().await, "2.00", "the product's own cost");
    // No supplier is left for an automatic order.
    let lines = json!([{ "product": mug, "store": office.store, "quantity": 5 }]);
    let reorder = json!({ "idempotencyKey": key(), "lines": lines });
    refused(
        &office
            .mutate(
                "purchaseOrdersCreateFromSuggestions",
                "PurchaseOrdersCreateFromSuggestionsInput",
                "purchaseOrders { id }",
                reorder,
            )
            .await,
        "INVALID",
        "input.lines.0.supplier",
    );
    let listed = async |filter: Value| {
        let query = "query($filter: SupplierProductFilter) { supplierProducts(filter: $filter) { nodes { product { id } } } }";
        let answer = office.execute(query, json!({ "filter": filter })).await;
        let rows = answer["data"]["supplierProducts"]["nodes"].as_array();
        rows.map(|rows| rows.iter().filter(|row| row["product"] == mug).count())
    };
    assert_eq!((listed(Value::Null).await, listed(json!({})).await), (Some(0), Some(0)));
    let is_mug = json!({ "product": { "eq": mug["id"] } });
    for (filter, count) in [
        (json!({ "isArchived": true }), 1),
        (json!({ "isArchived": null }), 1),
        (json!({ "or": [is_mug, { "sku": { "eq": "no such" } }] }), 0),
        (json!({ "isArchived": true, "or": [is_mug, { "sku": { "eq": "no such" } }] }), 1),
        (json!({ "or": [{ "isArchived": true }, { "sku": { "eq": "no such" } }] }), 1),
        (json!({ "not": { "isArchived": false } }), 1),
        (json!({ "isArchived": null, "not": is_mug }), 0),
    ] {
        assert_eq!(listed(filter.clone()).await, Some(count), "{filter}");
    }
    // An archived offer may be corrected; it cannot be preferred before it is restored.
    assert_eq!(supplies(&office, row(false)).await["outcome"], "UNCHANGED");
    let reported_payload = supplies(&office, row(true)).await;
    assert_eq!(reported_payload["userErrors"][0]["field"], json!(["input", "rows", "0", "isPreferred"]), "{reported_payload:#}");
    accepted(&self::turn(&office, "supplierArchive", &office.supplier["id"]).await, "supplier");
    refused(&turn("Restore", "too early").await, "INVALID", "input.supplier");
    accepted(&self::turn(&office, "supplierRestore", &office.supplier["id"]).await, "supplier");
    let back = turn("Restore", "offer is back").await;
    assert_eq!(accepted(&back, "supplierProduct"), &json!({ "archivedAt": null, "preferred": false, "version": 3 }));
    assert_eq!((cost().await, listed(Value::Null).await), (json!("1.80"), Some(1)));
    assert_eq!(supplies(&office, row(true)).await["outcome"], "UPDATED");
    let nothing = json!({ "idempotencyKey": key(), "supplier": office.supplier, "product": office.product("CUP", "1.00").await });
    let nothing =
        office.mutate("supplierProductArchive", "SupplierProductArchiveInput", "supplierProduct { version }", nothing).await;
    refused(&nothing, "NOT_FOUND", "input.product.id");
}

async fn a_plan_buys_from_nobody_who_is_archived(world: &World) {
    let desk = Desk::of(world).await;
    let (mug, office) = (desk.mug().await, &desk.books.office);
    // All stock is promised, so an order is needed with any delivery time.
    let lines = json!([{ "product": mug, "quantity": 27, "unitPrice": gbp("9.00") }]);
    let input = json!({ "idempotencyKey": key(), "store": office.store, "status": "CONFIRMED", "lines": lines });
    accepted(&office.mutate("orderCreate", "OrderCreateInput", "order { id }", input).await, "order");
    let (supplier, before) = (office.supplier["id"].clone(), desk.plan(json!({})).await);
    accepted(&turn(office, "supplierArchive", &supplier).await, "supplier");
    // A plan from before the archiving orders nothing from the supplier on approval, and gives the
    // reason.
    let approved = desk.approve(&before, json!({ "all": true })).await;
    let line = &approved["refused"][0];
    assert_eq!((&approved["approved"], &line["code"]), (&json!(0), &json!("DRAFT_REFUSED")), "{approved:#}");
    assert!(line["message"].as_str().unwrap().contains("supplierRestore"), "{approved:#}");
    let plan = desk.plan(json!({})).await;
    let line = &plan["lines"]["nodes"][0];
    assert_eq!((&line["state"], &line["issue"], &line["supplier"]), (&json!("REFUSED"), &json!("NO_SUPPLIER"), &Value::Null));
    let input = json!({ "idempotencyKey": key(), "supplierId": supplier });
    let own = office.mutate("replenishmentPlanCreate", "ReplenishmentPlanCreateInput", "plan { id }", input).await;
    let message = refused(&own, "INVALID", "input.supplierId");
    assert!(message.contains("supplierRestore"), "{message}");
    accepted(&turn(office, "supplierRestore", &supplier).await, "supplier");
    assert_eq!(desk.plan(json!({})).await["lines"]["nodes"][0]["state"], "OPEN");
}

async fn new_channel(office: &Office<'_>) -> Value {
    let input = json!({ "code": "FAIR", "name": "Fair" });
    let payload = office.mutate("channelCreate", "ChannelCreateInput", "channel { id }", input).await;
    accepted(&payload, "channel")["id"].clone()
}

async fn a_channel_goes_once_its_orders_are_done(world: &World) {
    let office = Office::of(world).await;
    let fair = new_channel(&office).await;
    let order = async |channel: Option<&Value>| {
        let postage = json!({ "kind": "CHARGE", "name": "Postage", "quantity": 1, "unitPrice": gbp("3.50") });
        let input = json!({ "idempotencyKey": key(), "store": office.store, "channelId": channel, "status": "DRAFT", "lines": [postage] });
        office.mutate("orderCreate", "OrderCreateInput", "order { id channel { code archivedAt } }", input).await
    };
    let placed_order = order(Some(&fair)).await;
    let message = refused(&turn(&office, "channelArchive", &fair).await, "IN_USE", "input.id");
    assert!(message.contains("orders are open (1)"), "{message}");
    let cancel = json!({ "idempotencyKey": key(), "id": accepted(&placed_order, "order")["id"] });
    accepted(&office.mutate("orderCancel", "ActionInput", "order { status }", cancel).await, "order");
    accepted(&turn(&office, "channelArchive", &fair).await, "channel");
    let message = refused(&order(Some(&fair)).await, "INVALID", "input.channelId");
    assert!(message.contains("archived since") && message.contains("channelRestore"), "{message}");
    accepted(&order(None).await, "order");
    let query = "query($id: ID!) { order(by: { id: $id }) { channel { code archivedAt } } }";
    let read = office.execute(query, json!({ "id": accepted(&placed_order, "order")["id"] })).await;
    assert!(read["data"]["order"]["channel"]["archivedAt"].is_string(), "{read:#}");
    accepted(&turn(&office, "channelRestore", &fair).await, "channel");
    accepted(&order(Some(&fair)).await, "order");
    office.is_sound().await;
}

async fn no_integration_sells_on_an_archived_channel(world: &World) {
    let office = Office::of(world).await;
    let fair = new_channel(&office).await;
    let bind = async |name: &str| {
        let input = json!({ "name": name, "permissions": ["product.read"], "scope": { "all": true }, "channelId": fair });
        office.mutate("integrationCreate", "IntegrationCreateInput", "integration { id }", input).await
    };
    accepted(&bind("Stall").await, "integration");
    let message = refused(&turn(&office, "channelArchive", &fair).await, "IN_USE", "input.id");
    assert!(message.contains("integrations that are not disabled are bound to it (1)"), "{message}");
    let other =
        office.mutate("channelCreate", "ChannelCreateInput", "channel { id }", json!({ "code": "QUAY", "name": "Quay" })).await;
    let other = accepted(&other, "channel")["id"].clone();
    accepted(&turn(&office, "channelArchive", &other).await, "channel");
    let input = json!({ "name": "Pier", "permissions": ["product.read"], "scope": { "all": true }, "channelId": other });
    let bound = office.mutate("integrationCreate", "IntegrationCreateInput", "integration { id }", input).await;
    refused(&bound, "NOT_FOUND", "input.channelId");
}
