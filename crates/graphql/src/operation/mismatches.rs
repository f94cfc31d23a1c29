//! Errors of values that the engine refused: their places in the input, and suggestions for
//! misspelt fields of a filter.

use std::cell::LazyCell;

use async_graphql::{Executor, Name, Response, ServerError, Variables};

use super::service::{Introspection, OperationService};
use crate::{
    code::Code,
    guard::{
        Operation,
        coercion_path::{self, Cause, Mismatch, UnknownField},
        filter_limits::is_filter,
    },
    suggestions::nearest_names,
    upstream::coercion::is_coercion,
};

impl<E: Executor> OperationService<E> {
    /// Adds the places in the input to errors for values that the engine refused: the engine stops
    /// at one value of an argument, and the answer has an error for each. A field that a filter
    /// does not have breaks a rule of the schema, and gets the code for that.
    pub(super) fn add_mismatch_paths(
        &self,
        operation: &Operation,
        variables: impl FnOnce() -> Variables,
        response: &mut Response,
    ) {
        // Errors beyond these are not reported, and variables are read for the first error only.
        let (variables, max_errors) = (LazyCell::new(variables), self.limits.reported_errors.max(1));
        let mut described_errors: Vec<ServerError> = Vec::with_capacity(response.errors.len());
        let mut is_all_named = false;
        for error in std::mem::take(&mut response.errors) {
            if described_errors.len() >= max_errors || !is_coercion(&error) {
                described_errors.push(error);
                continue;
            }
            // Validation has an error for each argument, without the field's name: the mismatches
            // of all arguments were found with the first.
            let is_of_document = error.path.is_empty();
            if is_of_document && is_all_named {
                continue;
            }
            let search_scope = (error.path.as_slice(), max_errors.max(2));
            let mismatches =
                coercion_path::find(operation.parsed_document(), self.guard.schema_index(), &variables, search_scope);
            is_all_named |= is_of_document && mismatches.len() > 1;
            self.name_error(error, mismatches, &mut described_errors);
        }
        response.errors = described_errors;
    }

    /// Names the places of one error. A single mismatch is the one that the engine means; with
    /// several that is unknown, so each gets its own message.
    fn name_error(&self, mut error: ServerError, mismatches: Vec<Mismatch>, described_errors: &mut Vec<ServerError>) {
        let is_only = mismatches.len() < 2;
        if mismatches.is_empty() {
            let inner = innermost_message(&error.message).to_owned();
            error.message = inner;
            described_errors.push(error);
            return;
        }
        for Mismatch { path, cause, at } in mismatches {
            let mut named_error = error.clone();
            let extensions = named_error.extensions.get_or_insert_default();
            named_error.message = match &cause {
                Cause::Unknown(field) if is_filter(&field.input) => {
                    extensions.set("code", Code::ValidationFailed.as_str());
                    self.unknown_filter(field, &path)
                }
                _ if is_only => {
                    self.schema_message(message_with_path(innermost_message(&error.message).to_owned(), &path), &cause, &path)
                }
                _ => self.message(&cause, &path),
            };
            extensions.set("field", path);
            if !is_only && error.path.is_empty() {
                named_error.locations = vec![at];
            }
            described_errors.push(named_error);
        }
    }

    /// Returns the engine's message, with the names of the schema if it has others.
    fn schema_message(&self, message: String, cause: &Cause, path: &[String]) -> String {
        match cause {
            // The engine may have named a missing field of this input; the cause is the unknown
            // field, whose path is given.
            Cause::Unknown(field) if argument_of(&message) == parent_input_path(path).as_deref() => {
                self.unknown_field(field, path)
            }
            Cause::NotOne(input) if argument_of(&message) == Some(path.join(".").as_str()) => self.one_of_message(input, path),
            _ => message,
        }
    }

    /// A mismatch in the words of validation, or of its scalar.
    fn message(&self, cause: &Cause, path: &[String]) -> String {
        let argument = |argument_path: &str| format!("Invalid value for argument \"{argument_path}\",");
        let (full_path, above) = (path.join("."), parent_input_path(path).unwrap_or_default());
        match cause {
            Cause::Unknown(field) => self.unknown_field(field, path),
            Cause::NotOne(input) => self.one_of_message(input, path),
            Cause::Missing(kind) => {
                let name = path.last().map(String::as_str).unwrap_or_default();
                format!("{} field \"{name}\" of type \"{kind}\" is required but not provided", argument(&above))
            }
            Cause::Word { kind, word } => {
                format!("{} enumeration type \"{kind}\" does not contain the value \"{word}\"", argument(&full_path))
            }
            Cause::Refused(message) => message_with_path(message.clone(), path),
            Cause::Unlike(kind) => format!("{} expected type \"{kind}\"", argument(&full_path)),
        }
    }

