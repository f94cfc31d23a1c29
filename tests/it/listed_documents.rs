//! Filters of invoices, reversals and fulfilment works by the fields that they show.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{authorization::world::World, nested_filters::find_ids, world::on_both};

on_both!(
    a_followed_list_of_works_has_what_its_nested_filter_finds,
    an_invoice_is_found_by_its_number_its_order_and_its_total,
    a_reversal_is_found_by_its_kind_its_goods_and_who_made_it,
    a_work_is_found_by_its_goods_and_by_who_took_it,
    a_work_is_found_by_its_number_and_by_that_of_its_order,
);

/// Returns these fields of an object of the company.
async fn read_object(world: &World, prefix: &str, kind: &str, fields: &str) -> Value {
    let query = format!("query($id: ID!) {{ node(id: $id) {{ ... on {kind} {{ {fields} }} }} }}");
    let id = json!({ "id": world.ours.ids[prefix] });
    let answer = world.execute(&world.ours, Some(world.ours.owner.clone()), &query, &id).await;
    assert!(answer["errors"].is_null() && answer["data"]["node"].is_object(), "{kind}: {answer:#}");
    answer["data"]["node"].clone()
}

/// Asserts that each filter of `found_by` finds the object, and none of `missed_by` does.
async fn assert_finds(world: &World, (list, prefix): ((&str, &str), &str), found_by: Vec<Value>, missed_by: Vec<Value>) {
    let (owner, id) = (world.ours.owner.clone(), &world.ours.ids[prefix]);
    for filter in found_by {
        assert!(find_ids(world, &owner, list, filter.clone()).await.contains(id), "{list:?} {filter}");
    }
    for filter in missed_by {
        assert!(!find_ids(world, &owner, list, filter.clone()).await.contains(id), "{list:?} {filter}");
    }
}

async fn an_invoice_is_found_by_its_number_its_order_and_its_total(world: &World) {
    let fields = "number total { amount currencyCode } order { number externalRef }";
    let invoice = read_object(world, "inv", "Invoice", fields).await;
    let (number, total) = (invoice["number"].as_str().unwrap(), &invoice["total"]);
    let (currency, amount) = (&total["currencyCode"], &total["amount"]);
    let mut found_by = vec![
        json!({ "id": { "in": [world.ours.ids["inv"]] } }),
        json!({ "search": number }),
        json!({ "search": format!(" {} ", number.to_lowercase()) }),
        json!({ "search": invoice["order"]["number"] }),
        json!({ "total": { "currencyCode": currency } }),
        json!({ "total": { "currencyCode": currency, "gte": amount, "lte": amount } }),
        json!({ "not": { "search": "no such number" } }),
    ];
    if let Some(reference) = invoice["order"]["externalRef"].as_str() {
        found_by.push(json!({ "search": reference.to_uppercase(), "or": [{ "search": reference }] }));
    }
    let missed_by = vec![
        json!({ "id": { "eq": world.theirs.ids["inv"] } }),
        json!({ "search": "" }),
        json!({ "search": "%" }),
        json!({ "search": format!("{number}x") }),
        json!({ "total": { "currencyCode": "USD", "gte": "0" } }),
        json!({ "total": { "currencyCode": currency, "gte": "99999999.00" } }),
        json!({ "not": { "total": { "currencyCode": currency, "lte": amount } } }),
    ];
    assert_finds(world, (("invoices", "InvoiceFilter"), "inv"), found_by, missed_by).await;
}

