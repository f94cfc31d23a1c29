//! Descriptions of products that a language model of the company's choice proposes, and a person accepts.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Response},
};
use entrepot::access::Cidr;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::Semaphore, task::JoinHandle};

use super::shop::Shop;
use crate::{
    authorization::world::World,
    purchasing::office::{accepted, key, refused},
    world::on_both,
};

on_both!(a_language_model_proposes_what_a_person_accepts, a_language_model_that_never_answers_is_given_up);

const SET: &str = "mutation($input: ProductDescriptionEndpointSetInput!) { productDescriptionEndpointSet(input: $input) {
    endpoint { url model hasSecretKey isEnabled maxTokens callsPerDay callsToday version } userErrors { code message field } } }";
const ENDPOINT: &str = "{ productDescriptionEndpoint { url hasSecretKey isEnabled callsToday version } }";
const PROMPT: &str = "query($id: ID!) { productDescriptionPrompt(productId: $id) { host body } }";
const PROMPT_BY_SKU: &str = "query($sku: String!) { productDescriptionPrompt(product: { sku: $sku }) { host body } }";
const PROPOSE: &str = "mutation($input: ProductDescriptionProposeInput!) { productDescriptionPropose(input: $input) {
    proposal isCut failure userErrors { code message field } } }";
const ACCEPT: &str = "mutation($input: ProductTextAcceptInput!) { productTextAccept(input: $input) {
    products { description version } userErrors { code message field } } }";
const CHANGES: &str = "query($id: ID!) { history(nodeId: $id, kinds: [CHANGE]) { nodes { fields { path before after } } } }";
const SECRET: &str = "sk-of-the-company-1";

/// Reply of the model.
#[derive(Debug, Clone, Copy)]
enum Reply {
    Completion(&'static str),
    Raw(&'static str),
    Status(u16),
    Endless,
    /// A completion that is delayed until a permit is added.
    Held,
}

#[derive(Clone)]
struct Shared {
    reply: Arc<Mutex<Reply>>,
    /// Authorization and body of each request.
    asked: Arc<Mutex<Vec<(String, String)>>>,
    /// A permit for each held reply that is released.
    held: Arc<Semaphore>,
}

/// A language model of this machine.
struct Model {
    url: String,
    shared: Shared,
    task: JoinHandle<()>,
}

impl Model {
    async fn begin() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1/chat/completions", listener.local_addr().unwrap());
        let reply_now = Arc::new(Mutex::new(Reply::Completion("A blue mug.")));
        let shared = Shared { reply: reply_now, asked: Arc::default(), held: Arc::new(Semaphore::new(0)) };
        let router = Router::new().fallback(reply).with_state(shared.clone());
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, shared, task }
    }
    fn replies(&self, reply: Reply) {
        *self.shared.reply.lock().unwrap() = reply;
    }
    fn read_requests(&self) -> Vec<(String, String)> {
        self.shared.asked.lock().unwrap().clone()
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn reply(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let authorization = headers.get("authorization").map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    shared.asked.lock().unwrap().push((authorization, String::from_utf8(body.to_vec()).unwrap()));
    let reply = *shared.reply.lock().unwrap();
    let with = |status: u16, body: Body| Response::builder().status(status).body(body).unwrap();
    let completion = |text: &str| {
        let choice = json!({ "message": { "role": "assistant", "content": text }, "finish_reason": "stop" });
        with(200, Body::from(json!({ "choices": [choice] }).to_string()))
    };
    match reply {
        Reply::Completion(text) => completion(text),
        Reply::Held => {
            shared.held.acquire().await.unwrap().forget();
            completion("A late mug.")
        }
        Reply::Raw(text) => with(200, Body::from(text)),
        Reply::Status(status) => with(status, Body::from("no")),
        Reply::Endless => {
            let chunks = futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from_static(&[b'x'; 65_536])));
            with(200, Body::from_stream(chunks))
        }
    }
}

