//! Spans on their way to the operator's collector: OTLP over HTTP, as protobuf. A collector that is slow or away costs spans and nothing else.

use std::time::Duration;

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value::Value},
    resource::v1::Resource,
    trace::v1::{
        ResourceSpans, ScopeSpans, Span, Status,
        span::{Link, SpanKind},
        status::StatusCode,
    },
};
use platform::{
    clock::{self, Clock},
    traces::{self, AttributeValue, FinishedSpan, TraceContext},
};
use prost::Message;
use reqwest::{
    Client,
    header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
    redirect::Policy,
};
use tokio::{
    sync::{mpsc::Receiver, oneshot},
    time::{Instant, timeout},
};

use crate::config::TraceArgs;

/// Spans of one request to the collector, and how long the first of them waits for others.
const MAX: usize = 512;
const BATCH_TIMEOUT: Duration = Duration::from_secs(1);
/// Timeouts of the collector.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// Time that a stopping process waits for its last spans to be taken.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(3);
/// Time between two warnings of a collector that accepts no spans.
const WARN_INTERVAL: Duration = Duration::from_mins(1);
/// The flags of spans and links of OTLP: sampled.
const SAMPLED: u32 = 1;

/// Runs the process's work, and sends its spans meanwhile if the operator names a collector.
pub async fn run_with_exporter<T>(args: TraceArgs, work: impl Future<Output = T>) -> T {
    let Some((collector, spans)) = start_collector(&args) else { return work.await };
    let (stop_sender, stop_signal) = oneshot::channel();
    let mut export_task = tokio::spawn(export(spans, collector, stop_signal));
    let outcome = work.await;
    drop(stop_sender);
    if timeout(FLUSH_TIMEOUT, &mut export_task).await.is_err() {
        export_task.abort();
        tracing::warn!("the collector of traces did not take the last spans in time; they are dropped");
    }
    outcome
}

fn start_collector(args: &TraceArgs) -> Option<(Collector, Receiver<FinishedSpan>)> {
    let address = args.address()?;
    let collector = Collector::new(address, &args.headers())?;
    // The log's own reader reports flags that contradict each other, and nothing starts.
    let slow = args.slow.limit().ok().flatten();
    let spans = traces::install(Clock::system(), args.trace_sample, slow)?;
    tracing::info!(share = args.trace_sample, "traces are sent to a collector");
    Some((collector, spans))
}

/// Sends spans in batches, until `stop_signal` is done and all are sent.
async fn export(mut spans: Receiver<FinishedSpan>, mut collector: Collector, mut stop_signal: oneshot::Receiver<()>) {
    let mut is_stopping = false;
    loop {
        let mut batch = Vec::with_capacity(MAX);
        let is_stop_requested = tokio::select! {
            biased;
            _ = &mut stop_signal, if !is_stopping => true,
            count = spans.recv_many(&mut batch, MAX) => match count {
                // Closed, and empty.
                0 => return,
                _ => false,
            },
        };
        let is_stop_requested = is_stop_requested
            || !is_stopping
                && tokio::select! {
                    biased;
                    _ = &mut stop_signal => true,
                    () = fill_batch(&mut spans, &mut batch) => false,
                    () = clock::sleep(BATCH_TIMEOUT) => false,
                };
        if is_stop_requested {
            is_stopping = true;
            spans.close();
        }
        if !batch.is_empty() {
            collector.send(batch).await;
        }
    }
}

/// Fills a batch.
async fn fill_batch(spans: &mut Receiver<FinishedSpan>, batch: &mut Vec<FinishedSpan>) {
    while batch.len() < MAX {
        let room = MAX - batch.len();
        if spans.recv_many(batch, room).await == 0 {
            return;
        }
    }
}

/// Collector that spans are sent to.
struct Collector {
    client: Client,
    address: String,
    resource: Resource,
    warned: Option<Instant>,
}

