//! Cost of an operation before it runs: a document is compiled once into a small plan (a sum, and a
//! product for each list), which the variables of a request then fill in.

mod plan;

use std::collections::HashMap;

use async_graphql::{
    Name, Positioned,
    parser::types::{ExecutableDocument, Field, FragmentDefinition, OperationDefinition, OperationType, Selection, SelectionSet},
};
use async_graphql_value::Value as InputValue;

use self::plan::{List, Size, Slice};
pub use self::plan::{Plan, RequestedCost};
use crate::{
    price,
    priced_inputs::PricedArgument,
    schema_index::{self, ListSize, SchemaIndex, base},
};

/// Compiles the only operation of a document that has passed the guard's limits: fragments are followed wherever they are spread.
pub fn compile(document: &ExecutableDocument, schema_index: &SchemaIndex) -> Plan {
    let Some((_, operation)) = document.operations.iter().next() else { return Plan::default() };
    let operation = &operation.node;
    let Some(root) = schema_index.root(operation.ty) else { return Plan::default() };
    let mut compiler =
        Compiler { schema_index, fragments: &document.fragments, operation, slots: 0, lines: Vec::new(), inputs: Vec::new() };
    let mut plan = Plan::default();
    compiler.set(root, &operation.selection_set.node, &mut CompilerPosition { plan: &mut plan, path: Vec::new(), sized: None });
    plan.slots = compiler.slots;
    plan.lines = compiler.lines;
    plan.inputs = compiler.inputs;
    plan
}

struct Compiler<'a> {
    schema_index: &'a SchemaIndex,
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    operation: &'a OperationDefinition,
    slots: usize,
    lines: Vec<Slice>,
    inputs: Vec<PricedArgument>,
}

/// Position of the compiler.
struct CompilerPosition<'p, 'a> {
    plan: &'p mut Plan,
    /// Path from the nearest list's item to here.
    path: Vec<Name>,
    /// Fields of this object to which the size of the surrounding page applies, with that size.
    sized: Option<(&'a ListSize, Size)>,
}

impl<'a> Compiler<'a> {
    fn set(&mut self, type_name: &str, set: &'a SelectionSet, position: &mut CompilerPosition<'_, 'a>) {
        for item in &set.items {
            match &item.node {
                Selection::Field(field) => self.field(type_name, &field.node, position),
                Selection::InlineFragment(inline) => {
                    let on = inline.node.type_condition.as_ref().map_or(type_name, |on| on.node.on.node.as_str());
                    self.set(on, &inline.node.selection_set.node, position);
                }
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = self.fragments.get(&spread.node.fragment_name.node) {
                        let on = fragment.node.type_condition.node.on.node.as_str();
                        self.set(on, &fragment.node.selection_set.node, position);
                    }
                }
            }
        }
    }

    fn field(&mut self, type_name: &str, field: &'a Field, position: &mut CompilerPosition<'_, 'a>) {
        let name = field.name.node.as_str();
        // Validation, which runs later, refuses an unknown field. Introspection is counted when it
        // is answered.
        let schema_index = self.schema_index;
        let Some(definition) = schema_index.field(type_name, name) else { return };
        position.plan.add(definition.price);
        self.count_inputs(definition, field, position.plan);
        if self.operation.ty == OperationType::Mutation
            && Some(type_name) == schema_index.root(OperationType::Mutation).map(Name::as_str)
        {
            self.count_lines(field);
        }
        let Some(object) = schema_index.composite(&definition.of) else { return };
        let key = field.response_key().node.clone();
        let own_page =
            if definition.size.sized.is_empty() { None } else { Some((&definition.size, self.size(definition, field))) };
        if !definition.is_list {
            position.plan.add(object.price);
            position.path.push(key);
            let sized = std::mem::replace(&mut position.sized, own_page);
            self.set(&definition.of, &field.selection_set.node, position);
            position.sized = sized;
            position.path.pop();
            return;
        }
        let enclosing_page = position.sized.as_ref().filter(|(page, _)| page.sized.iter().any(|sized| sized == name));
        let size = enclosing_page.map_or_else(|| self.size(definition, field), |(_, size)| size.clone());
        let slot = self.slots;
        self.slots += 1;
        let mut each = Plan::default();
        each.add(object.price);
        self.set(
            &definition.of,
            &field.selection_set.node,
            &mut CompilerPosition { plan: &mut each, path: Vec::new(), sized: own_page },
        );
        let mut path = position.path.clone();
        path.push(key);
        position.plan.lists.push(List { path: path.into(), slot, size, each });
    }

    /// Returns the size of a field's list, as far as the document states it.
    fn size(&self, definition: &schema_index::Field, field: &Field) -> Size {
        let mut size = Size { slices: Vec::new(), otherwise: definition.size.assumed };
        for name in &definition.size.slicing {
            match field.get_argument(name).map(|value| &value.node) {
                Some(value) => size.slices.extend(self.slice(value)),
                None => {
                    if let Some(default) = definition.arguments.get(name).and_then(|input| input.default.as_ref()) {
                        size.slices.extend(price::size(default).map(Slice::Known));
                    }
                }
            }
        }
        size
    }

    fn slice(&self, value: &InputValue) -> Option<Slice> {
        match value {
            InputValue::Variable(name) => Some(self.variable(name)),
            InputValue::List(items) => Some(Slice::Known(u32::try_from(items.len()).unwrap_or(price::MAX).min(price::MAX))),
            InputValue::Number(_) => value.clone().into_const().and_then(|value| price::parse_size(&value)).map(Slice::Known),
            _ => None,
        }
    }

    fn variable(&self, name: &Name) -> Slice {
        let definition = self.operation.variable_definitions.iter().find(|candidate| candidate.node.name.node == *name);
        let default = definition.and_then(|candidate| candidate.node.default_value.as_ref());
        Slice::Variable { name: name.clone(), otherwise: default.and_then(|value| price::size(&value.node)) }
    }

    /// Counts the arguments in which a field has a price of its own. A filter in a list is read for
    /// each item.
    fn count_inputs(&mut self, declaration: &schema_index::Field, field: &Field, plan: &mut Plan) {
        let (schema_index, operation) = (self.schema_index, self.operation);
        let (index, variables) = (schema_index.priced_inputs(), &operation.variable_definitions);
        let default = |name: &Name| {
            let definition = variables.iter().find(|candidate| candidate.node.name.node == *name)?;
            definition.node.default_value.as_ref().map(|value| &value.node)
        };
        for (name, value) in &field.arguments {
            let argument = declaration.arguments.get(&name.node);
            let priced =
                argument.and_then(|declaration| PricedArgument::of(index, base(&declaration.kind), &value.node, &default));
            plan.arguments.extend(priced.is_some().then_some(self.inputs.len()));
            self.inputs.extend(priced);
        }
    }

    /// The lists in a mutation's arguments: `input.changes`, `input.lines`, `ids`.
    fn count_lines(&mut self, field: &Field) {
        for (_, argument) in &field.arguments {
            match &argument.node {
                InputValue::Variable(name) => self.lines.push(self.variable(name)),
                InputValue::Object(members) => {
                    let slices: Vec<Slice> = members
                        .values()
                        .filter_map(|member| match member {
                            InputValue::Variable(_) | InputValue::List(_) => self.slice(member),
                            _ => None,
                        })
                        .collect();
                    self.lines.extend(slices);
                }
                InputValue::List(_) => self.lines.extend(self.slice(&argument.node)),
                _ => {}
            }
        }
    }
}
