//! `/livez`: the process answers. `/readyz`: the node can take requests, or the names of the
//! components that fail.

use std::{fmt::Debug, sync::Arc};

use async_trait::async_trait;
use axum::{
    Router,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use serde_json::{Map, Value, json};

use graphql::live::drain::Drain;

/// State of a component that a node depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    Fine,
    /// The node does its work without it, or with less.
    Degraded(String),
    /// Without it there is no work to be done.
    Failed(String),
}

/// Result of one readiness check. Reasons are texts for the operator: no secrets, no addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    pub name: &'static str,
    pub state: State,
}

/// Checks of the components that a node needs, run at each probe.
#[async_trait]
pub trait Readiness: Debug + Send + Sync + 'static {
    async fn checks(&self) -> Vec<Check>;
}

/// Ready whenever the process runs.
#[derive(Debug, Clone, Copy)]
pub struct AlwaysReady;

#[async_trait]
impl Readiness for AlwaysReady {
    async fn checks(&self) -> Vec<Check> {
        Vec::new()
    }
}

pub fn routes<S: Clone + Send + Sync + 'static>(readiness: Arc<dyn Readiness>, drain: Drain) -> Router<S> {
    let ready = move || {
        let (readiness, drain) = (readiness.clone(), drain.clone());
        async move {
            // A node that stops answers at once, without any check.
            let (status, body) = if drain.is_started() { stopping_report() } else { report(&readiness.checks().await) };
            json_answer(status, &body)
        }
    };
    let live = || async { json_answer(StatusCode::OK, &json!({ "status": "live" })) };
    Router::new().route("/livez", get(live)).route("/readyz", get(ready))
}

/// Whether a path is polled by machines in any state of the node: the probes, and the metrics of
/// the operator's listener.
pub(super) fn is_probe(path: &str) -> bool {
    matches!(path, "/livez" | "/readyz" | "/metrics")
}

fn stopping_report() -> (StatusCode, Value) {
    (StatusCode::SERVICE_UNAVAILABLE, json!({ "status": "stopping", "checks": {} }))
}

/// `ready` and `degraded` are 200, `unready` is 503.
fn report(checks: &[Check]) -> (StatusCode, Value) {
    let any = |predicate: fn(&State) -> bool| checks.iter().any(|check| predicate(&check.state));
    let (status, status_text) = if any(|state| matches!(state, State::Failed(_))) {
        (StatusCode::SERVICE_UNAVAILABLE, "unready")
    } else if any(|state| matches!(state, State::Degraded(_))) {
        (StatusCode::OK, "degraded")
    } else {
        (StatusCode::OK, "ready")
    };
    let entry = |check: &Check| {
        let outcome = match &check.state {
            State::Fine => json!({ "status": "ok" }),
            State::Degraded(reason) => json!({ "status": "degraded", "reason": reason }),
            State::Failed(reason) => json!({ "status": "failed", "reason": reason }),
        };
        (check.name.to_owned(), outcome)
    };
    (status, json!({ "status": status_text, "checks": checks.iter().map(entry).collect::<Map<_, _>>() }))
}

fn json_answer(status: StatusCode, body: &Value) -> impl IntoResponse + use<> {
    (status, [(header::CONTENT_TYPE, "application/json; charset=utf-8")], format!("{body}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &'static str, state: State) -> Check {
        Check { name, state }
    }

    #[test]
    fn one_that_failed_outweighs_all_and_one_that_is_degraded_says_so() {
        let fine = check("database", State::Fine);
        let slow = check("redis", State::Degraded("it does not answer".to_owned()));
        let gone = check("migrations", State::Failed("2 are missing".to_owned()));
        let (status, body) = report(std::slice::from_ref(&fine));
        assert_eq!((status, &body["status"]), (StatusCode::OK, &json!("ready")));
        let (status, body) = report(&[fine.clone(), slow.clone()]);
        assert_eq!((status, &body["status"]), (StatusCode::OK, &json!("degraded")));
        assert_eq!(body["checks"]["redis"], json!({ "status": "degraded", "reason": "it does not answer" }));
        let (status, body) = report(&[fine, slow, gone]);
        assert_eq!((status, &body["status"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("unready")));
        assert_eq!(body["checks"]["database"], json!({ "status": "ok" }));
    }
}
