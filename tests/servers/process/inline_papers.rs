//! Papers that a browser opens instead of saving them.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{
    server::{Server, Site, free_address},
    shop::{ORDER, Shop},
};
use crate::world::on_both;

const DRAW: &str = "mutation($input: PaperCreateInput!) { result: paperCreate(input: $input) {
    paper { html pdf } userErrors { code message } } }";

on_both!(a_paper_is_saved_or_shown_and_runs_nothing_either_way, site: Site => {
    let place = format!("file:{}", site.folder.join("files").display());
    let node = Server::start_with(site, free_address(), &["--files", &place]).await;
    let shop = Shop::open(node.tenant().await, 1, 1, 5).await;
    let lines = json!([{ "product": { "id": shop.products[0] }, "quantity": 2 }]);
    let input = json!({ "idempotencyKey": "order", "store": { "id": shop.stores[0] }, "lines": lines });
    let order = shop.client.must_mutate(ORDER, input).await["order"]["id"].clone();
    let input = json!({ "idempotencyKey": "paper", "kind": "ORDER_CONFIRMATION", "documentId": order });
    let paper = shop.client.must_mutate(DRAW, input).await["paper"].clone();
    let http = reqwest::Client::new();
    let fetched = async |file: &str, query: &str| {
        let link = paper[file].as_str().unwrap();
        let answer = http.get(format!("{}{link}{query}", node.url())).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{file}{query}");
        answer
    };
    let header = |answer: &reqwest::Response, name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    for query in ["", "?inline=0", "?inline"] {
        let saved = fetched("html", query).await;
        assert!(header(&saved, "content-disposition").starts_with("attachment; "), "{query}");
        assert_eq!(header(&saved, "content-security-policy"), "default-src 'none'; frame-ancestors 'none'; sandbox");
    }
    let shown = fetched("html", "?inline=1").await;
    assert!(header(&shown, "content-disposition").starts_with("inline; filename*=UTF-8''order-confirmation-"));
    assert_eq!(header(&shown, "content-type"), "text/html; charset=utf-8");
    assert_eq!((header(&shown, "x-content-type-options"), header(&shown, "x-frame-options")), ("nosniff".to_owned(), "DENY".to_owned()));
    let policy = header(&shown, "content-security-policy");
    let page = shown.text().await.unwrap();
    let (_, rest) = page.split_once("<style>").unwrap();
    let style = STANDARD.encode(Sha256::digest(rest.split_once("</style>").unwrap().0));
    let parts: Vec<&str> = policy.split("; ").collect();
    let own = format!("style-src 'sha256-{style}'");
    assert_eq!(parts, ["default-src 'none'", own.as_str(), "img-src data:", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'", "sandbox"]);
    let pdf = fetched("pdf", "?inline=1").await;
    assert!(header(&pdf, "content-disposition").starts_with("inline; "));
    assert!(!header(&pdf, "content-security-policy").contains("script-src"), "scripts fall back to none");
    assert!(pdf.bytes().await.unwrap().starts_with(b"%PDF-1.4"));
    assert!(header(&fetched("pdf", "").await, "content-disposition").starts_with("attachment; "));
});
