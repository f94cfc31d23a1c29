//! One operation of a document that passed the guard, ready for the engine.

use std::{
    collections::HashSet,
    fmt,
    sync::atomic::{AtomicUsize, Ordering},
};

use async_graphql::{
    Name, Value, Variables,
    parser::types::{ExecutableDocument, OperationType, Selection, SelectionSet},
};
use async_graphql_value::Value as InputValue;

use super::{
    cost::Plan,
    deprecated_uses::DeprecatedUses,
    filter_limits::FilterArguments,
    measure::Measure,
    refusal::{Refusal, check_max},
};
use crate::{
    code::Code,
    limits::Limits,
    schema_index::SchemaIndex,
    session::Visibility,
    upstream::{
        conditions::Conditions,
        merge::{self, Merged},
        query_root,
    },
    validation_cache::ValidationCache,
};

/// Type of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Query,
    Mutation,
    Subscription,
}

impl Kind {
    pub fn word(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Mutation => "mutation",
            Self::Subscription => "subscription",
        }
    }
}

pub struct Operation {
    pub kind: Kind,
    pub name: Option<String>,
    pub measure: Measure,
    /// Cost of the operation.
    pub plan: Plan,
    /// Whether the operation's answer depends on the person who calls.
    pub data_visibility: Visibility,
    /// Deprecated parts of the schema that the operation uses.
    pub deprecated: DeprecatedUses,
    /// Whether the operation selects the schema itself.
    pub is_introspective: bool,
    /// Whether the operation is allowed without signing in.
    pub is_public: bool,
    /// Items of the longest list that is written in it; 0 of a mutation.
    longest_literal: usize,
    filters: FilterArguments,
    /// Name and type of the variables that are non-null and have no default.
    required: Vec<(Name, String)>,
    /// The document as it was sent, for validation.
    document: ExecutableDocument,
    /// Document that is executed, if it differs from the written one.
    merged: Option<Merged>,
    /// Variables that conditions may read, and their defaults.
    conditions: Conditions,
    pub validation_cache: ValidationCache,
    /// Length of its last answer, to size the next one's buffer.
    answer_bytes: AtomicUsize,
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, name, measure, .. } = self;
        f.debug_struct("Operation").field("kind", kind).field("name", name).field("measure", measure).finish_non_exhaustive()
    }
}

impl Operation {
    /// `None` for a document without an operation.
    pub(super) fn new(
        name: Option<Name>,
        measure: Measure,
        (plan, visibility, deprecated): (Plan, Visibility, DeprecatedUses),
        (document, merged): (ExecutableDocument, Option<Merged>),
        schema_index: &SchemaIndex,
    ) -> Option<Self> {
        let definition = &document.operations.iter().next()?.1.node;
        let kind = match definition.ty {
            OperationType::Query => Kind::Query,
            OperationType::Mutation => Kind::Mutation,
            OperationType::Subscription => Kind::Subscription,
        };
        let required = definition
            .variable_definitions
            .iter()
            .filter(|variable| !variable.node.var_type.node.nullable && variable.node.default_value.is_none())
            .map(|variable| (variable.node.name.node.clone(), variable.node.var_type.node.to_string()))
            .collect();
        let conditions = Conditions::of(definition);
        let roots = root_names(&definition.selection_set.node, &document, &mut HashSet::new());
        // Only these have such fields.
        let is_introspective = roots.iter().any(|field| matches!(field.as_str(), "__schema" | "__type"));
        let root = schema_index.root(definition.ty).map_or("", Name::as_str);
        let is_open = |field: &Name| schema_index.field(root, field).is_some_and(|field| field.is_public);
        // A query for `__typename` alone is a test of the token, so it is not public.
        let is_public = roots.iter().any(|field| *field != "__typename")
            && roots.iter().all(|field| field.starts_with("__") || is_open(field));
        let longest_literal = if kind == Kind::Mutation { 0 } else { longest_list_literal(&document) };
        let filters = FilterArguments::of(&document, schema_index);
        let (name, validation_cache) = (name.map(|name| name.to_string()), ValidationCache::new(definition));
        let answer_bytes = AtomicUsize::new(512);
        Some(Self {
            kind,
            name,
            measure,
            plan,
            data_visibility: visibility,
            deprecated,
            is_introspective,
            is_public,
            longest_literal,
            filters,
            required,
            document,
            merged,
            conditions,
            validation_cache,
            answer_bytes,
        })
    }

    /// Returns the document that is executed with these variables, once they are complete: for
    /// `Request::set_parsed_query`, which takes the document by value, as the engine offers no way
    /// to lend it. Root fields of a query are marked (`upstream/query_root.rs`).
    pub fn document(&self, variables: &Variables, schema_index: &SchemaIndex) -> ExecutableDocument {
        let mut document = match &self.merged {
            None => self.document.clone(),
            Some(Merged::Always(document)) => document.clone(),
            Some(Merged::ByValues) => match merge::merge_fields(&self.document, schema_index, Some(variables)).ok().flatten() {
                Some(Merged::Always(document)) => document,
                _ => self.document.clone(),
            },
        };
        if self.kind == Kind::Query {
            query_root::mark_root_fields(&mut document);
        }
        document
    }

