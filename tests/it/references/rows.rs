//! Mutations whose object is named by a key in place of its ID: documents by their numbers and
//! references, master data by codes, slugs and names.

use entrepot::access::Caller;
use serde_json::{Value, json};

use super::without;
use crate::{
    authorization::world::World,
    costing::world::Books,
    purchasing::office::{Office, accepted, key, refused},
    world::{answers::digits, on_both},
};

on_both!(
    a_purchase_order_goes_its_way_by_its_number,
    a_number_of_another_document_changes_nothing,
    a_number_names_nothing_to_who_may_not_see_such_documents,
    a_transfer_is_sent_and_received_by_its_number,
    a_stocktake_is_counted_by_its_number,
    a_return_is_settled_by_its_number_and_its_reference,
    an_order_is_changed_by_its_number_and_its_reference,
    a_blanket_order_is_agreed_by_its_number,
    master_data_is_changed_by_its_keys,
    groups_roles_families_and_views_are_changed_by_their_keys,
    customers_and_suppliers_are_merged_by_their_keys,
);

/// The payload of a mutation whose input names the row by `named`, with `more`.
async fn mutate_row(office: &Office<'_>, (mutation, kind): (&str, &str), fields: &str, reference: &Value, extra: Value) -> Value {
    let mut input = json!({ "idempotencyKey": key() });
    for part in [reference, &extra] {
        input.as_object_mut().unwrap().extend(part.as_object().unwrap().clone());
    }
    office.mutate(mutation, kind, fields, input).await
}

async fn a_purchase_order_goes_its_way_by_its_number(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let draft = office.draft(json!([{ "product": mug, "quantity": 5 }])).await;
    let number = &draft["number"];
    let input = json!({ "purchaseOrder": { "number": number } });
    let noted = mutate_row(
        &office,
        ("purchaseOrderUpdate", "PurchaseOrderUpdateInput"),
        "purchaseOrder { id note }",
        &input,
        json!({ "note": "Soon" }),
    )
    .await;
    assert_eq!(accepted(&noted, "purchaseOrder"), &json!({ "id": draft["id"], "note": "Soon" }));
    // Digits alone are enough where the kind is known.
    let bare = json!({ "idempotencyKey": "submitted-once", "purchaseOrder": { "number": digits(number) } });
    let submitted = office.buy("purchaseOrderSubmit", bare.clone()).await;
    assert_eq!(accepted(&submitted, "purchaseOrder")["status"], "PENDING_APPROVAL");
    let again = office.buy("purchaseOrderSubmit", bare).await;
    assert_eq!((&accepted(&again, "purchaseOrder")["id"], &again["replayed"]), (&draft["id"], &json!(true)));
    let by_id = json!({ "idempotencyKey": "submitted-once", "id": draft["id"] });
    refused(&office.buy("purchaseOrderSubmit", by_id).await, "IDEMPOTENCY_KEY_REUSED", "input.idempotencyKey");
    for step in ["purchaseOrderApprove", "purchaseOrderPlace"] {
        accepted(&office.buy(step, input.clone()).await, "purchaseOrder");
    }
    let confirmed = json!({ "purchaseOrder": { "number": number }, "confirmedOn": "2099-01-31" });
    accepted(&office.buy("purchaseOrderConfirm", confirmed).await, "purchaseOrder");
    let line = json!({ "lineId": draft["lines"][0]["id"], "quantity": 5 });
    let came = json!({ "purchaseOrder": { "number": number }, "id": draft["id"], "lines": [line] });
    let came = office.buy("purchaseOrderReceive", came).await;
    assert_eq!(accepted(&came, "purchaseOrder")["lines"][0]["received"], 5);
    // A refusal of the order has the path of its number.
    refused(&office.buy("purchaseOrderCancel", input).await, "INVALID_STATE", "input.purchaseOrder.number");
}

