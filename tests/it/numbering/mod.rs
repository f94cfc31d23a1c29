//! Numbers of documents that name their kind, and the patterns that a company chooses for them.
#![allow(clippy::unwrap_used, reason = "a scenario that cannot go on has failed")]

use entity::prelude::Numbered;
use entrepot::numbering::rows::load_patterns;
use serde_json::{Value, json};

use crate::{
    authorization::world::World,
    purchasing::office::{Office, accepted, gbp, key, refused},
    world::on_both,
};

on_both!(
    a_chosen_pattern_holds_from_the_next_number_on,
    a_number_is_found_however_it_is_written,
    what_is_no_pattern_is_refused_with_its_reason,
    letters_belong_to_one_kind_for_good,
    numbers_of_before_the_patterns_stay_as_they_were,
    the_patterns_of_another_company_are_its_own,
    a_dry_run_has_the_pattern_of_its_kind_with_dots_for_digits,
    a_pattern_holds_for_a_dry_run_behind_it_in_the_same_request,
);

async fn set_pattern(office: &Office<'_>, kind: &str, pattern: &str) -> Value {
    let input = json!({ "kind": kind, "pattern": pattern });
    office.mutate("numberPatternSet", "NumberPatternSetInput", "numberPattern { kind pattern next }", input).await
}

async fn pattern(office: &Office<'_>, kind: &str) -> Value {
    let answer = office.execute("{ numberPatterns { kind pattern next } }", json!({})).await;
    let all = answer["data"]["numberPatterns"].as_array().unwrap_or_else(|| panic!("{answer:#}")).clone();
    assert_eq!(all.len(), 7);
    all.into_iter().find(|one| one["kind"] == kind).unwrap()
}

/// A draft for one mug.
async fn draft(office: &Office<'_>, mug: &Value) -> Value {
    office.draft(json!([{ "product": mug, "quantity": 1 }])).await
}

/// Returns the part of a document's number before its digits, and the digits as a number.
fn parts(document: &Value) -> (String, i64) {
    let number = document["number"].as_str().unwrap();
    let letters = number.trim_end_matches(|sign: char| sign.is_ascii_digit());
    (letters.to_owned(), number[letters.len()..].parse().unwrap())
}

async fn a_chosen_pattern_holds_from_the_next_number_on(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG-N", "2.00").await;
    let first = draft(&office, &mug).await;
    let (letters, number) = parts(&first);
    assert_eq!((letters.as_str(), first["number"].as_str().unwrap().len()), ("PO-", 9));
    let next = format!("BUY-{:03}", number + 1);
    let chosen = set_pattern(&office, "PURCHASE_ORDER", "BUY-{n:3}").await;
    let as_chosen = json!({ "kind": "PURCHASE_ORDER", "pattern": "BUY-{n:3}", "next": next });
    assert_eq!(accepted(&chosen, "numberPattern"), &as_chosen);
    assert!(chosen["seq"].is_i64(), "it is an event of the tenant's");
    assert_eq!(pattern(&office, "PURCHASE_ORDER").await, as_chosen);
    let second = draft(&office, &mug).await;
    assert_eq!(second["number"], next);
    // A number that was issued keeps its format.
    let query = "query($id: ID!) { purchaseOrder(by: { id: $id }) { number } }";
    let again = office.execute(query, json!({ "id": first["id"] })).await;
    assert_eq!(again["data"]["purchaseOrder"]["number"], first["number"]);
    let list = "{ some: numberPatternsList(filter: { kind: [ORDER, RETURN] }, sort: { field: PATTERN, direction: DESC }, first: 1) {
        nodes { kind } totalCount { count } pageInfo { hasNextPage } } last: numberPatternsList(sort: { field: PATTERN, direction: DESC }, last: 1) { nodes { pattern } } }";
    let listed = office.execute(list, json!({})).await["data"].clone();
    let some = json!({ "nodes": [{ "kind": "ORDER" }], "totalCount": { "count": 2 }, "pageInfo": { "hasNextPage": true } });
    assert_eq!((&listed["some"], &listed["last"]["nodes"]), (&some, &json!([{ "pattern": "BPO-{n:6}" }])));
    // The same pattern again is no change, and a pattern without any number is replaced.
    assert_eq!(set_pattern(&office, "PURCHASE_ORDER", "BUY-{n:3}").await["seq"], Value::Null);
    accepted(&set_pattern(&office, "PURCHASE_ORDER", "TYPO-{n:3}").await, "numberPattern");
    accepted(&set_pattern(&office, "PURCHASE_ORDER", "BUX2-{n:1}").await, "numberPattern");
    assert_eq!(draft(&office, &mug).await["number"], format!("BUX2-{}", number + 2));
    office.is_sound().await;
}

