//! Fields of categories and products for shops, search engines, carriers and customs, and the
//! contact fields of suppliers and stores.

use entrepot::catalog::core::goods::FIELD_NAMES;
use serde_json::{Value, json};

use super::{category, change, product, refusal, refusals, succeeded};
use crate::{catalog::world::World, world::on_both};

const CATEGORY: &str = "category { version description isActive seoTitle seoDescription }";
const PRODUCT: &str = "product { version weightGrams lengthMm widthMm heightMm originCountry tariffNumber tags metadata }";

async fn category_update(world: &World, input: Value) -> Value {
    change(world, "categoryUpdate", "CategoryUpdateInput", CATEGORY, input).await
}
async fn product_update(world: &World, input: Value) -> Value {
    change(world, "productUpdate", "ProductUpdateInput", PRODUCT, input).await
}

on_both!(a_category_tells_shops_and_search_engines_what_lies_in_it, world: World => {
    let id = succeeded(category(world, json!({ "name": "Mugs" })).await)["category"]["id"].clone();
    let read = "query($id: ID!) { category(by: { id: $id }) { version description isActive seoTitle seoDescription } }";
    let plain = json!({ "version": 1, "description": null, "isActive": true, "seoTitle": null, "seoDescription": null });
    assert_eq!(world.execute(read, json!({ "id": id })).await["category"], plain);
    let payload = succeeded(category_update(world, json!({ "id": id, "expectedVersion": 1, "description": " Hold tea.\nAnd coffee. ",
        "isActive": false, "seoTitle": "Mugs for tea", "seoDescription": "All our mugs." })).await);
    let input = json!({ "version": 2, "description": "Hold tea.\nAnd coffee.", "isActive": false, "seoTitle": "Mugs for tea",
        "seoDescription": "All our mugs." });
    assert_eq!(payload["category"], input);
    // Fields that are not in the input are not changed.
    let renamed = succeeded(category_update(world, json!({ "id": id, "expectedVersion": 2, "name": "Cups" })).await);
    assert_eq!(renamed["category"]["seoTitle"], "Mugs for tea");
    let cleared = json!({ "id": id, "expectedVersion": 3, "description": null, "seoTitle": "  ", "isActive": true });
    let cleared = succeeded(category_update(world, cleared).await)["category"].clone();
    assert_eq!((&cleared["description"], &cleared["seoTitle"], &cleared["isActive"]), (&Value::Null, &Value::Null, &json!(true)));
    assert_eq!(cleared["seoDescription"], "All our mugs.");
    assert_eq!(world.execute(read, json!({ "id": id })).await["category"], cleared);
});

on_both!(a_category_that_says_too_much_is_refused, world: World => {
    let input = json!({ "name": "Mugs", "description": "x".repeat(10_001), "seoTitle": "two\nlines", "seoDescription": "x".repeat(1_001) });
    let mut paths: Vec<String> = refusals(&category(world, input).await).into_iter().map(|(_, path)| path).collect();
    paths.sort();
    assert_eq!(paths, ["input.description", "input.seoDescription", "input.seoTitle"]);
    let id = succeeded(category(world, json!({ "name": "Mugs" })).await)["category"]["id"].clone();
    let neither = category_update(world, json!({ "id": id, "expectedVersion": 1, "isActive": null })).await;
    assert_eq!(refusals(&neither), refusal("REQUIRED", "input.isActive"));
});

on_both!(many_categories_are_told_at_once, world: World => {
    let rows = json!([{ "slug": "tea", "name": "Tea", "isActive": false, "description": "Leaves" }, { "slug": "mugs", "name": "Mugs" }]);
    let fields = "rows { outcome category { slug isActive description } }";
    let upsert = async |rows: Value| {
        change(world, "categoryBulkUpsert", "CategoryBulkUpsertInput", fields, json!({ "rows": rows })).await["rows"].clone()
    };
    let answer = upsert(rows.clone()).await;
    assert_eq!(answer[0], json!({ "outcome": "CREATED", "category": { "slug": "tea", "isActive": false, "description": "Leaves" } }));
    assert_eq!(answer[1]["category"]["isActive"], true);
    assert_eq!(upsert(rows).await[0]["outcome"], "UNCHANGED");
    assert_eq!(upsert(json!([{ "slug": "tea", "description": null }])).await[0]["outcome"], "UPDATED");
});

