//! The client of webhooks: no proxy, no redirects, only checked addresses, bounded responses.

use std::{
    io,
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

use super::{
    address::{AddressRefusal, AllowedNetworks, check, is_plain, literal},
    lookup::NameLookups,
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Shorter than the timeout of a connection, so that an unanswered lookup is reported as an unknown
/// name, not as a silent receiver.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(4);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);
/// Timeout of a request that carries a file.
const TRANSFER_TIMEOUT: Duration = Duration::from_mins(2);
/// Maximum bytes of a response's body that are read and stored.
const MAX_BODY: usize = 1_024;
/// Maximum characters of a stored error.
const MAX_ERROR_CHARACTERS: usize = 300;
/// Timeout of reading a response's body: the status alone decides.
const BODY_TIMEOUT: Duration = Duration::from_secs(2);

/// A message to send.
#[derive(Debug, Clone, Copy)]
pub struct OutgoingMessage<'a> {
    pub url: &'a str,
    pub id: &'a str,
    /// Seconds since 1970.
    pub timestamp: i64,
    pub signatures: &'a str,
    pub body: &'a str,
    /// Trace context that a receiver's spans continue, if the trace is recorded.
    pub traceparent: Option<&'a str>,
}

/// Result of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendResult {
    /// `None` without a response; `error` then has the reason.
    pub status: Option<u16>,
    pub error: Option<String>,
    /// Seconds of the response's `Retry-After`.
    pub retry_after: Option<i64>,
    /// The beginning of the response's body.
    pub body: String,
    pub latency: Duration,
}

/// Sends messages. Cheap to clone.
#[derive(Clone)]
pub struct Sender {
    allowed: AllowedNetworks,
    lookups: NameLookups,
    clock: Clock,
    /// Created when the first message is sent: a node that sends none needs no root certificates.
    clients: Arc<OnceLock<Result<HttpClients, String>>>,
}

struct HttpClients {
    /// For https at port 443.
    secure: Client,
    /// For all other URLs, which are in networks of the operator only.
    plain: Client,
}

impl HttpClients {
    fn new(allowed: &AllowedNetworks, lookups: &NameLookups) -> Result<Self, String> {
        let client = |is_plain: bool| {
            client(CheckingResolver::new(allowed, lookups, is_plain), REQUEST_TIMEOUT)
                .map_err(|err| format!("webhooks cannot be sent from here: {err}"))
        };
        Ok(Self { secure: client(false)?, plain: client(true)? })
    }
}

