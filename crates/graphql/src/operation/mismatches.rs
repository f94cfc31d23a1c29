//! Errors of values that the engine refused: where in the input they are, and which field of a filter was perhaps meant.

use std::cell::LazyCell;

use async_graphql::{Executor, Name, Response, Variables};

use super::{Introspection, OperationService};
use crate::{
    answer::is_coercion,
    code::Code,
    guard::{
        Operation,
        coercion_path::{self, Mismatch, UnknownField},
        filter_limits::is_filter,
    },
    suggestions::nearest,
};

impl<E: Executor> OperationService<E> {
    /// Says of values that the engine refused where in the input they are. A field that a filter does not have breaks a rule of the schema, and
    /// has the code of one.
    pub(super) fn name_mismatches(&self, operation: &Operation, variables: impl FnOnce() -> Variables, response: &mut Response) {
        // Errors beyond these are not reported, and variables are read for the first error only.
        let (variables, reported) = (LazyCell::new(variables), self.limits.reported_errors.max(1));
        for error in response.errors.iter_mut().take(reported).filter(|error| is_coercion(error)) {
            let message = innermost(&error.message).to_owned();
            let found = coercion_path::find(operation.parsed(), self.guard.schema_index(), &variables, &error.path);
            let Some(Mismatch { path, unknown }) = found else {
                error.message = message;
                continue;
            };
            let extensions = error.extensions.get_or_insert_default();
            if let Some(field) = unknown.filter(|field| is_filter(&field.input)) {
                error.message = self.unknown_field(&field, &path);
                extensions.set("code", Code::ValidationFailed.as_str());
            } else {
                error.message = placed(message, &path);
            }
            extensions.set("field", path);
        }
    }

    /// Names are suggested where the schema is shown.
    fn unknown_field(&self, UnknownField { input, name }: &UnknownField, path: &[String]) -> String {
        let mut message = format!("Unknown field \"{name}\" of {input} at {}.", path.join("."));
        let fields = self.guard.schema_index().input(input).filter(|_| self.introspection == Introspection::Open);
        let names = fields.map(|fields| nearest(name, fields.keys().map(Name::as_str))).unwrap_or_default();
        let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
        if let Some((last, others)) = quoted.split_last() {
            let others = others.join(", ");
            let or = if others.is_empty() { "" } else { " or " };
            message.push_str(&format!(" Did you mean {others}{or}{last}?"));
        }
        message
    }
}

/// A message with the place of the value, unless validation has named it.
fn placed(message: String, path: &[String]) -> String {
    if message.starts_with("Invalid value for argument \"") {
        return message;
    }
    format!("{} at {}", message.trim_end_matches('.'), path.join("."))
}

/// A message of the engine without the types around the one that refused the value, which it adds one by one (`InputValueError::propagate`).
fn innermost(message: &str) -> &str {
    const AROUND: &str = " (occurred while parsing \"";
    let is_type = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "_[]!".contains(c));
    let mut inner = message;
    while let Some(rest) = inner.strip_suffix("\")") {
        let Some(at) = rest.rfind(AROUND).filter(|at| is_type(&rest[at + AROUND.len()..])) else { break };
        inner = &inner[..at];
    }
    inner
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_around_a_value_are_left_out() {
        let deep = "Failed to parse \"Quantity\": too large (occurred while parsing \"LineInput\") (occurred while parsing \"[LineInput!]\")";
        assert_eq!(innermost(deep), "Failed to parse \"Quantity\": too large");
        for whole in
            ["Failed to parse \"Int\": x", "Expected input type \"Int\", found \" (occurred while parsing \".", "", "\")"]
        {
            assert_eq!(innermost(whole), whole);
        }
    }

    #[test]
    fn a_message_has_one_place() {
        let path = ["filter".to_owned(), "placedAt".to_owned()];
        let engine = "Expected input type \"String\", found 1.".to_owned();
        assert_eq!(placed(engine, &path), "Expected input type \"String\", found 1 at filter.placedAt");
        let validation = "Invalid value for argument \"filter.placedAt\", expected type \"DateTime\"".to_owned();
        assert_eq!(placed(validation.clone(), &path), validation);
    }
}
