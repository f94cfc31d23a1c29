//! `/metrics`: the node's metrics, on a separate listener for the operator only.

use std::sync::Arc;

use axum::{
    Router,
    http::{HeaderMap, header},
    routing::get,
};

use super::negotiate;

const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Source of the metrics.
pub trait MetricsSource: Send + Sync + 'static {
    /// Returns the current metrics in Prometheus' text format.
    fn text(&self) -> String;
    /// Returns the current metrics as OpenMetrics text, with exemplars.
    fn open_metrics(&self) -> String;
}

/// The one route. Health and profiles may be merged in.
pub fn routes<S: Clone + Send + Sync + 'static>(source: Arc<dyn MetricsSource>) -> Router<S> {
    let handler = move |headers: HeaderMap| {
        let source = source.clone();
        async move {
            let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
            let (media, text) = if negotiate::prefers_open_metrics(accept) {
                (OPEN_METRICS, source.open_metrics())
            } else {
                (TEXT, source.text())
            };
            ([(header::CONTENT_TYPE, media)], text)
        }
    };
    Router::new().route("/metrics", get(handler))
}
