//! Outcome of an operation: its points, its label, and the messages for one that was cut off.

use std::time::Duration;

use async_graphql::{Name, Response, Value, value};
use entity::prelude::TenantId;
use platform::{
    metrics,
    slow::{self, OperationWatch},
    traces::{Span, SpanKind, SpanOutcome, TextHash},
};

use crate::{
    answer::{Answer, Errors, too_large},
    code::Code,
    cost_limiter::ChargeRefusal,
    guard::{Kind, Operation, Refusal, cost},
    limits::Limits,
    quota::QuotaSubject,
    request::{BearerStatus, GraphqlRequest},
    session::Session,
};

/// Returns the actual points of an operation. One that failed in part did its work all the same;
/// one that validation refused did none.
pub fn operation_points(operation: &Operation, cost: &cost::RequestedCost, response: &Response) -> u32 {
    if response.errors.is_empty() {
        return operation.plan.actual_points(cost, &response.data);
    }
    let did_nothing = response.data == Value::Null && response.errors.iter().all(|error| error.path.is_empty());
    if did_nothing { 1 } else { cost.points() }
}

/// Adds a note to the extensions of an answer that was made without the token that was sent.
pub fn add_bearer_note(bearer: BearerStatus, response: &mut Response) {
    if bearer == BearerStatus::Accepted {
        return;
    }
    let entry = response.extensions.entry("entrepot".to_owned()).or_insert_with(|| value!({}));
    if let Value::Object(members) = entry {
        members.insert(Name::new("tokenIgnored"), Value::Boolean(true));
    }
}

/// Reason to refuse an introspection.
pub enum Refused {
    Guard(Refusal),
    Unpaid(Box<ChargeRefusal>),
}

impl Refused {
    pub fn errors(self, request_id: &str) -> Errors {
        match self {
            Self::Guard(refusal) => Errors::from_refusal(refusal, request_id),
            Self::Unpaid(unpaid) => Errors::from_unpaid(*unpaid, request_id),
        }
    }
}

/// Begins the span of an operation. It has the digest of the document, which is the ID of a trusted
/// document, and no variables.
pub fn span(operation: &Operation, params: &GraphqlRequest) -> Span {
    let traceparent = params.traceparent.as_deref();
    let mut span = Span::child_or_root("graphql.operation", SpanKind::Internal, traceparent).with_parts();
    set_operation_name(&mut span, operation);
    match params.document_id.as_deref() {
        Some(id) => span.set("graphql.document.hash", id.get(..16).unwrap_or(id)),
        None => span.set("graphql.document.hash", TextHash(&params.query)),
    }
    span
}

fn set_operation_name(span: &mut Span, operation: &Operation) {
    span.set("graphql.operation.type", operation.kind.word());
    if let Some(name) = operation.name.as_deref() {
        span.set("graphql.operation.name", name);
    }
}

/// Records the outcome of an operation in metrics and its span.
pub fn record_outcome(mut span: Span, operation: &Operation, (answer, is_whole): (&Answer, bool), duration: Duration) {
    let (outcome, fault) = (outcome(answer, is_whole), fault(answer));
    metrics::observe_operation(operation.kind.word(), outcome, duration, span.recorded_trace());
    // An operation that was refused before it ran shows nothing slow or broken, and there may be
    // thousands.
    let ending = if fault.is_some() { SpanOutcome::Failed } else { SpanOutcome::Well };
    if span.keep(ending, duration) {
        set_operation_name(&mut span, operation);
    }
    span.set("entrepot.outcome", outcome);
    if let Some(fault) = fault {
        span.set("error.type", fault.as_str());
    }
    span.end(fault.is_some() || outcome == "OVERLOADED");
}

/// Logs a slow operation, if such a log is configured: never its document or its variables.
pub fn log_slow(
    watch: &OperationWatch,
    duration: Duration,
    (operation, answer): (&Operation, &Answer),
    origin: (&Session, &str),
) {
    let Some(slow) = watch.build_report(operation.kind.word(), duration) else { return };
    let (session, request_id) = origin;
    let charge = match answer {
        Answer::Ran { charge, .. } => Some(*charge),
        Answer::Refused(errors) => errors.charge,
    };
    let tenant = match session.quota_subject {
        QuotaSubject::Credential { tenant, .. } => TenantId::from_uuid(tenant).to_string(),
        QuotaSubject::Address(_) => String::new(),
    };
    let name: String = operation.name.as_deref().unwrap_or_default().chars().take(MAX_NAME).collect();
    let (statement_took, statement) = slow.slowest.unwrap_or_default();
    tracing::warn!(
        name = name.as_str(),
        kind = operation.kind.word(),
        request_id,
        trace = slow::trace_id(),
        tenant,
        cost = charge.map(|charge| charge.actual),
        milliseconds = slow::milliseconds(duration),
        statements = slow.statements,
        statement_milliseconds = slow::milliseconds(statement_took),
        statement,
        "an operation was slow"
    );
}

/// The longest name of an operation in the log, in characters: clients choose it.
const MAX_NAME: usize = 100;

/// Returns the outcome of an operation as a label.
fn outcome(answer: &Answer, is_whole: bool) -> &'static str {
    match answer {
        Answer::Ran { .. } if is_whole => "OK",
        Answer::Ran { .. } => "PARTIAL",
        Answer::Refused(errors) => errors.code.as_str(),
    }
}

/// Returns the fault in an answer, if any.
fn fault(answer: &Answer) -> Option<Code> {
    match answer {
        Answer::Ran { fault, .. } => *fault,
        Answer::Refused(errors) => Some(errors.code).filter(|code| code.is_fault()),
    }
}

pub fn panic_errors(request_id: &str) -> Errors {
    // The panic hook has logged the place; this line connects it with the request.
    tracing::error!(request_id, "an operation panicked");
    Errors::one(Code::Internal, "internal error; the log has the details under the request ID", request_id)
}

pub fn too_many_objects(kind: Kind, limits: &Limits, request_id: &str) -> Errors {
    tracing::warn!(request_id, most = limits.answer_objects, "an operation has too many objects");
    too_large(kind, limits.answer_bytes, request_id)
}

/// Size from which a document may be the cause of a slow operation.
const MANY_NODES: u32 = 50;

pub fn timed_out(operation: &Operation, time_limit: Duration, request_id: &str) -> Errors {
    let nodes = operation.measure.nodes;
    tracing::warn!(request_id, name = operation.name.as_deref(), nodes, "an operation ran out of time");
    let advice = match operation.kind {
        // The mutation may still commit after the timeout.
        Kind::Mutation => "it may have been executed: send it again with the same idempotencyKey, or check the result".to_owned(),
        _ if nodes >= MANY_NODES => format!("it has {nodes} nodes: ask for less"),
        _ => "it was kept waiting: try again".to_owned(),
    };
    let message = format!("the operation took longer than {} s; {advice}", time_limit.as_secs());
    Errors::one(Code::Timeout, message, request_id)
}
