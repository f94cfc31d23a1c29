//! Files over HTTP, as curl sends and browsers fetch them.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use http_body_util::BodyExt;
use hyper::{Method, Request, body::Incoming, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use s3s::{
    Body, HttpError, HttpResponse,
    auth::SimpleAuth,
    service::{S3Service, S3ServiceBuilder},
};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{
    server::{Environment, Server, Site, entrepot, free_address},
    traces::Collector,
};
use crate::world::on_both;

const CREATE: &str = "mutation($input: FileUploadCreateInput!) { result: fileUploadCreate(input: $input) { file { id } uploadUrl userErrors { code message } } }";

on_both!(bytes_travel_by_links_with_headers_that_run_nothing, site: Site => {
    let place = format!("file:{}", site.folder.join("files").display());
    travel(&Server::start_with(site, free_address(), &["--files", &place]).await).await;
});

/// Number of reads of segments of a shipped log that return one wrong bit.
#[derive(Clone, Default)]
pub struct Lies(Arc<AtomicU32>);

impl Lies {
    pub fn lie_for(&self, reads: u32) {
        self.0.store(reads, Ordering::SeqCst);
    }

    fn is_next(&self) -> bool {
        self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
    }
}

/// Returns the answer of the bucket, or the same with one wrong bit.
async fn answered(service: S3Service, request: Request<Incoming>, lies: Lies) -> Result<HttpResponse, HttpError> {
    let is_segment = request.method() == Method::GET && request.uri().path().contains("/wal/");
    let answer = service.call(request.map(Body::from)).await?;
    if !is_segment || !answer.status().is_success() || !lies.is_next() {
        return Ok(answer);
    }
    let (head, body) = answer.into_parts();
    let mut bytes = body.collect().await.unwrap().to_bytes().to_vec();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    Ok(HttpResponse::from_parts(head, bytes.into()))
}

/// The folder of a bucket, and a server that speaks S3 for it.
pub async fn bucket(site: &Site) -> (PathBuf, Vec<(&'static str, String)>) {
    lying_bucket(site, &Lies::default()).await
}

/// Like `bucket`, with wrong answers on request.
pub async fn lying_bucket(site: &Site, lies: &Lies) -> (PathBuf, Vec<(&'static str, String)>) {
    let (root, key) = (site.folder.join("s3"), "test");
    let folder = root.join("shop");
    std::fs::create_dir_all(&folder).unwrap();
    let mut builder = S3ServiceBuilder::new(s3s_fs::FileSystem::new(&root).unwrap());
    // Signatures are checked: a client with another secret is refused.
    builder.set_auth(SimpleAuth::from_single(key, key));
    let service = builder.build();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (endpoint, lies) = (format!("http://{}", listener.local_addr().unwrap()), lies.clone());
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let (service, lies) = (service.clone(), lies.clone());
            tokio::spawn(async move {
                let service = service_fn(move |request| answered(service.clone(), request, lies.clone()));
                let http = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                let _ = http.serve_connection(TokioIo::new(socket), service).await;
            });
        }
    });
    let env = [
        ("AWS_ENDPOINT", endpoint.as_str()),
        ("AWS_ALLOW_HTTP", "true"),
        ("AWS_REGION", "eu-west-2"),
        ("AWS_ACCESS_KEY_ID", key),
        ("AWS_SECRET_ACCESS_KEY", key),
    ];
    (folder, env.map(|(name, value)| (name, value.to_owned())).to_vec())
}

/// The objects that lie in a bucket, by the sizes of their files.
fn sizes(folder: &Path) -> Vec<u64> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            match entry.file_type().unwrap().is_dir() {
                true => folders.push(entry.path()),
                false if entry.file_name().to_string_lossy().starts_with('.') => {}
                false => found.push(entry.metadata().unwrap().len()),
            }
        }
    }
    found.sort_unstable();
    found
}

