//! Invoices, credit notes, revaluations, reversals, works of stores and parcels: searched and scanned by their numbers.

use entrepot::access::Caller;
use serde_json::{Value, json};

use super::{at_store, ids, of_each, search, search_with};
use crate::{
    authorization::world::{Company, World},
    papers::invoices::credited,
    purchasing::office::{Office, accepted, gbp, key},
    world::on_both,
};

on_both!(
    an_invoice_and_its_credit_note_are_found_by_the_numbers_on_them,
    revaluations_and_reversals_are_found_by_their_digits,
    a_work_is_found_by_the_number_on_its_picking_list,
    the_number_of_an_order_finds_its_works_and_parcels,
    a_tracking_number_finds_the_parcel_and_its_order,
    a_scanned_sscc_finds_the_parcel_that_it_is_on,
    a_store_finds_its_own_documents_and_parcels_alone,
    each_document_is_found_with_its_own_permission,
);

const SCAN: &str = "query($code: String!, $kinds: [SearchKind!]) { scanCode(code: $code, kinds: $kinds) {
    matches { kind matchedBy node { id } } } }";
const TRACKING: &str = "1Z999AA10123456784";

/// Kind, matched field and ID of each object that a code identifies.
async fn scan(office: &Office<'_>, code: &str) -> Vec<(String, String, String)> {
    let answer = office.execute(SCAN, json!({ "code": code })).await;
    assert!(answer["errors"].is_null(), "{code}: {answer:#}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let of = |found: &Value| (text(&found["kind"]), text(&found["matchedBy"]), text(&found["node"]["id"]));
    answer["data"]["scanCode"]["matches"].as_array().unwrap().iter().map(of).collect()
}

fn one(kind: &str, by: &str, id: &str) -> (String, String, String) {
    (kind.to_owned(), by.to_owned(), id.to_owned())
}

/// A document's number as the API shows it.
async fn number(office: &Office<'_>, key: &str) -> String {
    let query = "query($id: ID!) { node(id: $id) { ... on Invoice { number } ... on StockRevaluation { number }
        ... on DocumentReversal { number } ... on FulfilmentWork { number } } }";
    let node = office.execute(query, json!({ "id": office.world.ours.ids[key] })).await;
    node["data"]["node"]["number"].as_str().unwrap_or_else(|| panic!("{key}: {node:#}")).to_owned()
}

/// Digits in the two characters or more that a query has.
fn padded(number: &str) -> String {
    format!("{number:0>4}")
}

/// Sets a tracking number on the shipped parcel of a company's shop.
async fn track(world: &World, company: &Company, number: &str) {
    let query = "mutation($input: FulfilmentTrackingSetInput!) {
        fulfilmentTrackingSet(input: $input) { work { id } userErrors { code field message } } }";
    let input = json!({ "idempotencyKey": key(), "id": company.ids["pcl"], "trackingNumber": number });
    world.must_mutate(company, query, json!({ "input": input })).await;
}

async fn an_invoice_and_its_credit_note_are_found_by_the_numbers_on_them(world: &World) {
    let office = Office::of(world).await;
    let invoice = world.ours.ids["inv"].clone();
    assert_eq!(number(&office, "inv").await, "INV-1");
    let credit = credited(world, &json!(invoice), json!({})).await["invoice"]["id"].as_str().unwrap().to_owned();
    // Another company has an invoice of the same number.
    for (number, id) in [("INV-1", &invoice), ("CR-1", &credit)] {
        for query in [number.to_owned(), number.to_lowercase(), number.replace('-', "-000")] {
            let found = search(&office, &query).await;
            assert_eq!(ids(&found), std::slice::from_ref(id), "{query}: {found:#}");
            let first = &found["nodes"][0];
            assert_eq!((&first["kind"], &first["tier"], &first["field"]), (&json!("INVOICE"), &json!("EXACT"), &json!("number")));
            assert_eq!((&first["title"], &first["text"]), (&json!(number), &json!(number)));
            assert_eq!(scan(&office, &query).await, [one("INVOICE", "number", id)], "{query}");
        }
    }
    // Digits alone match both; a prefix alone would match all, and matches none.
    let found = search_with(&office, json!({ "query": "0001", "kinds": ["INVOICE"] })).await;
    assert_eq!(of_each(&found, "title"), ["CR-1", "INV-1"], "{found:#}");
    for id in [&invoice, &credit] {
        assert!(scan(&office, "1").await.contains(&one("INVOICE", "number", id)), "{id}");
    }
    for query in ["INV-", "INV-2", "XINV-1"] {
        assert_eq!(ids(&search_with(&office, json!({ "query": query, "kinds": ["INVOICE"] })).await), [""; 0], "{query}");
    }
}