async fn a_reversal_is_found_by_its_kind_its_goods_and_who_made_it(world: &World) {
    let fields = "kind occurredAt lines { product { id sku } } createdBy { ... on Member { id } }";
    let reversal = read_object(world, "rev", "DocumentReversal", fields).await;
    let (product, kind) = (&reversal["lines"][0]["product"], &reversal["kind"]);
    let sku = product["sku"].as_str().unwrap();
    let maker = reversal["createdBy"]["id"].as_str().unwrap_or_else(|| panic!("{reversal:#}"));
    let found_by = vec![
        json!({ "id": { "eq": world.ours.ids["rev"] }, "kind": [kind] }),
        json!({ "product": { "eq": product["id"] } }),
        json!({ "product": { "key": [sku] } }),
        json!({ "sku": { "eq": sku.to_uppercase() }, "createdBy": { "in": [maker] } }),
        json!({ "createdBy": { "key": ["ALPHA@example.com"] } }),
        json!({ "sku": { "startsWith": &sku[..2] }, "occurredAt": { "gte": reversal["occurredAt"] } }),
        json!({ "or": [{ "kind": [] }, { "product": { "key": [sku] }, "createdBy": { "key": ["alpha@example.com"] } }] }),
        json!({ "and": [{ "kind": [kind] }, { "not": { "sku": { "contains": "none-such" } } }] }),
    ];
    let missed_by = vec![
        json!({ "kind": [] }),
        json!({ "id": { "eq": world.theirs.ids["rev"] } }),
        json!({ "product": { "eq": world.theirs.ids["prd"] } }),
        json!({ "sku": { "contains": "none-such" } }),
        json!({ "createdBy": { "eq": world.theirs.ids["mem"] } }),
        json!({ "createdBy": { "key": ["bravo@example.com"] } }),
        json!({ "occurredAt": { "lt": reversal["occurredAt"] } }),
        json!({ "not": { "or": [{ "kind": [] }, { "product": { "eq": product["id"] } }] } }),
        json!({ "and": [{ "kind": [kind] }, { "not": { "createdBy": { "eq": maker } } }] }),
    ];
    assert_finds(world, (("documentReversals", "ReversalFilter"), "rev"), found_by, missed_by).await;
}

async fn a_work_is_found_by_its_goods_and_by_who_took_it(world: &World) {
    let owner = world.ours.owner.clone();
    let list = ("fulfilmentWorks", "FulfilmentWorkFilter");
    let work = read_object(world, "fwk", "FulfilmentWork", "lines { product { id sku } }").await;
    let product = &work["lines"][0]["product"];
    let sku = product["sku"].as_str().unwrap();
    let found_by = vec![
        json!({ "id": { "eq": world.ours.ids["fwk"] } }),
        json!({ "product": { "in": [product["id"]] }, "sku": { "in": [sku.to_uppercase()] } }),
        json!({ "product": { "key": [sku] } }),
        json!({ "or": [{ "search": "no such number" }, { "product": { "key": [sku] }, "not": { "sku": { "eq": "none-such" } } }] }),
        json!({ "not": { "assignee": { "eq": world.theirs.ids["mem"] } } }),
        json!({ "or": [{ "isHeld": true }, { "isHeld": false }], "and": [{ "or": [{ "isLate": true }, { "isLate": false }] }] }),
    ];
    let missed_by = vec![
        json!({ "not": { "product": { "eq": product["id"] } } }),
        json!({ "or": [{ "status": [] }, { "sku": { "startsWith": "none-such" } }] }),
        json!({ "and": [{ "isHeld": true }, { "isHeld": false }] }),
        json!({ "not": { "or": [{ "deliveryMethod": "SHIP" }, { "not": { "deliveryMethod": "SHIP" } }] } }),
        json!({ "id": { "in": [] } }),
        json!({ "product": { "eq": world.theirs.ids["prd"] } }),
        json!({ "sku": { "startsWith": "none-such" } }),
        json!({ "assignee": { "eq": world.theirs.ids["mem"] } }),
    ];
    assert_finds(world, (list, "fwk"), found_by, missed_by).await;
    let query = "{ fulfilmentWorks(first: 250) { nodes { id assignee { ... on Member { id } ... on Integration { id } } } } }";
    let answer = world.execute(&world.ours, Some(owner.clone()), query, &json!({})).await;
    assert!(answer["errors"].is_null(), "{answer:#}");
    let works = answer["data"]["fulfilmentWorks"]["nodes"].as_array().unwrap().clone();
    let ids = |takes: &dyn Fn(&Value) -> bool| -> BTreeSet<String> {
        let taken = works.iter().filter(|work| takes(&work["assignee"]));
        taken.map(|work| work["id"].as_str().unwrap().to_owned()).collect()
    };
    for is_null in [true, false] {
        let filter = json!({ "assignee": { "isNull": is_null } });
        assert_eq!(find_ids(world, &owner, list, filter).await, ids(&|assignee| assignee.is_null() == is_null), "{works:#?}");
    }
    for who in works.iter().filter_map(|work| work["assignee"]["id"].as_str()) {
        let filter = json!({ "assignee": { "eq": who } });
        assert_eq!(find_ids(world, &owner, list, filter).await, ids(&|assignee| assignee["id"] == who), "{works:#?}");
    }
}

