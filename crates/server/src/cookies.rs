//! Cookies of web pages that keep no tokens themselves, and the rules for accepting them.
//!
//! A cookie counts only beside the header `Entrepot-Session: cookie`, which a page of another site
//! cannot send without a preflight (CORS), and only when the request's Origin is one of ours; a
//! change needs an Origin. Without the header cookies are ignored, so clients that send their
//! tokens themselves are not affected.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use super::{
    headers::text,
    origin::{self, OriginKind},
};
use graphql::{
    auth_cookies::{AuthCookies, DeviceToken, SetCookies},
    code::Code,
    session::Session,
};

/// With the value `cookie` the caller is a page that wants its tokens in cookies.
pub const MODE_HEADER: HeaderName = HeaderName::from_static("entrepot-session");
/// Token of a device without cookies; `new` if it has none yet.
pub const DEVICE_HEADER: HeaderName = HeaderName::from_static("entrepot-device");
/// Only path to which browsers send the refresh token.
pub const REFRESH_COOKIE_PATH: &str = "/graphql/session";

/// Names by whether they came by TLS. Browsers take a name with a prefix by TLS only, and `__Host-` from this very host only.
struct CookieNames {
    access: &'static str,
    refresh: &'static str,
    device: &'static str,
}

const SECURE: CookieNames =
    CookieNames { access: "__Host-entrepot", refresh: "__Secure-entrepot-refresh", device: "__Host-entrepot-device" };
const PLAIN: CookieNames = CookieNames { access: "entrepot", refresh: "entrepot-refresh", device: "entrepot-device" };
/// Lifetime of the device cookie: 400 days, the longest that browsers keep one.
const DEVICE_SECONDS: i64 = 400 * 24 * 3600;

fn cookie_names(is_secure: bool) -> &'static CookieNames {
    if is_secure { &SECURE } else { &PLAIN }
}

/// A request of a page in cookie mode.
pub struct Page {
    pub access: Option<String>,
    pub auth_cookies: AuthCookies,
    device: String,
    from: OriginKind,
    is_secure: bool,
}

/// Returns the requesting page if it is in cookie mode; refuses a page of another site.
pub fn page(headers: &HeaderMap, allowed: &[String], is_secure: bool) -> Result<Option<Page>, (Code, &'static str)> {
    if !is_page(headers) {
        return Ok(None);
    }
    let from = origin_kind(headers, allowed, is_secure);
    if from == OriginKind::Elsewhere {
        return Err((Code::Forbidden, "cookies are not for pages of this origin"));
    }
    let names = cookie_names(is_secure);
    let auth_cookies = AuthCookies::with(cookie(headers, names.refresh));
    let device = cookie(headers, names.device).unwrap_or_default();
    Ok(Some(Page { access: access_token(headers, is_secure), auth_cookies, device, from, is_secure }))
}

/// Whether the request is from a page in cookie mode.
fn is_page(headers: &HeaderMap) -> bool {
    text(headers, &MODE_HEADER) == Some("cookie")
}

/// The access token that a page in cookie mode has sent, wherever the page is from.
pub fn access_token(headers: &HeaderMap, is_secure: bool) -> Option<String> {
    if is_page(headers) { cookie(headers, cookie_names(is_secure).access) } else { None }
}

impl Page {
    /// Whether the page may make changes. Browsers send an Origin with a change; a request without
    /// one is from no page and needs no cookies.
    pub fn may_change(&self) -> bool {
        self.from == OriginKind::Ours
    }

    /// The session with this page's cookies in the data of its operations.
    pub fn attach_to_session(&self, session: Session) -> Session {
        let (inner, auth_cookies, device) = (session.attach.clone(), self.auth_cookies.clone(), DeviceToken(self.device.clone()));
        let attach = move |request| inner(request).data(auth_cookies.clone()).data(device.clone());
        Session { attach: Arc::new(attach), ..session }
    }