async fn a_number_of_another_document_changes_nothing(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let draft = office.draft(json!([{ "product": mug, "quantity": 5 }])).await;
    let submit = async |reference: Value| office.buy("purchaseOrderSubmit", reference).await;
    for none in ["PO-999999", "no number", "a\u{0}1", &format!("TR-{}", digits(&draft["number"]))] {
        let message =
            refused(&submit(json!({ "purchaseOrder": { "number": none } })).await, "NOT_FOUND", "input.purchaseOrder.number");
        assert!(message.starts_with("there is no such "), "{message}");
    }
    let foreign = json!(world.theirs.ids["por"]);
    refused(&submit(json!({ "purchaseOrder": { "id": foreign } })).await, "NOT_FOUND", "input.purchaseOrder.id");
    let kind = json!({ "purchaseOrder": { "id": world.ours.ids["ord"] } });
    refused(&submit(kind).await, "INVALID", "input.purchaseOrder.id");
    let two = json!({ "purchaseOrder": { "number": draft["number"] }, "id": world.ours.ids["por"] });
    refused(&submit(two).await, "INVALID", "input.purchaseOrder");
    refused(&submit(json!({})).await, "REQUIRED", "input.purchaseOrder");
    let read = "query($id: ID!) { purchaseOrder(by: { id: $id }) { status } }";
    let now = office.execute(read, json!({ "id": draft["id"] })).await;
    assert_eq!(now["data"]["purchaseOrder"]["status"], "DRAFT", "{now:#}");
}

async fn a_number_names_nothing_to_who_may_not_see_such_documents(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let draft = office.draft(json!([{ "product": mug, "quantity": 5 }])).await;
    let buyer = office.as_caller(without(world, "purchase.read"));
    let submit = "mutation($input: PurchaseOrderActionInput!) { purchaseOrderSubmit(input: $input) { userErrors { code } } }";
    for number in [&draft["number"], &json!("PO-999999")] {
        let input = json!({ "idempotencyKey": key(), "purchaseOrder": { "number": number } });
        let answer = buyer.execute(submit, json!({ "input": input })).await;
        assert_eq!(answer["errors"][0]["permission"], "purchase.read", "{answer:#}");
    }
    // An ID needs no more than the step itself.
    let input = json!({ "idempotencyKey": key(), "id": draft["id"] });
    let answer = buyer.execute(submit, json!({ "input": input })).await;
    assert_eq!(answer["data"]["purchaseOrderSubmit"]["userErrors"], json!([]), "{answer:#}");
}

async fn a_transfer_is_sent_and_received_by_its_number(world: &World) {
    let books = Books::of(world).await;
    let office = &books.office;
    let mug = office.product("MUG", "2.00").await;
    books.receive(&mug, 5, "2.00").await;
    let shop = office.new_store("CORNER").await;
    let input = json!({ "idempotencyKey": key(), "fromStore": office.store, "toStore": shop,
        "lines": [{ "product": mug, "quantity": 3 }] });
    let payload = office.mutate("transferCreate", "TransferCreateInput", "transfer { id number lines { id } }", input).await;
    let transfer = accepted(&payload, "transfer");
    let named_input = json!({ "transfer": { "number": transfer["number"] } });
    let status = "transfer { id status }";
    let lines = json!({ "lines": [{ "lineId": transfer["lines"][0]["id"], "quantity": 3 }] });
    for (mutation, kind, extra, then) in [
        ("transferUpdate", "TransferUpdateInput", json!({ "note": "Mind the step" }), "DRAFT"),
        ("transferMarkReady", "TransferActionInput", json!({}), "READY"),
        ("transferShip", "TransferShipmentInput", lines, "IN_TRANSIT"),
        ("transferReceive", "TransferShipmentInput", json!({}), "RECEIVED"),
    ] {
        let stepped = mutate_row(office, (mutation, kind), status, &named_input, extra).await;
        assert_eq!(accepted(&stepped, "transfer"), &json!({ "id": transfer["id"], "status": then }), "{mutation}");
    }
    let extra = json!({ "reasonCode": "LOSS" });
    let closed = mutate_row(office, ("transferClose", "TransferCloseInput"), status, &named_input, extra).await;
    refused(&closed, "INVALID_STATE", "input.transfer.number");
}

