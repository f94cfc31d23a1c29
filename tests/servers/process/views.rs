//! Saved views by addresses, as spreadsheets and scripts read them.

use parquet::{
    file::reader::{FileReader, SerializedFileReader},
    record::Field,
};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use super::{
    client::Client,
    server::{Server, Site},
    shop::{ADJUST, Shop, adjust, change},
};
use crate::world::on_both;

const VIEW: &str = "mutation($input: SavedViewCreateInput!) { result: savedViewCreate(input: $input) { savedView { id } userErrors { code message } } }";
const STORE: &str =
    "mutation($input: StoreCreateInput!) { result: storeCreate(input: $input) { store { id } userErrors { code message } } }";
const INTEGRATION: &str = "mutation($input: IntegrationCreateInput!) { result: integrationCreate(input: $input) {
    integration { id } userErrors { code message } } }";
const KEY: &str =
    "mutation($input: ApiKeyCreateInput!) { result: apiKeyCreate(input: $input) { secret userErrors { code message } } }";
/// A page has two stores.
const STORES: &str = "query($after: Cursor, $n: Int = 2) { stores(first: $n, after: $after) {
    pageInfo { hasNextPage endCursor } nodes { name code } } }";

async fn keep(owner: &Client, slug: &str, document: &str) {
    let input = json!({ "idempotencyKey": slug, "name": "A view", "slug": slug, "document": document });
    owner.must_mutate(VIEW, input).await;
}

/// A program with these rights alone.
pub async fn program(owner: &Client, permissions: &[&str]) -> Client {
    program_of(owner, permissions, Value::Null).await
}

/// A program with these rights alone, whose key has this part of the rate limit.
async fn program_of(owner: &Client, permissions: &[&str], budget: Value) -> Client {
    let input = json!({ "name": "Sheet", "permissions": permissions, "scope": { "all": true } });
    let payload = owner.must_mutate(INTEGRATION, input).await;
    let key = json!({ "integrationId": payload["integration"]["id"], "name": "Sheet 1", "budget": budget });
    let payload = owner.must_mutate(KEY, key).await;
    let mut client = owner.clone();
    payload["secret"].as_str().unwrap().clone_into(&mut client.token);
    client
}

async fn get(client: &Client, file: &str) -> Response {
    let request = reqwest::Client::new().get(format!("{}/views/{file}", client.url));
    request.bearer_auth(&client.token).send().await.unwrap()
}

async fn text(client: &Client, file: &str) -> String {
    let answer = get(client, file).await;
    let (status, text) = (answer.status(), answer.text().await.unwrap());
    assert_eq!(status, StatusCode::OK, "{file}: {text}");
    text
}

/// A refusal's first error.
async fn refusal(client: &Client, file: &str) -> (u16, Value) {
    let answer = get(client, file).await;
    let status = answer.status().as_u16();
    let mut reported_answer: Value = answer.json().await.unwrap();
    (status, reported_answer["errors"][0].take())
}

/// The status and code of a refusal, and its words.
async fn refused(client: &Client, file: &str) -> (u16, Value, String) {
    let (status, error) = refusal(client, file).await;
    (status, error["extensions"]["code"].clone(), error["message"].as_str().unwrap_or_default().to_owned())
}

/// A shop with five stores at least, and a view of them.
async fn shop(server: &Server) -> Client {
    let owner = server.tenant().await;
    for (code, name) in [("A1", "=SUM(A1)"), ("A2", "Mugs, \"large\""), ("A3", "Plain"), ("A4", "Last")] {
        owner.must_mutate(STORE, json!({ "code": code, "name": name })).await;
    }
    keep(&owner, "stores", STORES).await;
    owner
}

