//! Introspection query of an operation, with its fragments in place, its conditions settled and
//! each name once: two documents that select the same are one question.

use std::collections::HashMap;

use async_graphql::{
    Name, Positioned, Value, Variables,
    parser::types::{Directive, ExecutableDocument, Field, FragmentDefinition, OperationDefinition, Selection, SelectionSet},
};
use async_graphql_value::Value as InputValue;

use crate::{code::Code, guard::Refusal};

#[derive(Debug, PartialEq, Eq)]
pub struct IntrospectionQuery {
    pub asks: Vec<RequestedField>,
    /// Whether only introspection is selected.
    pub is_all: bool,
}

/// A field.
#[derive(Debug, PartialEq, Eq)]
pub struct RequestedField {
    /// Response key.
    pub key: String,
    pub name: String,
    /// Argument `name` of `__type`.
    pub type_name: String,
    pub includes_deprecated: bool,
    pub children: Vec<RequestedField>,
}

/// Maximum nesting of the schema's lists: graphql-js's own rule (`MaxIntrospectionDepthRule`).
/// Usual clients nest one.
const LISTS: usize = 2;

impl IntrospectionQuery {
    /// Reads the question of the only operation of a document that has been measured and validated.
    pub fn of(document: &ExecutableDocument, variables: &Variables) -> Self {
        let Some((_, operation)) = document.operations.iter().next() else { return Self { asks: Vec::new(), is_all: false } };
        let reader = Reader { fragments: &document.fragments, operation: &operation.node, variables };
        let asks = reader.requested_fields(&[&operation.node.selection_set.node]);
        let is_all = asks.iter().all(|ask| matches!(ask.name.as_str(), "__schema" | "__type" | "__typename"));
        Self { asks, is_all }
    }

    /// # Errors
    /// Lists of the schema are nested too deeply.
    pub fn check(&self) -> Result<(), Refusal> {
        if self.asks.iter().all(|ask| ask.lists() <= LISTS) {
            return Ok(());
        }
        let message = format!(
            "introspection has at most {LISTS} of fields, interfaces, possibleTypes and inputFields within one another: ask for types by their names"
        );
        Err(Refusal::new(Code::QueryTooComplex, message))
    }
}

impl RequestedField {
    // Recursion is bounded by the guard's limit on depth.
    fn lists(&self) -> usize {
        let is_list = matches!(self.name.as_str(), "fields" | "interfaces" | "possibleTypes" | "inputFields");
        usize::from(is_list) + self.children.iter().map(Self::lists).max().unwrap_or_default()
    }
}

struct Reader<'a> {
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    operation: &'a OperationDefinition,
    variables: &'a Variables,
}

impl<'a> Reader<'a> {
    fn requested_fields(&self, sets: &[&'a SelectionSet]) -> Vec<RequestedField> {
        let mut grouped_fields: Vec<(&Name, Vec<&'a Field>)> = Vec::new();
        sets.iter().for_each(|set| self.collect(set, &mut grouped_fields));
        let asks = grouped_fields.into_iter().filter_map(|(key, fields)| {
            let first_field = *fields.first()?;
            let sets: Vec<&SelectionSet> = fields.iter().map(|field| &field.selection_set.node).collect();
            Some(RequestedField {
                key: key.to_string(),
                name: first_field.name.node.to_string(),
                type_name: match self.argument(first_field, "name") {
                    Some(Value::String(name)) => name,
                    _ => String::new(),
                },
                includes_deprecated: self.argument(first_field, "includeDeprecated") == Some(Value::Boolean(true)),
                children: self.requested_fields(&sets),
            })
        });
        asks.collect()
    }

    /// Collects the fields. All types of introspection are concrete, so every valid fragment
    /// applies.
    fn collect(&self, set: &'a SelectionSet, grouped_fields: &mut Vec<(&'a Name, Vec<&'a Field>)>) {
        for item in &set.items {
            if !item.node.directives().iter().all(|directive| self.is_included(&directive.node)) {
                continue;
            }
            match &item.node {
                Selection::Field(field) => {
                    let key = &field.node.response_key().node;
                    match grouped_fields.iter_mut().find(|(existing_key, _)| *existing_key == key) {
                        Some((_, fields)) => fields.push(&field.node),
                        None => grouped_fields.push((key, vec![&field.node])),
                    }
                }
                Selection::InlineFragment(inline) => self.collect(&inline.node.selection_set.node, grouped_fields),
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = self.fragments.get(&spread.node.fragment_name.node) {
                        self.collect(&fragment.node.selection_set.node, grouped_fields);
                    }
                }
            }
        }
    }

    fn is_included(&self, directive: &Directive) -> bool {
        let condition = directive.get_argument("if").and_then(|value| self.value(&value.node));
        let is_met = condition == Some(Value::Boolean(true));
        match directive.name.node.as_str() {
            "include" => is_met,
            "skip" => !is_met,
            _ => true,
        }
    }

    fn argument(&self, field: &Field, name: &str) -> Option<Value> {
        field.get_argument(name).and_then(|value| self.value(&value.node))
    }

    fn value(&self, value: &InputValue) -> Option<Value> {
        let InputValue::Variable(name) = value else { return value.clone().into_const() };
        if let Some(sent_value) = self.variables.get(name) {
            return Some(sent_value.clone());
        }
        let variable_definition =
            self.operation.variable_definitions.iter().find(|definition| definition.node.name.node == *name)?;
        variable_definition.node.default_value.as_ref().map(|value| value.node.clone())
    }
}
