//! The payload of a mutation: its refusals, and its result.

use serde_json::Value;

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("a text is expected: {value}")).to_owned()
}

/// Returns the digits of a document's number, without the letters of its kind and the leading
/// zeros.
pub fn digits(number: &Value) -> String {
    let number = text(number);
    number.trim_start_matches(|sign: char| !sign.is_ascii_digit()).trim_start_matches('0').to_owned()
}

fn errors(payload: &Value) -> &[Value] {
    payload["userErrors"].as_array().unwrap_or_else(|| panic!("a payload is expected: {payload:#}"))
}

/// The code of each refusal.
pub fn codes(payload: &Value) -> Vec<&str> {
    errors(payload).iter().map(|error| error["code"].as_str().unwrap()).collect()
}

/// The code and the path of each refusal.
pub fn refusals(payload: &Value) -> Vec<(String, String)> {
    let path = |error: &Value| error["field"].as_array().into_iter().flatten().map(text).collect::<Vec<_>>().join(".");
    errors(payload).iter().map(|error| (text(&error["code"]), path(error))).collect()
}

/// Refusals with one code, at each of these paths.
pub fn at_each(code: &str, paths: &[&str]) -> Vec<(String, String)> {
    paths.iter().map(|path| (code.to_owned(), (*path).to_owned())).collect()
}

/// Refusals with one code, at each of these fields of the input.
pub fn at_each_field(code: &str, fields: &[&str]) -> Vec<(String, String)> {
    fields.iter().map(|field| (code.to_owned(), format!("input.{field}"))).collect()
}

/// Asserts that the payload is exactly this refusal, and returns its message; empty if it was not
/// selected.
#[track_caller]
pub fn refused(payload: &Value, code: &str, field: &str) -> String {
    assert_eq!(refusals(payload), [(code.to_owned(), field.to_owned())], "{payload:#}");
    errors(payload)[0]["message"].as_str().unwrap_or_default().to_owned()
}

/// Asserts that nothing was refused and gives the part of the payload.
#[track_caller]
pub fn accepted<'p>(payload: &'p Value, part: &str) -> &'p Value {
    assert!(payload["userErrors"].as_array().is_some_and(Vec::is_empty), "{payload:#}");
    &payload[part]
}
