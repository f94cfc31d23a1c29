//! `/graphql`: parses requests, and takes a query or mutation from its bytes to its answer.

use std::{panic::AssertUnwindSafe, sync::Arc};

use async_graphql::Executor;
use axum::{
    body::Body,
    extract::State,
    http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header, request::Parts},
};
use futures_util::{FutureExt, future::Either};
use platform::{
    metrics,
    traces::{Span, SpanKind, SpanOutcome},
};
use tokio::time::Instant;

use super::{
    body::{self, BodyError},
    client::{address, is_client_tls, is_secure_request},
    compress,
    cookies::{self, Page},
    early_refusal, envelope,
    event_stream::{self, StreamOperation},
    front::{Explorer, Front},
    graphiql,
    headers::{declared_length, list, text},
    negotiate::{self, Media, ResponseMode, negotiate_response},
    origin::{self, Methods},
    reply::{self, ResponseFormat},
    upgrade,
};
use graphql::{
    answer::Errors,
    code::Code,
    guard::Kind,
    quota::QuotaSubject,
    request::{BearerStatus, GraphqlRequest},
    session::{RequestMeta, Session, bearer},
};

/// Trace context of the client, which is continued here (W3C Trace Context).
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

const METHODS: Methods = Methods { all: "GET, POST, OPTIONS", of_pages: "GET, POST" };

/// With the value `true` the answer reports its cost.
pub const SHOW_COST: HeaderName = HeaderName::from_static("entrepot-cost");

pub async fn handle<E: Executor>(State(front): State<Arc<Front<E>>>, request: Request<Body>) -> Response<Body> {
    let started_at = Instant::now();
    let method = method_label(request.method());
    let id = (front.service.new_id)();
    let page_origin = request.headers().get(header::ORIGIN).cloned();
    let is_secure = is_client_tls(&front, request.extensions(), request.headers());
    let mut span = Span::root("request", SpanKind::Server, text(request.headers(), &TRACEPARENT));
    let admission = early_refusal::enter(&front, &request, started_at);
    // Boxed: the futures around it are moved, and each move would copy all of the request's state.
    let answering = match &admission {
        Ok(_in_flight) => Either::Left(Box::pin(dispatch(&front, request, &id))),
        Err(reason) => Either::Right(Box::pin(early_refusal::refuse(&front.load_shedder, *reason, request, &id))),
    };
    let answering = AssertUnwindSafe(span.run_within(answering)).catch_unwind();
    let mut response = answering.await.unwrap_or_else(|_panic| {
        tracing::error!(request_id = id, "a request's handling panicked");
        let message = "internal error; the log has the details under the request ID";
        reply::errors_response(&Errors::one(Code::Internal, message, &id), Media::Json, &id)
    });
    // Not reached where the client has gone away: then it is dropped, and was not answered.
    if let Ok(Some(in_flight)) = admission {
        in_flight.mark_answered();
    }
    origin::permit(page_origin.as_ref(), response.headers_mut(), &front.settings.origins);
    if is_secure {
        // A browser that connected by TLS once uses TLS for a year; sent without TLS the header has
        // no effect (RFC 6797, 7.2).
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    let (status, duration) = (response.status(), started_at.elapsed());
    metrics::observe_request(method, status.as_u16(), duration, span.recorded_trace());
    // A shed request (503) is no failure whose trace is kept; an operation without a database
    // reports that itself, with its request.
    let has_failed = status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE;
    span.keep(if has_failed { SpanOutcome::Failed } else { SpanOutcome::Well }, duration);
    span.set("http.request.method", method);
    span.set("http.response.status_code", i64::from(status.as_u16()));
    span.set("entrepot.request_id", id.as_str());
    span.end(status.is_server_error());
    response
}

/// A method as a label: clients may invent any.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

async fn dispatch<E: Executor>(front: &Arc<Front<E>>, request: Request<Body>, id: &str) -> Response<Body> {
    let (parts, body) = request.into_parts();
    if parts.method == Method::POST {
        return post(front, &parts, body, id).await;
    }
    if parts.method == Method::GET {
        if parts.headers.contains_key(header::UPGRADE) {
            return Box::pin(upgrade::socket(front, parts, id)).await;
        }
        return get(front, &parts, id).await;
    }
    if parts.method == Method::OPTIONS {
        let mut response = origin::preflight(METHODS);
        reply::set_common_headers(response.headers_mut(), id);
        return response;
    }
    let mut response =
        reply::fault_response(StatusCode::METHOD_NOT_ALLOWED, "only GET and POST are served here", Media::Json, id);
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(METHODS.all));
    response
}

