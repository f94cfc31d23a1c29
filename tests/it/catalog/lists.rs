//! Pages of products.

use serde_json::{Value, json};

use super::{category, change, product, succeeded};
use crate::{catalog::world::World, world::on_both};

async fn shelf(world: &World, count: usize) -> (Value, Value) {
    let mugs = succeeded(category(world, json!({ "name": "Mugs" })).await)["category"]["id"].clone();
    let acme = succeeded(
        change(world, "supplierCreate", "SupplierCreateInput", "supplier { id }", json!({ "code": "A", "name": "Acme" })).await,
    );
    let acme = acme["supplier"]["id"].clone();
    let rows: Vec<Value> = (0..count)
        .map(|i| {
            let category = if i % 2 == 0 { mugs.clone() } else { Value::Null };
            let status = if i % 10 == 9 { "DRAFT" } else { "ACTIVE" };
            json!({ "sku": format!("S-{i:03}"), "name": format!("Thing {}", i % 7), "categoryId": category, "supplierId": acme, "status": status })
        })
        .collect();
    let answer = change(world, "productBulkUpsert", "ProductBulkUpsertInput", "rows { outcome }", json!({ "rows": rows })).await;
    assert_eq!(answer["userErrors"], json!([]));
    (mugs, acme)
}

const PAGE: &str =
    "query($filter: ProductFilter, $orderBy: ProductOrder, $sort: ProductSort, $first: Int, $after: Cursor, $last: Int, $before: Cursor) {
    products(filter: $filter, orderBy: $orderBy, sort: $sort, first: $first, after: $after, last: $last, before: $before) {
      edges { cursor } nodes { sku } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }";

fn skus(page: &Value) -> Vec<String> {
    page["nodes"].as_array().unwrap().iter().map(|node| node["sku"].as_str().unwrap().to_owned()).collect()
}
async fn page(world: &World, variables: Value) -> Value {
    world.execute(PAGE, variables).await["products"].clone()
}
async fn filtered(world: &World, filter: Value) -> Vec<String> {
    skus(&page(world, json!({ "filter": filter, "first": 250 })).await)
}

on_both!(both_ways_show_every_row_once, world: World => {
    shelf(world, 57).await;
    // Two currencies, two equal prices, and many products without any.
    let priced = [("S-003", "9.00", "GBP"), ("S-001", "10.00", "GBP"), ("S-002", "50.00", "EUR"), ("S-004", "9.00", "GBP")];
    let price = |(sku, amount, code): &(&str, &str, &str)| json!({ "sku": sku, "price": { "amount": amount, "currencyCode": code } });
    let rows: Vec<Value> = priced.iter().map(price).collect();
    let answer = change(world, "productBulkUpsert", "ProductBulkUpsertInput", "rows { outcome }", json!({ "rows": rows })).await;
    assert_eq!(answer["userErrors"], json!([]));
    for field in ["SKU", "NAME", "CREATED_AT", "UPDATED_AT", "PRICE"] {
        for direction in ["ASC", "DESC"] {
            let order = json!({ "field": field, "direction": direction });
            let whole = skus(&page(world, json!({ "orderBy": order, "first": 250 })).await);
            assert_eq!(whole.len(), 57);
            let (mut forward, mut after) = (Vec::new(), Value::Null);
            loop {
                let page = page(world, json!({ "orderBy": order, "first": 10, "after": after })).await;
                forward.extend(skus(&page));
                after = page["pageInfo"]["endCursor"].clone();
                if page["pageInfo"]["hasNextPage"] == json!(false) {
                    break;
                }
            }
            assert_eq!(forward, whole, "{field} {direction}");
            let (mut backward, mut before) = (Vec::new(), Value::Null);
            loop {
                let page = page(world, json!({ "orderBy": order, "last": 10, "before": before })).await;
                backward.splice(0..0, skus(&page));
                before = page["pageInfo"]["startCursor"].clone();
                if page["pageInfo"]["hasPreviousPage"] == json!(false) {
                    break;
                }
            }
            assert_eq!(backward, whole, "{field} {direction} from the end");
        }
    }
    let by_name = skus(&page(world, json!({ "orderBy": { "field": "NAME" }, "first": 9 })).await);
    let by_price = |direction: &str, first: u8| json!({ "orderBy": { "field": "PRICE", "direction": direction }, "first": first });
    assert_eq!(skus(&page(world, by_price("ASC", 5)).await), ["S-002", "S-003", "S-004", "S-001", "S-000"]);
    assert_eq!(skus(&page(world, by_price("DESC", 57)).await)[53..], ["S-001", "S-004", "S-003", "S-002"]);
    // Both names of a sort are one list: the cursor of one opens the other.
    let after = page(world, json!({ "orderBy": { "field": "NAME" }, "first": 4 })).await["pageInfo"]["endCursor"].clone();
    assert_eq!(skus(&page(world, json!({ "sort": { "field": "NAME" }, "first": 5, "after": after })).await), by_name[4..]);
    assert_eq!(by_name, ["S-000", "S-007", "S-014", "S-021", "S-028", "S-035", "S-042", "S-049", "S-056"]);
});

