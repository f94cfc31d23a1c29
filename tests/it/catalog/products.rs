//! Mutations of a single product.

use entity::prelude::{ProductId, StoreId};
use insta::assert_json_snapshot;
use serde_json::{Value, json};

use super::{category, change, product, refusal, refusals, succeeded};
use crate::{catalog::world::World, world::on_both};

const ALL: &str = "product { id sku formerSkus name description status stockPolicy barcodes { code packQuantity } unit { code decimals } \
     price { amount currencyCode } unitCost { amount currencyCode } lowStockThreshold metadata version category { slug } options { name value } }";

async fn update(world: &World, input: Value) -> Value {
    change(world, "productUpdate", "ProductUpdateInput", ALL, input).await
}

on_both!(a_product_is_made_with_all_it_has, world: World => {
    let made_category = succeeded(category(world, json!({ "name": "Mugs & Cups" })).await);
    let mut answer = succeeded(change(world, "productCreate", "ProductCreateInput", ALL, json!({
        "sku": " Mug-1 ", "name": "Blue mug", "description": "Holds tea.\nNo coffee.",
        "barcodes": [{ "code": "4006381333931" }, { "code": "10012345678902", "packQuantity": 12 }, { "code": "SHELF-7" }],
        "categoryId": made_category["category"]["id"], "price": { "amount": "4.5", "currencyCode": "GBP" },
        "unitCost": { "amount": "1.20", "currencyCode": "GBP" }, "lowStockThreshold": 5,
        "unit": { "code": "kg", "decimals": 3 }, "metadata": { "colour": "blue" } })).await);
    assert_eq!(answer["seq"], json!(2));
    let id = answer["product"]["id"].take();
    assert_json_snapshot!("product", answer["product"]);
    for by in [json!({ "id": id }), json!({ "sku": "MUG-1" }), json!({ "barcode": "10012345678902" })] {
        let found = world.execute("query($by: ProductRef!) { product(by: $by) { id } }", json!({ "by": by })).await;
        assert_eq!(found["product"]["id"], id, "{by}");
    }
    let events = world.events().await;
    assert_eq!(events[1].0, "product.created");
    assert_eq!(events[1].1["id"], id);
    assert_eq!(events[1].1["categoryAfter"], made_category["category"]["id"]);
});

on_both!(everything_wrong_is_said_stage_by_stage, world: World => {
    let mut wrong = json!({
        "sku": "x".repeat(65), "name": "  ", "barcodes": [{ "code": "4006381333932" }, { "code": "A", "packQuantity": 0 }, { "code": "A" }],
        "price": { "amount": "1.005", "currencyCode": "GBP" }, "unitCost": { "amount": "-1", "currencyCode": "XYZ" },
        "categoryId": "cat_00000000000000000000000001", "supplierId": "sup_00000000000000000000000001",
        "unit": { "code": "kg", "decimals": 10 }, "metadata": [1], "options": [{ "name": "Size", "value": "M" }] });
    let refusal_of = async |input: &Value| {
        let answer = product(world, input.clone()).await;
        assert_eq!((&answer["product"], &answer["seq"]), (&Value::Null, &Value::Null));
        let mut all = refusals(&answer);
        all.sort();
        all
    };
    let want = |pairs: &[(&str, &str)]| pairs.iter().map(|(c, p)| ((*c).to_owned(), (*p).to_owned())).collect::<Vec<_>>();
    assert_eq!(refusal_of(&wrong).await, want(&[
        ("INVALID", "input.barcodes.0.code"), ("INVALID", "input.metadata"), ("INVALID", "input.price.amount"),
        ("INVALID", "input.unitCost.currencyCode"), ("REQUIRED", "input.name"), ("TOO_LONG", "input.sku"),
    ]));
    let mended = json!({ "sku": "mug", "name": "Mug", "price": { "amount": "1.00", "currencyCode": "GBP" },
        "unitCost": { "amount": "1", "currencyCode": "GBP" }, "metadata": {} });
    wrong.as_object_mut().unwrap().extend(mended.as_object().unwrap().clone());
    wrong["barcodes"][0]["code"] = json!("4006381333931");
    assert_eq!(refusal_of(&wrong).await, want(&[("NOT_FOUND", "input.categoryId"), ("NOT_FOUND", "input.supplierId")]));
    for field in ["categoryId", "supplierId"] {
        wrong.as_object_mut().unwrap().remove(field);
    }
    assert_eq!(refusal_of(&wrong).await, want(&[
        ("DUPLICATE", "input.barcodes.2.code"), ("INVALID", "input.options"), ("OUT_OF_RANGE", "input.barcodes.1.packQuantity"),
        ("OUT_OF_RANGE", "input.unit.decimals"),
    ]));
    // A row of a bulk call reports all of its errors, so that a file is corrected in one round.
    let row = json!({ "sku": "mug", "name": " ", "categoryId": "cat_00000000000000000000000001",
        "unit": { "code": "kg", "decimals": 10 } });
    let fields = "rows { userErrors { code field } }";
    let rows = change(world, "productBulkUpsert", "ProductBulkUpsertInput", fields, json!({ "rows": [row] })).await;
    let mut all = refusals(&rows["rows"][0]);
    all.sort();
    assert_eq!(all, want(&[
        ("NOT_FOUND", "input.rows.0.categoryId"), ("OUT_OF_RANGE", "input.rows.0.unit.decimals"), ("REQUIRED", "input.rows.0.name"),
    ]));
    assert_eq!(world.events().await, []);
});