async fn post<E: Executor>(front: &Arc<Front<E>>, parts: &Parts, body: Body, id: &str) -> Response<Body> {
    let headers = &parts.headers;
    let Some((mode, media)) = negotiate_response(list(headers, &header::ACCEPT).as_deref()) else { return not_acceptable(id) };
    if !negotiate::is_json(text(headers, &header::CONTENT_TYPE)) {
        let message = "the body must be application/json in UTF-8";
        return reply::fault_response(StatusCode::UNSUPPORTED_MEDIA_TYPE, message, media, id);
    }
    if text(headers, &header::CONTENT_ENCODING).is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity")) {
        return reply::fault_response(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body must not be compressed", media, id);
    }
    let limits = &front.service.limits;
    let body = match body::read(body, declared_length(headers), limits.body_bytes, limits.body_time).await {
        Ok(body) => body,
        Err(error) => return body_error_response(error, limits.body_bytes, media, id),
    };
    match envelope::from_json(&body) {
        Ok(mut params) => {
            params.reread = Some(Box::new(move || envelope::from_json(&body).ok().map(|reparsed| reparsed.variables)));
            execute_operation(front, parts, params, mode, id).await
        }
        Err(reason) => refuse_malformed(front, parts, reason, media, id).await,
    }
}

async fn get<E: Executor>(front: &Arc<Front<E>>, parts: &Parts, id: &str) -> Response<Body> {
    let accept = list(&parts.headers, &header::ACCEPT);
    let accept = accept.as_deref();
    let query_string = parts.uri.query().unwrap_or_default();
    if front.settings.explorer == Explorer::Served && query_string.is_empty() && negotiate::prefers_html(accept) {
        return graphiql::page(id, &(front.service.new_id)());
    }
    let Some((mode, media)) = negotiate_response(accept) else { return not_acceptable(id) };
    if !origin::may_get(&parts.headers, &front.settings.origins) {
        let message = "a GET from a page of another site is refused: send a POST from a listed origin";
        return reply::errors_response(&Errors::one(Code::Forbidden, message, id), media, id);
    }
    match envelope::from_parameters(query_string) {
        Ok(mut params) => {
            let copy = query_string.to_owned();
            params.reread = Some(Box::new(move || envelope::from_parameters(&copy).ok().map(|copy| copy.variables)));
            execute_operation(front, parts, params, mode, id).await
        }
        Err(reason) => refuse_malformed(front, parts, reason, media, id).await,
    }
}

async fn execute_operation<E: Executor>(
    front: &Arc<Front<E>>,
    parts: &Parts,
    mut params: GraphqlRequest,
    response_mode: ResponseMode,
    id: &str,
) -> Response<Body> {
    let (service, headers, media) = (&front.service, &parts.headers, response_mode.media());
    let page = match cookies::page(headers, &front.settings.origins, is_secure_request(front, parts)) {
        Ok(page) => page,
        Err((code, message)) => return reply::errors_response(&Errors::one(code, message, id), media, id),
    };
    let session = match authenticate_request(front, parts, (page.as_ref(), &params), id).await {
        Ok(session) => session,
        Err(errors) => return reply::errors_response(&errors, media, id),
    };
    if session.anonymous && text(headers, &header::AUTHORIZATION).and_then(bearer).is_some() {
        params.bearer = BearerStatus::Ignored;
    }
    params.position = text(headers, &reply::POSITION_HEADER).map(ToOwned::to_owned);
    params.shows_cost |= text(headers, &SHOW_COST).is_some_and(|value| value == "true");
    let operation = match service.select_operation(&params, &session, id).await {
        Ok(operation) => operation,
        Err(errors) if response_mode == ResponseMode::AsEvents && errors.code.is_about_the_operation() => {
            return event_stream::refusal_response(&errors, id);
        }
        Err(errors) => return reply::errors_response(&errors, media, id),
    };
    if let Some(refusal) = refuse_wrong_form(front, parts, page.as_ref(), (operation.kind, response_mode), id) {
        return refusal;
    }
    let is_stream = operation.kind == Kind::Subscription;
    let mut response = match response_mode {
        ResponseMode::AsEvents => {
            Box::pin(event_stream::serve(front, StreamOperation { operation, params, session }, headers, id)).await
        }
        ResponseMode::Whole(_) => {
            let accepted = list(headers, &header::ACCEPT_ENCODING).filter(|_| operation.kind == Kind::Query);
            let answer = service.run(&operation, params, &session, id).await;
            reply::answer_response(answer, ResponseFormat { media, coding: compress::negotiate_coding(accepted.as_deref()) }, id)
                .await
        }
    };
    if let Some(page) = page.filter(|_| !is_stream) {
        page.set_cookies(response.headers_mut(), (service.now)());
    }
    response
}

