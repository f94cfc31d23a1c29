//! Reports on their way to the operator's error tracker: envelopes of Sentry's over HTTP. A tracker that is slow or away costs reports and nothing else.

use std::{sync::mpsc::Receiver, time::Duration};

use platform::clock::{self, Clock};
use reqwest::{
    Client, StatusCode,
    header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER},
    redirect::Policy,
};
use serde_json::json;
use tokio::{
    sync::oneshot,
    time::{Instant, timeout},
};

use super::intake::{QUEUE_CAPACITY, Report, install, take_lost_count};
use crate::config::ErrorReportArgs;

/// Time between two checks of the queue.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// Timeouts of the tracker.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// Time that a stopping process waits for its last reports to be taken.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(3);
/// Pause after a tracker cannot take more, unless it gives one; and the longest that it may give.
const DEFAULT_BACKOFF: Duration = Duration::from_secs(30);
const MAX_PAUSE: Duration = Duration::from_mins(10);
/// Time between two warnings of reports that were not accepted.
const WARN_INTERVAL: Duration = Duration::from_mins(1);
const RELEASE: &str = concat!("entrepot@", env!("CARGO_PKG_VERSION"));

/// Runs the process's work, and reports its errors and panics meanwhile if the operator gives an
/// address.
pub async fn run_with_exporter<T>(args: ErrorReportArgs, work: impl Future<Output = T>) -> T {
    let Some((exporter, reports)) = start_exporter(&args) else { return work.await };
    let (stop_sender, stop_signal) = oneshot::channel();
    let mut export_task = tokio::spawn(exporter.run(reports, stop_signal));
    let outcome = work.await;
    drop(stop_sender);
    if timeout(FLUSH_TIMEOUT, &mut export_task).await.is_err() {
        export_task.abort();
        tracing::warn!("the error tracker did not take the last reports in time; they are dropped");
    }
    outcome
}

fn start_exporter(args: &ErrorReportArgs) -> Option<(Exporter, Receiver<Report>)> {
    let exporter = Exporter::new(args)?;
    let reports = install(Clock::system())?;
    tracing::info!("errors and panics are reported to an error tracker");
    Some((exporter, reports))
}

struct Exporter {
    client: Client,
    address: String,
    environment: String,
    clock: Clock,
    paused_until: Option<Instant>,
    /// Reports that were dropped since the last warning, and the time of that warning.
    dropped: u64,
    warned: Option<Instant>,
}

impl Exporter {
    /// `None` without an address, or, with a line in the log, if requests to it are impossible.
    fn new(args: &ErrorReportArgs) -> Option<Self> {
        let dsn = args.dsn()?;
        let client = concat!("entrepot/", env!("CARGO_PKG_VERSION"));
        let login = format!("Sentry sentry_version=7, sentry_client={client}, sentry_key={}", dsn.key);
        let mut login = HeaderValue::try_from(login).ok()?;
        login.set_sensitive(true);
        let mut headers = HeaderMap::new();
        headers.insert("x-sentry-auth", login);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-sentry-envelope"));
        let builder = Client::builder()
            .default_headers(headers)
            .redirect(Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT);
        let client = builder.build().inspect_err(|err| tracing::warn!(%err, "errors cannot be reported from here")).ok()?;
        Some(Self {
            client,
            address: dsn.envelopes,
            environment: args.sentry_environment.clone(),
            clock: Clock::system(),
            paused_until: None,
            dropped: 0,
            warned: None,
        })
    }

    /// Sends reports as they come, until `stop_signal` is done and all are sent.
    async fn run(mut self, reports: Receiver<Report>, mut stop_signal: oneshot::Receiver<()>) {
        loop {
            let is_last = tokio::select! {
                biased;
                _ = &mut stop_signal => true,
                () = clock::sleep(POLL_INTERVAL) => false,
            };
            let queued_reports: Vec<Report> = reports.try_iter().take(QUEUE_CAPACITY).collect();
            for report in queued_reports {
                self.send(&report).await;
            }
            self.dropped += take_lost_count();
            self.warn();
            if is_last {
                return;
            }
        }
    }

    async fn send(&mut self, report: &Report) {
        if self.paused_until.is_some_and(|resume_at| Instant::now() < resume_at) {
            self.dropped += 1;
            return;
        }
        let body = self.envelope(report);
        let pause = match self.client.post(&self.address).body(body).send().await {
            Ok(answer) if answer.status().is_success() => return,
            Ok(answer) => {
                let is_full = answer.status() == StatusCode::TOO_MANY_REQUESTS || answer.status().is_server_error();
                is_full.then(|| retry_after(answer.headers()))
            }
            Err(_) => Some(DEFAULT_BACKOFF),
        };
        self.dropped += 1;
        self.paused_until = pause.map(|pause| Instant::now() + pause);
    }

    /// Logs how many reports were dropped, as a warning: an error would be reported.
    fn warn(&mut self) {
        let is_due = self.warned.is_none_or(|at| at.elapsed() >= WARN_INTERVAL);
        if self.dropped > 0 && is_due {
            tracing::warn!(reports = self.dropped, "the error tracker did not take reports; they are dropped");
            (self.dropped, self.warned) = (0, Some(Instant::now()));
        }
    }

