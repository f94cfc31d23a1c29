//! Calls of mutations that create something and whose idempotency key may be left out: a call without one is a deprecated use. A dry run creates nothing
//! and needs no key.

use std::sync::Arc;

use async_graphql::{
    Name, Positioned, Value, Variables,
    parser::types::{Field, VariableDefinition},
};
use async_graphql_value::Value as InputValue;

use crate::deprecated::{Deprecation, KEY};

/// A call in a document, and where its key and its dry run are.
#[derive(Debug)]
pub struct CreatorCall {
    deprecation: Arc<Deprecation>,
    key: ValueLocation,
    dry_run: ValueLocation,
}

/// Place of a call's value.
#[derive(Debug)]
enum ValueLocation {
    Nowhere,
    /// In the document, as a literal that is neither null nor false.
    Document,
    /// The key has a variable of its own; the flag is true if that variable's default is neither
    /// null nor false.
    Variable(Name, bool),
    /// In the variable of the whole input, under the key's name.
    Input(Name),
}

impl CreatorCall {
    pub fn of(deprecation: Arc<Deprecation>, field: &Field, variables: &[Positioned<VariableDefinition>]) -> Self {
        let location = |value: &InputValue| ValueLocation::of(value, variables);
        let argument = |name| field.get_argument(name).map(|value| &value.node);
        let key = match (argument(KEY), argument("input")) {
            (Some(key), _) => location(key),
            (None, Some(InputValue::Variable(input))) => ValueLocation::Input(input.clone()),
            (None, Some(InputValue::Object(members))) => members.get(KEY).map_or(ValueLocation::Nowhere, location),
            (None, _) => ValueLocation::Nowhere,
        };
        Self { deprecation, key, dry_run: argument("validateOnly").map_or(ValueLocation::Nowhere, location) }
    }

    /// Returns the deprecation that the call uses with these variables; `None` with a key or for a
    /// dry run.
    pub fn deprecation(&self, variables: &Variables) -> Option<&Arc<Deprecation>> {
        let is_deprecated = !self.key.is_given(variables) && !self.dry_run.is_given(variables);
        is_deprecated.then_some(&self.deprecation)
    }
}

impl ValueLocation {
    fn of(value: &InputValue, variables: &[Positioned<VariableDefinition>]) -> Self {
        match value {
            InputValue::Variable(name) => {
                let definition = variables.iter().find(|candidate| candidate.node.name.node == *name);
                let default = definition.and_then(|candidate| candidate.node.default_value.as_ref());
                Self::Variable(name.clone(), default.is_some_and(|default| is_set(&default.node)))
            }
            InputValue::Null | InputValue::Boolean(false) => Self::Nowhere,
            _ => Self::Document,
        }
    }

    fn is_given(&self, variables: &Variables) -> bool {
        match self {
            Self::Nowhere => false,
            Self::Document => true,
            Self::Variable(name, has_default) => variables.get(name).map_or(*has_default, is_set),
            Self::Input(name) => match variables.get(name) {
                Some(Value::Object(members)) => members.get(KEY).is_some_and(is_set),
                _ => false,
            },
        }
    }
}

/// Whether a value is a key, or requests a dry run.
fn is_set(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Boolean(false))
}
