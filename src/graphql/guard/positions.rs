//! Whether each variable may stand where it stands: "All Variable Usages Are Allowed" of the specification (5.8.5). The engine's own rule
//! (`VariableInAllowedPosition` of 8.0.0-rc.5) takes a default of null for a value, and would let a null into a place that has none.

use std::collections::{HashMap, HashSet};

use async_graphql::{
    Name, Pos, Positioned, Value,
    parser::types::{BaseType, Directive, ExecutableDocument, Selection, SelectionSet, Type, VariableDefinition},
};
use async_graphql_value::Value as InputValue;

use super::Refusal;
use crate::graphql::{
    code::Code,
    outline::{Input, Outline},
};

/// Looks through the one operation of a document, with the fragments that it spreads.
///
/// # Errors
/// A variable stands where its type is not good enough.
pub fn check(document: &ExecutableDocument, outline: &Outline) -> Result<(), Refusal> {
    let Some((_, operation)) = document.operations.iter().next() else { return Ok(()) };
    let declared: HashMap<&Name, &Positioned<VariableDefinition>> =
        operation.node.variable_definitions.iter().map(|one| (&one.node.name.node, one)).collect();
    let Some(root) = outline.root(operation.node.ty).filter(|_| !declared.is_empty()) else { return Ok(()) };
    let condition = Type { base: BaseType::Named(Name::new("Boolean")), nullable: false };
    let mut look = Look { document, outline, declared, condition: &condition, seen: HashSet::new() };
    look.directives(&operation.node.directives)?;
    look.set(root, &operation.node.selection_set.node)
}

/// Where a value stands: what is expected there, and what stands in for it.
#[derive(Clone, Copy)]
struct Place<'a> {
    kind: &'a Type,
    default: Option<&'a Value>,
}

impl<'a> From<&'a Input> for Place<'a> {
    fn from(input: &'a Input) -> Self {
        Self { kind: &input.kind, default: input.default.as_ref() }
    }
}

struct Look<'a> {
    document: &'a ExecutableDocument,
    outline: &'a Outline,
    declared: HashMap<&'a Name, &'a Positioned<VariableDefinition>>,
    /// Of `@skip(if:)` and `@include(if:)`.
    condition: &'a Type,
    /// Fragments that have been looked through.
    seen: HashSet<&'a Name>,
}

impl<'a> Look<'a> {
    // As deep as the guard lets documents in.
    fn set(&mut self, of: &str, set: &'a SelectionSet) -> Result<(), Refusal> {
        for item in &set.items {
            self.directives(item.node.directives())?;
            match &item.node {
                Selection::Field(field) => {
                    let Some(known) = self.outline.field(of, &field.node.name.node) else { continue };
                    for (name, value) in &field.node.arguments {
                        let Some(input) = known.arguments.get(&name.node) else { continue };
                        self.value(&value.node, value.pos, input.into())?;
                    }
                    self.set(&known.of, &field.node.selection_set.node)?;
                }
                Selection::InlineFragment(inline) => {
                    let on = inline.node.type_condition.as_ref().map_or(of, |on| on.node.on.node.as_str());
                    self.set(on, &inline.node.selection_set.node)?;
                }
                Selection::FragmentSpread(spread) => {
                    let found = self.document.fragments.get_key_value(&spread.node.fragment_name.node);
                    if let Some((_, fragment)) = found.filter(|(name, _)| self.seen.insert(name)) {
                        self.directives(&fragment.node.directives)?;
                        self.set(&fragment.node.type_condition.node.on.node, &fragment.node.selection_set.node)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn directives(&self, directives: &'a [Positioned<Directive>]) -> Result<(), Refusal> {
        let conditions = directives.iter().filter(|one| matches!(one.node.name.node.as_str(), "skip" | "include"));
        for (name, value) in conditions.flat_map(|one| &one.node.arguments) {
            if name.node == "if" {
                self.value(&value.node, value.pos, Place { kind: self.condition, default: None })?;
            }
        }
        Ok(())
    }

    fn value(&self, value: &InputValue, pos: Pos, place: Place<'_>) -> Result<(), Refusal> {
        match (value, &place.kind.base) {
            (InputValue::Variable(name), _) => match self.declared.get(name) {
                Some(variable) if !may_stand(&variable.node, place) => Err(misplaced(variable, pos, place.kind)),
                _ => Ok(()),
            },
            (InputValue::List(items), BaseType::List(of)) => {
                items.iter().try_for_each(|item| self.value(item, pos, Place { kind: of, default: None }))
            }
            // One value where a list is expected is a list of one.
            (one, BaseType::List(of)) => self.value(one, pos, Place { kind: of, default: None }),
            (InputValue::Object(members), BaseType::Named(name)) => {
                let Some(fields) = self.outline.input(name) else { return Ok(()) };
                let mut known = members.iter().filter_map(|(name, member)| Some((member, fields.get(name)?)));
                known.try_for_each(|(member, field)| self.value(member, pos, field.into()))
            }
            _ => Ok(()),
        }
    }
}

fn may_stand(variable: &VariableDefinition, place: Place<'_>) -> bool {
    let declared = &variable.var_type.node;
    if place.kind.nullable || !declared.nullable {
        return is_good_for(declared, place.kind);
    }
    let says = |default: Option<&Value>| default.is_some_and(|value| *value != Value::Null);
    let is_filled = says(variable.default_value.as_ref().map(|value| &value.node)) || says(place.default);
    is_filled && is_good_for_base(&declared.base, &place.kind.base)
}

fn is_good_for(declared: &Type, expected: &Type) -> bool {
    (expected.nullable || !declared.nullable) && is_good_for_base(&declared.base, &expected.base)
}

fn is_good_for_base(declared: &BaseType, expected: &BaseType) -> bool {
    match (declared, expected) {
        (BaseType::List(declared), BaseType::List(expected)) => is_good_for(declared, expected),
        (BaseType::Named(declared), BaseType::Named(expected)) => declared == expected,
        _ => false,
    }
}

fn misplaced(variable: &Positioned<VariableDefinition>, pos: Pos, expected: &Type) -> Refusal {
    let VariableDefinition { name, var_type, .. } = &variable.node;
    let message = format!("variable \"${}\" of type \"{}\" stands where \"{expected}\" is expected", name.node, var_type.node);
    Refusal { code: Code::ValidationFailed, message, locations: vec![variable.pos, pos] }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    const SCHEMA: &str = "schema { query: Query }
        type Query { page(first: Int! = 2, of: Int, must: Int!, ids: [ID!], all: [ID!]! = [], by: By): Query ok: Boolean }
        input By { id: ID! name: String! = \"x\" tags: [String!] }";

    fn refusal(query: &str) -> Option<String> {
        let outline = Outline::of(SCHEMA).unwrap();
        check(&parse_query(query).unwrap(), &outline).err().map(|refusal| {
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
