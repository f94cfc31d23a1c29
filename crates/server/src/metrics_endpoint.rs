//! `/metrics`: the node's figures, on a listener of their own that is nobody's but the operator's.

use std::sync::Arc;

use axum::{Router, http::header, routing::get};

/// What is read.
pub trait MetricsSource: Send + Sync + 'static {
    /// In Prometheus' text format, as things stand now.
    fn text(&self) -> String;
}

/// The one route. Health may be merged in.
pub fn routes<S: Clone + Send + Sync + 'static>(source: Arc<dyn MetricsSource>) -> Router<S> {
    let told = move || {
        let source = source.clone();
        async move { ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], source.text()) }
    };
    Router::new().route("/metrics", get(told))
}
