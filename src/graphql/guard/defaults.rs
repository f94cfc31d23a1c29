//! Variables that may be left out, given to arguments that have a default: the specification has the default then, and async-graphql
//! 8.0.0-rc.5 refuses the document or finds a null. A variable that says the same default itself is read by both alike.

use std::collections::{HashMap, HashSet};

use async_graphql::{
    Name, Positioned, Value,
    parser::types::{BaseType, DocumentOperations, ExecutableDocument, OperationDefinition, Selection, SelectionSet, Type},
};
use async_graphql_value::Value as InputValue;

use crate::graphql::outline::{Input, Outline};

/// Gives each nullable variable without a default that of the places where it is used, if all of them have the same. Where they differ the
/// document stays as it is: no one default would be right.
pub fn take_over(document: &mut ExecutableDocument, outline: &Outline) {
    let found: Vec<(Name, Value)> = match document.operations.iter().next() {
        Some((_, operation)) if operation.node.variable_definitions.iter().any(may_be_left_out) => {
            agreed(&operation.node, document, outline)
        }
        _ => return,
    };
    let operation = match &mut document.operations {
        DocumentOperations::Single(operation) => Some(operation),
        DocumentOperations::Multiple(operations) => operations.values_mut().next(),
    };
    for definition in operation.into_iter().flat_map(|operation| &mut operation.node.variable_definitions) {
        if let Some((_, default)) = found.iter().find(|(name, _)| *name == definition.node.name.node) {
            let pos = definition.pos;
            definition.node.default_value = Some(Positioned::new(default.clone(), pos));
        }
    }
}

fn may_be_left_out(definition: &Positioned<async_graphql::parser::types::VariableDefinition>) -> bool {
    definition.node.var_type.node.nullable && definition.node.default_value.is_none()
}

fn agreed(operation: &OperationDefinition, document: &ExecutableDocument, outline: &Outline) -> Vec<(Name, Value)> {
    let Some(root) = outline.root(operation.ty) else { return Vec::new() };
    let mut uses = Uses { document, outline, defaults: HashMap::new(), seen: HashSet::new() };
    uses.set(root, &operation.selection_set.node);
    let left_out = operation.variable_definitions.iter().filter(|definition| may_be_left_out(definition));
    left_out
        .filter_map(|definition| {
            let name = &definition.node.name.node;
            let Place::Default { of, value } = uses.defaults.get(name)? else { return None };
            (base(&definition.node.var_type.node) == *of).then(|| (name.clone(), (*value).clone()))
        })
        .collect()
}

fn base(kind: &Type) -> &Name {
    match &kind.base {
        BaseType::Named(name) => name,
        BaseType::List(inner) => base(inner),
    }
}

/// Where a variable is used.
#[derive(Clone, Copy, PartialEq)]
enum Place<'a> {
    /// Only where this is the default.
    Default { of: &'a Name, value: &'a Value },
    /// Also elsewhere.
    Other,
}

struct Uses<'a> {
    document: &'a ExecutableDocument,
    outline: &'a Outline,
    defaults: HashMap<&'a Name, Place<'a>>,
    /// Fragments that have been looked through.
    seen: HashSet<&'a Name>,
}

impl<'a> Uses<'a> {
    fn set(&mut self, of: &str, set: &'a SelectionSet) {
        for item in &set.items {
            for directive in item.node.directives() {
                directive.node.arguments.iter().for_each(|(_, value)| self.value(&value.node, None));
            }
            match &item.node {
                Selection::Field(field) => {
                    let known = self.outline.field(of, &field.node.name.node);
                    for (name, value) in &field.node.arguments {
                        let input = known.and_then(|known| known.arguments.get(&name.node));
                        self.value(&value.node, input);
                    }
                    self.set(known.map_or("", |known| &known.of), &field.node.selection_set.node);
                }
                Selection::InlineFragment(inline) => {
                    let on = inline.node.type_condition.as_ref().map_or(of, |on| on.node.on.node.as_str());
                    self.set(on, &inline.node.selection_set.node);
                }
                Selection::FragmentSpread(spread) => {
                    let found = self.document.fragments.get_key_value(&spread.node.fragment_name.node);
                    if let Some((_, fragment)) = found.filter(|(name, _)| self.seen.insert(name)) {
                        self.set(&fragment.node.type_condition.node.on.node, &fragment.node.selection_set.node);
                    }
                }
            }
        }
    }

    fn value(&mut self, value: &'a InputValue, input: Option<&'a Input>) {
        match value {
            InputValue::Variable(name) => {
                let place = match input.and_then(|input| input.default.as_ref().map(|value| (&input.of, value))) {
                    Some((of, value)) => Place::Default { of, value },
                    None => Place::Other,
                };
                let known = self.defaults.entry(name).or_insert(place);
                if *known != place {
                    *known = Place::Other;
                }
            }
            InputValue::List(items) => items.iter().for_each(|item| self.value(item, None)),
            InputValue::Object(members) => {
                let fields = input.and_then(|input| self.outline.input(&input.of));
                for (name, member) in members {
                    self.value(member, fields.and_then(|fields| fields.get(name)));
                }
            }
            _ => {}
        }
    }
}
