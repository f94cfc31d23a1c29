//! Scanned codes and the objects that they identify, with the rights of the caller.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot set itself up has failed")]

mod packs;
mod properties;

use serde_json::{Value, json};

use crate::{
    authorization::world::World,
    lots::shop::{LotShop, accepted, key},
    search::at_store,
    world::{answers::digits, on_both},
};

on_both!(
    a_gs1_code_names_product_lot_and_date_however_it_is_written,
    a_pack_is_no_piece,
    everything_is_found_by_its_names_in_their_order,
    suppliers_categories_and_customers_are_found_by_their_codes,
    who_may_not_read_a_kind_does_not_find_it,
    lots_of_other_stores_take_no_room_among_the_callers_own
);

const SCAN: &str = "query($code: String!, $kinds: [SearchKind!]) { scanCode(code: $code, kinds: $kinds) {
    input format elements { ai value date } problem { code at message }
    matches { kind matchedBy node { __typename id } barcode { code } packQuantity lot { code } lotCode serial expiresOn quantity store { code } } } }";

const GTIN: &str = "09506000134352";

async fn scan(shop: &LotShop<'_>, code: &str) -> Value {
    let answer = shop.office.execute(SCAN, json!({ "code": code })).await;
    assert!(answer["errors"].is_null(), "{code}: {answer:#}");
    answer["data"]["scanCode"].clone()
}

/// Kind, name that matched and ID of each match.
fn found(scanned: &Value) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let of = |found: &Value| (text(&found["kind"]), text(&found["matchedBy"]), text(&found["node"]["id"]));
    scanned["matches"].as_array().unwrap().iter().map(of).collect()
}

pub async fn coded(shop: &LotShop<'_>, product: &Value, barcodes: Value) {
    let query = "query($by: ProductRef!) { product(by: $by) { version } }";
    let answer = shop.office.execute(query, json!({ "by": product })).await;
    let version = &answer["data"]["product"]["version"];
    let input = json!({ "id": product["id"], "expectedVersion": version, "barcodes": barcodes });
    accepted(&shop.office.mutate("productUpdate", "ProductUpdateInput", "product { id }", input).await, "product");
}

async fn a_gs1_code_names_product_lot_and_date_however_it_is_written(world: &World) {
    let shop = LotShop::open(world).await;
    coded(&shop, &shop.cheese, json!([{ "code": "9506000134352" }])).await;
    shop.receive_lot("ABC", 5, "2027-01-31").await;
    for (code, format) in [
        (format!("]C101{GTIN}10ABC\u{1d}17270131"), "GS1_ELEMENT_STRING"),
        (format!("(01){GTIN}(10)ABC(17)270131"), "GS1_ELEMENT_STRING"),
        (format!("https://id.gs1.org/01/{GTIN}/10/ABC?17=270131"), "GS1_DIGITAL_LINK"),
    ] {
        let scanned = scan(&shop, &code).await;
        assert_eq!(
            scanned,
            json!({
                "input": code, "format": format, "problem": null,
                "elements": [
                    { "ai": "01", "value": GTIN, "date": null },
                    { "ai": "10", "value": "ABC", "date": null },
                    { "ai": "17", "value": "270131", "date": "2027-01-31" },
                ],
                "matches": [{
                    "kind": "PRODUCT", "matchedBy": "barcode", "node": { "__typename": "Product", "id": shop.cheese["id"] },
                    "barcode": { "code": "9506000134352" }, "packQuantity": 1, "lot": { "code": "ABC" }, "lotCode": "ABC", "serial": null,
                    "expiresOn": "2027-01-31", "quantity": null, "store": null,
                }],
            }),
            "{code}"
        );
    }
    let cut = scan(&shop, &format!("]C101{GTIN}10ABC\u{1d}17270")).await;
    assert_eq!((&cut["problem"]["code"], &cut["problem"]["at"]), (&json!("TRUNCATED"), &json!(25)), "{cut}");
    assert_eq!((&cut["matches"][0]["lot"]["code"], &cut["matches"][0]["expiresOn"]), (&json!("ABC"), &Value::Null));
    let misplaced = scan(&shop, &format!("https://id.gs1.org/01/{GTIN}/10/ABC?17=270131&21=S1")).await;
    assert_eq!((&misplaced["problem"]["code"], &misplaced["problem"]["at"]), (&json!("MISPLACED"), &json!(54)), "{misplaced}");
    let matches = &misplaced["matches"][0];
    assert_eq!(
        (&matches["lot"]["code"], &matches["serial"], &matches["expiresOn"]),
        (&json!("ABC"), &Value::Null, &json!("2027-01-31"))
    );
    // An unknown batch is returned as a code, without a lot.
    let new = scan(&shop, &format!("(01){GTIN}(10)NEW(37)12")).await;
    let reported_matches = &new["matches"][0];
    assert_eq!(
        (&reported_matches["lot"], &reported_matches["lotCode"], &reported_matches["quantity"]),
        (&Value::Null, &json!("NEW"), &json!(12))
    );
    assert!(found(&scan(&shop, "(01)09506000134351").await).is_empty());
    let answer = shop.office.execute(SCAN, json!({ "code": "a\u{0}b" })).await;
    assert_eq!(answer["errors"][0]["code"], "BAD_USER_INPUT", "{answer}");
}

