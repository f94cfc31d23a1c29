//! Products that refer to their category and supplier, and categories to their parent, by the
//! retailer's own keys.

use serde_json::{Value, json};

use super::{category, change, refusal, refusals, succeeded};
use crate::{catalog::world::World, world::on_both};

const PLACED: &str = "product { id version category { slug } supplier { code } }";

async fn change_fields(world: &World, mutation: &str, kind: &str, input: Value) -> Value {
    change(world, mutation, kind, PLACED, input).await
}

on_both!(a_product_names_its_category_and_its_supplier_by_their_keys, world: World => {
    let mugs = succeeded(category(world, json!({ "name": "Mugs" })).await);
    succeeded(category(world, json!({ "name": "Cups", "parent": { "slug": "mugs" } })).await);
    succeeded(change(world, "supplierCreate", "SupplierCreateInput", "supplier { id }", json!({ "code": "ACME", "name": "Acme" })).await);
    let answer = succeeded(change_fields(world, "productCreate", "ProductCreateInput", json!({ "sku": "MUG", "name": "Mug",
        "category": { "slug": "mugs" }, "supplier": { "code": "acme" } })).await);
    assert_eq!((&answer["product"]["category"]["slug"], &answer["product"]["supplier"]["code"]), (&json!("mugs"), &json!("ACME")));
    let id = &answer["product"]["id"];
    let payload = succeeded(change_fields(world, "productUpdate", "ProductUpdateInput", json!({ "id": id, "expectedVersion": 1,
        "category": { "slug": "cups" }, "supplier": null })).await);
    assert_eq!((&payload["product"]["category"]["slug"], &payload["product"]["supplier"]), (&json!("cups"), &Value::Null));
    let missing = change_fields(world, "productUpdate", "ProductUpdateInput", json!({ "id": id, "expectedVersion": 2,
        "category": { "slug": "jugs" } })).await;
    assert_eq!(refusals(&missing), refusal("NOT_FOUND", "input.category.slug"));
    let both = change_fields(world, "productUpdate", "ProductUpdateInput", json!({ "id": id, "expectedVersion": 2,
        "category": { "slug": "cups" }, "categoryId": mugs["category"]["id"] })).await;
    assert_eq!(refusals(&both), refusal("INVALID", "input.category"));
    let below_itself = change(world, "categoryUpdate", "CategoryUpdateInput", "category { id }", json!({
        "id": mugs["category"]["id"], "expectedVersion": 1, "parent": { "slug": "cups" } })).await;
    assert_eq!(refusals(&below_itself)[0].1, "input.parent.slug");
});

on_both!(rows_of_a_bulk_upsert_are_told_of_their_own_references, world: World => {
    succeeded(category(world, json!({ "name": "Mugs" })).await);
    let rows = json!([
        { "sku": "A", "name": "A", "category": { "slug": "mugs" } },
        { "sku": "B", "name": "B", "category": { "slug": "none" } },
        { "sku": "C", "name": "C", "supplier": { "code": "NONE" } },
    ]);
    let fields = "rows { outcome product { category { slug } } userErrors { code message field retryable } }";
    let answer = succeeded(change(world, "productBulkUpsert", "ProductBulkUpsertInput", fields, json!({ "rows": rows })).await);
    assert_eq!(answer["rows"][0]["product"]["category"]["slug"], json!("mugs"));
    assert_eq!(refusals(&answer["rows"][1]), refusal("NOT_FOUND", "input.rows.1.category.slug"));
    assert_eq!(refusals(&answer["rows"][2]), refusal("NOT_FOUND", "input.rows.2.supplier.code"));
});

/// A family of our company whose variants differ by their size.
async fn family(world: &World, name: &str) -> Value {
    let input = json!({ "name": name, "optionNames": ["Size"] });
    let answer = change(world, "productFamilyCreate", "ProductFamilyCreateInput", "productFamily { id }", input).await;
    succeeded(answer)["productFamily"]["id"].clone()
}

/// The input of a variant, with what names its family.
fn variant(sku: &str, reference: &Value) -> Value {
    let mut input = json!({ "sku": sku, "name": sku, "options": [{ "name": "Size", "value": sku }] });
    input.as_object_mut().unwrap().extend(reference.as_object().unwrap().clone());
    input
}

async fn create_variant(world: &World, sku: &str, reference: Value) -> Value {
    let fields = "product { id family { id } }";
    change(world, "productCreate", "ProductCreateInput", fields, variant(sku, &reference)).await
}