on_both!(a_view_has_the_same_rows_as_json_lines_and_as_a_table, site: Site => {
    let server = Server::start(site).await;
    let owner = shop(&server).await;
    let all = owner.all("query($after: Cursor) { result: stores(first: 250, after: $after) {
        pageInfo { hasNextPage endCursor } nodes { name code } } }").await;
    assert!(all.len() >= 4, "more than a page: {all:?}");
    let lines: Vec<Value> = text(&owner, "stores.jsonl").await.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines, all, "all pages, in the order of the list");
    let table = text(&owner, "stores.csv").await;
    let rows: Vec<&str> = table.split_terminator("\r\n").collect();
    assert_eq!((rows[0], rows.len()), ("name,code", all.len() + 1), "{table}");
    for row in ["'=SUM(A1),A1", "\"Mugs, \"\"large\"\"\",A2", "Plain,A3"] {
        assert!(rows.contains(&row), "{row}: {table}");
    }
    let answer: Value = serde_json::from_str(&text(&owner, "stores.json?variables=%7B%22n%22%3A250%7D").await).unwrap();
    assert_eq!((&answer["data"]["stores"]["nodes"], &answer["errors"]), (&json!(all), &json!([])), "{answer:#}");
});

/// A page has one level.
const LEVELS: &str = "query($after: Cursor) { stockLevels(first: 1, after: $after) {
    pageInfo { hasNextPage endCursor } nodes { onHand product { sku } store { name } } } }";
const RENAME: &str = "mutation($input: StoreUpdateInput!) { result: storeUpdate(input: $input) { store { version } userErrors { code message } } }";

/// Moves a mug between the first product and the last one, and renames their store, repeatedly
/// until it is stopped. Counts the rounds.
async fn trade(shop: Arc<Shop>, (rounds, is_over): (Arc<AtomicUsize>, Arc<AtomicBool>)) {
    let (first, store) = shop.place(0, 0);
    let (last, _) = shop.place(shop.products.len() - 1, 0);
    let mut version = json!(1);
    while !is_over.load(Ordering::Relaxed) {
        let round = rounds.load(Ordering::Relaxed);
        let delta = if round.is_multiple_of(2) { 1 } else { -1 };
        let changes = [change(&first, &store, delta), change(&last, &store, -delta)];
        shop.client.must_mutate(ADJUST, adjust(&format!("round {round}"), "ADJUSTMENT", "CORRECTION", &changes)).await;
        let name = format!("Store after {round}");
        let mut renamed = shop.client.must_mutate(RENAME, json!({ "id": store, "expectedVersion": version, "name": name })).await;
        version = renamed["store"]["version"].take();
        rounds.fetch_add(1, Ordering::Relaxed);
    }
}