async fn a_pack_is_no_piece(world: &World) {
    let shop = LotShop::open(world).await;
    coded(&shop, &shop.mug, json!([{ "code": "0012345678905" }])).await;
    let case = "10012345678902";
    let scanned = scan(&shop, case).await;
    assert_eq!(
        (&scanned["problem"]["code"], &scanned["matches"][0]["packQuantity"]),
        (&json!("UNKNOWN_PACK"), &json!(1)),
        "{scanned}"
    );
    assert_eq!(found(&scanned), [("PRODUCT".to_owned(), "barcode".to_owned(), shop.mug["id"].as_str().unwrap().to_owned())]);
    coded(&shop, &shop.mug, json!([{ "code": "0012345678905" }, { "code": case, "packQuantity": 12 }])).await;
    for code in [case.to_owned(), format!("(01){case}")] {
        let scanned = scan(&shop, &code).await;
        let (only, problem) = (&scanned["matches"][0], &scanned["problem"]);
        assert_eq!(
            (&only["packQuantity"], &only["barcode"]["code"], problem),
            (&json!(12), &json!(case), &Value::Null),
            "{scanned}"
        );
        assert_eq!(scanned["matches"].as_array().map(Vec::len), Some(1));
    }
    assert_eq!(scan(&shop, "012345678905").await["format"], "UPC");
}

