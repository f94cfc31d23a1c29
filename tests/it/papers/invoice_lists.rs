//! All invoices and credit notes in one list, for auditors; and the lists of a customer and of an
//! order.

use entrepot::access::Reach;
use serde_json::{Value, json};

use super::{
    drawn_by,
    invoices::{credited, entity, issued, ordered, payload},
};
use crate::{authorization::world::World, purchasing::office::key, totals::of_the_depot, world::on_both};

on_both!(
    all_invoices_are_listed_and_narrowed,
    an_invoice_is_found_by_its_number,
    orders_and_customers_lead_to_their_invoices,
    an_invoice_leads_to_its_order_its_customer_and_its_paper,
    lists_show_the_stores_of_who_asks,
    pages_follow_each_other,
);

/// The invoice that the company has, its credit note of one mug, and an invoice of the rest of the order, by number.
async fn trade(world: &World) -> [Value; 3] {
    let first = json!(world.ours.ids["inv"]);
    let lines = json!({ "lines": [{ "orderLineId": world.ours.ids["oln"], "quantity": 1 }] });
    let credit = credited(world, &first, lines).await["invoice"]["id"].clone();
    let rest = issued(world, &world.ours.ids["ord"], "ALL").await["invoice"]["id"].clone();
    [first, credit, rest]
}

async fn listed(world: &World, arguments: &str) -> Vec<Value> {
    let found =
        payload(world, &format!("{{ invoices{arguments} {{ nodes {{ id }} totalCount {{ count }} }} }}"), json!({})).await;
    let nodes: Vec<Value> = found["nodes"].as_array().unwrap().iter().map(|node| node["id"].clone()).collect();
    assert_eq!(found["totalCount"]["count"], nodes.len(), "{arguments}");
    nodes
}

async fn all_invoices_are_listed_and_narrowed(world: &World) {
    let [first, credit, rest] = trade(world).await;
    let ids = &world.ours.ids;
    assert_eq!(listed(world, "").await, [rest.clone(), credit.clone(), first.clone()], "the newest first");
    let by_number = "(sort: { field: NUMBER, direction: ASC }, filter: { kind: [INVOICE] })";
    assert_eq!(listed(world, by_number).await, [first.clone(), rest.clone()]);
    for (filter, expected) in [
        ("kind: [CREDIT_NOTE]".to_owned(), vec![&credit]),
        ("kind: []".to_owned(), vec![]),
        ("number: { in: [\"INV-2\", \"CR-1\"] }".to_owned(), vec![&rest, &credit]),
        ("number: { startsWith: \"INV-\" }".to_owned(), vec![&rest, &first]),
        ("legalEntity: { eq: \"alpha-ltd\" }, kind: [INVOICE]".to_owned(), vec![&rest, &first]),
        ("legalEntity: { eq: \"nobody\" }".to_owned(), vec![]),
        (format!("store: {{ eq: \"{}\" }}", world.ours.depot), vec![]),
        (format!("order: {{ eq: \"{}\" }}, not: {{ kind: [INVOICE] }}", ids["ord"]), vec![&credit]),
        (format!("customer: {{ eq: \"{}\" }}, kind: [CREDIT_NOTE]", ids["cus"]), vec![&credit]),
        (format!("customer: {{ eq: \"{}\" }}", world.theirs.ids["cus"]), vec![]),
        ("store: { key: [\"none\"] }".to_owned(), vec![]),
        ("issuedAt: { lt: \"2020-01-01T00:00:00Z\" }".to_owned(), vec![]),
        ("issuedAt: { gte: \"2020-01-01T00:00:00Z\" }, kind: [CREDIT_NOTE]".to_owned(), vec![&credit]),
    ] {
        let found = listed(world, &format!("(filter: {{ {filter} }})")).await;
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{filter}");
    }
    let theirs =
        payload(world, "query($id: ID!) { invoices(orderId: $id) { nodes { id } } }", json!({ "id": world.theirs.ids["ord"] }));
    assert_eq!(theirs.await, Value::Null);
}

