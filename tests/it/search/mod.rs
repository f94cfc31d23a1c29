//! One search over all named objects, with the rights of the caller.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot set itself up has failed")]

mod documents;

use entrepot::access::{Caller, PermissionSet, REGISTRY, Reach};
use serde_json::{Value, json};

use crate::{
    authorization::world::World,
    purchasing::office::{Office, accepted},
    world::on_both,
};

on_both!(
    a_till_finds_a_product_by_half_its_name,
    an_exact_code_comes_before_beginnings_before_words,
    everything_is_found_by_its_number_or_reference,
    who_may_not_read_customers_is_not_told_of_them,
    what_belongs_to_strangers_is_not_found,
    signs_of_databases_stand_for_themselves,
    a_query_has_two_to_two_hundred_characters,
);

const SEARCH: &str = "query($query: String!, $kinds: [SearchKind!], $first: Int! = 20, $after: Cursor) {
    search(query: $query, kinds: $kinds, first: $first, after: $after) {
        hasMore skippedKinds totalCount { count precision } pageInfo { hasNextPage hasPreviousPage endCursor }
        nodes { kind tier field text title node { __typename id } } } }";

const KINDS: [&str; 18] = [
    "PRODUCT",
    "ORDER",
    "CUSTOMER",
    "SUPPLIER",
    "PURCHASE_ORDER",
    "TRANSFER",
    "RETURN",
    "STOCKTAKE",
    "LOT",
    "STORE",
    "CATEGORY",
    "SUPPLIER_RETURN",
    "BLANKET_ORDER",
    "INVOICE",
    "REVALUATION",
    "REVERSAL",
    "FULFILMENT_WORK",
    "PARCEL",
];

async fn search(office: &Office<'_>, query: &str) -> Value {
    search_with(office, json!({ "query": query })).await
}

async fn search_with(office: &Office<'_>, variables: Value) -> Value {
    let answer = office.execute(SEARCH, variables.clone()).await;
    assert!(answer["errors"].is_null(), "{variables}: {answer:#}");
    answer["data"]["search"].clone()
}

/// The same field of all results.
fn of_each(found: &Value, name: &str) -> Vec<String> {
    found["nodes"].as_array().unwrap().iter().map(|result| result[name].as_str().unwrap().to_owned()).collect()
}

fn ids(found: &Value) -> Vec<String> {
    found["nodes"].as_array().unwrap().iter().map(|result| result["node"]["id"].as_str().unwrap().to_owned()).collect()
}

async fn product(office: &Office<'_>, sku: &str, name: &str) -> String {
    let payload =
        office.mutate("productCreate", "ProductCreateInput", "product { id }", json!({ "sku": sku, "name": name })).await;
    accepted(&payload, "product")["id"].as_str().unwrap().to_owned()
}

/// Our company's owner with these rights alone, at one store.
pub fn at_store(office: &Office<'_>, store: &str, codes: &[&str]) -> Caller {
    let mut permissions = PermissionSet::default();
    for code in codes {
        let index = REGISTRY.iter().position(|known| known.code == *code).unwrap();
        permissions.grant(index, &Reach::stores([store.parse().unwrap()]));
    }
    Caller { permissions, ..office.caller.clone() }
}

async fn a_till_finds_a_product_by_half_its_name(world: &World) {
    let office = Office::of(world).await;
    let kettle = product(&office, "K-100", "Copper Kettle with Whistle").await;
    product(&office, "K-200", "Steel Kettle").await;
    for query in ["copper ket", "ket cop", "KETTLE COPPER", "  whistle kettle ", "copper k"] {
        let found = search(&office, query).await;
        assert_eq!(ids(&found), std::slice::from_ref(&kettle), "{query}: {found:#}");
        let only = &found["nodes"][0];
        assert_eq!(
            (&only["kind"], &only["title"], &only["node"]["__typename"]),
            (&json!("PRODUCT"), &json!("Copper Kettle with Whistle"), &json!("Product")),
            "{query}"
        );
    }
    assert_eq!(ids(&search(&office, "copper teapot").await), [""; 0]);
    // A change of the name is found at once, and the old name no longer.
    let input = json!({ "id": kettle, "expectedVersion": 1, "name": "Brass Kettle" });
    accepted(&office.mutate("productUpdate", "ProductUpdateInput", "product { id }", input).await, "product");
    assert_eq!(ids(&search(&office, "brass").await), [kettle]);
    assert_eq!(ids(&search(&office, "whistle").await), [""; 0]);
}