async fn revaluations_and_reversals_are_found_by_their_digits(world: &World) {
    let office = Office::of(world).await;
    for (kind, key) in [("REVALUATION", "rvl"), ("REVERSAL", "rev")] {
        let (number, id) = (number(&office, key).await, &world.ours.ids[key]);
        let found = search_with(&office, json!({ "query": padded(&number), "kinds": [kind] })).await;
        let first = &found["nodes"][0];
        assert_eq!((ids(&found), &first["kind"]), (vec![id.clone()], &json!(kind)), "{found:#}");
        assert_eq!((&first["tier"], &first["field"], &first["title"]), (&json!("EXACT"), &json!("number"), &json!(number)));
        assert!(ids(&search(&office, &padded(&number)).await).contains(id), "{kind}");
        assert!(scan(&office, &number).await.contains(&one(kind, "number", id)), "{kind}");
    }
    // A revaluation also has a reference of its own.
    let lines = json!([{ "product": { "id": world.ours.ids["prd"] }, "unitCost": gbp("1.75") }]);
    let input = json!({ "idempotencyKey": key(), "note": "audited", "externalRef": "AUDIT-2026", "lines": lines });
    let revaluation = office.mutate("stockRevalue", "StockRevalueInput", "revaluation { id number }", input).await;
    let revaluation = accepted(&revaluation, "revaluation");
    let id = revaluation["id"].as_str().unwrap();
    for (query, tier) in [("AUDIT-2026", "EXACT"), ("AUDIT", "PREFIX")] {
        let found = search(&office, query).await;
        let first = &found["nodes"][0];
        assert_eq!(
            (ids(&found), &first["tier"], &first["title"]),
            (vec![id.to_owned()], &json!(tier), &revaluation["number"]),
            "{query}"
        );
    }
    assert_eq!(scan(&office, "AUDIT-2026").await, [one("REVALUATION", "externalRef", id)]);
}

async fn a_work_is_found_by_the_number_on_its_picking_list(world: &World) {
    let office = Office::of(world).await;
    let (printed, work) = (number(&office, "fwk").await, &world.ours.ids["fwk"]);
    // With the prefix of its order, and with zeros.
    for query in [printed.clone(), format!("SO-{printed}"), format!("so-0000{printed}")] {
        let found = search(&office, &query).await;
        let first = &found["nodes"][0];
        assert_eq!((&first["kind"], &first["node"]["id"]), (&json!("FULFILMENT_WORK"), &json!(work)), "{query}: {found:#}");
        assert_eq!((&first["tier"], &first["field"], &first["title"]), (&json!("EXACT"), &json!("number"), &json!(printed)));
        assert_eq!(scan(&office, &query).await, [one("FULFILMENT_WORK", "number", work)], "{query}");
    }
    let (order, _) = printed.rsplit_once('-').unwrap();
    for query in [format!("PO-{order}"), format!("{order}-77"), format!("PO-{printed}")] {
        let found = search_with(&office, json!({ "query": query, "kinds": ["FULFILMENT_WORK"] })).await;
        assert_eq!(ids(&found), [""; 0], "{query}: {found:#}");
    }
}