/// The session of a request, by its token or by the cookie of its page.
async fn authenticate_request<E: Executor>(
    front: &Front<E>,
    parts: &Parts,
    (page, params): (Option<&Page>, &GraphqlRequest),
    id: &str,
) -> Result<Session, Errors> {
    let (service, headers) = (&front.service, &parts.headers);
    let meta = RequestMeta { id, address: address(front, parts), user_agent: text(headers, &header::USER_AGENT) };
    let token = text(headers, &header::AUTHORIZATION).and_then(bearer);
    let cookie_token = page.and_then(|page| page.access.as_deref()).filter(|_| token.is_none());
    let session = match service.open(token.or(cookie_token), &meta).await {
        // A cookie stays in its browser after its session has ended: the user can log in again
        // without removing it first. A client that sends its last token with every request may also
        // send it with public operations.
        Err(errors) if errors.code == Code::Unauthenticated && (cookie_token.is_some() || service.is_public(params)) => {
            service.open(None, &meta).await
        }
        // A user of a suspended tenant may log in to another of their tenants.
        Err(errors) if errors.code == Code::TenantSuspended && service.is_public(params) => service.open(None, &meta).await,
        Err(errors) => Err(service.charge_unauthenticated(errors, &meta).await),
        opened => opened,
    }?;
    Ok(match page {
        Some(page) => page.attach_to_session(session),
        None => cookies::attach_device_token(session, headers),
    })
}

/// Returns the refusal of an operation whose kind is not served in this form, or `None` if it is.
fn refuse_wrong_form<E>(
    front: &Front<E>,
    parts: &Parts,
    page: Option<&Page>,
    form: (Kind, ResponseMode),
    id: &str,
) -> Option<Response<Body>> {
    let media = form.1.media();
    match form {
        (Kind::Subscription, ResponseMode::AsEvents) if front.drain.is_started() => {
            Some(upgrade::unavailable_response("the node is stopping", front.admission.refuse_for_later(), id))
        }
        (Kind::Subscription, ResponseMode::AsEvents) => {
            let wait = front.admission.enter(front.service.cost_limiter.rate_limiter().now()).err()?;
            metrics::count_refused_socket();
            Some(upgrade::unavailable_response("too many new streams at once", wait, id))
        }
        (Kind::Subscription, ResponseMode::Whole(_)) => {
            let message = "subscriptions are served as text/event-stream, and over WebSocket, subprotocol graphql-transport-ws";
            Some(reply::fault_response(StatusCode::BAD_REQUEST, message, media, id))
        }
        (Kind::Mutation, _) if parts.method == Method::GET => {
            let mut response =
                reply::fault_response(StatusCode::METHOD_NOT_ALLOWED, "mutations are served over POST only", media, id);
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
            Some(response)
        }
        (Kind::Mutation, _) if page.is_some_and(|page| !page.may_change()) => {
            let message = "a mutation with a cookie needs an Origin header";
            Some(reply::errors_response(&Errors::one(Code::Forbidden, message, id), media, id))
        }
        _ => None,
    }
}

/// Answers a malformed request; it costs the sender's address one point, because reading it was
/// work.
async fn refuse_malformed<E: Executor>(
    front: &Front<E>,
    parts: &Parts,
    reason: String,
    media: Media,
    id: &str,
) -> Response<Body> {
    match front.service.cost_limiter.charge(&QuotaSubject::Address(address(front, parts)), 1).await {
        Ok(_) => reply::fault_response(StatusCode::BAD_REQUEST, reason, media, id),
        Err(unpaid) => reply::errors_response(&Errors::from_unpaid(*unpaid, id), media, id),
    }
}

fn body_error_response(error: BodyError, max_bytes: usize, media: Media, id: &str) -> Response<Body> {
    let (status, message) = match error {
        BodyError::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, format!("the body is larger than {max_bytes} bytes")),
        BodyError::Late => (StatusCode::REQUEST_TIMEOUT, "timeout while the body was read".to_owned()),
        BodyError::Broken => (StatusCode::BAD_REQUEST, "the body is incomplete".to_owned()),
    };
    let mut response = reply::fault_response(status, message, media, id);
    // The unread rest of the body would precede a next request on this connection.
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

fn not_acceptable(id: &str) -> Response<Body> {
    let message = "answers are application/graphql-response+json, application/json or text/event-stream";
    reply::fault_response(StatusCode::NOT_ACCEPTABLE, message, Media::Json, id)
}