async fn an_exact_code_comes_before_beginnings_before_words(world: &World) {
    let office = Office::of(world).await;
    let exact = product(&office, "TEA", "Assam leaves").await;
    let begins = product(&office, "TEA-2", "Darjeeling leaves").await;
    let words = product(&office, "X-1", "Green tea").await;
    let input = json!({ "code": "TT", "name": "Fine Tea Traders" });
    let supplier = office.mutate("supplierCreate", "SupplierCreateInput", "supplier { id }", input).await;
    let supplier = accepted(&supplier, "supplier")["id"].as_str().unwrap().to_owned();
    let old = product(&office, "OLD", "Tea").await;
    accepted(&office.mutate("productArchive", "ProductArchiveInput", "product { id }", json!({ "id": old })).await, "product");
    let found = search(&office, "tea").await;
    assert_eq!(of_each(&found, "tier"), ["EXACT", "PREFIX", "PREFIX", "WORDS", "WORDS"], "{found:#}");
    assert_eq!(of_each(&found, "field"), ["sku", "sku", "name", "name", "name"]);
    assert_eq!(ids(&found), [&exact, &begins, &old, &words, &supplier].map(Clone::clone), "archived last of its tier");
    assert_eq!(found["hasMore"], false);
    pages_go_on_where_the_last_one_ended(&office, &ids(&found)).await;
    let suppliers = search_with(&office, json!({ "query": "tea", "kinds": ["SUPPLIER", "SUPPLIER", "STORE"] })).await;
    assert_eq!(ids(&suppliers), [supplier]);
    assert_eq!(ids(&search_with(&office, json!({ "query": "tea", "kinds": [] })).await), [""; 0]);
    // A barcode is found in full, as printed, and by its beginning.
    let input = json!({ "sku": "CUP-9", "name": "Cup", "barcodes": [{ "code": "4006381333931" }] });
    let payload = office.mutate("productCreate", "ProductCreateInput", "product { id }", input).await;
    let cup = accepted(&payload, "product")["id"].as_str().unwrap();
    for (query, tier) in [("4006381333931", "EXACT"), ("4 006381 333931", "EXACT"), ("400638", "PREFIX")] {
        let found = search(&office, query).await;
        let (first, field) = (&found["nodes"][0], json!("barcode"));
        assert_eq!(
            (&first["tier"], &first["field"], &first["node"]["id"]),
            (&json!(tier), &field, &json!(cup)),
            "{query}: {found:#}"
        );
    }
}

