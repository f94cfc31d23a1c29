//! A mutation that is run for each line of a file: the variables of a line, and its result line.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{cells::has_many_values, options::WriteMode};
use crate::files::core::limits::BULK_RESPONSE_BYTES;

/// Whether a mutation recognizes a repeated call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Keyed {
    /// Its input has an idempotency key: a line that is tried twice takes effect once.
    ByInput,
    /// It has no key: a line that was started is not started again.
    Not,
}

/// Mutation of a bulk operation, and its options.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BulkOptions {
    /// A document with one mutation, of one field and the variable `$input`.
    pub mutation: String,
    /// The field.
    pub field: String,
    pub keyed: Keyed,
    pub earnest: WriteMode,
}

impl BulkOptions {
    /// Lines that are executed between two saves of the progress. One for a mutation that does not
    /// recognize repeated calls.
    pub fn chunk(&self) -> usize {
        const LINES: usize = 20;
        if self.is_marked() { 1 } else { LINES }
    }

    /// Whether a line is marked before it starts, so that it is never started twice.
    pub fn is_marked(&self) -> bool {
        self.keyed == Keyed::Not && self.earnest == WriteMode::Write
    }
}

/// A line of the file, with its number from 1 on; blank lines are numbered and skipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub number: i64,
    /// None if the line exceeds the maximum length.
    pub bytes: Option<Vec<u8>>,
}

/// Answer to a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineAnswer {
    pub number: i64,
    /// A JSON object, without the number.
    pub answer: String,
    pub is_refused: bool,
}

/// Reasons to refuse the variables of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineRefusal {
    TooLong,
    NotUtf8,
    TooManyValues,
    /// The words of the parser.
    NoObject(String),
    NoInput,
    /// A field of the line other than its input.
    Unknown(String),
}

/// Returns the variables of a line, or the reason to refuse it; `key` is inserted if the mutation
/// takes a key and the line has none.
pub fn variables(line: &Line, options: &BulkOptions, key: String) -> Result<Value, LineRefusal> {
    let bytes = line.bytes.as_deref().ok_or(LineRefusal::TooLong)?;
    let text = std::str::from_utf8(bytes).map_err(|_| LineRefusal::NotUtf8)?;
    let text = text.trim_start_matches('\u{feff}');
    if has_many_values(bytes) {
        return Err(LineRefusal::TooManyValues);
    }
    let mut object: Map<String, Value> = serde_json::from_str(text).map_err(|error| LineRefusal::NoObject(error.to_string()))?;
    let mut document_variables = Map::new();
    let Some(Value::Object(mut input)) = object.remove("input") else {
        return Err(LineRefusal::NoInput);
    };
    if let Some(other) = object.keys().next() {
        return Err(LineRefusal::Unknown(other.clone()));
    }
    if options.keyed == Keyed::ByInput && input.get("idempotencyKey").is_none_or(Value::is_null) {
        input.insert("idempotencyKey".to_owned(), Value::String(key));
    }
    document_variables.insert("input".to_owned(), Value::Object(input));
    // A document that does not declare it does not mind.
    document_variables.insert("validateOnly".to_owned(), Value::Bool(options.earnest == WriteMode::DryRun));
    Ok(Value::Object(document_variables))
}

/// A refusal that does not come from the mutation.
pub fn refusal_answer(number: i64, code: &str, message: &str) -> LineAnswer {
    let answer = json!({ "errors": [{ "message": message, "extensions": { "code": code } }] }).to_string();
    LineAnswer { number, answer, is_refused: true }
}

/// Returns the engine's answer in its stored form.
pub fn parse_answer(number: i64, json: &[u8]) -> LineAnswer {
    let response: Value = serde_json::from_slice(json).unwrap_or_default();
    let count = response["extensions"]["entrepot"]["userErrorCount"].as_u64().unwrap_or_default();
    let is_refused = count > 0 || response.get("errors").is_some_and(|errors| !errors.is_null());
    if json.len() > BULK_RESPONSE_BYTES {
        let message = format!("the answer is longer than {} KiB and was left out: select less", BULK_RESPONSE_BYTES >> 10);
        let word = if is_refused { "REFUSED" } else { "DONE" };
        let answer = json!({ "outcome": word, "errors": [{ "message": message, "extensions": { "code": "LIMIT_EXCEEDED" } }] });
        return LineAnswer { number, answer: answer.to_string(), is_refused };
    }
    LineAnswer { number, answer: String::from_utf8_lossy(json).into_owned(), is_refused }
}

