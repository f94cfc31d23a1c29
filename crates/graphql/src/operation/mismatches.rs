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
            let Some(Mismatch { path, unknown, one_of }) = found else {
                error.message = message;
                continue;
            };
            let extensions = error.extensions.get_or_insert_default();
            error.message = match (unknown, one_of) {
                (Some(field), _) if is_filter(&field.input) => {
                    extensions.set("code", Code::ValidationFailed.as_str());
                    self.unknown_filter(&field, &path)
                }
                (Some(field), _) => self.unknown_field(placed(message, &path), &field, &path),
                (None, Some(input)) => self.not_one(placed(message, &path), &input, &path),
                (None, None) => placed(message, &path),
            };
            extensions.set("field", path);
        }
    }

    fn unknown_filter(&self, field: &UnknownField, path: &[String]) -> String {
        let UnknownField { input, name } = field;
        format!("Unknown field \"{name}\" of {input} at {}.{}", path.join("."), self.meant(field))
    }

    /// The engine may have named a field that this input lacks; the one that it does not have is why, and its path is given.
    fn unknown_field(&self, message: String, field: &UnknownField, path: &[String]) -> String {
        let Some(argument) =
            argument_of(&message).filter(|argument| path.split_last().is_some_and(|(_, above)| above.join(".") == *argument))
        else {
            return message;
        };
        let (UnknownField { input, name }, meant) = (field, self.meant(field));
        let stop = if meant.is_empty() { "" } else { "." };
        format!("Invalid value for argument \"{argument}\", unknown field \"{name}\" of type \"{input}\"{stop}{meant}")
    }

    /// The fields are listed where the schema is shown.
    fn not_one(&self, message: String, input: &Name, path: &[String]) -> String {
        if argument_of(&message).is_none_or(|argument| path.join(".") != argument) {
            return message;
        }
        let fields = self.guard.schema_index().input(input).filter(|_| self.introspection == Introspection::Open);
        let mut names: Vec<&str> = fields.into_iter().flat_map(|fields| fields.keys().map(Name::as_str)).collect();
        names.sort_unstable();
        let of = if names.is_empty() { String::new() } else { format!(" of {}", names.join(", ")) };
        format!("Invalid value for argument \"{}\", exactly one field{of} is expected, and not null", path.join("."))
    }

    /// Names are suggested where the schema is shown.
    fn meant(&self, UnknownField { input, name }: &UnknownField) -> String {
        let fields = self.guard.schema_index().input(input).filter(|_| self.introspection == Introspection::Open);
        let names = fields.map(|fields| nearest(name, fields.keys().map(Name::as_str))).unwrap_or_default();
        let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
        let Some((last, others)) = quoted.split_last() else { return String::new() };
        let others = others.join(", ");
        let or = if others.is_empty() { "" } else { " or " };
        format!(" Did you mean {others}{or}{last}?")
    }
}

/// The place that a message of validation names.
fn argument_of(message: &str) -> Option<&str> {
    message.strip_prefix("Invalid value for argument \"")?.split_once('"').map(|(place, _)| place)
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