async fn a_number_is_found_however_it_is_written(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG-N", "2.00").await;
    let first = draft(&office, &mug).await;
    let (_, number) = parts(&first);
    accepted(&set_pattern(&office, "PURCHASE_ORDER", "BUY-{n:3}").await, "numberPattern");
    draft(&office, &mug).await;
    let document = "query($n: String!) { purchaseOrder(by: { number: $n }) { id } }";
    let listed = "query($n: String!) { purchaseOrders(filter: { number: { eq: $n } }) { nodes { id } } }";
    let scanned = "query($n: String!) { scanCode(code: $n, kinds: [PURCHASE_ORDER]) { matches { matchedBy node { id } } } }";
    let searched = "query($n: String!) { search(query: $n, kinds: [PURCHASE_ORDER]) { results { title text node { id } } } }";
    for text in [format!("PO-{number:06}"), format!("po-{number}"), format!("buy-{number:05}"), format!("{number:04}")] {
        let run_query = async |query: &str| office.execute(query, json!({ "n": text })).await["data"].clone();
        assert_eq!(run_query(document).await["purchaseOrder"]["id"], first["id"], "{text}");
        assert_eq!(run_query(listed).await["purchaseOrders"]["nodes"], json!([{ "id": first["id"] }]), "{text}");
        let found = json!([{ "matchedBy": "number", "node": { "id": first["id"] } }]);
        assert_eq!(run_query(scanned).await["scanCode"]["matches"], found, "{text}");
        let hit = &run_query(searched).await["search"]["results"][0];
        assert_eq!(
            (&hit["node"]["id"], &hit["title"], &hit["text"]),
            (&first["id"], &first["number"], &first["number"]),
            "{text}"
        );
    }
    for text in [format!("SO-{number}"), format!("BUYS-{number}"), format!("PO-{number}-1"), "PO-".to_owned()] {
        let none = office.execute(document, json!({ "n": text })).await;
        assert_eq!(none["data"], json!({ "purchaseOrder": null }), "{text}");
    }
    let begins = "query($n: String!) { purchaseOrders(filter: { number: { startsWith: $n } }) { totalCount { count } } }";
    let all = office.execute(begins, json!({ "n": "BUY-" })).await["data"]["purchaseOrders"]["totalCount"]["count"].clone();
    assert_eq!(all, office.execute(begins, json!({ "n": "" })).await["data"]["purchaseOrders"]["totalCount"]["count"]);
    // `contains` matches a number as it is shown, with the letters and zeros of the pattern by
    // which it was issued.
    let has = "query($n: String!) { purchaseOrders(filter: { number: { contains: $n } }) { nodes { id } } }";
    for (text, expected) in [
        (format!("{number:06}"), json!([{ "id": first["id"] }])),
        (format!("o-{number:06}"), json!([{ "id": first["id"] }])),
        (format!("BUY-{number:03}"), json!([])),
        (format!("{number:07}"), json!([])),
    ] {
        let found = office.execute(has, json!({ "n": text })).await;
        assert_eq!(found["data"]["purchaseOrders"]["nodes"], expected, "{text}");
    }
}