async fn everything_is_found_by_its_names_in_their_order(world: &World) {
    let shop = LotShop::open(world).await;
    shop.receive_lot("L-1", 5, "2027-01-31").await;
    let serial = json!({ "named": { "code": "SN-9" } });
    accepted(&shop.adjust("RECEIPT", (&shop.drill, &shop.depot), 1, serial).await, "levels");
    let order = json!({ "idempotencyKey": key(), "store": shop.office.store, "externalRef": "WEB-1", "lines": [{ "product": shop.mug, "quantity": 1 }] });
    accepted(&shop.adjust("RECEIPT", (&shop.mug, &shop.office.store), 3, Value::Null).await, "levels");
    let order = shop.office.mutate("orderCreate", "OrderCreateInput", "order { id number }", order).await;
    let order = accepted(&order, "order").clone();
    let transfer = shop.create_held_transfer(&[(&shop.mug, 1)]).await;
    let transfer =
        shop.office.execute("query($id: ID!) { transfer(by: { id: $id }) { id number } }", json!({ "id": transfer["id"] })).await;
    let transfer = &transfer["data"]["transfer"];
    let id = |document: &Value| document["id"].as_str().unwrap().to_owned();
    let one = |kind: &str, by: &str, document: &Value| vec![(kind.to_owned(), by.to_owned(), id(document))];
    assert_eq!(found(&scan(&shop, " drill ").await), one("PRODUCT", "sku", &shop.drill));
    assert_eq!(found(&scan(&shop, "WEB-1").await), one("ORDER", "externalRef", &order));
    assert_eq!(found(&scan(&shop, "dock").await), one("STORE", "storeCode", &shop.office.store));
    assert_eq!(scan(&shop, "dock").await["matches"][0]["store"]["code"], "DOCK");
    for (code, kind, by) in [("l-1", "LOT", "lotCode"), ("SN-9", "LOT", "serial")] {
        let scanned = scan(&shop, code).await;
        assert_eq!(
            (&scanned["matches"][0]["kind"], &scanned["matches"][0]["matchedBy"]),
            (&json!(kind), &json!(by)),
            "{scanned}"
        );
    }
    // A document's number, in both cases and with fewer zeros.
    let number = order["number"].as_str().unwrap();
    for code in [number.to_owned(), number.to_lowercase(), number.replace("-0", "-")] {
        assert_eq!(found(&scan(&shop, &code).await), one("ORDER", "number", &order), "{code}");
    }
    let number = transfer["number"].as_str().unwrap();
    assert_eq!(found(&scan(&shop, number).await), one("TRANSFER", "number", transfer));
    let frame = json!({ "id": world.ours.ids["bor"] });
    assert_eq!(found(&scan(&shop, "alpha-frame").await), one("BLANKET_ORDER", "externalRef", &frame));
    let bare = found(&scan(&shop, &digits(&transfer["number"])).await);
    assert!(bare.contains(&one("TRANSFER", "number", transfer)[0]), "{bare:?}");
    assert!(found(&scan(&shop, "PO-999999").await).is_empty());
    // A SKU that looks like a number of a document comes first.
    let input = json!({ "sku": number, "name": "Seven" });
    let payload = shop.office.mutate("productCreate", "ProductCreateInput", "product { id }", input).await;
    assert_eq!(found(&scan(&shop, number).await)[0], one("PRODUCT", "sku", accepted(&payload, "product"))[0]);
    let theirs = world.theirs.ids["ord"].clone();
    let all = found(&scan(&shop, "1").await);
    assert!(all.iter().all(|(_, _, id)| *id != theirs), "another tenant's number: {all:?}");
}

async fn suppliers_categories_and_customers_are_found_by_their_codes(world: &World) {
    let shop = LotShop::open(world).await;
    let create = async |mutation: &str, kind: &str, node: &str, input: Value| {
        let answer = shop.office.mutate(mutation, kind, &format!("{node} {{ id }}"), input).await;
        accepted(&answer, node)["id"].as_str().unwrap().to_owned()
    };
    let supplier = async |code: &str| {
        create("supplierCreate", "SupplierCreateInput", "supplier", json!({ "code": code, "name": "Kiln & Sons" })).await
    };
    let customer = async |reference: &str| {
        create("customerCreate", "CustomerCreateInput", "customer", json!({ "externalRef": reference, "name": "Ada" })).await
    };
    let plates = json!({ "name": "Dinner plates", "slug": "dinner-plates" });
    let plates = create("categoryCreate", "CategoryCreateInput", "category", plates).await;
    let (kiln, mill) = (supplier("KILN").await, supplier("MILL").await);
    let (ada, lovelace) = (customer("CARD-7").await, customer("CARD-8").await);
    let one = |kind: &str, by: &str, id: &str| vec![(kind.to_owned(), by.to_owned(), id.to_owned())];
    assert_eq!(found(&scan(&shop, " kiln ").await), one("SUPPLIER", "supplierCode", &kiln));
    assert_eq!(found(&scan(&shop, "dinner-plates").await), one("CATEGORY", "categorySlug", &plates));
    assert_eq!(found(&scan(&shop, "CARD-7").await), one("CUSTOMER", "externalRef", &ada));
    let clerk = shop.office.as_caller(world.ours.owner_with(&["order.read", "customer.read"]));
    for code in ["kiln", "dinner-plates"] {
        let answer = clerk.execute(SCAN, json!({ "code": code })).await;
        assert_eq!(answer["data"]["scanCode"]["matches"], json!([]), "{code}: {answer:#}");
    }
    // The code of who was merged is that of who stays.
    for (mutation, kind, node, from, into) in [
        ("supplierMerge", "SupplierMergeInput", "supplier", &kiln, &mill),
        ("customerMerge", "CustomerMergeInput", "customer", &ada, &lovelace),
    ] {
        let input = json!({ "idempotencyKey": key(), "id": from, "into": { "id": into } });
        create(mutation, kind, node, input).await;
    }
    assert_eq!(found(&scan(&shop, "kiln").await), one("SUPPLIER", "supplierCode", &mill));
    assert_eq!(found(&scan(&shop, "CARD-7").await), one("CUSTOMER", "externalRef", &lovelace));
}

