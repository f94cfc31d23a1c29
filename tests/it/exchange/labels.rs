//! Labels for shelves: drawings, and sheets to be printed.

use serde_json::json;

use super::world::{World, download, execute};
use crate::world::on_both;

on_both!(labels_are_drawn_and_printed);

async fn labels_are_drawn_and_printed(world: &World) {
    let query = "query($ids: [ID!]!, $as: LabelSymbology!) { productLabels(productIds: $ids, symbology: $as) { code svg problem product { sku } } }";
    let id = &world.ours.ids["prd"];
    for symbology in ["CODE_128", "QR"] {
        let labels = execute(world, query, json!({ "ids": [id], "as": symbology })).await["productLabels"].clone();
        assert_eq!((&labels[0]["code"], &labels[0]["problem"]), (&json!("alpha-mug"), &json!(null)), "{labels:#}");
        assert!(labels[0]["svg"].as_str().unwrap().starts_with("<svg "), "{labels:#}");
    }
    let none = execute(world, query, json!({ "ids": [id], "as": "EAN_13" })).await["productLabels"][0].clone();
    assert_eq!((&none["svg"], &none["problem"]), (&json!(null), &json!("it has no barcode of thirteen digits")));
    let theirs = execute(world, query, json!({ "ids": [world.theirs.ids["prd"]], "as": "QR" })).await["productLabels"].clone();
    assert_eq!(theirs, json!([]));
    let make = "mutation($input: ProductLabelSheetInput!) { productLabelSheetCreate(input: $input) {
        file { name mediaType state size downloadUrl } userErrors { code field message } } }";
    let payload = world.must_mutate(&world.ours, make, json!({ "input": { "productIds": [id], "copies": 30 } })).await;
    assert_eq!((&payload["file"]["name"], &payload["file"]["mediaType"]), (&json!("labels.pdf"), &json!("application/pdf")));
    let pdf = download(world, &payload["file"]["downloadUrl"]).await;
    assert!(pdf.starts_with(b"%PDF-1.4\n") && pdf.ends_with(b"%%EOF\n"));
    assert!(String::from_utf8_lossy(&pdf).contains("/Count 2"), "24 labels are on a page");
    let again = json!({ "input": { "productIds": [id], "idempotencyKey": "sheet" } });
    let sheet = "mutation($input: ProductLabelSheetInput!) { productLabelSheetCreate(input: $input) {
        file { id state } replayed userErrors { code field message } } }";
    let (first, second) =
        (world.must_mutate(&world.ours, sheet, again.clone()).await, world.must_mutate(&world.ours, sheet, again).await);
    assert_eq!((&first["replayed"], &second["replayed"]), (&json!(false), &json!(true)));
    assert_eq!((&first["file"], &second["file"]["state"]), (&second["file"], &json!("READY")), "the sheet of the first call");
    for (input, field) in [
        (json!({ "productIds": [] }), json!(["input", "productIds"])),
        (json!({ "productIds": [id], "copies": 101 }), json!(["input", "copies"])),
        (json!({ "productIds": [id], "columns": 0 }), json!(["input", "columns"])),
        (json!({ "productIds": [id], "symbology": "EAN_13" }), json!(["input", "productIds", "0"])),
        (json!({ "productIds": [world.theirs.ids["prd"]] }), json!(["input", "productIds", "0"])),
        (json!({ "products": [{ "sku": "alpha-mug" }], "copies": 101 }), json!(["input", "copies"])),
        (json!({ "products": [{ "sku": "alpha-mug" }, { "sku": "none" }] }), json!(["input", "products", "1", "sku"])),
        (json!({ "products": [{ "sku": "alpha-mug" }], "productIds": [id] }), json!(["input", "products"])),
    ] {
        let refused = execute(world, make, json!({ "input": input })).await["productLabelSheetCreate"].clone();
        assert_eq!(refused["userErrors"][0]["field"], field, "{refused:#}");
    }
}
