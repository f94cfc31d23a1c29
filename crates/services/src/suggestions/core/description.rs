//! Requests to a language model for a product's description: the body of the request, and the
//! checks of the response.

use entity::prelude::Timestamp;
use inventory::catalog::core::product::ProductRow;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Maximum characters of a URL.
pub const MAX_URL: usize = 2_048;
/// Maximum characters of a model's name, and of a key.
pub const MAX_MODEL: usize = 128;
pub const MAX_KEY: usize = 512;
/// Maximum tokens of an answer.
pub const MAX_TOKENS: i32 = 4_096;
pub const MAX_CALLS: i32 = 10_000;
/// Maximum characters of a proposal.
pub const MAX_PROPOSED: usize = 4_000;

const SYSTEM_PROMPT: &str = "You write descriptions of products for a shop. Answer with the description alone: plain text of at most 120 words, \
    in the language of the product's name. Use only the facts that are given, and add none.";

/// An endpoint without its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    pub url: String,
    pub model: String,
    pub has_key: bool,
    pub is_enabled: bool,
    pub max_tokens: i32,
    pub calls_per_day: i32,
    /// Calls of today, in UTC.
    pub calls_today: i64,
    pub version: i64,
    pub updated_at: Timestamp,
}

/// Input of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointFields {
    pub url: String,
    pub model: String,
    /// `None` keeps the key of the same origin; an empty text removes it.
    pub key: Option<String>,
    pub is_enabled: bool,
    pub max_tokens: i32,
    pub calls_per_day: i32,
}

/// Reason to refuse an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndpointRefusal {
    /// The address is not allowed; the text is the reason.
    Url(String),
    NoUrl,
    UrlTooLong,
    NoModel,
    Model,
    Key,
    Tokens,
    Calls,
}

impl EndpointFields {
    /// Validates the fields by themselves; the address is checked elsewhere, with the operator's
    /// settings.
    pub fn check(&self) -> Result<(), EndpointRefusal> {
        if self.url.trim().is_empty() {
            Err(EndpointRefusal::NoUrl)
        } else if self.url.chars().count() > MAX_URL {
            Err(EndpointRefusal::UrlTooLong)
        } else if self.model.trim().is_empty() {
            Err(EndpointRefusal::NoModel)
        } else if self.model.chars().any(char::is_control) || self.model.chars().count() > MAX_MODEL {
            Err(EndpointRefusal::Model)
        } else if self.key.as_ref().is_some_and(|key| key.len() > MAX_KEY || !key.bytes().all(|byte| byte.is_ascii_graphic())) {
            Err(EndpointRefusal::Key)
        } else if !(1..=MAX_TOKENS).contains(&self.max_tokens) {
            Err(EndpointRefusal::Tokens)
        } else if !(1..=MAX_CALLS).contains(&self.calls_per_day) {
            Err(EndpointRefusal::Calls)
        } else {
            Ok(())
        }
    }
}

/// Returns the request for a product: its name, options, category and attributes. It contains no
/// prices, costs, suppliers, stock, metadata or personal data.
pub fn request(endpoint: &Endpoint, product: &ProductRow, categories: &[String]) -> String {
    let messages =
        json!([{ "role": "system", "content": SYSTEM_PROMPT }, { "role": "user", "content": facts(product, categories) }]);
    json!({ "model": endpoint.model, "messages": messages, "max_tokens": endpoint.max_tokens, "stream": false }).to_string()
}

fn facts(product: &ProductRow, categories: &[String]) -> String {
    let mut lines = vec![format!("Name: {}", product.name)];
    if !categories.is_empty() {
        lines.push(format!("Category: {}", categories.join(" > ")));
    }
    lines.extend(product.option_list().iter().map(|option| format!("{}: {}", option.name, option.value)));
    let goods = &product.goods;
    let sizes = [
        ("Weight", goods.weight_grams, "g"),
        ("Length", goods.length_mm, "mm"),
        ("Width", goods.width_mm, "mm"),
        ("Height", goods.height_mm, "mm"),
    ];
    for (name, value, unit) in sizes {
        lines.extend(value.map(|value| format!("{name}: {value} {unit}")));
    }
    lines.extend(goods.origin_country.iter().map(|country| format!("Country of origin: {country}")));
    if !goods.tags.is_empty() {
        lines.push(format!("Tags: {}", goods.tags.join(", ")));
    }
    lines.join("\n")
}

