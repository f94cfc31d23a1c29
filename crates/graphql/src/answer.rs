//! An operation's answer in its final form: every error with a code and the request's id, faults of ours without their details,
//! and the JSON written once.

mod written;

use async_graphql::{ErrorExtensionValues, PathSegment, Response, ServerError, Value};
use platform::traces;

pub use self::written::data_json;
use self::written::{json_of, written};
use super::{
    code::Code,
    cost_limiter::{Charge, Unpaid},
    fault::TopError,
    guard::{Kind, Operation, Refusal},
    session::Refused,
    upstream::coercion::is_coercion,
};

/// What goes back to the client, as JSON.
#[derive(Debug)]
pub enum Answer {
    /// It ran, perhaps not everywhere with success: `{"data":…,"errors":…,"extensions":…}`.
    Ran {
        json: Vec<u8>,
        charge: Charge,
        /// When a part of it may come again that was turned away.
        retry_after_ms: Option<u64>,
        /// The position that a later query may send to see what a mutation wrote, if reads go to replicas.
        position: Option<String>,
        /// The first of its errors that is a fault of ours: a resolver's leaves the rest of the answer as it is.
        fault: Option<Code>,
    },
    /// It did not run.
    Refused(Errors),
}

/// The errors of something that did not run.
#[derive(Debug)]
pub struct Errors {
    /// Of the first error.
    pub code: Code,
    /// The list alone, `[{…}]`: a socket's `error` message carries just that.
    pub list: Vec<u8>,
    pub retry_after_ms: Option<u64>,
    /// What it cost, or would have, where somebody was to pay.
    pub charge: Option<Charge>,
}

impl Errors {
    /// One error. `request_id` goes into its extensions.
    pub fn one(code: Code, message: impl Into<String>, request_id: &str) -> Self {
        Self::lacking(code, message, None, request_id)
    }

    /// One error, with the permission that its caller lacks where it is for that.
    pub fn lacking(code: Code, message: impl Into<String>, permission: Option<&str>, request_id: &str) -> Self {
        let mut error = ServerError::new(message, None);
        if let Some(permission) = permission {
            error.extensions.get_or_insert_default().set("permission", permission);
        }
        Self::new(code, vec![error], request_id, None)
    }

    pub fn refusal(refusal: Refusal, request_id: &str) -> Self {
        let mut error = ServerError::new(refusal.message, None);
        error.locations = refusal.locations;
        if !refusal.field.is_empty() {
            error.extensions.get_or_insert_default().set("field", refusal.field);
        }
        Self::new(refusal.code, vec![error], request_id, None)
    }

    pub fn refused(refused: Refused, request_id: &str) -> Self {
        Self::new(refused.code, vec![ServerError::new(refused.message, None)], request_id, refused.retry_after_ms)
    }

    /// A budget that does not reach, with the facts that a client needs to come again.
    pub fn unpaid(unpaid: Unpaid, request_id: &str) -> Self {
        let mut error = ServerError::new(unpaid.message, None);
        let extensions = error.extensions.get_or_insert_default();
        extensions.set("cost", unpaid.charge.requested);
        if let Some(limit) = unpaid.limit.or(unpaid.charge.level.map(|level| level.allowance.most)) {
            extensions.set("limit", limit);
        }
        if let Some(level) = unpaid.charge.level {
            extensions.set("remaining", level.left);
        }
        Self::new(unpaid.code, vec![error], request_id, unpaid.retry_after_ms).paid(unpaid.charge)
    }

    /// With what it cost.
    #[must_use]
    pub fn paid(self, charge: Charge) -> Self {
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
            shorten(error);
        }
        Self { code, list: json_of(&errors), retry_after_ms, charge: None }
    }

    /// `{"errors":[…]}`, with no `data` key: GraphQL over HTTP asks that of whatever did not run.
    pub fn body(&self) -> Vec<u8> {
        [b"{\"errors\":", self.list.as_slice(), b"}"].concat()
    }
}

/// Where an answer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerPhase {
    /// It is the whole answer, or one of a subscription's events.
    Whole,
    /// It is a subscription's first: if it has no data, there was no stream to begin with.
    Opening,
}

/// What `finish` needs to know besides the engine's response.
#[derive(Debug, Clone, Copy)]
pub struct AnswerContext<'a> {
    pub request_id: &'a str,
    pub operation: &'a Operation,
    pub reported_errors: usize,
    /// `userErrors` in the payloads.
    pub user_errors: u32,
    pub phase: AnswerPhase,
    /// Whether the client asked what it costs.
    pub shows_cost: bool,
    /// The most that the answer may be, in bytes.
    pub answer_bytes: usize,
}

/// The refusal of an answer that would be too large, though it may have been worked out.
pub fn too_large(kind: Kind, most_bytes: usize, request_id: &str) -> Errors {
    let what = match kind {
        Kind::Mutation => "it was carried out: send it again with the same idempotencyKey and select less",
        Kind::Query | Kind::Subscription => "ask for smaller pages, or fewer fields",
    };
    let message = format!("the answer is larger than {} MiB; {what}", most_bytes.div_ceil(1 << 20));
    Errors::one(Code::LimitExceeded, message, request_id)
}

