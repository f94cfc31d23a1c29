//! Cost and latency of subscribers. `bench/live.sh` calls it: `live SCENARIO` with a node at
//! ENTREPOT_URL, a token in ENTREPOT_TOKEN, the ids of `load.py` in ENTREPOT_BENCH_DATA. Prints one
//! line of JSON.

#![expect(clippy::expect_used, reason = "a measurement that goes wrong ends")]
#![expect(clippy::cast_precision_loss, reason = "figures for people")]

use std::{
    collections::HashMap,
    env, fs,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use entrepot::clock::Clock;
use futures_util::{SinkExt, StreamExt, stream};
use serde_json::{Value, json};
use tokio::{
    net::TcpStream,
    sync::mpsc,
    time::{MissedTickBehavior, interval, sleep, timeout},
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{Message, client::IntoClientRequest, protocol::WebSocketConfig},
};

const WATCH: &str = "subscription($f: StockFilter, $a: Cursor) { stockChanged(filter: $f, after: $a) { phase reset cursor
    changes { level { version product { id } store { id } } entries { note } } } }";
const ADJUST: &str = "mutation($i: StockAdjustInput!) { stockAdjust(input: $i) { seq userErrors { code message } } }";

struct Bench {
    http: reqwest::Client,
    url: String,
    token: String,
    products: Vec<String>,
    store: String,
    run: u128,
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

fn micros() -> u64 {
    u64::try_from(Clock::system().now().micros()).unwrap_or_default()
}

impl Bench {
    fn from_env() -> Self {
        let var = |name: &str| env::var(name).unwrap_or_else(|_| panic!("{name} is not set: call bench/live.sh"));
        let ids = |file: &str| -> Vec<String> {
            let path = format!("{}/{file}.txt", var("ENTREPOT_BENCH_DATA"));
            fs::read_to_string(&path).unwrap_or_else(|err| panic!("{path}: {err}")).lines().map(str::to_owned).collect()
        };
        Self {
            http: reqwest::Client::new(),
            url: var("ENTREPOT_URL"),
            token: var("ENTREPOT_TOKEN"),
            products: ids("products"),
            store: ids("stores").swap_remove(0),
            run: u128::from(micros()),
        }
    }

    async fn ask(&self, query: &str, variables: Value) -> Value {
        let request = self.http.post(format!("{}/graphql", self.url)).bearer_auth(&self.token);
        let answer = request.json(&json!({ "query": query, "variables": variables })).send().await.expect("the node answers");
        let mut answer: Value = answer.json().await.expect("JSON");
        assert!(answer["errors"].is_null(), "{answer}");
        answer["data"].take()
    }

    fn filter(&self, products: &[usize]) -> Value {
        let ids: Vec<&String> = products.iter().map(|index| &self.products[*index]).collect();
        if ids.is_empty() { Value::Null } else { json!({ "product": { "in": ids } }) }
    }

    /// The present head, for a stream of this filter.
    async fn cursor(&self, filter: &Value) -> String {
        let query = "query($f: StockFilter) { stockLevels(first: 1, filter: $f) { streamCursor } }";
        let data = self.ask(query, json!({ "f": filter })).await;
        data["stockLevels"]["streamCursor"].as_str().expect("a cursor").to_owned()
    }

    /// Adjusts a product by one unit; the note is the time of the request, in microseconds.
    async fn adjust(&self, product: usize, number: u64) {
        let input = json!({ "idempotencyKey": format!("live-{}-{number}", self.run), "reasonCode": "CORRECTION",
            "changes": [{ "product": { "id": self.products[product] }, "store": { "id": self.store }, "delta": 1, "note": format!("at {}", micros()) }] });
        let data = self.ask(ADJUST, json!({ "i": input })).await;
        assert_eq!(data["stockAdjust"]["userErrors"], json!([]), "{data}");
    }

    async fn watch(&self, filter: &Value, after: &str) -> Socket {
        let mut request = format!("{}/graphql", self.url.replacen("http", "ws", 1)).into_client_request().expect("an address");
        request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().expect("a header"));
        let config = WebSocketConfig::default().read_buffer_size(8 << 10);
        let (mut socket, _) = tokio_tungstenite::connect_async_with_config(request, Some(config), true).await.expect("a socket");
        let init = json!({ "type": "connection_init", "payload": { "authorization": format!("Bearer {}", self.token) } });
        socket.send(Message::text(init.to_string())).await.expect("sent");
        let payload = json!({ "query": WATCH, "variables": { "f": filter, "a": after } });
        let subscribe = json!({ "id": "1", "type": "subscribe", "payload": payload });
        socket.send(Message::text(subscribe.to_string())).await.expect("sent");
        let ack = socket.next().await.expect("an answer").expect("an answer").into_text().expect("text").to_string();
        assert!(ack.contains("connection_ack"), "{ack}");
        socket
    }

