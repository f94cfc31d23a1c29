//! How large filters may be: how deep `and`, `or` and `not` nest, how many conditions there are in all, how many branches an `or` has, and how
//! many values a list has. Decided before anything of an operation runs.

use std::collections::HashSet;

use async_graphql::{
    Name, Value, Variables,
    parser::types::{ExecutableDocument, Selection, SelectionSet},
};
use async_graphql_value::Value as InputValue;

use super::Refusal;
use crate::{
    code::Code,
    filters::{MAX_BRANCHES, MAX_LEAVES, MAX_NESTING, MAX_VALUES},
    schema_index::{SchemaIndex, base},
};

/// Whether an input is a filter.
pub fn is_filter(input: &str) -> bool {
    input.ends_with("Filter")
}

/// The arguments of an operation that are filters.
#[derive(Debug, Default)]
pub struct FilterArguments {
    /// Those with variables in them, which are measured in each call.
    open: Vec<(Name, InputValue)>,
    /// The defaults of variables.
    defaults: Vec<(Name, Value)>,
    /// Why a filter without variables is refused.
    written: Option<Refusal>,
}

impl FilterArguments {
    /// Of the only operation of a document.
    pub fn of(document: &ExecutableDocument, schema_index: &SchemaIndex) -> Self {
        let Some((_, operation)) = document.operations.iter().next() else { return Self::default() };
        let mut look = Look { document, schema_index, followed: HashSet::new(), found: Vec::new() };
        if let Some(root) = schema_index.root(operation.node.ty) {
            look.set(root, &operation.node.selection_set.node);
        }
        let (mut open, mut written) = (Vec::new(), None);
        for (name, value) in look.found {
            if has_variable(value) {
                open.push((name.clone(), value.clone()));
            } else if written.is_none() {
                written = check(name, value, &Variables::default(), &[]).err();
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

    /// Why a filter that is written without variables is refused.
    pub fn written_refusal(&self) -> Option<&Refusal> {
        self.written.as_ref()
    }

    /// # Errors
    /// A filter with these variables is too large.
    pub fn check(&self, sent: &Variables) -> Result<(), Refusal> {
        self.open.iter().try_for_each(|(name, value)| check(name, value, sent, &self.defaults))
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

fn check(name: &Name, value: &InputValue, sent: &Variables, defaults: &[(Name, Value)]) -> Result<(), Refusal> {
    let mut size = FilterSize { sent, defaults, path: vec![name.to_string()], leaves: 0 };
    size.filter(Given::Written(value), 0)?;
    size.within(size.leaves, MAX_LEAVES, "conditions")
}

/// A value of the document, or one that was sent in a variable.
#[derive(Clone, Copy)]
enum Given<'a> {
    Written(&'a InputValue),
    Sent(&'a Value),
}

/// A value with its variables in place.
enum Shape<'a> {
    /// A null, or a variable that was left out.
    Absent,
    Scalar,
    List(Vec<Given<'a>>),
    Object(Vec<(&'a str, Given<'a>)>),
}

/// Measures one argument.
struct FilterSize<'a> {
    sent: &'a Variables,
    defaults: &'a [(Name, Value)],
    /// Of the value that is measured.
    path: Vec<String>,
    /// Conditions so far. A filter without any counts for one, as it is work too.
    leaves: usize,
}

impl<'a> FilterSize<'a> {
    /// A filter with those inside it. What is no filter is refused by validation.
    fn filter(&mut self, given: Given<'a>, depth: usize) -> Result<(), Refusal> {
        let Shape::Object(members) = self.shape(given) else { return Ok(()) };
        if depth > MAX_NESTING {
            let levels = depth + self.levels(given);
            return Err(self.refusal(&self.path[0], (levels, MAX_NESTING), "levels of and, or and not"));
        }
        let before = self.leaves;
        for (name, member) in members {
            self.path.push(name.to_owned());
            match self.shape(member) {
                Shape::Absent => {}
                Shape::List(parts) if is_connective(name) => {
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
                items.into_iter().enumerate().try_for_each(|(index, item)| self.value(|| index.to_string(), item))
            }
            Shape::Object(members) => members.into_iter().try_for_each(|(name, member)| self.value(|| name.to_owned(), member)),
            Shape::Absent | Shape::Scalar => Ok(()),
        }
    }

    /// One value of a condition, under a name that is needed only if it has a list.
    fn value(&mut self, name: impl FnOnce() -> String, given: Given<'a>) -> Result<(), Refusal> {
        let shape = self.shape(given);
        if matches!(shape, Shape::List(_) | Shape::Object(_)) {
            self.path.push(name());
            self.values(shape)?;
            self.path.pop();
        }
        Ok(())
    }

    /// How many levels of filters are inside a filter.
    fn levels(&self, given: Given<'a>) -> usize {
        let Shape::Object(members) = self.shape(given) else { return 0 };
        let inner = members.into_iter().filter(|(name, _)| is_connective(name)).map(|(_, member)| match self.shape(member) {
            Shape::List(parts) => parts.into_iter().map(|part| 1 + self.levels(part)).max().unwrap_or_default(),
            Shape::Object(_) => 1 + self.levels(member),
            Shape::Absent | Shape::Scalar => 0,
        });
        inner.max().unwrap_or_default()
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

/// Looks for filters in the arguments of fields.
struct Look<'a> {
    document: &'a ExecutableDocument,
    schema_index: &'a SchemaIndex,
    /// Fragments that were looked into: once is enough, wherever they are spread.
    followed: HashSet<&'a Name>,
    found: Vec<(&'a Name, &'a InputValue)>,
}

impl<'a> Look<'a> {
    fn set(&mut self, of: &str, set: &'a SelectionSet) {
        let schema_index = self.schema_index;
        for item in &set.items {
            match &item.node {
                Selection::Field(field) => {
                    let Some(known) = schema_index.field(of, &field.node.name.node) else { continue };
                    for (name, value) in &field.node.arguments {
                        if known.arguments.get(&name.node).is_some_and(|input| is_filter(base(&input.kind))) {
                            self.found.push((&name.node, &value.node));
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
mod tests {
    use async_graphql::parser::parse_query;
    use serde_json::{Value as Json, json};

    use super::*;

    const SDL: &str = "schema { query: Query }
        type Query { things(filter: ThingFilter, ids: [ID!]): Query thing: Query }
        input ThingFilter { and: [ThingFilter!], or: [ThingFilter!], not: ThingFilter, name: TextFilter, status: [String!], metadata: [PairFilter!] }
        input TextFilter { eq: String, in: [String!] }
        input PairFilter { key: String!, value: TextFilter }";

    /// The place and the message of what is refused.
    fn refused(query: &str, variables: Json) -> Option<(String, String)> {
        let arguments = FilterArguments::of(&parse_query(query).unwrap(), &SchemaIndex::of(SDL).unwrap());
        let written = arguments.written_refusal().cloned();
        let refusal = written.or_else(|| arguments.check(&Variables::from_json(variables)).err())?;
        Some((refusal.field.join("."), refusal.message))
    }

    fn of_variable(filter: Json) -> Option<(String, String)> {
        refused("query($f: ThingFilter) { thing { things(filter: $f) { thing } } }", json!({ "f": filter }))
    }

    fn deep(levels: usize) -> Json {
        (0..levels).fold(json!({ "status": ["a"] }), |inner, _| json!({ "not": inner }))
    }

    #[test]
    fn a_filter_is_as_large_as_is_allowed() {
        let name = json!({ "name": { "eq": "x" } });
        for filter in [
            json!(null),
            json!({}),
            deep(MAX_NESTING),
            json!({ "and": vec![name.clone(); MAX_LEAVES] }),
            json!({ "or": vec![name.clone(); MAX_BRANCHES], "and": [] }),
            json!({ "status": vec!["x"; MAX_VALUES], "name": null }),
            json!({ "metadata": [{ "key": "k", "value": { "in": vec!["x"; MAX_VALUES] } }] }),
        ] {
            assert_eq!(of_variable(filter.clone()), None, "{filter}");
        }
        // Lists of other arguments have their own limits.
        let ids = json!({ "ids": vec!["x"; 300] });
        assert_eq!(refused("query($ids: [ID!]) { things(ids: $ids) { thing } }", ids), None);
    }

    #[test]
    fn a_filter_that_is_too_large_is_refused_at_its_place_with_the_count() {
        let many = vec!["x"; MAX_VALUES + 1];
        let empty = vec![json!({}); MAX_BRANCHES + 1];
        for (filter, place, message) in [
            (deep(5), "filter.not.not.not.not.not", "filter has 5 levels of and, or and not: at most 4 are taken"),
            (deep(9), "filter.not.not.not.not.not", "filter has 9 levels of and, or and not: at most 4 are taken"),
            (json!({ "and": vec![deep(0); 51] }), "filter", "filter has 51 conditions: at most 50 are taken"),
            (json!({ "and": vec![json!({}); 51] }), "filter", "filter has 51 conditions: at most 50 are taken"),
            (json!({ "not": { "or": empty } }), "filter.not.or", "filter.not.or has 11 branches: at most 10 are taken"),
            (json!({ "status": many }), "filter.status", "filter.status has 251 values: at most 250 are taken"),
            (
                json!({ "and": [{ "name": { "in": many } }] }),
                "filter.and.0.name.in",
                "filter.and.0.name.in has 251 values: at most 250 are taken",
            ),
            (
                json!({ "metadata": [{ "key": "k", "value": { "in": many } }] }),
                "filter.metadata.0.value.in",
                "filter.metadata.0.value.in has 251 values: at most 250 are taken",
            ),
        ] {
            assert_eq!(of_variable(filter.clone()), Some((place.to_owned(), message.to_owned())), "{filter}");
        }
    }

    #[test]
    fn filters_are_measured_however_they_are_written() {
        let deep = "{ things(filter: { not: { not: { not: { not: { not: {} } } } } }) { thing } }";
        let place = |query: &str, variables: Json| refused(query, variables).map(|(place, _)| place);
        assert_eq!(place(deep, json!({})).as_deref(), Some("filter.not.not.not.not.not"));
        let spread = "query($in: [String!]) { ...F } fragment F on Query { thing { things(filter: { and: [{ name: { in: $in } }] }) { thing } } }";
        assert_eq!(place(spread, json!({ "in": vec!["x"; 251] })).as_deref(), Some("filter.and.0.name.in"));
        assert_eq!(place(spread, json!({ "in": ["x"] })), None);
        assert_eq!(place(spread, json!({})), None);
        let default = "query($f: ThingFilter = { not: { not: { not: { not: { not: {} } } } } }) { things(filter: $f) { thing } }";
        assert_eq!(place(default, json!({})).as_deref(), Some("filter.not.not.not.not.not"));
        assert_eq!(place(default, json!({ "f": null })), None);
        assert_eq!(place(default, json!({ "f": {} })), None);
    }
}
