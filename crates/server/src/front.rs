//! The `Front` holds what all routes share; it is made of its parts and the operator's settings.

use std::{fmt, sync::Arc};

use async_graphql::Executor;
use platform::{cache::SessionPositions, rate_limit::RateLimiter};

use super::{docs::Docs, health::Readiness, overload::LoadShedder, proxies::TrustedProxy, refused_origins::RefusedOrigins};
use graphql::{
    cost_limiter::CostLimiter,
    guard::Guard,
    introspection::Introspector,
    limits::Limits,
    live::{admission::Admission, drain::Drain, socket::Anonymous, subscriptions::Streams},
    operation::{Introspection, OperationService},
    quota::Terms,
    schema_index::SchemaIndex,
    session::{Authenticator, Clock, Documents, NewId},
    trusted::TrustedDocuments,
    validation_cache::DocumentValidator,
};

/// Whether the explorer's page is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Explorer {
    #[default]
    Served,
    Off,
}

/// Settings of an operator, besides the limits.
#[derive(Debug, Default)]
pub struct Settings {
    /// Pages of other sites that may call us and open sockets: `https://shop.example`, exactly. Our own page needs no entry.
    pub origins: Vec<String>,
    pub explorer: Explorer,
    pub introspection: Introspection,
    pub anonymous_sockets: Anonymous,
    /// Proxies whose `X-Forwarded-For` names the client.
    pub proxies: Vec<TrustedProxy>,
    /// Whether pages reach us by TLS even if no proxy says so: then all cookies are `Secure`.
    pub by_tls: bool,
    /// Limits on the points that callers may spend.
    pub terms: Terms,
    /// The reference for people at `/docs`.
    pub docs: Option<Docs>,
    /// Documents that may be sent by their id.
    pub trusted: TrustedDocuments,
    /// Whether others may be sent too.
    pub documents: Documents,
    /// The positions of sessions' writes, if reads go to replicas.
    pub positions: Option<SessionPositions>,
}

/// State of the routes, made once and shared by all requests.
pub struct Front<E> {
    pub service: Arc<OperationService<E>>,
    pub streams: Arc<Streams<E>>,
    pub settings: Settings,
    pub readiness: Arc<dyn Readiness>,
    pub drain: Drain,
    pub admission: Arc<Admission>,
    pub(super) load_shedder: LoadShedder,
    pub(super) refused_origins: RefusedOrigins,
}

/// Arguments of `Front::new`.
pub struct Parts<E> {
    pub executor: E,
    /// Validator of documents, if the executor itself has none.
    pub validator: Option<DocumentValidator>,
    pub authenticator: Arc<dyn Authenticator>,
    pub readiness: Arc<dyn Readiness>,
    pub now: Clock,
    pub new_id: NewId,
    pub limits: Limits,
    /// Index of the executor's schema.
    pub schema_index: Arc<SchemaIndex>,
    pub rate_limiter: RateLimiter,
    pub settings: Settings,
}

impl<E: Executor> Front<E> {
    pub fn new(parts: Parts<E>) -> Self {
        let Parts {
            executor,
            validator,
            authenticator,
            readiness,
            now,
            new_id,
            limits,
            schema_index,
            rate_limiter,
            mut settings,
        } = parts;
        let admission = Arc::new(Admission::new(limits.sockets_entering, limits.socket_handshakes));
        let load_shedder = LoadShedder::new(limits.requests_in_flight);
        let introspector = Introspector::with_notes(schema_index.notes().clone());
        let guard = Guard::new(limits.clone(), schema_index);
        let cost_limiter = CostLimiter::new(rate_limiter, settings.terms.clone());
        let (introspection, documents, trusted) =
            (settings.introspection, settings.documents, std::mem::take(&mut settings.trusted));
        let service = Arc::new(OperationService {
            executor,
            validator,
            authenticator,
            guard,
            cost_limiter,
            limits,
            introspection,
            introspector,
            trusted,
            documents,
            now,
            new_id,
            positions: settings.positions.take(),
        });
        let (streams, drain) = (Streams::new(service.clone()), Drain::default());
        let refused_origins = RefusedOrigins::default();
        Self { service, streams, settings, readiness, drain, admission, load_shedder, refused_origins }
    }
}

impl<E> fmt::Debug for Front<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Front").field("desk", &self.service).field("settings", &self.settings).finish_non_exhaustive()
    }
}
