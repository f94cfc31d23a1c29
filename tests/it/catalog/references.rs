//! Products and categories that name what they belong to by the retailer's own keys.

use serde_json::{Value, json};

use super::{category, change, made, refusals, said};
use crate::{catalog::world::World, world::on_both};

const PLACED: &str = "product { id version category { slug } supplier { code } }";

async fn with(world: &World, mutation: &str, kind: &str, input: Value) -> Value {
    change(world, mutation, kind, PLACED, input).await
}

on_both!(a_product_names_its_category_and_its_supplier_by_their_keys, world: World => {
    let mugs = made(category(world, json!({ "name": "Mugs" })).await);
    made(category(world, json!({ "name": "Cups", "parent": { "slug": "mugs" } })).await);
    made(change(world, "supplierCreate", "SupplierCreateInput", "supplier { id }", json!({ "code": "ACME", "name": "Acme" })).await);
    let answer = made(with(world, "productCreate", "ProductCreateInput", json!({ "sku": "MUG", "name": "Mug",
        "category": { "slug": "mugs" }, "supplier": { "code": "acme" } })).await);
    assert_eq!((&answer["product"]["category"]["slug"], &answer["product"]["supplier"]["code"]), (&json!("mugs"), &json!("ACME")));
    let id = &answer["product"]["id"];
    let moved = made(with(world, "productUpdate", "ProductUpdateInput", json!({ "id": id, "expectedVersion": 1,
        "category": { "slug": "cups" }, "supplier": null })).await);
    assert_eq!((&moved["product"]["category"]["slug"], &moved["product"]["supplier"]), (&json!("cups"), &Value::Null));
    let missing = with(world, "productUpdate", "ProductUpdateInput", json!({ "id": id, "expectedVersion": 2,
        "category": { "slug": "jugs" } })).await;
    assert_eq!(refusals(&missing), said("NOT_FOUND", "input.category.slug"));
    let both = with(world, "productUpdate", "ProductUpdateInput", json!({ "id": id, "expectedVersion": 2,
        "category": { "slug": "cups" }, "categoryId": mugs["category"]["id"] })).await;
    assert_eq!(refusals(&both), said("INVALID", "input.category"));
    let below_itself = change(world, "categoryUpdate", "CategoryUpdateInput", "category { id }", json!({
        "id": mugs["category"]["id"], "expectedVersion": 1, "parent": { "slug": "cups" } })).await;
    assert_eq!(refusals(&below_itself)[0].1, "input.parent.slug");
});

on_both!(rows_of_a_bulk_upsert_are_told_of_their_own_references, world: World => {
    made(category(world, json!({ "name": "Mugs" })).await);
    let rows = json!([
        { "sku": "A", "name": "A", "category": { "slug": "mugs" } },
        { "sku": "B", "name": "B", "category": { "slug": "none" } },
        { "sku": "C", "name": "C", "supplier": { "code": "NONE" } },
    ]);
    let fields = "rows { outcome product { category { slug } } userErrors { code message field retryable } }";
    let answer = made(change(world, "productBulkUpsert", "ProductBulkUpsertInput", fields, json!({ "rows": rows })).await);
    assert_eq!(answer["rows"][0]["product"]["category"]["slug"], json!("mugs"));
    assert_eq!(refusals(&answer["rows"][1]), said("NOT_FOUND", "input.rows.1.category.slug"));
    assert_eq!(refusals(&answer["rows"][2]), said("NOT_FOUND", "input.rows.2.supplier.code"));
});
