//! Requests to GraphQL that are refused before they are read.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

use axum::{
    body::Body,
    http::{HeaderValue, Method, Request, Response, header},
};
use platform::metrics;
use tokio::time::Instant;

use super::{
    body,
    client::is_secure,
    connections::Peer,
    cookies,
    front::Front,
    headers::{declared_length, text},
    negotiate::media,
    overload::{Caller, InFlight, LoadShedder, ShedReason},
    proxies, reply,
};
use graphql::{
    answer::Errors,
    code::Code,
    session::{Refused, bearer},
};

/// Maximum bytes of a refused body that are read so that its connection stays open; `UNREAD_TIMEOUT`
/// bounds the time.
const MAX_UNREAD_BYTES: usize = 64 << 10;
const UNREAD_TIMEOUT: Duration = Duration::from_secs(1);
/// Refusals are spread over time already, so their clients come back spread too.
const RETRY_AFTER_MS: u64 = 1_000;

/// Counts a request that may ask for an operation; others pass uncounted: an upgrade to a socket, a page, a question of a browser.
///
/// # Errors
/// The node is in overload, and has no room for a request of this caller.
pub fn enter<'a, E>(front: &'a Front<E>, request: &Request<Body>, now: Instant) -> Result<Option<InFlight<'a>>, ShedReason> {
    let is_counted = match *request.method() {
        Method::POST => true,
        Method::GET => request.uri().query().is_some() && !request.headers().contains_key(header::UPGRADE),
        _ => false,
    };
    if !is_counted {
        return Ok(None);
    }
    front.load_shedder.enter(now, |hasher| caller(front, request, hasher)).map(Some)
}

/// Returns the hash of the caller, by the credentials that the request claims.
fn caller<E>(front: &Front<E>, request: &Request<Body>, hasher: &RandomState) -> u64 {
    let (headers, extensions) = (request.headers(), request.extensions());
    let header_token = text(headers, &header::AUTHORIZATION).and_then(bearer);
    let cookie_token = match header_token {
        Some(_) => None,
        None => cookies::access_token(headers, is_secure(front, extensions, headers)),
    };
    let peer = extensions.get::<Peer>();
    let address = peer.map(|peer| proxies::client(&front.settings.proxies, peer.address, headers));
    hasher.hash_one(Caller::of(header_token.or(cookie_token.as_deref()), address))
}

/// The answer to a request for which there is no room, when it is its turn: 503 with a `Retry-After`.
pub async fn refuse(shedder: &LoadShedder, reason: ShedReason, request: Request<Body>, id: &str) -> Response<Body> {
    metrics::count_shed_request(reason.as_str());
    shedder.wait_turn().await;
    let (parts, body) = request.into_parts();
    let rest = body::skip(body, declared_length(&parts.headers), MAX_UNREAD_BYTES, UNREAD_TIMEOUT).await;
    let refused = Refused { retry_after_ms: Some(RETRY_AFTER_MS), ..Refused::new(Code::Overloaded, "too busy, try again") };
    let mut response = reply::errors_response(&Errors::from_refused(refused, id), media(&parts.headers), id);
    if rest.is_err() {
        // The unread rest of the body would precede a next request on this connection.
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}
