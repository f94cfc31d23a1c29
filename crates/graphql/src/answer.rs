//! An operation's answer in its final form: every error with a code and the request's id, faults of ours without their details,
//! and the JSON written once.

mod context;
mod written;

use async_graphql::{ErrorExtensionValues, PathSegment, Response, ServerError, Value};
use platform::traces;

use self::written::{json_of, write_answer};
pub use self::{
    context::{AnswerContext, AnswerPhase},
    written::data_json,
};
use super::{
    code::Code,
    cost_limiter::{Charge, ChargeRefusal},
    fault::TopError,
    guard::{Kind, Operation, Refusal},
    session::Refused,
    upstream::coercion::is_coercion,
};

/// Response to an operation, as JSON.
#[derive(Debug)]
pub enum Answer {
    /// The operation ran, perhaps with errors in parts: `{"data":…,"errors":…,"extensions":…}`.
    Ran {
        json: Vec<u8>,
        charge: Charge,
        /// Milliseconds after which a refused part of the operation may be sent again.
        retry_after_ms: Option<u64>,
        /// The position that a later query may send to see what a mutation wrote, if reads go to replicas.
        position: Option<String>,
        /// The first error that is a fault. A resolver's fault leaves the rest of the answer
        /// intact.
        fault: Option<Code>,
    },
    /// The operation did not run.
    Refused(Errors),
}

/// The errors of an operation that did not run.
#[derive(Debug)]
pub struct Errors {
    /// Code of the first error.
    pub code: Code,
    /// The list alone, `[{…}]`: a socket's `error` message carries just that.
    pub list: Vec<u8>,
    pub retry_after_ms: Option<u64>,
    /// Points charged, or that would have been charged; `None` if the operation is not charged.
    pub charge: Option<Charge>,
}

impl Errors {
    /// A list of one error, with `request_id` in its extensions.
    pub fn one(code: Code, message: impl Into<String>, request_id: &str) -> Self {
        Self::missing_permission(code, message, None, request_id)
    }

    /// A list of one error, with the permission that the caller lacks if that is its cause.
    pub fn missing_permission(code: Code, message: impl Into<String>, permission: Option<&str>, request_id: &str) -> Self {
        let mut error = ServerError::new(message, None);
        if let Some(permission) = permission {
            error.extensions.get_or_insert_default().set("permission", permission);
        }
        Self::new(code, vec![error], request_id, None)
    }

    pub fn from_refusal(refusal: Refusal, request_id: &str) -> Self {
        let mut error = ServerError::new(refusal.message, None);
        error.locations = refusal.locations;
        if !refusal.field.is_empty() {
            error.extensions.get_or_insert_default().set("field", refusal.field);
        }
        Self::new(refusal.code, vec![error], request_id, None)
    }

    pub fn from_refused(refused: Refused, request_id: &str) -> Self {
        Self::new(refused.code, vec![ServerError::new(refused.message, None)], request_id, refused.retry_after_ms)
    }

    /// An insufficient budget, with the facts that a client needs for its retry.
    pub fn from_unpaid(unpaid: ChargeRefusal, request_id: &str) -> Self {
        let mut error = ServerError::new(unpaid.message, None);
        let extensions = error.extensions.get_or_insert_default();
        extensions.set("cost", unpaid.charge.requested);
        if let Some(limit) = unpaid.limit.or(unpaid.charge.level.map(|level| level.allowance.most)) {
            extensions.set("limit", limit);
        }
        if let Some(level) = unpaid.charge.level {
            extensions.set("remaining", level.left);
        }
        Self::new(unpaid.code, vec![error], request_id, unpaid.retry_after_ms).with_charge(unpaid.charge)
    }

    /// Sets the charge of the operation.
    #[must_use]
    pub fn with_charge(self, charge: Charge) -> Self {
        Self { charge: Some(charge), ..self }
    }

