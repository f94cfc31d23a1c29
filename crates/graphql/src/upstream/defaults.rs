//! Optional variables of arguments that have a default: by the specification an omitted variable
//! takes that default, but async-graphql refuses the document or reads null. A variable with the
//! same default of its own is read correctly.

use std::collections::HashMap;

use async_graphql::{
    Name, Positioned, Value,
    parser::types::{DocumentOperations, ExecutableDocument, OperationDefinition, VariableDefinition},
};

use crate::{
    guard::usages,
    schema_index::{SchemaIndex, base},
};

/// Gives each nullable variable without a default that of the places where it is used, if all of
/// them have the same. If they differ, the document is left unchanged: no single default would be
/// right.
pub fn inline_variable_defaults(document: &mut ExecutableDocument, schema_index: &SchemaIndex) {
    let defaults: Vec<(Name, Value)> = match document.operations.iter().next() {
        Some((_, operation)) if operation.node.variable_definitions.iter().any(may_be_left_out) => {
            agreed_defaults(&operation.node, document, schema_index)
        }
        _ => return,
    };
    let operation = match &mut document.operations {
        DocumentOperations::Single(operation) => Some(operation),
        DocumentOperations::Multiple(operations) => operations.values_mut().next(),
    };
    for definition in operation.into_iter().flat_map(|operation| &mut operation.node.variable_definitions) {
        if let Some((_, default)) = defaults.iter().find(|(name, _)| *name == definition.node.name.node) {
            let pos = definition.pos;
            definition.node.default_value = Some(Positioned::new(default.clone(), pos));
        }
    }
}

fn may_be_left_out(definition: &Positioned<VariableDefinition>) -> bool {
    definition.node.var_type.node.nullable && definition.node.default_value.is_none()
}

fn agreed_defaults(
    operation: &OperationDefinition,
    document: &ExecutableDocument,
    schema_index: &SchemaIndex,
) -> Vec<(Name, Value)> {
    let mut defaults: HashMap<&Name, Option<PositionDefault<'_>>> = HashMap::new();
    for usage in usages::of(document, schema_index) {
        let default = usage
            .input_slot
            .and_then(|input_slot| Some(PositionDefault { of: base(input_slot.kind), value: input_slot.default? }));
        let agreed_default = defaults.entry(usage.variable).or_insert(default);
        if *agreed_default != default {
            *agreed_default = None;
        }
    }
    let omittable = operation.variable_definitions.iter().filter(|definition| may_be_left_out(definition));
    omittable
        .filter_map(|definition| {
            let name = &definition.node.name.node;
            let default = (*defaults.get(name)?)?;
            (base(&definition.node.var_type.node) == default.of).then(|| (name.clone(), default.value.clone()))
        })
        .collect()
}

/// Default of the schema that a variable's place has, with its type.
#[derive(Clone, Copy, PartialEq)]
struct PositionDefault<'a> {
    of: &'a Name,
    value: &'a Value,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::engine;

    #[tokio::test]
    async fn the_engine_still_refuses_a_variable_in_the_place_of_a_default() {
        let answer = engine::answer("query($first: Int) { first(count: $first) }", json!({})).await;
        assert!(answer.is_err(), "it takes the default now: see whether this file may go");
    }

    #[tokio::test]
    async fn the_engine_still_finds_a_null_in_the_place_of_a_default() {
        let answer = engine::answer("query($last: Int) { last(count: $last) }", json!({})).await;
        assert_eq!(answer.unwrap(), json!({ "last": null }), "with 2 it takes the default: see whether this file may go");
    }
}
