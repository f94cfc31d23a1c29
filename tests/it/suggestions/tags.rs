//! Tags that are suggested from a company's own products; accepted and refused.

use serde_json::{Value, json};

use super::shop::{Shop, texts};
use crate::{
    authorization::world::World,
    purchasing::office::{accepted, key, refused},
    world::on_both,
};

on_both!(an_untagged_mug_is_suggested_the_tags_of_mugs);

const TAGS: &str = "query($filter: ProductTagSuggestionFilter) { productTagSuggestions(filter: $filter) { status isPartial
    nodes { product { id } tags { tag confidence reasons { text share } } } } }";
const TAG_MODEL: &str = "{ productTagModel { status productCount tags tagsLeftOut heldOut precision recall calibrationError baselinePrecision baselineRecall isPartial } }";
const ACCEPT: &str = "mutation($input: ProductTextAcceptInput!) { productTextAccept(input: $input) {
    products { tags version } userErrors { code message field } } }";
const REFUSE: &str = "mutation($input: ProductSuggestionRefuseInput!) {
    productSuggestionRefuse(input: $input) { userErrors { code message field } } }";

async fn an_untagged_mug_is_suggested_the_tags_of_mugs(world: &World) {
    let shop = Shop::of(world).await;
    let mug = shop.product("Dragonfly mug", None).await;
    let page = async |product: &Value| {
        let filter = json!({ "products": [{ "id": product["id"] }] });
        shop.execute(TAGS, json!({ "filter": filter })).await["productTagSuggestions"].clone()
    };
    let nothing = page(&mug).await;
    assert_eq!((&nothing["status"], &nothing["nodes"]), (&json!("TOO_FEW_TAGS"), &json!([])), "{nothing:#}");
    shop.stock_tagged("mug", &["Kitchen"]).await;
    shop.stock_tagged("lamp", &["Lighting"]).await;
    let suggested = async |product: &Value| {
        let page = page(product).await;
        assert_eq!(page["status"], "READY", "{page:#}");
        texts(&page["nodes"][0]["tags"], "tag")
    };
    let found = page(&mug).await;
    let best = &found["nodes"][0]["tags"][0];
    assert_eq!((&best["tag"], best["confidence"].as_f64() >= Some(0.5)), (&json!("Kitchen"), true), "{found:#}");
    assert!(texts(&best["reasons"], "text").contains(&"mug".to_owned()), "the word mug spoke for it: {found:#}");
    // The accuracy is measured on this company's own products, each predicted by a model that was
    // trained without it.
    let model = shop.execute(TAG_MODEL, json!({})).await["productTagModel"].clone();
    let learned = ["status", "productCount", "tags", "heldOut", "baselinePrecision"].map(|name| model[name].clone());
    assert_eq!(learned, [json!("READY"), json!(24), json!(2), json!(24), json!(0.5)], "{model:#}");
    assert!(model["precision"].as_f64() > Some(0.5) && model["recall"].as_f64() > Some(0.5), "{model:#}");
    // A tag that is refused for one product is still suggested for another.
    let other = shop.product("Heron mug", None).await;
    let refuse = async |tags: Value| {
        let input = json!({ "productId": mug["id"], "tags": tags });
        shop.execute(REFUSE, json!({ "input": input })).await["productSuggestionRefuse"].clone()
    };
    refused(&refuse(json!([])).await, "REQUIRED", "input.categoryId");
    refused(&refuse(json!(["Kitchen", " "])).await, "INVALID", "input.tags.1");
    for spelling in ["KITCHEN", "kitchen"] {
        assert_eq!(refuse(json!([spelling])).await["userErrors"], json!([]), "refusing twice is refusing once");
    }
    assert_eq!((suggested(&mug).await, suggested(&other).await), (vec![], vec!["Kitchen".to_owned()]));
    // Accepted tags are added to the product's own.
    let accept = async |tags: Value, version: i64| {
        let lines = json!([{ "product": { "id": other["id"] }, "tags": tags, "expectedVersion": version }]);
        shop.execute(ACCEPT, json!({ "input": { "idempotencyKey": key(), "tags": lines } })).await["productTextAccept"].clone()
    };
    refused(&accept(json!(["Kitchen"]), 7).await, "VERSION_CONFLICT", "input.tags.0.expectedVersion");
    refused(&accept(json!(["Kitchen", "a|b"]), 1).await, "INVALID", "input.tags.0.tags.1");
    assert_eq!(accepted(&accept(json!(["Gift"]), 1).await, "products")[0]["tags"], json!(["Gift"]));
    let payload = accept(json!(["gift", "Kitchen"]), 2).await;
    assert_eq!(accepted(&payload, "products")[0], json!({ "tags": ["Gift", "Kitchen"], "version": 3 }));
    // Two unknown SKUs are two products that do not exist, not a duplicate.
    let line = |sku: &str| json!({ "product": { "sku": sku }, "tags": ["Gift"], "expectedVersion": 1 });
    let input = json!({ "idempotencyKey": key(), "tags": [line("NONE-1"), line("NONE-2")] });
    let unknown = shop.execute(ACCEPT, json!({ "input": input })).await["productTextAccept"]["userErrors"].clone();
    let places: Vec<[&Value; 2]> = unknown.as_array().unwrap().iter().map(|error| [&error["code"], &error["field"]]).collect();
    let place = |index: &str| json!(["input", "tags", index, "product", "sku"]);
    assert_eq!(places, [[&json!("NOT_FOUND"), &place("0")], [&json!("NOT_FOUND"), &place("1")]], "{unknown:#}");
    let many: Vec<String> = (0..49).map(|number| format!("t{number}")).collect();
    refused(&accept(json!(many), 3).await, "LIMIT_EXCEEDED", "input.tags.0.tags");
    shop.office.is_sound().await;
}