on_both!(a_page_between_two_cursors_knows_what_lies_beyond_them, world: World => {
    shelf(world, 6).await;
    let whole = page(world, json!({})).await;
    let cursor = |at: usize| whole["edges"][at]["cursor"].clone();
    for (between, skus_of, beyond) in [
        (json!({ "first": 50, "after": cursor(0), "before": cursor(3) }), 2, [true, true]),
        (json!({ "last": 50, "after": cursor(0), "before": cursor(3) }), 2, [true, true]),
        (json!({ "first": 3, "before": cursor(2) }), 2, [false, true]),
        (json!({ "last": 3, "after": cursor(3) }), 2, [true, false]),
        (json!({ "first": 6 }), 6, [false, false]),
    ] {
        let page = page(world, between.clone()).await;
        let info = &page["pageInfo"];
        assert_eq!((skus(&page).len(), &info["hasPreviousPage"], &info["hasNextPage"]), (skus_of, &json!(beyond[0]), &json!(beyond[1])), "{between}");
    }
});

on_both!(updates_do_not_disturb_who_pages_by_time, world: World => {
    shelf(world, 40).await;
    let order = json!({ "field": "UPDATED_AT" });
    let first = page(world, json!({ "orderBy": order, "first": 20 })).await;
    world.advance_clock(60);
    // Rows on both sides of the cursor change: they move to the end, the others stay where they are.
    let rows: Vec<Value> = [1, 5, 25, 33].iter().map(|i| json!({ "sku": format!("S-{i:03}"), "name": "Moved" })).collect();
    change(world, "productBulkUpsert", "ProductBulkUpsertInput", "rows { outcome }", json!({ "rows": rows })).await;
    let rest = page(world, json!({ "orderBy": order, "first": 40, "after": first["pageInfo"]["endCursor"] })).await;
    let mut seen = skus(&first);
    seen.extend(skus(&rest));
    for i in (0..40).filter(|i| ![1, 5, 25, 33].contains(i)) {
        let sku = format!("S-{i:03}");
        assert_eq!(seen.iter().filter(|s| **s == sku).count(), 1, "{sku}");
    }
    assert_eq!(skus(&rest).len(), 22, "the other twenty, and the two that moved behind the cursor");
});

on_both!(a_page_of_fifty_takes_three_statements, world: World => {
    let (mugs, _) = shelf(world, 120).await;
    let query = "query($filter: ProductFilter, $orderBy: ProductOrder) { products(filter: $filter, orderBy: $orderBy) {
        nodes { id sku name price { amount } category { id name } supplier { id name } } pageInfo { hasNextPage } } }";
    for field in ["SKU", "NAME", "UPDATED_AT"] {
        let variables = json!({ "filter": { "category": { "eq": mugs } }, "orderBy": { "field": field } });
        let (answer, statements) = world.counted(query, variables).await;
        assert_eq!(answer["products"]["nodes"].as_array().unwrap().len(), 50);
        assert_eq!(answer["products"]["nodes"][49]["supplier"]["name"], json!("Acme"));
        assert_eq!(answer["products"]["pageInfo"]["hasNextPage"], json!(true));
        assert!(statements <= 3, "{field}: {statements}");
    }
    let (_, statements) = world.counted("{ products { nodes { sku barcodes { code } } } }", json!({})).await;
    assert!(statements <= 2, "{statements}");
});