on_both!(skus_and_barcodes_are_nobody_elses, world: World => {
    let barcodes = json!([{ "code": "4006381333931" }]);
    succeeded(product(world, json!({ "sku": "mug", "name": "Mug", "barcodes": barcodes })).await);
    assert_eq!(refusals(&product(world, json!({ "sku": "MUG", "name": "Other" })).await), refusal("DUPLICATE", "input.sku"));
    let taken_product = product(world, json!({ "sku": "cup", "name": "Cup", "barcodes": barcodes })).await;
    assert_eq!(refusals(&taken_product), refusal("DUPLICATE", "input.barcodes.0.code"));
    let control = product(world, json!({ "sku": "a\u{0}b", "name": "Nul" })).await;
    assert_eq!(refusals(&control), refusal("INVALID", "input.sku"));
});

on_both!(a_upc_and_its_ean_are_one_code, world: World => {
    let upc = json!([{ "code": "036000291452" }]);
    let made_mug = succeeded(product(world, json!({ "sku": "mug", "name": "Mug", "barcodes": upc })).await);
    for same in ["0036000291452", "00036000291452"] {
        let taken_product = product(world, json!({ "sku": "cup", "name": "Cup", "barcodes": [{ "code": same }] })).await;
        assert_eq!(refusals(&taken_product), refusal("DUPLICATE", "input.barcodes.0.code"), "{same}");
        let found = world.execute("query($by: ProductRef!) { product(by: $by) { id barcodes { code } } }", json!({ "by": { "barcode": same } })).await;
        assert_eq!(found["product"], json!({ "id": made_mug["product"]["id"], "barcodes": upc }), "it is shown as it was given");
    }
    let both = product(world, json!({ "sku": "jug", "name": "Jug", "barcodes": [{ "code": "012345678905" }, { "code": "0012345678905" }] })).await;
    assert_eq!(refusals(&both), refusal("DUPLICATE", "input.barcodes.1.code"));
    // A case of these products has a number of its own.
    succeeded(product(world, json!({ "sku": "case", "name": "Case", "barcodes": [{ "code": "10036000291459" }] })).await);
});

