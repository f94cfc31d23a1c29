//! Documents that calls name by their numbers and by references of channels, labels by keys of products, and store groups by their codes.

use serde_json::{Value, json};

use crate::{
    authorization::world::World,
    papers::invoices::{credited, entity, issued},
    purchasing::office::{Office, accepted, key, refused},
    world::on_both,
};

on_both!(
    an_invoice_is_issued_of_an_order_by_its_number_or_its_reference,
    an_order_that_no_name_leads_to_is_not_invoiced,
    a_credit_note_is_issued_of_an_invoice_by_its_number,
    invoices_are_listed_of_an_order_by_its_number,
    labels_and_prompts_are_of_products_by_their_keys,
    stock_is_valued_and_listed_by_the_code_of_a_store_group,
);

/// `more` as an input of a new call.
fn input_of(extra: &Value) -> Value {
    let mut input = json!({ "idempotencyKey": key() });
    input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    input
}

async fn invoice(office: &Office<'_>, extra: Value) -> Value {
    office.mutate("invoiceIssue", "InvoiceIssueInput", "invoice { id order { id } }", input_of(&extra)).await
}

async fn credit(office: &Office<'_>, extra: Value) -> Value {
    office.mutate("creditNoteIssue", "CreditNoteIssueInput", "invoice { id creditsId }", input_of(&extra)).await
}

/// The number of our order, and the code of its channel.
async fn names(office: &Office<'_>) -> (Value, Value) {
    let query = "query($id: ID!) { order(by: { id: $id }) { number channel { code } } }";
    let answer = office.execute(query, json!({ "id": office.world.ours.ids["ord"] })).await;
    let order = &answer["data"]["order"];
    assert!(order["number"].is_string() && order["channel"]["code"].is_string(), "{answer:#}");
    (order["number"].clone(), order["channel"]["code"].clone())
}

async fn an_invoice_is_issued_of_an_order_by_its_number_or_its_reference(world: &World) {
    let office = Office::of(world).await;
    let (number, code) = names(&office).await;
    let order = json!(world.ours.ids["ord"]);
    let by_number = json!({ "idempotencyKey": "by-a-name", "order": { "number": number }, "scope": "ALL" });
    let payload = invoice(&office, by_number.clone()).await;
    assert_eq!(accepted(&payload, "invoice")["order"]["id"], order);
    let repeated = invoice(&office, by_number).await;
    assert_eq!((&accepted(&repeated, "invoice")["id"], &repeated["replayed"]), (&payload["invoice"]["id"], &json!(true)));
    // A key is compared by the input that was sent: another reference is another input.
    let external = json!({ "external": { "channel": { "code": code }, "ref": "alpha-order" } });
    for other in [
        json!({ "order": external }),
        json!({ "order": { "id": order } }),
        json!({ "orderId": order }),
        json!({ "order": { "number": number }, "orderId": order }),
    ] {
        let mut input = json!({ "idempotencyKey": "by-a-name", "scope": "ALL" });
        input.as_object_mut().unwrap().extend(other.as_object().unwrap().clone());
        refused(&invoice(&office, input).await, "IDEMPOTENCY_KEY_REUSED", "input.idempotencyKey");
    }
    // A refusal of the order has the path of the name in the input.
    let nothing_left = invoice(&office, json!({ "order": { "number": number }, "scope": "ALL" })).await;
    refused(&nothing_left, "INVALID_STATE", "input.order.number");
    let nothing_left = invoice(&office, json!({ "order": external, "scope": "ALL" })).await;
    refused(&nothing_left, "INVALID_STATE", "input.order.external.ref");
}

async fn an_order_that_no_name_leads_to_is_not_invoiced(world: &World) {
    let office = Office::of(world).await;
    let (number, code) = names(&office).await;
    let external = |channel: Value, reference: &str| json!({ "order": { "external": { "channel": channel, "ref": reference } } });
    let of_code = |reference: &str| external(json!({ "code": code }), reference);
    let message = refused(&invoice(&office, json!({ "order": { "number": "999999" } })).await, "NOT_FOUND", "input.order.number");
    assert_eq!(message, "there is no such order: \"999999\"");
    for (sent, reference) in [
        (of_code("nowhere"), "nowhere"),
        (of_code("bravo-order"), "bravo-order"),
        (external(json!({ "code": "BAZAAR" }), "alpha-order"), "alpha-order"),
        (external(json!({ "id": world.theirs.ids["chn"] }), "bravo-order"), "bravo-order"),
    ] {
        let message = refused(&invoice(&office, sent).await, "NOT_FOUND", "input.order.external.ref");
        assert_eq!(message, format!("there is no such order: \"{reference}\""));
    }
    let theirs = json!(world.theirs.ids["ord"]);
    refused(&invoice(&office, json!({ "order": { "id": theirs } })).await, "NOT_FOUND", "input.order.id");
    refused(&invoice(&office, json!({ "order": { "id": world.ours.ids["prd"] } })).await, "INVALID", "input.order.id");
    refused(&invoice(&office, json!({ "order": { "number": number }, "orderId": theirs })).await, "INVALID", "input.order");
    refused(&invoice(&office, json!({})).await, "REQUIRED", "input.order");
    let nowhere = json!({ "order": { "external": { "ref": "alpha-order" } } });
    refused(&invoice(&office, nowhere).await, "REQUIRED", "input.order.external.channel");
    let channel = json!({ "code": code });
    let two =
        json!({ "order": { "external": { "channel": channel, "channelId": world.theirs.ids["chn"], "ref": "alpha-order" } } });
    refused(&invoice(&office, two).await, "INVALID", "input.order.external.channel");
}