on_both!(a_products_category_is_shown_with_its_texts_beside_its_supplier, world: World => {
    let mugs = succeeded(category(world, json!({ "name": "Mugs", "seoTitle": "All mugs", "isActive": false })).await)["category"]["id"].clone();
    let supplier = change(world, "supplierCreate", "SupplierCreateInput", "supplier { id }", json!({ "code": "KILN", "name": "The Kiln" })).await;
    let kiln = succeeded(supplier)["supplier"]["id"].clone();
    succeeded(product(world, json!({ "sku": "a", "name": "A", "categoryId": mugs, "supplierId": kiln })).await);
    succeeded(product(world, json!({ "sku": "b", "name": "B", "supplierId": kiln })).await);
    let page = world.execute("{ products { nodes { category { name seoTitle isActive description } supplier { code } } } }", json!({})).await;
    assert_eq!(page["products"]["nodes"], json!([
        { "category": { "name": "Mugs", "seoTitle": "All mugs", "isActive": false, "description": null }, "supplier": { "code": "KILN" } },
        { "category": null, "supplier": { "code": "KILN" } }]));
});

/// A product with all fields that carriers and customs need, as clients send it.
pub fn goods_of(sku: &str, name: &str, tags: Value) -> Value {
    let product = json!({ "sku": sku, "name": name, "weightGrams": 410, "lengthMm": 120, "widthMm": 90, "heightMm": 100,
        "originCountry": "pt", "tariffNumber": "6912.00.23", "tags": tags });
    assert!(FIELD_NAMES.iter().all(|field| !product[*field].is_null()), "a field of goods has no value here");
    product
}

on_both!(a_product_says_what_carriers_and_customs_ask, world: World => {
    let new = goods_of("mug", "Mug", json!(["Gift", "blue", "GIFT"]));
    let id = succeeded(product(world, new).await)["product"]["id"].clone();
    let read = async || {
        let query = format!("query($id: ID!) {{ product(by: {{ id: $id }}) {{ {} }} }}", &PRODUCT["product { ".len()..PRODUCT.len() - 2]);
        world.execute(&query, json!({ "id": id })).await["product"].clone()
    };
    let first = json!({ "version": 1, "weightGrams": 410, "lengthMm": 120, "widthMm": 90, "heightMm": 100, "originCountry": "PT",
        "tariffNumber": "69120023", "tags": ["Gift", "blue"], "metadata": {} });
    assert_eq!(read().await, first);
    let changed = json!({ "id": id, "expectedVersion": 1, "weightGrams": 0, "heightMm": null, "tags": ["sale"] });
    let changed = succeeded(product_update(world, changed).await)["product"].clone();
    assert_eq!((&changed["weightGrams"], &changed["heightMm"], &changed["tags"]), (&json!(0), &Value::Null, &json!(["sale"])));
    assert_eq!((&changed["lengthMm"], &changed["tariffNumber"]), (&json!(120), &json!("69120023")));
    // The same values again are no change.
    let same = succeeded(product_update(world, json!({ "id": id, "expectedVersion": 2, "originCountry": "PT", "tags": ["sale"] })).await);
    assert_eq!(same["product"]["version"], 2);
    let none = succeeded(product_update(world, json!({ "id": id, "expectedVersion": 2, "tags": null, "originCountry": null })).await);
    assert_eq!((&none["product"]["tags"], &none["product"]["originCountry"]), (&json!([]), &Value::Null));
    assert_eq!(read().await, none["product"]);
});

on_both!(what_customs_would_send_back_is_refused_at_once, world: World => {
    let paths = async |input: Value| {
        let mut paths: Vec<String> = refusals(&product(world, input).await).into_iter().map(|(_, path)| path).collect();
        paths.sort();
        paths
    };
    let wrong = json!({ "sku": "mug", "name": "Mug", "weightGrams": -1, "lengthMm": 1_000_001, "originCountry": "Portugal",
        "tariffNumber": "69-12-00", "tags": ["fine", "a|b"] });
    assert_eq!(paths(wrong).await, ["input.originCountry", "input.tags.1", "input.tariffNumber"]);
    let beyond = json!({ "sku": "mug", "name": "Mug", "weightGrams": -1, "lengthMm": 1_000_001 });
    assert_eq!(paths(beyond).await, ["input.lengthMm", "input.weightGrams"]);
    let many: Vec<String> = (0..51).map(|n| format!("t{n}")).collect();
    let refused = refusals(&product(world, json!({ "sku": "mug", "name": "Mug", "tags": many })).await);
    assert_eq!(refused, refusal("LIMIT_EXCEEDED", "input.tags"));
});