    /// Opens many subscriptions, each to products of its own, all after the present head.
    async fn crowd(self: &Arc<Self>, wishes: Vec<Vec<usize>>) -> Vec<Socket> {
        let opened = stream::iter(wishes).map(|wish| {
            let bench = self.clone();
            async move {
                let filter = bench.filter(&wish);
                let after = bench.cursor(&filter).await;
                bench.watch(&filter, &after).await
            }
        });
        let sockets: Vec<Socket> = opened.buffered(32).collect().await;
        sleep(Duration::from_secs(2)).await;
        sockets
    }
}

/// Changes that one subscriber received.
#[derive(Default)]
struct Heard {
    changes: u64,
    /// From asking for a change to having it, in microseconds.
    lags: Vec<u64>,
    /// Versions of levels that did not come one after the other.
    gaps: u64,
    versions: HashMap<String, i64>,
}

impl Heard {
    fn take(&mut self, text: &str) {
        let now = micros();
        let item: Value = serde_json::from_str(text).expect("JSON");
        if item["type"] == "ping" {
            return;
        }
        let update = &item["payload"]["data"]["stockChanged"];
        assert!(update["reset"].is_null() && item["type"] == "next", "{item}");
        for change in update["changes"].as_array().into_iter().flatten() {
            self.changes += 1;
            let sent = change["entries"][0]["note"].as_str().and_then(|note| note.strip_prefix("at ")?.parse::<u64>().ok());
            self.lags.extend(sent.map(|sent| now.saturating_sub(sent)));
            let version = change["level"]["version"].as_i64().unwrap_or_default();
            let level = format!("{}{}", change["level"]["product"]["id"], change["level"]["store"]["id"]);
            if self.versions.insert(level, version).is_some_and(|before| version != before + 1) {
                self.gaps += 1;
            }
        }
    }
}

/// Reads until no message has come for `quiet` after `done` was signalled.
fn listen(mut socket: Socket, quiet: Duration, done: tokio::sync::watch::Receiver<bool>) -> tokio::task::JoinHandle<Heard> {
    tokio::spawn(async move {
        let mut heard = Heard::default();
        loop {
            let ended = *done.borrow();
            let patience = if ended { quiet } else { Duration::from_millis(500) };
            match timeout(patience, socket.next()).await {
                Ok(Some(Ok(Message::Text(text)))) => {
                    if text.contains("\"ping\"") {
                        socket.send(Message::text("{\"type\":\"pong\"}")).await.expect("sent");
                    } else {
                        heard.take(&text);
                    }
                }
                Ok(Some(Ok(_))) => {}
                Ok(end) => panic!("the socket ended: {end:?}"),
                Err(_) if ended => return heard,
                Err(_) => {}
            }
        }
    })
}

fn at(sorted: &[u64], hundredths: usize) -> f64 {
    sorted
        .get((sorted.len() * hundredths / 100).min(sorted.len().saturating_sub(1)))
        .map_or(0.0, |micros| *micros as f64 / 1000.0)
}

fn report(scenario: &str, mut lags: Vec<u64>, more: Value) {
    lags.sort_unstable();
    let mut line = json!({ "scenario": scenario, "received": lags.len(), "p50_ms": at(&lags, 50), "p99_ms": at(&lags, 99), "max_ms": at(&lags, 100) });
    if let (Some(line), Value::Object(more)) = (line.as_object_mut(), more) {
        line.extend(more);
    }
    println!("{line}");
}

