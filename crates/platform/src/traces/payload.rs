//! A trace in the JSON object of an event or a job, as its last member. Rooms read the object
//! without it.

use std::borrow::Cow;

use super::context::TraceContext;

const MEMBER: &str = ",\"traceparent\":\"";

/// Appends the trace to the payload, if it is recorded. An empty object stays unchanged.
pub fn append_trace(payload: String, context: Option<TraceContext>) -> String {
    append_any_trace(payload, context.filter(|context| context.is_sampled))
}

/// Appends the trace to the payload, recorded or not: the job that works on the payload later may
/// be sent by itself.
pub fn append_any_trace(payload: String, context: Option<TraceContext>) -> String {
    let Some(context) = context else { return payload };
    match payload.strip_suffix('}') {
        Some(members) if members.len() > 1 => format!("{members}{MEMBER}{}\"}}", context.traceparent()),
        _ => payload,
    }
}

/// Returns the trace in a payload.
pub fn trace_of_payload(payload: &str) -> Option<TraceContext> {
    split(payload).map(|(_, context)| context)
}

/// The payload as its room wrote it.
pub fn without_trace(payload: &str) -> Cow<'_, str> {
    match split(payload) {
        Some((members, _)) => Cow::Owned(format!("{members}}}")),
        None => Cow::Borrowed(payload),
    }
}

/// Returns the beginning of this payload if it carries a trace.
pub fn payload_opening(payload: &str) -> String {
    format!("{}{MEMBER}", payload.strip_suffix('}').unwrap_or(payload))
}

/// Splits a payload into the room's members, from the opening brace on, and the trace behind them.
fn split(payload: &str) -> Option<(&str, TraceContext)> {
    let rest = payload.strip_suffix("\"}")?;
    let (rest, text) = rest.split_at_checked(rest.len().checked_sub(TraceContext::LENGTH)?)?;
    Some((rest.strip_suffix(MEMBER)?, TraceContext::parse(text)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTEXT: TraceContext = TraceContext { trace_id: 7, span_id: 9, is_sampled: true };

    #[test]
    fn a_payload_comes_back_as_it_was() {
        let payload = "{\"order\":7,\"note\":\"été\"}";
        let with_trace = append_trace(payload.to_owned(), Some(CONTEXT));
        let object: serde_json::Value = serde_json::from_str(&with_trace).unwrap();
        assert_eq!((&object["order"], object["traceparent"].as_str()), (&7.into(), Some(CONTEXT.traceparent().as_str())));
        assert_eq!((trace_of_payload(&with_trace), without_trace(&with_trace).as_ref()), (Some(CONTEXT), payload));
        assert!(with_trace.starts_with(&payload_opening(payload)));
    }

    #[test]
    fn what_has_no_trace_stays_as_it_is() {
        let unsampled = TraceContext { is_sampled: false, ..CONTEXT };
        assert_eq!(append_trace("{\"a\":1}".to_owned(), Some(unsampled)), "{\"a\":1}");
        assert_eq!(
            trace_of_payload(&append_any_trace("{\"a\":1}".to_owned(), Some(unsampled))),
            Some(unsampled),
            "what is told by itself"
        );
        assert_eq!(append_trace("{}".to_owned(), Some(CONTEXT)), "{}");
        assert_eq!(append_trace("[1]".to_owned(), Some(CONTEXT)), "[1]");
        // A caller's text that looks like a trace is inside quotes of its own.
        let note = format!("{{\"note\":\"x,\\\"traceparent\\\":\\\"{}\"}}", CONTEXT.traceparent());
        assert!(serde_json::from_str::<serde_json::Value>(&note).is_ok(), "{note}");
        for plain in ["", "\"}", "{\"a\":1}", note.as_str()] {
            assert_eq!((trace_of_payload(plain), without_trace(plain).as_ref()), (None, plain));
        }
    }
}