/// Returns a line of the result file: the number, and the answer.
pub fn result_line(number: i64, answer: &str) -> String {
    let rest = answer.trim_start().strip_prefix('{').unwrap_or("}");
    let comma = if rest.trim_start().starts_with('}') { "" } else { "," };
    format!("{{\"line\":{number}{comma}{rest}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(keyed: Keyed, earnest: WriteMode) -> BulkOptions {
        BulkOptions { mutation: String::new(), field: "f".to_owned(), keyed, earnest }
    }
    fn of(text: &str, options: &BulkOptions) -> Result<Value, LineRefusal> {
        variables(&Line { number: 7, bytes: Some(text.as_bytes().to_vec()) }, options, "exc/7".to_owned())
    }

    #[test]
    fn a_line_says_its_input_and_gets_a_key_where_it_has_none() {
        let keyed = options(Keyed::ByInput, WriteMode::Write);
        assert_eq!(
            of(r#"{"input":{"a":1}}"#, &keyed),
            Ok(json!({ "input": { "a": 1, "idempotencyKey": "exc/7" }, "validateOnly": false }))
        );
        let own = of(r#"{"input":{"idempotencyKey":"mine"}}"#, &keyed).unwrap();
        assert_eq!(own["input"]["idempotencyKey"], "mine");
        let bare = of("\u{feff}{\"input\":{}}", &options(Keyed::Not, WriteMode::Write));
        assert_eq!(bare, Ok(json!({ "input": {}, "validateOnly": false })));
        let dry = of("{\"input\":{}}", &options(Keyed::Not, WriteMode::DryRun));
        assert_eq!(dry, Ok(json!({ "input": {}, "validateOnly": true })));
        for wrong in ["", "{\"input\":{\"a\":1}", "[1]"] {
            assert!(matches!(of(wrong, &keyed), Err(LineRefusal::NoObject(_))), "{wrong}");
        }
        for (wrong, why) in [
            ("{\"input\":7}", LineRefusal::NoInput),
            ("{}", LineRefusal::NoInput),
            ("{\"input\":{},\"validateOnly\":false}", LineRefusal::Unknown("validateOnly".to_owned())),
        ] {
            assert_eq!(of(wrong, &keyed), Err(why), "{wrong}");
        }
        let long = Line { number: 1, bytes: None };
        assert_eq!(variables(&long, &keyed, String::new()), Err(LineRefusal::TooLong));
        let latin = Line { number: 1, bytes: Some(vec![0xff]) };
        assert_eq!(variables(&latin, &keyed, String::new()), Err(LineRefusal::NotUtf8));
    }

    #[test]
    fn an_answer_is_a_line_of_its_own() {
        let done = parse_answer(3, br#"{"data":{"f":{"id":"x"}}}"#);
        assert!(!done.is_refused);
        assert_eq!(result_line(3, &done.answer), "{\"line\":3,\"data\":{\"f\":{\"id\":\"x\"}}}\n");
        assert!(parse_answer(1, br#"{"data":null,"errors":[{"message":"m"}]}"#).is_refused);
        assert!(parse_answer(1, br#"{"data":{},"extensions":{"entrepot":{"userErrorCount":2}}}"#).is_refused);
        assert_eq!(result_line(1, "{}"), "{\"line\":1}\n");
        let long = parse_answer(1, format!("{{\"data\":\"{}\"}}", "x".repeat(40_000)).as_bytes());
        assert!(!long.is_refused && long.answer.contains("\"outcome\":\"DONE\"") && long.answer.len() < 300, "{long:?}");
    }

    #[test]
    fn what_knows_no_call_again_is_marked_before_it_is_begun() {
        assert!(options(Keyed::Not, WriteMode::Write).is_marked());
        assert!(!options(Keyed::ByInput, WriteMode::Write).is_marked());
        assert!(!options(Keyed::Not, WriteMode::DryRun).is_marked(), "nothing is written");
        assert_eq!(options(Keyed::Not, WriteMode::Write).chunk(), 1);
    }
}