on_both!(a_change_leaves_what_it_does_not_name, world: World => {
    let id = succeeded(product(world, json!({ "sku": "mug", "name": "Mug", "description": "Blue", "lowStockThreshold": 4,
        "price": { "amount": "1", "currencyCode": "GBP" }, "barcodes": [{ "code": "B1" }, { "code": "B2" }] })).await)["product"]["id"].clone();
    let answer = succeeded(update(world, json!({ "id": id, "expectedVersion": 1, "sku": "mug-2", "price": null, "lowStockThreshold": null,
        "barcodes": [{ "code": "B2" }, { "code": "B3" }] })).await);
    let row = &answer["product"];
    assert_eq!((&row["sku"], &row["formerSkus"], &row["description"]), (&json!("mug-2"), &json!(["mug"]), &json!("Blue")));
    assert_eq!((&row["price"], &row["lowStockThreshold"], &row["version"]), (&Value::Null, &Value::Null, &json!(2)));
    assert_eq!(row["barcodes"], json!([{ "code": "B2", "packQuantity": 1 }, { "code": "B3", "packQuantity": 1 }]));
    // The freed barcode and SKU may be given to another.
    succeeded(product(world, json!({ "sku": "mug", "name": "New mug", "barcodes": [{ "code": "B1" }] })).await);
    // An omitted variable is not null.
    let query = "mutation($id: ID!, $d: String) { productUpdate(input: { id: $id, expectedVersion: 2, name: \"Cup\", description: $d }) { product { name description } } }";
    let stored_answer = world.execute(query, json!({ "id": id })).await;
    assert_eq!(stored_answer["productUpdate"]["product"], json!({ "name": "Cup", "description": "Blue" }));
    // Nothing to change: no event and no new version.
    let same = succeeded(update(world, json!({ "id": id, "expectedVersion": 3, "name": "Cup" })).await);
    assert_eq!((&same["seq"], &same["product"]["version"]), (&Value::Null, &json!(3)));
    let cleared = update(world, json!({ "id": id, "expectedVersion": 3, "name": null })).await;
    assert_eq!(refusals(&cleared), refusal("REQUIRED", "input.name"));
});

on_both!(a_stale_version_meets_the_row_as_it_is, world: World => {
    let id = succeeded(product(world, json!({ "sku": "mug", "name": "Mug" })).await)["product"]["id"].clone();
    succeeded(update(world, json!({ "id": id, "expectedVersion": 1, "name": "Cup" })).await);
    let stale = update(world, json!({ "id": id, "expectedVersion": 1, "name": "Jug" })).await;
    assert_eq!(refusals(&stale), refusal("VERSION_CONFLICT", "input.expectedVersion"));
    assert_eq!(stale["userErrors"][0]["actualVersion"], json!(2));
    assert_eq!(stale["userErrors"][0]["current"]["id"], id);
    let racing = (0..8).map(|n| update(world, json!({ "id": id, "expectedVersion": 2, "name": format!("Racer {n}") })));
    let answers = futures_util::future::join_all(racing).await;
    assert_eq!(answers.iter().filter(|answer| answer["userErrors"] == json!([])).count(), 1);
});

on_both!(a_key_gives_the_same_answer_again, world: World => {
    let input = json!({ "idempotencyKey": "k1", "sku": "mug", "name": "Mug" });
    let first = succeeded(product(world, input.clone()).await);
    let again = succeeded(product(world, input.clone()).await);
    assert_eq!((&again["product"], &again["seq"], &again["replayed"]), (&first["product"], &first["seq"], &json!(true)));
    let other = product(world, json!({ "idempotencyKey": "k1", "sku": "cup", "name": "Cup" })).await;
    assert_eq!(refusals(&other), refusal("IDEMPOTENCY_KEY_REUSED", "input.idempotencyKey"));
    for (key, code) in [("a\0b".to_owned(), "INVALID"), ("é".repeat(256), "TOO_LONG"), (" ".to_owned(), "REQUIRED")] {
        let odd = product(world, json!({ "idempotencyKey": key, "sku": "jug", "name": "Jug" })).await;
        assert_eq!(refusals(&odd), refusal(code, "input.idempotencyKey"), "{key:?}");
    }
    assert_eq!(world.events().await.len(), 1);
    // A refusal is not remembered.
    let blocked = json!({ "idempotencyKey": "k2", "sku": "mug", "name": "Second" });
    assert_eq!(refusals(&product(world, blocked.clone()).await), refusal("DUPLICATE", "input.sku"));
    succeeded(update(world, json!({ "id": first["product"]["id"], "expectedVersion": 1, "sku": "mug-1" })).await);
    succeeded(product(world, blocked).await);
});

