//! The part of an event that an archive does not keep. An archived month is read-only and outlives the erasure of a customer, so it holds nothing that names one.

use serde_json::{Map, Value};

/// Kinds of events that show rows of a query, whatever is in them, and the field that has the rows.
const SHOWN_ROWS: [(&str, &str); 1] = [("view.result", "told")];

/// The payload as it is archived; None where all of it is.
///
/// # Errors
/// The payload of such an event is no JSON object.
pub fn archived_payload(kind: &str, payload: &str) -> Result<Option<String>, serde_json::Error> {
    let Some((_, field)) = SHOWN_ROWS.iter().find(|(of, _)| *of == kind) else { return Ok(None) };
    let mut payload: Map<String, Value> = serde_json::from_str(payload)?;
    let shown = payload.remove(*field);
    shown.map(|_| serde_json::to_string(&payload)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_an_event_shows_are_left_out() {
        let shows = r#"{"rows":1,"told":[{"name":"Ada"}]}"#;
        assert_eq!(archived_payload("view.result", shows).unwrap().as_deref(), Some(r#"{"rows":1}"#));
        assert_eq!(archived_payload("view.result", r#"{"rows":1}"#).unwrap(), None);
        assert_eq!(archived_payload("stock.changed", shows).unwrap(), None, "of another kind it is no row of a query");
        assert!(archived_payload("view.result", "[]").is_err());
    }
}
