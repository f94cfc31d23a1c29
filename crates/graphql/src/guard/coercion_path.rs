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
    (answer_path, max_mismatches): (&[PathSegment], usize),
) -> Vec<Mismatch> {
    let Some((_, operation)) = document.operations.iter().next() else { return Vec::new() };
    let search = CoercionVisitor {
        document,
        schema_index,
        variables,
        operation: &operation.node,
        limit: max_mismatches,
        matched_values: RefCell::default(),
    };
    let keys: Vec<&str> = answer_path
        .iter()
        .filter_map(|segment| match segment {
            PathSegment::Field(key) => Some(key.as_str()),
            PathSegment::Index(_) => None,
        })
        .collect();
    let Some(root) = schema_index.root(operation.node.ty) else { return Vec::new() };
    let set = &operation.node.selection_set.node;
    if keys.is_empty() {
        return search.find_mismatches(root, set);
    }
    search.field(root, set, &keys).map(|(field, definition)| search.arguments(field, definition)).unwrap_or_default()
}

struct CoercionVisitor<'a> {
    document: &'a ExecutableDocument,
    schema_index: &'a SchemaIndex,
    variables: &'a Variables,
    operation: &'a OperationDefinition,
    /// Maximum number of mismatches to find.
    limit: usize,
    /// Values of variables without a mismatch, each with the type of its place, both by their
    /// address in memory.
    matched_values: RefCell<HashSet<(usize, usize)>>,
}

type SelectedField<'a> = (&'a Field, &'a schema_index::Field);

