//! Hostile documents, each against a real node with little memory and little time. The decisions of
//! the guard are tested in the front's tests; here a node has to answer, and to keep running.

use std::{fmt::Write as _, fs, time::Duration};

use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use super::{
    server::{Environment, Server, Site, UNLIMITED, free_address},
    shop::Shop,
};
use crate::world::on_both;

/// Address space of the node, in KiB, and the maximum growth of its memory while it answers.
const MEMORY: u64 = 2 << 20;
const GROWTH_KIB: u64 = 256 << 10;
/// For one document: unoptimised code on a shared machine. The promise is ten seconds.
const PATIENCE: Duration = Duration::from_secs(10);
/// The largest answer.
const ANSWER: usize = 8 << 20;

/// A document, and its variables.
struct Hostile(&'static str, String, Value);

fn many(count: usize, one: impl Fn(usize) -> String) -> String {
    (0..count).fold(String::new(), |mut all, number| {
        write!(all, "{} ", one(number)).unwrap();
        all
    })
}

fn nested(open: &str, times: usize, leaf: &str, close: &str) -> String {
    format!("{}{leaf}{}", open.repeat(times), close.repeat(times))
}

fn introspection() -> Vec<Hostile> {
    let plain = |name, text: String| Hostile(name, text, json!({}));
    let pairs = |times| nested("interfaces { possibleTypes { ", times, "name", "} } ");
    let mut all: Vec<Hostile> =
        (1..=6).map(|times| plain("pairs", format!("{{ __type(name: \"Order\") {{ {} }} }}", pairs(times)))).collect();
    all.extend([
        plain("from Node", format!("{{ __type(name: \"Node\") {{ {} }} }}", nested("possibleTypes { interfaces { ", 4, "name", "} } "))),
        plain("all types", format!("{{ __schema {{ types {{ {} }} }} }}", pairs(2))),
        plain("fields of fields", format!("{{ __schema {{ types {{ {} }} }} }}", nested("fields { type { ", 5, "name", "} } "))),
        plain("arguments", format!("{{ __schema {{ types {{ fields {{ args {{ type {{ {} }} }} }} }} }} }}", nested("inputFields { type { ", 3, "name", "} } "))),
        plain("aliases", format!("{{ __schema {{ {} }} }}", many(29, |n| format!("a{n}: types {{ name description fields {{ name description args {{ name description }} }} }}")))),
        plain("roots", format!("{{ {} }}", many(10, |n| format!("a{n}: __schema {{ types {{ fields(includeDeprecated: true) {{ name description }} }} }}")))),
        plain("same field again", format!("{{ __schema {{ {} }} }}", "types { name fields { name type { name } } } ".repeat(100))),
        plain("fragments", format!("{{ __schema {{ types {{ ...F0 }} }} }} {} fragment F8 on __Type {{ name }}", many(8, |n| format!("fragment F{n} on __Type {{ possibleTypes {{ ...F{next} }} interfaces {{ ...F{next} }} }}", next = n + 1)))),
        plain("fragment cycle", "{ __schema { types { ...A } } } fragment A on __Type { possibleTypes { ...B } } fragment B on __Type { interfaces { ...A } }".to_owned()),
        plain("of type", format!("{{ __schema {{ types {{ fields {{ type {{ {} }} }} }} }} }}", nested("ofType { ", 40, "name", "} "))),
        plain("beside data", format!("{{ products(first: 1) {{ nodes {{ id }} }} __type(name: \"Order\") {{ {} }} }}", pairs(2))),
        plain("on a mutation", format!("mutation {{ __type(name: \"Order\") {{ {} }} }}", pairs(2))),
        plain("on a subscription", format!("subscription {{ __type(name: \"Order\") {{ {} }} }}", pairs(2))),
        plain("long name", format!("{{ __type(name: \"{}\") {{ name }} }}", "x".repeat(500_000))),
        Hostile("switched on", "query($y: Boolean!) { __schema { types { possibleTypes @include(if: $y) { interfaces @skip(if: $y) { possibleTypes { name } } } } } }".to_owned(), json!({ "y": true })),
        Hostile("name by variable", "query($n: String!) { __type(name: $n) { possibleTypes { interfaces { name } } } }".to_owned(), json!({ "n": "Node" })),
        Hostile("name is a list", "query($n: String!) { __type(name: $n) { name } }".to_owned(), json!({ "n": ["Node"] })),
    ]);
    all
}

fn fragments() -> Vec<Hostile> {
    let plain = |name, text: String| Hostile(name, text, json!({}));
    let doubling = |levels: usize, on: &str, leaf: &str| {
        let chain = many(levels, |n| format!("fragment F{n} on {on} {{ ...F{next} ...F{next} }}", next = n + 1));
        format!("{chain} fragment F{levels} on {on} {{ {leaf} }}")
    };
    vec![
        plain("doubling", format!("{{ ...F0 }} {}", doubling(25, "Query", "__typename"))),
        plain(
            "doubling in a page",
            format!("{{ products(first: 250) {{ nodes {{ ...F0 }} }} }} {}", doubling(9, "Product", "name")),
        ),
        plain("doubling, unused", format!("{{ __typename }} {}", doubling(30, "Query", "__typename"))),
        plain(
            "a thousand in a chain",
            format!(
                "{{ ...F0 }} {} fragment F999 on Query {{ __typename }}",
                many(999, |n| format!("fragment F{n} on Query {{ ...F{} }}", n + 1))
            ),
        ),
        plain("a thousand spreads", format!("{{ {} }} fragment F on Query {{ __typename }}", "...F ".repeat(5_000))),
        plain("inline within inline", format!("{{ {} }}", nested("... on Query { ", 60, "__typename", "} "))),
        plain(
            "cycle",
            "{ ...A } fragment A on Query { ...B } fragment B on Query { ...C } fragment C on Query { ...A ...A }".to_owned(),
        ),
        plain(
            "overlapping",
            format!(
                "{{ {} }}",
                many(30, |n| format!("... on Query {{ a{n}: products(first: 2) {{ nodes {{ {} }} }} }}", "name sku ".repeat(10)))
            ),
        ),
        plain(
            "wide conflicts",
            format!("{{ products(first: 1) {{ nodes {{ {} }} }} }}", many(300, |n| format!("...G{n}")))
                + many(300, |n| format!("fragment G{n} on Product {{ x: sku stock {{ onHand }} }}")).as_str(),
        ),
    ]
}

fn variables_and_directives() -> Vec<Hostile> {
    let plain = |name, text: String| Hostile(name, text, json!({}));
    let declared = many(100, |n| format!("$v{n}: [StoreRef!]"));
    let deep = (0..100).fold(json!(1), |inner, _| json!([inner]));
    let wide: serde_json::Map<String, Value> = (0..20_000).map(|n| (format!("v{n}"), json!(n))).collect();
    let refs: Vec<Value> = (0..20_000).map(|n| json!({ "code": format!("S{n}") })).collect();
    vec![
        Hostile("unknown ones", "{ __typename }".to_owned(), Value::Object(wide)),
        Hostile("deep lists", "query($v: [[Int]]) { __typename @skip(if: false) }".to_owned(), json!({ "v": deep })),
        Hostile(
            "a long list",
            "query($s: [StoreRef!]) { products(first: 10) { nodes { stock(stores: $s) { onHand } } } }".to_owned(),
            json!({ "s": refs }),
        ),
        plain(
            "a hundred lists",
            format!(
                "query({declared}) {{ {} }}",
                many(9, |n| format!("a{n}: products(first: 250) {{ nodes {{ stock(stores: $v{n}) {{ onHand }} }} }}"))
            ),
        ),
        plain("nested types", format!("query($v: {}Int{}) {{ __typename }}", "[".repeat(60), "]".repeat(60))),
        plain("a list literal", format!("{{ nodes(ids: [{}]) {{ id }} }}", many(9_000, |_| "1".to_owned()))),
        plain("an object literal", format!("{{ products(filter: {}) {{ nodes {{ id }} }} }}", nested("{ a: ", 60, "1", " }"))),
        plain("a block string", format!("{{ product(by: {{ sku: \"\"\"{}\"\"\" }}) {{ id }} }}", "\\n  x".repeat(100_000))),
        plain("escapes", format!("{{ product(by: {{ sku: \"{}\" }}) {{ id }} }}", "\\u0041".repeat(80_000))),
        plain("a long number", format!("{{ products(first: {}) {{ nodes {{ id }} }} }}", "9".repeat(100_000))),
        plain("directives", format!("{{ __typename {} }}", "@include(if: true) ".repeat(1_000))),
        plain(
            "directives everywhere",
            format!("{{ {} }}", many(40, |_| format!("__typename {}", "@skip(if: false) ".repeat(20)))),
        ),
        plain(
            "unknown directives",
            format!("{{ __typename {} }}", many(19, |n| format!("@d{n}(a: {})", nested("[", 20, "1", "]")))),
        ),
        plain("our own mark", "{ products(first: 2) { nodes { name @entrepotObject } } }".to_owned()),
    ]
}

fn unions_and_pages() -> Vec<Hostile> {
    let plain = |name, text: String| Hostile(name, text, json!({}));
    let kinds =
        ["Product", "Store", "Order", "Return", "Transfer", "StockMovement", "StockLevel", "Category", "Supplier", "Customer"];
    let each = |inside: &str| kinds.map(|kind| format!("... on {kind} {{ {inside} }} ")).concat();
    vec![
        plain("every type of an id", format!("query {{ nodes(ids: []) {{ {} }} }}", each("id __typename"))),
        plain("types in types", format!("{{ nodes(ids: []) {{ {} }} }}", each(&each("id")))),
        plain("errors' union", format!("mutation {{ passwordResetRequest(email: \"a@b.example\") {{ userErrors {{ {} }} }} }}", "... on InsufficientStock { available level { product { stock { onHand } } } } ".repeat(20))),
        plain("pages in pages", "{ stores(first: 250) { nodes { stockLevels(first: 250) { nodes { product { stock { store { stockLevels(first: 250) { nodes { id } } } } } } } } } }".to_owned()),
        plain("the largest page", "{ products(first: 250) { nodes { id name stock { onHand available store { id name code } } category { id path { id name } } barcodes { __typename } } } }".to_owned()),
        plain("round and round", format!("{{ products(first: 250) {{ nodes {{ category {{ {} }} }} }} }}", nested("children { path { ", 4, "id", "} } "))),
        plain("there and back", format!("{{ orders(first: 250) {{ nodes {{ lines {{ {} }} }} }} }}", nested("order { lines { ", 4, "id", "} } "))),
        plain("too many", format!("{{ {} }}", many(10_000, |n| format!("a{n}: __typename")))),
        plain("brackets", format!("{{ nodes(ids: {}", "[".repeat(300_000))),
        plain("braces", "{ node ".repeat(100_000)),
        plain("comments", format!("{{ __typename }}{}", "#\n".repeat(300_000))),
        plain("commas", format!("{{ __typename {} }}", ",".repeat(900_000))),
        plain("names", format!("{{ {} }}", many(300, |n| format!("{}{n}", "n".repeat(3_000))))),
        plain("operations", many(2_000, |n| format!("query Q{n} {{ __typename }}"))),
    ]
}

/// The most that a process has held, in KiB.
fn peak(server: &Server) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap().to_owned();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

on_both!(no_document_is_too_much_for_a_node_with_little_memory, site: Site => {
    let environment = Environment { memory: Some(MEMORY), ..Environment::default() };
    let server = Server::start_in(site, free_address(), &UNLIMITED, &environment).await;
    let shop = Shop::open(server.tenant().await, 2, 20, 5).await;
    let http = reqwest::Client::new();
    let send = async |query: &str, variables: &Value, token: Option<&str>| {
        let request = http.post(format!("{}/graphql", server.url())).json(&json!({ "query": query, "variables": variables }));
        let request = if let Some(token) = token { request.bearer_auth(token) } else { request };
        let response = request.header("accept", "application/graphql-response+json").send().await.map_err(|error| error.to_string())?;
        let status = response.status().as_u16();
        response.bytes().await.map(|bytes| (status, bytes)).map_err(|error| error.to_string())
    };
    // The schema is read once, whose memory is not counted.
    send("{ __schema { types { name } } }", &json!({}), None).await.unwrap();
    let before = peak(&server);
    let corpus = [introspection(), fragments(), variables_and_directives(), unions_and_pages()];
    let mut slowest = (Duration::ZERO, "");
    for Hostile(name, query, variables) in corpus.iter().flatten() {
        for token in [None, Some(shop.client.token.as_str())] {
            let started_at = Instant::now();
            let answer = timeout(PATIENCE, send(query, variables, token)).await;
            let (status, body) = answer.unwrap_or_else(|_| panic!("{name}: no answer in {PATIENCE:?}")).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(status < 500, "{name}: {status} {}", String::from_utf8_lossy(&body[..body.len().min(500)]));
            assert!(body.len() <= ANSWER, "{name}: {} bytes", body.len());
            let body: Value = serde_json::from_slice(&body).unwrap_or_else(|_| panic!("{name}: no JSON"));
            assert!(status == 200 || body["errors"][0]["extensions"]["code"].is_string(), "{name}: {body}");
            slowest = slowest.max((started_at.elapsed(), name));
        }
    }
    let (grown, count) = (peak(&server) - before, corpus.iter().flatten().count());
    println!("{count} documents, slowest {slowest:?}, {} MiB more than the {} MiB before", grown >> 10, before >> 10);
    assert!(grown < GROWTH_KIB, "{} MiB", grown >> 10);
    // Many at once, and the probe beside them.
    let bombs: Vec<String> = introspection().into_iter().map(|Hostile(_, query, _)| query).collect();
    let all = futures_util::future::join_all(bombs.iter().map(|query| send(query, &Value::Null, None)));
    let probe = async {
        let started_at = Instant::now();
        let alive = http.get(format!("{}/livez", server.url())).send().await.unwrap().status().as_u16();
        (alive, started_at.elapsed())
    };
    let (answers, (alive, after)) = futures_util::future::join(all, probe).await;
    assert!(answers.iter().all(|answer| answer.as_ref().is_ok_and(|(status, _)| *status < 500)));
    assert!(alive == 200 && after < Duration::from_secs(3), "{alive} after {after:?}");
    assert!(shop.client.execute("{ products(first: 1) { nodes { sku } } }", json!({})).await["products"]["nodes"][0]["sku"].is_string());
});

// A client that sends its last token with everything can still sign in.
on_both!(an_old_token_is_ignored_where_nobody_needs_one, site: Site => {
    let server = Server::start(site).await;
    let shop = server.tenant().await;
    let http = reqwest::Client::new();
    let old = format!("{}x", shop.token);
    let send = async |query: &str, token: &str| {
        let request = http.post(format!("{}/graphql", server.url())).bearer_auth(token).json(&json!({ "query": query }));
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        answer
    };
    let login = "mutation { result: login(email: \"nobody@shop.example\", password: \"three mugs on a shelf\") { userErrors { code } } }";
    for token in [old.as_str(), "nonsense", "epk_live_nothing"] {
        let answer = send(login, token).await;
        assert_eq!(answer["data"]["result"]["userErrors"][0]["code"], "INVALID_CREDENTIALS", "{token}");
        assert_eq!(answer["extensions"]["entrepot"]["tokenIgnored"], true, "{answer}");
        let reset = send("mutation { passwordResetRequest(email: \"nobody@shop.example\") { userErrors { code } } }", token).await;
        assert_eq!(reset["data"]["passwordResetRequest"]["userErrors"], json!([]), "{reset}");
        let judged = send("{ viewer { permissions { __typename } } }", token).await;
        assert_eq!(judged["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{judged}");
    }
});
