//! The client of webhooks: no proxy, no redirect, no address that was not checked, no answer that does not end.

use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use platform::{clock, clock::Clock};
use reqwest::{
    Client, Response, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{CONTENT_TYPE, RETRY_AFTER},
    redirect::Policy,
};
use tokio::time::{Instant, timeout};

use super::address::{Allowed, Bad, check, is_plain, literal};

const CONNECT: Duration = Duration::from_secs(5);
/// Within the time of a connection: a name that nobody answers for is told as one that is nobody's, not as a receiver that is silent.
const LOOK_UP: Duration = Duration::from_secs(4);
const WHOLE: Duration = Duration::from_secs(15);
/// A request that carries a file.
const TRANSFER: Duration = Duration::from_mins(2);
/// What is read of an answer's body, and kept of it.
const MOST_BODY: usize = 1_024;
/// Characters that are kept of why there was none.
const MOST_WHY: usize = 300;
/// A body that comes in drops is not waited for: the status has said all that matters.
const BODY_TIME: Duration = Duration::from_secs(2);

/// A message that is to be sent.
#[derive(Debug, Clone, Copy)]
pub struct Parcel<'a> {
    pub url: &'a str,
    pub id: &'a str,
    /// Seconds since 1970.
    pub timestamp: i64,
    pub signatures: &'a str,
    pub body: &'a str,
    /// Where a receiver's spans go on from, if the trace is recorded.
    pub traceparent: Option<&'a str>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// None when there was no answer, and then `error` says why.
    pub status: Option<u16>,
    pub error: Option<String>,
    /// Seconds that the receiver asks to be left alone.
    pub retry_after: Option<i64>,
    /// The beginning of the answer's body.
    pub body: String,
    pub latency: Duration,
}

/// Sends messages. Cheap to clone.
#[derive(Clone)]
pub struct Sender {
    allowed: Allowed,
    clock: Clock,
    /// Made when the first message is sent: a node that sends none needs no roots to trust.
    clients: Arc<OnceLock<Result<Clients, String>>>,
}

struct Clients {
    /// For https at port 443.
    secure: Client,
    /// For everything else, which goes to networks of the operator's only.
    plain: Client,
}

impl Clients {
    fn new(allowed: &Allowed) -> Result<Self, String> {
        let client =
            |is_plain: bool| client(allowed, is_plain, WHOLE).map_err(|err| format!("webhooks cannot be sent from here: {err}"));
        Ok(Self { secure: client(false)?, plain: client(true)? })
    }
}

fn client(allowed: &Allowed, is_plain: bool, whole: Duration) -> Result<Client, reqwest::Error> {
    Client::builder()
        .no_proxy()
        .redirect(Policy::none())
        .connect_timeout(CONNECT)
        .timeout(whole)
        .pool_max_idle_per_host(2)
        .pool_idle_timeout(Duration::from_secs(30))
        .referer(false)
        .user_agent(concat!("Entrepot/", env!("CARGO_PKG_VERSION")))
        .dns_resolver(Arc::new(Checked { allowed: allowed.clone(), is_plain }))
        .build()
}

impl Sender {
    pub fn new(allowed: Allowed, clock: Clock) -> Self {
        Self { allowed, clock, clients: Arc::default() }
    }

    pub fn allowed(&self) -> &Allowed {
        &self.allowed
    }

    pub async fn send(&self, parcel: Parcel<'_>) -> Sent {
        let began = Instant::now();
        let mut sent = match self.exchange(parcel).await {
            Ok(answer) => self.read(answer).await,
            Err(error) => {
                Sent { status: None, error: Some(error), retry_after: None, body: String::new(), latency: Duration::ZERO }
            }
        };
        sent.latency = began.elapsed();
        sent
    }

    /// A client that carries files to the host of a URL, and connects to no address that was not checked. Every request of it goes to this host.
    pub fn transfers(&self, url: &str) -> Result<Client, String> {
        let url = self.checked(url)?;
        client(&self.allowed, is_plain(&url), TRANSFER).map_err(|err| format!("files cannot be sent from here: {err}"))
    }