async fn the_number_of_an_order_finds_its_works_and_parcels(world: &World) {
    let office = Office::of(world).await;
    let known = &world.ours.ids;
    let query = "query($id: ID!) { node(id: $id) { ... on FulfilmentWork { number orderNumber } } }";
    let work = office.execute(query, json!({ "id": known["fwk"] })).await["data"]["node"].clone();
    let (printed, order) = (work["number"].as_str().unwrap(), work["orderNumber"].as_str().unwrap());
    let (digits, _) = printed.rsplit_once('-').unwrap();
    let hit = |found: &Value, key: &str| {
        let all = found["nodes"].as_array().unwrap();
        all.iter().find(|hit| hit["node"]["id"] == known[key]).unwrap_or_else(|| panic!("{key}: {found:#}")).clone()
    };
    for query in [order.to_owned(), order.to_lowercase(), padded(digits)] {
        let found = search(&office, &query).await;
        assert_eq!(found["nodes"][0]["node"]["id"], known["ord"], "the order comes first: {found:#}");
        for (kind, key) in [("FULFILMENT_WORK", "fwk"), ("PARCEL", "pcl")] {
            let hit = hit(&found, key);
            assert_eq!((&hit["kind"], &hit["tier"]), (&json!(kind), &json!("EXACT")), "{query}");
            assert_eq!((&hit["field"], &hit["text"]), (&json!("orderNumber"), &json!(order)), "{query}");
            assert!(!ids(&found).contains(&world.theirs.ids[key]), "{query}");
        }
        assert_eq!(hit(&found, "fwk")["title"], printed);
    }
    // Without a tracking number a parcel is called by its work and its position.
    assert_eq!(hit(&search(&office, order).await, "pcl")["title"], json!(format!("{printed}/1")));
    track(world, &world.ours, TRACKING).await;
    assert_eq!(hit(&search(&office, order).await, "pcl")["title"], TRACKING);

    // They are found by callers who may see the work, with or without the right to see the order.
    let picker = search(&office.as_caller(world.ours.owner_with(&["fulfilment.read"])), order).await;
    assert_eq!(of_each(&picker, "field"), vec!["orderNumber".to_owned(); ids(&picker).len()], "{picker:#}");
    assert!(["fwk", "pcl"].iter().all(|key| ids(&picker).contains(&known[*key])), "{picker:#}");
    let dock = office.store["id"].as_str().unwrap();
    let elsewhere = search(&office.as_caller(at_store(&office, dock, &["fulfilment.read"])), order).await;
    assert_eq!(ids(&elsewhere), [""; 0], "{elsewhere:#}");
}

async fn a_tracking_number_finds_the_parcel_and_its_order(world: &World) {
    let office = Office::of(world).await;
    let (order, parcel) = (&world.ours.ids["ord"], &world.ours.ids["pcl"]);
    assert!(scan(&office, TRACKING).await.is_empty());
    track(world, &world.ours, TRACKING).await;
    // Another company's carrier has assigned the same number.
    track(world, &world.theirs, TRACKING).await;
    let small = TRACKING.to_lowercase();
    for (query, tier) in [(TRACKING, "EXACT"), (small.as_str(), "EXACT"), ("1Z999", "PREFIX"), ("1z999aa1", "PREFIX")] {
        let found = search(&office, query).await;
        assert_eq!(ids(&found), [order.clone(), parcel.clone()], "{query}: {found:#}");
        assert_eq!(
            (of_each(&found, "kind"), of_each(&found, "tier")),
            (vec!["ORDER".to_owned(), "PARCEL".to_owned()], vec![tier.to_owned(); 2])
        );
        assert_eq!(
            (of_each(&found, "field"), of_each(&found, "text")),
            (vec!["trackingNumber".to_owned(); 2], vec![TRACKING.to_owned(); 2])
        );
        assert!(found["nodes"][0]["title"].as_str().unwrap().starts_with("SO-0"), "{found:#}");
        assert_eq!(found["nodes"][1]["title"], TRACKING);
    }
    let both = [one("ORDER", "trackingNumber", order), one("PARCEL", "trackingNumber", parcel)];
    for code in [TRACKING, small.as_str()] {
        assert_eq!(scan(&office, code).await, both, "{code}");
    }
    assert!(scan(&office, "1Z999").await.is_empty(), "a scanned number is whole");
    // A number that was put right is found no longer.
    track(world, &world.ours, "1Z000").await;
    assert_eq!(ids(&search(&office, TRACKING).await), [""; 0]);
}

async fn a_scanned_sscc_finds_the_parcel_that_it_is_on(world: &World) {
    let office = Office::of(world).await;
    let sscc = "340123450000000017";
    let both = [one("ORDER", "trackingNumber", &world.ours.ids["ord"]), one("PARCEL", "trackingNumber", &world.ours.ids["pcl"])];
    // Carriers print it with its application identifier or without.
    for kept in [sscc.to_owned(), format!("00{sscc}")] {
        track(world, &world.ours, &kept).await;
        for code in [sscc.to_owned(), format!("00{sscc}"), format!("(00){sscc}"), format!("]C100{sscc}")] {
            assert_eq!(scan(&office, &code).await, both, "{code} of {kept}");
        }
    }
}

