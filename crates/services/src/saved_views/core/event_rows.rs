//! The rows of a table in an event.

use serde_json::Value;

/// Maximum rows of an event.
pub const MAX_SHOWN_ROWS: usize = 200;
/// Maximum bytes of these rows as JSON.
pub const MAX_SHOWN_BYTES: usize = 256 << 10;

/// Returns the first rows of a table, within the limits of an event.
#[must_use]
pub fn first_rows(mut rows: Vec<Value>) -> Vec<Value> {
    rows.truncate(MAX_SHOWN_ROWS);
    let (mut bytes, mut count) = (0, 0);
    for row in &rows {
        bytes += row.to_string().len() + 1;
        if bytes > MAX_SHOWN_BYTES {
            break;
        }
        count += 1;
    }
    rows.truncate(count);
    rows
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_has_so_many_rows_and_bytes() {
        assert_eq!(first_rows(vec![json!({ "n": 1 }); 199]).len(), 199);
        assert_eq!(first_rows(vec![json!({ "n": 1 }); 201]).len(), MAX_SHOWN_ROWS);
        let large = json!({ "text": "x".repeat(100_000) });
        assert_eq!(first_rows(vec![large.clone(); 5]), [large.clone(), large]);
        assert_eq!(first_rows(vec![json!("x".repeat(MAX_SHOWN_BYTES))]), Vec::<Value>::new());
    }
}