async fn an_invoice_is_found_by_its_number(world: &World) {
    let [first, credit, _] = trade(world).await;
    let by = async |number: &str| {
        let query = "query($n: String!) { invoice(by: { number: $n }) { id } }";
        world.execute(&world.ours, Some(world.ours.owner.clone()), query, &json!({ "n": number })).await
    };
    assert_eq!(by("INV-1").await["data"]["invoice"]["id"], first);
    assert_eq!(by("CR-1").await["data"]["invoice"]["id"], credit);
    assert_eq!(by("INV-9").await["data"]["invoice"], Value::Null);
    let query = "query($id: ID!) { invoice(by: { id: $id }) { number } }";
    assert_eq!(payload(world, query, json!({ "id": first })).await["number"], "INV-1");
    assert_eq!(payload(world, query, json!({ "id": world.theirs.ids["inv"] })).await, Value::Null);
    // A second company has numbers of its own, so it issues the same number.
    entity(world, json!({ "code": "beta-ltd", "name": "beta Ltd" })).await;
    let again = credited(world, &first, json!({})).await;
    assert_eq!(again["userErrors"], json!([]), "{again:#}");
    let new = issued(world, &world.ours.ids["ord"], "ALL").await["invoice"].clone();
    assert_eq!(new["number"], "INV-1");
    assert_eq!(by("INV-1").await["errors"][0]["code"], "BAD_USER_INPUT", "two are meant");
    let one = listed(world, "(filter: { number: { eq: \"INV-1\" }, legalEntity: { eq: \"beta-ltd\" } })").await;
    assert_eq!(one, [new["id"].clone()]);
}

async fn orders_and_customers_lead_to_their_invoices(world: &World) {
    let [first, credit, rest] = trade(world).await;
    let ids = &world.ours.ids;
    let query = "query($id: ID!) { order(by: { id: $id }) { invoices { id kind total { amount } } } }";
    let found = payload(world, query, json!({ "id": ids["ord"] })).await["invoices"].clone();
    let shown = |id: &Value, kind: &str, amount: &str| json!({ "id": id, "kind": kind, "total": { "amount": amount } });
    let all = [shown(&rest, "INVOICE", "28.00"), shown(&credit, "CREDIT_NOTE", "4.00"), shown(&first, "INVOICE", "12.00")];
    assert_eq!(found, json!(all));
    let query = "query($id: ID!) { node(id: $id) { ... on Customer { invoices(filter: { kind: [INVOICE] }) { nodes { id } totalCount { count } } } } }";
    let found = payload(world, query, json!({ "id": ids["cus"] })).await["invoices"].clone();
    assert_eq!(found, json!({ "nodes": [{ "id": rest }, { "id": first }], "totalCount": { "count": 2 } }));
}

async fn an_invoice_leads_to_its_order_its_customer_and_its_paper(world: &World) {
    let ids = &world.ours.ids;
    let query =
        "query($id: ID!) { invoice(by: { id: $id }) { issuedAt order { id } store { id } customer { id } paper { id html } } }";
    let id = json!({ "id": ids["inv"] });
    let found = payload(world, query, id.clone()).await;
    assert_eq!((&found["order"]["id"], &found["store"]["id"]), (&json!(ids["ord"]), &json!(ids["sto"])));
    assert_eq!((&found["customer"]["id"], &found["paper"]), (&json!(ids["cus"]), &Value::Null));
    drawn_by(world, world.ours.owner.clone(), "INVOICE", &ids["inv"], json!({})).await;
    let last = drawn_by(world, world.ours.owner.clone(), "INVOICE", &ids["inv"], json!({ "locale": "DE" })).await;
    let found = payload(world, query, id.clone()).await;
    assert_eq!(found["paper"]["id"], last["id"], "the one that was drawn last");
    assert!(found["paper"]["html"].is_string(), "{found:#}");
    let clerk = world.ours.owner_with(&["order.read"]);
    let invoice = world.execute(&world.ours, Some(clerk.clone()), query, &id).await["data"]["invoice"].clone();
    assert_eq!((&invoice["order"]["id"], &invoice["customer"]), (&json!(ids["ord"]), &Value::Null), "without customer.read");
    let filter = "query($id: ID!) { invoices(filter: { customer: { eq: $id } }) { nodes { id } } }";
    let denied = world.execute(&world.ours, Some(clerk), filter, &json!({ "id": ids["cus"] })).await;
    assert_eq!(
        (&denied["errors"][0]["code"], &denied["errors"][0]["permission"]),
        (&json!("FORBIDDEN"), &json!("customer.read"))
    );
}