on_both!(a_race_has_one_winner_and_no_fault, world: World => {
    let same_key = (0..8).map(|_| product(world, json!({ "idempotencyKey": "k", "sku": "mug", "name": "Mug" })));
    let answers = futures_util::future::join_all(same_key).await;
    let ids: std::collections::HashSet<_> = answers.into_iter().map(succeeded).map(|answer| answer["product"]["id"].to_string()).collect();
    assert_eq!(ids.len(), 1);
    let same_sku = (0..8).map(|n| product(world, json!({ "sku": "cup", "name": format!("Cup {n}") })));
    let answers = futures_util::future::join_all(same_sku).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer["userErrors"] == json!([]));
    assert_eq!((won.len(), lost.len()), (1, 7));
    assert!(lost.iter().all(|answer| refusals(answer) == refusal("DUPLICATE", "input.sku")), "{lost:#?}");
});

on_both!(a_dry_run_writes_nothing, world: World => {
    let query = "mutation($input: ProductCreateInput!) { productCreate(input: $input, validateOnly: true) {
        product { sku version barcodes { code } } seq userErrors { code } } }";
    let input = json!({ "idempotencyKey": "k", "sku": "mug", "name": "Mug", "barcodes": [{ "code": "B1" }] });
    let answer = world.execute(query, json!({ "input": input })).await;
    assert_eq!(answer["productCreate"], json!({
        "product": { "sku": "mug", "version": 1, "barcodes": [{ "code": "B1" }] }, "seq": null, "userErrors": [] }));
    assert_eq!(world.events().await, []);
    let none = world.execute("{ product(by: { sku: \"mug\" }) { id } }", json!({})).await;
    assert_eq!(none["product"], Value::Null);
    succeeded(product(world, input).await);
});

on_both!(ids_of_others_and_of_other_kinds, world: World => {
    let other = world.other_tenant().await;
    let query = "mutation { productCreate(input: { sku: \"mug\", name: \"Mug\" }) { product { id } } }";
    let foreign = world.execute_as(Some(other), query, json!({})).await["data"]["productCreate"]["product"]["id"].clone();
    let random = json!(ProductId::from_uuid(world.clock.uuid()).to_string());
    let one = "query($id: ID!) { product(by: { id: $id }) { id } }";
    for id in [&foreign, &random] {
        assert_eq!(world.execute(one, json!({ "id": id })).await, json!({ "product": null }));
    }
    let try_both = |id: &Value| update(world, json!({ "id": id, "expectedVersion": 1, "name": "Mine" }));
    let tried = async |id: &Value| try_both(id).await.to_string().replace(id.as_str().unwrap(), "the id that was sent");
    assert_eq!(tried(&foreign).await, tried(&random).await, "another tenant's product is refused as one that never was");
    assert_eq!(refusals(&try_both(&foreign).await), refusal("NOT_FOUND", "input.id"));
    let wrong = json!("ord_00000000000000000000000000");
    let before = world.db.statements();
    assert_eq!(refusals(&try_both(&wrong).await), refusal("INVALID", "input.id"));
    let lost = product(world, json!({ "sku": "cup", "name": " ", "categoryId": "prd_00000000000000000000000000" })).await;
    assert_eq!(refusals(&lost), [refusal("REQUIRED", "input.name"), refusal("INVALID", "input.categoryId")].concat());
    for id in [wrong, json!("mug"), json!("prd_8zzzzzzzzzzzzzzzzzzzzzzzzz")] {
        let failed = world.fails(one, json!({ "id": id })).await;
        assert_eq!((&failed["code"], &failed["field"]), (&json!("BAD_USER_INPUT"), &json!(["by", "id"])));
    }
    assert_eq!(world.db.statements(), before, "a wrong kind costs no statement");
    // The other tenant may have the same SKU.
    succeeded(product(world, json!({ "sku": "mug", "name": "Mug" })).await);
});

