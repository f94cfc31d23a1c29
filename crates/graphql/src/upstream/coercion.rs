//! Errors of values that a type does not take. The engine turns arguments into Rust values only when it reaches their field, and reports a
//! failure like a resolver's, with a path and no code.

use async_graphql::ServerError;

/// Whether an error speaks of the client's own input. Nothing else sets it apart from `Error::new` but its words (`InputValueError` in
/// async-graphql's `error.rs`). Errors made from a Rust error have a source; these have none.
pub fn is_coercion(error: &ServerError) -> bool {
    const OPENINGS: [&str; 3] = ["Failed to parse \"", "Expected input type \"", "Invalid value for argument \""];
    error.source.is_none() && OPENINGS.iter().any(|opening| error.message.starts_with(opening))
}

#[cfg(test)]
mod tests {
    use async_graphql::{EmptyMutation, EmptySubscription, Schema, ValidationMode};

    use super::{super::engine::Root, *};

    #[tokio::test]
    async fn the_engine_still_tells_such_errors_by_their_words_alone() {
        let schema = Schema::build(Root, EmptyMutation, EmptySubscription).validation_mode(ValidationMode::Fast).finish();
        let answer = schema.execute("{ first(count: \"two\") }").await;
        let [error] = answer.errors.as_slice() else { panic!("{answer:?}") };
        assert!(is_coercion(error) && !error.path.is_empty(), "{error:?}");
        assert!(error.extensions.is_none(), "it says what kind of error this is now: see whether this file may go: {error:?}");
    }
}