impl<'a> CoercionVisitor<'a> {
    /// Returns the field under these keys of the answer, and its definition in the schema.
    fn field(&self, type_name: &str, set: &'a SelectionSet, keys: &[&str]) -> Option<SelectedField<'a>> {
        set.items.iter().find_map(|item| match &item.node {
            Selection::Field(field) => {
                let (key, remaining_keys) = keys.split_first()?;
                if field.node.response_key().node != *key {
                    return None;
                }
                let definition = self.schema_index.field(type_name, &field.node.name.node)?;
                if remaining_keys.is_empty() {
                    return Some((&field.node, definition));
                }
                self.field(&definition.of, &field.node.selection_set.node, remaining_keys)
            }
            Selection::InlineFragment(inline) => {
                let on = inline.node.type_condition.as_ref().map_or(type_name, |on| on.node.on.node.as_str());
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
        parts.flatten().take(self.limit).collect()
    }

    fn arguments(&self, field: &'a Field, definition: &schema_index::Field) -> Vec<Mismatch> {
        self.first(field.arguments.iter().map(|(name, value)| {
            let Some(input) = definition.arguments.get(&name.node) else { return Vec::new() };
            let sent_value = self.resolve_value(&value.node);
            // A variable that is null may have been left out.
            if sent_value.is_null() && matches!(value.node, InputValue::Variable(_)) {
                return Vec::new();
            }
            let argument_mismatches = prefix_paths(self.mismatches(sent_value, input), &name.node);
            argument_mismatches.into_iter().map(|mismatch| Mismatch { at: name.pos, ..mismatch }).collect()
        }))
    }

    /// Returns the first mismatches of the operation. The guard has limited its size.
    fn find_mismatches(&self, type_name: &str, set: &'a SelectionSet) -> Vec<Mismatch> {
        self.first(set.items.iter().map(|item| match &item.node {
            Selection::Field(field) => {
                let Some(definition) = self.schema_index.field(type_name, &field.node.name.node) else { return Vec::new() };
                let mut mismatches = self.arguments(&field.node, definition);
                if mismatches.len() < self.limit {
                    mismatches.extend(self.find_mismatches(&definition.of, &field.node.selection_set.node));
                }
                mismatches
            }
            Selection::InlineFragment(inline) => {
                let on = inline.node.type_condition.as_ref().map_or(type_name, |on| on.node.on.node.as_str());
                self.find_mismatches(on, &inline.node.selection_set.node)
            }
            Selection::FragmentSpread(spread) => {
                let Some(fragment) = self.document.fragments.get(&spread.node.fragment_name.node) else { return Vec::new() };
                self.find_mismatches(&fragment.node.type_condition.node.on.node, &fragment.node.selection_set.node)
            }
        }))
    }

    /// Returns a value of the document, or its variable's value: null if that was left out.
    fn resolve_value(&self, value: &'a InputValue) -> InputView<'a> {
        static NULL: Value = Value::Null;
        match value {
            InputValue::Variable(name) => InputView::Variable(self.variable(name).unwrap_or(&NULL)),
            literal => InputView::Written(literal),
        }
    }

    fn variable(&self, name: &Name) -> Option<&'a Value> {
        let (variables, operation) = (self.variables, self.operation);
        let default = || {
            let definition: &Positioned<_> =
                operation.variable_definitions.iter().find(|candidate| candidate.node.name.node == *name)?;
            definition.node.default_value.as_ref().map(|value| &value.node)
        };
        variables.get(name).or_else(default)
    }

    fn items(&self, value: InputView<'a>) -> Option<Vec<InputView<'a>>> {
        match value {
            InputView::Written(InputValue::List(items)) => Some(items.iter().map(|item| self.resolve_value(item)).collect()),
            InputView::Variable(Value::List(items)) | InputView::Within(Value::List(items)) => {
                Some(items.iter().map(InputView::Within).collect())
            }
            _ => None,
        }
    }

    fn members(&self, value: InputView<'a>) -> Option<Vec<(&'a Name, InputView<'a>)>> {
        match value {
            InputView::Written(InputValue::Object(members)) => {
                Some(members.iter().map(|(name, member)| (name, self.resolve_value(member))).collect())
            }
            InputView::Variable(Value::Object(members)) | InputView::Within(Value::Object(members)) => {
                Some(members.iter().map(|(name, member)| (name, InputView::Within(member))).collect())
            }
            _ => None,
        }
    }

    // Recursion is bounded by the depth limits of JSON and documents.
    fn mismatches(&self, value: InputView<'a>, input: &Input) -> Vec<Mismatch> {
        if !value.is_null() {
            return self.find_value_mismatches(value, &input.kind);
        }
        // A variable that was left out is null here too.
        if input.is_needed() { root_mismatch(Cause::Unlike(input.kind.base.to_string())) } else { Vec::new() }
    }

    /// Returns the first mismatches of a value that is not null. A variable's value is checked once
    /// for each type that it is used as, however many places use it, unless it has a mismatch.
    fn find_value_mismatches(&self, value: InputView<'a>, kind: &Type) -> Vec<Mismatch> {
        let address = match value {
            InputView::Variable(address) => Some((std::ptr::from_ref(address).addr(), std::ptr::from_ref(kind).addr())),
            InputView::Written(_) | InputView::Within(_) => None,
        };
        if address.is_some_and(|address| self.matched_values.borrow().contains(&address)) {
            return Vec::new();
        }
        let mismatches = self.check_value_uncached(value, kind);
        if mismatches.is_empty() {
            self.matched_values.borrow_mut().extend(address);
        }
        mismatches
    }

    fn check_value_uncached(&self, value: InputView<'a>, kind: &Type) -> Vec<Mismatch> {
        let name = match (&kind.base, self.items(value)) {
            (BaseType::List(item_type), Some(items)) => {
                return self.first(items.into_iter().enumerate().map(|(index, item)| {
                    let mismatches = if !item.is_null() {
                        self.find_value_mismatches(item, item_type)
                    } else if item_type.nullable {
                        Vec::new()
                    } else {
                        root_mismatch(Cause::Unlike(item_type.base.to_string()))
                    };
                    prefix_paths(mismatches, &index.to_string())
                }));
            }
            (BaseType::List(item_type), None) => return self.find_value_mismatches(value, item_type),
            (BaseType::Named(name), _) => name,
        };
        if let Some(fields) = self.schema_index.input(name) {
            return self.check_input_object(value, name, fields);
        }
        let cause = match self.schema_index.enum_values(name) {
            Some(allowed_values) => match value.enum_text() {
                Some(word) if allowed_values.contains(word) => None,
                Some(word) if word.len() <= MAX_BYTES => Some(Cause::Word { kind: name.clone(), word: word.to_owned() }),
                _ => Some(Cause::Unlike(name.to_string())),
            },
            None if name.as_str() == "JSON" => (!self.is_exact(value)).then(|| Cause::Unlike(name.to_string())),
            None => refusal(name, value.leaf().as_ref()),
        };
        cause.map(root_mismatch).unwrap_or_default()
    }

    fn check_input_object(&self, value: InputView<'a>, name: &Name, fields: &HashMap<Name, Input>) -> Vec<Mismatch> {
        let Some(members) = self.members(value) else { return root_mismatch(Cause::Unlike(name.to_string())) };
        if self.schema_index.is_one_of(name) && (members.len() != 1 || members.iter().any(|(_, member)| member.is_null())) {
            return root_mismatch(Cause::NotOne(name.clone()));
        }
        let within = members.iter().map(|(member, value)| {
            let member_mismatches = match fields.get(*member) {
                Some(field) => self.mismatches(*value, field),
                None => root_mismatch(Cause::Unknown(UnknownField { input: name.clone(), name: (*member).clone() })),
            };
            prefix_paths(member_mismatches, member)
        });
        let is_missing = |name: &Name| members.iter().all(|(member, _)| **member != *name);
        let mut missing: Vec<_> = fields.iter().filter(|(name, field)| field.is_needed() && is_missing(name)).collect();
        missing.sort_unstable_by(|one, other| one.0.cmp(other.0));
        let missing =
            missing.into_iter().map(|(name, field)| prefix_paths(root_mismatch(Cause::Missing(field.kind.to_string())), name));
        self.first(within.chain(missing))
    }

    /// Whether 64 bits hold all numbers of a value for metadata.
    fn is_exact(&self, value: InputView<'a>) -> bool {
        match value {
            InputView::Variable(sent) | InputView::Within(sent) => !has_rounded(sent),
            InputView::Written(InputValue::List(items)) => items.iter().all(|item| self.is_exact(self.resolve_value(item))),
            InputView::Written(InputValue::Object(members)) => {
                members.values().all(|member| self.is_exact(self.resolve_value(member)))
            }
            InputView::Written(_) => value.leaf().is_none_or(|leaf| !has_rounded(&leaf)),
        }
    }
}

/// A value and its origin. Nothing is copied: a variable may hold all of a request's body, and be
/// used in many places.
#[derive(Debug, Clone, Copy)]
enum InputView<'a> {
    /// In the document.
    Written(&'a InputValue),
    /// The whole value of a variable.
    Variable(&'a Value),
    /// A part of a variable's value.
    Within(&'a Value),
}

impl<'a> InputView<'a> {
    fn is_null(self) -> bool {
        matches!(self, Self::Written(InputValue::Null) | Self::Variable(Value::Null) | Self::Within(Value::Null))
    }

    /// Returns the text of the value where a value of an enum is expected.
    fn enum_text(self) -> Option<&'a str> {
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
fn prefix_paths(mut mismatches: Vec<Mismatch>, name: &str) -> Vec<Mismatch> {
    for mismatch in &mut mismatches {
        mismatch.path.insert(0, name.to_owned());
    }
    mismatches
}

/// Returns a mismatch of the value itself.
fn root_mismatch(cause: Cause) -> Vec<Mismatch> {
    vec![Mismatch { path: Vec::new(), cause, at: Pos::default() }]
}

/// Returns the reason that a scalar refuses a value. A list or an object fits no scalar; an unknown
/// scalar accepts everything.
fn refusal(kind: &Name, value: Option<&Value>) -> Option<Cause> {
    /// Returns the scalar's message, or `None` if it accepts the value. The message may contain the
    /// value, so it may be of any length.
    fn scalar_error<T: ScalarType + InputType>(value: &Value) -> Option<String> {
        <T as ScalarType>::parse(value.clone()).err().map(|error| error.into_server_error(Pos::default()).message)
    }
    let mismatch_cause = || Cause::Unlike(kind.to_string());
    let parsed = |parse: fn(&Value) -> Option<String>| {
        let Some(value) = value else { return Some(mismatch_cause()) };
        parse(value).map(|message| if message.len() <= MAX_BYTES { Cause::Refused(message) } else { mismatch_cause() })
    };
    let is = |does_fit: fn(&Value) -> bool| (!value.is_some_and(does_fit)).then(mismatch_cause);
    match kind.as_str() {
        "Quantity" => parsed(scalar_error::<Quantity>),
        "Long" => parsed(scalar_error::<Long>),
        "DateTime" => parsed(scalar_error::<DateTime>),
        "Date" => parsed(scalar_error::<Date>),
        "Decimal" => parsed(scalar_error::<Decimal>),
        "Cursor" => parsed(scalar_error::<Cursor>),
        "CurrencyCode" => parsed(scalar_error::<CurrencyCode>),
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