async fn what_is_no_pattern_is_refused_with_its_reason(world: &World) {
    let office = Office::of(world).await;
    for (text, code) in [
        ("PO-", "INVALID"),
        ("PO-{n:6}-UK", "INVALID"),
        ("P-{n:6}", "INVALID"),
        ("po-{n:6}", "INVALID"),
        ("PO-1{n:6}", "INVALID"),
        ("PO-{yyyy}-{n:6}", "INVALID"),
        ("PURCHASE-ORDERS-OF-THE-COMPANY-{n:6}", "TOO_LONG"),
    ] {
        refused(&set_pattern(&office, "PURCHASE_ORDER", text).await, code, "input.pattern");
    }
    assert_eq!(pattern(&office, "PURCHASE_ORDER").await["pattern"], "PO-{n:6}");
}

async fn letters_belong_to_one_kind_for_good(world: &World) {
    let office = Office::of(world).await;
    refused(&set_pattern(&office, "TRANSFER", "PO-{n:6}").await, "IN_USE", "input.pattern");
    accepted(&set_pattern(&office, "ORDER", "WEB-{n:6}").await, "numberPattern");
    accepted(&set_pattern(&office, "ORDER", "SALE-{n:6}").await, "numberPattern");
    // No number was written with them: they are free again.
    accepted(&set_pattern(&office, "TRANSFER", "WEB-{n:6}").await, "numberPattern");
    refused(&set_pattern(&office, "ORDER", "WEB-{n:6}").await, "IN_USE", "input.pattern");
    refused(&set_pattern(&office, "RETURN", "SO-{n:6}").await, "IN_USE", "input.pattern");
}

async fn numbers_of_before_the_patterns_stay_as_they_were(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG-N", "2.00").await;
    let first = draft(&office, &mug).await;
    let (_, number) = parts(&first);
    // As the migration finds a tenant that has numbers.
    let work = world.node.db.tenant(office.caller.tenant).begin().await.unwrap();
    for (from, text) in [(1, "{n:1}"), (number + 1, "PO-{n:6}")] {
        let sql = "INSERT INTO number_pattern (tenant_id, kind, from_number, pattern, created_at) VALUES ($1, 'purchase_order_number', $2, $3, 0)";
        work.execute(sql, vec![from.into(), text.into()]).await.unwrap();
    }
    work.commit().await.unwrap();
    let query = "query($n: String!) { purchaseOrder(by: { number: $n }) { id number } }";
    for text in [format!("{number}"), format!("PO-{number}")] {
        let found = office.execute(query, json!({ "n": text })).await;
        assert_eq!(found["data"]["purchaseOrder"], json!({ "id": first["id"], "number": number.to_string() }), "{text}");
    }
    assert_eq!(draft(&office, &mug).await["number"], format!("PO-{:06}", number + 1));
    let kept = load_patterns(&world.node.db.tenant(office.caller.tenant)).await.unwrap();
    assert!(kept.covers_number(Numbered::PurchaseOrder, number + 1));
}

async fn the_patterns_of_another_company_are_its_own(world: &World) {
    let office = Office::of(world).await;
    accepted(&set_pattern(&office, "ORDER", "WEB-{n:4}").await, "numberPattern");
    let theirs =
        world.execute(&world.theirs, Some(world.theirs.owner.clone()), "{ numberPatterns { kind pattern } }", &json!({})).await;
    let theirs = theirs["data"]["numberPatterns"].as_array().unwrap();
    assert!(theirs.contains(&json!({ "kind": "ORDER", "pattern": "SO-{n:6}" })), "{theirs:?}");
}

/// The number of a document that is not written.
async fn dry_number(office: &Office<'_>, mutation: &str, field: &str, mut input: Value) -> Value {
    input["idempotencyKey"] = json!(key());
    let kind = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
    let query = format!(
        "mutation($input: {kind}!) {{ {mutation}(input: $input, validateOnly: true) {{
           {field} {{ number }} userErrors {{ code message field }} }} }}"
    );
    let answer = office.execute(&query, json!({ "input": input })).await;
    accepted(&answer["data"][mutation], field)["number"].clone()
}

