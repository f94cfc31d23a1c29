//! GraphQL over HTTP with one bearer token: one request, its answer judged, and tried again where that is safe.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use reqwest::Url;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::error::{Refusal, ReplayError};

/// Attempts at one request. With the pauses below they bridge half a minute of a server that is away.
const MAX_ATTEMPTS: u32 = 12;
const INITIAL_BACKOFF: Duration = Duration::from_millis(50);
const MAX_BACKOFF: Duration = Duration::from_secs(5);
/// The server's own limit is 10 s; beyond this the connection is considered dead.
const REQUEST_TIMEOUT: Duration = Duration::from_mins(1);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Codes of top-level errors that are retried, besides any error with `retryAfterMs`.
const RETRYABLE_CODES: [&str; 4] = ["OVERLOADED", "UNAVAILABLE", "RATE_LIMITED", "TIMEOUT"];

/// Subject of a request, for messages.
#[derive(Debug, Clone)]
pub struct RequestLabel {
    pub document: &'static str,
    pub external_ref: String,
}

impl RequestLabel {
    pub fn new(document: &'static str, external_ref: impl Into<String>) -> Self {
        Self { document, external_ref: external_ref.into() }
    }

    fn refusal_error(&self, code: &str, message: &str, field: String) -> ReplayError {
        let (code, message) = (code.to_owned(), message.to_owned());
        let external_ref = self.external_ref.clone();
        ReplayError::Refused(Box::new(Refusal { document: self.document, external_ref, code, message, field }))
    }

    pub fn invalid_response(&self, reason: impl Into<String>) -> ReplayError {
        ReplayError::Answer { what: self.to_string(), reason: reason.into() }
    }
}

impl std::fmt::Display for RequestLabel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.document, self.external_ref)
    }
}

/// `userErrors` as every payload has them.
#[derive(Debug, Clone, Deserialize)]
pub struct UserError {
    pub code: String,
    pub message: String,
    pub field: Option<Vec<String>>,
    pub retryable: bool,
}

impl UserError {
    pub fn refusal(&self, label: &RequestLabel) -> ReplayError {
        label.refusal_error(&self.code, &self.message, self.field.as_deref().unwrap_or_default().join("."))
    }
}

/// An answer that may carry user errors.
pub trait HasUserErrors {
    fn user_errors(&self) -> &[UserError];
}

#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    url: String,
    retries: AtomicU64,
    /// Whether the server has ever answered, or its silence has been reported.
    has_answered: AtomicBool,
}

#[derive(Serialize)]
struct Request<'a, V> {
    query: &'a str,
    variables: V,
}

#[derive(Deserialize)]
struct Answer<T> {
    data: Option<T>,
    #[serde(default)]
    errors: Vec<TopError>,
}

#[derive(Deserialize)]
struct TopError {
    message: String,
    #[serde(default)]
    path: Vec<serde_json::Value>,
    #[serde(default)]
    extensions: Extensions,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Extensions {
    code: Option<String>,
    retry_after_ms: Option<u64>,
}

/// Reason of a retry, and the wait that the server requests.
struct Retry {
    reason: String,
    wait: Option<Duration>,
}

enum Verdict<T> {
    Done(T),
    Retry(Retry),
    Stop(ReplayError),
}

/// The bytes of a request: the query's text never changes, so the server parses it once.
pub fn request(query: &str, variables: impl Serialize) -> Result<Vec<u8>, ReplayError> {
    let fault = |e: serde_json::Error| ReplayError::Answer { what: "a request".to_owned(), reason: e.to_string() };
    serde_json::to_vec(&Request { query, variables }).map_err(fault)
}

impl Client {
    /// `url` is the server's root or its GraphQL endpoint.
    pub fn new(url: &str, token: &str) -> Result<Self, ReplayError> {
        let url: String = endpoint(url).map_err(|error| ReplayError::Address(url.to_owned(), error))?.into();
        let unfit = |reason: String| ReplayError::Unreachable { what: url.clone(), attempts: 0, reason };
        // A token that was read from a file has a line break at its end.
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", token.trim())).map_err(|_| ReplayError::Token)?;
        bearer.set_sensitive(true);
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, bearer);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/graphql-response+json, application/json;q=0.9"));
        let http = reqwest::Client::builder()
            .default_headers(headers)
            .timeout(REQUEST_TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .build()
            .map_err(|e| unfit(e.to_string()))?;
        Ok(Self { http, url, retries: AtomicU64::new(0), has_answered: AtomicBool::new(false) })
    }

    /// Returns the number of retries so far.
    pub fn retries(&self) -> u64 {
        self.retries.load(Ordering::Relaxed)
    }

    /// Sends a query and gives its data.
    pub async fn send_query<T: DeserializeOwned>(&self, label: &RequestLabel, body: Vec<u8>) -> Result<T, ReplayError> {
        self.send_with_retry(label, body, |data| Verdict::Done(data)).await
    }

    /// Sends a mutation that has an idempotency key or is idempotent; its user errors are judged
    /// here.
    pub async fn change<T: DeserializeOwned + HasUserErrors>(
        &self,
        label: &RequestLabel,
        body: Vec<u8>,
    ) -> Result<T, ReplayError> {
        self.send_with_retry(label, body, |data: T| match data.user_errors() {
            [] => Verdict::Done(data),
            errors => match errors.iter().find(|e| !e.retryable) {
                Some(fatal) => Verdict::Stop(fatal.refusal(label)),
                None => Verdict::Retry(Retry { reason: errors[0].refusal(label).to_string(), wait: None }),
            },
        })
        .await
    }

