//! The part of an event that an archive leaves out. An archived month is read-only and outlives the
//! erasure of a customer, so it holds no personal data.

use serde_json::{Map, Value};

/// A field that archives leave out of the events of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OmittedField {
    pub kind: &'static str,
    pub field: &'static str,
}

/// Returns the payload to archive; `None` if it is archived unchanged.
///
/// # Errors
/// The payload of such an event is no JSON object.
pub fn archived_payload(kind: &str, payload: &str, omitted_fields: &[OmittedField]) -> Result<Option<String>, serde_json::Error> {
    let Some(OmittedField { field, .. }) = omitted_fields.iter().find(|omitted_fields| omitted_fields.kind == kind) else {
        return Ok(None);
    };
    let mut payload: Map<String, Value> = serde_json::from_str(payload)?;
    let removed_value = payload.remove(*field);
    removed_value.map(|_| serde_json::to_string(&payload)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_an_event_shows_are_left_out() {
        let shows = r#"{"rows":1,"told":[{"name":"Ada"}]}"#;
        let archived = |kind, payload| archived_payload(kind, payload, &[OmittedField { kind: "test.shown", field: "told" }]);
        assert_eq!(archived("test.shown", shows).unwrap().as_deref(), Some(r#"{"rows":1}"#));
        assert_eq!(archived("test.shown", r#"{"rows":1}"#).unwrap(), None);
        assert_eq!(archived("test.other", shows).unwrap(), None, "of another kind it is no row of a query");
        assert!(archived("test.shown", "[]").is_err());
    }
}
