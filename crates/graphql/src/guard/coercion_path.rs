//! Where in an operation's input the value is that its type does not take. The engine names the type and no place, so once it has refused, the
//! input is looked through again.

use async_graphql::{
    Name, PathSegment, Positioned, ScalarType, Value, Variables,
    parser::types::{BaseType, ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet, Type},
};
use async_graphql_value::Value as InputValue;

use crate::{
    scalars::{CurrencyCode, Cursor, Date, DateTime, Decimal, Json, Long, Quantity},
    schema_index::{self, Input, SchemaIndex},
};

/// A value that its type does not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// As in `input.changes.0.delta`.
    pub path: Vec<String>,
    /// The field that is there and that its input does not have, if it is one.
    pub unknown: Option<UnknownField>,
}

/// A field that an input does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownField {
    pub input: Name,
    pub name: Name,
}

/// The first mismatch in the arguments of the field whose answer failed; of any field, when it was validation that refused, which names none.
pub fn find(
    document: &ExecutableDocument,
    schema_index: &SchemaIndex,
    variables: &Variables,
    answer: &[PathSegment],
) -> Option<Mismatch> {
    let (_, operation) = document.operations.iter().next()?;
    let look = Look { document, schema_index, variables, operation: &operation.node };
    let keys: Vec<&str> = answer
        .iter()
        .filter_map(|segment| match segment {
            PathSegment::Field(key) => Some(key.as_str()),
            PathSegment::Index(_) => None,
        })
        .collect();
    let (root, set) = (schema_index.root(operation.node.ty)?, &operation.node.selection_set.node);
    if keys.is_empty() {
        return look.anywhere(root, set);
    }
    let (field, known) = look.field(root, set, &keys)?;
    look.arguments(field, known)
}

struct Look<'a> {
    document: &'a ExecutableDocument,
    schema_index: &'a SchemaIndex,
    variables: &'a Variables,
    operation: &'a OperationDefinition,
}

type Found<'a> = (&'a Field, &'a schema_index::Field);

