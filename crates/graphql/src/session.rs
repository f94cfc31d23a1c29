//! Session that an operation runs for: the seam between the front and identity.

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
/// Puts the caller, loaders and other dependencies of resolvers into an operation's data.
pub type AttachData = Arc<dyn Fn(Request) -> Request + Send + Sync>;

/// Turns a bearer token, or its absence, into a session.
#[async_trait]
pub trait Authenticator: Send + Sync + 'static {
    /// `bearer` is the raw token after `Bearer `; `None` is an anonymous caller, who may be
    /// accepted as one.
    ///
    /// # Errors
    /// A token that is malformed, unknown, expired or revoked, or a caller who must wait.
    async fn open(&self, bearer: Option<&str>, meta: &RequestMeta<'_>) -> Result<Session, Refused>;
}

/// Metadata of a request before its token is checked.
#[derive(Debug, Clone, Copy)]
pub struct RequestMeta<'a> {
    /// Generated here; the same as `x-request-id` and `extensions.requestId`. On a socket it is the
    /// connection's ID.
    pub id: &'a str,
    /// The peer, or the client that a trusted proxy names.
    pub address: Option<IpAddr>,
    pub user_agent: Option<&'a str>,
}

/// An accepted caller. One per HTTP request; on a socket it lasts until renewed or expired.
#[derive(Clone)]
pub struct Session {
    /// End of the session in microseconds since 1970; `None`: it has no end.
    pub expires_at: Option<i64>,
    pub anonymous: bool,
    /// Name of the caller that has a meaning for the authenticator only. A socket's renewal must
    /// have the same.
    pub subject: Arc<str>,
    /// Subject whose budget its operations are charged to.
    pub quota_subject: QuotaSubject,
    /// The API key that it was opened with.
    pub key: Option<Uuid>,
    /// Rule for the documents that it may send.
    pub documents: DocumentPolicy,
    /// Becomes true when the session is revoked; open sockets then close. `None` if revocation is
    /// not watched.
    pub revoked: Option<watch::Receiver<bool>>,
    /// Called once for each operation.
    pub attach: AttachData,
    /// Name that callers share who see the same. `None`: no other caller is known to see the same.
    pub likeness: Option<VisibilityName>,
}

/// Beyond a century an instant would overflow on some systems.
const CENTURY: Duration = Duration::from_hours(100 * 365 * 24);

impl Session {
    /// Returns the time until the end; `None` for a session without an end.
    pub fn time_left(&self, now: i64) -> Option<Duration> {
        let remaining = self.expires_at?.saturating_sub(now).max(0);
        Some(Duration::from_micros(remaining.cast_unsigned())).filter(|remaining| *remaining < CENTURY)
    }

    /// Returns the key for per-caller limits: the caller, or the host of an anonymous caller.
    pub fn caller_key(&self) -> Arc<str> {
        match &self.quota_subject {
            QuotaSubject::Address(address) if self.anonymous => format!("{:?}", address.map(host)).into(),
            _ => self.subject.clone(),
        }
    }
}

/// Dependence of an answer on its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// On the caller's rights: callers with the same rights get the same answer.
    ByRights,
    /// On the caller.
    PerUser,
}

/// Returns a name of what the caller currently may see: two callers with the same name get identical
/// answers. `None` if the caller is not admitted.
pub type VisibilityName = Arc<dyn Fn(Visibility) -> Option<String> + Send + Sync>;

/// Documents that a caller may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Documents {
    #[default]
    Any,
    /// Only those that the operator has listed: a key may be pinned to them.
    Trusted,
}

/// Current rule for the documents that a caller may send: a socket outlives the rule under which it
/// was opened.
#[derive(Clone, Default)]
pub struct DocumentPolicy(Option<Arc<dyn Fn() -> Documents + Send + Sync>>);

impl DocumentPolicy {
    /// Evaluates the rule at each operation.
    pub fn by(rule: impl Fn() -> Documents + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(rule)))
    }

    pub fn now(&self) -> Documents {
        self.0.as_ref().map_or(Documents::Any, |rule| rule())
    }
}

impl From<Documents> for DocumentPolicy {
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

/// Reason that the authenticator refuses a request.
#[derive(Debug, Clone)]
pub struct Refused {
    pub code: Code,
    /// Message for the client.
    pub message: String,
    /// Milliseconds after which a retry may succeed.
    pub retry_after_ms: Option<u64>,
}

impl Refused {
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retry_after_ms: None }
    }

    /// The same answer for every invalid token, whatever the cause.
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
    /// In the data of each query instead.
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
                documents: DocumentPolicy::default(),
                revoked: None,
                attach: Arc::new(|request| request),
                likeness: None,
            };
            session.caller_key()
        };
        assert_eq!(whose("2001:db8::1"), whose("2001:db8::2:3"), "a /64 has as many sockets as one address");
        assert_ne!(whose("2001:db8::1"), whose("2001:db8:1::1"));
        assert_ne!(whose("192.0.2.1"), whose("192.0.2.2"));
    }
}
