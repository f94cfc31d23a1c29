//! `/.well-known/jwks.json`: the public keys, for whoever checks our tokens without asking us.

use std::sync::Arc;

use axum::{
    Router,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};

/// Who knows the keys.
pub trait KeySet: Send + Sync + 'static {
    /// A JSON Web Key Set (RFC 7517).
    fn key_set(&self) -> Arc<str>;
}

/// Copies are good for half as long as a key is published before it signs.
const CACHE: &str = "public, max-age=1800";

pub fn routes(keys: Arc<dyn KeySet>) -> Router {
    let answer = move || {
        let text = keys.key_set().to_string();
        async move { keyed(text) }
    };
    Router::new().route("/.well-known/jwks.json", get(answer))
}

fn keyed(text: String) -> impl IntoResponse {
    let headers = [(header::CONTENT_TYPE, "application/jwk-set+json"), (header::CACHE_CONTROL, CACHE)];
    (StatusCode::OK, headers, text)
}