on_both!(filters_say_and_or_not, world: World => {
    let (mugs, acme) = shelf(world, 20).await;
    assert_eq!(filtered(world, json!({ "category": { "eq": mugs } })).await.len(), 10);
    assert_eq!(filtered(world, json!({ "not": { "category": { "eq": mugs } } })).await.len(), 10, "also those without a category");
    assert_eq!(filtered(world, json!({ "category": { "isNull": true } })).await.len(), 10);
    assert_eq!(filtered(world, json!({ "category": { "isNull": false }, "supplier": { "isNull": true } })).await.len(), 0);
    // Filters by keys of related objects; an unknown key matches nothing.
    for (filter, count) in [
        (json!({ "supplier": { "key": ["a", "none-such"] } }), 20),
        (json!({ "category": { "key": ["mugs"] } }), 10),
        (json!({ "not": { "categoryTree": { "key": ["mugs"] } } }), 10),
        (json!({ "or": [{ "supplier": { "key": ["none-such"] } }, { "supplier": { "key": [] } }] }), 0),
        (json!({ "supplier": { "key": ["A"], "in": [] } }), 0),
        (json!({ "supplier": { "key": ["A"], "eq": acme } }), 20),
    ] {
        assert_eq!(filtered(world, filter.clone()).await.len(), count, "{filter}");
    }
    assert_eq!(filtered(world, json!({ "status": ["DRAFT"] })).await, ["S-009", "S-019"]);
    assert_eq!(filtered(world, json!({ "sku": { "in": ["s-003", "S-005", "none"] } })).await, ["S-003", "S-005"]);
    assert_eq!(filtered(world, json!({ "sku": { "startsWith": "s-01" }, "not": { "status": ["DRAFT"] } })).await.len(), 9);
    assert_eq!(filtered(world, json!({ "sku": { "contains": "-00" }, "supplier": { "in": [acme] } })).await.len(), 10);
    assert_eq!(filtered(world, json!({ "name": { "contains": "HING 3" } })).await, ["S-003", "S-010", "S-017"]);
    assert_eq!(filtered(world, json!({ "or": [{ "sku": { "eq": "S-001" } }, { "and": [{ "status": ["DRAFT"] }, { "sku": { "startsWith": "S-01" } }] }] })).await,
        ["S-001", "S-019"]);
    for nothing in [json!({ "status": [] }), json!({ "sku": { "in": [] } }), json!({ "category": { "in": [] } }), json!({ "or": [] }), json!({ "not": { "and": [] } })] {
        assert_eq!(filtered(world, nothing.clone()).await.len(), 0, "{nothing}");
    }
    for everything in [Value::Null, json!({}), json!({ "and": [] }), json!({ "sku": { "eq": null } }), json!({ "category": null }), json!({ "not": { "or": [] } })] {
        assert_eq!(filtered(world, everything.clone()).await.len(), 20, "{everything}");
    }
    let all = world.execute("{ products(first: 1, orderBy: { field: UPDATED_AT, direction: DESC }) { nodes { updatedAt } } }", json!({})).await;
    let last = all["products"]["nodes"][0]["updatedAt"].clone();
    assert_eq!(filtered(world, json!({ "updatedAt": { "gte": last } })).await.len(), 20);
    assert_eq!(filtered(world, json!({ "updatedAt": { "lt": last } })).await.len(), 0);
    // A value becomes neither SQL nor a pattern.
    for text in ["%", "_", "' OR 1=1 --", "\"", "\\"] {
        for operator in ["eq", "startsWith", "contains"] {
            assert_eq!(filtered(world, json!({ "name": { operator: text } })).await.len(), 0, "{operator} {text}");
        }
    }
});

