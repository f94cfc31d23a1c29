//! Reads the token from the payload of a socket's message. The protocol leaves its place to each
//! server, so clients send it in many places; ours is `{ "authorization": "Bearer <token>" }`.

use serde_json::{Map, Value};

/// Hint for a client whose payload has no token that is read.
pub const HINT: &str = "send {\"authorization\": \"Bearer <token>\"} as the payload";

/// Names of a map within the payload that contains headers, for clients that send the same headers
/// over HTTP.
const HEADERS: &str = "headers";
/// Name of the value that an HTTP header would carry, in upper or lower case.
const HEADER: &str = "authorization";
/// Names of the token alone, small and without dashes.
const TOKENS: [&str; 5] = ["authtoken", "token", "accesstoken", "bearertoken", "jwt"];

/// The authorization, as an `Authorization` header has it. `None`: the payload names none.
///
/// # Errors
/// In words for a close frame: one that is no text, or several that differ.
pub fn of(kind: &str, payload: &Map<String, Value>) -> Result<Option<String>, String> {
    let headers = payload.iter().filter(|(name, _)| name.eq_ignore_ascii_case(HEADERS));
    let inner = headers.filter_map(|(_, value)| value.as_object()).flatten();
    let mut accepted_token: Option<String> = None;
    for (name, value) in payload.iter().chain(inner).filter(|(_, value)| !value.is_null()) {
        let is_header = name.eq_ignore_ascii_case(HEADER);
        if !is_header && !is_token(name) {
            continue;
        }
        let Some(text) = value.as_str().map(str::trim) else {
            return Err(format!("'{kind}' message expects '{}' in the 'payload' to be a string", truncate_name(name)));
        };
        if text.is_empty() {
            continue;
        }
        let has_scheme = text.split_once(' ').is_some();
        let authorization = if is_header || has_scheme { text.to_owned() } else { format!("Bearer {text}") };
        if accepted_token.as_ref().is_some_and(|other| *other != authorization) {
            return Err("the 'payload' has two tokens that differ: send 'authorization' alone".to_owned());
        }
        accepted_token = Some(authorization);
    }
    Ok(accepted_token)
}

fn is_token(name: &str) -> bool {
    let normalized: String = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    TOKENS.contains(&normalized.as_str())
}

/// The beginning of a name, as a close frame is short.
fn truncate_name(name: &str) -> &str {
    name.get(..name.len().min(20)).unwrap_or(HEADER)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn find_token(payload: Value) -> Result<Option<String>, String> {
        of("connection_init", payload.as_object().unwrap())
    }

    #[test]
    fn a_token_is_found_where_clients_have_it() {
        for payload in [
            json!({ "authorization": "Bearer t" }),
            json!({ "Authorization": "Bearer t" }),
            json!({ "AUTHORIZATION": " Bearer t " }),
            json!({ "authorization": "Bearer t", "Authorization": "Bearer t" }),
            json!({ "headers": { "Authorization": "Bearer t" } }),
            json!({ "headers": { "authorization": "Bearer t", "x-other": 1 }, "Authorization": "Bearer t" }),
            json!({ "authToken": "t" }),
            json!({ "authToken": "Bearer t" }),
            json!({ "token": "t", "unknown": [1, 2] }),
            json!({ "access_token": "t", "authorization": "Bearer t" }),
            json!({ "authorization": null, "accessToken": "t" }),
        ] {
            assert_eq!(find_token(payload.clone()), Ok(Some("Bearer t".to_owned())), "{payload}");
        }
        for payload in [json!({}), json!({ "authorization": null }), json!({ "headers": "x" }), json!({ "author": "ann" })] {
            assert_eq!(find_token(payload.clone()), Ok(None), "{payload}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_said_in_true_words() {
        for payload in [
            json!({ "authorization": "Bearer a", "Authorization": "Bearer b" }),
            json!({ "authToken": "a", "headers": { "Authorization": "Bearer b" } }),
        ] {
            assert!(find_token(payload.clone()).unwrap_err().contains("two tokens that differ"), "{payload}");
        }
        let wrong = find_token(json!({ "authToken": 7 })).unwrap_err();
        assert!(wrong.contains("'authToken'") && wrong.contains("a string"), "{wrong}");
        assert_eq!(find_token(json!({ "authorization": "t" })), Ok(Some("t".to_owned())), "a header without a scheme is none");
    }
}
