//! Finds the places where the one operation of a document, with the fragments that it spreads, uses
//! its variables.

use std::{collections::HashSet, sync::LazyLock};

use async_graphql::{
    Name, Pos, Positioned, Value,
    parser::types::{BaseType, Directive, ExecutableDocument, Selection, SelectionSet, Type},
};
use async_graphql_value::Value as InputValue;

use crate::schema_index::{Input, SchemaIndex, base};

/// Type that `@skip(if:)` and `@include(if:)` expect.
static CONDITION: LazyLock<Type> = LazyLock::new(|| Type { base: BaseType::Named(Name::new("Boolean")), nullable: false });

/// A use of a variable.
pub struct Usage<'a> {
    pub variable: &'a Name,
    pub pos: Pos,
    /// Slot that the variable fills. `None`: a field, an argument or a directive that the schema
    /// does not have.
    pub input_slot: Option<InputSlot<'a>>,
}

/// Slot of an input value: the expected type and the default.
#[derive(Clone, Copy)]
pub struct InputSlot<'a> {
    pub kind: &'a Type,
    pub default: Option<&'a Value>,
}

impl<'a> From<&'a Input> for InputSlot<'a> {
    fn from(input: &'a Input) -> Self {
        Self { kind: &input.kind, default: input.default.as_ref() }
    }
}

/// Uses in the order of the document, each fragment once.
pub fn of<'a>(document: &'a ExecutableDocument, schema_index: &'a SchemaIndex) -> Vec<Usage<'a>> {
    let mut visitor = UsageVisitor { document, schema_index, visited: HashSet::new(), usages: Vec::new() };
    if let Some((_, operation)) = document.operations.iter().next()
        && let Some(root) = schema_index.root(operation.node.ty)
    {
        visitor.directives(&operation.node.directives);
        visitor.set(root, &operation.node.selection_set.node);
    }
    visitor.usages
}

struct UsageVisitor<'a> {
    document: &'a ExecutableDocument,
    schema_index: &'a SchemaIndex,
    /// Fragments that were visited.
    visited: HashSet<&'a Name>,
    usages: Vec<Usage<'a>>,
}

impl<'a> UsageVisitor<'a> {
    // Recursion is bounded by the guard's limit on depth.
    fn set(&mut self, type_name: &str, set: &'a SelectionSet) {
        for item in &set.items {
            self.directives(item.node.directives());
            match &item.node {
                Selection::Field(field) => {
                    let definition = self.schema_index.field(type_name, &field.node.name.node);
                    for (name, value) in &field.node.arguments {
                        let input = definition.and_then(|definition| definition.arguments.get(&name.node));
                        self.value(&value.node, value.pos, input.map(InputSlot::from));
                    }
                    self.set(definition.map_or("", |definition| &definition.of), &field.node.selection_set.node);
                }
                Selection::InlineFragment(inline) => {
                    let on = inline.node.type_condition.as_ref().map_or(type_name, |on| on.node.on.node.as_str());
                    self.set(on, &inline.node.selection_set.node);
                }
                Selection::FragmentSpread(spread) => {
                    let entry = self.document.fragments.get_key_value(&spread.node.fragment_name.node);
                    if let Some((_, fragment)) = entry.filter(|(name, _)| self.visited.insert(name)) {
                        self.directives(&fragment.node.directives);
                        self.set(&fragment.node.type_condition.node.on.node, &fragment.node.selection_set.node);
                    }
                }
            }
        }
    }

    fn directives(&mut self, directives: &'a [Positioned<Directive>]) {
        for directive in directives {
            let is_condition = matches!(directive.node.name.node.as_str(), "skip" | "include");
            for (name, value) in &directive.node.arguments {
                let is_known = is_condition && name.node == "if";
                self.value(&value.node, value.pos, is_known.then(|| InputSlot { kind: &CONDITION, default: None }));
            }
        }
    }

    fn value(&mut self, value: &'a InputValue, pos: Pos, input_slot: Option<InputSlot<'a>>) {
        match value {
            InputValue::Variable(variable) => self.usages.push(Usage { variable, pos, input_slot }),
            InputValue::List(items) => {
                let element = input_slot.and_then(|input_slot| match &input_slot.kind.base {
                    BaseType::List(element) => Some(InputSlot { kind: element, default: None }),
                    BaseType::Named(_) => None,
                });
                items.iter().for_each(|item| self.value(item, pos, element));
            }
            // One value where a list is expected is a list of one.
            InputValue::Object(members) => {
                let fields = input_slot.and_then(|input_slot| self.schema_index.input(base(input_slot.kind)));
                for (name, member) in members {
                    self.value(member, pos, fields.and_then(|fields| fields.get(name)).map(InputSlot::from));
                }
            }
            _ => {}
        }
    }
}
