//! The API reference as a browser reads it, and its examples as a client sends them.

use std::{io::Read as _, time::Duration};

use entrepot::schema;
use flate2::read::GzDecoder;
use reference::{Example, Operation, Reference};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{
    client::{Client, Socket},
    example_answers::{Answers, may_be_refused, take_off, varying_fields},
    example_states::{Known, prepared, prepared_fields, with_days_of_now},
    language_model::LanguageModel,
    server::{Server, Site, UNLIMITED, free_address},
};
use crate::world::on_both;

async fn page(server: &Server, path: &str) -> (u16, reqwest::header::HeaderMap, String) {
    let answer = reqwest::get(format!("{}{path}", server.url())).await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    (status, headers, answer.text().await.unwrap())
}

/// A request with the current ETag gets a short response, whatever the encoding was; one with
/// another ETag gets the page, compressed on request.
async fn check_tags(server: &Server, path: &str) {
    let get = |name: &'static str, value: &str| {
        let request = reqwest::Client::new().get(format!("{}{path}", server.url())).header(name, value);
        async move { request.send().await.unwrap() }
    };
    let (_, headers, body) = page(server, path).await;
    let tag = headers["etag"].to_str().unwrap();
    assert_eq!((headers.get("content-encoding"), headers["vary"].to_str().unwrap()), (None, "accept-encoding"), "{path}");
    let known = get("if-none-match", tag).await;
    assert_eq!((known.status().as_u16(), known.headers()["etag"].to_str().unwrap()), (304, tag), "{path}");
    assert_eq!(known.text().await.unwrap(), "", "{path}");
    let other = get("if-none-match", "\"another\"").await;
    assert_eq!((other.status().as_u16(), other.text().await.unwrap()), (200, body.clone()), "{path}");
    let packed = get("accept-encoding", "gzip").await;
    let expected = ["content-encoding", "etag"].map(|name| packed.headers()[name].to_str().unwrap());
    assert_eq!(expected, ["gzip", tag], "{path}");
    let mut unpacked = String::new();
    GzDecoder::new(&*packed.bytes().await.unwrap()).read_to_string(&mut unpacked).unwrap();
    assert_eq!(unpacked, body, "{path}");
}