async fn a_credit_note_is_issued_of_an_invoice_by_its_number(world: &World) {
    let office = Office::of(world).await;
    let first = json!(world.ours.ids["inv"]);
    let lines = json!([{ "orderLineId": world.ours.ids["oln"], "quantity": 1 }]);
    let by_number = json!({ "idempotencyKey": "credited-once", "invoice": { "number": "INV-1" }, "lines": lines });
    let payload = credit(&office, by_number.clone()).await;
    assert_eq!(accepted(&payload, "invoice")["creditsId"], first);
    let message =
        refused(&credit(&office, json!({ "invoice": { "number": "INV-99" } })).await, "NOT_FOUND", "input.invoice.number");
    assert_eq!(message, "there is no such invoice: \"INV-99\"");
    let theirs = json!(world.theirs.ids["inv"]);
    refused(&credit(&office, json!({ "invoice": { "id": theirs } })).await, "NOT_FOUND", "input.invoice.id");
    let two = json!({ "invoice": { "number": "INV-1" }, "invoiceId": theirs });
    refused(&credit(&office, two).await, "INVALID", "input.invoice");
    refused(&credit(&office, json!({})).await, "REQUIRED", "input.invoice");
    refused(&credit(&office, json!({ "invoice": { "number": "CR-1" } })).await, "INVALID", "input.invoice.number");
    let too_many = json!([{ "orderLineId": world.ours.ids["oln"], "quantity": 9 }]);
    let too_many = json!({ "invoice": { "number": "INV-1" }, "lines": too_many });
    refused(&credit(&office, too_many).await, "OUT_OF_RANGE", "input.lines.0.quantity");
    // A second legal entity issues the same number.
    entity(world, json!({ "code": "beta-ltd", "name": "beta Ltd" })).await;
    assert_eq!(credited(world, &first, json!({})).await["userErrors"], json!([]));
    let twin = issued(world, &world.ours.ids["ord"], "ALL").await["invoice"].clone();
    assert_eq!(twin["number"], "INV-1");
    let second = twin["id"].clone();
    let either = credit(&office, json!({ "invoice": { "number": "INV-1" } })).await;
    let message = refused(&either, "INVALID", "input.invoice.number");
    assert!(message.contains("several legal entities"), "{message}");
    // A retry of the earlier credit gets its answer, and an ID beside the number selects one of the
    // two.
    let again = credit(&office, by_number).await;
    assert_eq!((&accepted(&again, "invoice")["id"], &again["replayed"]), (&payload["invoice"]["id"], &json!(true)));
    let chosen = credit(&office, json!({ "invoice": { "number": "INV-1" }, "invoiceId": second })).await;
    assert_eq!(accepted(&chosen, "invoice")["creditsId"], second);
}

async fn invoices_are_listed_of_an_order_by_its_number(world: &World) {
    let office = Office::of(world).await;
    let (number, code) = names(&office).await;
    let order = json!(world.ours.ids["ord"]);
    let query = "query($order: OrderRef, $id: ID) { invoices(order: $order, orderId: $id) { nodes { id } } }";
    let run_query = async |variables: Value| office.execute(query, variables).await;
    let ours = json!({ "invoices": { "nodes": [{ "id": world.ours.ids["inv"] }] } });
    let external = |code: &Value, reference: &str| json!({ "external": { "channel": { "code": code }, "ref": reference } });
    for variables in [
        json!({ "order": { "number": number } }),
        json!({ "order": { "id": order } }),
        json!({ "order": external(&code, "alpha-order") }),
        json!({ "order": { "number": number }, "id": order }),
        json!({}),
    ] {
        let answer = run_query(variables.clone()).await;
        assert_eq!(answer["data"], ours, "{variables}: {answer:#}");
    }
    for order in [
        json!({ "number": "999999" }),
        json!({ "id": world.theirs.ids["ord"] }),
        external(&code, "bravo-order"),
        external(&json!("BAZAAR"), "alpha-order"),
    ] {
        let answer = run_query(json!({ "order": order })).await;
        assert_eq!(answer["data"], json!({ "invoices": null }), "{order}: {answer:#}");
    }
    for wrong in [
        json!({ "order": { "number": number }, "id": world.theirs.ids["ord"] }),
        json!({ "order": { "id": world.ours.ids["prd"] } }),
        json!({ "order": { "external": { "ref": "alpha-order" } } }),
    ] {
        let answer = run_query(wrong.clone()).await;
        assert_eq!(answer["errors"][0]["code"], "BAD_USER_INPUT", "{wrong}: {answer:#}");
    }
}