async fn a_stocktake_is_counted_by_its_number(world: &World) {
    let books = Books::of(world).await;
    let office = &books.office;
    let mug = office.product("MUG", "2.00").await;
    books.receive(&mug, 5, "2.00").await;
    let input = json!({ "idempotencyKey": key(), "kind": "LIST", "store": office.store, "products": [mug] });
    let payload = office.mutate("stocktakeCreate", "StocktakeCreateInput", "stocktake { id number }", input).await;
    let stocktake = accepted(&payload, "stocktake");
    let named_input = json!({ "stocktake": { "number": stocktake["number"] } });
    for (mutation, kind, extra) in [
        ("stocktakeStart", "StocktakeActionInput", json!({})),
        ("stocktakeRecord", "StocktakeRecordInput", json!({ "lines": [{ "product": mug, "counted": 4 }] })),
        ("stocktakeSubmit", "StocktakeSubmitInput", json!({})),
        ("stocktakeRecount", "StocktakeRecountInput", json!({})),
        ("stocktakeCancel", "StocktakeActionInput", json!({})),
    ] {
        let stepped = mutate_row(office, (mutation, kind), "stocktake { id }", &named_input, extra).await;
        assert_eq!(accepted(&stepped, "stocktake")["id"], stocktake["id"], "{mutation}");
    }
    let theirs = json!({ "stocktake": { "id": world.theirs.ids["cnt"] } });
    let started = mutate_row(office, ("stocktakeStart", "StocktakeActionInput"), "stocktake { id }", &theirs, json!({})).await;
    refused(&started, "NOT_FOUND", "input.stocktake.id");
}

async fn a_return_is_settled_by_its_number_and_its_reference(world: &World) {
    let books = Books::of(world).await;
    let office = &books.office;
    let mug = office.product("MUG", "2.00").await;
    books.receive(&mug, 5, "2.00").await;
    let order = books.sell(&mug, 2).await;
    let lines = json!([{ "orderLineId": order["lines"][0]["id"], "quantity": 1 }]);
    let input =
        json!({ "idempotencyKey": key(), "store": office.store, "externalRef": "RMA-17", "receive": false, "lines": lines });
    let payload = office.mutate("returnCreate", "ReturnCreateInput", "return { id number }", input).await;
    let id = &accepted(&payload, "return")["id"];
    let by_number = json!({ "return": { "number": payload["return"]["number"] } });
    let by_reference = json!({ "return": { "externalRef": "RMA-17" } });
    let approve = async |office: &Office<'_>, reference: &Value| {
        mutate_row(office, ("returnApprove", "ReturnActionInput"), "return { id }", reference, json!({})).await
    };
    // A caller that is bound to another channel finds neither.
    let elsewhere = Caller { channel: Some(world.theirs.ids["chn"].parse().unwrap()), ..world.ours.owner.clone() };
    let elsewhere = office.as_caller(elsewhere);
    refused(&approve(&elsewhere, &by_number).await, "NOT_FOUND", "input.return.number");
    refused(&approve(&elsewhere, &by_reference).await, "NOT_FOUND", "input.return.externalRef");
    refused(&approve(office, &json!({ "return": { "externalRef": "RMA-18" } })).await, "NOT_FOUND", "input.return.externalRef");
    // The call needs no permission of payments.
    let clerk = office.as_caller(without(world, "payment.write"));
    assert_eq!(&accepted(&approve(&clerk, &by_reference).await, "return")["id"], id);
    for (mutation, kind, reference, extra) in [
        ("returnReceive", "ReturnReceiveInput", &by_number, json!({})),
        ("returnInspect", "ReturnInspectInput", &by_reference, json!({})),
        ("returnClose", "ReturnCloseInput", &by_number, json!({})),
    ] {
        let stepped = mutate_row(office, (mutation, kind), "return { id }", reference, extra).await;
        assert_eq!(&accepted(&stepped, "return")["id"], id, "{mutation}");
    }
    let rejected =
        mutate_row(office, ("returnReject", "ReturnRejectInput"), "return { id }", &by_reference, json!({ "reason": "Worn" }))
            .await;
    refused(&rejected, "INVALID_STATE", "input.return.externalRef");
}