on_both!(the_reference_is_served_with_the_api, site: Site => {
    let server = Server::start(site).await;
    let (status, headers, index) = page(&server, "/docs").await;
    assert_eq!((status, headers["content-type"].to_str().unwrap()), (200, "text/html; charset=utf-8"));
    assert!(headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'self'"), "{headers:?}");
    for part in ["/docs/fields/Query.orders", "/docs/guides/first-query", "/docs/errors"] {
        assert!(index.contains(part), "{part}");
    }
    let (_, _, field) = page(&server, "/docs/fields/Mutation.orderCreate").await;
    for part in ["order.write", "order.created", "OrderCreateInput", "userErrors"] {
        assert!(field.contains(part), "{part}: {field}");
    }
    let (_, _, found) = page(&server, "/docs/search.json").await;
    assert!(found.contains("stockAdjust"));
    for path in ["/docs", "/docs/fields/Query.orders", "/docs/search.json", "/docs/docs.css"] {
        check_tags(&server, path).await;
    }
    for nothing in ["/docs/fields/Query.teapots", "/docs/..%2f..%2fetc%2fpasswd", "/docs/guides/%00"] {
        assert_eq!(page(&server, nothing).await.0, 404, "{nothing}");
    }
    drop(server);
    // A server without introspection does not serve the reference either.
    let server = Server::start_with(site, free_address(), &["--introspection", "false"]).await;
    assert_eq!(page(&server, "/docs").await.0, 404);
});

/// Examples that make what the others name, in the order in which they are sent. None of them may be refused.
const FIRST: [&str; 10] = [
    "storeCreate",
    "productCreate",
    "supplierCreate",
    "categoryCreate",
    "channelCreate",
    "storeGroupCreate",
    "customerCreate",
    "orderCreate",
    "legalEntityUpsert",
    "register",
];
/// Parts of the names of mutations that end the session or the tenant, or remove rows that other
/// examples use: they run last.
const LAST: [&str; 14] = [
    "session", "logout", "password", "tenant", "mfa", "device", "delete", "archive", "remove", "revoke", "cancel", "merge",
    "erase", "reverse",
];
/// Maximum number of examples that may be refused here. A run that records answers takes those that
/// succeed off their list; then lower the number.
const MAX_REFUSED: usize = 0;
/// Network of the language model that an example calls: it runs on this machine.
const THIS_MACHINE: &str = "127.0.0.0/8";
/// Mutations that end a session or a membership, after all others: if a step before them was
/// refused, it is the owner's. So `logout` comes last.
const ENDS: [&str; 6] = ["memberMfaReset", "memberRemove", "passwordChange", "sessionRevoke", "tenantLeave", "logout"];

/// Subscriptions that send nothing until an event happens, and the time for which they are
/// followed.
const SILENT: [&str; 1] = ["stockThresholdCrossed"];
const SILENCE: Duration = Duration::from_millis(500);
/// The longest that the first item of another one may take.
const FIRST_ITEM: Duration = Duration::from_secs(20);

/// Streams come after what makes that which they show, and before what removes it.
fn position(example: &Example) -> (usize, u8, usize) {
    let name = example.field.to_lowercase();
    let first = FIRST.iter().position(|field| *field == example.field).unwrap_or(FIRST.len());
    let end = ENDS.iter().position(|field| *field == example.field).map_or(0, |place| place + 1);
    let is_last = end > 0 || LAST.iter().any(|word| name.contains(word));
    let rank = match (example.operation, is_last) {
        (Operation::Query, false) => 0,
        (Operation::Query, true) => 1,
        (Operation::Mutation, false) => 2,
        (Operation::Subscription, _) => 3,
        (Operation::Mutation, true) => 4,
    };
    (first, rank, end)
}

/// The first item of a stream, none where it ends without one or is silent; then its socket is closed.
async fn followed(shop: &Client, example: &Example, variables: &Value) -> Result<Option<Value>, String> {
    let mut socket = Socket::try_open(shop).await?;
    socket.subscribe(&example.document, variables).await;
    let is_silent = SILENT.contains(&example.field.as_str());
    let heard = timeout(if is_silent { SILENCE } else { FIRST_ITEM }, socket.listen()).await;
    match heard {
        Ok(Some(mut message)) if message["type"] == "next" && message["payload"]["errors"].is_null() => {
            Ok(Some(message["payload"].take()))
        }
        Ok(Some(message)) if message["type"] == "complete" => Ok(None),
        Err(_) if is_silent => Ok(None),
        heard => Err(format!("{heard:?}")),
    }
}

/// The codes of an answer: those of errors and those of refusals.
fn codes_of(answer: &Value, field: &str) -> (Vec<String>, Vec<String>) {
    let codes = |errors: &Value, place: &str| -> Vec<String> {
        let found = errors.as_array().into_iter().flatten().filter_map(|error| error.pointer(place)?.as_str());
        found.map(str::to_owned).collect()
    };
    (codes(&answer["errors"], "/extensions/code"), codes(&answer["data"][field]["userErrors"], "/code"))
}

/// Whether a code means that the operation itself is invalid, regardless of the shop's state.
fn is_malformed(code: &str) -> bool {
    code.starts_with("GRAPHQL_") || ["INTERNAL", "BAD_REQUEST", "QUERY_TOO_COMPLEX"].contains(&code)
}

/// A second store, and enough stock in the first.
async fn stocked(shop: &Client) {
    let leeds = "mutation { result: storeCreate(input: { code: \"LEEDS\", name: \"Leeds\" }) { userErrors { code message } } }";
    let stock = "mutation { result: stockAdjust(input: { idempotencyKey: \"stocked\", kind: RECEIPT, reasonCode: \"PURCHASE\",
        changes: [{ product: { sku: \"MUG-BLUE\" }, store: { code: \"LONDON\" }, delta: 500 }] }) { userErrors { code message } } }";
    for document in [leeds, stock] {
        let answer = shop.execute(document, json!({})).await;
        assert_eq!(answer["result"]["userErrors"], json!([]), "{answer:#}");
    }
}

on_both!(every_example_of_the_reference_is_an_operation_that_the_server_takes, site: Site => {
    let mail = format!("file:{}", site.folder.join("letters").display());
    let further = ["--mail", &mail, "--webhooks-allow", THIS_MACHINE];
    let server = Server::start_with(site, free_address(), &[&UNLIMITED[..], &further].concat()).await;
    let model = LanguageModel::start().await;
    // Registered under a unique name, which answers show.
    let shop = Client::register(&server.url(), "pottery-shop").await;
    let reference = Reference::new(&schema::sdl(), &[]).unwrap();
    let mut examples: Vec<_> = reference.examples().collect();
    examples.sort_by_key(position);
    assert!(examples.len() > 200, "{}", examples.len());
    let listed = may_be_refused();
    assert_eq!(listed.len(), MAX_REFUSED, "the list only gets shorter, and the number with it: {listed:?}");
    let names: Vec<&str> = examples.iter().map(|example| example.field.as_str()).collect();
    assert!(prepared_fields().iter().all(|field| names.contains(field)), "{:?}", prepared_fields());
    assert!(varying_fields().iter().all(|field| names.contains(field)), "{:?}", varying_fields());
    let (mut wrong, mut succeeded, mut known, mut number) = (Vec::new(), Vec::new(), Known::with_model(&model.url), 0);
    let mut answers = Answers::default();
    for (index, example) in examples.iter().enumerate() {
        // After the first store and product there is stock for the rest.
        if index == 2 {
            stocked(&shop).await;
        }
        let before = prepared(&shop, site, &example.field, &known, &mut number).await;
        let state = before.as_ref().unwrap_or(&known);
        let (caller, variables) = (state.caller(&shop), state.fill(&example.variables));
        let variables = with_days_of_now(serde_json::from_str(&variables).unwrap());
        if example.operation == Operation::Subscription {
            match followed(&shop, example, &variables).await {
                Ok(Some(item)) => answers.record(example, &variables, &item),
                Ok(None) => answers.record_silence(example),
                Err(why) => {
                    wrong.push(format!("{}: {why}", example.field));
                    continue;
                }
            }
            succeeded.push(example.field.as_str());
            continue;
        }
        if let Some(dry_run) = &example.dry_run {
            let tried = caller.send(&dry_run.document, &variables).await.unwrap_or_else(Value::String);
            if tried.is_string() || codes_of(&tried, &example.field).0.iter().any(|code| is_malformed(code)) {
                wrong.push(format!("{}, as a dry run: {tried}", example.field));
            }
            answers.record_dry_run(example, &variables, &tried);
        }
        let answer = caller.send(&example.document, &variables).await.unwrap_or_else(Value::String);
        let (errors, refusals) = codes_of(&answer, &example.field);
        let listed_codes = reference.refusals(&example.field);
        let unknown = refusals.iter().find(|code| !listed_codes.contains(&code.as_str()));
        let is_refused = !errors.is_empty() || !refusals.is_empty();
        let is_malformed = errors.iter().any(|code| is_malformed(code));
        if answer.is_string() || is_malformed || (is_refused && !listed.contains(&example.field.as_str())) {
            wrong.push(format!("{}: {answer}, before: {:?}", example.field, before.err()));
        } else if let Some(code) = unknown {
            wrong.push(format!("{}: {code} is not on its page (scripts/codegen/refusals.mjs): {answer}", example.field));
        } else if !is_refused {
            succeeded.push(example.field.as_str());
        }
        answers.record(example, &variables, &answer);
        known.keep(&answer["data"]);
    }
    let stale: Vec<_> = listed.iter().filter(|field| succeeded.contains(*field)).collect();
    println!("{} of {} examples succeed; no longer refused, so to be taken off may_be_refused.txt: {stale:?}", succeeded.len(), examples.len());
    assert!(wrong.is_empty(), "{} examples are not taken: {wrong:#?}", wrong.len());
    take_off(site, &succeeded);
    answers.check(site);
});