    /// Sets the cookies that are to go with an answer. `now` is in microseconds.
    pub fn set_cookies(&self, headers: &mut HeaderMap, now: i64) {
        let names = cookie_names(self.is_secure);
        let (access, refresh, device) = match self.auth_cookies.take() {
            None => return,
            Some(SetCookies::Nothing) => ((String::new(), 0), (String::new(), 0), None),
            Some(SetCookies::Tokens { access, access_until, refresh, refresh_until, device }) => {
                let seconds_left = |expiry: entity::prelude::Timestamp| (expiry.micros().saturating_sub(now) / 1_000_000).max(0);
                ((access, seconds_left(access_until)), (refresh, seconds_left(refresh_until)), device)
            }
        };
        let token_cookies = [(names.access, access, "/"), (names.refresh, refresh, REFRESH_COOKIE_PATH)].into_iter();
        let device = device.map(|token| (names.device, (token, DEVICE_SECONDS), "/"));
        let secure = if self.is_secure { "; Secure" } else { "" };
        for (name, (value, seconds), path) in token_cookies.chain(device) {
            let cookie = format!("{name}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
            if let Ok(cookie) = HeaderValue::from_str(&cookie) {
                headers.append(header::SET_COOKIE, cookie);
            }
        }
    }
}

/// The session of a caller without cookies, with the token of its device in the data of its operations if it sent one.
pub fn attach_device_token(session: Session, headers: &HeaderMap) -> Session {
    let Some(device) = text(headers, &DEVICE_HEADER).map(|token| DeviceToken(token.to_owned())) else { return session };
    let inner = session.attach.clone();
    Session { attach: Arc::new(move |request| inner(request).data(device.clone())), ..session }
}

/// The `Authorization` that a page's socket comes with by cookie. Browsers let no page send headers with an upgrade, so it is the Origin that
/// vouches, and a socket without one has no cookies.
pub fn socket_authorization(headers: &HeaderMap, allowed: &[String], is_secure: bool) -> Option<String> {
    let token = cookie(headers, cookie_names(is_secure).access)?;
    (origin_kind(headers, allowed, is_secure) == OriginKind::Ours).then(|| format!("Bearer {token}"))
}

/// Returns the origin of a request. For a request by TLS, an origin without TLS counts as foreign:
/// anyone on the way may have written its page, even ours.
fn origin_kind(headers: &HeaderMap, allowed: &[String], is_secure: bool) -> OriginKind {
    let by_tls = text(headers, &header::ORIGIN).is_none_or(|origin| origin.to_ascii_lowercase().starts_with("https://"));
    if is_secure && !by_tls { OriginKind::Elsewhere } else { origin::of(headers, allowed) }
}

/// Returns the value of a cookie that was sent once. A second cookie of the same name was set by
/// another site or path, so both are ignored.
fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut values = pairs.filter(|(cookie_name, _)| *cookie_name == name).map(|(_, value)| value.trim().to_owned());
    let value = values.next().filter(|value| !value.is_empty())?;
    values.next().is_none().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let parsed = pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        parsed.collect()
    }

    #[test]
    fn a_cookie_counts_once_and_only_beside_its_header() {
        let sent = [("cookie", "a=1; entrepot=one; b=2"), ("host", "stock.example"), ("origin", "https://stock.example")];
        assert!(page(&headers(&sent), &[], false).unwrap().is_none(), "no header, no cookies");
        let with = [sent.as_slice(), &[("entrepot-session", "cookie")]].concat();
        let found = page(&headers(&with), &[], false).unwrap().unwrap();
        assert_eq!((found.access.as_deref(), found.may_change()), (Some("one"), true));
        assert_eq!(page(&headers(&with), &[], true).unwrap().unwrap().access, None, "by TLS only names that TLS vouches for");
        let twice = headers(&[("cookie", "entrepot=one; entrepot=two"), ("host", "h"), ("entrepot-session", "cookie")]);
        assert_eq!(page(&twice, &[], false).unwrap().unwrap().access, None, "one of the two is somebody else's");
    }

    #[test]
    fn a_page_of_another_site_has_no_cookies() {
        let from = |origin: &'static str| {
            let sent =
                [("cookie", "entrepot=one"), ("host", "stock.example"), ("origin", origin), ("entrepot-session", "cookie")];
            page(&headers(&sent), &["https://shop.example".to_owned()], false)
        };
        assert!(from("https://shop.example").unwrap().unwrap().may_change(), "one that the operator lists");
        for evil in ["https://evil.example", "null", "https://stock.example.evil.example", ""] {
            assert!(from(evil).is_err(), "{evil}");
        }
        let plain = headers(&[("cookie", "a=1"), ("host", "h"), ("origin", "http://h"), ("entrepot-session", "cookie")]);
        assert!(
            page(&plain, &[], false).is_ok() && page(&plain, &[], true).is_err(),
            "where TLS is, a page without it is another"
        );
        let nowhere = headers(&[("cookie", "entrepot=one"), ("host", "stock.example"), ("entrepot-session", "cookie")]);
        assert!(!page(&nowhere, &[], false).unwrap().unwrap().may_change());
        assert_eq!(socket_authorization(&nowhere, &[], false), None);
    }
}
