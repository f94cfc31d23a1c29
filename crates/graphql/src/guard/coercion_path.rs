//! Where in an operation's input the value is that its type does not take. The engine names the type and no place, so once it has refused, the
//! input is looked through again.

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
};

use async_graphql::{
    Name, PathSegment, Positioned, ScalarType, Value, Variables,
    parser::types::{BaseType, ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet, Type},
};
use async_graphql_value::Value as InputValue;

use crate::{
    scalars::{CurrencyCode, Cursor, Date, DateTime, Decimal, Long, Quantity, has_rounded},
    schema_index::{self, Input, SchemaIndex},
};

/// A value that its type does not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// As in `input.changes.0.delta`.
    pub path: Vec<String>,
    /// The field that is there and that its input does not have, if it is one.
    pub unknown: Option<UnknownField>,
    /// The input of which not exactly one field is given, if it is one.
    pub one_of: Option<Name>,
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
    let look = Look { document, schema_index, variables, operation: &operation.node, taken: RefCell::default() };
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
    /// What variables hold without a mismatch, with the types of the places that they stand in: where both are in memory.
    taken: RefCell<HashSet<(usize, usize)>>,
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

    fn arguments(&self, field: &'a Field, known: &schema_index::Field) -> Option<Mismatch> {
        field.arguments.iter().find_map(|(name, value)| {
            let input = known.arguments.get(&name.node)?;
            let given = self.given(&value.node);
            // A variable that is null may have been left out.
            if given.is_null() && matches!(value.node, InputValue::Variable(_)) {
                return None;
            }
            Some(self.mismatch(given, input)?.under(&name.node))
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

    /// A value of the document, or what its variable holds: null where that was left out.
    fn given(&self, value: &'a InputValue) -> Given<'a> {
        static NULL: Value = Value::Null;
        match value {
            InputValue::Variable(name) => Given::Variable(self.variable(name).unwrap_or(&NULL)),
            written => Given::Written(written),
        }
    }

    fn variable(&self, name: &Name) -> Option<&'a Value> {
        let (variables, operation) = (self.variables, self.operation);
        let default = || {
            let definition: &Positioned<_> = operation.variable_definitions.iter().find(|one| one.node.name.node == *name)?;
            definition.node.default_value.as_ref().map(|value| &value.node)
        };
        variables.get(name).or_else(default)
    }

    fn items(&self, value: Given<'a>) -> Option<Vec<Given<'a>>> {
        match value {
            Given::Written(InputValue::List(items)) => Some(items.iter().map(|item| self.given(item)).collect()),
            Given::Variable(Value::List(items)) | Given::Within(Value::List(items)) => {
                Some(items.iter().map(Given::Within).collect())
            }
            _ => None,
        }
    }

    fn members(&self, value: Given<'a>) -> Option<Vec<(&'a Name, Given<'a>)>> {
        match value {
            Given::Written(InputValue::Object(members)) => {
                Some(members.iter().map(|(name, member)| (name, self.given(member))).collect())
            }
            Given::Variable(Value::Object(members)) | Given::Within(Value::Object(members)) => {
                Some(members.iter().map(|(name, member)| (name, Given::Within(member))).collect())
            }
            _ => None,
        }
    }

    // As deep as JSON and documents are let in.
    fn mismatch(&self, value: Given<'a>, input: &Input) -> Option<Mismatch> {
        // A variable that was left out stands here as null too.
        if value.is_null() { input.is_needed().then(here) } else { self.unlike(value, &input.kind) }
    }

    /// The first mismatch of a value that is no null. What a variable holds is looked through once for each type that the schema has for it, in however
    /// many places it stands.
    fn unlike(&self, value: Given<'a>, kind: &Type) -> Option<Mismatch> {
        let held = match value {
            Given::Variable(held) => Some((std::ptr::from_ref(held).addr(), std::ptr::from_ref(kind).addr())),
            Given::Written(_) | Given::Within(_) => None,
        };
        if held.is_some_and(|held| self.taken.borrow().contains(&held)) {
            return None;
        }
        let found = self.first_unlike(value, kind);
        if found.is_none() {
            self.taken.borrow_mut().extend(held);
        }
        found
    }

    fn first_unlike(&self, value: Given<'a>, kind: &Type) -> Option<Mismatch> {
        let name = match (&kind.base, self.items(value)) {
            (BaseType::List(of), Some(items)) => {
                return items.into_iter().enumerate().find_map(|(index, item)| {
                    let found = if item.is_null() { (!of.nullable).then(here) } else { self.unlike(item, of) };
                    Some(found?.under(&index.to_string()))
                });
            }
            (BaseType::List(of), None) => return self.unlike(value, of),
            (BaseType::Named(name), _) => name,
        };
        if let Some(fields) = self.schema_index.input(name) {
            return self.unlike_input(value, name, fields);
        }
        let does_fit = match self.schema_index.enum_values(name) {
            Some(words) => value.word().is_some_and(|word| words.contains(word)),
            None if name.as_str() == "JSON" => self.is_exact(value),
            None => fits(name, value.leaf().as_ref()),
        };
        (!does_fit).then(here)
    }

    fn unlike_input(&self, value: Given<'a>, name: &Name, fields: &HashMap<Name, Input>) -> Option<Mismatch> {
        let Some(members) = self.members(value) else { return Some(here()) };
        if self.schema_index.is_one_of(name) && (members.len() != 1 || members.iter().any(|(_, member)| member.is_null())) {
            return Some(Mismatch { one_of: Some(name.clone()), ..here() });
        }
        let within = members.iter().find_map(|(member, value)| {
            let Some(field) = fields.get(*member) else {
                let unknown = UnknownField { input: name.clone(), name: (*member).clone() };
                return Some(Mismatch { path: vec![member.as_str().to_owned()], unknown: Some(unknown), one_of: None });
            };
            self.mismatch(*value, field).map(|mismatch| mismatch.under(member))
        });
        within.or_else(|| {
            let is_missing = |name: &Name| members.iter().all(|(member, _)| **member != *name);
            let needed = fields.iter().filter(|(name, field)| field.is_needed() && is_missing(name));
            needed.map(|(name, _)| name).min().map(|name| here().under(name))
        })
    }

    /// Whether 64 bits hold all numbers of a value for metadata.
    fn is_exact(&self, value: Given<'a>) -> bool {
        match value {
            Given::Variable(held) | Given::Within(held) => !has_rounded(held),
            Given::Written(InputValue::List(items)) => items.iter().all(|item| self.is_exact(self.given(item))),
            Given::Written(InputValue::Object(members)) => members.values().all(|member| self.is_exact(self.given(member))),
            Given::Written(_) => value.leaf().is_none_or(|leaf| !has_rounded(&leaf)),
        }
    }
}

/// A value where it stands. Nothing is copied: a variable may hold all of a request's body, and stand in many places.
#[derive(Debug, Clone, Copy)]
enum Given<'a> {
    /// In the document.
    Written(&'a InputValue),
    /// All that a variable holds.
    Variable(&'a Value),
    /// A part of that.
    Within(&'a Value),
}

impl<'a> Given<'a> {
    fn is_null(self) -> bool {
        matches!(self, Self::Written(InputValue::Null) | Self::Variable(Value::Null) | Self::Within(Value::Null))
    }

    /// What it says where a value of an enum is expected.
    fn word(self) -> Option<&'a str> {
        match self {
            Self::Written(InputValue::Enum(word)) | Self::Variable(Value::Enum(word)) | Self::Within(Value::Enum(word)) => {
                Some(word.as_str())
            }
            Self::Written(InputValue::String(word)) | Self::Variable(Value::String(word)) | Self::Within(Value::String(word)) => {
                Some(word.as_str())
            }
            _ => None,
        }
    }

    /// A copy of what is neither a list nor an object.
    fn leaf(self) -> Option<Value> {
        match self {
            Self::Written(InputValue::List(_) | InputValue::Object(_))
            | Self::Variable(Value::List(_) | Value::Object(_))
            | Self::Within(Value::List(_) | Value::Object(_)) => None,
            Self::Written(value) => value.clone().into_const(),
            Self::Variable(value) | Self::Within(value) => Some(value.clone()),
        }
    }
}

impl Mismatch {
    /// The same of the value that has it there.
    fn under(mut self, name: &str) -> Self {
        self.path.insert(0, name.to_owned());
        self
    }
}

/// Of a value itself.
fn here() -> Mismatch {
    Mismatch { path: Vec::new(), unknown: None, one_of: None }
}

/// Whether a scalar takes a value, of which a list or an object is none; what is not known here does.
fn fits(kind: &str, value: Option<&Value>) -> bool {
    fn takes<T: ScalarType>(value: &Value) -> bool {
        T::parse(value.clone()).is_ok()
    }
    let is = |does_fit: fn(&Value) -> bool| value.is_some_and(does_fit);
    match kind {
        "Quantity" => is(takes::<Quantity>),
        "Long" => is(takes::<Long>),
        "DateTime" => is(takes::<DateTime>),
        "Date" => is(takes::<Date>),
        "Decimal" => is(takes::<Decimal>),
        "Cursor" => is(takes::<Cursor>),
        "CurrencyCode" => is(takes::<CurrencyCode>),
        "Int" => is(
            |value| matches!(value, Value::Number(number) if number.as_i64().is_some_and(|number| i32::try_from(number).is_ok())),
        ),
        "Float" => is(|value| matches!(value, Value::Number(_))),
        "Boolean" => is(|value| matches!(value, Value::Boolean(_))),
        "String" => is(|value| matches!(value, Value::String(_))),
        "ID" => is(|value| matches!(value, Value::String(_) | Value::Number(_))),
        _ => true,
    }
}