on_both!(lists_refuse_what_they_cannot_do, world: World => {
    shelf(world, 5).await;
    let cursor = page(world, json!({ "first": 1 })).await["pageInfo"]["endCursor"].clone();
    let other_kind = json!({ "eq": "sto_00000000000000000000000000" });
    let deep = (0..5).fold(json!({ "sku": { "eq": "x" } }), |inner, _| json!({ "not": inner }));
    let many: Vec<String> = (0..251).map(|n| n.to_string()).collect();
    let wrong = [
        (json!({ "after": cursor, "orderBy": { "field": "NAME" } }), json!(["after"])),
        (json!({ "after": cursor, "sort": { "field": "NAME" } }), json!(["after"])),
        (json!({ "after": cursor, "orderBy": { "field": "SKU", "direction": "DESC" } }), json!(["after"])),
        (json!({ "before": "AAAA" }), json!(["before"])),
        (json!({ "first": 0 }), json!(["first"])),
        (json!({ "first": 251 }), json!(["first"])),
        (json!({ "last": -1 }), json!(["last"])),
        (json!({ "first": 1, "last": 1 }), json!(["last"])),
        (json!({ "filter": { "category": other_kind } }), json!(["filter", "category", "eq"])),
        (json!({ "filter": { "categoryTree": { "isNull": true } } }), json!(["filter", "categoryTree", "isNull"])),
        (json!({ "filter": { "family": { "key": ["mugs"], "isNull": false } } }), json!(["filter", "family", "key"])),
        (json!({ "filter": { "supplier": { "key": ["A"], "in": ["junk"] } } }), json!(["filter", "supplier", "in", "0"])),
        (json!({ "filter": { "or": [{ "id": { "in": ["junk"] } }] } }), json!(["filter", "or", "0", "id", "in", "0"])),
        (json!({ "orderBy": { "field": "RELEVANCE" } }), json!(["orderBy", "field"])),
        (json!({ "sort": { "field": "RELEVANCE" } }), json!(["sort", "field"])),
        (json!({ "orderBy": { "field": "NAME" }, "sort": { "field": "NAME" } }), json!(["sort"])),
        (json!({ "filter": { "name": { "contains": "a\u{0}" } } }), json!(["filter", "name", "contains"])),
    ];
    let large = [
        (json!({ "filter": { "not": { "supplier": { "key": many } } } }), json!(["filter", "not", "supplier", "key"])),
        (json!({ "filter": { "supplier": { "key": ["A"], "in": many } } }), json!(["filter", "supplier", "in"])),
        (json!({ "filter": deep }), json!(["filter", "not", "not", "not", "not", "not"])),
        (json!({ "filter": { "sku": { "in": many } } }), json!(["filter", "sku", "in"])),
    ];
    let cases = wrong.map(|case| ("BAD_USER_INPUT", case)).into_iter().chain(large.map(|case| ("LIMIT_EXCEEDED", case)));
    for (code, (variables, field)) in cases {
        let before = world.db.statements();
        let failed = world.fails(PAGE, variables.clone()).await;
        assert_eq!((&failed["code"], &failed["field"]), (&json!(code), &field), "{variables}");
        assert_eq!(world.db.statements(), before, "{variables}");
    }
});

on_both!(a_sku_that_looks_like_an_id_is_a_text, world: World => {
    for sku in ["01890a5d-ac96-774b-bcce-b302099a8057", "01890a5dac96774bbcceb302099a8058", "12345"] {
        succeeded(product(world, json!({ "sku": sku, "name": sku })).await);
    }
    let mut seen = Vec::new();
    let mut after = Value::Null;
    for _ in 0..3 {
        let page = page(world, json!({ "first": 1, "after": after })).await;
        seen.extend(skus(&page));
        after = page["pageInfo"]["endCursor"].clone();
    }
    assert_eq!(seen.len(), 3);
});