    /// What was opened when the URL was kept may be closed now, and a written address meets no resolver.
    fn checked(&self, url: &str) -> Result<Url, String> {
        let url = check(url, &self.allowed).map_err(|bad| bad.to_string())?;
        match literal(&url) {
            Some(address) if !self.allowed.takes(address, is_plain(&url)) => Err(Bad::Closed(address.to_string()).to_string()),
            _ => Ok(url),
        }
    }

    async fn exchange(&self, parcel: Parcel<'_>) -> Result<Response, String> {
        let url = self.checked(parcel.url)?;
        let clients = self.clients.get_or_init(|| Clients::new(&self.allowed)).as_ref().map_err(Clone::clone)?;
        let client = if is_plain(&url) { &clients.plain } else { &clients.secure };
        let mut request = client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", parcel.id)
            .header("webhook-timestamp", parcel.timestamp)
            .header("webhook-signature", parcel.signatures)
            .body(parcel.body.to_owned());
        if let Some(traceparent) = parcel.traceparent {
            request = request.header("traceparent", traceparent);
        }
        request.send().await.map_err(|err| failure_text(&err))
    }

    async fn read(&self, mut answer: Response) -> Sent {
        let status = answer.status().as_u16();
        let retry_after = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = retry_after.and_then(|text| self.seconds(text.trim()));
        let mut body = Vec::new();
        let reading = async {
            while body.len() < MOST_BODY {
                match answer.chunk().await {
                    Ok(Some(chunk)) => body.extend_from_slice(&chunk[..chunk.len().min(MOST_BODY - body.len())]),
                    Ok(None) | Err(_) => break,
                }
            }
        };
        // A body that does not come changes nothing of what the status says. What is not read is dropped, and the connection with it.
        let _ = timeout(BODY_TIME, reading).await;
        // A zero byte is no text to Postgres.
        let body = String::from_utf8_lossy(&body).replace('\0', "\u{fffd}");
        Sent { status: Some(status), error: None, retry_after, body, latency: Duration::ZERO }
    }

    /// `Retry-After`: a number of seconds, or a moment.
    fn seconds(&self, text: &str) -> Option<i64> {
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(text.parse().unwrap_or(i64::MAX));
        }
        let at = clock::parse_http_date(text)?;
        Some((at.micros() - self.clock.now().micros()).max(0) / 1_000_000)
    }
}

/// Why there was no answer. The URL may hold a secret of the receiver's, so it is not repeated.
fn failure_text(err: &reqwest::Error) -> String {
    let mut root: &dyn std::error::Error = err;
    while let Some(source) = root.source() {
        if source.is::<Bad>() {
            return source.to_string();
        }
        root = source;
    }
    let why = if err.is_timeout() {
        "there was no answer in time".to_owned()
    } else if err.is_connect() {
        format!("no connection: {root}")
    } else {
        format!("the connection broke: {root}")
    };
    why.chars().take(MOST_WHY).collect()
}

/// Resolves names to addresses that may be sent to; one that may not makes the name unusable. The connection goes to what was checked.
struct Checked {
    allowed: Allowed,
    is_plain: bool,
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let (allowed, is_plain, name) = (self.allowed.clone(), self.is_plain, name.as_str().to_owned());
        Box::pin(async move {
            let looking = timeout(LOOK_UP, tokio::net::lookup_host((name.as_str(), 0))).await;
            let found: Vec<SocketAddr> = match looking.map_err(std::io::Error::from).flatten() {
                Ok(found) => found.collect(),
                Err(error) => {
                    tracing::info!(name, %error, "a webhook's name was not resolved");
                    return Err(Bad::Nowhere.into());
                }
            };
            if let Some(closed) = found.iter().find(|address| !allowed.takes(address.ip(), is_plain)) {
                tracing::info!(name, address = %closed.ip(), "a webhook's name leads to an address that is not of the open internet");
                return Err(Bad::Nowhere.into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What an attempt is told, and what the deployment's own DNS says: the same of a name that leads inside and of one that leads nowhere.
    #[tokio::test]
    async fn what_names_lead_to_inside_is_not_told() {
        let checked = Checked { allowed: Allowed::default(), is_plain: false };
        for name in ["localhost", "nowhere.invalid"] {
            let error = checked.resolve(name.parse().unwrap()).await.err().unwrap();
            assert_eq!(error.to_string(), "its name leads to no address of the open internet", "{name}");
            assert!(error.is::<Bad>(), "{name}: this is what is told of it");
        }
    }
}