    fn new(code: Code, mut errors: Vec<ServerError>, request_id: &str, retry_after_ms: Option<u64>) -> Self {
        for error in &mut errors {
            let extensions = error.extensions.get_or_insert_default();
            if extensions.get("code").is_none() {
                extensions.set("code", code.as_str());
            }
            note_request(extensions, request_id);
            if let Some(wait) = retry_after_ms {
                extensions.set("retryAfterMs", wait);
            }
            truncate_error(error);
        }
        Self { code, list: json_of(&errors), retry_after_ms, charge: None }
    }

    /// Returns `{"errors":[…]}` without a `data` key, as GraphQL over HTTP requires for operations
    /// that did not run.
    pub fn body(&self) -> Vec<u8> {
        [b"{\"errors\":", self.list.as_slice(), b"}"].concat()
    }
}

/// Returns the refusal of an answer that is too large; a mutation may have been carried out all the
/// same.
pub fn too_large(kind: Kind, max_bytes: usize, request_id: &str) -> Errors {
    let advice = match kind {
        Kind::Mutation => "it was executed: send it again with the same idempotencyKey and select less",
        Kind::Query | Kind::Subscription => "ask for smaller pages, or fewer fields",
    };
    let message = format!("the answer is larger than {} MiB; {advice}", max_bytes.div_ceil(1 << 20));
    Errors::one(Code::LimitExceeded, message, request_id)
}

/// Codes the errors and writes the answer.
pub fn finish(mut response: Response, context: AnswerContext<'_>, charge: Charge) -> Answer {
    let mut fault = None;
    if !response.errors.is_empty() {
        if let Some((code, error)) = take_transient_error(&mut response, context) {
            return Answer::Refused(Errors::new(code, vec![error], context.request_id, None).with_charge(charge));
        }
        let has_data = response.data != Value::Null;
        response.errors.truncate(context.reported_errors.max(1));
        let codes: Vec<Code> =
            response.errors.iter_mut().map(|error| assign_error_code(error, has_data, context.request_id)).collect();
        if !has_data
            && (context.phase == AnswerPhase::Opening || failed_before_execution(&response.errors, &codes, context.operation))
        {
            let code = codes.first().copied().unwrap_or(Code::Internal);
            let retry_after_ms = response.errors.iter().filter_map(error_retry_ms).max();
            let errors = Errors::new(code, response.errors, context.request_id, None);
            return Answer::Refused(Errors { retry_after_ms, ..errors }.with_charge(charge));
        }
        if !has_data && was_overloaded(&codes, context.operation) {
            return Answer::Refused(
                Errors::new(Code::Overloaded, response.errors, context.request_id, Some(BUSY_MS)).with_charge(charge),
            );
        }
        fault = codes.into_iter().find(|code| code.is_fault());
    }
    response.errors.iter_mut().for_each(truncate_error);
    let Some(json) = write_answer(&response, &context, charge) else {
        return Answer::Refused(too_large(context.operation.kind, context.answer_bytes, context.request_id).with_charge(charge));
    };
    context.operation.record_answer_bytes(json.len());
    Answer::Ran { json, charge, retry_after_ms: response.errors.iter().filter_map(error_retry_ms).max(), position: None, fault }
}

fn error_retry_ms(error: &ServerError) -> Option<u64> {
    match error.extensions.as_ref()?.get("retryAfterMs")? {
        Value::Number(wait) => wait.as_u64(),
        _ => None,
    }
}

/// Maximum bytes of a message, and of a name in a path: both may quote the client's input, which
/// may be the whole body.
const MESSAGE_BYTES: usize = 500;
const NAME_BYTES: usize = 100;

/// Every error passes here before it is written.
fn truncate_error(error: &mut ServerError) {
    link(error);
    truncate_text(&mut error.message, MESSAGE_BYTES);
    // In JSON each of these characters would be six times as long.
    error.message.retain(|c| c == '\n' || !c.is_control());
    for part in &mut error.path {
        if let PathSegment::Field(name) = part {
            truncate_text(name, NAME_BYTES);
        }
    }
}