impl<'a> Look<'a> {
    /// The field under these keys of the answer, and what the schema says of it.
    fn field(&self, of: &str, set: &'a SelectionSet, keys: &[&str]) -> Option<Found<'a>> {
        set.items.iter().find_map(|item| match &item.node {
            Selection::Field(field) => {
                let (key, below) = keys.split_first()?;
                if field.node.response_key().node != *key {
                    return None;
                }
                let known = self.schema_index.field(of, &field.node.name.node)?;
                if below.is_empty() {
                    return Some((&field.node, known));
                }
                self.field(&known.of, &field.node.selection_set.node, below)
            }
            Selection::InlineFragment(inline) => {
                let on = inline.node.type_condition.as_ref().map_or(of, |on| on.node.on.node.as_str());
                self.field(on, &inline.node.selection_set.node, keys)
            }
            Selection::FragmentSpread(spread) => {
                let fragment = &self.document.fragments.get(&spread.node.fragment_name.node)?.node;
                self.field(&fragment.type_condition.node.on.node, &fragment.selection_set.node, keys)
            }
        })
    }

    fn arguments(&self, field: &Field, known: &schema_index::Field) -> Option<Mismatch> {
        field.arguments.iter().find_map(|(name, value)| {
            let input = known.arguments.get(&name.node)?;
            self.mismatch(&self.filled(&value.node)?, input, vec![name.node.to_string()])
        })
    }

    /// The first mismatch of the operation. The guard has bounded how much there is to follow.
    fn anywhere(&self, of: &str, set: &'a SelectionSet) -> Option<Mismatch> {
        set.items.iter().find_map(|item| match &item.node {
            Selection::Field(field) => {
                let known = self.schema_index.field(of, &field.node.name.node)?;
                let own = self.arguments(&field.node, known);
                own.or_else(|| self.anywhere(&known.of, &field.node.selection_set.node))
            }
            Selection::InlineFragment(inline) => {
                let on = inline.node.type_condition.as_ref().map_or(of, |on| on.node.on.node.as_str());
                self.anywhere(on, &inline.node.selection_set.node)
            }
            Selection::FragmentSpread(spread) => {
                let fragment = &self.document.fragments.get(&spread.node.fragment_name.node)?.node;
                self.anywhere(&fragment.type_condition.node.on.node, &fragment.selection_set.node)
            }
        })
    }

    /// The value with its variables in place; `None` when it was left out.
    fn filled(&self, value: &InputValue) -> Option<Value> {
        value
            .clone()
            .into_const_with(|name: Name| Ok::<_, ()>(self.variable(&name).unwrap_or_default()))
            .ok()
            .filter(|filled| !matches!((value, filled), (InputValue::Variable(_), Value::Null)))
    }

    fn variable(&self, name: &Name) -> Option<Value> {
        let definition = || {
            let definition: &Positioned<_> =
                self.operation.variable_definitions.iter().find(|one| one.node.name.node == *name)?;
            definition.node.default_value.as_ref().map(|value| value.node.clone())
        };
        self.variables.get(name).cloned().or_else(definition)
    }

    // As deep as JSON and documents are let in.
    fn mismatch(&self, value: &Value, input: &Input, path: Vec<String>) -> Option<Mismatch> {
        // A variable that was left out stands here as null too.
        if *value == Value::Null { input.is_needed().then(|| at(path)) } else { self.unlike(value, &input.kind, path) }
    }

    /// The first mismatch of a value that is no null.
    fn unlike(&self, value: &Value, kind: &Type, path: Vec<String>) -> Option<Mismatch> {
        let name = match (&kind.base, value) {
            (BaseType::List(of), Value::List(items)) => {
                return items.iter().enumerate().find_map(|(index, item)| {
                    let path = with(&path, &index.to_string());
                    if *item == Value::Null { (!of.nullable).then(|| at(path)) } else { self.unlike(item, of, path) }
                });
            }
            (BaseType::List(of), one) => return self.unlike(one, of, path),
            (BaseType::Named(name), _) => name,
        };
        if let Some(fields) = self.schema_index.input(name) {
            let Value::Object(members) = value else { return Some(at(path)) };
            if self.schema_index.is_one_of(name) && (members.len() != 1 || members.values().any(|member| *member == Value::Null))
            {
                return Some(at(path));
            }
            let within = members.iter().find_map(|(member, value)| {
                if let Some(field) = fields.get(member) {
                    return self.mismatch(value, field, with(&path, member));
                }
                let unknown = UnknownField { input: name.clone(), name: member.clone() };
                Some(Mismatch { path: with(&path, member), unknown: Some(unknown) })
            });
            return within.or_else(|| {
                let needed = fields.iter().filter(|(name, field)| field.is_needed() && !members.contains_key(*name));
                needed.map(|(name, _)| name).min().map(|name| at(with(&path, name)))
            });
        }
        let does_fit = match (self.schema_index.enum_values(name), value) {
            (Some(words), Value::Enum(word)) => words.contains(word),
            (Some(words), Value::String(word)) => words.contains(word.as_str()),
            (Some(_), _) => false,
            (None, value) => fits(name, value),
        };
        (!does_fit).then(|| at(path))
    }
}

/// Of a value that is known at its place.
fn at(path: Vec<String>) -> Mismatch {
    Mismatch { path, unknown: None }
}

fn with(path: &[String], next: &str) -> Vec<String> {
    path.iter().cloned().chain([next.to_owned()]).collect()
}

/// Whether a scalar takes the value; what is not known here does.
fn fits(kind: &str, value: &Value) -> bool {
    fn takes<T: ScalarType>(value: &Value) -> bool {
        T::parse(value.clone()).is_ok()
    }
    match kind {
        "Quantity" => takes::<Quantity>(value),
        "Long" => takes::<Long>(value),
        "DateTime" => takes::<DateTime>(value),
        "Date" => takes::<Date>(value),
        "Decimal" => takes::<Decimal>(value),
        "Cursor" => takes::<Cursor>(value),
        "CurrencyCode" => takes::<CurrencyCode>(value),
        "JSON" => takes::<Json>(value),
        "Int" => matches!(value, Value::Number(number) if number.as_i64().is_some_and(|number| i32::try_from(number).is_ok())),
        "Float" => matches!(value, Value::Number(_)),
        "Boolean" => matches!(value, Value::Boolean(_)),
        "String" => matches!(value, Value::String(_)),
        "ID" => matches!(value, Value::String(_) | Value::Number(_)),
        _ => true,
    }
}
