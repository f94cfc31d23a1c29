//! Layout of a tenant's papers: language, logo, custom texts and columns.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat};
use serde_json::{Value, json};

use super::{draw_paper, drawn_by, html, invoices::payload};
use crate::{
    authorization::world::World,
    exchange::world::download,
    purchasing::office::{key, refused},
    world::on_both,
};

on_both!(papers_look_as_their_tenant_wants_them, what_cannot_be_printed_is_refused_when_it_is_set);

const SET: &str = "mutation($input: PaperSettingsSetInput!, $dry: Boolean! = false) {
    paperSettingsSet(input: $input, validateOnly: $dry) {
        settings { version locale accent paymentDays columns logo { width height sha256 } sample(kind: INVOICE) }
        userErrors { code message field } replayed seq } }";

async fn tried(world: &World, extra: Value, dry: bool) -> Value {
    let mut input = json!({ "idempotencyKey": key() });
    input.as_object_mut().unwrap().extend(extra.as_object().cloned().unwrap());
    payload(world, SET, json!({ "input": input, "dry": dry })).await
}

async fn set_look(world: &World, extra: Value) -> Value {
    let answer = tried(world, extra, false).await;
    assert_eq!(answer["userErrors"], json!([]), "{answer:#}");
    answer["settings"].clone()
}

async fn sent(world: &World, width: u32, height: u32) -> String {
    let mut out = Cursor::new(Vec::new());
    DynamicImage::new_rgb8(width, height).write_to(&mut out, ImageFormat::Png).unwrap();
    world.sent_as(&world.ours, ("IMAGE", "logo.png"), out.into_inner()).await
}

async fn papers_look_as_their_tenant_wants_them(world: &World) {
    let text = "Danke für {{order.number}}: {{total}}";
    let input = json!({ "expectedVersion": 0, "locale": "DE", "logoFileId": sent(world, 1_200, 300).await, "accent": "#2563EB",
        "senderLines": ["Mugs & More", "Mill Lane 1"], "header": "Seit 1871", "footer": "IBAN GB42", "paymentDays": 14,
        "columns": ["UNIT"], "texts": [{ "kind": "ORDER_CONFIRMATION", "text": text }, { "kind": "INVOICE", "text": "Bis {{due.date}}" }] });
    let look = set_look(world, input).await;
    assert_eq!((&look["version"], &look["locale"], &look["accent"]), (&json!(1), &json!("DE"), &json!("#2563eb")));
    assert_eq!((&look["logo"]["width"], &look["logo"]["height"]), (&json!(600), &json!(150)));
    let paper = draw_paper(world, "ORDER_CONFIRMATION", "ord").await;
    let page = html(world, &paper).await;
    assert_eq!(paper["locale"], "DE");
    for part in [
        "<img class=\"l\" alt=\"\" src=\"data:image/jpeg;base64,",
        "fill=\"#2563eb\"",
        "Mugs &amp; More\nMill Lane 1\n",
        "Seit 1871",
        "<footer>IBAN GB42</footer>",
        "Danke für SO-0",
        ": 40,00 GBP</p>",
        "<th>Einheit</th>",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("Artikelnummer") && !page.contains("<td>alpha-mug</td>"), "the SKU is left out: {page}");
    let pdf = String::from_utf8(download(world, &paper["pdf"]).await).unwrap();
    assert!(pdf.contains("/L1 Do") && pdf.contains("(IBAN GB42) Tj") && pdf.contains("(Seit 1871) Tj"), "{pdf}");
    let english = drawn_by(world, world.ours.owner.clone(), "INVOICE", &world.ours.ids["inv"], json!({ "locale": "EN" })).await;
    let page = html(world, &english).await;
    assert!(
        page.contains("Bis 20") && page.contains("<h1>Invoice") && !page.contains("Mill Lane"),
        "the language that is asked for: {page}"
    );
    let events = payload(world, "{ events(types: [\"paper_settings.*\"], first: 5) { nodes { type data } } }", json!({})).await;
    assert_eq!(events["nodes"], json!([{ "type": "paper_settings.set", "data": { "version": 1 } }]));
    let plain =
        set_look(world, json!({ "logoFileId": null, "columns": null, "locale": null, "texts": null, "accent": null })).await;
    assert_eq!((&plain["version"], &plain["logo"], &plain["columns"]), (&json!(2), &Value::Null, &json!(["SKU"])));
    let page = html(world, &draw_paper(world, "ORDER_CONFIRMATION", "ord").await).await;
    assert!(page.contains("<td>alpha-mug</td>") && page.contains("Seit 1871") && !page.contains("<img"), "{page}");
}

async fn what_cannot_be_printed_is_refused_when_it_is_set(world: &World) {
    let wrong = tried(world, json!({ "texts": [{ "kind": "PICKING_LIST", "text": "{{total}}" }] }), false).await;
    refused(&wrong, "INVALID", "input.texts.0.text");
    let message = wrong["userErrors"][0]["message"].as_str().unwrap();
    assert!(
        message.contains("{{total}}") && message.contains("{{document.number}}, {{document.date}}, {{order.number}}"),
        "{message}"
    );
    for (extra, code, field) in [
        (json!({ "texts": [{ "kind": "INVOICE", "text": "by {{due.date}}" }] }), "REQUIRED", "input.paymentDays"),
        (json!({ "footer": "<script>alert(1)</script>" }), "INVALID", "input.footer"),
        (json!({ "header": "謝謝" }), "INVALID", "input.header"),
        (json!({ "accent": "red" }), "INVALID", "input.accent"),
        (json!({ "paymentDays": 366 }), "OUT_OF_RANGE", "input.paymentDays"),
        (json!({ "expectedVersion": 7 }), "VERSION_CONFLICT", "input.expectedVersion"),
        (json!({ "logoFileId": sent(world, 4_001, 1).await }), "LIMIT_EXCEEDED", "input.logoFileId"),
        (json!({ "logoFileId": world.ours.ids["fil"] }), "NOT_FOUND", "input.logoFileId"),
        (json!({ "logoFileId": world.theirs.ids["fil"] }), "NOT_FOUND", "input.logoFileId"),
    ] {
        refused(&tried(world, extra, false).await, code, field);
    }
    let preview = tried(world, json!({ "footer": "IBAN GB42" }), true).await;
    let sample = preview["settings"]["sample"].as_str().unwrap();
    assert!(sample.contains("<footer>IBAN GB42</footer>") && preview["seq"].is_null(), "{preview:#}");
    let now = payload(world, "{ paperSettings { version footer placeholders(kind: CREDIT_NOTE) } }", json!({})).await;
    let names = ["document.number", "document.date", "order.number", "order.reference", "total", "invoice.number"];
    assert_eq!(now, json!({ "version": 0, "footer": null, "placeholders": names }), "nothing was set");
}
