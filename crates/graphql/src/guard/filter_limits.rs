//! Limits of filters: the nesting of `and`, `or` and `not`, the conditions in all, the branches of
//! an `or`, and the values of a list. Checked before anything of an operation runs.

use std::collections::HashSet;

use async_graphql::{
    Name, Value, Variables,
    parser::types::{ExecutableDocument, Selection, SelectionSet},
};
use async_graphql_value::Value as InputValue;

use super::refusal::Refusal;
use crate::{
    code::Code,
    filters::{MAX_BRANCHES, MAX_LEAVES, MAX_NESTING, MAX_VALUES},
    schema_index::{SchemaIndex, base},
};

/// Whether an input is a filter.
pub fn is_filter(input: &str) -> bool {
    input.ends_with("Filter")
}

/// Maximum members and items that are counted in the filters of one call: a variable may be used in
/// many places, and is counted in each.
const MAX_COUNTED: usize = 500_000;

/// A filter in a document.
struct FilterArgument<'a> {
    name: &'a Name,
    value: &'a InputValue,
    /// Fields of the filter that are filters with their own `and`, `or` and `not`.
    inner: Vec<&'a Name>,
}

/// The arguments of an operation that are filters.
#[derive(Debug, Default)]
pub struct FilterArguments {
    /// Name, value and inner filters of those with variables in them, which are measured in each call.
    open: Vec<(Name, InputValue, Vec<Name>)>,
    /// The defaults of variables.
    defaults: Vec<(Name, Value)>,
    /// Reason to refuse a filter that is written without variables.
    written: Option<Refusal>,
}

impl FilterArguments {
    /// Finds the filters of the only operation of a document.
    pub fn of(document: &ExecutableDocument, schema_index: &SchemaIndex) -> Self {
        let Some((_, operation)) = document.operations.iter().next() else { return Self::default() };
        let mut look = Look { document, schema_index, followed: HashSet::new(), found: Vec::new() };
        if let Some(root) = schema_index.root(operation.node.ty) {
            look.set(root, &operation.node.selection_set.node);
        }
        let (mut open, mut written) = (Vec::new(), None);
        let unset = Variables::default();
        for FilterArgument { name, value, inner } in look.found {
            if has_variable(value) {
                open.push((name.clone(), value.clone(), inner.into_iter().cloned().collect()));
            } else if written.is_none() {
                written = FilterSize::new(&unset, &[]).argument(FilterArgument { name, value, inner }).err();
            }
        }
        let mut defaults = Vec::new();
        if !open.is_empty() {
            defaults.extend(operation.node.variable_definitions.iter().filter_map(|definition| {
                let default = definition.node.default_value.as_ref()?;
                Some((definition.node.name.node.clone(), default.node.clone()))
            }));
        }
        Self { open, defaults, written }
    }

    /// Whether it keeps filters of the document.
    pub fn is_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// Returns the reason to refuse a filter that is written without variables.
    pub fn written_refusal(&self) -> Option<&Refusal> {
        self.written.as_ref()
    }

    /// # Errors
    /// A filter with these variables is too large.
    pub fn check(&self, sent: &Variables) -> Result<(), Refusal> {
        let mut size = FilterSize::new(sent, &self.defaults);
        self.open
            .iter()
            .try_for_each(|(name, value, inner)| size.argument(FilterArgument { name, value, inner: inner.iter().collect() }))
    }
}

fn has_variable(value: &InputValue) -> bool {
    match value {
        InputValue::Variable(_) => true,
        InputValue::List(items) => items.iter().any(has_variable),
        InputValue::Object(members) => members.values().any(has_variable),
        _ => false,
    }
}

/// A value of the document, or one that was sent in a variable.
#[derive(Clone, Copy)]
enum Given<'a> {
    Written(&'a InputValue),
    Sent(&'a Value),
}

/// A value with its variables in place.
enum Shape<'a> {
    /// Null, or a variable that was left out.
    Absent,
    Scalar,
    List(Vec<Given<'a>>),
    Object(Vec<(&'a str, Given<'a>)>),
}

/// Measures the arguments of one call, one by one.
struct FilterSize<'a> {
    sent: &'a Variables,
    defaults: &'a [(Name, Value)],
    /// Members and items that may still be counted.
    left: usize,
    inner: Vec<&'a Name>,
    /// Path of the value that is measured.
    path: Vec<String>,
    /// Conditions so far. A filter without any counts for one, as it is work too.
    leaves: usize,
}

