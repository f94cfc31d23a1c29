//! Traces, as a collector gets them.

mod kept;
mod sockets;

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    os::unix::net::UnixDatagram,
    path::Path,
    sync::{Arc, Mutex, mpsc},
    thread,
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::any_value::Value as AttributeValue,
    trace::v1::{Span, span::SpanKind},
};
use prost::Message;
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    task::JoinHandle,
    time::{Instant, sleep},
};

use super::{
    hooks::endpoint,
    operations::figure,
    server::{Environment, Server, Site, UNLIMITED, free_address},
    shop::{ADJUST, Shop, adjust, change},
    stream::{self, Stream, StreamOptions},
};
use crate::{support::receiver::Receiver, world::on_both};

/// The longest that spans are waited for.
const PATIENCE: Duration = Duration::from_secs(20);
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

/// A request as it came: path, headers, body.
type Requests = Arc<Mutex<Vec<(String, HeaderMap, Bytes)>>>;

/// A collector of this machine that takes everything.
pub struct Collector {
    pub address: SocketAddr,
    requests: Requests,
    task: JoinHandle<()>,
}

impl Collector {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Requests::default();
        let router = Router::new().fallback(take).with_state(requests.clone());
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, requests, task }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the bodies of all requests, concatenated.
    fn bytes(&self) -> Vec<u8> {
        self.requests.lock().unwrap().iter().flat_map(|(_, _, body)| body.to_vec()).collect()
    }

    /// Returns all received data as text, once it contains `part`.
    pub async fn text_with(&self, part: &str) -> String {
        let started_at = Instant::now();
        loop {
            let text = String::from_utf8_lossy(&self.bytes()).into_owned();
            if text.contains(part) {
                return text;
            }
            assert!(started_at.elapsed() < PATIENCE, "{part} is not in {text}");
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// The spans of the client's trace.
    fn spans(&self) -> Vec<Span> {
        self.all().into_iter().filter(|span| span.trace_id == hex::decode(TRACE).unwrap()).collect()
    }

    /// The spans of all traces.
    fn all(&self) -> Vec<Span> {
        let requests = self.requests.lock().unwrap().clone();
        let resources =
            requests.into_iter().flat_map(|(_, _, body)| ExportTraceServiceRequest::decode(body).unwrap().resource_spans);
        resources.flat_map(|resource| resource.scope_spans).flat_map(|scope| scope.spans).collect()
    }

    /// The spans of all traces, once one has this name and its parent has come, too.
    async fn any_with(&self, name: &str) -> Vec<Span> {
        let started_at = Instant::now();
        loop {
            let spans = self.all();
            let has_parent = |span: &Span| spans.iter().any(|parent| parent.span_id == span.parent_span_id);
            if spans.iter().filter(|span| span.name == name).any(has_parent) {
                return spans;
            }
            assert!(started_at.elapsed() < PATIENCE, "{name} is not among {} spans", spans.len());
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// The spans of the client's trace, once each of these names is among them.
    async fn spans_with(&self, names: &[&str]) -> Vec<Span> {
        let started_at = Instant::now();
        loop {
            let spans = self.spans();
            if names.iter().all(|name| spans.iter().any(|span| span.name == *name)) {
                return spans;
            }
            let got: Vec<_> = spans.iter().map(|span| span.name.as_str()).collect();
            assert!(started_at.elapsed() < PATIENCE, "{names:?} are not all in {got:?}");
            sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn take(State(requests): State<Requests>, uri: Uri, headers: HeaderMap, body: Bytes) -> StatusCode {
    requests.lock().unwrap().push((uri.path().to_owned(), headers, body));
    StatusCode::OK
}

/// Returns the answer to one unit more, for a client that records its trace.
async fn send_adjustment(shop: &Shop, key: &str) -> Value {
    let input = adjust(key, "ADJUSTMENT", "CORRECTION", &[change(&shop.products[0], &shop.stores[0], 1)]);
    let body = json!({ "query": ADJUST, "variables": { "input": input } });
    let request = reqwest::Client::new().post(format!("{}/graphql", shop.client.url)).bearer_auth(&shop.client.token);
    let request = request.header("traceparent", format!("00-{TRACE}-{PARENT}-01")).json(&body);
    request.send().await.unwrap().json().await.unwrap()
}

/// Makes a write that must succeed.
async fn write(shop: &Shop, key: &str) {
    let answer = send_adjustment(shop, key).await;
    assert_eq!((&answer["errors"], &answer["data"]["result"]["userErrors"]), (&Value::Null, &json!([])), "{answer:#}");
}

fn named<'a>(spans: &'a [Span], name: &str) -> &'a Span {
    let found: Vec<_> = spans.iter().filter(|span| span.name == name).collect();
    let [one] = found[..] else { panic!("{} spans {name}", found.len()) };
    one
}

/// An attribute as text.
fn attribute(span: &Span, key: &str) -> Option<String> {
    let found = span.attributes.iter().find(|attribute| attribute.key == key)?;
    match found.value.clone()?.value? {
        AttributeValue::StringValue(text) => Some(text),
        AttributeValue::IntValue(number) => Some(number.to_string()),
        other => panic!("{key}: {other:?}"),
    }
}

fn is_in(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|part| part == text.as_bytes())
}

async fn told_to_stop(server: Server) {
    let pid = server.id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert_eq!(server.wait_for_exit().await, Some(0));
}

on_both!(a_write_is_one_picture_from_the_client_to_the_webhook, site: Site => {
    let (collector, receiver) = (Collector::start().await, Receiver::accepting().await);
    let url = collector.url();
    let traced = ["--otlp-endpoint", &url, "--trace-sample", "1", "--webhooks-allow", "127.0.0.0/8"];
    let environment = Environment {
        env: vec![("OTEL_EXPORTER_OTLP_HEADERS", "x-collector-key=open%20sesame".to_owned())],
        ..Environment::default()
    };
    let server = Server::start_in(site, free_address(), &[&UNLIMITED[..], &traced].concat(), &environment).await;
    let shop = Shop::open(server.tenant().await, 1, 1, 10).await;
    endpoint(&shop, &receiver.url()).await;
    write(&shop, "a key of the client").await;
    let spans = collector.spans_with(&["request", "graphql.operation", "ledger.wait", "ledger.batch", "db.statement", "webhook"]).await;
    let [request, operation, wait, webhook] =
        ["request", "graphql.operation", "ledger.wait", "webhook"].map(|name| named(&spans, name));
    // A batch that was overtaken is carried out again: the command waited for the last.
    let last = &wait.links.last().unwrap().span_id;
    let batch = spans.iter().find(|span| span.name == "ledger.batch" && span.span_id == *last).unwrap();
    assert_eq!((hex::encode(&request.parent_span_id).as_str(), request.kind), (PARENT, SpanKind::Server as i32));
    for (span, parent) in [(operation, request), (wait, operation), (batch, wait), (webhook, wait)] {
        assert_eq!(span.parent_span_id, parent.span_id, "{} is a child of {}", span.name, parent.name);
        assert!(span.start_time_unix_nano >= parent.start_time_unix_nano, "{} begins after {}", span.name, parent.name);
    }
    assert_eq!(batch.links.iter().map(|link| &link.span_id).collect::<Vec<_>>(), [&wait.span_id]);
    assert!(spans.iter().any(|span| span.name == "db.statement" && span.parent_span_id == batch.span_id), "{spans:#?}");
    assert_eq!(attribute(request, "http.response.status_code").as_deref(), Some("200"));
    assert_eq!(attribute(operation, "graphql.operation.name").as_deref(), Some("Adjust"));
    assert_eq!(attribute(operation, "graphql.document.hash").map(|hash| hash.len()), Some(16));
    assert_eq!(attribute(operation, "entrepot.outcome").as_deref(), Some("OK"));
    assert_eq!(attribute(batch, "entrepot.batch.commands").as_deref(), Some("1"));
    // The receiver can continue the trace, and the event does not contain it.
    let header = format!("00-{TRACE}-{}-01", hex::encode(&webhook.span_id));
    let got = receiver.got().into_iter().find(|got| got.header("traceparent") == header).unwrap();
    assert!(!got.body.contains("traceparent") && !got.body.contains(TRACE), "{}", got.body);
    let events = shop.client.execute("{ result: events(first: 250) { nodes { type data } } }", json!({})).await;
    let events = events.to_string();
    assert!(events.contains("stock.changed") && !events.contains("traceparent") && !events.contains(TRACE), "{events}");
    let (path, headers, _) = collector.requests.lock().unwrap()[0].clone();
    assert_eq!(path, "/v1/traces");
    assert_eq!(headers["content-type"], "application/x-protobuf");
    assert_eq!(headers["x-collector-key"], "open sesame");
    let (bytes, receiver_url) = (collector.bytes(), receiver.url());
    assert!(is_in(&bytes, "Adjust") && is_in(&bytes, "service.name"));
    let (product, store) = (shop.products[0].as_str(), shop.stores[0].as_str());
    let token = shop.client.token.as_str();
    for secret in
        ["four mugs on a shelf", token, "a key of the client", product, store, "shop.example", "Mug 0", "Store 0", &receiver_url, "sesame"]
    {
        assert!(!is_in(&bytes, secret), "{secret} stands in the traces");
    }
    drop(server);
    site.verify().await;
});

/// Receives the messages to systemd at this path. They are read as they come: a socket holds ten messages.
fn systemd(path: &Path) -> mpsc::Receiver<String> {
    let socket = UnixDatagram::bind(path).unwrap();
    let (say, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut read = [0; 64];
        while let Ok(length) = socket.recv(&mut read) {
            if say.send(String::from_utf8_lossy(&read[..length]).into_owned()).is_err() {
                return;
            }
        }
    });
    receiver
}

/// Returns the messages until this one.
fn notified(systemd: &mpsc::Receiver<String>, state: &str) -> Vec<String> {
    let mut states = Vec::new();
    while states.last().is_none_or(|last: &String| last != state) {
        let next = systemd.recv_timeout(PATIENCE);
        states.push(next.unwrap_or_else(|err| panic!("{state} does not come: {err}")));
    }
    states
}

/// Asserts the rules that a reader of OpenMetrics text relies on.
fn is_open_metrics(text: &str) {
    let lines: Vec<&str> = text.strip_suffix("\n# EOF\n").unwrap_or_else(|| panic!("no end: {text}")).lines().collect();
    let (mut families, mut current) = (BTreeSet::new(), "");
    for line in lines {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (family, kind) = rest.split_once(' ').unwrap();
            assert!(families.insert(family) && kind != "unknown", "{line}");
            current = family;
        } else if !line.starts_with("# HELP ") {
            let end = line.strip_prefix(current).and_then(|rest| rest.split(['{', ' ']).next());
            let is_of_family = end.is_some_and(|end| ["", "_total", "_bucket", "_sum", "_count"].contains(&end));
            assert!(is_of_family, "{line} is not of {current}");
        }
    }
    assert!(families.len() > 20, "{text}");
}

/// Each histogram of a service level has the client's trace as the exemplar of a bucket if OpenMetrics text is requested; other formats are
/// unchanged.
async fn buckets_have_exemplars(inside: &str) {
    let scrape = async |accept: &str| {
        let answer =
            reqwest::Client::new().get(format!("http://{inside}/metrics")).header("accept", accept).send().await.unwrap();
        let media = answer.headers()["content-type"].to_str().unwrap().to_owned();
        (media, answer.text().await.unwrap())
    };
    let started_at = Instant::now();
    for series in [
        "http_server_request_duration_seconds_bucket{method=\"POST\",status=\"200\",le=",
        "entrepot_graphql_operation_duration_seconds_bucket{type=\"mutation\",outcome=\"OK\",le=",
        "entrepot_ledger_commit_seconds_bucket{way=",
        "entrepot_stream_lag_seconds_bucket{le=",
    ] {
        let exemplar = format!(" # {{trace_id=\"{TRACE}\"}} ");
        loop {
            let (media, text) = scrape("application/openmetrics-text;version=1.0.0,text/plain;q=0.5").await;
            assert!(media.starts_with("application/openmetrics-text; version=1.0.0"), "{media}");
            is_open_metrics(&text);
            if text.lines().any(|line| line.starts_with(series) && line.contains(&exemplar)) {
                break;
            }
            assert!(started_at.elapsed() < PATIENCE, "{series} has no exemplar: {text}");
            sleep(Duration::from_millis(50)).await;
        }
    }
    let (media, text) = scrape("*/*").await;
    assert!(media.starts_with("text/plain; version=0.0.4") && !text.contains("trace_id") && !text.contains("# EOF"), "{text}");
    assert!(text.contains("# TYPE entrepot_panics_total counter\n") && text.contains("le=\"1\"}"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_process_did_last_is_sent_before_it_ends() {
    let (site, collector) = (Site::sqlite().await, Collector::start().await);
    let url = collector.url();
    let inside = free_address().to_string();
    let traced = ["--otlp-endpoint", &url, "--trace-sample", "1", "--metrics-listen", &inside];
    let socket = site.folder.join("notify");
    let systemd = systemd(&socket);
    let env = vec![("NOTIFY_SOCKET", socket.display().to_string()), ("WATCHDOG_USEC", "40000".to_owned())];
    let environment = Environment { env, ..Environment::default() };
    let server = Server::start_in(&site, free_address(), &[&UNLIMITED[..], &traced].concat(), &environment).await;
    assert_eq!(notified(&systemd, "WATCHDOG=1"), ["READY=1", "WATCHDOG=1"]);
    let shop = Shop::open(server.tenant().await, 1, 1, 10).await;
    let mut stream = Stream::open(&shop.client, &StreamOptions::default()).await;
    stream.snapshot(&mut stream::State::default()).await;
    // From the first change on, the stream is live.
    shop.adjust("the first", 0, 0, 1).await;
    stream.next_soon().await;
    write(&shop, "the last").await;
    stream.next_soon().await;
    buckets_have_exemplars(&inside).await;
    drop(stream);
    told_to_stop(server).await;
    assert!(notified(&systemd, "STOPPING=1").len() > 1, "the watchdog hears of it all the time");
    let spans = collector.spans();
    assert_eq!(attribute(named(&spans, "request"), "http.request.method").as_deref(), Some("POST"));
    // A write that the sealing of the audit log overtook is repeated.
    assert!(spans.iter().any(|span| span.name == "ledger.batch"), "{spans:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_records_no_more_than_the_operator_wants() {
    let (site, collector) = (Site::sqlite().await, Collector::start().await);
    let url = collector.url();
    let traced = ["--otlp-endpoint", &url, "--trace-sample", "0", "--slow-milliseconds", "0"];
    let server = Server::start_with(&site, free_address(), &traced).await;
    let shop = Shop::open(server.tenant().await, 1, 1, 10).await;
    for n in 0..20 {
        write(&shop, &format!("write {n}")).await;
    }
    told_to_stop(server).await;
    assert_eq!(collector.requests.lock().unwrap().len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_never_answers_slows_nothing() {
    const CLIENTS: usize = 5;
    const REQUESTS: usize = 120;
    /// Less than the exporter waits for the collector.
    const SLOWEST: Duration = Duration::from_secs(2);
    let site = Site::sqlite().await;
    // An endpoint that accepts connections, and never reads from them.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (url, inside) = (format!("http://{}", silent.local_addr().unwrap()), free_address().to_string());
    let traced = ["--otlp-endpoint", &url, "--trace-sample", "1", "--metrics-listen", &inside];
    let server = Server::start_with(&site, free_address(), &[&UNLIMITED[..], &traced].concat()).await;
    let shop = Shop::open(server.tenant().await, 1, 1, 10).await;
    let read = "{ viewer { tenant { slug } } products(first: 1) { nodes { id } } stores(first: 1) { nodes { id } }
        stockLevels(first: 1) { nodes { onHand } } }";
    let clients = (0..CLIENTS).map(|_| {
        let client = shop.client.clone();
        tokio::spawn(async move {
            let mut slowest = Duration::ZERO;
            for _ in 0..REQUESTS {
                let started_at = Instant::now();
                client.execute(read, json!({})).await;
                slowest = slowest.max(started_at.elapsed());
            }
            slowest
        })
    });
    for client in clients.collect::<Vec<_>>() {
        let slowest = client.await.unwrap();
        assert!(slowest < SLOWEST, "a request took {slowest:?}");
    }
    shop.adjust("still", 0, 0, 1).await;
    let text = reqwest::get(format!("http://{inside}/metrics")).await.unwrap().text().await.unwrap();
    let dropped = figure(&text, "entrepot_traces_dropped_total", "").unwrap();
    assert!(dropped > 0.0, "what finds no room is counted: {text}");
    assert_eq!(figure(&text, "entrepot_panics_total", ""), Some(0.0));
    let started_at = Instant::now();
    told_to_stop(server).await;
    assert!(started_at.elapsed() < Duration::from_secs(10), "it stopped after {:?}", started_at.elapsed());
    drop(silent);
}
