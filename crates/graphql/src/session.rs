//! Who an operation runs for: the seam between the front and identity.

use std::{
    fmt,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use async_graphql::Request;
use async_trait::async_trait;
use platform::rate_limit::host;
use tokio::sync::watch;
use uuid::Uuid;

use super::{code::Code, price::UnusedPoints, quota::QuotaSubject, truncated::Truncations};

/// Microseconds since 1970, UTC.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;
/// Makes a fresh id at each call, fit for a header: visible ASCII, unguessable.
pub type NewId = Arc<dyn Fn() -> String + Send + Sync>;
/// Puts the caller, loaders and whatever else resolvers ask for into an operation's data.
pub type Attach = Arc<dyn Fn(Request) -> Request + Send + Sync>;

/// Turns a bearer token, or its absence, into a session.
#[async_trait]
pub trait Authenticator: Send + Sync + 'static {
    /// `bearer` is the raw token after `Bearer `; `None` is an anonymous caller, who may be let in as one.
    ///
    /// # Errors
    /// A token that is malformed, unknown, expired or revoked, or a caller who must wait.
    async fn open(&self, bearer: Option<&str>, meta: &RequestMeta<'_>) -> Result<Session, Refused>;
}

/// What is known of a request before anyone has looked at its token.
#[derive(Debug, Clone, Copy)]
pub struct RequestMeta<'a> {
    /// Given by us; the same as `x-request-id` and `extensions.requestId`. On a socket it is the connection's id.
    pub id: &'a str,
    /// The peer, or the client that a trusted proxy names.
    pub address: Option<IpAddr>,
    pub user_agent: Option<&'a str>,
}

/// An accepted caller. One per HTTP request; on a socket it lasts until renewed or expired.
#[derive(Clone)]
pub struct Session {
    /// When it ends, in microseconds since 1970; `None` is never.
    pub expires_at: Option<i64>,
    pub anonymous: bool,
    /// Who this is, in words that mean something to the authenticator only. A socket's renewal must name the same.
    pub subject: Arc<str>,
    /// Whose budget its operations are charged to.
    pub quota_subject: QuotaSubject,
    /// The API key that it was opened with.
    pub key: Option<Uuid>,
    /// Which documents it may send.
    pub documents: Held,
    /// Becomes true when the session is revoked; open sockets then close. `None` when nobody watches.
    pub revoked: Option<watch::Receiver<bool>>,
    /// Called once for each operation.
    pub attach: Attach,
    /// Who sees the same as this caller. `None` when nobody is known to.
    pub likeness: Option<Likeness>,
}

/// Beyond a century an instant would overflow on some systems; nothing waits that long.
const CENTURY: Duration = Duration::from_hours(100 * 365 * 24);

impl Session {
    /// How long it still lasts; `None` for one without an end.
    pub fn time_left(&self, now: i64) -> Option<Duration> {
        let left = self.expires_at?.saturating_sub(now).max(0);
        Some(Duration::from_micros(left.cast_unsigned())).filter(|left| *left < CENTURY)
    }

    /// Whose it is, for counting: a caller, or the host of somebody who is not known.
    pub fn whose(&self) -> Arc<str> {
        match &self.quota_subject {
            QuotaSubject::Address(address) if self.anonymous => format!("{:?}", address.map(host)).into(),
            _ => self.subject.clone(),
        }
    }
}

/// As whom somebody sees what they see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// By their rights: whoever has the same sees the same.
    ByRights,
    /// As themselves.
    PerUser,
}

/// A name of what the caller sees now: two callers of the same name are answered the same, word for word. `None` when they may not come in.
pub type Likeness = Arc<dyn Fn(Visibility) -> Option<String> + Send + Sync>;

/// Which documents somebody may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Documents {
    #[default]
    Any,
    /// Only those that the operator has listed: a key may be pinned to them.
    Trusted,
}

/// Which documents somebody may send now: a socket outlives the rule that it was opened under.
#[derive(Clone, Default)]
pub struct Held(Option<Arc<dyn Fn() -> Documents + Send + Sync>>);

impl Held {
    /// As it is told at each operation.
    pub fn by(rule: impl Fn() -> Documents + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(rule)))
    }

    pub fn now(&self) -> Documents {
        self.0.as_ref().map_or(Documents::Any, |rule| rule())
    }
}

impl From<Documents> for Held {
    fn from(documents: Documents) -> Self {
        Self::by(move || documents)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("subject", &self.subject).field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// The refusal of a tenant that is suspended, in words.
pub const SUSPENDED: &str = "the operator has suspended this tenant: ask them why, and when it is resumed";

/// Why the authenticator said no.
#[derive(Debug, Clone)]
pub struct Refused {
    pub code: Code,
    /// For the client's eyes.
    pub message: String,
    /// When trying again may help, in milliseconds.
    pub retry_after_ms: Option<u64>,
}

impl Refused {
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retry_after_ms: None }
    }

    /// The one answer to every bad token, whatever was wrong with it.
    pub fn unauthenticated() -> Self {
        Self::new(Code::Unauthenticated, "the token is not valid")
    }

    /// The answer to every caller of a tenant that the operator has suspended.
    pub fn suspended() -> Self {
        Self::new(Code::TenantSuspended, SUSPENDED)
    }
}

/// In the data of each mutation: the root adds here how many `userErrors` a field's payload carries, those of its rows included, and the
/// answer's `extensions.entrepot.userErrorCount` tells clients who do not look.
#[derive(Debug, Clone, Default)]
pub struct UserErrorCount {
    count: Arc<AtomicU32>,
    /// In the data of each query instead.
    pub truncations: Truncations,
    /// The same.
    pub unused_points: UnusedPoints,
}

impl UserErrorCount {
    pub fn add(&self, count: u32) {
        self.count.fetch_add(count, Ordering::Relaxed);
    }

    pub fn get(&self) -> u32 {
        self.count.load(Ordering::Relaxed)
    }
}

/// The raw token of an `Authorization` value. Schemes other than Bearer are ignored, as if nothing had been sent.
pub fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stranger_is_counted_by_their_host() {
        let whose = |address: &str| {
            let session = Session {
                expires_at: None,
                anonymous: true,
                subject: "".into(),
                quota_subject: QuotaSubject::Address(Some(address.parse().unwrap())),
                key: None,
                documents: Held::default(),
                revoked: None,
                attach: Arc::new(|request| request),
                likeness: None,
            };
            session.whose()
        };
        assert_eq!(whose("2001:db8::1"), whose("2001:db8::2:3"), "a /64 has as many sockets as one address");
        assert_ne!(whose("2001:db8::1"), whose("2001:db8:1::1"));
        assert_ne!(whose("192.0.2.1"), whose("192.0.2.2"));
    }
}