async fn a_dry_run_has_the_pattern_of_its_kind_with_dots_for_digits(world: &World) {
    let office = Office::of(world).await;
    let (mug, depot) = (office.product("MUG-N", "2.00").await, office.new_store("DEPOT-N").await);
    let ordered = office.ordered(json!({ "lines": [{ "product": mug, "quantity": 10 }] })).await;
    accepted(&office.receive(&ordered, &[10]).await, "purchaseOrder");
    let (store, supplier) = (&office.store, &office.supplier);
    let line = json!({ "product": mug, "quantity": 1 });
    let bought = json!({ "product": mug, "quantity": 1, "unitCost": gbp("2.00") });
    let sent_back = json!({ "product": mug, "quantity": 1, "unitCredit": gbp("2.00") });
    let blanket = json!({ "supplier": supplier, "validFrom": "2020-01-01", "validTo": "2099-12-31", "lines": [bought] });
    let sale = json!({ "store": store, "lines": [line] });
    let next = pattern(&office, "ORDER").await["next"].clone();
    for (mutation, field, input, number) in [
        ("orderCreate", "order", sale.clone(), "SO-······"),
        ("purchaseOrderCreate", "purchaseOrder", json!({ "supplier": supplier, "store": store, "lines": [bought] }), "PO-······"),
        ("transferCreate", "transfer", json!({ "fromStore": store, "toStore": depot, "lines": [line] }), "TR-······"),
        ("stocktakeCreate", "stocktake", json!({ "store": store, "kind": "LIST", "products": [mug] }), "CN-······"),
        ("returnCreate", "return", sale.clone(), "RT-······"),
        (
            "supplierReturnCreate",
            "supplierReturn",
            json!({ "supplier": supplier, "store": store, "lines": [sent_back] }),
            "SR-······",
        ),
        ("blanketOrderCreate", "blanketOrder", blanket, "BPO-······"),
    ] {
        assert_eq!(dry_number(&office, mutation, field, input).await, number, "{mutation}");
    }
    assert_eq!(pattern(&office, "ORDER").await["next"], next, "no number is taken");
    accepted(&set_pattern(&office, "ORDER", "WEB-{n:3}").await, "numberPattern");
    assert_eq!(dry_number(&office, "orderCreate", "order", sale).await, "WEB-···");
}

async fn a_pattern_holds_for_a_dry_run_behind_it_in_the_same_request(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG-N", "2.00").await;
    // A draft, as there is no stock to hold.
    let lines = json!([{ "product": mug, "quantity": 1 }]);
    let sale = || json!({ "idempotencyKey": key(), "store": office.store, "status": "DRAFT", "lines": lines });
    let query = "mutation($one: OrderCreateInput!, $two: OrderCreateInput!, $three: OrderCreateInput!) {
        one: orderCreate(input: $one, validateOnly: true) { order { number } userErrors { code message field } }
        foreseen: numberPatternSet(input: { kind: ORDER, pattern: \"NET-{n:4}\" }, validateOnly: true) { userErrors { code message field } }
        two: orderCreate(input: $two, validateOnly: true) { order { number } userErrors { code message field } }
        set: numberPatternSet(input: { kind: ORDER, pattern: \"WEB-{n:3}\" }) { userErrors { code message field } }
        three: orderCreate(input: $three, validateOnly: true) { order { number } userErrors { code message field } } }";
    let answer = office.execute(query, json!({ "one": sale(), "two": sale(), "three": sale() })).await;
    let numbers = ["one", "two", "three"].map(|name| answer["data"][name]["order"]["number"].clone());
    assert_eq!(numbers, ["SO-······", "SO-······", "WEB-···"], "{answer:#}");
}