impl<'a> FilterSize<'a> {
    fn new(sent: &'a Variables, defaults: &'a [(Name, Value)]) -> Self {
        Self { sent, defaults, left: MAX_COUNTED, inner: Vec::new(), path: Vec::new(), leaves: 0 }
    }

    fn argument(&mut self, FilterArgument { name, value, inner }: FilterArgument<'a>) -> Result<(), Refusal> {
        (self.inner, self.path, self.leaves) = (inner, vec![name.to_string()], 0);
        self.filter(Given::Written(value), 0)?;
        self.within(self.leaves, MAX_LEAVES, "conditions")
    }

    /// Measures a filter with those inside it. Other values are left to validation, which refuses
    /// them.
    fn filter(&mut self, given: Given<'a>, depth: usize) -> Result<(), Refusal> {
        let Shape::Object(members) = self.shape(given) else { return Ok(()) };
        if depth > MAX_NESTING {
            let levels = depth + self.levels(given)?;
            return Err(self.refusal(&self.path[0], (levels, MAX_NESTING), "levels of and, or and not"));
        }
        self.count(members.len())?;
        let before = self.leaves;
        for (name, member) in members {
            self.path.push(name.to_owned());
            match self.shape(member) {
                Shape::Absent => {}
                Shape::List(parts) if is_connective(name) => {
                    self.count(parts.len())?;
                    if name == "or" {
                        self.within(parts.len(), MAX_BRANCHES, "branches")?;
                    }
                    for (index, part) in parts.into_iter().enumerate() {
                        self.path.push(index.to_string());
                        self.filter(part, depth + 1)?;
                        self.path.pop();
                    }
                }
                _ if is_connective(name) => self.filter(member, depth + 1)?,
                Shape::Object(_) if self.inner.iter().any(|inner| *inner == name) => self.filter(member, depth)?,
                shape => {
                    self.leaves += 1;
                    self.values(shape)?;
                }
            }
            self.path.pop();
        }
        self.leaves = self.leaves.max(before + 1);
        Ok(())
    }

    /// The lists of one condition.
    fn values(&mut self, shape: Shape<'a>) -> Result<(), Refusal> {
        match shape {
            Shape::List(items) => {
                self.within(items.len(), MAX_VALUES, "values")?;
                self.count(items.len())?;
                items.into_iter().enumerate().try_for_each(|(index, item)| self.value(|| index.to_string(), item))
            }
            Shape::Object(members) => {
                self.count(members.len())?;
                members.into_iter().try_for_each(|(name, member)| self.value(|| name.to_owned(), member))
            }
            Shape::Absent | Shape::Scalar => Ok(()),
        }
    }

    /// Measures one value of a condition; its name is computed only if it has a list.
    fn value(&mut self, name: impl FnOnce() -> String, given: Given<'a>) -> Result<(), Refusal> {
        let shape = self.shape(given);
        if matches!(shape, Shape::List(_) | Shape::Object(_)) {
            self.path.push(name());
            self.values(shape)?;
            self.path.pop();
        }
        Ok(())
    }

    /// Returns the number of levels of filters inside a filter.
    fn levels(&mut self, given: Given<'a>) -> Result<usize, Refusal> {
        let Shape::Object(members) = self.shape(given) else { return Ok(0) };
        self.count(members.len())?;
        let mut levels = 0;
        for (_, member) in members.into_iter().filter(|(name, _)| is_connective(name)) {
            let parts = match self.shape(member) {
                Shape::List(parts) => parts,
                Shape::Object(_) => vec![member],
                Shape::Absent | Shape::Scalar => Vec::new(),
            };
            self.count(parts.len())?;
            for part in parts {
                levels = levels.max(1 + self.levels(part)?);
            }
        }
        Ok(levels)
    }

    fn count(&mut self, found: usize) -> Result<(), Refusal> {
        let Some(left) = self.left.checked_sub(found) else {
            let message =
                format!("the filters of the operation have more than {MAX_COUNTED} values: use variables in fewer places");
            return Err(Refusal { field: self.path.clone(), ..Refusal::new(Code::LimitExceeded, message) });
        };
        self.left = left;
        Ok(())
    }