impl Shop<'_> {
    async fn set(&self, input: Value) -> Value {
        self.execute(SET, json!({ "input": input })).await["productDescriptionEndpointSet"].clone()
    }
    async fn propose(&self, product: &Value) -> Value {
        let input = json!({ "product": { "id": product["id"] } });
        self.execute(PROPOSE, json!({ "input": input })).await["productDescriptionPropose"].clone()
    }

    /// Four requests run at once; a fifth is refused, and neither sent nor counted.
    async fn fifth_is_refused(&self, model: &Model, product: &Value) {
        model.replies(Reply::Held);
        let before = model.read_requests().len();
        let slow = futures_util::future::join_all((0..4).map(|_| self.propose(product)));
        let fifth = async {
            for _ in 0..500 {
                if model.read_requests().len() == before + 4 {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            let fifth = self.propose(product).await;
            model.shared.held.add_permits(4);
            fifth
        };
        let (slow, fifth) = tokio::join!(slow, fifth);
        assert_eq!((&fifth["failure"], &fifth["userErrors"][0]["code"]), (&json!("BUSY"), &json!("INVALID_STATE")), "{fifth:#}");
        assert!(slow.iter().all(|payload| payload["proposal"] == "A late mug."), "{slow:#?}");
        assert_eq!(model.read_requests().len(), before + 4);
    }

    /// The endpoint's newest change in the audit log: names of fields, before and after.
    async fn changed(&self, world: &World) -> Vec<(String, Value, Value)> {
        let log = self.execute(CHANGES, json!({ "id": world.ours.ids["ten"] })).await;
        let fields = log["history"]["nodes"][0]["fields"].as_array().unwrap_or_else(|| panic!("{log:#}"));
        let name = |field: &Value| field["path"].as_str().unwrap().replace("productDescriptionEndpoint.", "");
        fields.iter().map(|field| (name(field), field["before"].clone(), field["after"].clone())).collect()
    }
}

fn field(name: &str, before: Value, after: Value) -> (String, Value, Value) {
    (name.to_owned(), before, after)
}

async fn a_language_model_proposes_what_a_person_accepts(world: &World) {
    let (shop, model) = (Shop::of(world).await, Model::begin().await);
    let mug = shop.product("Dragonfly mug", Some(&shop.mugs)).await;
    let code = |payload: &Value| payload["userErrors"][0]["code"].clone();
    let prompt = async || shop.execute(PROMPT, json!({ "id": mug["id"] })).await["productDescriptionPrompt"].clone();
    assert_eq!((code(&shop.propose(&mug).await), prompt().await), (json!("INVALID_STATE"), Value::Null), "none is set");
    let off = json!({ "url": model.url, "model": "small", "secretKey": SECRET, "callsPerDay": 9 });
    refused(&shop.set(off.clone()).await, "INVALID", "input.url");
    world.node.webhooks.open_networks(vec![Cidr::parse("127.0.0.0/8").unwrap()]);
    let kept_by_no_database = json!({ "url": format!("{}\0", model.url), "model": "small" });
    refused(&shop.set(kept_by_no_database).await, "INVALID", "input.url");
    let endpoint = accepted(&shop.set(off.clone()).await, "endpoint").clone();
    assert_eq!((&endpoint["isEnabled"], &endpoint["hasSecretKey"]), (&json!(false), &json!(true)), "off by default");
    // The audit log has each change, without the address's path and without the key.
    let origin = model.url.strip_suffix("/v1/chat/completions").unwrap();
    let first = shop.changed(world).await;
    assert_eq!((&first[0], first.len()), (&field("origin", Value::Null, json!(origin)), 6), "{first:#?}");
    assert_eq!(first[2], field("secretKey", Value::Null, json!("SET")), "{first:#?}");
    assert_eq!((code(&shop.propose(&mug).await), model.read_requests().len()), (json!("INVALID_STATE"), 0), "nothing is sent");
    let on = json!({ "url": model.url, "model": "small", "isEnabled": true, "callsPerDay": 9 });
    let endpoint = accepted(&shop.set(on.clone()).await, "endpoint").clone();
    assert_eq!((&endpoint["hasSecretKey"], &endpoint["version"]), (&json!(true), &json!(2)), "the key is kept");
    assert_eq!(shop.changed(world).await, [field("isEnabled", json!(false), json!(true))]);
    // The prompt that is shown is the one that is sent.
    let shown = prompt().await;
    let sku = shop.named("Dragonfly mug").await["sku"].clone();
    assert_eq!(shop.execute(PROMPT_BY_SKU, json!({ "sku": sku })).await["productDescriptionPrompt"], shown);
    let requested_input = json!({ "input": { "idempotencyKey": key(), "product": { "id": mug["id"] } } });
    let proposed = shop.execute(PROPOSE, requested_input.clone()).await["productDescriptionPropose"].clone();
    let again = shop.execute(PROPOSE, requested_input).await["productDescriptionPropose"].clone();
    assert_eq!(again["proposal"], proposed["proposal"], "it is not asked, and paid for, again: {again:#}");
    assert_eq!((accepted(&proposed, "proposal"), &proposed["isCut"]), (&json!("A blue mug."), &json!(false)));
    let body = shown["body"].as_str().unwrap().to_owned();
    assert_eq!((&shown["host"], model.read_requests()), (&json!("127.0.0.1"), vec![(format!("Bearer {SECRET}"), body.clone())]));
    assert!(body.contains("Dragonfly mug") && body.contains("Mugs") && !body.contains("SKU-"), "{body}");
    // A member accepts it, by the catalogue's usual mutation.
    let lines = json!([{ "productId": mug["id"], "description": proposed["proposal"], "expectedVersion": 1 }]);
    let input = json!({ "idempotencyKey": key(), "descriptions": lines });
    let payload = shop.execute(ACCEPT, json!({ "input": input })).await["productTextAccept"].clone();
    assert_eq!(accepted(&payload, "products")[0], json!({ "description": "A blue mug.", "version": 2 }));
    shop.fifth_is_refused(&model, &mug).await;
    // Any other reply of the model is reported as a failure, and changes nothing.
    for (reply, failure) in [
        (Reply::Raw("<html>"), "NONSENSE"),
        (Reply::Completion(" "), "EMPTY"),
        (Reply::Status(500), "BAD_STATUS"),
        (Reply::Endless, "TOO_LARGE"),
    ] {
        model.replies(reply);
        let payload = shop.propose(&mug).await;
        assert_eq!((&payload["failure"], code(&payload)), (&json!(failure), json!("INVALID_STATE")), "{payload:#}");
        assert_eq!(payload["proposal"], Value::Null, "{payload:#}");
    }
    assert_eq!((code(&shop.propose(&mug).await), model.read_requests().len()), (json!("LIMIT_EXCEEDED"), 9), "nine calls a day");
    let answer = shop.execute(ENDPOINT, json!({})).await;
    assert_eq!(answer["productDescriptionEndpoint"]["callsToday"], 9, "{answer:#}");
    assert_eq!(shop.named("Dragonfly mug").await["version"], 2);
    let renewed = json!({ "url": model.url, "model": "small", "isEnabled": true, "callsPerDay": 9, "secretKey": "sk-2" });
    accepted(&shop.set(renewed).await, "endpoint");
    assert_eq!(shop.changed(world).await, [field("secretKey", json!("SET"), json!("REPLACED"))]);
    // Another address is not handed the key.
    let other = json!({ "url": "http://127.0.0.1:9/v1/chat/completions", "model": "small" });
    assert_eq!(accepted(&shop.set(other).await, "endpoint")["hasSecretKey"], false);
    let last = shop.changed(world).await;
    assert_eq!(last[0], field("origin", json!(origin), json!("http://127.0.0.1:9")), "{last:#?}");
    assert_eq!(last[1], field("secretKey", json!("SET"), Value::Null), "{last:#?}");
    let dump = world.dump(world.ours.owner.tenant).await.join("\n").to_lowercase();
    let hex: String = SECRET.bytes().map(|byte| format!("{byte:02x}")).collect();
    assert!(!dump.contains(SECRET) && !dump.contains(&hex), "a key is kept nowhere in the clear");
    shop.office.is_sound().await;
}

async fn a_language_model_that_never_answers_is_given_up(world: &World) {
    let (shop, model) = (Shop::of(world).await, Model::begin().await);
    let mug = shop.product("Dragonfly mug", Some(&shop.mugs)).await;
    world.node.webhooks.open_networks(vec![Cidr::parse("127.0.0.0/8").unwrap()]);
    accepted(&shop.set(json!({ "url": model.url, "model": "small", "isEnabled": true, "callsPerDay": 9 })).await, "endpoint");
    model.replies(Reply::Held);
    let payload = tokio::time::timeout(Duration::from_secs(20), shop.propose(&mug)).await.unwrap();
    let code = &payload["userErrors"][0]["code"];
    assert_eq!((&payload["failure"], code, &payload["proposal"]), (&json!("TOO_SLOW"), &json!("INVALID_STATE"), &Value::Null));
    // The failed call affects neither the product nor the next call, but it counts as a call.
    model.replies(Reply::Completion("A blue mug."));
    assert_eq!(accepted(&shop.propose(&mug).await, "proposal"), "A blue mug.");
    assert_eq!(shop.execute(ENDPOINT, json!({})).await["productDescriptionEndpoint"]["callsToday"], 2);
    assert_eq!(shop.named("Dragonfly mug").await["version"], 1);
    shop.office.is_sound().await;
}
