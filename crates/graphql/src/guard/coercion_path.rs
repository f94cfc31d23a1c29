//! Finds the places of input values that do not fit their types. The engine names the type of one
//! of them and perhaps no place, so the input is searched again after a refusal.

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
};

use async_graphql::{
    InputType, Name, PathSegment, Pos, Positioned, ScalarType, Value, Variables,
    parser::types::{BaseType, ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet, Type},
};
use async_graphql_value::Value as InputValue;

use crate::{
    scalars::{CurrencyCode, Cursor, Date, DateTime, Decimal, Long, Quantity, has_rounded},
    schema_index::{self, Input, SchemaIndex},
};

/// Maximum bytes of a value, or of its scalar's message, that are quoted.
const MAX_BYTES: usize = 300;

/// A value that its type does not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// Path of the value, as in `input.changes.0.delta`.
    pub path: Vec<String>,
    pub cause: Cause,
    /// The argument in the document.
    pub at: Pos,
}

/// Reason that a value does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// A field is given that its input does not have.
    Unknown(UnknownField),
    /// The input takes exactly one field, and has none or several.
    NotOne(Name),
    /// A required field of this type is missing.
    Missing(String),
    /// The enum does not have the value.
    Word { kind: Name, word: String },
    /// A scalar's own message.
    Refused(String),
    /// Another type is expected.
    Unlike(String),
}

/// A field that an input does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownField {
    pub input: Name,
    pub name: Name,
}

/// The first mismatches, at most so many, in the arguments of the field whose answer failed; of any field, when it was validation that refused, which names
/// none. They are in the order of the input.
pub fn find(
    document: &ExecutableDocument,
    schema_index: &SchemaIndex,
    variables: &Variables,
    (answer, most): (&[PathSegment], usize),
) -> Vec<Mismatch> {
    let Some((_, operation)) = document.operations.iter().next() else { return Vec::new() };
    let look = Look { document, schema_index, variables, operation: &operation.node, most, taken: RefCell::default() };
    let keys: Vec<&str> = answer
        .iter()
        .filter_map(|segment| match segment {
            PathSegment::Field(key) => Some(key.as_str()),
            PathSegment::Index(_) => None,
        })
        .collect();
    let Some(root) = schema_index.root(operation.node.ty) else { return Vec::new() };
    let set = &operation.node.selection_set.node;
    if keys.is_empty() {
        return look.find_mismatches(root, set);
    }
    look.field(root, set, &keys).map(|(field, known)| look.arguments(field, known)).unwrap_or_default()
}

struct Look<'a> {
    document: &'a ExecutableDocument,
    schema_index: &'a SchemaIndex,
    variables: &'a Variables,
    operation: &'a OperationDefinition,
    /// Maximum number of mismatches to find.
    most: usize,
    /// Values of variables without a mismatch, each with the type of its place, both by their
    /// address in memory.
    taken: RefCell<HashSet<(usize, usize)>>,
}

type Found<'a> = (&'a Field, &'a schema_index::Field);

impl<'a> Look<'a> {
    /// Returns the field under these keys of the answer, and its definition in the schema.
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

    /// Returns the first mismatches of several parts: stops as soon as there are enough.
    fn first(&self, parts: impl Iterator<Item = Vec<Mismatch>>) -> Vec<Mismatch> {
        parts.flatten().take(self.most).collect()
    }

    fn arguments(&self, field: &'a Field, known: &schema_index::Field) -> Vec<Mismatch> {
        self.first(field.arguments.iter().map(|(name, value)| {
            let Some(input) = known.arguments.get(&name.node) else { return Vec::new() };
            let given = self.given(&value.node);
            // A variable that is null may have been left out.
            if given.is_null() && matches!(value.node, InputValue::Variable(_)) {
                return Vec::new();
            }
            let found = under(self.mismatches(given, input), &name.node);
            found.into_iter().map(|mismatch| Mismatch { at: name.pos, ..mismatch }).collect()
        }))
    }