async fn an_order_is_changed_by_its_number_and_its_reference(world: &World) {
    let books = Books::of(world).await;
    let office = &books.office;
    let mug = office.product("MUG", "2.00").await;
    books.receive(&mug, 5, "2.00").await;
    let channel = json!({ "id": world.ours.ids["chn"] });
    let input = json!({ "idempotencyKey": key(), "store": office.store, "channel": channel, "externalRef": "WEB-17",
        "lines": [{ "product": mug, "quantity": 2 }] });
    let payload = office.mutate("orderCreate", "OrderCreateInput", "order { id number version }", input).await;
    let order = accepted(&payload, "order");
    let by_number = json!({ "order": { "number": order["number"] } });
    let changes = json!({ "expectedVersion": order["version"], "noteForStaff": "Ring twice" });
    let noted = mutate_row(office, ("orderUpdate", "OrderUpdateInput"), "order { id noteForStaff }", &by_number, changes).await;
    assert_eq!(accepted(&noted, "order"), &json!({ "id": order["id"], "noteForStaff": "Ring twice" }));
    let of_channel = |reference: &str| json!({ "order": { "external": { "channel": channel, "ref": reference } } });
    let hold = async |named: &Value| {
        let extra_input = json!({ "kind": "FRAUD", "reason": "Two cards" });
        mutate_row(office, ("orderHoldSet", "OrderHoldSetInput"), "hold { id } order { id }", named, extra_input).await
    };
    assert_eq!(accepted(&hold(&of_channel("WEB-17")).await, "order")["id"], order["id"]);
    refused(&hold(&of_channel("WEB-18")).await, "NOT_FOUND", "input.order.external.ref");
    refused(&hold(&json!({ "order": { "number": "SO-999999" } })).await, "NOT_FOUND", "input.order.number");
    refused(&hold(&json!({})).await, "REQUIRED", "input.order");
    // Neither names an order to who may not see orders; an ID needs no more than the step.
    let clerk = office.as_caller(without(world, "order.read"));
    let set = "mutation($input: OrderHoldSetInput!) { orderHoldSet(input: $input) { userErrors { code } } }";
    for (named, needs) in [
        (by_number, json!("order.read")),
        (of_channel("WEB-17"), json!("order.read")),
        (of_channel("WEB-18"), json!("order.read")),
        (json!({ "id": order["id"] }), Value::Null),
    ] {
        let mut input = json!({ "idempotencyKey": key(), "kind": "ADDRESS", "reason": "No such street" });
        input.as_object_mut().unwrap().extend(named.as_object().unwrap().clone());
        let answer = clerk.execute(set, json!({ "input": input })).await;
        assert_eq!(answer["errors"][0]["permission"], needs, "{named}: {answer:#}");
    }
}

async fn a_blanket_order_is_agreed_by_its_number(world: &World) {
    let office = Office::of(world).await;
    let read = "query($id: ID!) { blanketOrder(by: { id: $id }) { number status } }";
    let id = json!(world.ours.ids["bor"]);
    let before = office.execute(read, json!({ "id": id })).await["data"]["blanketOrder"].clone();
    let named = json!({ "blanketOrder": { "number": before["number"] } });
    let close = async |named: &Value| {
        mutate_row(&office, ("blanketOrderClose", "BlanketOrderActionInput"), "blanketOrder { id }", named, json!({})).await
    };
    refused(&close(&json!({ "blanketOrder": { "number": "BPO-999999" } })).await, "NOT_FOUND", "input.blanketOrder.number");
    refused(&close(&json!({})).await, "REQUIRED", "input.blanketOrder");
    // A draft can be closed, and so can an active one.
    assert_eq!(accepted(&close(&named).await, "blanketOrder")["id"], id, "{before:#}");
    refused(&close(&named).await, "INVALID_STATE", "input.blanketOrder.number");
}