const SUPPLIER: &str =
    "supplier { version contacts { name email phone role } address { company lines city postalCode country phone }
    taxIds { country kind number } paymentTerms { days discountDays discountPercent text }
    calendar { orderDays deliveryDays closedDays { date name } } }";

on_both!(a_supplier_says_whom_to_call_where_it_is_and_when_it_is_paid, world: World => {
    let input = json!({ "code": "KILN", "name": "The Kiln",
        "contacts": [{ "name": "Ana", "email": "ana@kiln.example", "role": "orders" }, { "phone": " +351 21 000 ", "name": " " }],
        "address": { "company": "The Kiln Lda", "lines": ["Rua 1", " "], "city": "Porto", "postalCode": "4000-001", "country": "pt" },
        "taxIds": [{ "country": "pt", "kind": "VAT", "number": "pt 501 442 600" }],
        "paymentTerms": { "days": 30, "discountDays": 10, "discountPercent": "2.5" },
        "calendar": { "orderDays": [4, 1, 4], "closedDays": [{ "date": "2026-12-26" }, { "date": "2026-12-25", "name": " Christmas Day " }] } });
    let payload = succeeded(change(world, "supplierCreate", "SupplierCreateInput", &SUPPLIER.replacen("version", "version id", 1), input).await);
    let (id, mut shown) = (payload["supplier"]["id"].clone(), payload["supplier"].clone());
    shown.as_object_mut().unwrap().remove("id");
    assert_eq!(shown, json!({ "version": 1,
        "contacts": [{ "name": "Ana", "email": "ana@kiln.example", "phone": null, "role": "orders" },
            { "name": null, "email": null, "phone": "+351 21 000", "role": null }],
        "address": { "company": "The Kiln Lda", "lines": ["Rua 1"], "city": "Porto", "postalCode": "4000-001", "country": "PT", "phone": null },
        "taxIds": [{ "country": "PT", "kind": "VAT", "number": "PT501442600" }],
        "paymentTerms": { "days": 30, "discountDays": 10, "discountPercent": "2.50", "text": null },
        "calendar": { "orderDays": [1, 4], "deliveryDays": [],
            "closedDays": [{ "date": "2026-12-25", "name": "Christmas Day" }, { "date": "2026-12-26", "name": null }] } }));
    // A page of products reads its suppliers with its categories.
    succeeded(product(world, json!({ "sku": "a", "name": "A", "supplierId": id })).await);
    let query = format!("{{ products {{ nodes {{ category {{ name }} {SUPPLIER} }} }} }}");
    assert_eq!(world.execute(&query, json!({})).await["products"]["nodes"][0], json!({ "category": null, "supplier": shown }));
    let update = async |input: Value| change(world, "supplierUpdate", "SupplierUpdateInput", SUPPLIER, input).await;
    let named = succeeded(update(json!({ "id": id, "expectedVersion": 1, "name": "Kiln" })).await);
    assert_eq!((&named["supplier"]["version"], &named["supplier"]["contacts"]), (&json!(2), &shown["contacts"]));
    assert_eq!(named["supplier"]["calendar"], shown["calendar"]);
    let same = succeeded(update(json!({ "id": id, "expectedVersion": 2, "taxIds": [{ "country": "PT", "kind": "VAT", "number": "PT501442600" }] })).await);
    assert_eq!(same["supplier"]["version"], 2);
    let none = json!({ "id": id, "expectedVersion": 2, "contacts": null, "address": null, "taxIds": null, "paymentTerms": null,
        "calendar": { "orderDays": [] } });
    let none = succeeded(update(none).await)["supplier"].clone();
    assert_eq!(none, json!({ "version": 3, "contacts": [], "address": null, "taxIds": [], "paymentTerms": null, "calendar": null }));
});

