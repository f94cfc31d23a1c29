//! Sets of variables with which an operation was found valid, and the check of their values' types.

use std::sync::{Mutex, PoisonError};

use async_graphql::{
    Name, Value, Variables,
    parser::types::{BaseType, OperationDefinition, Type},
};

use crate::schema_index::{Input, SchemaIndex};

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
        let declared_variables = operation
            .variable_definitions
            .iter()
            .map(|definition| (definition.node.name.node.clone(), definition.node.var_type.node.clone()));
        Self { declared: declared_variables.collect(), good: Mutex::default() }
    }

    /// Whether these variables are certain to be valid. A null is left to the rules: whether it is
    /// allowed depends on the place.
    pub(super) fn covers(&self, variables: &Variables, schema_index: &SchemaIndex) -> bool {
        let Some(sent_bits) = self.sent_mask(variables) else { return false };
        let is_known =
            self.good.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|valid_mask| sent_bits & !valid_mask == 0);
        is_known
            && self.declared.iter().all(|(name, kind)| {
                variables.get(name).is_none_or(|value| *value != Value::Null && is_valid_value(value, kind, schema_index))
            })
    }

    pub(super) fn store_valid_variables(&self, variables: &Variables) {
        let Some(sent_bits) = self.sent_mask(variables) else { return };
        let mut valid_masks = self.good.lock().unwrap_or_else(PoisonError::into_inner);
        valid_masks.retain(|other| other & !sent_bits != 0);
        if valid_masks.len() < MAX_VARIABLE_SETS {
            valid_masks.push(sent_bits);
        }
    }

    fn sent_mask(&self, variables: &Variables) -> Option<u64> {
        let sent_variables = self.declared.iter().enumerate().filter(|(_, (name, _))| variables.contains_key(name));
        (self.declared.len() <= VARIABLES).then(|| sent_variables.fold(0, |mask, (index, _)| mask | 1 << index))
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
        (BaseType::List(item_type), Value::List(values)) => {
            return values.iter().all(|value| is_valid_value(value, item_type, schema_index));
        }
        (BaseType::List(item_type), item) => return is_valid_value(item, item_type, schema_index),
        (BaseType::Named(name), _) => name,
    };
    match (name.as_str(), value) {
        ("Int" | "ID", Value::Number(number)) => return number.is_i64(),
        ("Float", Value::Number(_)) | ("String" | "ID", Value::String(_)) | ("Boolean", Value::Boolean(_)) => return true,
        ("Int" | "Float" | "String" | "ID" | "Boolean", _) => return false,
        _ => {}
    }
    if let Some(fields) = schema_index.input(name) {
        return matches!(value, Value::Object(members) if is_object(members, fields, schema_index.is_one_of(name), schema_index));
    }
    // A valid document declares variables of input types only: a type that is not an enum is one of
    // our own scalars.
    schema_index.enum_values(name).is_none_or(|names| matches!(value, Value::String(word) if names.contains(word.as_str())))
}

type ObjectValue = async_graphql::indexmap::IndexMap<Name, Value>;
type Fields = std::collections::HashMap<Name, Input>;

fn is_object(members: &ObjectValue, fields: &Fields, is_one_of: bool, schema_index: &SchemaIndex) -> bool {
    let has_one = members.len() == 1 && !members.values().any(|value| *value == Value::Null);
    (!is_one_of || has_one)
        && members
            .iter()
            .all(|(name, value)| fields.get(name).is_some_and(|field| is_valid_value(value, &field.kind, schema_index)))
        && fields.iter().all(|(name, field)| !field.is_needed() || members.contains_key(name))
}
