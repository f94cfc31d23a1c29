//! Labels of returns, slips of collected orders, and the picking list of a wave.

use serde_json::{Value, json};

use super::{attempt, draw_paper, drawn_by, html, update_order};
use crate::{
    authorization::world::World,
    exchange::world::download,
    purchasing::office::{key, refused},
    world::on_both,
};

on_both!(a_return_is_labelled_with_its_store_and_its_number, what_is_collected_has_a_slip_and_a_wave_a_list);

async fn must_mutate(world: &World, mutation: &str, input: &str, select: &str, value: Value) -> Value {
    let query =
        format!("mutation($input: {input}!) {{ {mutation}(input: $input) {{ {select} userErrors {{ code message field }} }} }}");
    world.must_mutate(&world.ours, &query, json!({ "input": value })).await
}

/// Papers show the units of goods beside their SKUs.
async fn with_units(world: &World) {
    let input = json!({ "idempotencyKey": key(), "columns": ["SKU", "UNIT"] });
    must_mutate(world, "paperSettingsSet", "PaperSettingsSetInput", "settings { version }", input).await;
}

fn assert_units(page: &str) {
    assert!(page.contains("<th>Unit</th>") && !page.contains("<td></td>"), "each of the goods has its unit: {page}");
}

async fn answer_to(world: &World, query: &str, id: &Value) -> Value {
    world.execute(&world.ours, Some(world.ours.owner.clone()), query, &json!({ "id": id })).await["data"].clone()
}

async fn a_return_is_labelled_with_its_store_and_its_number(world: &World) {
    let ids = &world.ours.ids;
    let store = answer_to(world, "query($id: ID!) { node(id: $id) { ... on Store { version } } }", &json!(ids["sto"])).await;
    let address = json!({ "lines": ["7 Mill Lane"], "city": "York", "postalCode": "YO1 1AA", "country": "GB" });
    let input = json!({ "id": ids["sto"], "expectedVersion": store["node"]["version"], "address": address });
    must_mutate(world, "storeUpdate", "StoreUpdateInput", "store { id }", input).await;
    let input = json!({ "idempotencyKey": key(), "store": { "id": ids["sto"] }, "receive": false,
        "customer": { "id": ids["cus"] }, "lines": [{ "orderLineId": ids["oln"], "quantity": 2 }] });
    let customer_return =
        must_mutate(world, "returnCreate", "ReturnCreateInput", "return { id number }", input).await["return"].clone();
    let id = customer_return["id"].as_str().unwrap();
    refused(&attempt(world, "RETURN_LABEL", id).await, "INVALID_STATE", "input.documentId");
    let input = json!({ "idempotencyKey": key(), "id": id });
    must_mutate(world, "returnApprove", "ReturnActionInput", "return { id }", input).await;
    with_units(world).await;
    let paper = drawn_by(world, world.ours.owner.clone(), "RETURN_LABEL", id, json!({})).await;
    assert_eq!((&paper["kind"], &paper["number"]), (&json!("RETURN_LABEL"), &customer_return["number"]));
    let page = html(world, &paper).await;
    let title = format!("<h1>Return label {}</h1>", customer_return["number"].as_str().unwrap());
    for part in
        [title.as_str(), "alpha shop\n7 Mill Lane\nYO1 1AA York", "<svg", "<td>alpha-mug</td><td>", "<td class=\"n\">2</td>"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("GBP") && !page.contains("alpha buyer"), "{page}");
    assert_units(&page);
    let pdf = String::from_utf8(download(world, &paper["pdf"]).await).unwrap();
    assert!(
        pdf.matches(" re\n").count() > 30 && pdf.contains(&format!("({}) Tj", customer_return["number"].as_str().unwrap())),
        "{pdf}"
    );
    // The slip is listed by its document, with its own kind.
    let query = "query($id: ID!) { node(id: $id) { ... on Return { papers { id kind number } } } }";
    let shown_input = json!([{ "id": paper["id"], "kind": "RETURN_LABEL", "number": customer_return["number"] }]);
    assert_eq!(answer_to(world, query, &customer_return["id"]).await["node"]["papers"], shown_input);
    // The customer leads to the return, too.
    let query = "query($id: ID!) { node(id: $id) { ... on Customer { returns(first: 50) { nodes { id } }
        closed: returns(filter: { status: [CLOSED] }) { nodes { id } } } } }";
    let led = answer_to(world, query, &json!(ids["cus"])).await;
    let has = |list: &str| led["node"][list]["nodes"].as_array().unwrap().contains(&json!({ "id": customer_return["id"] }));
    assert!(has("returns") && !has("closed"), "{led:#}");
}

async fn what_is_collected_has_a_slip_and_a_wave_a_list(world: &World) {
    let (company, ids) = (&world.ours, &world.ours.ids);
    refused(&attempt(world, "COLLECT_SLIP", &ids["fwk"]).await, "INVALID_STATE", "input.documentId");
    update_order(world, json!({ "deliveryMethod": "COLLECT", "contact": { "name": "Ann Buyer" } })).await;
    let page = html(world, &draw_paper(world, "COLLECT_SLIP", "fwk").await).await;
    for part in ["<h1>Collection slip ", "Customer</b>\nAnn Buyer", "<dt>Order</dt><dd>SO-0", "<svg", "<td class=\"n\">6</td>"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let blind = drawn_by(world, company.owner_with(&["fulfilment.read"]), "COLLECT_SLIP", &ids["fwk"], json!({})).await;
    let page = html(world, &blind).await;
    assert!(page.contains("alpha-mug") && !page.contains("Ann Buyer") && !page.contains("alpha buyer"), "{page}");

    refused(&attempt(world, "PICKING_LIST", &ids["fwv"]).await, "INVALID_STATE", "input.documentId");
    refused(&attempt(world, "PICKING_LIST", &world.theirs.ids["fwv"]).await, "NOT_FOUND", "input.documentId");
    let input = json!({ "idempotencyKey": key(), "ids": [ids["fwk"]] });
    let works =
        must_mutate(world, "fulfilmentWorkAccept", "FulfilmentWorkAcceptInput", "works { number }", input).await["works"].clone();
    let input = json!({ "idempotencyKey": key(), "store": { "id": ids["sto"] }, "works": [ids["fwk"]] });
    let wave =
        must_mutate(world, "fulfilmentWaveCreate", "FulfilmentWaveCreateInput", "wave { id }", input).await["wave"]["id"].clone();
    let item = json!({ "product": { "id": ids["prd"] }, "store": { "id": ids["sto"] }, "binLocation": "A-03-12" });
    let set = json!({ "idempotencyKey": key(), "items": [item] });
    must_mutate(world, "reorderPolicySet", "ReorderPolicySetInput", "levels { id }", set).await;
    with_units(world).await;
    let list = drawn_by(world, company.owner_with(&["fulfilment.read"]), "PICKING_LIST", wave.as_str().unwrap(), json!({})).await;
    let page = html(world, &list).await;
    let share = format!("<td class=\"n\">6</td><td>{}: 6</td>", works[0]["number"].as_str().unwrap());
    assert!(page.contains("<td>A-03-12</td><td>alpha-mug</td>") && page.contains(&share), "{page}");
    assert_units(&page);
    let query = "query($id: ID!) { fulfilmentWave(id: $id) { papers { id kind } } }";
    let shown_input = json!([{ "id": list["id"], "kind": "PICKING_LIST" }]);
    assert_eq!(answer_to(world, query, &wave).await["fulfilmentWave"]["papers"], shown_input);
}