    async fn send_with_retry<T: DeserializeOwned>(
        &self,
        label: &RequestLabel,
        body: Vec<u8>,
        judge: impl Fn(T) -> Verdict<T>,
    ) -> Result<T, ReplayError> {
        let mut attempt = 1;
        loop {
            let again = match self.send_once(label, body.clone(), &judge).await {
                Verdict::Done(data) => return Ok(data),
                Verdict::Stop(error) => return Err(error),
                Verdict::Retry(again) => again,
            };
            if attempt == MAX_ATTEMPTS {
                return Err(ReplayError::Unreachable { what: label.to_string(), attempts: attempt, reason: again.reason });
            }
            if !self.has_answered.swap(true, Ordering::Relaxed) {
                println!("{} does not answer yet ({}); it is tried again for half a minute …", self.url, again.reason);
            }
            self.retries.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(backoff_delay(attempt, again.wait)).await;
            attempt += 1;
        }
    }

    async fn send_once<T: DeserializeOwned>(
        &self,
        label: &RequestLabel,
        body: Vec<u8>,
        judge: impl Fn(T) -> Verdict<T>,
    ) -> Verdict<T> {
        let again = |e: reqwest::Error| Verdict::Retry(Retry { reason: root_cause(&e), wait: None });
        let response = match self.http.post(&self.url).body(body).send().await {
            Ok(response) => response,
            Err(e) if e.is_builder() => return Verdict::Stop(label.invalid_response(root_cause(&e))),
            Err(e) => return again(e),
        };
        self.has_answered.store(true, Ordering::Relaxed);
        let status = response.status();
        let seconds = response.headers().get(RETRY_AFTER).and_then(|v| v.to_str().ok()).and_then(|v| v.parse().ok());
        let bytes = match response.bytes().await {
            Ok(bytes) => bytes,
            Err(e) => return again(e),
        };
        match serde_json::from_slice::<Answer<T>>(&bytes) {
            Ok(Answer { data, errors }) if !errors.is_empty() || data.is_none() => {
                self.classify_errors(label, status, &errors, seconds.map(Duration::from_secs))
            }
            Ok(Answer { data: Some(data), .. }) => judge(data),
            Ok(_) => Verdict::Stop(label.invalid_response("neither data nor errors")),
            Err(e) if status.is_success() => Verdict::Stop(label.invalid_response(e.to_string())),
            Err(_) => self.classify_errors(label, status, &[], seconds.map(Duration::from_secs)),
        }
    }

    fn classify_errors<T>(
        &self,
        label: &RequestLabel,
        status: reqwest::StatusCode,
        errors: &[TopError],
        wait: Option<Duration>,
    ) -> Verdict<T> {
        let code = |e: &TopError| e.extensions.code.clone().unwrap_or_else(|| format!("HTTP {}", status.as_u16()));
        let passing = |e: &TopError| e.extensions.retry_after_ms.is_some() || RETRYABLE_CODES.contains(&code(e).as_str());
        let fatal = errors.iter().find(|e| !passing(e));
        let reported_error = fatal.or(errors.first());
        let reason =
            reported_error.map_or_else(|| format!("HTTP {}", status.as_u16()), |e| format!("{}: {}", code(e), e.message));
        // A 5xx may hide a committed change: the same key finds out.
        if status.is_server_error() || status.as_u16() == 429 || (!errors.is_empty() && fatal.is_none()) {
            let requested_wait = errors.iter().filter_map(|e| e.extensions.retry_after_ms).max().map(Duration::from_millis);
            return Verdict::Retry(Retry { reason, wait: requested_wait.or(wait) });
        }
        let Some(error) = reported_error else {
            return Verdict::Stop(label.refusal_error(
                &format!("HTTP {}", status.as_u16()),
                &format!("{} gave no GraphQL answer", self.url),
                String::new(),
            ));
        };
        let path: Vec<String> = error.path.iter().map(|p| p.as_str().map_or_else(|| p.to_string(), str::to_owned)).collect();
        Verdict::Stop(label.refusal_error(&code(error), &error.message, path.join(".")))
    }
}

/// Doubles with each attempt up to a bound; the server's `retryAfterMs` counts if it is longer, up
/// to a minute.
fn backoff_delay(attempt: u32, requested_delay: Option<Duration>) -> Duration {
    let own_delay = INITIAL_BACKOFF.saturating_mul(1 << attempt.min(10)).min(MAX_BACKOFF);
    own_delay.max(requested_delay.unwrap_or_default().min(REQUEST_TIMEOUT))
}

/// Returns the GraphQL endpoint of a server that is named by its root or by that endpoint, or the
/// reason for which `url` is no address.
pub fn endpoint(url: &str) -> Result<Url, String> {
    let mut url = Url::parse(url).map_err(|err| err.to_string())?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("http or https is expected".to_owned());
    }
    let path = match url.path().trim_end_matches('/') {
        "" => "/graphql".to_owned(),
        path => path.to_owned(),
    };
    url.set_path(&path);
    Ok(url)
}

/// reqwest's own text names only the outermost cause.
fn root_cause(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(inner) = next {
        text = format!("{text}: {inner}");
        next = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_named_by_its_root_or_its_endpoint() {
        for (url, asked) in [
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/graphql"),
            ("https://stock.example/", "https://stock.example/graphql"),
            ("https://stock.example/graphql/", "https://stock.example/graphql"),
            ("https://example.com/stock/graphql", "https://example.com/stock/graphql"),
        ] {
            assert_eq!(endpoint(url).unwrap().as_str(), asked);
        }
        for url in ["foo", "", "ftp://stock.example", "localhost:8080"] {
            assert!(endpoint(url).is_err(), "{url}");
        }
        let wrong = Client::new("foo", "t").unwrap_err().to_string();
        assert!(wrong.starts_with("foo is not the address of a server"), "{wrong}");
    }
}
