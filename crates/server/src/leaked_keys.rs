//! `POST /leaked-keys`: scanners of public sources report API keys that they found. The format is
//! that of GitHub's secret scanning for its partners: a JSON array of objects with a `token`.
//!
//! The answer is always the same and is sent before any lookup, so it does not reveal whether a key
//! exists.

use std::sync::Arc;

use async_graphql::Executor;
use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderValue, Request, Response, StatusCode, header, request::Parts},
    routing::post,
};
use serde::Deserialize;

use super::{
    body::{self, BodyError},
    client::address,
    front::Front,
    headers::{declared_length, text},
    negotiate::{self, Media},
    reply,
};
use graphql::{answer::Errors, quota::QuotaSubject};

/// Tokens of one report.
const MAX_TOKENS: usize = 1_000;
/// Maximum bytes of one report, which has a limited number of tokens and the addresses at which
/// they were found.
const MAX_BYTES: usize = 512 << 10;
/// Seconds after which a sender may retry when the node is busy.
const BUSY_SECONDS: u32 = 30;

/// Receiver of reports of leaked keys.
pub trait LeakReports: Send + Sync + 'static {
    /// Queues the found tokens, to be looked up after the answer. False if the queue is full.
    fn queue_tokens(&self, tokens: Vec<String>) -> bool;
}

#[derive(Deserialize)]
struct LeakedToken {
    token: String,
}

struct ReportState<E> {
    front: Arc<Front<E>>,
    reports: Arc<dyn LeakReports>,
}
impl<E> Clone for ReportState<E> {
    fn clone(&self) -> Self {
        Self { front: self.front.clone(), reports: self.reports.clone() }
    }
}

pub fn routes<E: Executor>(front: Arc<Front<E>>, reports: Arc<dyn LeakReports>) -> Router {
    Router::new().route("/leaked-keys", post(handle::<E>)).with_state(ReportState { front, reports })
}

async fn handle<E: Executor>(State(state): State<ReportState<E>>, request: Request<Body>) -> Response<Body> {
    let id = (state.front.service.new_id)();
    let (parts, body) = request.into_parts();
    report(&state, &parts, body, &id).await
}

async fn report<E: Executor>(state: &ReportState<E>, parts: &Parts, body: Body, id: &str) -> Response<Body> {
    let fault = |status, message: &str| reply::fault_response(status, message, Media::Json, id);
    // Reporters are strangers, and pay as strangers do.
    let limits = &state.front.service.limits;
    if let Err(unpaid) = state.front.service.cost_limiter.charge(&QuotaSubject::Address(address(&state.front, parts)), 1).await {
        let mut response = reply::errors_response(&Errors::from_unpaid(*unpaid, id), Media::Json, id);
        *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
        return response;
    }
    if !negotiate::is_json(text(&parts.headers, &header::CONTENT_TYPE)) {
        return fault(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body must be application/json in UTF-8");
    }
    let body = match body::read(body, declared_length(&parts.headers), MAX_BYTES, limits.body_time).await {
        Ok(body) => body,
        Err(error) => {
            let (status, message) = match error {
                BodyError::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "the report is too large: send several"),
                BodyError::Late => (StatusCode::REQUEST_TIMEOUT, "timeout while the body was read"),
                BodyError::Broken => (StatusCode::BAD_REQUEST, "the body is incomplete"),
            };
            let mut response = fault(status, message);
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            return response;
        }
    };
    let Ok(leaked) = serde_json::from_slice::<Vec<LeakedToken>>(&body) else {
        return fault(StatusCode::BAD_REQUEST, "a JSON array of objects with a token is expected");
    };
    if leaked.len() > MAX_TOKENS {
        return fault(StatusCode::PAYLOAD_TOO_LARGE, "a report has at most 1000 tokens: send several");
    }
    if !state.reports.queue_tokens(leaked.into_iter().map(|entry| entry.token).collect()) {
        let mut response = fault(StatusCode::SERVICE_UNAVAILABLE, "the queue of reports is full: send the report again");
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(BUSY_SECONDS));
        return response;
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::ACCEPTED;
    reply::set_common_headers(response.headers_mut(), id);
    response
}
