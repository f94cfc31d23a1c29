//! The front door: GraphQL over HTTP, sockets, GraphiQL and probes, over axum and hyper.

mod body;
mod compress;
mod connections;
mod cookies;
mod early_refusal;
mod envelope;
mod etag;
mod event_stream;
mod files;
mod metrics_endpoint;
mod docs;
mod graphiql;
mod endpoint;
mod health;
mod key_set;
mod leaked_keys;
mod negotiate;
mod origin;
mod overload;
mod profiles;
mod proxies;
mod refused_origins;
mod reply;
mod serve;
mod stall;
mod tls;
mod transport;
mod upgrade;
mod views;

use std::{fmt, sync::Arc};

use async_graphql::Executor;
use axum::{Router, http::StatusCode, routing::any};
use platform::{cache::SessionPositions, rate_limit::RateLimiter};

use graphql::{
    cost_limiter::CostLimiter,
    guard::Guard,
    introspection::Introspector,
    limits::Limits,
    live::{admission::Admission, drain::Drain, socket::Anonymous, streams::Streams},
    operation::{Introspection, OperationService},
    quota::Terms,
    schema_index::SchemaIndex,
    session::{Authenticator, Clock, Documents, NewId},
    trusted::Trusted,
    validation_cache::DocumentValidator,
};

use self::{negotiate::Media, overload::LoadShedder, refused_origins::RefusedOrigins};

pub use self::{
    connections::Peer,
    docs::Docs,
    files::routes as files,
    health::{AlwaysReady, Check, Readiness, State, routes as health},
    key_set::{KeySet, routes as key_set},
    leaked_keys::{LeakReports, routes as leaked_keys},
    metrics_endpoint::{MetricsSource, routes as metrics},
    profiles::{ProfileAccess, ProfileError, ProfileKind, Profiler, routes as profiles},
    proxies::TrustedProxy,
    serve::serve,
    tls::{TlsCertificate, TlsError, TlsFiles, TlsServer},
    transport::Listener,
    views::{LinkRefused, LinkedView, RenderedTable, TableQuery, ViewLinks, routes as views, table_problem, view_table},
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
    pub trusted: Trusted,
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
    load_shedder: LoadShedder,
    refused_origins: RefusedOrigins,
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

/// The routes: `/graphql`, `/graphql/ws`, `/graphql/session` (the same, where refresh tokens of cookies are sent), `/` and `/graphiql/…` with GraphiQL, `/docs/…`, `/livez`, `/readyz`. Others may be merged in.
pub fn router<E: Executor>(front: Arc<Front<E>>) -> Router {
    let health = health::routes(front.readiness.clone(), front.drain.clone());
    let explorer = match front.settings.explorer {
        Explorer::Served => graphiql::assets(),
        Explorer::Off => Router::new(),
    };
    let docs = front.settings.docs.as_ref().map_or_else(Router::new, docs::routes);
    let new_id = front.service.new_id.clone();
    Router::new()
        .route("/graphql", any(endpoint::handle::<E>))
        .route("/graphql/ws", any(endpoint::handle::<E>))
        .route(cookies::REFRESH_COOKIE_PATH, any(endpoint::handle::<E>))
        .with_state(front)
        .merge(health)
        .merge(explorer)
        .merge(docs)
        .fallback(
            move || async move { reply::fault_response(StatusCode::NOT_FOUND, "there is nothing here", Media::Json, &new_id()) },
        )
}
