//! Files over HTTP, as curl sends and browsers fetch them.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::server::{Server, free_address, on_both};

const CREATE: &str = "mutation($input: FileUploadCreateInput!) { result: fileUploadCreate(input: $input) { file { id } uploadUrl userErrors { code message } } }";

on_both!(bytes_travel_by_links_with_headers_that_run_nothing, site => {
    let node = Server::start_with(site, free_address(), &["--files", &format!("file:{}", site.folder.join("files").display())]).await;
    let (shop, http) = (node.tenant().await, reqwest::Client::new());
    let at = |link: &Value| format!("{}{}", node.url(), link.as_str().unwrap());
    let made = shop.done(CREATE, json!({ "purpose": "IMPORT", "name": "../<prices> été.csv" })).await;
    let link = at(&made["uploadUrl"]);
    assert_eq!(http.get(&link).send().await.unwrap().status(), 404, "a link to send is none to fetch");
    assert_eq!(http.post(&link).send().await.unwrap().status(), 405);
    let text = "sku,name\nmug,Mug\n";
    let sent = http.put(&link).body(text).send().await.unwrap();
    assert_eq!((sent.status().as_u16(), &sent.headers()["x-content-type-options"]), (200, &"nosniff".parse().unwrap()));
    assert_eq!(http.put(&link).body(text).send().await.unwrap().status(), 409);
    let svg = shop.done(CREATE, json!({ "purpose": "IMAGE", "name": "x.png" })).await;
    let refused = http.put(at(&svg["uploadUrl"])).body("<svg><script>alert(1)</script></svg>").send().await.unwrap();
    assert_eq!(refused.status(), 415);
    for wrong in ["/files/nonsense", "/files/AAAA"] {
        assert_eq!(http.get(format!("{}{wrong}", node.url())).send().await.unwrap().status(), 404, "{wrong}");
    }
    let import = "mutation($input: ImportCreateInput!) { result: importCreate(input: $input) { exchange { id } userErrors { code message } } }";
    let input = json!({ "idempotencyKey": "first", "fileId": made["file"]["id"], "noun": "PRODUCTS" });
    let id = shop.done(import, input).await["exchange"]["id"].clone();
    let shown = "query($id: ID!) { node(id: $id) { ... on Exchange { state counts { created } result { downloadUrl } } } }";
    let began = Instant::now();
    let done = loop {
        let now = shop.ask(shown, json!({ "id": id })).await["node"].take();
        if now["state"] == "DONE" {
            break now;
        }
        assert!(began.elapsed() < Duration::from_secs(40), "{now}");
        sleep(Duration::from_millis(100)).await;
    };
    assert_eq!(done["counts"]["created"], 1);
    let fetched = http.get(at(&done["result"]["downloadUrl"])).send().await.unwrap();
    let headers = fetched.headers().clone();
    for (name, value) in [
        ("content-type", "text/csv; charset=utf-8"),
        ("content-disposition", "attachment; filename*=UTF-8''import.csv"),
        ("content-security-policy", "default-src 'none'; frame-ancestors 'none'; sandbox"),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "private, no-store"),
    ] {
        assert_eq!(headers[name], value, "{name}");
    }
    assert_eq!(fetched.text().await.unwrap(), "row,code,field,message\r\n");
});