    /// Adds the Booleans that were left out and have a default.
    pub fn complete(&self, variables: &mut Variables) {
        self.conditions.complete(variables);
    }

    /// The document as it was written.
    pub fn parsed_document(&self) -> &ExecutableDocument {
        &self.document
    }

    /// Whether it keeps a copy of filters, besides that in its document.
    pub(super) fn keeps_filters(&self) -> bool {
        self.filters.is_open()
    }

    pub fn expected_bytes(&self) -> usize {
        self.answer_bytes.load(Ordering::Relaxed)
    }

    pub fn record_answer_bytes(&self, bytes: usize) {
        self.answer_bytes.store(bytes, Ordering::Relaxed);
    }

    /// Checks the sent variables against the operation's declarations.
    ///
    /// # Errors
    /// A required variable is missing or null, or there are too many.
    pub fn check_variables(&self, values: &Variables, limits: &Limits) -> Result<(), Refusal> {
        check_max("variables", values.len(), limits.variables)?;
        for (name, type_name) in &self.required {
            if values.get(name).is_none_or(|value| *value == Value::Null) {
                let message = format!("variable \"${name}\" of required type \"{type_name}\" was not given");
                return Err(Refusal::new(Code::BadUserInput, message));
            }
        }
        self.check_lists(values, limits)
    }

    /// Checks how large filters are, and how long the lists that were sent with a query or a subscription. Lines of a mutation have limits of
    /// their own.
    ///
    /// # Errors
    /// One is too large, or too long.
    pub fn check_lists(&self, values: &Variables, limits: &Limits) -> Result<(), Refusal> {
        self.filters.check(values)?;
        if self.kind == Kind::Mutation {
            return Ok(());
        }
        match values.iter().find(|(_, value)| longest_list_in(value) > limits.listed) {
            Some((name, _)) => Err(list_refusal(&format!("variable \"${name}\""), limits)),
            None => Ok(()),
        }
    }

    /// # Errors
    /// A filter that is written in the document is too large, or a list in that of a query or a subscription too long.
    pub(super) fn check_literals(&self, limits: &Limits) -> Result<(), Refusal> {
        if let Some(refusal) = self.filters.written_refusal() {
            return Err(refusal.clone());
        }
        if self.longest_literal > limits.listed { Err(list_refusal("an argument", limits)) } else { Ok(()) }
    }
}

/// Items of the longest list that is written in the arguments of fields.
fn longest_list_literal(document: &ExecutableDocument) -> usize {
    let operations = document.operations.iter().map(|(_, definition)| &definition.node.selection_set.node);
    let fragments = document.fragments.values().map(|definition| &definition.node.selection_set.node);
    let mut sets: Vec<&SelectionSet> = operations.chain(fragments).collect();
    let mut max_items = 0;
    while let Some(set) = sets.pop() {
        for item in &set.items {
            match &item.node {
                Selection::Field(field) => {
                    let lists = field.node.arguments.iter().map(|(_, value)| longest_literal(&value.node));
                    max_items = lists.fold(max_items, usize::max);
                    sets.push(&field.node.selection_set.node);
                }
                Selection::InlineFragment(inline) => sets.push(&inline.node.selection_set.node),
                Selection::FragmentSpread(_) => {}
            }
        }
    }
    max_items
}

fn list_refusal(subject: &str, limits: &Limits) -> Refusal {
    Refusal::new(Code::BadUserInput, format!("{subject} has a list that is too long: at most {} items are taken", limits.listed))
}

/// Items of the longest list in a value. JSON is nested no deeper than its parser allows.
fn longest_list_in(value: &Value) -> usize {
    match value {
        Value::List(items) => items.iter().map(longest_list_in).max().unwrap_or_default().max(items.len()),
        Value::Object(members) => members.values().map(longest_list_in).max().unwrap_or_default(),
        _ => 0,
    }
}

/// Returns the length of the longest list in a value of a document, which is nested no deeper than
/// the guard allows.
fn longest_literal(value: &InputValue) -> usize {
    match value {
        InputValue::List(items) => items.iter().map(longest_literal).max().unwrap_or_default().max(items.len()),
        InputValue::Object(members) => members.values().map(longest_literal).max().unwrap_or_default(),
        _ => 0,
    }
}

/// The names of an operation's root fields, with those of its fragments.
fn root_names<'a>(set: &'a SelectionSet, document: &'a ExecutableDocument, visited: &mut HashSet<&'a Name>) -> Vec<&'a Name> {
    let names = set.items.iter().flat_map(|item| match &item.node {
        Selection::Field(field) => vec![&field.node.name.node],
        Selection::InlineFragment(inline) => root_names(&inline.node.selection_set.node, document, visited),
        Selection::FragmentSpread(spread) => match document.fragments.get_key_value(&spread.node.fragment_name.node) {
            Some((name, fragment)) if visited.insert(name) => root_names(&fragment.node.selection_set.node, document, visited),
            _ => Vec::new(),
        },
    });
    names.collect()
}