/// Writes changes at a pace, with 64 writers; `product` chooses each change's product. Returns
/// their number and the rate per second.
async fn write(
    bench: &Arc<Bench>,
    a_second: u64,
    seconds: u64,
    product: impl Fn(u64) -> usize + Send + Sync + 'static,
) -> (u64, f64) {
    let (give, take) = mpsc::channel::<u64>(4_096);
    let take = Arc::new(tokio::sync::Mutex::new(take));
    let (product, made) = (Arc::new(product), Arc::new(AtomicU64::new(0)));
    let began = micros();
    let writers: Vec<_> = (0..64)
        .map(|_| {
            let (bench, take, product, made) = (bench.clone(), take.clone(), product.clone(), made.clone());
            tokio::spawn(async move {
                loop {
                    let next = take.lock().await.recv().await;
                    let Some(number) = next else { return };
                    bench.adjust(product(number), number).await;
                    made.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    let base = micros();
    let mut tick = interval(Duration::from_millis(10));
    tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut number = 0;
    for tenth in 0..seconds * 100 {
        tick.tick().await;
        while number < (tenth + 1) * a_second / 100 {
            give.send(base + number).await.expect("writers take it");
            number += 1;
        }
    }
    drop(give);
    for writer in writers {
        writer.await.expect("a writer ends well");
    }
    let made = made.load(Ordering::Relaxed);
    (made, made as f64 * 1e6 / (micros() - began) as f64)
}

/// A thousand subscribers to a product each, and one product that changes every 20 ms.
async fn filters(bench: Arc<Bench>) {
    let sockets = bench.crowd((0..1_000).map(|index| vec![index]).collect()).await;
    let (end, done) = tokio::sync::watch::channel(false);
    let listeners: Vec<_> = sockets.into_iter().map(|socket| listen(socket, Duration::from_secs(2), done.clone())).collect();
    let (made, _) = write(&bench, 50, 10, |number| usize::try_from(number % 1_000).unwrap_or_default()).await;
    end.send_replace(true);
    let (lags, gaps) = gather(listeners).await;
    report("filters", lags.iter().flatten().copied().collect(), json!({ "made": made, "gaps": gaps }));
}

async fn gather(listeners: Vec<tokio::task::JoinHandle<Heard>>) -> (Vec<Vec<u64>>, u64) {
    let (mut lags, mut gaps) = (Vec::new(), 0);
    for listener in listeners {
        let heard = listener.await.expect("a listener ends well");
        gaps += heard.gaps;
        lags.push(heard.lags);
    }
    (lags, gaps)
}

/// A thousand changes a second over a thousand products; a thousand subscribers of ten products each.
async fn load(bench: Arc<Bench>, seconds: u64) {
    let (_, alone) = write(&bench, 1_000, 5, |number| usize::try_from(number % 1_000).unwrap_or_default()).await;
    let wishes = (0..1_000).map(|index| (0..10).map(|n| (index + n * 97) % 1_000).collect()).collect();
    let sockets = bench.crowd(wishes).await;
    let (end, done) = tokio::sync::watch::channel(false);
    let listeners: Vec<_> = sockets.into_iter().map(|socket| listen(socket, Duration::from_secs(3), done.clone())).collect();
    let (made, with) = write(&bench, 1_000, seconds, |number| usize::try_from(number % 1_000).unwrap_or_default()).await;
    end.send_replace(true);
    let (lags, gaps) = gather(listeners).await;
    let lags: Vec<u64> = lags.into_iter().flatten().collect();
    let more =
        json!({ "made": made, "expected": made * 10, "gaps": gaps, "writes_per_s": with.round(), "alone_per_s": alone.round() });
    report("load", lags, more);
}

/// A thousand subscribers of everything, without and with one among them that reads nothing for ten seconds.
async fn stalled(bench: Arc<Bench>) {
    let mut figures = Vec::new();
    for is_stalled in [false, true] {
        let mut sockets = bench.crowd(vec![Vec::new(); 1_000]).await;
        let (end, done) = tokio::sync::watch::channel(false);
        let late = if is_stalled { sockets.pop() } else { None };
        let listeners: Vec<_> = sockets.into_iter().map(|socket| listen(socket, Duration::from_secs(3), done.clone())).collect();
        let (made, _) = write(&bench, 20, 10, |number| usize::try_from(number % 1_000).unwrap_or_default()).await;
        end.send_replace(true);
        let caught_up = match late {
            Some(socket) => {
                let heard = listen(socket, Duration::from_secs(3), done.clone()).await.expect("it ends well");
                json!({ "made": made, "stalled_received": heard.changes, "stalled_gaps": heard.gaps })
            }
            None => json!({ "made": made }),
        };
        let (lags, gaps) = gather(listeners).await;
        figures.push((lags.into_iter().flatten().collect::<Vec<u64>>(), gaps, caught_up));
    }
    for (name, (lags, gaps, mut more)) in ["stalled: before", "stalled: with one"].into_iter().zip(figures) {
        more["gaps"] = json!(gaps);
        report(name, lags, more);
    }
}

/// Measures how fast a subscriber catches up on `missed` events after an old cursor.
async fn resume(bench: Arc<Bench>, missed: u64) {
    let after = bench.cursor(&Value::Null).await;
    let per_second = 100_000;
    let (made, _) =
        write(&bench, per_second, missed / per_second, |number| usize::try_from(number % 5_000).unwrap_or_default()).await;
    let began = micros();
    let mut socket = bench.watch(&Value::Null, &after).await;
    let mut received = 0;
    while received < made {
        let message = timeout(Duration::from_secs(10), socket.next()).await.expect("it goes on").expect("open").expect("sound");
        let text = message.into_text().expect("text");
        assert!(!text.contains("\"reset\":\"") && !text.contains("\"errors\""), "{text}");
        received += u64::try_from(text.matches("\"version\":").count()).unwrap_or_default();
    }
    let took = (micros() - began) as f64 / 1e6;
    println!(
        "{}",
        json!({ "scenario": "resume", "events": received, "seconds": took, "events_per_s": (received as f64 / took).round() })
    );
}

#[tokio::main]
async fn main() {
    let bench = Arc::new(Bench::from_env());
    let number = |index: usize, otherwise: u64| env::args().nth(index).and_then(|text| text.parse().ok()).unwrap_or(otherwise);
    match env::args().nth(1).as_deref() {
        Some("filters") => filters(bench).await,
        Some("load") => load(bench, number(2, 60)).await,
        Some("stalled") => stalled(bench).await,
        Some("resume") => resume(bench, number(2, 100_000)).await,
        Some("idle") => {
            let count = number(2, 10_000);
            let sockets = bench.crowd(vec![Vec::new(); usize::try_from(count).unwrap_or_default()]).await;
            println!("{}", sockets.len());
            sleep(Duration::from_secs(number(3, 5))).await;
        }
        other => panic!("a scenario is expected, not {other:?}: call bench/live.sh"),
    }
}
