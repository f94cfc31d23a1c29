//! The client of a request: its address, and whether it came by TLS, by its connection or as
//! trusted proxies say.

use std::net::IpAddr;

use axum::http::{Extensions, HeaderMap, HeaderName, request::Parts};

use super::{connections::Peer, front::Front, headers::text, proxies};

const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Whether the client came by TLS: to us, or to a trusted proxy, whose word about its client counts more than how it came itself.
pub fn is_client_tls<E>(front: &Front<E>, extensions: &Extensions, headers: &HeaderMap) -> bool {
    let Some(peer) = extensions.get::<Peer>() else { return false };
    let forwarded = text(headers, &FORWARDED_PROTO).filter(|_| proxies::is_trusted(&front.settings.proxies, peer.address));
    forwarded.map_or(peer.by_tls, |scheme| scheme.eq_ignore_ascii_case("https"))
}

/// Whether cookies travel by TLS: by the operator's word, or as the client came.
pub fn is_secure_request<E>(front: &Front<E>, parts: &Parts) -> bool {
    is_secure(front, &parts.extensions, &parts.headers)
}

/// Like `is_secure_request`, for a request that is not split into parts.
pub fn is_secure<E>(front: &Front<E>, extensions: &Extensions, headers: &HeaderMap) -> bool {
    front.settings.by_tls || is_client_tls(front, extensions, headers)
}

/// The peer's address, or the client's that trusted proxies name.
pub fn address<E>(front: &Front<E>, parts: &Parts) -> Option<IpAddr> {
    let peer = parts.extensions.get::<Peer>()?.address;
    Some(proxies::client(&front.settings.proxies, peer, &parts.headers))
}
