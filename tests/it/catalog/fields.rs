//! What categories and products say of themselves to shops, search engines, carriers and customs.

use serde_json::{Value, json};

use super::{category, change, made, product, refusals, said};
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
    let id = made(category(world, json!({ "name": "Mugs" })).await)["category"]["id"].clone();
    let read = "query($id: ID!) { category(by: { id: $id }) { version description isActive seoTitle seoDescription } }";
    let plain = json!({ "version": 1, "description": null, "isActive": true, "seoTitle": null, "seoDescription": null });
    assert_eq!(world.ask(read, json!({ "id": id })).await["category"], plain);
    let told = made(category_update(world, json!({ "id": id, "expectedVersion": 1, "description": " Hold tea.\nAnd coffee. ",
        "isActive": false, "seoTitle": "Mugs for tea", "seoDescription": "All our mugs." })).await);
    let wanted = json!({ "version": 2, "description": "Hold tea.\nAnd coffee.", "isActive": false, "seoTitle": "Mugs for tea",
        "seoDescription": "All our mugs." });
    assert_eq!(told["category"], wanted);
    // What nobody names stays.
    let renamed = made(category_update(world, json!({ "id": id, "expectedVersion": 2, "name": "Cups" })).await);
    assert_eq!(renamed["category"]["seoTitle"], "Mugs for tea");
    let cleared = json!({ "id": id, "expectedVersion": 3, "description": null, "seoTitle": "  ", "isActive": true });
    let cleared = made(category_update(world, cleared).await)["category"].clone();
    assert_eq!((&cleared["description"], &cleared["seoTitle"], &cleared["isActive"]), (&Value::Null, &Value::Null, &json!(true)));
    assert_eq!(cleared["seoDescription"], "All our mugs.");
    assert_eq!(world.ask(read, json!({ "id": id })).await["category"], cleared);
});

on_both!(a_category_that_says_too_much_is_refused, world: World => {
    let input = json!({ "name": "Mugs", "description": "x".repeat(10_001), "seoTitle": "two\nlines", "seoDescription": "x".repeat(1_001) });
    let mut paths: Vec<String> = refusals(&category(world, input).await).into_iter().map(|(_, path)| path).collect();
    paths.sort();
    assert_eq!(paths, ["input.description", "input.seoDescription", "input.seoTitle"]);
    let id = made(category(world, json!({ "name": "Mugs" })).await)["category"]["id"].clone();
    let neither = category_update(world, json!({ "id": id, "expectedVersion": 1, "isActive": null })).await;
    assert_eq!(refusals(&neither), said("REQUIRED", "input.isActive"));
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
    let mugs = made(category(world, json!({ "name": "Mugs", "seoTitle": "All mugs", "isActive": false })).await)["category"]["id"].clone();
    let supplier = change(world, "supplierCreate", "SupplierCreateInput", "supplier { id }", json!({ "code": "KILN", "name": "The Kiln" })).await;
    let kiln = made(supplier)["supplier"]["id"].clone();
    made(product(world, json!({ "sku": "a", "name": "A", "categoryId": mugs, "supplierId": kiln })).await);
    made(product(world, json!({ "sku": "b", "name": "B", "supplierId": kiln })).await);
    let page = world.ask("{ products { nodes { category { name seoTitle isActive description } supplier { code } } } }", json!({})).await;
    assert_eq!(page["products"]["nodes"], json!([
        { "category": { "name": "Mugs", "seoTitle": "All mugs", "isActive": false, "description": null }, "supplier": { "code": "KILN" } },
        { "category": null, "supplier": { "code": "KILN" } }]));
});

on_both!(a_product_says_what_carriers_and_customs_ask, world: World => {
    let new = json!({ "sku": "mug", "name": "Mug", "weightGrams": 410, "lengthMm": 120, "widthMm": 90, "heightMm": 100,
        "originCountry": "pt", "tariffNumber": "6912.00.23", "tags": ["Gift", "blue", "GIFT"] });
    let id = made(product(world, new).await)["product"]["id"].clone();
    let read = async || {
        let query = format!("query($id: ID!) {{ product(by: {{ id: $id }}) {{ {} }} }}", &PRODUCT["product { ".len()..PRODUCT.len() - 2]);
        world.ask(&query, json!({ "id": id })).await["product"].clone()
    };
    let first = json!({ "version": 1, "weightGrams": 410, "lengthMm": 120, "widthMm": 90, "heightMm": 100, "originCountry": "PT",
        "tariffNumber": "69120023", "tags": ["Gift", "blue"], "metadata": {} });
    assert_eq!(read().await, first);
    let changed = json!({ "id": id, "expectedVersion": 1, "weightGrams": 0, "heightMm": null, "tags": ["sale"] });
    let changed = made(product_update(world, changed).await)["product"].clone();
    assert_eq!((&changed["weightGrams"], &changed["heightMm"], &changed["tags"]), (&json!(0), &Value::Null, &json!(["sale"])));
    assert_eq!((&changed["lengthMm"], &changed["tariffNumber"]), (&json!(120), &json!("69120023")));
    // The same once more is no change.
    let same = made(product_update(world, json!({ "id": id, "expectedVersion": 2, "originCountry": "PT", "tags": ["sale"] })).await);
    assert_eq!(same["product"]["version"], 2);
    let none = made(product_update(world, json!({ "id": id, "expectedVersion": 2, "tags": null, "originCountry": null })).await);
    assert_eq!((&none["product"]["tags"], &none["product"]["originCountry"]), (&json!([]), &Value::Null));
    assert_eq!(read().await, none["product"]);
});

on_both!(what_customs_would_send_back_is_refused_at_once, world: World => {
    let wrong = json!({ "sku": "mug", "name": "Mug", "weightGrams": -1, "lengthMm": 1_000_001, "originCountry": "Portugal",
        "tariffNumber": "69-12-00", "tags": ["fine", "a|b"] });
    let mut paths: Vec<String> = refusals(&product(world, wrong).await).into_iter().map(|(_, path)| path).collect();
    paths.sort();
    assert_eq!(paths, ["input.lengthMm", "input.originCountry", "input.tags.1", "input.tariffNumber", "input.weightGrams"]);
    let many: Vec<String> = (0..51).map(|n| format!("t{n}")).collect();
    let refused = refusals(&product(world, json!({ "sku": "mug", "name": "Mug", "tags": many })).await);
    assert_eq!(refused, said("LIMIT_EXCEEDED", "input.tags"));
});