async fn lists_show_the_stores_of_who_asks(world: &World) {
    trade(world).await;
    let query = "{ invoices { nodes { id } } invoice(by: { number: \"INV-1\" }) { id } }";
    let answer = world.execute(&world.ours, Some(of_the_depot(&world.ours)), query, &json!({})).await;
    assert_eq!(answer["data"], json!({ "invoices": { "nodes": [] }, "invoice": null }), "{answer:#}");
    let mut clerk = world.ours.owner_with(&[]);
    let read = entrepot::access::REGISTRY.iter().position(|known| known.code == "order.read").unwrap();
    clerk.permissions.grant(read, &Reach::stores([world.ours.ids["sto"].parse().unwrap()]));
    let answer = world.execute(&world.ours, Some(clerk), query, &json!({})).await;
    assert_eq!(answer["data"]["invoices"]["nodes"].as_array().map(Vec::len), Some(3), "{answer:#}");
}

async fn pages_follow_each_other(world: &World) {
    let [first, credit, rest] = trade(world).await;
    let (mut seen, mut after) = (Vec::new(), Value::Null);
    for _ in 0..3 {
        let query =
            "query($after: Cursor) { invoices(first: 1, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }";
        let page = payload(world, query, json!({ "after": after })).await;
        seen.push(page["nodes"][0]["id"].clone());
        after = page["pageInfo"]["endCursor"].clone();
        assert_eq!(page["pageInfo"]["hasNextPage"], seen.len() < 3);
    }
    assert_eq!(seen, [rest, credit, first]);
    let foreign = json!({ "after": after });
    let query = "query($after: Cursor) { invoices(sort: { field: NUMBER }, first: 1, after: $after) { nodes { id } } }";
    let other = world.execute(&world.ours, Some(world.ours.owner.clone()), query, &foreign).await;
    assert_eq!(other["errors"][0]["code"], "BAD_USER_INPUT", "a cursor of another order");
    later_numbers_have_no_earlier_day(world).await;
}

/// Pago Pago is 25 hours behind Kiritimati: the days there are never the same.
async fn later_numbers_have_no_earlier_day(world: &World) {
    let store = &world.ours.ids["sto"];
    let issued_in = async |zone: &str| {
        let query = "query($id: ID!) { store(by: { id: $id }) { version } }";
        let version = payload(world, query, json!({ "id": store })).await["version"].clone();
        let query = "mutation($input: StoreUpdateInput!) { storeUpdate(input: $input) { userErrors { code message field } } }";
        let input = json!({ "idempotencyKey": key(), "id": store, "expectedVersion": version, "timeZone": zone });
        world.must_mutate(&world.ours, query, json!({ "input": input })).await;
        let order = ordered(world, store, 1).await;
        issued(world, &order, "ALL").await["invoice"].clone()
    };
    let east = issued_in("Pacific/Kiritimati").await;
    let today = entrepot::clock::local_day(world.node.clock.now(), "Pacific/Kiritimati");
    assert_eq!((&east["number"], &east["issuedOn"]), (&json!("INV-3"), &json!(entrepot::clock::day_text(today))));
    let west = issued_in("Pacific/Pago_Pago").await;
    assert_eq!((&west["number"], &west["issuedOn"]), (&json!("INV-4"), &east["issuedOn"]));
    let credit = credited(world, &west["id"], json!({})).await["invoice"]["id"].clone();
    let query = "query($id: ID!) { invoice(by: { id: $id }) { number issuedOn } }";
    let credit = payload(world, query, json!({ "id": credit })).await;
    assert_eq!(credit, json!({ "number": "CR-2", "issuedOn": west["issuedOn"] }), "not before its invoice");
}
