//! Web pages that may call the API.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header},
};

/// Origin that a request claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OriginKind {
    /// A page of ours, or one that the operator lists.
    Ours,
    /// A page of another site, or one that hides where it is from.
    Elsewhere,
    /// No Origin: the caller is not a page, or a page that only reads.
    Unsaid,
}

pub fn of(headers: &HeaderMap, allowed: &[String]) -> OriginKind {
    let Some(origin) = headers.get(header::ORIGIN) else { return OriginKind::Unsaid };
    match origin.to_str() {
        Ok(origin) if is_listed(origin, allowed) || is_same(origin, headers) => OriginKind::Ours,
        _ => OriginKind::Elsewhere,
    }
}

/// Header by which a browser describes the page behind a request without an Origin: `same-origin`,
/// `same-site`, `cross-site`, or `none` for an address that its user typed.
const FETCH_SITE_HEADER: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether a request without a body may be carried out. Browsers send a GET without a preflight,
/// for example for an image: a page of another site could have them run anything (CSRF). Clients
/// that are not browsers send neither header.
pub fn may_get(headers: &HeaderMap, allowed: &[String]) -> bool {
    match of(headers, allowed) {
        OriginKind::Ours => true,
        OriginKind::Elsewhere => false,
        OriginKind::Unsaid => headers.get(FETCH_SITE_HEADER).is_none_or(|site| site == "same-origin" || site == "none"),
    }
}

/// Whether a socket may be opened by this page: one of ours, one that the operator lists, or no page at all.
pub fn may_open_socket(headers: &HeaderMap, allowed: &[String]) -> bool {
    of(headers, allowed) != OriginKind::Elsewhere
}

/// Lets a listed page read the response. Others get no header at all, so their browser withholds
/// it.
pub fn permit(page: Option<&HeaderValue>, response: &mut HeaderMap, allowed: &[String]) {
    if allowed.is_empty() {
        return;
    }
    response.append(header::VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = page
        && origin.to_str().is_ok_and(|origin| is_listed(origin, allowed))
    {
        response.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        // Its cookies are SameSite=Strict: this is for a page on another host of the same site.
        response.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        let exposed_headers = HeaderValue::from_static(
            "x-request-id, retry-after, ratelimit-limit, ratelimit-remaining, ratelimit-reset, entrepot-position",
        );
        response.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed_headers);
    }
}

/// Methods of a path: all for `Allow`, and those that a page of another site may use.
#[derive(Debug, Clone, Copy)]
pub struct Methods {
    pub all: &'static str,
    pub of_pages: &'static str,
}

/// The answer to a CORS preflight; `permit` decides afterwards.
pub fn preflight(methods: Methods) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(header::ALLOW, HeaderValue::from_static(methods.all));
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(methods.of_pages));
    let allowed_headers = HeaderValue::from_static(
        "authorization, content-type, last-event-id, traceparent, entrepot-client, entrepot-cost, entrepot-position, entrepot-session, \
         entrepot-device",
    );
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed_headers);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    response
}

/// `http://localhost:*` matches all ports of this machine: development servers choose theirs
/// freely.
fn is_listed(origin: &str, allowed: &[String]) -> bool {
    allowed.iter().any(|allowed_origin| match allowed_origin.strip_suffix(":*") {
        Some(host) => is_port_of(origin, host),
        None => allowed_origin.eq_ignore_ascii_case(origin),
    })
}

fn is_port_of(origin: &str, host: &str) -> bool {
    let rest = origin.get(..host.len()).filter(|start| start.eq_ignore_ascii_case(host)).map(|_| &origin[host.len()..]);
    rest.is_some_and(|rest| {
        rest.is_empty()
            || rest.strip_prefix(':').is_some_and(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

fn is_same(origin: &str, headers: &HeaderMap) -> bool {
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    matches!((authority, host), (Some(authority), Some(host)) if authority.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_ports_of_a_host_are_listed_by_a_star_and_no_other_host() {
        let allowed = ["http://localhost:*".to_owned(), "https://shop.example".to_owned()];
        for ours in ["http://localhost", "http://localhost:3000", "HTTP://LOCALHOST:80", "https://shop.example"] {
            assert!(is_listed(ours, &allowed), "{ours}");
        }
        for other in [
            "http://localhost.evil.example",
            "http://localhost:",
            "http://localhost:3000.evil.example",
            "http://localhost:30@evil.example",
            "https://localhost:3000",
            "https://shop.example:8080",
            "http://localhos",
            "ħttp://localhost",
        ] {
            assert!(!is_listed(other, &allowed), "{other}");
        }
    }
}
