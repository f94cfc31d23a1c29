//! The owner of the demo's tenant, and their login.

use serde_json::{Value, json};

use super::error::DemoError;

pub(super) const EMAIL: &str = "owner@demo.example";
/// The demo listens on this machine only, so the password need not be secret.
pub(super) const PASSWORD: &str = "a warehouse full of mugs";
pub(super) const SLUG: &str = "demo";

pub(super) async fn log_in(base: &str) -> Result<String, DemoError> {
    let register = "mutation($e: String!, $p: String!, $s: String!) { register(email: $e, password: $p, displayName: \"Demo Owner\",
        tenantName: \"Demo Retail\", tenantSlug: $s) { result { ... on TokenPair { accessToken } } userErrors { code message } } }";
    let login = "mutation($e: String!, $p: String!, $s: String) { login(email: $e, password: $p, tenant: $s) {
        result { ... on TokenPair { accessToken } } userErrors { code message } } }";
    let variables = json!({ "e": EMAIL, "p": PASSWORD, "s": SLUG });
    let mut refusals = Vec::new();
    for (name, query) in [("login", login), ("register", register)] {
        let answer: Value = reqwest::Client::new()
            .post(format!("{base}/graphql"))
            .json(&json!({ "query": query, "variables": variables }))
            .send()
            .await?
            .json()
            .await?;
        if let Some(token) = answer["data"][name]["result"]["accessToken"].as_str() {
            return Ok(token.to_owned());
        }
        let messages = [&answer["data"][name]["userErrors"][0]["message"], &answer["errors"][0]["message"]];
        refusals.push(format!("{name}: {}", messages.into_iter().find_map(Value::as_str).unwrap_or("no reason was given")));
    }
    Err(DemoError::Login(refusals.join("; ")))
}