async fn master_data_is_changed_by_its_keys(world: &World) {
    let office = Office::of(world).await;
    let category = json!({ "idempotencyKey": key(), "name": "Cups", "slug": "cups" });
    accepted(&office.mutate("categoryCreate", "CategoryCreateInput", "category { id }", category).await, "category");
    let customer = json!({ "idempotencyKey": key(), "name": "Ada", "externalRef": "C-17" });
    accepted(&office.mutate("customerCreate", "CustomerCreateInput", "customer { id }", customer).await, "customer");
    for (mutation, kind, part, reference, path) in [
        ("storeUpdate", "StoreUpdateInput", "store", json!({ "code": "DOCK" }), "input.store.code"),
        ("supplierUpdate", "SupplierUpdateInput", "supplier", json!({ "code": "POT" }), "input.supplier.code"),
        ("categoryUpdate", "CategoryUpdateInput", "category", json!({ "slug": "cups" }), "input.category.slug"),
        ("customerUpdate", "CustomerUpdateInput", "customer", json!({ "externalRef": "C-17" }), "input.customer.externalRef"),
    ] {
        let changes = json!({ "expectedVersion": 1, "name": "Renamed" });
        let fields = format!("{part} {{ name version }}");
        let changed = mutate_row(&office, (mutation, kind), &fields, &json!({ part: reference }), changes.clone()).await;
        assert_eq!(accepted(&changed, part), &json!({ "name": "Renamed", "version": 2 }), "{mutation}");
        let nobody: serde_json::Map<String, Value> =
            reference.as_object().unwrap().keys().map(|field| (field.clone(), json!("nobody"))).collect();
        let unknown = mutate_row(&office, (mutation, kind), &fields, &json!({ part: nobody }), changes.clone()).await;
        let message = refused(&unknown, "NOT_FOUND", path);
        assert!(message.ends_with(": \"nobody\""), "{message}");
        refused(&mutate_row(&office, (mutation, kind), &fields, &json!({}), changes).await, "REQUIRED", &format!("input.{part}"));
    }
}

