//! Rows as CSV (RFC 4180) and as JSON lines.

use serde_json::Value;
use services::exchange::core::cells::escape_parts;

use super::layout::{Layout, values};

/// A table with its head. A text that a spreadsheet would read as a formula is escaped.
pub fn csv(layout: &Layout, rows: &[Value]) -> String {
    let mut out = String::new();
    line(&mut out, layout.columns.iter().map(|path| path.join(".")));
    for row in rows {
        line(&mut out, layout.columns.iter().map(|path| escape_formula(&cell(row, path))));
    }
    out
}

pub fn jsonl(rows: &[Value]) -> String {
    let mut out = String::new();
    for row in rows {
        out.push_str(&row.to_string());
        out.push('\n');
    }
    out
}

fn line(out: &mut String, cells: impl Iterator<Item = String>) {
    for (index, cell) in cells.enumerate() {
        if index > 0 {
            out.push(',');
        }
        if cell.contains(['"', ',', '\r', '\n']) {
            out.push('"');
            out.push_str(&cell.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(&cell);
        }
    }
    out.push_str("\r\n");
}

fn cell(row: &Value, path: &[String]) -> String {
    let texts: Vec<String> = values(row, path).into_iter().map(text).collect();
    texts.join("; ")
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn escape_formula(cell: &str) -> String {
    let parts = escape_parts(cell);
    let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) && !is_number(cell);
    if is_formula { format!("'{parts}") } else { parts.into_owned() }
}

/// A number below zero is no formula.
fn is_number(cell: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let Some(size) = cell.strip_prefix('-') else { return false };
    size.split_once('.')
        .map_or_else(|| digits(size), |(integer_part, fraction_part)| digits(integer_part) && digits(fraction_part))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn no_cell_is_a_formula_and_commas_and_quotes_stay_in_their_cells() {
        let layout = Layout::of("{ products { nodes { sku names stock } } }", None).unwrap();
        let rows = [
            json!({ "sku": "=1+1", "names": ["a, b", "c"], "stock": -5 }),
            json!({ "sku": "-2+3", "names": ["say \"x\""], "stock": null }),
            json!({ "sku": "-5.00", "names": ["mug;=1+1"], "stock": 0 }),
        ];
        let expected = "sku,names,stock\r\n'=1+1,\"a, b; c\",-5\r\n'-2+3,\"say \"\"x\"\"\",\r\n-5.00,mug;'=1+1,0\r\n";
        assert_eq!(csv(&layout, &rows), expected);
        assert_eq!(jsonl(&rows[2..]), format!("{}\n", rows[2]));
    }
}