on_both!(products_are_found_by_barcode_price_metadata_and_creation, world: World => {
    let make = async |sku: &str, extra: Value| {
        let mut input = json!({ "sku": sku, "name": sku });
        input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        succeeded(product(world, input).await);
    };
    let gbp = |amount: &str| json!({ "amount": amount, "currencyCode": "GBP" });
    make("A", json!({ "price": gbp("1.00"), "barcodes": [{ "code": "5012345678900" }], "metadata": { "colour": "Red", "size": 4, "path": "\\u0000" } })).await;
    make("B", json!({ "price": gbp("2.50"), "barcodes": [{ "code": "BOX-1" }, { "code": "BOX-2" }], "metadata": { "colour": "green\u{0}" } })).await;
    world.advance_clock(3600);
    let between = entrepot::clock::rfc3339(world.clock.now().plus_seconds(-1800));
    make("C", json!({ "price": { "amount": "2", "currencyCode": "JPY" }, "metadata": { "a\"b": "x" } })).await;
    make("D", json!({ "metadata": { "path": "\\u0000", "end": "\\\u{0}z", "mark": "\u{10ffff}\u{0}" } })).await;
    for (filter, expected) in [
        (json!({ "barcode": { "eq": "5012345678900" } }), "A"),
        (json!({ "barcode": { "eq": "05012345678900" } }), "A"),
        (json!({ "barcode": { "in": ["BOX-2", "none"] } }), "B"),
        (json!({ "barcode": { "startsWith": "501" } }), "A"),
        (json!({ "barcode": { "startsWith": "BOX" } }), "B"),
        (json!({ "barcode": { "contains": "2345" } }), "A"),
        (json!({ "barcode": { "contains": "%" } }), ""),
        (json!({ "not": { "barcode": { "startsWith": "BOX" } } }), "ACD"),
        (json!({ "price": { "currencyCode": "GBP" } }), "AB"),
        (json!({ "price": { "currencyCode": "GBP", "gte": "1.01" } }), "B"),
        (json!({ "price": { "currencyCode": "GBP", "lte": "2.50" } }), "AB"),
        (json!({ "price": { "currencyCode": "JPY", "gte": "2", "lte": "2" } }), "C"),
        (json!({ "not": { "price": { "currencyCode": "GBP" } } }), "CD"),
        (json!({ "metadata": [] }), "ABCD"),
        (json!({ "metadata": [{ "key": "colour", "value": { "eq": "Red" } }] }), "A"),
        (json!({ "metadata": [{ "key": "colour", "value": { "eq": "red" } }] }), ""),
        (json!({ "metadata": [{ "key": "colour", "value": { "startsWith": "R", "contains": "d" } }, { "key": "size" }] }), "A"),
        (json!({ "metadata": [{ "key": "size", "value": { "eq": "4" } }] }), ""),
        (json!({ "metadata": [{ "key": "a\"b" }] }), "C"),
        (json!({ "metadata": [{ "key": "colo_r" }] }), ""),
        (json!({ "metadata": [{ "key": "path", "value": { "eq": "\\u0000" } }] }), "AD"),
        (json!({ "metadata": [{ "key": "end", "value": { "startsWith": "\\", "contains": "z" } }] }), "D"),
        (json!({ "metadata": [{ "key": "colour", "value": { "startsWith": "green" } }] }), "B"),
        (json!({ "metadata": [{ "key": "colour", "value": { "eq": "green" } }] }), ""),
        (json!({ "metadata": [{ "key": "colour", "value": { "eq": "green\u{10ffff}" } }] }), ""),
        (json!({ "metadata": [{ "key": "colour", "value": { "contains": "\u{10ffff}" } }] }), ""),
        (json!({ "metadata": [{ "key": "mark", "value": { "startsWith": "\u{10ffff}" } }] }), "D"),
        (json!({ "metadata": [{ "key": "mark", "value": { "contains": "\u{10ffff}\u{10ffff}" } }] }), ""),
        (json!({ "not": { "metadata": [{ "key": "size" }] } }), "BCD"),
        (json!({ "createdAt": { "lt": between } }), "AB"),
        (json!({ "createdAt": { "gte": between } }), "CD"),
    ] {
        assert_eq!(filtered(world, filter.clone()).await.concat(), expected, "{filter}");
    }
    let keys: Vec<Value> = (0..11).map(|n| json!({ "key": n.to_string() })).collect();
    for filter in [
        json!({ "price": { "currencyCode": "gbp" } }),
        json!({ "price": { "currencyCode": "GBP", "gte": "2", "lte": "1" } }),
    ] {
        assert_eq!(world.fails(PAGE, json!({ "filter": filter })).await["code"], "BAD_USER_INPUT", "{filter}");
    }
    assert_eq!(world.fails(PAGE, json!({ "filter": { "metadata": keys } })).await["code"], "LIMIT_EXCEEDED");
});