async fn labels_and_prompts_are_of_products_by_their_keys(world: &World) {
    let office = Office::of(world).await;
    let ours = json!(world.ours.ids["prd"]);
    let query = "query($products: [ProductRef!], $ids: [ID!]) { productLabels(products: $products, productIds: $ids) { product { sku } } }";
    let labels = async |variables: Value| office.execute(query, variables).await;
    let mug = json!({ "productLabels": [{ "product": { "sku": "alpha-mug" } }] });
    let theirs = json!({ "id": world.theirs.ids["prd"] });
    let answer = labels(json!({ "products": [{ "sku": "none" }, { "sku": "ALPHA-MUG" }, theirs, { "sku": "bravo-mug" }] })).await;
    assert_eq!(answer["data"], mug, "products that do not exist are left out: {answer:#}");
    assert_eq!(labels(json!({ "ids": [ours] })).await["data"], mug);
    assert_eq!(labels(json!({ "products": [] })).await["data"], json!({ "productLabels": [] }));
    for wrong in [
        json!({}),
        json!({ "products": [{ "sku": "alpha-mug" }], "ids": [ours] }),
        json!({ "products": [{ "id": world.ours.ids["sto"] }] }),
    ] {
        let answer = labels(wrong).await;
        assert_eq!(answer["errors"][0]["code"], "BAD_USER_INPUT", "{answer:#}");
    }
    // No endpoint is set, so there is no prompt to be seen.
    let query = "query($product: ProductRef, $id: ID) { productDescriptionPrompt(product: $product, productId: $id) { body } }";
    for product in [json!({ "sku": "alpha-mug" }), json!({ "sku": "none" }), theirs] {
        let answer = office.execute(query, json!({ "product": product })).await;
        assert_eq!(answer["data"], json!({ "productDescriptionPrompt": null }), "{product}: {answer:#}");
    }
    for wrong in [json!({}), json!({ "product": { "sku": "none" }, "id": ours })] {
        let answer = office.execute(query, wrong).await;
        assert_eq!(answer["errors"][0]["code"], "BAD_USER_INPUT", "{answer:#}");
    }
}

async fn stock_is_valued_and_listed_by_the_code_of_a_store_group(world: &World) {
    let office = Office::of(world).await;
    let group = json!(world.ours.ids["grp"]);
    let query = "query($group: StoreGroupRef, $id: ID) {
        stockValueSummary(group: $group, storeGroup: $id) { total { quantity value { amount } } }
        costSummary(group: $group, storeGroup: $id) { total { received { amount } } } }";
    let summed = async |variables: Value| office.execute(query, variables).await;
    let by_id = summed(json!({ "id": group })).await;
    assert!(by_id["data"]["stockValueSummary"]["total"]["quantity"].as_i64().is_some_and(|units| units > 0), "{by_id:#}");
    for named in [json!({ "code": "ALPHA-North" }), json!({ "id": group })] {
        assert_eq!(summed(json!({ "group": named })).await["data"], by_id["data"], "{named}");
    }
    let theirs = summed(json!({ "group": { "id": world.theirs.ids["grp"] } })).await;
    assert_eq!(theirs["data"]["stockValueSummary"]["total"]["quantity"], 0, "{theirs:#}");
    for wrong in [
        json!({ "group": { "code": "nowhere" } }),
        json!({ "group": { "code": "bravo-north" } }),
        json!({ "group": { "id": world.ours.ids["sto"] } }),
        json!({ "group": { "code": "alpha-north" }, "id": group }),
    ] {
        let answer = summed(wrong.clone()).await;
        assert_eq!(answer["errors"][0]["code"], "BAD_USER_INPUT", "{wrong}: {answer:#}");
    }
    let query = "query($filter: StockFilter) { stockLevels(filter: $filter) { nodes { id } } }";
    let levels = async |test: Value| {
        let answer = office.execute(query, json!({ "filter": { "storeGroup": test } })).await;
        answer["data"]["stockLevels"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer:#}")).clone()
    };
    let listed = levels(json!({ "eq": group })).await;
    assert!(!listed.is_empty());
    assert_eq!(levels(json!({ "key": ["Alpha-NORTH", "nowhere"] })).await, listed);
    assert_eq!(levels(json!({ "key": ["bravo-north"] })).await, Vec::<Value>::new());
}