on_both!(a_bucket_keeps_files_as_a_folder_does, site: Site => {
    let (folder, env) = bucket(site).await;
    let environment = Environment { env: env.clone(), ..Environment::default() };
    let further = ["--files", "s3://shop/files/of/ours"];
    let node = Server::start_in(site, free_address(), &further, &environment).await;
    travel(&node).await;
    assert_eq!(sizes(&folder).len(), 2, "what was sent, and the list of what was refused");
    // Larger than what one request carries: it goes in parts.
    let (shop, http) = (node.tenant().await, reqwest::Client::new());
    let large = "x".repeat(12 << 20);
    let payload = shop.must_mutate(CREATE, json!({ "purpose": "IMPORT", "name": "large.csv" })).await;
    let sent = http.put(format!("{}{}", node.url(), payload["uploadUrl"].as_str().unwrap())).body(large.clone()).send().await.unwrap();
    assert_eq!(sent.status(), 200);
    let query = "query($id: ID!) { node(id: $id) { ... on File { state size downloadUrl } } }";
    let file = shop.execute(query, json!({ "id": payload["file"]["id"] })).await["node"].take();
    assert_eq!(json!([file["state"], file["size"]]), json!(["READY", large.len()]));
    let fetched = http.get(format!("{}{}", node.url(), file["downloadUrl"].as_str().unwrap())).send().await.unwrap();
    assert!(fetched.text().await.unwrap() == large, "other bytes than were sent");
    // With a wrong secret, and with an unreachable bucket: each has its own message, and nothing is
    // left behind.
    let lying = sizes(&folder);
    let mut wrong = env.clone();
    wrong.retain(|(name, _)| *name != "AWS_SECRET_ACCESS_KEY");
    wrong.push(("AWS_SECRET_ACCESS_KEY", "another".to_owned()));
    let mut gone = env;
    gone.retain(|(name, _)| *name != "AWS_ENDPOINT");
    gone.push(("AWS_ENDPOINT", format!("http://{}", free_address())));
    let tracker = Collector::start().await;
    let dsn = format!("http://0a1b@{}/7", tracker.address);
    let reported = [&further[..], &["--sentry-dsn", &dsn]].concat();
    for env in [wrong, gone] {
        let lost = Server::start_in(site, free_address(), &reported, &Environment { env, ..Environment::default() }).await;
        let shop = shop.at(&lost.url());
        let payload = shop.must_mutate(CREATE, json!({ "purpose": "IMPORT", "name": "lost.csv" })).await;
        let sent = http.put(format!("{}{}", lost.url(), payload["uploadUrl"].as_str().unwrap())).body("sku\n").send().await.unwrap();
        let (status, reported_body) = (sent.status(), sent.json::<Value>().await.unwrap());
        assert_eq!((status.as_u16(), &reported_body["errors"][0]["extensions"]["code"]), (503, &json!("UNAVAILABLE")), "{reported_body}");
        let file = shop.execute(query, json!({ "id": payload["file"]["id"] })).await["node"].take();
        assert_eq!(file["state"], "UPLOADING");
        // The error is reported, without the store's own message: an address, the name of a file, a
        // key.
        let report = tracker.text_with("the file store cannot be reached").await;
        for value in ["://", "S3", "of/ours", "lost.csv", &shop.token] {
            assert!(!report.contains(value), "{value} is reported: {report}");
        }
    }
    assert_eq!(sizes(&folder), lying);
});

on_both!(files_that_find_no_room_are_refused_whole, site: Site => {
    const ROOM_KIB: u64 = 8 << 10;
    let folder = site.folder.join("files");
    let place = format!("file:{}", folder.display());
    let tight = Environment { room: Some(ROOM_KIB), ..Environment::default() };
    let node = Server::start_in(site, free_address(), &["--files", &place], &tight).await;
    let (shop, http) = (node.tenant().await, reqwest::Client::new());
    let payload = shop.must_mutate(CREATE, json!({ "purpose": "IMPORT", "name": "large.csv" })).await;
    let large = "sku,name\n".repeat(2 << 20);
    let link = payload["uploadUrl"].as_str().unwrap();
    let sent = http.put(format!("{}{link}", node.url())).body(large.clone()).send().await.unwrap();
    let (status, reported_body) = (sent.status(), sent.text().await.unwrap());
    assert!(status == 507 && reported_body.contains("no room for files") && reported_body.contains("\"UNAVAILABLE\""), "{status}: {reported_body}");
    assert_eq!(sizes(&folder), Vec::<u64>::new(), "what was half written is gone");
    // After a restart with free space, the same link is valid.
    let address = node.address;
    node.kill();
    let node = Server::start_with(site, address, &["--files", &place]).await;
    assert_eq!(http.put(format!("{}{link}", node.url())).body(large.clone()).send().await.unwrap().status(), 200);
    assert_eq!(sizes(&folder), [large.len() as u64]);
});