async fn stock(world: &World, product: &Value, on_hand: i64) {
    let store = succeeded(
        change(world, "storeCreate", "StoreCreateInput", "store { id }", json!({ "code": "S1", "name": "Shop" })).await,
    );
    let product: ProductId = product.as_str().unwrap().parse().unwrap();
    let store: StoreId = store["store"]["id"].as_str().unwrap().parse().unwrap();
    world
        .run_tenant_sql(
            "INSERT INTO stock_level (tenant_id, product_id, store_id, id, on_hand, last_occurred_at, version, seq, updated_at)
         VALUES ($1, $2, $3, $4, $5, 0, 1, 1, 0)",
            vec![product.into(), store.into(), world.clock.uuid().into(), on_hand.into()],
        )
        .await;
    world
        .run_tenant_sql(
            "INSERT INTO movement (tenant_id, seq, id, kind, actor_kind, actor_id, occurred_at, business_date, recorded_at)
         VALUES ($1, 1, $2, 'RECEIPT', 'SYSTEM', $2, 0, 0, 0)",
            vec![world.clock.uuid().into()],
        )
        .await;
    world.run_tenant_sql(
        "INSERT INTO entry (tenant_id, seq, line, movement_id, product_id, store_id, on_hand_delta, reserved_delta, unavailable_delta,
           incoming_delta, in_transit_delta, on_hand_after, reserved_after, unavailable_after, version_after, occurred_at, occurred_max, recorded_at)
         VALUES ($1, 1, 1, $2, $3, $4, $5, 0, 0, 0, 0, $5, 0, 0, 1, 0, 0, 0)",
        vec![world.clock.uuid().into(), product.into(), store.into(), on_hand.into()],
    ).await;
}

on_both!(what_is_tied_stays, world: World => {
    let id = succeeded(product(world, json!({ "sku": "mug", "name": "Mug" })).await)["product"]["id"].clone();
    let unit = json!({ "id": id, "expectedVersion": 1, "unit": { "code": "kg", "decimals": 3 } });
    let dry = "mutation($input: ProductUpdateInput!) { productUpdate(input: $input, validateOnly: true) { userErrors { code } } }";
    assert_eq!(world.execute(dry, json!({ "input": unit })).await["productUpdate"]["userErrors"], json!([]));
    stock(world, &id, 3).await;
    assert_eq!(refusals(&update(world, unit).await), refusal("IN_USE", "input.unit"));
    let archive = |id: &Value| change(world, "productArchive", "ProductArchiveInput", "product { status version }", json!({ "id": id }));
    assert_eq!(refusals(&archive(&id).await), refusal("IN_USE", "input.id"));
    for (input, code, field) in [
        (json!({ "product": { "sku": "mug" } }), "IN_USE", "input.product.sku"),
        (json!({ "product": { "sku": "cup" } }), "NOT_FOUND", "input.product.sku"),
        (json!({ "product": { "sku": "cup" }, "id": id }), "INVALID", "input.product"),
        (json!({}), "REQUIRED", "input.product"),
    ] {
        let payload = change(world, "productArchive", "ProductArchiveInput", "product { version }", input).await;
        assert_eq!(refusals(&payload), refusal(code, field), "{payload:#}");
    }
    let untracked = update(world, json!({ "id": id, "expectedVersion": 1, "stockPolicy": "UNTRACKED" })).await;
    assert_eq!(refusals(&untracked), refusal("IN_USE", "input.stockPolicy"));
    let shop = world.execute("{ store(by: { code: \"s1\" }) { id } }", json!({})).await["store"]["id"].clone();
    let close = |id: Value| change(world, "storeArchive", "StoreArchiveInput", "store { archivedAt version }", json!({ "id": id }));
    assert_eq!(refusals(&close(shop.clone()).await), refusal("IN_USE", "input.id"));
    world.run_tenant_sql("UPDATE stock_level SET on_hand = 0 WHERE tenant_id = $1", vec![]).await;
    assert_eq!(succeeded(archive(&id).await)["product"], json!({ "status": "ARCHIVED", "version": 2 }));
    assert!(succeeded(close(shop.clone()).await)["store"]["archivedAt"].is_string());
    let open = json!({ "store": { "code": "s1" }, "expectedVersion": 2 });
    let open = succeeded(change(world, "storeRestore", "StoreRestoreInput", "store { archivedAt version }", open).await);
    assert_eq!(open["store"], json!({ "archivedAt": null, "version": 3 }));
    let kinds: Vec<String> = world.events().await.into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["product.created", "store.created", "product.archived", "store.archived", "store.restored", "store.updated"]);
});