impl Collector {
    /// `None`, with a line in the log, if requests to the address are impossible.
    fn new(address: String, headers: &[(String, String)]) -> Option<Self> {
        let mut header_map = HeaderMap::new();
        for (name, value) in headers {
            let (Ok(name), Ok(mut value)) = (HeaderName::try_from(name.as_str()), HeaderValue::try_from(value.as_str())) else {
                tracing::warn!("a header for the collector of traces is none: it is not sent");
                continue;
            };
            value.set_sensitive(true);
            header_map.insert(name, value);
        }
        let builder = Client::builder()
            .default_headers(header_map)
            .redirect(Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT);
        let client = builder.build().inspect_err(|err| tracing::warn!(%err, "traces cannot be sent from here")).ok()?;
        let instance = Clock::system().uuid().simple().to_string();
        let attributes = vec![
            text("service.name", "entrepot"),
            text("service.version", env!("CARGO_PKG_VERSION")),
            text("service.instance.id", &instance),
        ];
        Some(Self { client, address, resource: Resource { attributes, ..Resource::default() }, warned: None })
    }

    async fn send(&mut self, batch: Vec<FinishedSpan>) {
        let count = batch.len();
        let body = self.request(batch).encode_to_vec();
        let result = self.client.post(&self.address).header(CONTENT_TYPE, "application/x-protobuf").body(body).send().await;
        // The address may hold a secret of the collector's: it is not repeated.
        let why = match result.and_then(reqwest::Response::error_for_status) {
            Ok(_) => return,
            Err(err) => err.without_url(),
        };
        traces::count_dropped(count as u64);
        if self.warned.is_none_or(|at| at.elapsed() >= WARN_INTERVAL) {
            self.warned = Some(Instant::now());
            tracing::warn!(%why, spans = count, "the collector of traces did not take spans; they are dropped");
        }
    }

    fn request(&self, batch: Vec<FinishedSpan>) -> ExportTraceServiceRequest {
        let scope = InstrumentationScope { name: "entrepot".to_owned(), ..InstrumentationScope::default() };
        let spans = batch.into_iter().map(encode_span).collect();
        let scope_spans = vec![ScopeSpans { scope: Some(scope), spans, ..ScopeSpans::default() }];
        let resource = Some(self.resource.clone());
        ExportTraceServiceRequest { resource_spans: vec![ResourceSpans { resource, scope_spans, ..ResourceSpans::default() }] }
    }
}

fn encode_span(span: FinishedSpan) -> Span {
    let start = u64::try_from(span.start.micros()).unwrap_or_default() * 1_000;
    let kind = match span.kind {
        traces::SpanKind::Internal => SpanKind::Internal,
        traces::SpanKind::Server => SpanKind::Server,
        traces::SpanKind::Client => SpanKind::Client,
        traces::SpanKind::Consumer => SpanKind::Consumer,
    };
    let attributes = span.attributes.iter().map(|(key, value)| match value {
        AttributeValue::Text(value) => text(key, value),
        AttributeValue::Number(value) => attribute(key, Value::IntValue(*value)),
    });
    Span {
        trace_id: span.context.trace_id.to_be_bytes().to_vec(),
        span_id: span.context.span_id.to_be_bytes().to_vec(),
        parent_span_id: span.parent.map_or_else(Vec::new, |parent| parent.to_be_bytes().to_vec()),
        flags: if span.context.is_sampled { SAMPLED } else { 0 },
        name: span.name.to_owned(),
        kind: kind as i32,
        start_time_unix_nano: start,
        end_time_unix_nano: start + u64::try_from(span.took.as_nanos()).unwrap_or_default(),
        attributes: attributes.collect(),
        links: span.links.iter().map(link).collect(),
        status: span.has_failed.then(|| Status { code: StatusCode::Error as i32, ..Status::default() }),
        ..Span::default()
    }
}

fn link(to: &TraceContext) -> Link {
    let (trace_id, span_id) = (to.trace_id.to_be_bytes().to_vec(), to.span_id.to_be_bytes().to_vec());
    Link { trace_id, span_id, flags: SAMPLED, ..Link::default() }
}

fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, Value::StringValue(value.to_owned()))
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}