on_both!(a_variant_names_its_family_by_name, world: World => {
    let (shirts, coats) = (family(world, "Shirts").await, family(world, "Coats").await);
    let make = "mutation { productFamilyCreate(input: { name: \"Caps\", optionNames: [\"Size\"] }) { userErrors { code } } }";
    let theirs = world.execute_as(Some(world.other_tenant().await), make, json!({})).await;
    assert_eq!(theirs["data"]["productFamilyCreate"]["userErrors"], json!([]), "{theirs:#}");
    for (sku, reference) in [
        ("XS", json!({ "family": { "name": " Shirts " } })),
        ("S", json!({ "family": { "id": shirts } })),
        ("M", json!({ "family": { "name": "Shirts" }, "familyId": shirts })),
        ("L", json!({ "familyId": shirts })),
    ] {
        assert_eq!(succeeded(create_variant(world, sku, reference).await)["product"]["family"]["id"], shirts, "{sku}");
    }
    // An é that is kept as one character, and typed as two.
    let cafe = family(world, "Caf\u{e9}").await;
    let typed = create_variant(world, "CUP", json!({ "family": { "name": "Cafe\u{301}" } })).await;
    assert_eq!(succeeded(typed)["product"]["family"]["id"], cafe);
    for none in ["shirts", "Caps", "a\u{0}b", ""] {
        let unknown = create_variant(world, "XL", json!({ "family": { "name": none } })).await;
        assert_eq!(refusals(&unknown), refusal("NOT_FOUND", "input.family.name"), "{none}");
    }
    let unknown = create_variant(world, "XL", json!({ "family": { "name": "shirts" }, "category": { "slug": "none" } })).await;
    let expected = ["category.slug", "family.name"].map(|at| ("NOT_FOUND".to_owned(), format!("input.{at}")));
    assert_eq!(refusals(&unknown), expected, "all that is unknown at once");
    assert!(unknown.to_string().contains(r#"\"shirts\""#), "what was sent is named: {unknown:#}");
    let other = create_variant(world, "XL", json!({ "family": { "name": "Shirts" }, "familyId": coats })).await;
    assert_eq!(refusals(&other), refusal("INVALID", "input.family"));
    let no_family = create_variant(world, "XL", json!({ "family": { "id": "cat_00000000000000000000000001" } })).await;
    assert_eq!(refusals(&no_family), refusal("INVALID", "input.family.id"));

    let single = succeeded(create_variant(world, "XXL", json!({ "family": { "name": "Shirts" } })).await)["product"]["id"].clone();
    let update = async |reference: Value| {
        let mut input = json!({ "id": single, "expectedVersion": 1 });
        input.as_object_mut().unwrap().extend(reference.as_object().unwrap().clone());
        change(world, "productUpdate", "ProductUpdateInput", "product { family { id } options { name } }", input).await
    };
    let unclear = update(json!({ "family": null, "familyId": shirts })).await;
    assert_eq!(refusals(&unclear), refusal("INVALID", "input.family"));
    assert_eq!(refusals(&update(json!({ "family": { "name": "Caps" } })).await), refusal("NOT_FOUND", "input.family.name"));
    let alone = succeeded(update(json!({ "family": null })).await);
    assert_eq!(alone["product"], json!({ "family": null, "options": [] }));
});

on_both!(a_name_that_several_families_have_names_those_in_use, world: World => {
    let (older, newer) = (family(world, "Hats").await, family(world, "Hats").await);
    let named_input = json!({ "family": { "name": "Hats" } });
    let unclear = create_variant(world, "S", named_input.clone()).await;
    assert_eq!(refusals(&unclear), refusal("INVALID", "input.family.name"));
    assert!(unclear.to_string().contains("2 families have this name; use id"), "{unclear:#}");
    let chosen = create_variant(world, "S", json!({ "family": { "name": "Hats" }, "familyId": newer })).await;
    assert_eq!(succeeded(chosen)["product"]["family"]["id"], newer, "an ID beside the name chooses one");
    let archive = async |id: &Value| {
        let input = json!({ "id": id, "expectedVersion": 1 });
        succeeded(change(world, "productFamilyArchive", "ProductFamilyArchiveInput", "productFamily { id }", input).await);
    };
    archive(&older).await;
    assert_eq!(succeeded(create_variant(world, "M", named_input).await)["product"]["family"]["id"], newer, "the other one is archived");
    archive(&family(world, "Gloves").await).await;
    let payload = create_variant(world, "L", json!({ "family": { "name": "Gloves" } })).await;
    assert_eq!(refusals(&payload), refusal("INVALID", "input.family.name"));
    assert!(payload.to_string().contains("productFamilyRestore"), "{payload:#}");
});

on_both!(rows_of_a_bulk_upsert_name_their_families, world: World => {
    let shirts = family(world, "Shirts").await;
    let rows = json!([
        variant("S", &json!({ "family": { "name": "Shirts" } })),
        variant("M", &json!({ "family": { "name": "Socks" } })),
    ]);
    let fields = "rows { product { family { id } } userErrors { code message field } }";
    let answer = succeeded(change(world, "productBulkUpsert", "ProductBulkUpsertInput", fields, json!({ "rows": rows })).await);
    assert_eq!(answer["rows"][0]["product"]["family"]["id"], shirts);
    assert!(refusals(&answer["rows"][1]).contains(&refusal("NOT_FOUND", "input.rows.1.family.name")[0]), "{answer:#}");
});

on_both!(a_family_is_named_by_who_may_see_products, world: World => {
    let shirts = family(world, "Shirts").await;
    let create = "mutation($input: ProductCreateInput!) { productCreate(input: $input) { userErrors { code } } }";
    let writes = async |reference: Value| {
        world.execute_as(Some(world.with(&["product.write"])), create, json!({ "input": variant("S", &reference) })).await
    };
    for name in ["Shirts", "Socks"] {
        let answer = writes(json!({ "family": { "name": name } })).await;
        assert_eq!(answer["errors"][0]["code"], "FORBIDDEN", "whether there is one or not: {answer:#}");
    }
    let answer = writes(json!({ "family": { "id": shirts } })).await;
    assert_eq!(answer["data"]["productCreate"]["userErrors"], json!([]), "an ID needs no more than the call: {answer:#}");
});