on_both!(a_shop_that_never_rests_gets_its_table_and_all_of_it_is_of_one_moment, site: Site => {
    let server = Server::start(site).await;
    let shop = Arc::new(Shop::open(server.tenant().await, 1, 12, 100).await);
    keep(&shop.client, "levels", LEVELS).await;
    let (rounds, is_over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let trading = tokio::spawn(trade(shop.clone(), (rounds.clone(), is_over.clone())));
    for _ in 0..5 {
        let before = rounds.load(Ordering::Relaxed);
        let table = text(&shop.client, "levels.jsonl").await;
        let rows: Vec<Value> = table.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let on_hand: i64 = rows.iter().map(|row| row["onHand"].as_i64().unwrap()).sum();
        assert_eq!((rows.len(), on_hand), (12, 1_200), "a mug that has left one level is in the other: {table}");
        assert!(rows.iter().all(|row| row["store"] == rows[0]["store"]), "a store has one name at a moment: {table}");
        // The next one is of another moment.
        while rounds.load(Ordering::Relaxed) == before && !trading.is_finished() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }
    is_over.store(true, Ordering::Relaxed);
    trading.await.unwrap();
});

on_both!(a_view_that_has_not_changed_is_not_sent_again, site: Site => {
    let server = Server::start(site).await;
    let owner = shop(&server).await;
    let first = get(&owner, "stores.csv").await;
    let tag = first.headers()["etag"].clone();
    assert_eq!(first.headers()["content-type"], "text/csv; charset=utf-8");
    let again = || reqwest::Client::new().get(format!("{}/views/stores.csv", owner.url)).header("if-none-match", &tag);
    // A spreadsheet sends its key as a password.
    let known = again().basic_auth("sheet", Some(&owner.token)).send().await.unwrap();
    assert_eq!((known.status(), &known.headers()["etag"]), (StatusCode::NOT_MODIFIED, &tag));
    assert_eq!(known.text().await.unwrap(), "");
    owner.must_mutate(STORE, json!({ "code": "A5", "name": "One more" })).await;
    let changed = again().bearer_auth(&owner.token).send().await.unwrap();
    assert_eq!(changed.status(), StatusCode::OK);
    assert!(changed.text().await.unwrap().contains("One more,A5"));
});

on_both!(a_table_has_the_rights_of_whoever_reads_it, site: Site => {
    let server = Server::start(site).await;
    let owner = shop(&server).await;
    keep(&owner, "rates", "{ exchangeRates { pageInfo { hasNextPage endCursor } nodes { id } } }").await;
    let clerk = program(&owner, &["view.read", "store.read"]).await;
    assert!(text(&clerk, "stores.csv").await.contains("Plain,A3"));
    for file in ["rates.csv", "rates.jsonl"] {
        let (status, error) = refusal(&clerk, file).await;
        assert_eq!((status, &error["extensions"]["code"]), (403, &json!("FORBIDDEN")), "{file}");
        assert_eq!(error["extensions"]["permission"], "rate.read", "{file}: a field of the view's document");
    }
    let stranger = program(&owner, &["store.read"]).await;
    let (status, error) = refusal(&stranger, "stores.csv").await;
    assert_eq!((status, &error["message"]), (403, &json!("the permission view.read is needed")), "who may see stores, and no views");
    assert_eq!(error["extensions"]["permission"], "view.read");
    let other = server.tenant().await;
    assert_eq!(get(&other, "stores.csv").await.status(), StatusCode::NOT_FOUND, "a view of another company");
    let mut nobody = owner.clone();
    nobody.token = "none".to_owned();
    let answer = get(&nobody, "stores.csv").await;
    assert_eq!((answer.status(), answer.headers().get_all("www-authenticate").iter().count()), (StatusCode::UNAUTHORIZED, 2));
});

on_both!(a_view_that_costs_more_than_its_readers_budget_is_refused, site: Site => {
    let server = Server::start(site).await;
    let owner = shop(&server).await;
    // 1 + 250 × (0.1 + 20 × 0.05) = 276 points.
    keep(&owner, "dear", "{ products(first: 250) { nodes { id stock { id } } } }").await;
    let reads = ["view.read", "store.read", "product.read", "stock.read"];
    let poor = program_of(&owner, &reads, json!({ "points": 100, "restoreRate": 100 })).await;
    let query = "query($by: SavedViewRef!) { savedViewResult(view: $by) { data } }";
    let refusal = poor.send(query, &json!({ "by": { "slug": "dear" } })).await.unwrap()["errors"][0].clone();
    let (code, field) = (&refusal["extensions"]["code"], &refusal["extensions"]["field"]);
    assert_eq!((code, field), (&json!("LIMIT_EXCEEDED"), &json!(["view"])), "{refusal:#}");
    for file in ["dear.json", "dear.json?variables=%7B%7D"] {
        let (status, code, words) = refused(&poor, file).await;
        assert_eq!((status, code), (400, json!("LIMIT_EXCEEDED")), "{file}: {words}");
        assert!(words.contains("276 points") && words.contains("100"), "{file}: {words}");
    }
    assert!(text(&poor, "stores.csv").await.contains("Plain,A3"), "a view that the reader can pay");
    let shown: Value = serde_json::from_str(&text(&owner, "dear.json").await).unwrap();
    assert_eq!(shown, json!({ "data": { "products": { "nodes": [] } }, "errors": [] }), "its reader pays, not its owner");
});

on_both!(a_table_that_would_not_be_whole_is_refused, site: Site => {
    let server = Server::start(site).await;
    let owner = shop(&server).await;
    keep(&owner, "endless", "{ stores(first: 2) { nodes { code } } }").await;
    keep(&owner, "fixed", "{ stores(first: 2) { pageInfo { hasNextPage endCursor } nodes { code } } }").await;
    keep(&owner, "single", "{ viewer { tenant { slug } } }").await;
    let two = "{ few: stores { pageInfo { hasNextPage } nodes { code } } many: stores(first: 250) { pageInfo { hasNextPage } nodes { name } } }";
    keep(&owner, "two", two).await;
    keep(&owner, "backward", "query($n: Int) { stores(last: $n) { pageInfo { hasNextPage endCursor } nodes { code } } }").await;
    for (file, words) in [
        ("endless.csv", "pageInfo"),
        ("backward.csv?variables=%7B%22n%22%3A2%7D", "from its end"),
        ("fixed.csv", "$after"),
        ("single.csv", "no list"),
        ("two.csv", "few, many"),
        ("two.csv?rows=none", "few, many"),
        ("stores.csv?colour=red", "colour"),
        ("stores.csv?variables=5", "variables"),
    ] {
        let (status, code, message) = refused(&owner, file).await;
        assert_eq!((status, code), (400, json!("BAD_REQUEST")), "{file}: {message}");
        assert!(message.contains(words), "{file}: {message}");
    }
    assert!(text(&owner, "two.csv?rows=many").await.starts_with("name\r\n"));
    for file in ["nothing.csv", "stores.xml", "stores"] {
        assert_eq!(get(&owner, file).await.status(), StatusCode::NOT_FOUND, "{file}");
    }
});

const LINK: &str = "mutation($input: SavedViewLinkCreateInput!) { result: savedViewLinkCreate(input: $input) {
    savedViewLink { id } secret userErrors { code message } } }";
