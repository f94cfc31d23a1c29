//! Origins of web pages that may call the API.

/// Pages of all ports of this machine: what development servers serve.
pub const LOCAL_ORIGINS: [&str; 6] = [
    "http://localhost:*",
    "http://127.0.0.1:*",
    "http://[::1]:*",
    "https://localhost:*",
    "https://127.0.0.1:*",
    "https://[::1]:*",
];

/// Parses the origin of a web page, as browsers send it. There is no wildcard except for ports of
/// this machine: each origin is named.
pub(super) fn parse_origin(text: &str) -> Result<String, &'static str> {
    const EXPECTED_FORMAT: &str = "an origin is expected, scheme and host and nothing after them, as in https://shop.example";
    if LOCAL_ORIGINS.contains(&text) {
        return Ok(text.to_owned());
    }
    let (scheme, authority) = text.split_once("://").ok_or(EXPECTED_FORMAT)?;
    let is_authority =
        !authority.is_empty() && authority.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.:[]".contains(&byte));
    let is_known = scheme == "https" || scheme == "http";
    if is_known && is_authority { Ok(text.to_ascii_lowercase()) } else { Err(EXPECTED_FORMAT) }
}
