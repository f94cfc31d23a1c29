//! Validation once per document instead of once per request.
//!
//! The engine validates with each request, a tenth of what an adjustment costs the server. But a
//! valid document stays valid; only the values of its variables change, and only one of the
//! engine's rules reads those: arguments must be of their types (`ArgumentsOfCorrectType`). If each
//! variable has the type that it was declared with, they are, because `upstream/positions.rs`
//! checks declarations against the places where they are used. So the executor runs without rules,
//! and before it a validator with all of them, unless the document and its variables are known to
//! be valid.

mod variables;

use std::{fmt, sync::Arc};

use async_graphql::{
    Request, Response, ServerError, ValidationResult, Variables,
    extensions::{Extension, ExtensionContext, ExtensionFactory, NextValidation},
};
use async_trait::async_trait;
use futures_util::future::BoxFuture;

use super::{guard::Operation, schema_index::SchemaIndex};

pub use self::variables::ValidationCache;

/// Validates documents with all of the engine's rules.
#[derive(Clone)]
pub struct DocumentValidator(Arc<dyn Fn(Request) -> BoxFuture<'static, Response> + Send + Sync>);

impl fmt::Debug for DocumentValidator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Examiner")
    }
}

impl DocumentValidator {
    /// Makes a validator of an executor that has all rules and the extension `ValidationOnly`.
    pub fn new(execute: impl Fn(Request) -> BoxFuture<'static, Response> + Send + Sync + 'static) -> Self {
        Self(Arc::new(execute))
    }

    /// Returns the engine's answer to an operation that breaks a rule with these variables.
    pub async fn refusal(&self, operation: &Operation, variables: &Variables, schema_index: &SchemaIndex) -> Option<Response> {
        if operation.validation_cache.covers(variables, schema_index) {
            return None;
        }
        // Boxed: most documents are known to be valid, and an operation's future would otherwise
        // hold the validation's state for them too.
        Box::pin(self.run_validation(operation, variables)).await
    }

    async fn run_validation(&self, operation: &Operation, variables: &Variables) -> Option<Response> {
        let mut request = Request::new(String::new()).variables(variables.clone());
        request.set_parsed_query(operation.parsed_document().clone());
        let response = (self.0)(request).await;
        let is_good = response.errors.iter().all(|error| error.message == VALID_MARKER);
        if is_good {
            operation.validation_cache.store_valid_variables(variables);
        }
        (!is_good).then_some(response)
    }
}

/// Ends an execution after its validation.
pub struct ValidationOnly;

/// Error with which a validation ends; never shown.
const VALID_MARKER: &str = "no rule is broken";

impl ExtensionFactory for ValidationOnly {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self)
    }
}

#[async_trait]
impl Extension for ValidationOnly {
    async fn validation(
        &self,
        ctx: &ExtensionContext<'_>,
        next: NextValidation<'_>,
    ) -> Result<ValidationResult, Vec<ServerError>> {
        next.run(ctx).await?;
        Err(vec![ServerError::new(VALID_MARKER, None)])
    }
}
