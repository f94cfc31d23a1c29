//! `/.well-known/jwks.json`: the public keys, for services that verify our tokens offline.

use std::sync::Arc;

use axum::{
    Router,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};

/// Source of the public keys.
pub trait KeySet: Send + Sync + 'static {
    /// A JSON Web Key Set (RFC 7517).
    fn key_set(&self) -> Arc<str>;
}

/// Copies may be cached for half the time for which a key is published before it signs.
const CACHE_POLICY: &str = "public, max-age=1800";

pub fn routes(keys: Arc<dyn KeySet>) -> Router {
    let answer = move || {
        let text = keys.key_set().to_string();
        async move { key_set_response(text) }
    };
    Router::new().route("/.well-known/jwks.json", get(answer))
}

fn key_set_response(text: String) -> impl IntoResponse {
    let headers = [(header::CONTENT_TYPE, "application/jwk-set+json"), (header::CACHE_CONTROL, CACHE_POLICY)];
    (StatusCode::OK, headers, text)
}