/// Codes the errors and writes the answer.
pub fn finish(mut response: Response, context: AnswerContext<'_>, charge: Charge) -> Answer {
    let mut fault = None;
    if !response.errors.is_empty() {
        if let Some((code, error)) = cut_short(&mut response, context) {
            return Answer::Refused(Errors::new(code, vec![error], context.request_id, None).paid(charge));
        }
        let ran = response.data != Value::Null;
        response.errors.truncate(context.reported_errors.max(1));
        let codes: Vec<Code> = response.errors.iter_mut().map(|error| settle(error, ran, context.request_id)).collect();
        if !ran && (context.phase == AnswerPhase::Opening || nothing_ran(&response.errors, &codes, context.operation)) {
            let code = codes.first().copied().unwrap_or(Code::Internal);
            let retry_after_ms = response.errors.iter().filter_map(wait_of).max();
            let errors = Errors::new(code, response.errors, context.request_id, None);
            return Answer::Refused(Errors { retry_after_ms, ..errors }.paid(charge));
        }
        if !ran && was_too_busy(&codes, context.operation) {
            return Answer::Refused(
                Errors::new(Code::Overloaded, response.errors, context.request_id, Some(BUSY_MS)).paid(charge),
            );
        }
        fault = codes.into_iter().find(|code| code.is_fault());
    }
    response.errors.iter_mut().for_each(shorten);
    let Some(json) = written(&response, &context, charge) else {
        return Answer::Refused(too_large(context.operation.kind, context.answer_bytes, context.request_id).paid(charge));
    };
    context.operation.answered_with(json.len());
    Answer::Ran { json, charge, retry_after_ms: response.errors.iter().filter_map(wait_of).max(), position: None, fault }
}

fn wait_of(error: &ServerError) -> Option<u64> {
    match error.extensions.as_ref()?.get("retryAfterMs")? {
        Value::Number(wait) => wait.as_u64(),
        _ => None,
    }
}

/// Bytes of a message that are sent, and of a name in a path: both may quote what the client wrote, which may be the whole body.
const MESSAGE_BYTES: usize = 500;
const NAME_BYTES: usize = 100;

/// Every error passes here before it is written.
fn shorten(error: &mut ServerError) {
    link(error);
    cut(&mut error.message, MESSAGE_BYTES);
    // As JSON each of them would be six times as long.
    error.message.retain(|c| c == '\n' || !c.is_control());
    for part in &mut error.path {
        if let PathSegment::Field(name) = part {
            cut(name, NAME_BYTES);
        }
    }
}

/// Says where the reference explains the error's code, if it is one of the list.
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

/// A message as long as it is sent, where it goes by another way.
pub fn shortened(mut message: String) -> String {
    cut(&mut message, MESSAGE_BYTES);
    message
}

/// Leaves the beginning of a text, of at most so many bytes.
fn cut(text: &mut String, most: usize) {
    if text.len() > most {
        let end = (0..=most).rev().find(|&at| text.is_char_boundary(at)).unwrap_or_default();
        text.truncate(end);
        text.push('…');
    }
}

/// Why a subscription's event could not be told as it is, though it may be in a moment: the database was away. Whoever runs the subscription
/// begins it again from there, for a client that heard half of an event, or nothing, would not ask for it once more.
fn cut_short(response: &mut Response, context: AnswerContext<'_>) -> Option<(Code, ServerError)> {
    let may_pass = |error: &ServerError| error.source::<TopError>().is_some_and(|top| top.code().may_pass());
    let place = response.errors.iter().position(may_pass).filter(|_| context.operation.kind == Kind::Subscription)?;
    let mut error = response.errors.swap_remove(place);
    let code = settle(&mut error, response.data != Value::Null, context.request_id);
    Some((code, error))
}

/// Gives the error its code and request id; returns the code. What we do not know is a fault of ours: logged, not shown.
fn settle(error: &mut ServerError, ran: bool, request_id: &str) -> Code {
    if let Some(top) = error.source::<TopError>().cloned() {
        top.dress(error.extensions.get_or_insert_default());
    }
    let code = match error.extensions.as_ref().and_then(|extensions| extensions.get("code")) {
        // A room may have words that the list lacks; they are for clients, so they pass as they are.
        Some(Value::String(word)) => Code::parse(word).unwrap_or(Code::BadRequest),
        None if is_coercion(error) => Code::BadUserInput,
        None if error.path.is_empty() && !ran => Code::ValidationFailed,
        Some(_) | None => Code::Internal,
    };
    if code == Code::Internal {
        tracing::error!(request_id, path = ?error.path, error = %error.message, "a resolver failed");
        error.message = "something went wrong on our side; the request id finds it in the log".into();
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

/// Names the request of an error, and its trace where it has one: what an operator finds it by.
fn note_request(extensions: &mut ErrorExtensionValues, request_id: &str) {
    extensions.set("requestId", request_id);
    if let Some(trace) = traces::current() {
        extensions.set("traceId", format!("{:032x}", trace.trace_id));
    }
}

/// Whether the answer may say that nothing ran. Resolvers' errors leave `data: null` behind, which says that they did.
fn nothing_ran(errors: &[ServerError], codes: &[Code], operation: &Operation) -> bool {
    let coercion_only = codes.iter().all(|code| *code == Code::BadUserInput)
        // Of several mutations, the one before the failed argument did run.
        && !(operation.kind == Kind::Mutation && operation.measure.root_fields > 1);
    errors.iter().all(|error| error.path.is_empty() || (coercion_only && error.path.len() == 1))
}

/// Whoever comes when we are too busy comes again after so long.
const BUSY_MS: u64 = 500;

/// Whether the one thing that was asked for was not begun, because we were too busy: HTTP has a status for that.
fn was_too_busy(codes: &[Code], operation: &Operation) -> bool {
    operation.measure.root_fields == 1 && codes.iter().all(|code| *code == Code::Overloaded)
}