    /// A report as an envelope: its head, the item's head, and the event, a line each.
    fn envelope(&self, report: &Report) -> String {
        let id = self.clock.uuid().simple().to_string();
        let trace = report
            .trace
            .map(|trace| json!({ "trace_id": format!("{:032x}", trace.trace_id), "span_id": format!("{:016x}", trace.span_id) }));
        let place = report.place.as_deref().unwrap_or_default();
        let contexts = trace.map(|trace| json!({ "trace": trace }));
        let event = json!({
            "event_id": id,
            "timestamp": report.at.micros() as f64 / 1e6,
            "platform": "rust",
            "level": report.level,
            "logger": report.module,
            "logentry": { "message": report.message },
            "release": RELEASE,
            "environment": self.environment,
            "contexts": contexts,
            "tags": { "place": place },
            "fingerprint": [report.module, report.message, place],
        });
        let event = event.to_string();
        let (head, item) = (json!({ "event_id": id }), json!({ "type": "event", "length": event.len() }));
        format!("{head}\n{item}\n{event}\n")
    }
}

/// Returns the pause that the tracker requests.
fn retry_after(headers: &HeaderMap) -> Duration {
    let seconds: Option<u64> = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    seconds.map_or(DEFAULT_BACKOFF, Duration::from_secs).min(MAX_PAUSE)
}

#[cfg(test)]
mod tests {
    use std::{
        panic,
        sync::{Arc, Mutex},
    };

    use platform::traces::{self, TraceContext};
    use serde_json::Value;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, TcpStream},
    };
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;
    use crate::cli::error_reports::{ErrorLayer, report_panic};

    const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
    const SECRET: &str = "ada@shop.example";

    type Requests = Arc<Mutex<Vec<String>>>;

    /// The address of a fake tracker that accepts everything, and the requests that it received.
    async fn tracker() -> (String, Requests) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let dsn = format!("http://0a1b@{}/7", listener.local_addr().unwrap());
        let requests = Requests::default();
        let taken = requests.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                take(socket, &taken).await;
            }
        });
        (dsn, requests)
    }

    /// Reads one request, answers it and closes the connection.
    async fn take(mut socket: TcpStream, requests: &Requests) {
        let mut request = Vec::new();
        while !is_complete(&request) {
            assert!(socket.read_buf(&mut request).await.unwrap() > 0, "a request is cut");
        }
        requests.lock().unwrap().push(String::from_utf8(request).unwrap());
        socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await.unwrap();
    }

    fn is_complete(request: &[u8]) -> bool {
        let text = String::from_utf8_lossy(request);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
        let head = head.to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
        length.is_some_and(|length| body.len() >= length)
    }

    fn has_row(of: &str) {
        assert!(of.is_empty(), "no row of {of}");
    }

    fn has_stock(pieces: usize) {
        assert!(pieces > 0, "no stock at all");
    }

    async fn fail_in_many_ways() {
        let lines = tracing::subscriber::set_default(tracing_subscriber::registry().with(ErrorLayer));
        let failed = async { tracing::error!(who = SECRET, "an order could not be read") };
        traces::within(TraceContext::parse(TRACE), failed).await;
        for n in 0..20 {
            tracing::error!(n, who = %SECRET, "a file could not be read");
        }
        tracing::error!(target: "sqlx::query", "a text that is not ours");
        tracing::warn!("no error");
        let usual = panic::take_hook();
        panic::set_hook(Box::new(report_panic));
        assert!(panic::catch_unwind(|| has_row(SECRET)).is_err() && panic::catch_unwind(|| has_stock(0)).is_err());
        panic::set_hook(usual);
        drop(lines);
    }

    /// The one test that installs: it is done once a process.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn errors_and_panics_are_reported_without_a_value() {
        let (dsn, requests) = tracker().await;
        let args = ErrorReportArgs { sentry_dsn: Some(dsn), sentry_environment: "test".to_owned() };
        run_with_exporter(args, fail_in_many_ways()).await;
        let requests = requests.lock().unwrap().clone();
        let events: Vec<Value> = requests.iter().map(|request| event(request)).collect();
        let messages: Vec<_> = events.iter().map(|event| event["logentry"]["message"].as_str().unwrap()).collect();
        let expected = [
            &["an order could not be read"][..],
            &["a file could not be read"; 5],
            &["an error of another crate", "a thread panicked", "no stock at all"],
        ];
        assert_eq!(messages, expected.concat());
        let first = &events[0];
        assert_eq!(
            (&first["level"], &first["environment"], &first["release"]),
            (&"error".into(), &"test".into(), &RELEASE.into())
        );
        assert_eq!(first["contexts"]["trace"]["trace_id"], "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(first["logger"], module_path!());
        assert!(first["tags"]["place"].as_str().unwrap().starts_with("src/cli/error_reports/exporter.rs:"), "{first}");
        assert_eq!((&events[1]["contexts"], &events[6]["logger"]), (&Value::Null, &"sqlx::query".into()));
        assert_eq!((&events[7]["level"], &events[8]["level"]), (&"fatal".into(), &"fatal".into()));
        let all = requests.concat();
        for value in [SECRET, "shop.example", "not ours", "no row"] {
            assert!(!all.contains(value), "{value} is in {all}");
        }
    }

    /// The event of a request, whose form is checked.
    fn event(request: &str) -> Value {
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("POST /api/7/envelope/ HTTP/1.1\r\n") && head.contains("sentry_key=0a1b"), "{head}");
        let lines: Vec<&str> = body.lines().collect();
        let [first, item, event] = lines[..] else { panic!("{body}") };
        let [first, item, parsed] = [first, item, event].map(|line| serde_json::from_str::<Value>(line).unwrap());
        assert_eq!((&item["type"], &item["length"]), (&"event".into(), &event.len().into()));
        assert_eq!(first["event_id"], parsed["event_id"]);
        parsed
    }
}