    /// Returns the first mismatches of the operation. The guard has limited its size.
    fn find_mismatches(&self, of: &str, set: &'a SelectionSet) -> Vec<Mismatch> {
        self.first(set.items.iter().map(|item| match &item.node {
            Selection::Field(field) => {
                let Some(known) = self.schema_index.field(of, &field.node.name.node) else { return Vec::new() };
                let mut found = self.arguments(&field.node, known);
                if found.len() < self.most {
                    found.extend(self.find_mismatches(&known.of, &field.node.selection_set.node));
                }
                found
            }
            Selection::InlineFragment(inline) => {
                let on = inline.node.type_condition.as_ref().map_or(of, |on| on.node.on.node.as_str());
                self.find_mismatches(on, &inline.node.selection_set.node)
            }
            Selection::FragmentSpread(spread) => {
                let Some(fragment) = self.document.fragments.get(&spread.node.fragment_name.node) else { return Vec::new() };
                self.find_mismatches(&fragment.node.type_condition.node.on.node, &fragment.node.selection_set.node)
            }
        }))
    }

    /// Returns a value of the document, or its variable's value: null if that was left out.
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

    // Recursion is bounded by the depth limits of JSON and documents.
    fn mismatches(&self, value: Given<'a>, input: &Input) -> Vec<Mismatch> {
        if !value.is_null() {
            return self.unlike(value, &input.kind);
        }
        // A variable that was left out is null here too.
        if input.is_needed() { here(Cause::Unlike(input.kind.base.to_string())) } else { Vec::new() }
    }

    /// Returns the first mismatches of a value that is not null. A variable's value is checked once
    /// for each type that it is used as, however many places use it, unless it has a mismatch.
    fn unlike(&self, value: Given<'a>, kind: &Type) -> Vec<Mismatch> {
        let held = match value {
            Given::Variable(held) => Some((std::ptr::from_ref(held).addr(), std::ptr::from_ref(kind).addr())),
            Given::Written(_) | Given::Within(_) => None,
        };
        if held.is_some_and(|held| self.taken.borrow().contains(&held)) {
            return Vec::new();
        }
        let found = self.check_value_uncached(value, kind);
        if found.is_empty() {
            self.taken.borrow_mut().extend(held);
        }
        found
    }

    fn check_value_uncached(&self, value: Given<'a>, kind: &Type) -> Vec<Mismatch> {
        let name = match (&kind.base, self.items(value)) {
            (BaseType::List(of), Some(items)) => {
                return self.first(items.into_iter().enumerate().map(|(index, item)| {
                    let found = if !item.is_null() {
                        self.unlike(item, of)
                    } else if of.nullable {
                        Vec::new()
                    } else {
                        here(Cause::Unlike(of.base.to_string()))
                    };
                    under(found, &index.to_string())
                }));
            }
            (BaseType::List(of), None) => return self.unlike(value, of),
            (BaseType::Named(name), _) => name,
        };
        if let Some(fields) = self.schema_index.input(name) {
            return self.check_input_object(value, name, fields);
        }
        let cause = match self.schema_index.enum_values(name) {
            Some(words) => match value.word() {
                Some(word) if words.contains(word) => None,
                Some(word) if word.len() <= MAX_BYTES => Some(Cause::Word { kind: name.clone(), word: word.to_owned() }),
                _ => Some(Cause::Unlike(name.to_string())),
            },
            None if name.as_str() == "JSON" => (!self.is_exact(value)).then(|| Cause::Unlike(name.to_string())),
            None => refusal(name, value.leaf().as_ref()),
        };
        cause.map(here).unwrap_or_default()
    }