    fn shape(&self, given: Given<'a>) -> Shape<'a> {
        match given {
            Given::Written(InputValue::Variable(name)) => {
                self.variable(name).map_or(Shape::Absent, |value| self.shape(Given::Sent(value)))
            }
            Given::Written(InputValue::Null) | Given::Sent(Value::Null) => Shape::Absent,
            Given::Written(InputValue::List(items)) => Shape::List(items.iter().map(Given::Written).collect()),
            Given::Sent(Value::List(items)) => Shape::List(items.iter().map(Given::Sent).collect()),
            Given::Written(InputValue::Object(members)) => {
                Shape::Object(members.iter().map(|(name, member)| (name.as_str(), Given::Written(member))).collect())
            }
            Given::Sent(Value::Object(members)) => {
                Shape::Object(members.iter().map(|(name, member)| (name.as_str(), Given::Sent(member))).collect())
            }
            Given::Written(_) | Given::Sent(_) => Shape::Scalar,
        }
    }

    fn variable(&self, name: &Name) -> Option<&'a Value> {
        let (sent, defaults) = (self.sent, self.defaults);
        sent.get(name).or_else(|| defaults.iter().find(|(known, _)| known == name).map(|(_, value)| value))
    }

    fn within(&self, found: usize, most: usize, what: &str) -> Result<(), Refusal> {
        if found <= most { Ok(()) } else { Err(self.refusal(&self.path.join("."), (found, most), what)) }
    }

    fn refusal(&self, place: &str, (found, most): (usize, usize), what: &str) -> Refusal {
        let message = format!("{place} has {found} {what}: at most {most} are taken");
        Refusal { field: self.path.clone(), ..Refusal::new(Code::LimitExceeded, message) }
    }
}

/// Whether a field of a filter has filters in it.
fn is_connective(name: &str) -> bool {
    matches!(name, "and" | "or" | "not")
}

/// The fields of a filter that are filters with connectives of their own, as `product` of a report's filter is.
fn inner_filters<'a>(schema_index: &'a SchemaIndex, kind: &str) -> Vec<&'a Name> {
    let nests = |kind: &Name| schema_index.input(kind).is_some_and(|fields| fields.keys().any(|name| is_connective(name)));
    let fields = schema_index.input(kind).into_iter().flatten();
    fields.filter(|(name, field)| !is_connective(name) && nests(base(&field.kind))).map(|(name, _)| name).collect()
}

/// Looks for filters in the arguments of fields.
struct Look<'a> {
    document: &'a ExecutableDocument,
    schema_index: &'a SchemaIndex,
    /// Fragments that were visited: once is enough, however often they are spread.
    followed: HashSet<&'a Name>,
    found: Vec<FilterArgument<'a>>,
}

impl<'a> Look<'a> {
    fn set(&mut self, of: &str, set: &'a SelectionSet) {
        let schema_index = self.schema_index;
        for item in &set.items {
            match &item.node {
                Selection::Field(field) => {
                    let Some(known) = schema_index.field(of, &field.node.name.node) else { continue };
                    for (name, value) in &field.node.arguments {
                        let kind = known.arguments.get(&name.node).map(|input| base(&input.kind));
                        if let Some(kind) = kind.filter(|kind| is_filter(kind)) {
                            let inner = inner_filters(schema_index, kind);
                            self.found.push(FilterArgument { name: &name.node, value: &value.node, inner });
                        }
                    }
                    self.set(&known.of, &field.node.selection_set.node);
                }
                Selection::InlineFragment(inline) => {
                    let on = inline.node.type_condition.as_ref().map_or(of, |on| on.node.on.node.as_str());
                    self.set(on, &inline.node.selection_set.node);
                }
                Selection::FragmentSpread(spread) => {
                    let found = self.document.fragments.get_key_value(&spread.node.fragment_name.node);
                    if let Some((_, fragment)) = found.filter(|(name, _)| self.followed.insert(name)) {
                        self.set(fragment.node.type_condition.node.on.node.as_str(), &fragment.node.selection_set.node);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
