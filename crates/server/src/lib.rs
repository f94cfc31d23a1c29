//! The front door: GraphQL over HTTP, sockets, GraphiQL and probes, over axum and hyper.

mod body;
mod client;
mod compress;
mod connections;
mod cookies;
mod early_refusal;
mod envelope;
mod etag;
mod event_stream;
mod files;
mod front;
mod headers;
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

use std::sync::Arc;

use async_graphql::Executor;
use axum::{Router, http::StatusCode, routing::any};

use self::negotiate::Media;

pub use self::{
    connections::Peer,
    docs::Docs,
    files::routes as files,
    front::{Explorer, Front, Parts, Settings},
    health::{AlwaysReady, Check, Readiness, State, routes as health},
    key_set::{KeySet, routes as key_set},
    leaked_keys::{LeakReports, routes as leaked_keys},
    metrics_endpoint::{MetricsSource, routes as metrics},
    profiles::{ProfileAccess, ProfileError, ProfileKind, Profiler, routes as profiles},
    proxies::TrustedProxy,
    serve::serve,
    tls::{TlsCertificate, TlsError, TlsFiles, TlsServer},
    transport::Listener,
    views::{LinkRefusal, LinkedView, RenderedTable, TableQuery, ViewLinks, routes as views, table_problem, view_table},
};

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