    fn check_input_object(&self, value: Given<'a>, name: &Name, fields: &HashMap<Name, Input>) -> Vec<Mismatch> {
        let Some(members) = self.members(value) else { return here(Cause::Unlike(name.to_string())) };
        if self.schema_index.is_one_of(name) && (members.len() != 1 || members.iter().any(|(_, member)| member.is_null())) {
            return here(Cause::NotOne(name.clone()));
        }
        let within = members.iter().map(|(member, value)| {
            let found = match fields.get(*member) {
                Some(field) => self.mismatches(*value, field),
                None => here(Cause::Unknown(UnknownField { input: name.clone(), name: (*member).clone() })),
            };
            under(found, member)
        });
        let is_missing = |name: &Name| members.iter().all(|(member, _)| **member != *name);
        let mut missing: Vec<_> = fields.iter().filter(|(name, field)| field.is_needed() && is_missing(name)).collect();
        missing.sort_unstable_by(|one, other| one.0.cmp(other.0));
        let missing = missing.into_iter().map(|(name, field)| under(here(Cause::Missing(field.kind.to_string())), name));
        self.first(within.chain(missing))
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

/// A value and its origin. Nothing is copied: a variable may hold all of a request's body, and be
/// used in many places.
#[derive(Debug, Clone, Copy)]
enum Given<'a> {
    /// In the document.
    Written(&'a InputValue),
    /// The whole value of a variable.
    Variable(&'a Value),
    /// A part of a variable's value.
    Within(&'a Value),
}

impl<'a> Given<'a> {
    fn is_null(self) -> bool {
        matches!(self, Self::Written(InputValue::Null) | Self::Variable(Value::Null) | Self::Within(Value::Null))
    }

    /// Returns the text of the value where a value of an enum is expected.
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

    /// Returns a copy of a value that is neither a list nor an object.
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

/// Prefixes the paths of mismatches with the name of the part that they are in.
fn under(mut found: Vec<Mismatch>, name: &str) -> Vec<Mismatch> {
    for mismatch in &mut found {
        mismatch.path.insert(0, name.to_owned());
    }
    found
}

/// Returns a mismatch of the value itself.
fn here(cause: Cause) -> Vec<Mismatch> {
    vec![Mismatch { path: Vec::new(), cause, at: Pos::default() }]
}

/// Returns the reason that a scalar refuses a value. A list or an object fits no scalar; an unknown
/// scalar accepts everything.
fn refusal(kind: &Name, value: Option<&Value>) -> Option<Cause> {
    /// Returns the scalar's message, or `None` if it accepts the value. The message may contain the
    /// value, so it may be of any length.
    fn said<T: ScalarType + InputType>(value: &Value) -> Option<String> {
        <T as ScalarType>::parse(value.clone()).err().map(|error| error.into_server_error(Pos::default()).message)
    }
    let unlike = || Cause::Unlike(kind.to_string());
    let parsed = |parse: fn(&Value) -> Option<String>| {
        let Some(value) = value else { return Some(unlike()) };
        parse(value).map(|message| if message.len() <= MAX_BYTES { Cause::Refused(message) } else { unlike() })
    };
    let is = |does_fit: fn(&Value) -> bool| (!value.is_some_and(does_fit)).then(unlike);
    match kind.as_str() {
        "Quantity" => parsed(said::<Quantity>),
        "Long" => parsed(said::<Long>),
        "DateTime" => parsed(said::<DateTime>),
        "Date" => parsed(said::<Date>),
        "Decimal" => parsed(said::<Decimal>),
        "Cursor" => parsed(said::<Cursor>),
        "CurrencyCode" => parsed(said::<CurrencyCode>),
        "Int" => is(
            |value| matches!(value, Value::Number(number) if number.as_i64().is_some_and(|number| i32::try_from(number).is_ok())),
        ),
        "Float" => is(|value| matches!(value, Value::Number(_))),
        "Boolean" => is(|value| matches!(value, Value::Boolean(_))),
        "String" => is(|value| matches!(value, Value::String(_))),
        "ID" => is(|value| matches!(value, Value::String(_) | Value::Number(_))),
        _ => None,
    }
}