on_both!(suppliers_are_found_by_code_and_name, world: World => {
    for (code, name) in [("ACME", "Northern Mills"), ("ACRE", "Maison d'Été"), ("BOND", "Bond & Sons")] {
        let input = json!({ "code": code, "name": name });
        succeeded(change(world, "supplierCreate", "SupplierCreateInput", "supplier { id }", input).await);
    }
    let list = async |filter: Value, first: i32| {
        let query = "query($filter: SupplierFilter, $first: Int) { suppliers(filter: $filter, first: $first) { nodes { code } totalCount { count } } }";
        world.execute(query, json!({ "filter": filter, "first": first })).await["suppliers"].clone()
    };
    for (filter, expected) in [
        (json!({}), vec!["ACME", "ACRE", "BOND"]),
        (json!({ "code": { "eq": "acme" } }), vec!["ACME"]),
        (json!({ "code": { "startsWith": "ac", "contains": "R" } }), vec!["ACRE"]),
        (json!({ "code": { "in": [] } }), vec![]),
        (json!({ "name": { "eq": "maison d'été" } }), vec!["ACRE"]),
        (json!({ "name": { "contains": "SONS" } }), vec!["BOND"]),
        (json!({ "search": "mill nor" }), vec!["ACME"]),
        (json!({ "search": "orthern" }), vec![]),
        (json!({ "search": "bo", "code": { "startsWith": "A" } }), vec![]),
        (json!({ "search": "%" }), vec![]),
        (json!({ "isArchived": true, "search": "bond" }), vec![]),
    ] {
        let whole = list(filter.clone(), 50).await;
        let codes: Vec<&str> = whole["nodes"].as_array().unwrap().iter().map(|node| node["code"].as_str().unwrap()).collect();
        assert_eq!(codes, expected, "{filter}");
        assert_eq!(list(filter.clone(), 1).await["totalCount"]["count"], expected.len(), "{filter}");
    }
});