on_both!(a_supplier_says_the_least_that_its_orders_come_to, world: World => {
    const LEAST: &str = "supplier { id version minimumOrderValue { amount currencyCode } }";
    let least = |amount: &str| json!({ "amount": amount, "currencyCode": "GBP" });
    let input = json!({ "code": "KILN", "name": "The Kiln", "minimumOrderValue": least("150") });
    let kiln = succeeded(change(world, "supplierCreate", "SupplierCreateInput", LEAST, input).await)["supplier"].clone();
    assert_eq!((&kiln["version"], &kiln["minimumOrderValue"]), (&json!(1), &least("150.00")));
    // A page of products reads its suppliers in another way.
    succeeded(product(world, json!({ "sku": "a", "name": "A", "supplierId": kiln["id"] })).await);
    let page = world.execute("{ products { nodes { category { name } supplier { minimumOrderValue { amount currencyCode } } } } }", json!({})).await;
    assert_eq!(page["products"]["nodes"][0]["supplier"]["minimumOrderValue"], least("150.00"));
    let update = async |version: i64, minimum: Value| {
        let input = json!({ "id": kiln["id"], "expectedVersion": version, "minimumOrderValue": minimum });
        change(world, "supplierUpdate", "SupplierUpdateInput", LEAST, input).await
    };
    assert_eq!(refusals(&update(1, least("-1")).await), refusal("OUT_OF_RANGE", "input.minimumOrderValue.amount"));
    let euros = json!({ "amount": "200.00", "currencyCode": "EUR" });
    let changed = succeeded(update(1, euros.clone()).await)["supplier"].clone();
    assert_eq!((&changed["version"], &changed["minimumOrderValue"]), (&json!(2), &euros));
    let named = json!({ "id": kiln["id"], "expectedVersion": 2, "name": "Kiln" });
    let named = succeeded(change(world, "supplierUpdate", "SupplierUpdateInput", LEAST, named).await)["supplier"].clone();
    assert_eq!((&named["version"], &named["minimumOrderValue"]), (&json!(3), &euros), "what is left out stays");
    let none = succeeded(update(3, least("0")).await)["supplier"].clone();
    assert_eq!((&none["version"], &none["minimumOrderValue"]), (&json!(4), &Value::Null));
    assert_eq!(succeeded(update(4, Value::Null).await)["supplier"]["version"], 4);
});

on_both!(a_store_says_whom_to_call_and_where_it_is, world: World => {
    let query = "store { id version contacts { name phone } address { lines city country } taxIds { country kind number } paymentTerms { days discountPercent }
        handlingTime { hours workingDays openDays } anomalyLimits { size reversals } }";
    let input = json!({ "code": "HIGH", "name": "High Street", "contacts": [{ "name": "Till", "phone": "020 1" }],
        "address": { "lines": ["1 High Street"], "city": "London", "country": "gb" },
        "taxIds": [{ "country": "gb", "kind": "VAT", "number": "gb 123 4567 82" }], "paymentTerms": { "days": 14, "discountPercent": "2" },
        "handlingTime": { "workingDays": 2, "openDays": [6, 1] }, "anomalyLimits": { "reversals": 30 } });
    let store = succeeded(change(world, "storeCreate", "StoreCreateInput", query, input).await)["store"].clone();
    assert_eq!(store["contacts"], json!([{ "name": "Till", "phone": "020 1" }]));
    assert_eq!(store["address"], json!({ "lines": ["1 High Street"], "city": "London", "country": "GB" }));
    assert_eq!(store["taxIds"], json!([{ "country": "GB", "kind": "VAT", "number": "GB123456782" }]));
    assert_eq!(store["paymentTerms"], json!({ "days": 14, "discountPercent": "2.00" }));
    assert_eq!(store["handlingTime"], json!({ "hours": 0, "workingDays": 2, "openDays": [1, 6] }));
    assert_eq!(store["anomalyLimits"], json!({ "size": null, "reversals": 30 }));
    let wrong = json!({ "id": store["id"], "expectedVersion": 1, "handlingTime": { "hours": 721, "openDays": [8] } });
    let mut paths: Vec<String> =
        refusals(&change(world, "storeUpdate", "StoreUpdateInput", query, wrong).await).into_iter().map(|(_, path)| path).collect();
    paths.sort();
    assert_eq!(paths, ["input.handlingTime.hours", "input.handlingTime.openDays.0"]);
    let moved = json!({ "id": store["id"], "expectedVersion": 1, "address": { "city": "Leeds" }, "paymentTerms": null, "handlingTime": { "hours": 4 } });
    let moved = succeeded(change(world, "storeUpdate", "StoreUpdateInput", query, moved).await)["store"].clone();
    assert_eq!((&moved["version"], &moved["contacts"]), (&json!(2), &store["contacts"]));
    assert_eq!((&moved["taxIds"], &moved["paymentTerms"]), (&store["taxIds"], &Value::Null), "what is left out stays");
    assert_eq!(moved["address"], json!({ "lines": [], "city": "Leeds", "country": null }));
    assert_eq!(moved["handlingTime"], json!({ "hours": 4, "workingDays": 0, "openDays": [1, 2, 3, 4, 5] }));
    assert_eq!(moved["anomalyLimits"], store["anomalyLimits"], "what is left out stays");
    let usual = json!({ "id": store["id"], "expectedVersion": 2, "anomalyLimits": {} });
    let usual = succeeded(change(world, "storeUpdate", "StoreUpdateInput", query, usual).await)["store"].clone();
    assert_eq!((&usual["version"], &usual["anomalyLimits"]), (&json!(3), &Value::Null), "none is the tenant's");
    let payload = change(world, "storeArchive", "StoreArchiveInput", query, json!({ "id": store["id"] })).await;
    assert_eq!(succeeded(payload)["store"]["address"], moved["address"], "a closed store keeps its address");
});