/// A proposed description, to be accepted by a person. The receipt of a call with a key holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    pub text: String,
    /// Whether the answer was cut at the maximum of tokens.
    pub is_cut: bool,
}

/// Reason why an answer is no description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnusableAnswer {
    /// The response is not the JSON of a chat completion, or its text has control characters.
    Nonsense,
    /// Its text is empty.
    Empty,
    TooLong,
}

/// Returns the text of the first choice of a chat completion.
pub fn proposal(answer: &[u8]) -> Result<Proposal, UnusableAnswer> {
    let answer: Value = serde_json::from_slice(answer).map_err(|_| UnusableAnswer::Nonsense)?;
    let choice = &answer["choices"][0];
    let text = choice["message"]["content"].as_str().ok_or(UnusableAnswer::Nonsense)?.trim();
    let is_plain = |character: char| matches!(character, '\n' | '\r' | '\t') || !character.is_control();
    if text.is_empty() {
        Err(UnusableAnswer::Empty)
    } else if text.chars().count() > MAX_PROPOSED {
        Err(UnusableAnswer::TooLong)
    } else if text.chars().all(is_plain) {
        Ok(Proposal { text: text.to_owned(), is_cut: choice["finish_reason"] == "length" })
    } else {
        Err(UnusableAnswer::Nonsense)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_a_plain_text_or_no_description() {
        let answer = |content: &str, end: &str| {
            json!({ "choices": [{ "message": { "role": "assistant", "content": content }, "finish_reason": end }] }).to_string()
        };
        let whole = proposal(answer(" A mug.\nIt is blue. ", "stop").as_bytes());
        assert_eq!(whole, Ok(Proposal { text: "A mug.\nIt is blue.".to_owned(), is_cut: false }));
        assert!(proposal(answer("A mug", "length").as_bytes()).unwrap().is_cut);
        let refused = [
            (answer("  ", "stop"), UnusableAnswer::Empty),
            (answer(&"x".repeat(MAX_PROPOSED + 1), "stop"), UnusableAnswer::TooLong),
            (answer("A\u{0}mug", "stop"), UnusableAnswer::Nonsense),
            ("<html>".to_owned(), UnusableAnswer::Nonsense),
            (String::new(), UnusableAnswer::Nonsense),
            ("[1]".to_owned(), UnusableAnswer::Nonsense),
            (json!({ "choices": [] }).to_string(), UnusableAnswer::Nonsense),
            (json!({ "choices": [{ "message": { "content": 7 } }] }).to_string(), UnusableAnswer::Nonsense),
        ];
        for (body, why) in refused {
            assert_eq!(proposal(body.as_bytes()), Err(why), "{body:.100}");
        }
    }

    #[test]
    fn an_endpoint_has_its_bounds() {
        let fields = EndpointFields {
            url: "https://models.example/v1/chat/completions".to_owned(),
            model: "small".to_owned(),
            key: None,
            is_enabled: false,
            max_tokens: 1,
            calls_per_day: MAX_CALLS,
        };
        assert_eq!(fields.check(), Ok(()));
        assert_eq!(EndpointFields { key: Some(String::new()), ..fields.clone() }.check(), Ok(()));
        let refused = [
            (EndpointFields { url: "x".repeat(MAX_URL + 1), ..fields.clone() }, EndpointRefusal::UrlTooLong),
            (EndpointFields { url: " ".to_owned(), ..fields.clone() }, EndpointRefusal::NoUrl),
            (EndpointFields { model: " ".to_owned(), ..fields.clone() }, EndpointRefusal::NoModel),
            (EndpointFields { model: "a\nb".to_owned(), ..fields.clone() }, EndpointRefusal::Model),
            (EndpointFields { key: Some("a\nb".to_owned()), ..fields.clone() }, EndpointRefusal::Key),
            (EndpointFields { max_tokens: MAX_TOKENS + 1, ..fields.clone() }, EndpointRefusal::Tokens),
            (EndpointFields { calls_per_day: 0, ..fields.clone() }, EndpointRefusal::Calls),
        ];
        for (fields, why) in refused {
            assert_eq!(fields.check(), Err(why));
        }
    }
}