/// All five results of "tea", in pages of two.
async fn pages_go_on_where_the_last_one_ended(office: &Office<'_>, all: &[String]) {
    let (mut seen, mut after) = (Vec::new(), Value::Null);
    for _ in 0..3 {
        let page = search_with(office, json!({ "query": "tea", "first": 2, "after": after })).await;
        let info = &page["pageInfo"];
        seen.extend(ids(&page));
        let (is_first, is_last) = (after.is_null(), seen.len() == all.len());
        assert_eq!(page["totalCount"], json!({ "count": 5, "precision": "EXACT" }), "{page:#}");
        assert_eq!((&info["hasPreviousPage"], &info["hasNextPage"]), (&json!(!is_first), &json!(!is_last)), "{page:#}");
        assert_eq!(page["hasMore"], json!(!is_last));
        after = info["endCursor"].clone();
    }
    assert_eq!(seen, all);
    // After the second of all results come the results of the remaining kinds.
    let second = search_with(office, json!({ "query": "tea", "first": 2 })).await["pageInfo"]["endCursor"].clone();
    let rest = search_with(office, json!({ "query": " tea ", "kinds": ["SUPPLIER"], "after": second })).await;
    assert_eq!((ids(&rest), &rest["pageInfo"]["hasPreviousPage"]), (vec![all[4].clone()], &json!(true)));
    for (query, cursor) in [("te", second.clone()), ("tea", json!("bm8gY3Vyc29y"))] {
        let answer = office.execute(SEARCH, json!({ "query": query, "after": cursor })).await;
        assert_eq!(answer["errors"][0]["code"], "BAD_USER_INPUT", "{answer:#}");
        assert!(answer["errors"][0]["message"].as_str().unwrap().contains("not one of this list"), "{answer:#}");
    }
    let edges =
        "{ search(query: \"tea\", first: 1) { edges { cursor node { title } } results { title } pageInfo { endCursor } } }";
    let found = office.execute(edges, json!({})).await["data"]["search"].clone();
    assert_eq!(found["edges"][0]["cursor"], found["pageInfo"]["endCursor"], "{found:#}");
    assert_eq!(found["edges"][0]["node"], found["results"][0], "under its deprecated name");
}

async fn everything_is_found_by_its_number_or_reference(world: &World) {
    let office = Office::of(world).await;
    let known = &world.ours.ids;
    for (kind, key, letters) in [
        ("ORDER", "ord", "SO"),
        ("PURCHASE_ORDER", "por", "PO"),
        ("TRANSFER", "trf", "TR"),
        ("STOCKTAKE", "cnt", "CN"),
        ("RETURN", "ret", "RT"),
        ("SUPPLIER_RETURN", "srt", "SR"),
        ("BLANKET_ORDER", "bor", "BPO"),
    ] {
        let query =
            "query($id: ID!) { node(id: $id) { ... on Order { number } ... on PurchaseOrder { number } ... on Transfer { number }
            ... on Stocktake { number } ... on Return { number } ... on SupplierReturn { number }
            ... on BlanketOrder { number } } }";
        let node = office.execute(query, json!({ "id": known[key] })).await;
        let number = node["data"]["node"]["number"].as_str().unwrap_or_else(|| panic!("{kind}: {node:#}")).to_owned();
        assert!(number.starts_with(&format!("{letters}-0")), "{number}");
        for query in [number.clone(), number.to_lowercase(), number.replace("-00", "-")] {
            let found = search(&office, &query).await;
            let first = &found["nodes"][0];
            assert_eq!((&first["kind"], &first["node"]["id"]), (&json!(kind), &json!(known[key])), "{query}: {found:#}");
            assert_eq!((&first["tier"], &first["field"], &first["title"]), (&json!("EXACT"), &json!("number"), &json!(number)));
        }
    }
    for (query, kind, key) in [
        ("alpha-order", "ORDER", "ord"),
        ("alpha-purchase", "PURCHASE_ORDER", "por"),
        ("alpha-return", "RETURN", "ret"),
        ("alpha-frame", "BLANKET_ORDER", "bor"),
        ("alpha-1", "CUSTOMER", "cus"),
        ("alpha-shop", "STORE", "sto"),
        ("ALPHA-SUP", "SUPPLIER", "sup"),
        ("alpha-things", "CATEGORY", "cat"),
        ("Alpha-Mug", "PRODUCT", "prd"),
    ] {
        let found = search(&office, query).await;
        let first = &found["nodes"][0];
        assert_eq!(
            (&first["kind"], &first["tier"], &first["node"]["id"]),
            (&json!(kind), &json!("EXACT"), &json!(known[key])),
            "{query}: {found:#}"
        );
    }
    let lot = office.execute("query($id: ID!) { node(id: $id) { ... on Lot { code } } }", json!({ "id": known["lot"] })).await;
    let code = lot["data"]["node"]["code"].as_str().unwrap_or_else(|| panic!("{lot:#}"));
    let found = search_with(&office, json!({ "query": code, "kinds": ["LOT"] })).await;
    assert_eq!((ids(&found), of_each(&found, "field")), (vec![known["lot"].clone()], vec!["lotCode".to_owned()]), "{found:#}");
    // Each kind with a text is found by a prefix.
    let found = search_with(&office, json!({ "query": "alpha", "first": 50 })).await;
    for kind in ["PRODUCT", "ORDER", "PURCHASE_ORDER", "RETURN", "CUSTOMER", "STORE", "SUPPLIER", "CATEGORY"] {
        assert!(of_each(&found, "kind").iter().any(|found| found == kind), "{kind}: {found:#}");
    }
}