/// Adds the link to the reference to an error whose code is listed there.
fn link(error: &mut ServerError) {
    let Some(extensions) = &mut error.extensions else { return };
    let code = match extensions.get("code") {
        Some(Value::String(word)) => Code::parse(word),
        _ => None,
    };
    if let Some(code) = code {
        extensions.set("docs", code.docs());
    }
}

/// Cuts a message to the length that answers have, for messages that are sent by another way.
pub fn truncate_message(mut message: String) -> String {
    truncate_text(&mut message, MESSAGE_BYTES);
    message
}

/// Cuts a text to at most `max_bytes` bytes.
fn truncate_text(text: &mut String, max_bytes: usize) {
    if text.len() > max_bytes {
        let end = (0..=max_bytes).rev().find(|&index| text.is_char_boundary(index)).unwrap_or_default();
        text.truncate(end);
        text.push('…');
    }
}

/// Takes the first temporary error (the database was away) out of a subscription's response. The
/// runner of the subscription restarts it from there, because a client that received half of an
/// event, or nothing, would not request it again.
fn take_transient_error(response: &mut Response, context: AnswerContext<'_>) -> Option<(Code, ServerError)> {
    let may_pass = |error: &ServerError| error.source::<TopError>().is_some_and(|top| top.code().may_pass());
    let index = response.errors.iter().position(may_pass).filter(|_| context.operation.kind == Kind::Subscription)?;
    let mut error = response.errors.swap_remove(index);
    let code = assign_error_code(&mut error, response.data != Value::Null, context.request_id);
    Some((code, error))
}

/// Gives the error its code and request ID; returns the code. Unknown errors are faults: logged,
/// not shown.
fn assign_error_code(error: &mut ServerError, has_data: bool, request_id: &str) -> Code {
    if let Some(top) = error.source::<TopError>().cloned() {
        top.add_extensions(error.extensions.get_or_insert_default());
    }
    let code = match error.extensions.as_ref().and_then(|extensions| extensions.get("code")) {
        // A room may have codes that the list lacks; they are meant for clients, so they are sent
        // unchanged.
        Some(Value::String(word)) => Code::parse(word).unwrap_or(Code::BadRequest),
        None if is_coercion(error) => Code::BadUserInput,
        None if error.path.is_empty() && !has_data => Code::ValidationFailed,
        Some(_) | None => Code::Internal,
    };
    if code == Code::Internal {
        tracing::error!(request_id, path = ?error.path, error = %error.message, "a resolver failed");
        error.message = "internal error; the log has the details under the request ID".into();
        error.extensions = None;
    }
    error.source = None;
    let extensions = error.extensions.get_or_insert_default();
    if extensions.get("code").is_none() {
        extensions.set("code", code.as_str());
    }
    note_request(extensions, request_id);
    code
}

/// Adds the request's ID to an error, and its trace if it has one, for the operator's search.
fn note_request(extensions: &mut ErrorExtensionValues, request_id: &str) {
    extensions.set("requestId", request_id);
    if let Some(trace) = traces::current() {
        extensions.set("traceId", format!("{:032x}", trace.trace_id));
    }
}

/// Whether the answer may state that nothing ran. Resolvers' errors leave `data: null`, which
/// states that they ran.
fn failed_before_execution(errors: &[ServerError], codes: &[Code], operation: &Operation) -> bool {
    let coercion_only = codes.iter().all(|code| *code == Code::BadUserInput)
        // In an operation with several mutations, those before the failed argument did run.
        && !(operation.kind == Kind::Mutation && operation.measure.root_fields > 1);
    errors.iter().all(|error| error.path.is_empty() || (coercion_only && error.path.len() == 1))
}

/// Delay after which a client may retry when the server is overloaded.
const BUSY_MS: u64 = 500;

/// Whether the operation's only root field was refused for overload: HTTP has a status for that.
fn was_overloaded(codes: &[Code], operation: &Operation) -> bool {
    operation.measure.root_fields == 1 && codes.iter().all(|code| *code == Code::Overloaded)
}