async fn groups_roles_families_and_views_are_changed_by_their_keys(world: &World) {
    let office = Office::of(world).await;
    let create = async |(mutation, kind): (&str, &str), part: &str, input: Value| {
        accepted(&mutate_row(&office, (mutation, kind), &format!("{part} {{ id }}"), &json!({}), input).await, part)["id"].clone()
    };
    let group =
        create(("storeGroupCreate", "StoreGroupCreateInput"), "storeGroup", json!({ "code": "NORTH", "name": "North" })).await;
    let role = json!({ "key": "packer", "name": "Packer", "permissions": ["store.read"] });
    let role = create(("roleCreate", "RoleCreateInput"), "role", role).await;
    let family = json!({ "name": "Shirts", "optionNames": ["Size"] });
    let family = create(("productFamilyCreate", "ProductFamilyCreateInput"), "productFamily", family).await;
    let view = json!({ "name": "Stores", "slug": "stores-by-code", "document": "{ stores { nodes { code } } }" });
    let view = create(("savedViewCreate", "SavedViewCreateInput"), "savedView", view).await;
    let (north, packer) = (json!({ "group": { "code": "NORTH" } }), json!({ "role": { "key": "packer" } }));
    let (shirts, stores) = (json!({ "family": { "name": "Shirts" } }), json!({ "savedView": { "slug": "stores-by-code" } }));
    let renamed = json!({ "expectedVersion": 1, "name": "Renamed" });
    for (mutation, kind, part, reference, extra, id) in [
        ("storeGroupUpdate", "StoreGroupUpdateInput", "storeGroup", &north, &renamed, &group),
        ("storeGroupArchive", "StoreGroupArchiveInput", "storeGroup", &north, &json!({}), &group),
        ("storeGroupRestore", "StoreGroupRestoreInput", "storeGroup", &north, &json!({}), &group),
        ("roleUpdate", "RoleUpdateInput", "role", &packer, &renamed, &role),
        ("productFamilyArchive", "ProductFamilyArchiveInput", "productFamily", &shirts, &json!({}), &family),
        ("productFamilyRestore", "ProductFamilyRestoreInput", "productFamily", &shirts, &json!({}), &family),
        ("savedViewUpdate", "SavedViewUpdateInput", "savedView", &stores, &renamed, &view),
    ] {
        let changed = mutate_row(&office, (mutation, kind), &format!("{part} {{ id }}"), reference, extra.clone()).await;
        assert_eq!(&accepted(&changed, part)["id"], id, "{mutation}");
    }
    for (mutation, kind, reference, extra, path) in [
        ("roleDelete", "RoleDeleteInput", &packer, json!({ "expectedVersion": 2 }), "input.role.key"),
        ("savedViewDelete", "SavedViewDeleteInput", &stores, json!({}), "input.savedView.slug"),
    ] {
        let once = mutate_row(&office, (mutation, kind), "seq", reference, extra.clone()).await;
        assert_eq!(once["userErrors"], json!([]), "{mutation}: {once:#}");
        refused(&mutate_row(&office, (mutation, kind), "seq", reference, extra).await, "NOT_FOUND", path);
    }
}

async fn customers_and_suppliers_are_merged_by_their_keys(world: &World) {
    let office = Office::of(world).await;
    for (name, reference) in [("Ada", "SHOP-1"), ("A. Lovelace", "WEB-1")] {
        let input = json!({ "idempotencyKey": key(), "name": name, "externalRef": reference });
        accepted(&office.mutate("customerCreate", "CustomerCreateInput", "customer { id }", input).await, "customer");
    }
    let supplier = json!({ "idempotencyKey": key(), "code": "CLAY", "name": "Clay & Co" });
    accepted(&office.mutate("supplierCreate", "SupplierCreateInput", "supplier { id }", supplier).await, "supplier");
    for (mutation, kind, part, keys, field) in [
        ("customerMerge", "CustomerMergeInput", "customer", ["WEB-1", "SHOP-1"], "externalRef"),
        ("supplierMerge", "SupplierMergeInput", "supplier", ["CLAY", "POT"], "code"),
    ] {
        let named = |key: &str| json!({ field: key });
        let [merged, stays] = keys;
        let fields = format!("{part} {{ id }} merged {{ id mergedInto {{ id }} }}");
        let merge = async |input: Value| office.mutate(mutation, kind, &fields, input).await;
        let itself = json!({ "idempotencyKey": key(), part: named(stays), "into": named(stays) });
        refused(&merge(itself).await, "INVALID_STATE", &format!("input.into.{field}"));
        let nobody = json!({ "idempotencyKey": key(), part: named(merged), "into": named("nobody") });
        refused(&merge(nobody).await, "NOT_FOUND", &format!("input.into.{field}"));
        refused(&merge(json!({ "idempotencyKey": key(), part: named(merged) })).await, "REQUIRED", "input.into");
        let input = json!({ "idempotencyKey": format!("{mutation}-once"), part: named(merged), "into": named(stays) });
        let once = merge(input.clone()).await;
        let survivor = &accepted(&once, part)["id"];
        assert_eq!(&once["merged"]["mergedInto"]["id"], survivor);
        // The merged row's reference finds the survivor by now; a retry still gets the first
        // answer.
        let again = merge(input).await;
        assert_eq!((accepted(&again, part), &again["replayed"]), (&once[part], &json!(true)));
        assert_eq!(again["merged"]["id"], once["merged"]["id"]);
    }
}