async fn a_store_finds_its_own_documents_and_parcels_alone(world: &World) {
    let office = Office::of(world).await;
    track(world, &world.ours, TRACKING).await;
    let (shop, dock) = (&world.ours.ids["sto"], office.store["id"].as_str().unwrap());
    let rights = ["order.read", "stock.movement.read", "fulfilment.read"];
    let (ours, elsewhere) =
        (office.as_caller(at_store(&office, shop, &rights)), office.as_caller(at_store(&office, dock, &rights)));
    let numbers = [
        ("INVOICE", "inv", number(&office, "inv").await),
        ("REVERSAL", "rev", padded(&number(&office, "rev").await)),
        ("FULFILMENT_WORK", "fwk", number(&office, "fwk").await),
        ("PARCEL", "pcl", TRACKING.to_owned()),
        ("ORDER", "ord", TRACKING.to_owned()),
    ];
    for (kind, key, query) in &numbers {
        let (id, variables) = (&world.ours.ids[*key], json!({ "query": query, "kinds": [kind] }));
        assert_eq!(ids(&search_with(&ours, variables.clone()).await), std::slice::from_ref(id), "{kind}");
        let found = search_with(&elsewhere, variables).await;
        assert_eq!((ids(&found), &found["skippedKinds"]), (Vec::new(), &json!([])), "{kind}");
        assert_eq!(found["totalCount"], json!({ "count": 0, "precision": "EXACT" }), "nor is it counted");
        let scanned = async |office: &Office<'_>| scan(office, query).await.iter().any(|(_, _, found)| found == id);
        assert!(scanned(&ours).await && !scanned(&elsewhere).await, "{kind}");
    }
    // An integration that is bound to a channel sees the channel's orders, and neither their
    // invoices nor the stores' work for them.
    let channel = world.ours.ids["chn"].parse().unwrap();
    let program = office.as_caller(Caller { channel: Some(channel), ..office.caller.clone() });
    for (kind, key, query) in numbers.iter().filter(|(kind, ..)| *kind != "REVERSAL") {
        let (id, is_order) = (&world.ours.ids[*key], *kind == "ORDER");
        let found = search_with(&program, json!({ "query": query, "kinds": [kind] })).await;
        assert_eq!(ids(&found).contains(id), is_order, "{kind}: {found:#}");
        assert_eq!(scan(&program, query).await.iter().any(|(_, _, found)| found == id), is_order, "{kind}");
    }
}

async fn each_document_is_found_with_its_own_permission(world: &World) {
    let office = Office::of(world).await;
    track(world, &world.ours, TRACKING).await;
    let all = ["order.read", "product.cost.read", "stock.movement.read", "fulfilment.read"];
    for (permission, kind, key, query) in [
        ("order.read", "INVOICE", "inv", number(&office, "inv").await),
        ("product.cost.read", "REVALUATION", "rvl", padded(&number(&office, "rvl").await)),
        ("stock.movement.read", "REVERSAL", "rev", padded(&number(&office, "rev").await)),
        ("fulfilment.read", "FULFILMENT_WORK", "fwk", number(&office, "fwk").await),
        ("fulfilment.read", "PARCEL", "pcl", TRACKING.to_owned()),
    ] {
        let id = &world.ours.ids[key];
        let clerk = office.as_caller(world.ours.owner_with(&[permission]));
        let found = search(&clerk, &query).await;
        assert!(
            ids(&found).contains(id) && !found["skippedKinds"].as_array().unwrap().contains(&json!(kind)),
            "{kind}: {found:#}"
        );
        assert!(scan(&clerk, &query).await.iter().any(|(of, _, found)| of == kind && found == id), "{kind}");
        let others: Vec<&str> = all.into_iter().filter(|one| *one != permission).collect();
        let stranger = office.as_caller(world.ours.owner_with(&others));
        for kinds in [Value::Null, json!([kind])] {
            let found = search_with(&stranger, json!({ "query": query, "kinds": kinds })).await;
            assert!(!ids(&found).contains(id), "{kind}: {found:#}");
            assert!(found["skippedKinds"].as_array().unwrap().contains(&json!(kind)), "{kind}: {found:#}");
        }
        assert!(scan(&stranger, &query).await.iter().all(|(_, _, found)| found != id), "{kind}");
        let refused = stranger.execute(SCAN, json!({ "code": query, "kinds": [kind] })).await;
        let first = &refused["errors"][0];
        assert_eq!((&first["code"], &first["permission"]), (&json!("FORBIDDEN"), &json!(permission)), "{kind}: {refused}");
    }
}