async fn who_may_not_read_customers_is_not_told_of_them(world: &World) {
    let office = Office::of(world).await;
    let buyer = &world.ours.ids["cus"];
    let by = |rights: &[&str]| office.as_caller(world.ours.owner_with(rights));
    for query in ["alpha-1", "alpha@example.com"] {
        for kinds in [Value::Null, json!(["CUSTOMER"])] {
            let found = search_with(&by(&["product.read"]), json!({ "query": query, "kinds": kinds })).await;
            assert!(!ids(&found).contains(buyer), "{query}: {found:#}");
            assert!(found["skippedKinds"].as_array().unwrap().contains(&json!("CUSTOMER")), "{found:#}");
        }
    }
    let found = search(&by(&["customer.read"]), "alpha-1").await;
    assert_eq!((ids(&found), of_each(&found, "title")), (vec![buyer.clone()], vec!["alpha buyer".to_owned()]), "{found:#}");
    // An address that is found is an address that is known.
    assert_eq!(ids(&search(&by(&["customer.read"]), "alpha@example.com").await), [""; 0]);
    let clerk = by(&["customer.read", "customer.contact.read"]);
    for query in ["alpha@example.com", "ALPHA@example.com"] {
        let found = search(&clerk, query).await;
        assert_eq!((ids(&found), of_each(&found, "field")), (vec![buyer.clone()], vec!["email".to_owned()]), "{query}");
    }
    // Names and parts of addresses are sealed, from everybody.
    for query in ["buyer", "alpha@example"] {
        assert!(!ids(&search(&clerk, query).await).contains(buyer), "{query}");
    }
    let none = search(&by(&[]), "alpha").await;
    assert_eq!((ids(&none).len(), none["skippedKinds"].as_array().map(Vec::len)), (0, Some(KINDS.len())), "{none:#}");
    assert_eq!(search(&office, "alpha").await["skippedKinds"], json!([]));
    let found = search(&by(&["product.read"]), "alpha").await;
    let skipped: Vec<&str> = KINDS.into_iter().filter(|kind| !["PRODUCT", "SUPPLIER", "CATEGORY"].contains(kind)).collect();
    assert_eq!(found["skippedKinds"], json!(skipped));
    assert!(of_each(&found, "kind").iter().all(|kind| !skipped.contains(&kind.as_str())), "{found:#}");
}