fn client(resolver: CheckingResolver, total_timeout: Duration) -> Result<Client, reqwest::Error> {
    Client::builder()
        .no_proxy()
        .redirect(Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(total_timeout)
        .pool_max_idle_per_host(2)
        .pool_idle_timeout(Duration::from_secs(30))
        .referer(false)
        .user_agent(concat!("Entrepot/", env!("CARGO_PKG_VERSION")))
        .dns_resolver(Arc::new(resolver))
        .build()
}

impl Sender {
    pub fn new(allowed: AllowedNetworks, clock: Clock) -> Self {
        Self { allowed, lookups: NameLookups::default(), clock, clients: Arc::default() }
    }

    pub fn allowed_networks(&self) -> &AllowedNetworks {
        &self.allowed
    }

    pub async fn send(&self, parcel: OutgoingMessage<'_>) -> SendResult {
        let started = Instant::now();
        let mut sent = match self.exchange(parcel).await {
            Ok(answer) => self.read(answer).await,
            Err(error) => {
                SendResult { status: None, error: Some(error), retry_after: None, body: String::new(), latency: Duration::ZERO }
            }
        };
        sent.latency = started.elapsed();
        sent
    }

    /// Returns a client that transfers files to the host of a URL, and connects only to checked
    /// addresses. All of its requests go to this host.
    pub fn transfer_client(&self, url: &str) -> Result<Client, String> {
        let url = self.parse_allowed_url(url)?;
        let resolver = CheckingResolver::new(&self.allowed, &self.lookups, is_plain(&url));
        client(resolver, TRANSFER_TIMEOUT).map_err(|err| format!("files cannot be sent from here: {err}"))
    }

    /// Checks the URL again: an address that was allowed when it was stored may be closed now, and
    /// the resolver does not check literal IP addresses.
    fn parse_allowed_url(&self, url: &str) -> Result<Url, String> {
        let url = check(url, &self.allowed).map_err(|bad| bad.to_string())?;
        match literal(&url) {
            Some(address) if !self.allowed.allows(address, is_plain(&url)) => {
                Err(AddressRefusal::Closed(address.to_string()).to_string())
            }
            _ => Ok(url),
        }
    }

    async fn exchange(&self, parcel: OutgoingMessage<'_>) -> Result<Response, String> {
        let url = self.parse_allowed_url(parcel.url)?;
        let clients =
            self.clients.get_or_init(|| HttpClients::new(&self.allowed, &self.lookups)).as_ref().map_err(Clone::clone)?;
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

    async fn read(&self, mut answer: Response) -> SendResult {
        let status = answer.status().as_u16();
        let retry_after = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = retry_after.and_then(|text| self.seconds(text.trim()));
        let mut body = Vec::new();
        let body_read = async {
            while body.len() < MAX_BODY {
                match answer.chunk().await {
                    Ok(Some(chunk)) => body.extend_from_slice(&chunk[..chunk.len().min(MAX_BODY - body.len())]),
                    Ok(None) | Err(_) => break,
                }
            }
        };
        // A missing body does not change the result. The unread rest is dropped, and the connection
        // with it.
        let _ = timeout(BODY_TIMEOUT, body_read).await;
        // A zero byte is no text to Postgres.
        let body = String::from_utf8_lossy(&body).replace('\0', "\u{fffd}");
        SendResult { status: Some(status), error: None, retry_after, body, latency: Duration::ZERO }
    }

    /// Parses `Retry-After`: a number of seconds, or a date.
    fn seconds(&self, text: &str) -> Option<i64> {
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(text.parse().unwrap_or(i64::MAX));
        }
        let at = clock::parse_http_date(text)?;
        Some((at.micros() - self.clock.now().micros()).max(0) / 1_000_000)
    }
}

/// Returns the reason why there was no answer. The URL may hold a secret of the receiver's, so it
/// is not repeated.
fn failure_text(err: &reqwest::Error) -> String {
    let mut root: &dyn std::error::Error = err;
    while let Some(source) = root.source() {
        if source.is::<AddressRefusal>() {
            return source.to_string();
        }
        root = source;
    }
    let message = if err.is_timeout() {
        "there was no answer in time".to_owned()
    } else if err.is_connect() {
        format!("no connection: {root}")
    } else {
        format!("the connection broke: {root}")
    };
    message.chars().take(MAX_ERROR_CHARACTERS).collect()
}

/// Resolver that checks addresses; one that is not allowed makes the name unusable. The connection
/// goes to the checked addresses.
struct CheckingResolver {
    allowed: AllowedNetworks,
    lookups: NameLookups,
    is_plain: bool,
}

impl CheckingResolver {
    fn new(allowed: &AllowedNetworks, lookups: &NameLookups, is_plain: bool) -> Self {
        Self { allowed: allowed.clone(), lookups: lookups.clone(), is_plain }
    }
}

impl Resolve for CheckingResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (allowed, lookups, is_plain) = (self.allowed.clone(), self.lookups.clone(), self.is_plain);
        let name = name.as_str().to_owned();
        Box::pin(async move {
            let lookup = timeout(LOOKUP_TIMEOUT, lookups.addresses(&name)).await;
            let addresses = match lookup.map_err(io::Error::from).flatten() {
                Ok(addresses) => addresses,
                Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {
                    tracing::warn!(name, %error, "a webhook's name was not looked up");
                    return Err(error.into());
                }
                Err(error) => {
                    tracing::info!(name, %error, "a webhook's name was not resolved");
                    return Err(AddressRefusal::Nowhere.into());
                }
            };
            if let Some(closed) = addresses.iter().find(|address| !allowed.allows(address.ip(), is_plain)) {
                tracing::info!(name, address = %closed.ip(), "a webhook's name leads to an address that is not of the open internet");
                return Err(AddressRefusal::Nowhere.into());
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The error of an attempt hides the answers of the deployment's own DNS: it is the same for a
    /// name with an internal address and for one without any.
    #[tokio::test]
    async fn what_names_lead_to_inside_is_not_told() {
        let checked = CheckingResolver::new(&AllowedNetworks::default(), &NameLookups::default(), false);
        for name in ["localhost", "nowhere.invalid"] {
            let error = checked.resolve(name.parse().unwrap()).await.err().unwrap();
            assert_eq!(error.to_string(), "its name leads to no address of the open internet", "{name}");
            assert!(error.is::<AddressRefusal>(), "{name}: this is what is told of it");
        }
    }
}
