//! The request around an operation: a JSON body, or a GET's parameters.

use std::collections::BTreeMap;

use graphql::request::{GraphqlRequest, Members};

const NO_QUERY: &str =
    "`query` is missing: it must be a string that holds a GraphQL document, unless `documentId` names a trusted one";

/// # Errors
/// A message for the client that says what is wrong with the body.
pub fn from_json(body: &[u8]) -> Result<GraphqlRequest, String> {
    match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => {}
        Some(b'[') => return Err("batches are not served: send one operation a request".into()),
        _ => return Err("the body must be a JSON map".into()),
    }
    with_query(serde_json::from_slice(body).map_err(|error| json_error_message(&error))?)
}

/// serde_json has no other names than its words for the first two.
fn json_error_message(error: &serde_json::Error) -> String {
    let (place, message) = (format!("line {}, column {}", error.line(), error.column()), error.to_string());
    if message.starts_with("recursion limit exceeded") {
        format!("the body is nested too deeply: {place}")
    } else if let Some((name, _)) = message.strip_prefix("duplicate field ").and_then(|rest| rest.split_once(" at ")) {
        format!("{name} is given twice: {place}")
    } else if error.is_data() {
        format!("at {place}: `query`, `documentId` and `operationName` must be strings, `variables` and `extensions` maps")
    } else {
        format!("the body is not JSON: {place}")
    }
}

/// # Errors
/// A message for the client that says what is wrong with the parameters.
pub fn from_parameters(query_string: &str) -> Result<GraphqlRequest, String> {
    let parameters = parse_parameters(query_string)?;
    let json = |name: &str| parameters.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let not_a_map = |name: &str| format!("`{name}` must be a JSON map");
    let variables = json("variables").map(serde_json::from_str).transpose().map_err(|_| not_a_map("variables"))?;
    let extensions = json("extensions").map(serde_json::from_str).transpose().map_err(|_| not_a_map("extensions"))?;
    let operation_name = parameters.get("operationName").cloned();
    let (query, document_id) = (parameters.get("query").cloned(), parameters.get("documentId").cloned());
    let members = Members { query, document_id, operation_name, variables, extensions };
    with_query(members)
}

/// Returns the parameters of a query string by name.
///
/// # Errors
/// A message for the client that says what is wrong with the parameters.
pub fn parse_parameters(query_string: &str) -> Result<BTreeMap<String, String>, String> {
    let mut parameters: BTreeMap<String, String> = BTreeMap::new();
    for pair in query_string.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (percent_decode(name)?, percent_decode(value)?);
        if parameters.insert(name, value).is_some() {
            return Err("a parameter is given twice".into());
        }
    }
    Ok(parameters)
}

/// Percent signs and plus signs of a form undone.
fn percent_decode(text: &str) -> Result<String, String> {
    let invalid_encoding = || "the parameters are not UTF-8 in percent encoding".to_owned();
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first_byte, tail @ ..] = rest {
        rest = tail;
        bytes.push(match (first_byte, tail) {
            (b'+', _) => b' ',
            (b'%', [high, low, after @ ..]) => {
                rest = after;
                let digit = |byte: &u8| char::from(*byte).to_digit(16).ok_or_else(invalid_encoding);
                (digit(high)? * 16 + digit(low)?) as u8
            }
            (b'%', _) => return Err(invalid_encoding()),
            (byte, _) => *byte,
        });
    }
    String::from_utf8(bytes).map_err(|_| invalid_encoding())
}

fn with_query(members: Members) -> Result<GraphqlRequest, String> {
    members
        .into_request()
        .filter(|params| params.document_id.is_some() || !params.query.trim().is_empty())
        .ok_or_else(|| NO_QUERY.into())
}