on_both!(pages_that_the_operator_lists_send_and_fetch_files, site: Site => {
    let place = format!("file:{}", site.folder.join("files").display());
    let listed = "https://shop.example";
    let node = Server::start_with(site, free_address(), &["--files", &place, "--origin", listed]).await;
    let (shop, http) = (node.tenant().await, reqwest::Client::new());
    let payload = shop.must_mutate(CREATE, json!({ "purpose": "IMPORT", "name": "rows.csv" })).await;
    let link = format!("{}{}", node.url(), payload["uploadUrl"].as_str().unwrap());
    let preflight = async |origin: &str| {
        let ask = http.request(reqwest::Method::OPTIONS, &link).header("origin", origin);
        let ask = ask.header("access-control-request-method", "PUT").header("access-control-request-headers", "content-type");
        let answer = ask.send().await.unwrap();
        assert_eq!(answer.status(), 204, "{origin}");
        answer.headers().clone()
    };
    let allowed = preflight(listed).await;
    assert_eq!(allowed["access-control-allow-origin"], listed);
    for (name, value) in [("access-control-allow-methods", "PUT"), ("access-control-allow-headers", "content-type")] {
        assert!(allowed[name].to_str().unwrap().contains(value), "{allowed:?}");
    }
    assert!(!preflight("https://evil.example").await.contains_key("access-control-allow-origin"));
    // A page may read a refusal too: otherwise it could not show the reason.
    for expected in [200, 409] {
        let sent = http.put(&link).header("origin", listed).body("sku\n").send().await.unwrap();
        assert_eq!((sent.status().as_u16(), &sent.headers()["access-control-allow-origin"]), (expected, &listed.parse().unwrap()));
        assert_eq!(sent.headers()["vary"], "origin");
    }
    let query = "query($id: ID!) { node(id: $id) { ... on File { downloadUrl } } }";
    let file = shop.execute(query, json!({ "id": payload["file"]["id"] })).await["node"].take();
    let fetched = format!("{}{}", node.url(), file["downloadUrl"].as_str().unwrap());
    for (origin, is_told) in [(listed, true), ("https://evil.example", false), ("null", false)] {
        let fetched = http.get(&fetched).header("origin", origin).send().await.unwrap();
        assert_eq!(fetched.headers().contains_key("access-control-allow-origin"), is_told, "{origin}");
    }
});

async fn travel(node: &Server) {
    let (shop, http) = (node.tenant().await, reqwest::Client::new());
    let at = |link: &Value| format!("{}{}", node.url(), link.as_str().unwrap());
    let payload = shop.must_mutate(CREATE, json!({ "purpose": "IMPORT", "name": "../<prices> été.csv" })).await;
    let link = at(&payload["uploadUrl"]);
    assert_eq!(http.get(&link).send().await.unwrap().status(), 404, "a link to send is none to fetch");
    assert_eq!(http.post(&link).send().await.unwrap().status(), 405);
    let text = "sku,name\nmug,Mug\n";
    let sent = http.put(&link).body(text).send().await.unwrap();
    assert_eq!((sent.status().as_u16(), &sent.headers()["x-content-type-options"]), (200, &"nosniff".parse().unwrap()));
    assert_eq!(http.put(&link).body(text).send().await.unwrap().status(), 409);
    let svg = shop.must_mutate(CREATE, json!({ "purpose": "IMAGE", "name": "x.png" })).await;
    let refused = http.put(at(&svg["uploadUrl"])).body("<svg><script>alert(1)</script></svg>").send().await.unwrap();
    assert_eq!(refused.status(), 415);
    for wrong in ["/files/nonsense", "/files/AAAA"] {
        assert_eq!(http.get(format!("{}{wrong}", node.url())).send().await.unwrap().status(), 404, "{wrong}");
    }
    let import = "mutation($input: ImportCreateInput!) { result: importCreate(input: $input) { dataJob { id } userErrors { code message } } }";
    let input = json!({ "idempotencyKey": "first", "fileId": payload["file"]["id"], "entity": "PRODUCTS" });
    let id = shop.must_mutate(import, input).await["dataJob"]["id"].clone();
    let query = "query($id: ID!) { node(id: $id) { ... on DataJob { state counts { created } result { downloadUrl } } } }";
    let started_at = Instant::now();
    let export = loop {
        let now = shop.execute(query, json!({ "id": id })).await["node"].take();
        if now["state"] == "DONE" {
            break now;
        }
        assert!(started_at.elapsed() < Duration::from_secs(40), "{now}");
        sleep(Duration::from_millis(100)).await;
    };
    assert_eq!(export["counts"]["created"], 1);
    let fetched = http.get(at(&export["result"]["downloadUrl"])).send().await.unwrap();
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
    assert_eq!(fetched.text().await.unwrap(), "row,code,field,message,key\r\n");
    let request = http.get(format!("{}?inline=1", at(&export["result"]["downloadUrl"]))).send().await.unwrap();
    assert_eq!(request.headers()["content-disposition"], "attachment; filename*=UTF-8''import.csv", "only papers are shown");
}

