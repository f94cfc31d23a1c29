//! `/livez`: the process answers. `/readyz`: it should be given work.

use std::{fmt::Debug, sync::Arc};

use async_trait::async_trait;
use axum::{
    Router,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};

use crate::live::drain::Drain;

/// What the node needs to do its work, asked at each probe.
#[async_trait]
pub trait Readiness: Debug + Send + Sync + 'static {
    /// # Errors
    /// What is missing, in words for the operator; no secrets, no addresses.
    async fn check(&self) -> Result<(), String>;
}

/// Ready whenever the process runs.
#[derive(Debug, Clone, Copy)]
pub struct AlwaysReady;

#[async_trait]
impl Readiness for AlwaysReady {
    async fn check(&self) -> Result<(), String> {
        Ok(())
    }
}

pub fn routes<S: Clone + Send + Sync + 'static>(readiness: Arc<dyn Readiness>, drain: Drain) -> Router<S> {
    let ready = move || {
        let (readiness, drain) = (readiness.clone(), drain.clone());
        async move {
            if drain.started() {
                return plain(StatusCode::SERVICE_UNAVAILABLE, "stopping\n".into());
            }
            match readiness.check().await {
                Ok(()) => plain(StatusCode::OK, "ready\n".into()),
                Err(why) => plain(StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")),
            }
        }
    };
    Router::new().route("/livez", get(|| async { plain(StatusCode::OK, "live\n".into()) })).route("/readyz", get(ready))
}

fn plain(status: StatusCode, text: String) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    ];
    (status, headers, text)
}