on_both!(variants_differ_by_their_options, world: World => {
    let input = json!({ "name": "T-shirt", "optionNames": ["Size", "Colour"] });
    let family = succeeded(change(world, "productFamilyCreate", "ProductFamilyCreateInput", "productFamily { id optionNames }", input).await);
    let family = family["productFamily"]["id"].clone();
    let variant = |sku: &str, options: Value| {
        product(world, json!({ "sku": sku, "name": sku, "familyId": family, "options": options }))
    };
    succeeded(variant("t-m-red", json!([{ "name": "colour", "value": "Red" }, { "name": "size", "value": "M" }])).await);
    succeeded(variant("t-l-red", json!([{ "name": "Size", "value": "L" }, { "name": "Colour", "value": "Red" }])).await);
    let same = variant("t-m-red-2", json!([{ "name": "Size", "value": "m" }, { "name": "Colour", "value": "RED" }])).await;
    assert_eq!(refusals(&same), refusal("DUPLICATE", "input.options"));
    for options in [json!([]), json!([{ "name": "Size", "value": "S" }]), json!([{ "name": "Size", "value": "S" }, { "name": "Fit", "value": "x" }])] {
        assert_eq!(refusals(&variant("t-s", options).await), refusal("INVALID", "input.options"));
    }
    let found = world.execute("query($id: ID!) { productFamily(id: $id) { products { sku options { name value } } } }", json!({ "id": family })).await;
    assert_eq!(found["productFamily"]["products"], json!([
        { "sku": "t-l-red", "options": [{ "name": "Size", "value": "L" }, { "name": "Colour", "value": "Red" }] },
        { "sku": "t-m-red", "options": [{ "name": "Size", "value": "M" }, { "name": "Colour", "value": "Red" }] }]));
});

on_both!(a_letter_is_the_same_however_it_was_typed, world: World => {
    let (composed, apart) = ("\u{c5}ngstr\u{f6}m-1", "A\u{30a}ngstro\u{308}m-1");
    let fields = "product { sku name barcodes { code } }";
    let row = |sku: &str| json!({ "sku": sku, "name": sku, "barcodes": [{ "code": sku }] });
    let first = succeeded(change(world, "productCreate", "ProductCreateInput", fields, row(apart)).await);
    assert_eq!(first["product"], json!({ "sku": composed, "name": composed, "barcodes": [{ "code": composed }] }), "it is kept in one form");
    let again = change(world, "productCreate", "ProductCreateInput", fields, row(composed)).await;
    assert!(refusals(&again).contains(&refusal("DUPLICATE", "input.sku")[0]), "{again:#}");
    let query = "query($sku: String!, $filter: ProductFilter) { bySku: product(by: { sku: $sku }) { sku } byCode: product(by: { barcode: $sku }) { sku }
        products(filter: $filter) { nodes { sku } } }";
    for text in [composed, apart] {
        for filter in [json!({ "search": text }), json!({ "sku": { "eq": text } }), json!({ "name": { "startsWith": &text[..5] } })] {
            let answer = world.execute(query, json!({ "sku": text, "filter": filter })).await;
            let found = json!({ "sku": composed });
            assert_eq!(answer, json!({ "bySku": found, "byCode": found, "products": { "nodes": [found] } }), "{text} {filter}");
        }
    }
});
