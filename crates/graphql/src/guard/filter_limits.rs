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
        let mut visitor = FilterLimitVisitor { document, schema_index, followed: HashSet::new(), arguments: Vec::new() };
        if let Some(root) = schema_index.root(operation.node.ty) {
            visitor.set(root, &operation.node.selection_set.node);
        }
        let (mut open_filters, mut literal_refusal) = (Vec::new(), None);
        let no_variables = Variables::default();
        for FilterArgument { name, value, inner } in visitor.arguments {
            if has_variable(value) {
                open_filters.push((name.clone(), value.clone(), inner.into_iter().cloned().collect()));
            } else if literal_refusal.is_none() {
                literal_refusal = FilterSize::new(&no_variables, &[]).argument(FilterArgument { name, value, inner }).err();
            }
        }
        let mut defaults = Vec::new();
        if !open_filters.is_empty() {
            defaults.extend(operation.node.variable_definitions.iter().filter_map(|definition| {
                let default = definition.node.default_value.as_ref()?;
                Some((definition.node.name.node.clone(), default.node.clone()))
            }));
        }
        Self { open: open_filters, defaults, written: literal_refusal }
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
    pub fn check(&self, variables: &Variables) -> Result<(), Refusal> {
        let mut size = FilterSize::new(variables, &self.defaults);
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
enum InputView<'a> {
    Written(&'a InputValue),
    Sent(&'a Value),
}

/// A value with its variables in place.
enum Shape<'a> {
    /// Null, or a variable that was left out.
    Absent,
    Scalar,
    List(Vec<InputView<'a>>),
    Object(Vec<(&'a str, InputView<'a>)>),
}

/// Measures the arguments of one call, one by one.
struct FilterSize<'a> {
    variables: &'a Variables,
    defaults: &'a [(Name, Value)],
    /// Members and items that may still be counted.
    remaining: usize,
    inner: Vec<&'a Name>,
    /// Path of the value that is measured.
    path: Vec<String>,
    /// Conditions so far. A filter without any counts for one, as it is work too.
    leaves: usize,
}

impl<'a> FilterSize<'a> {
    fn new(sent: &'a Variables, defaults: &'a [(Name, Value)]) -> Self {
        Self { variables: sent, defaults, remaining: MAX_COUNTED, inner: Vec::new(), path: Vec::new(), leaves: 0 }
    }

    fn argument(&mut self, FilterArgument { name, value, inner }: FilterArgument<'a>) -> Result<(), Refusal> {
        (self.inner, self.path, self.leaves) = (inner, vec![name.to_string()], 0);
        self.filter(InputView::Written(value), 0)?;
        self.check_max(self.leaves, MAX_LEAVES, "conditions")
    }

    /// Measures a filter with those inside it. Other values are left to validation, which refuses
    /// them.
    fn filter(&mut self, input: InputView<'a>, depth: usize) -> Result<(), Refusal> {
        let Shape::Object(members) = self.shape(input) else { return Ok(()) };
        if depth > MAX_NESTING {
            let levels = depth + self.levels(input)?;
            return Err(self.refusal(&self.path[0], (levels, MAX_NESTING), "levels of and, or and not"));
        }
        self.count(members.len())?;
        let leaves_before = self.leaves;
        for (name, member) in members {
            self.path.push(name.to_owned());
            match self.shape(member) {
                Shape::Absent => {}
                Shape::List(parts) if is_connective(name) => {
                    self.count(parts.len())?;
                    if name == "or" {
                        self.check_max(parts.len(), MAX_BRANCHES, "branches")?;
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
        self.leaves = self.leaves.max(leaves_before + 1);
        Ok(())
    }

    /// The lists of one condition.
    fn values(&mut self, shape: Shape<'a>) -> Result<(), Refusal> {
        match shape {
            Shape::List(items) => {
                self.check_max(items.len(), MAX_VALUES, "values")?;
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
    fn value(&mut self, name: impl FnOnce() -> String, input: InputView<'a>) -> Result<(), Refusal> {
        let shape = self.shape(input);
        if matches!(shape, Shape::List(_) | Shape::Object(_)) {
            self.path.push(name());
            self.values(shape)?;
            self.path.pop();
        }
        Ok(())
    }

    /// Returns the number of levels of filters inside a filter.
    fn levels(&mut self, input: InputView<'a>) -> Result<usize, Refusal> {
        let Shape::Object(members) = self.shape(input) else { return Ok(0) };
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

    fn count(&mut self, number: usize) -> Result<(), Refusal> {
        let Some(rest) = self.remaining.checked_sub(number) else {
            let message =
                format!("the filters of the operation have more than {MAX_COUNTED} values: use variables in fewer places");
            return Err(Refusal { field: self.path.clone(), ..Refusal::new(Code::LimitExceeded, message) });
        };
        self.remaining = rest;
        Ok(())
    }

    fn shape(&self, input: InputView<'a>) -> Shape<'a> {
        match input {
            InputView::Written(InputValue::Variable(name)) => {
                self.variable(name).map_or(Shape::Absent, |value| self.shape(InputView::Sent(value)))
            }
            InputView::Written(InputValue::Null) | InputView::Sent(Value::Null) => Shape::Absent,
            InputView::Written(InputValue::List(items)) => Shape::List(items.iter().map(InputView::Written).collect()),
            InputView::Sent(Value::List(items)) => Shape::List(items.iter().map(InputView::Sent).collect()),
            InputView::Written(InputValue::Object(members)) => {
                Shape::Object(members.iter().map(|(name, member)| (name.as_str(), InputView::Written(member))).collect())
            }
            InputView::Sent(Value::Object(members)) => {
                Shape::Object(members.iter().map(|(name, member)| (name.as_str(), InputView::Sent(member))).collect())
            }
            InputView::Written(_) | InputView::Sent(_) => Shape::Scalar,
        }
    }

    fn variable(&self, name: &Name) -> Option<&'a Value> {
        let (variables, defaults) = (self.variables, self.defaults);
        variables.get(name).or_else(|| defaults.iter().find(|(default_name, _)| default_name == name).map(|(_, value)| value))
    }

    fn check_max(&self, count: usize, limit: usize, unit: &str) -> Result<(), Refusal> {
        if count <= limit { Ok(()) } else { Err(self.refusal(&self.path.join("."), (count, limit), unit)) }
    }

    fn refusal(&self, filter_path: &str, (count, limit): (usize, usize), unit: &str) -> Refusal {
        let message = format!("{filter_path} has {count} {unit}: at most {limit} are taken");
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
struct FilterLimitVisitor<'a> {
    document: &'a ExecutableDocument,
    schema_index: &'a SchemaIndex,
    /// Fragments that were visited: once is enough, however often they are spread.
    followed: HashSet<&'a Name>,
    arguments: Vec<FilterArgument<'a>>,
}

impl<'a> FilterLimitVisitor<'a> {
    fn set(&mut self, type_name: &str, set: &'a SelectionSet) {
        let schema_index = self.schema_index;
        for item in &set.items {
            match &item.node {
                Selection::Field(field) => {
                    let Some(definition) = schema_index.field(type_name, &field.node.name.node) else { continue };
                    for (name, value) in &field.node.arguments {
                        let kind = definition.arguments.get(&name.node).map(|input| base(&input.kind));
                        if let Some(kind) = kind.filter(|kind| is_filter(kind)) {
                            let inner = inner_filters(schema_index, kind);
                            self.arguments.push(FilterArgument { name: &name.node, value: &value.node, inner });
                        }
                    }
                    self.set(&definition.of, &field.node.selection_set.node);
                }
                Selection::InlineFragment(inline) => {
                    let on = inline.node.type_condition.as_ref().map_or(type_name, |on| on.node.on.node.as_str());
                    self.set(on, &inline.node.selection_set.node);
                }
                Selection::FragmentSpread(spread) => {
                    let entry = self.document.fragments.get_key_value(&spread.node.fragment_name.node);
                    if let Some((_, fragment)) = entry.filter(|(name, _)| self.followed.insert(name)) {
                        self.set(fragment.node.type_condition.node.on.node.as_str(), &fragment.node.selection_set.node);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
