//! Validation once per document instead of once per request.
//!
//! The engine validates with each request, a tenth of what an adjustment costs the server. But a
//! valid document stays valid; only the values of its variables change, and only one of the
//! engine's rules reads those: arguments must be of their types (`ArgumentsOfCorrectType`). If each
//! variable has the type that it was declared with, they are, because `upstream/positions.rs`
//! checks declarations against the places where they are used. So the executor runs without rules,
//! and before it a validator with all of them, unless the document and its variables are known to
//! be valid.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use async_graphql::{
    Name, Request, Response, ServerError, ValidationResult, Value, Variables,
    extensions::{Extension, ExtensionContext, ExtensionFactory, NextValidation},
    parser::types::{BaseType, OperationDefinition, Type},
};
use async_trait::async_trait;
use futures_util::future::BoxFuture;

use super::{
    guard::Operation,
    schema_index::{Input, SchemaIndex},
};

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
        Box::pin(self.examined(operation, variables)).await
    }

    async fn examined(&self, operation: &Operation, variables: &Variables) -> Option<Response> {
        let mut request = Request::new(String::new()).variables(variables.clone());
        request.set_parsed_query(operation.parsed().clone());
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

/// Sets of variables with which an operation was found valid: an argument is only checked if all of
/// its variables are present.
pub struct ValidationCache {
    declared: Vec<(Name, Type)>,
    /// One bit per declared variable.
    good: Mutex<Vec<u64>>,
}

/// Maximum sets that are stored per operation, and maximum variables of an operation with stored
/// sets.
const MAX_VARIABLE_SETS: usize = 8;
const VARIABLES: usize = u64::BITS as usize;

impl ValidationCache {
    pub fn new(operation: &OperationDefinition) -> Self {
        let declared =
            operation.variable_definitions.iter().map(|one| (one.node.name.node.clone(), one.node.var_type.node.clone()));
        Self { declared: declared.collect(), good: Mutex::default() }
    }

    /// Whether these variables are certain to be valid. A null is left to the rules: whether it is
    /// allowed depends on the place.
    fn covers(&self, variables: &Variables, schema_index: &SchemaIndex) -> bool {
        let Some(sent) = self.sent(variables) else { return false };
        let is_known = self.good.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|good| sent & !good == 0);
        is_known
            && self.declared.iter().all(|(name, kind)| {
                variables.get(name).is_none_or(|value| *value != Value::Null && is_valid_value(value, kind, schema_index))
            })
    }

    fn store_valid_variables(&self, variables: &Variables) {
        let Some(sent) = self.sent(variables) else { return };
        let mut good = self.good.lock().unwrap_or_else(PoisonError::into_inner);
        good.retain(|other| other & !sent != 0);
        if good.len() < MAX_VARIABLE_SETS {
            good.push(sent);
        }
    }

    fn sent(&self, variables: &Variables) -> Option<u64> {
        let bits = self.declared.iter().enumerate().filter(|(_, (name, _))| variables.contains_key(name));
        (self.declared.len() <= VARIABLES).then(|| bits.fold(0, |all, (bit, _)| all | 1 << bit))
    }
}

/// Whether a variable's value is of a type: a copy of the engine's own rule
/// (`is_valid_input_value`), which is private. Our own scalars accept what their resolvers can
/// parse, there as here.
fn is_valid_value(value: &Value, kind: &Type, schema_index: &SchemaIndex) -> bool {
    if *value == Value::Null {
        return kind.nullable;
    }
    let name = match (&kind.base, value) {
        (BaseType::List(of), Value::List(values)) => return values.iter().all(|value| is_valid_value(value, of, schema_index)),
        (BaseType::List(of), one) => return is_valid_value(one, of, schema_index),
        (BaseType::Named(name), _) => name,
    };
    match (name.as_str(), value) {
        ("Int" | "ID", Value::Number(number)) => return number.is_i64(),
        ("Float", Value::Number(_)) | ("String" | "ID", Value::String(_)) | ("Boolean", Value::Boolean(_)) => return true,
        ("Int" | "Float" | "String" | "ID" | "Boolean", _) => return false,
        _ => {}
    }
    if let Some(fields) = schema_index.input(name) {
        return matches!(value, Value::Object(given) if is_object(given, fields, schema_index.is_one_of(name), schema_index));
    }
    // A valid document declares variables of input types only: a type that is not an enum is one of
    // our own scalars.
    schema_index.enum_values(name).is_none_or(|names| matches!(value, Value::String(word) if names.contains(word.as_str())))
}

type Given = async_graphql::indexmap::IndexMap<Name, Value>;
type Fields = std::collections::HashMap<Name, Input>;

fn is_object(given: &Given, fields: &Fields, is_one_of: bool, schema_index: &SchemaIndex) -> bool {
    let has_one = given.len() == 1 && !given.values().any(|value| *value == Value::Null);
    (!is_one_of || has_one)
        && given
            .iter()
            .all(|(name, value)| fields.get(name).is_some_and(|field| is_valid_value(value, &field.kind, schema_index)))
        && fields.iter().all(|(name, field)| !field.is_needed() || given.contains_key(name))
}