async fn who_may_not_read_a_kind_does_not_find_it(world: &World) {
    let shop = LotShop::open(world).await;
    coded(&shop, &shop.cheese, json!([{ "code": "9506000134352" }])).await;
    shop.receive_lot("ABC", 5, "2027-01-31").await;
    let run_query = async |rights: &[&str], variables: Value| {
        shop.office.as_caller(world.ours.owner_with(rights)).execute(SCAN, variables).await
    };
    let code = format!("(01){GTIN}(10)ABC");
    let answer = run_query(&["product.read"], json!({ "code": code })).await;
    let matches = &answer["data"]["scanCode"]["matches"];
    assert_eq!(
        (matches.as_array().map(Vec::len), &matches[0]["lot"], &matches[0]["lotCode"]),
        (Some(1), &Value::Null, &json!("ABC")),
        "{answer:#}"
    );
    let answer = run_query(&["order.read"], json!({ "code": code })).await;
    assert_eq!(answer["data"]["scanCode"]["matches"], json!([]), "{answer:#}");
    let answer = run_query(&["stock.read"], json!({ "code": code })).await;
    assert_eq!(answer["data"]["scanCode"]["matches"][0]["kind"], "LOT", "{answer:#}");
    for (rights, kinds, permission) in
        [(&["order.read"][..], json!(["ORDER", "PRODUCT"]), "product.read"), (&[][..], Value::Null, "product.read")]
    {
        let answer = run_query(rights, json!({ "code": code, "kinds": kinds })).await;
        assert_eq!(
            (&answer["errors"][0]["code"], &answer["errors"][0]["permission"]),
            (&json!("FORBIDDEN"), &json!(permission)),
            "{answer}"
        );
    }
    let none = run_query(&["order.read"], json!({ "code": code, "kinds": [] })).await;
    assert_eq!(none["data"]["scanCode"]["matches"], json!([]), "{none}");
}

async fn lots_of_other_stores_take_no_room_among_the_callers_own(world: &World) {
    let shop = LotShop::open(world).await;
    // More products than a scan reads lots of have a lot of this code in the cellar, all older than the one here.
    let lot = json!({ "named": { "code": "SUMMER", "expiresOn": "2099-01-31" } });
    for nth in 0..21 {
        let input = json!({ "sku": format!("WHEEL-{nth}"), "name": "Wheel", "tracking": "LOT" });
        let payload = shop.office.mutate("productCreate", "ProductCreateInput", "product { id }", input).await;
        let wheel = json!({ "id": accepted(&payload, "product")["id"] });
        accepted(&shop.adjust("RECEIPT", (&wheel, &shop.depot), 1, lot.clone()).await, "levels");
    }
    world.advance_clock(1);
    shop.receive_lot("SUMMER", 5, "2099-01-31").await;
    let all = found(&scan(&shop, "summer").await);
    assert_eq!(all.len(), 20, "{all:?}");
    let query = "query($code: String!) { scanCode(code: $code) { hasMoreMatches } }";
    let answer = shop.office.execute(query, json!({ "code": "summer" })).await;
    assert_eq!(answer["data"]["scanCode"]["hasMoreMatches"], true, "{answer:#}");
    let here = shop.office.store["id"].as_str().unwrap();
    let clerk = shop.office.as_caller(at_store(&shop.office, here, &["stock.read"]));
    let answer = clerk.execute(SCAN, json!({ "code": "summer" })).await;
    let own = found(&answer["data"]["scanCode"]);
    assert_eq!((own.len(), own[0].0.as_str()), (1, "LOT"), "{answer:#}");
    let answer = clerk.execute(query, json!({ "code": "summer" })).await;
    assert_eq!(answer["data"]["scanCode"]["hasMoreMatches"], false, "{answer:#}");
    assert!(!all.contains(&own[0]), "the newest lot is not among the first twenty: {all:?}");
}
