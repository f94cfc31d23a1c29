//! Checks that each variable may be used where it is: "All Variable Usages Are Allowed" of the
//! specification (5.8.5). The engine has a rule for it (`VariableInAllowedPosition`), but its
//! visitors do not pass values on to it, so that it finds nothing: a text may be used for a list,
//! and a null for a non-null type.

use std::collections::HashMap;

use async_graphql::{
    Name, Pos, Positioned, Value,
    parser::types::{BaseType, ExecutableDocument, Type, VariableDefinition},
};

use crate::{
    code::Code,
    guard::{
        Refusal,
        usages::{self, InputSlot},
    },
    schema_index::SchemaIndex,
};

/// Checks the one operation of a document, with the fragments that it spreads.
///
/// # Errors
/// A variable's type does not fit a place where it is used.
pub fn check(document: &ExecutableDocument, schema_index: &SchemaIndex) -> Result<(), Refusal> {
    let Some((_, operation)) = document.operations.iter().next() else { return Ok(()) };
    let definitions_by_name: HashMap<&Name, &Positioned<VariableDefinition>> =
        operation.node.variable_definitions.iter().map(|definition| (&definition.node.name.node, definition)).collect();
    if definitions_by_name.is_empty() {
        return Ok(());
    }
    let mismatch = usages::of(document, schema_index).into_iter().find_map(|usage| {
        let (input_slot, variable) = (usage.input_slot?, definitions_by_name.get(usage.variable)?);
        (!is_usage_allowed(&variable.node, input_slot)).then(|| misplaced_variable(variable, usage.pos, input_slot.kind))
    });
    mismatch.map_or(Ok(()), Err)
}

fn is_usage_allowed(variable: &VariableDefinition, input_slot: InputSlot<'_>) -> bool {
    let declared_type = &variable.var_type.node;
    if input_slot.kind.nullable || !declared_type.nullable {
        return is_compatible(declared_type, input_slot.kind);
    }
    let says = |default: Option<&Value>| default.is_some_and(|value| *value != Value::Null);
    let is_filled = says(variable.default_value.as_ref().map(|value| &value.node)) || says(input_slot.default);
    is_filled && is_base_compatible(&declared_type.base, &input_slot.kind.base)
}

fn is_compatible(declared_type: &Type, expected: &Type) -> bool {
    (expected.nullable || !declared_type.nullable) && is_base_compatible(&declared_type.base, &expected.base)
}

fn is_base_compatible(declared_type: &BaseType, expected: &BaseType) -> bool {
    match (declared_type, expected) {
        (BaseType::List(declared_type), BaseType::List(expected)) => is_compatible(declared_type, expected),
        (BaseType::Named(declared_type), BaseType::Named(expected)) => declared_type == expected,
        _ => false,
    }
}

fn misplaced_variable(variable: &Positioned<VariableDefinition>, pos: Pos, expected: &Type) -> Refusal {
    let VariableDefinition { name, var_type, .. } = &variable.node;
    let message = format!("variable \"${}\" of type \"{}\" stands where \"{expected}\" is expected", name.node, var_type.node);
    Refusal { code: Code::ValidationFailed, message, locations: vec![variable.pos, pos], field: Vec::new() }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;
    use serde_json::json;

    use super::{super::engine, *};

    #[tokio::test]
    async fn the_engine_still_lets_a_default_of_null_pass() {
        let errors = engine::answer("query($count: Int = null) { first(count: $count) }", json!({})).await.unwrap_err();
        assert!(!errors[0].path.is_empty(), "validation refuses it now: see whether `check` may go: {errors:?}");
    }

    #[tokio::test]
    async fn the_engine_still_lets_a_text_stand_for_a_list() {
        let answer = engine::answer("query($of: String!) { sum(of: $of) }", json!({ "of": [1, 2] })).await;
        assert_eq!(answer.unwrap(), json!({ "sum": 3 }), "it refuses the variable now: see whether `check` may go");
    }

    const SCHEMA: &str = "schema { query: Query }
        type Query { page(first: Int! = 2, of: Int, must: Int!, ids: [ID!], all: [ID!]! = [], by: By): Query ok: Boolean }
        input By { id: ID! name: String! = \"x\" tags: [String!] }";

    fn refusal(query: &str) -> Option<String> {
        let schema_index = SchemaIndex::of(SCHEMA).unwrap();
        check(&parse_query(query).unwrap(), &schema_index).err().map(|refusal| {
            assert_eq!(refusal.code, Code::ValidationFailed);
            refusal.message
        })
    }

    #[test]
    fn a_variable_stands_where_its_type_is_good_enough() {
        for good in [
            "query($v: Int) { page(first: $v) { ok } }",
            "query($v: Int = 1) { page(must: $v) { ok } }",
            "query($v: Int = null) { page(of: $v) { ok } }",
            "query($v: Int!) { page(of: $v, first: $v, must: $v) { ok } }",
            "query($v: [ID!]!) { page(ids: $v, all: $v) { ok } }",
            "query($v: [ID!]) { page(ids: $v, all: $v) { ok } }",
            "query($v: ID!) { page(ids: [$v], by: { id: $v }) { ok } }",
            "query($v: String) { page(by: { id: 1, name: $v }) { ok } }",
            "query($v: Boolean!) { ok @include(if: $v) }",
            "query($v: Boolean = true) { ok @skip(if: $v) }",
            "query { page(first: $undeclared, unheardOf: 1) { ok } }",
        ] {
            assert_eq!(refusal(good), None, "{good}");
        }
    }

    #[test]
    fn a_variable_that_may_be_null_stands_nowhere_where_null_may_not() {
        for bad in [
            "query($v: Int = null) { page(must: $v) { ok } }",
            "query($v: Int) { page(must: $v) { ok } }",
            "query($v: String = \"1\") { page(first: $v) { ok } }",
            "query($v: [ID]) { page(ids: $v) { ok } }",
            "query($v: ID!) { page(ids: $v) { ok } }",
            "query($v: [ID]! = []) { page(all: $v) { ok } }",
            "query($v: ID) { page(ids: [$v]) { ok } }",
            "query($v: ID) { page(by: { id: $v }) { ok } }",
            "query($v: [String]) { page(by: { id: 1, tags: $v }) { ok } }",
            "query($v: String = null) { page(by: { id: 1, tags: [$v] }) { ok } }",
            "query($v: Boolean) { ok @include(if: $v) }",
            "query($v: Boolean = null) { page { ... @skip(if: $v) { ok } } }",
            "query($v: Int = null) { ...F } fragment F on Query { page { page(must: $v) { ok } } }",
        ] {
            assert!(refusal(bad).is_some_and(|message| message.contains("$v")), "{bad}");
        }
        let message = "variable \"$v\" of type \"[ID]\" stands where \"[ID!]\" is expected";
        assert_eq!(refusal("query($v: [ID]) { page(ids: $v) { ok } }").as_deref(), Some(message));
    }
}