async fn a_work_is_found_by_its_number_and_by_that_of_its_order(world: &World) {
    let list = ("fulfilmentWorks", "FulfilmentWorkFilter");
    let work = read_object(world, "fwk", "FulfilmentWork", "number orderNumber").await;
    let (number, order) = (work["number"].as_str().unwrap(), work["orderNumber"].as_str().unwrap());
    let (digits, _) = number.rsplit_once('-').unwrap();
    let named = [number.to_owned(), format!("so-000{number}"), format!(" {} ", order.to_lowercase()), digits.to_owned()];
    let found_by = named.iter().map(|text| json!({ "search": text })).collect();
    let missed_by = ["", "%", "mug", &format!("{digits}-77"), &format!("PO-{digits}"), &format!("{digits}-"), "99999"]
        .map(|text| json!({ "search": text }));
    assert_finds(world, (list, "fwk"), found_by, missed_by.to_vec()).await;
    let narrowed = json!({ "search": order, "store": { "eq": world.ours.depot } });
    assert!(!find_ids(world, &world.ours.owner, list, narrowed).await.contains(&world.ours.ids["fwk"]), "of another store");
    // The number of the order is on the work, so this search needs no right to see orders.
    let picker = world.ours.owner_with(&["fulfilment.read"]);
    let found = find_ids(world, &picker, list, json!({ "search": order })).await;
    assert!(found.contains(&world.ours.ids["fwk"]) && !found.contains(&world.theirs.ids["fwk"]), "{found:?}");
}

async fn a_followed_list_of_works_has_what_its_nested_filter_finds(world: &World) {
    let owner = world.ours.owner.clone();
    let list = ("fulfilmentWorks", "FulfilmentWorkFilter");
    let id = &world.ours.ids["fwk"];
    let document = "subscription($filter: FulfilmentWorkFilter) { fulfilmentWorkChanged(filter: $filter) {
        changes { inFilter work { id } } } }";
    for (filter, has_it) in [
        (json!({ "or": [{ "status": [] }, { "id": { "eq": id } }] }), true),
        (json!({ "and": [{ "not": { "store": { "key": ["no-such-store"] } } }, { "id": { "in": [id] } }] }), true),
        (json!({ "not": { "or": [{ "status": [] }, { "id": { "in": [id] } }] } }), false),
        (json!({ "id": { "eq": id }, "not": { "not": { "createdAt": { "lt": "2020-01-01T00:00:00Z" } } } }), false),
    ] {
        let answer = world.execute(&world.ours, Some(owner.clone()), document, &json!({ "filter": filter })).await;
        assert!(answer["errors"].is_null(), "{filter}: {answer:#}");
        let changes = answer["data"]["fulfilmentWorkChanged"]["changes"].as_array().unwrap();
        let followed: BTreeSet<String> = changes.iter().map(|one| one["work"]["id"].as_str().unwrap().to_owned()).collect();
        assert_eq!(followed, find_ids(world, &owner, list, filter.clone()).await, "{filter}");
        assert_eq!(followed.contains(id), has_it, "{filter}: {followed:?}");
    }
}