on_both!(what_nobody_can_be_reached_by_is_refused, world: World => {
    let input = json!({ "code": "KILN", "name": "The Kiln", "contacts": [{ "email": "nowhere" }, { "role": "orders" }], "address": { "lines": [] },
        "taxIds": [{ "country": "Spain", "kind": "VAT", "number": "none" }], "paymentTerms": { "days": 3651, "discountPercent": "2.555" },
        "calendar": { "orderDays": [8], "closedDays": [{ "date": "2026-12-25" }, { "date": "2026-12-25" }] } });
    let paths = async |input: &Value| {
        let refused = change(world, "supplierCreate", "SupplierCreateInput", "supplier { id }", input.clone()).await;
        let mut paths: Vec<String> = refusals(&refused).into_iter().map(|(_, path)| path).collect();
        paths.sort();
        paths
    };
    assert_eq!(paths(&input).await, ["input.address", "input.contacts.0.email", "input.contacts.1", "input.paymentTerms.discountPercent",
        "input.taxIds.0.country", "input.taxIds.0.number"]);
    let beyond = json!({ "code": "KILN", "name": "The Kiln", "paymentTerms": { "days": 3651 }, "calendar": input["calendar"] });
    assert_eq!(paths(&beyond).await, ["input.calendar.closedDays.1.date", "input.calendar.orderDays.0", "input.paymentTerms.days"]);
    let many: Vec<Value> = (0..21).map(|n| json!({ "name": format!("n{n}") })).collect();
    let refused = change(world, "storeCreate", "StoreCreateInput", "store { id }", json!({ "code": "S", "name": "S", "contacts": many })).await;
    assert_eq!(refusals(&refused), refusal("LIMIT_EXCEEDED", "input.contacts"));
});

on_both!(metadata_keep_whole_numbers_of_64_bits_and_refuse_larger_ones, world: World => {
    let sku = |metadata: Value| json!({ "sku": "mug", "name": "Mug", "metadata": metadata });
    let create = "mutation($input: ProductCreateInput!) { productCreate(input: $input) { product { id } userErrors { code } } }";
    let large: Value = serde_json::from_str(r#"{ "erp": [18446744073709551616] }"#).unwrap();
    let refused = world.fails(create, json!({ "input": sku(large) })).await;
    assert!(refused["message"].as_str().unwrap().starts_with("Failed to parse \"JSON\": a number that 64 bits do not hold"), "{refused}");
    let inline = "mutation { productCreate(input: { sku: \"mug\", name: \"Mug\", metadata: { erp: -9223372036854775809 } }) { userErrors { code } } }";
    let refused = world.fails(inline, json!({})).await;
    assert!(refused["message"].as_str().unwrap().starts_with("Failed to parse \"JSON\": a number that 64 bits do not hold"), "{refused}");
    let input = json!({ "least": i64::MIN, "most": u64::MAX, "text": "18446744073709551616" });
    let id = succeeded(product(world, sku(input.clone())).await)["product"]["id"].clone();
    let read = "query($id: ID!) { product(by: { id: $id }) { metadata } }";
    assert_eq!(world.execute(read, json!({ "id": id })).await["product"]["metadata"], input);
});