/// Waits until `/readyz` has this status for files, and returns the reason.
async fn ready(node: &Server, wanted: &str) -> String {
    let started_at = Instant::now();
    loop {
        let answer = reqwest::get(format!("{}/readyz", node.url())).await.unwrap();
        let (status, body) = (answer.status().as_u16(), answer.json::<Value>().await.unwrap());
        assert_eq!(status, 200, "a node without files does all other work: {body}");
        if body["checks"]["files"]["status"] == wanted {
            return body["checks"]["files"]["reason"].as_str().unwrap_or_default().to_owned();
        }
        assert!(started_at.elapsed() < Duration::from_secs(30), "files are not {wanted}: {body}");
        sleep(Duration::from_millis(50)).await;
    }
}

on_both!(a_node_with_a_file_store_of_its_own_says_so_and_writes_nothing_into_it, site: Site => {
    let place = |name: &str| format!("file:{}", site.folder.join(name).display());
    let (shared, own) = (place("shared"), place("own"));
    let node = Server::start_with(site, free_address(), &["--files", &shared]).await;
    ready(&node, "ok").await;
    // A mark is written again at each look: while its new file is written and takes the name, a listing may find two or none.
    let started_at = Instant::now();
    let listed = || std::fs::read_dir(site.folder.join("shared")).unwrap().count();
    while listed() != 1 {
        assert!(started_at.elapsed() < Duration::from_secs(10), "the first node marks the store, once: {}", listed());
        sleep(Duration::from_millis(5)).await;
    }
    let shop = node.tenant().await;
    let payload = shop.must_mutate(CREATE, json!({ "purpose": "DOCUMENT", "name": "list.txt" })).await;
    let link = payload["uploadUrl"].as_str().unwrap().to_owned();
    node.kill();

    let node = Server::start_with(site, free_address(), &["--files", &own]).await;
    let reason = ready(&node, "degraded").await;
    assert!(reason.contains("--files") && reason.contains("entrepot files adopt"), "{reason}");
    let http = reqwest::Client::new();
    let sent = http.put(format!("{}{link}", node.url())).body("text").send().await.unwrap();
    let (status, output) = (sent.status().as_u16(), sent.json::<Value>().await.unwrap());
    assert_eq!((status, &output["errors"][0]["extensions"]["code"]), (503, &json!("UNAVAILABLE")), "{output}");
    assert_eq!(sizes(&site.folder.join("own")), Vec::<u64>::new());
    assert_eq!(std::fs::read_dir(site.folder.join("own")).unwrap().count(), 0, "no file, and no mark of its own");

    // The operator declares the other store lost.
    let keys = site.keys();
    let adopt = ["files", "adopt", "--database-url", &site.url, "--keys-file", &keys, "--files", &own];
    let output = entrepot(&adopt).await;
    assert!(output.has_succeeded() && output.out.contains("from now on"), "{output:?}");
    assert!(entrepot(&adopt).await.out.contains("already"));
    ready(&node, "ok").await;
    assert_eq!(http.put(format!("{}{link}", node.url())).body("text").send().await.unwrap().status(), 200);
    assert_eq!(sizes(&site.folder.join("own")), [4]);
});

on_both!(a_node_that_cannot_write_its_files_says_so, site: Site => {
    // The folder's path is an existing file: no user, root included, can create the folder.
    let blocked = site.folder.join("blocked");
    std::fs::write(&blocked, "no folder").unwrap();
    let node = Server::start_in(site, free_address(), &[], &Environment::default()).await;
    ready(&node, "ok").await;
    node.kill();
    let further = ["--files", &format!("file:{}", blocked.display())];
    let refused = entrepot(&[&["serve", "--database-url", &site.url, "--keys-file", &site.keys(), "--listen", "127.0.0.1:0"], &further[..]].concat()).await;
    refused.assert_failed(&["--files", "blocked"]);
    // Without the flag the folder is needed only for the first file: a node that cannot create it
    // keeps running, and reports it.
    let place = site.folder.join("entrepot.files");
    let _ = std::fs::remove_dir_all(&place);
    let of_sqlite = site.url.strip_prefix("sqlite://").map(|file| format!("{file}.files"));
    let place = of_sqlite.map_or(place, PathBuf::from);
    let _ = std::fs::remove_dir_all(&place);
    std::fs::write(&place, "no folder").unwrap();
    let node = Server::start(site).await;
    let reason = ready(&node, "degraded").await;
    assert!(reason.contains("files cannot be kept"), "{reason}");
});