async fn what_belongs_to_strangers_is_not_found(world: &World) {
    let office = Office::of(world).await;
    for query in ["bravo", "bravo mug", "bravo-order", "bravo@example.com"] {
        let found = search(&office, query).await;
        assert_eq!(ids(&found), [""; 0], "{query}: {found:#}");
    }
    for query in ["1", "SO-1"].map(|number| format!("{number:0>4}")) {
        let found = ids(&search(&office, &query).await);
        assert!(world.theirs.ids.values().all(|id| !found.contains(id)), "{query}: {found:?}");
    }
    // Documents and lots of a store out of the caller's reach are not found, and leave no trace in
    // the answer.
    let (shop, dock) = (&world.ours.ids["sto"], office.store["id"].as_str().unwrap());
    let rights = ["order.read", "purchase.read", "transfer.read", "count.read", "stock.read"];
    let kinds = json!(["ORDER", "RETURN", "PURCHASE_ORDER", "TRANSFER", "STOCKTAKE", "LOT"]);
    let variables = json!({ "query": "alpha", "kinds": kinds, "first": 50 });
    let found = search_with(&office.as_caller(at_store(&office, dock, &rights)), variables.clone()).await;
    assert_eq!((&found["hasMore"], &found["skippedKinds"], &found["nodes"]), (&json!(false), &json!([]), &json!([])));
    assert_eq!(found["totalCount"], json!({ "count": 0, "precision": "EXACT" }), "nor are they counted");
    let found = search_with(&office.as_caller(at_store(&office, shop, &rights)), variables).await;
    for key in ["ord", "ret"] {
        assert!(ids(&found).contains(&world.ours.ids[key]), "{key}: {found:#}");
    }
    // An integration of another channel sees neither the order nor its return.
    let channel =
        office.mutate("channelCreate", "ChannelCreateInput", "channel { id }", json!({ "code": "FAIR", "name": "Fair" })).await;
    let channel = accepted(&channel, "channel")["id"].as_str().unwrap().parse().unwrap();
    let bound = Caller { channel: Some(channel), ..office.caller.clone() };
    let found = search_with(&office.as_caller(bound), json!({ "query": "alpha", "kinds": ["ORDER", "RETURN"] })).await;
    assert_eq!(ids(&found), [""; 0], "{found:#}");
}

async fn signs_of_databases_stand_for_themselves(world: &World) {
    let office = Office::of(world).await;
    let cotton = product(&office, "COT_1", "100% Cotton").await;
    product(&office, "COTX1", "Cotton mix").await;
    for query in ["%%", "__", "%_%", "a*", "' OR 1=1 --", "\"\"", "(a+)+$", "\\\\", "mug:*", "NEAR(mug cotton)"] {
        let found = search(&office, query).await;
        assert!(!ids(&found).contains(&cotton), "{query}: {found:#}");
    }
    for query in ["%%", "__", "%_%", "\"\"", "\\\\"] {
        assert_eq!(ids(&search(&office, query).await), [""; 0], "{query}");
    }
    assert_eq!(ids(&search(&office, "100%").await), std::slice::from_ref(&cotton));
    assert_eq!(ids(&search(&office, "cot_1").await), [cotton]);
}

async fn a_query_has_two_to_two_hundred_characters(world: &World) {
    let office = Office::of(world).await;
    let long = format!("{} {}", "é".repeat(120), "Ö".repeat(79));
    let found = product(&office, "LONG", &long).await;
    for query in [long.clone(), format!("   {long}\t"), long.to_lowercase()] {
        assert_eq!(ids(&search(&office, &query).await), std::slice::from_ref(&found), "{query}");
    }
    for (variables, reason) in [
        (json!({ "query": format!("{long}x") }), "2 to 200 characters"),
        (json!({ "query": " x " }), "2 to 200 characters"),
        (json!({ "query": "" }), "2 to 200 characters"),
        (json!({ "query": "a\u{0}b" }), "NUL"),
        (json!({ "query": "mug", "first": 0 }), "between 1 and 50"),
        (json!({ "query": "mug", "first": 51 }), "between 1 and 50"),
    ] {
        let answer = office.execute(SEARCH, variables.clone()).await;
        assert_eq!(
            (&answer["data"], &answer["errors"][0]["code"]),
            (&Value::Null, &json!("BAD_USER_INPUT")),
            "{variables}: {answer}"
        );
        assert!(answer["errors"][0]["message"].as_str().unwrap().contains(reason), "{variables}: {answer}");
    }
}