const REVOKE: &str =
    "mutation($input: SavedViewLinkRevokeInput!) { result: savedViewLinkRevoke(input: $input) { userErrors { code message } } }";

/// A link of a view: its id and its secret.
pub async fn linked(maker: &Client, view: &Value, variables: Value) -> (Value, String) {
    let key = format!("link {view} {variables}");
    let payload = maker.must_mutate(LINK, json!({ "idempotencyKey": key, "savedViewId": view, "variables": variables })).await;
    (payload["savedViewLink"]["id"].clone(), payload["secret"].as_str().unwrap().to_owned())
}

/// Returns the response of an address without a key.
async fn open(client: &Client, file: &str) -> (StatusCode, String) {
    let answer = reqwest::get(format!("{}/views/t/{file}", client.url)).await.unwrap();
    (answer.status(), answer.text().await.unwrap())
}

/// Returns the time at which the first link of the stores was last used.
async fn last_use(owner: &Client) -> Value {
    let links = "{ savedView(by: { slug: \"stores\" }) { links { lastUsedAt } } }";
    owner.execute(links, json!({})).await["savedView"]["links"][0]["lastUsedAt"].clone()
}

/// A use is noted beside its request, to the minute.
async fn is_used_soon(owner: &Client) {
    for _ in 0..500 {
        if let Some(minute) = last_use(owner).await.as_str() {
            assert_eq!(minute.get(16..19), Some(":00"), "{minute}");
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the use was not noted");
}

on_both!(a_link_is_read_without_a_key_and_with_the_rights_of_whoever_made_it, site: Site => {
    let server = Server::start(site).await;
    let owner = shop(&server).await;
    let view = owner.execute("{ savedView(by: { slug: \"stores\" }) { id } }", json!({})).await["savedView"]["id"].take();
    let (id, secret) = linked(&owner, &view, json!({})).await;
    assert_eq!(last_use(&owner).await, Value::Null, "nobody has used it");
    assert_eq!(open(&owner, &format!("{secret}.csv")).await, (StatusCode::OK, text(&owner, "stores.csv").await));
    is_used_soon(&owner).await;
    assert_eq!(open(&owner, &format!("{secret}.jsonl")).await, (StatusCode::OK, text(&owner, "stores.jsonl").await));
    let (status, _) = open(&owner, &format!("{secret}.csv?variables=%7B%22n%22%3A1%7D")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "the variables of a link are fixed");
    // The secret is no key: it opens the view, and nothing else.
    let mut bearer = owner.clone();
    bearer.token.clone_from(&secret);
    assert_eq!(get(&bearer, "stores.csv").await.status(), StatusCode::UNAUTHORIZED);
    // A program that may keep views, and not see stores.
    let program = program(&owner, &["view.read", "view.manage"]).await;
    let (_, blind) = linked(&program, &view, json!({ "n": 3 })).await;
    assert_eq!(open(&owner, &format!("{blind}.csv")).await.0, StatusCode::FORBIDDEN);
    owner.must_mutate(REVOKE, json!({ "idempotencyKey": "end", "savedViewLinkId": id })).await;
    for file in [format!("{secret}.csv"), "evl_none.csv".to_owned()] {
        assert_eq!(open(&owner, &file).await.0, StatusCode::UNAUTHORIZED, "{file}");
    }
    assert_eq!(open(&owner, "evl_none.xml").await.0, StatusCode::NOT_FOUND);
});

on_both!(a_view_is_read_as_a_workbook_and_as_pages, site: Site => {
    let server = Server::start(site).await;
    let owner = shop(&server).await;
    for (file, media, start) in [
        ("stores.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", &b"PK"[..]),
        ("stores.pdf?locale=FR", "application/pdf", &b"%PDF-1.4"[..]),
        ("stores.parquet", "application/vnd.apache.parquet", &b"PAR1"[..]),
    ] {
        let first = get(&owner, file).await;
        assert_eq!((first.status(), first.headers()["content-type"].to_str().unwrap()), (StatusCode::OK, media), "{file}");
        let tag = first.headers()["etag"].clone();
        assert!(first.bytes().await.unwrap().starts_with(start), "{file}");
        assert_eq!(get(&owner, file).await.headers()["etag"], tag, "the same rows are the same bytes: {file}");
    }
    let lines: Vec<Value> = text(&owner, "stores.jsonl").await.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let file = SerializedFileReader::new(get(&owner, "stores.parquet").await.bytes().await.unwrap()).unwrap();
    let value = |(name, field): (String, Field)| match field {
        Field::Str(text) => (name, json!(text)),
        other => panic!("{name}: {other}"),
    };
    let rows = file.get_row_iter(None).unwrap().map(|row| Value::Object(row.unwrap().into_columns().into_iter().map(value).collect()));
    assert_eq!(rows.collect::<Vec<_>>(), lines, "a Parquet file says what JSON lines say");
    let pages = text(&owner, "stores.pdf").await;
    for words in ["(A view) Tj", "(Mugs, \"large\") Tj", "(=SUM\\(A1\\)) Tj", "(A4) Tj"] {
        assert!(pages.contains(words), "{words}: {pages}");
    }
    let columns: Vec<String> = (0..13).map(|nth| format!("c{nth}: code")).collect();
    keep(&owner, "wide", &STORES.replace("name code", &columns.join(" "))).await;
    let (status, code, words) = refused(&owner, "wide.pdf").await;
    assert_eq!((status, code), (400, json!("LIMIT_EXCEEDED")), "{words}");
    assert!(words.contains("12 columns") && get(&owner, "wide.xlsx").await.status() == StatusCode::OK, "{words}");
    owner.must_mutate(STORE, json!({ "code": "A6", "name": "Αθήνα" })).await;
    let pages = text(&owner, "stores.pdf").await;
    assert!(pages.contains(" Td <00010002000300040005> Tj") && pages.contains("<0001> <0391>\n<0002> <03b8>"), "{pages}");
    owner.must_mutate(STORE, json!({ "code": "A7", "name": "東京" })).await;
    let (status, _, words) = refused(&owner, "stores.pdf").await;
    assert!(status == 400 && words.contains("font"), "{status}: {words}");
    assert_eq!(refused(&owner, "stores.pdf?locale=de").await.0, 400);
    let clerk = program(&owner, &["store.read"]).await;
    assert_eq!(refused(&clerk, "stores.xlsx").await.0, 403, "who may see stores, and no views");
});
