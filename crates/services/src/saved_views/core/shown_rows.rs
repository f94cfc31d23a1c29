//! The rows of a table that an event tells.

use serde_json::Value;

/// Rows that an event tells at most.
pub const MOST_SHOWN_ROWS: usize = 200;
/// Bytes of these rows as JSON.
pub const MOST_SHOWN_BYTES: usize = 256 << 10;

/// The first rows of a table, as many as an event tells.
#[must_use]
pub fn first_rows(mut rows: Vec<Value>) -> Vec<Value> {
    rows.truncate(MOST_SHOWN_ROWS);
    let (mut bytes, mut count) = (0, 0);
    for row in &rows {
        bytes += row.to_string().len() + 1;
        if bytes > MOST_SHOWN_BYTES {
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
        assert_eq!(first_rows(vec![json!({ "n": 1 }); 201]).len(), MOST_SHOWN_ROWS);
        let large = json!({ "text": "x".repeat(100_000) });
        assert_eq!(first_rows(vec![large.clone(); 5]), [large.clone(), large]);
        assert_eq!(first_rows(vec![json!("x".repeat(MOST_SHOWN_BYTES))]), Vec::<Value>::new());
    }
}