    fn unknown_filter(&self, field: &UnknownField, path: &[String]) -> String {
        let UnknownField { input, name } = field;
        format!("Unknown field \"{name}\" of {input} at {}.{}", path.join("."), self.suggest_names(field))
    }

    fn unknown_field(&self, field: &UnknownField, path: &[String]) -> String {
        let (UnknownField { input, name }, suggestion) = (field, self.suggest_names(field));
        let (argument, separator) = (parent_input_path(path).unwrap_or_default(), if suggestion.is_empty() { "" } else { "." });
        format!("Invalid value for argument \"{argument}\", unknown field \"{name}\" of type \"{input}\"{separator}{suggestion}")
    }

    /// The fields are listed only if the schema is shown to clients.
    fn one_of_message(&self, input: &Name, path: &[String]) -> String {
        let fields = self.guard.schema_index().input(input).filter(|_| self.introspection == Introspection::Open);
        let mut names: Vec<&str> = fields.into_iter().flat_map(|fields| fields.keys().map(Name::as_str)).collect();
        names.sort_unstable();
        let choices = if names.is_empty() { String::new() } else { format!(" of {}", names.join(", ")) };
        format!("Invalid value for argument \"{}\", exactly one field{choices} is expected, and not null", path.join("."))
    }

    /// Names are suggested only if the schema is shown to clients.
    fn suggest_names(&self, UnknownField { input, name }: &UnknownField) -> String {
        let fields = self.guard.schema_index().input(input).filter(|_| self.introspection == Introspection::Open);
        let names = fields.map(|fields| nearest_names(name, fields.keys().map(Name::as_str))).unwrap_or_default();
        let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
        let Some((last, others)) = quoted.split_last() else { return String::new() };
        let others = others.join(", ");
        let conjunction = if others.is_empty() { "" } else { " or " };
        format!(" Did you mean {others}{conjunction}{last}?")
    }
}

/// Returns the path of the input that a field is in; `None` for an argument.
fn parent_input_path(path: &[String]) -> Option<String> {
    path.split_last().filter(|(_, above)| !above.is_empty()).map(|(_, above)| above.join("."))
}

/// The place that a message of validation names.
fn argument_of(message: &str) -> Option<&str> {
    message.strip_prefix("Invalid value for argument \"")?.split_once('"').map(|(argument, _)| argument)
}

/// A message with the place of the value, unless validation has named it.
fn message_with_path(message: String, path: &[String]) -> String {
    if message.starts_with("Invalid value for argument \"") {
        return message;
    }
    format!("{} at {}", message.trim_end_matches('.'), path.join("."))
}

/// A message of the engine without the types around the one that refused the value, which it adds one by one (`InputValueError::propagate`).
fn innermost_message(message: &str) -> &str {
    const AROUND: &str = " (occurred while parsing \"";
    let is_type = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "_[]!".contains(c));
    let mut inner = message;
    while let Some(rest) = inner.strip_suffix("\")") {
        let Some(index) = rest.rfind(AROUND).filter(|index| is_type(&rest[index + AROUND.len()..])) else { break };
        inner = &inner[..index];
    }
    inner
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_around_a_value_are_left_out() {
        let deep = "Failed to parse \"Quantity\": too large (occurred while parsing \"LineInput\") (occurred while parsing \"[LineInput!]\")";
        assert_eq!(innermost_message(deep), "Failed to parse \"Quantity\": too large");
        for whole in
            ["Failed to parse \"Int\": x", "Expected input type \"Int\", found \" (occurred while parsing \".", "", "\")"]
        {
            assert_eq!(innermost_message(whole), whole);
        }
    }

    #[test]
    fn a_message_has_one_place() {
        let path = ["filter".to_owned(), "placedAt".to_owned()];
        let engine = "Expected input type \"String\", found 1.".to_owned();
        assert_eq!(message_with_path(engine, &path), "Expected input type \"String\", found 1 at filter.placedAt");
        let validation = "Invalid value for argument \"filter.placedAt\", expected type \"DateTime\"".to_owned();
        assert_eq!(message_with_path(validation.clone(), &path), validation);
    }
}