on_both!(suppliers_are_found_by_filters_inside_filters_and_sorted, world: World => {
    let make = async |code: &str, name: &str| {
        let input = json!({ "code": code, "name": name });
        succeeded(change(world, "supplierCreate", "SupplierCreateInput", "supplier { id version }", input).await)["supplier"].clone()
    };
    let (acme, gone) = (make("ACME", "north Mills").await, make("GONE", "Zeta").await);
    world.advance_clock(3600);
    let between = entrepot::clock::rfc3339(world.clock.now().plus_seconds(-1800));
    make("BOND", "North & Sons").await;
    make("CUP", "alpha").await;
    let archive = json!({ "id": gone["id"], "expectedVersion": gone["version"] });
    succeeded(change(world, "supplierArchive", "SupplierArchiveInput", "supplier { id }", archive).await);
    let query = "query($filter: SupplierFilter, $sort: SupplierSort, $first: Int, $after: Cursor) {
        suppliers(filter: $filter, sort: $sort, first: $first, after: $after) { nodes { code } totalCount { count } pageInfo { endCursor } } }";
    let codes = |page: &Value| {
        let nodes = page["nodes"].as_array().unwrap().iter();
        nodes.map(|node| node["code"].as_str().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
    };
    for (filter, expected) in [
        (json!({ "or": [{ "name": { "contains": "north" } }, { "code": { "eq": "cup" } }] }), "ACME BOND CUP"),
        (json!({ "and": [{ "search": "north" }, { "not": { "code": { "startsWith": "B" } } }] }), "ACME"),
        (json!({ "not": { "search": "north" } }), "CUP"),
        (json!({ "not": { "search": "%" } }), "ACME BOND CUP"),
        // Archived rows are included if any part of the filter names them.
        (json!({ "or": [{ "isArchived": true }, { "code": { "eq": "CUP" } }] }), "CUP GONE"),
        (json!({ "not": { "isArchived": false } }), "GONE"),
        (json!({ "isArchived": null }), "ACME BOND CUP GONE"),
        (json!({ "id": { "in": [acme["id"], gone["id"]] } }), "ACME"),
        (json!({ "createdAt": { "gte": between } }), "BOND CUP"),
        (json!({ "createdAt": { "lt": between } }), "ACME"),
        (json!({ "isArchived": true, "updatedAt": { "gte": between } }), "GONE"),
    ] {
        let page = world.execute(query, json!({ "filter": filter, "first": 1 })).await["suppliers"].clone();
        assert_eq!(page["totalCount"]["count"], expected.split_whitespace().count(), "{filter}");
        assert_eq!(codes(&world.execute(query, json!({ "filter": filter })).await["suppliers"]), expected, "{filter}");
    }
    for (field, direction, expected) in [
        ("CODE", "DESC", "CUP BOND ACME"),
        ("NAME", "ASC", "CUP BOND ACME"),
        ("NAME", "DESC", "ACME BOND CUP"),
        ("CREATED_AT", "ASC", "ACME BOND CUP"),
        ("UPDATED_AT", "DESC", "CUP BOND ACME"),
    ] {
        let sort = json!({ "field": field, "direction": direction });
        let (mut found, mut after) = (Vec::new(), Value::Null);
        for _ in 0..3 {
            let page = world.execute(query, json!({ "sort": sort, "first": 1, "after": after })).await["suppliers"].clone();
            after = page["pageInfo"]["endCursor"].clone();
            found.push(codes(&page));
        }
        assert_eq!(found.join(" "), expected, "{field} {direction}");
        let other = json!({ "sort": { "field": "CODE", "direction": "ASC" }, "after": after });
        assert_eq!(world.fails(query, other).await["code"], "BAD_USER_INPUT", "a cursor of {field} {direction}");
    }
    let mug = succeeded(product(world, json!({ "sku": "MUG", "name": "Mug" })).await)["product"]["id"].clone();
    let inside = json!({ "or": [{ "id": { "eq": mug } }] });
    assert_eq!(world.fails(query, json!({ "filter": inside })).await["code"], "BAD_USER_INPUT");
});

on_both!(a_category_and_a_supplier_lead_to_their_products, world: World => {
    let (mugs, acme) = shelf(world, 6).await;
    let below = succeeded(category(world, json!({ "name": "Below", "parentId": mugs })).await)["category"]["id"].clone();
    succeeded(product(world, json!({ "sku": "T-1", "name": "Below", "categoryId": below })).await);
    let query = "query($mugs: ID!, $acme: ID!, $all: Boolean!, $filter: ProductFilter) {
        category(by: { id: $mugs }) { products(withDescendants: $all, filter: $filter) { nodes { sku } totalCount { count } } }
        supplier(by: { id: $acme }) { products(filter: $filter, first: 2) { nodes { sku } totalCount { count } } } }";
    for (all, filter, own, bought, count) in [
        (false, json!({}), "S-000 S-002 S-004", "S-000 S-001", 6),
        (true, json!({}), "S-000 S-002 S-004 T-1", "S-000 S-001", 6),
        (true, json!({ "sku": { "in": ["T-1", "S-001"] } }), "T-1", "S-001", 1),
        (false, json!({ "category": { "eq": below } }), "", "", 0),
        (true, json!({ "categoryTree": { "eq": below } }), "T-1", "", 0),
    ] {
        let variables = json!({ "mugs": mugs, "acme": acme, "all": all, "filter": filter });
        let answer = world.execute(query, variables).await;
        let [category, supplier] = ["category", "supplier"].map(|noun| answer[noun]["products"].clone());
        assert_eq!((skus(&category).join(" "), skus(&supplier).join(" ")), (own.to_owned(), bought.to_owned()), "{filter}");
        assert_eq!(supplier["totalCount"]["count"], count, "{filter}");
    }
});
