//! One operation of a document that passed the guard, ready for the engine.

use std::{
    collections::HashSet,
    fmt,
    sync::atomic::{AtomicUsize, Ordering},
};

use async_graphql::{
    Name, Value, Variables,
    parser::types::{BaseType, ExecutableDocument, OperationType, Selection, SelectionSet},
};

use super::{
    Refusal,
    cost::Plan,
    measure::Measure,
    merge::{self, Merged},
    within,
};
use crate::graphql::{code::Code, examined::Examined, limits::Limits, outline::Outline};

/// What an operation does.
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
    /// What it costs.
    pub plan: Plan,
    /// Whether it asks for the schema itself.
    pub is_introspective: bool,
    /// Non-null, without a default: name and type.
    required: Vec<(Name, String)>,
    /// As it was written: what is validated.
    document: ExecutableDocument,
    /// What is run, where that is something else.
    merged: Option<Merged>,
    /// Variables that conditions may read, and what they are when they are left out.
    conditions: Vec<(Name, Value)>,
    pub examined: Examined,
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
        plan: Plan,
        (document, merged): (ExecutableDocument, Option<Merged>),
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
        let conditions = definition
            .variable_definitions
            .iter()
            .filter(|variable| matches!(&variable.node.var_type.node.base, BaseType::Named(name) if name == "Boolean"))
            .filter_map(|variable| Some((variable.node.name.node.clone(), variable.node.default_value.as_ref()?.node.clone())))
            .collect();
        let is_introspective = introspects(&definition.selection_set.node, &document, &mut HashSet::new());
        let (name, examined) = (name.map(|name| name.to_string()), Examined::new(definition));
        let answer_bytes = AtomicUsize::new(512);
        Some(Self { kind, name, measure, plan, is_introspective, required, document, merged, conditions, examined, answer_bytes })
    }

    /// What is run with these variables, once they are complete: for `Request::set_parsed_query`, which takes the document by value, as rc.5
    /// offers no way to lend it.
    pub fn document(&self, variables: &Variables, outline: &Outline) -> ExecutableDocument {
        let settled = match &self.merged {
            None => None,
            Some(Merged::Always(document)) => return document.clone(),
            Some(Merged::ByValues) => merge::merged(&self.document, outline, Some(variables)).ok().flatten(),
        };
        match settled {
            Some(Merged::Always(document)) => document,
            _ => self.document.clone(),
        }
    }

    /// Adds the truth values that were left out and have a default: rc.5 looks for what `@skip` and `@include` name only among those that were
    /// sent (`schema.rs`, `remove_skipped_selection`).
    pub fn complete(&self, variables: &mut Variables) {
        for (name, value) in &self.conditions {
            if !variables.contains_key(name) {
                variables.insert(name.clone(), value.clone());
            }
        }
    }

    /// The document as it was written.
    pub fn parsed(&self) -> &ExecutableDocument {
        &self.document
    }

    pub fn expected_bytes(&self) -> usize {
        self.answer_bytes.load(Ordering::Relaxed)
    }

    pub fn answered_with(&self, bytes: usize) {
        self.answer_bytes.store(bytes, Ordering::Relaxed);
    }

    /// Checks what was sent against what the operation declares.
    ///
    /// # Errors
    /// A required variable is missing or null, or there are too many.
    pub fn check_variables(&self, sent: &Variables, limits: &Limits) -> Result<(), Refusal> {
        within("variables", sent.len(), limits.variables)?;
        for (name, wanted) in &self.required {
            if sent.get(name).is_none_or(|value| *value == Value::Null) {
                let message = format!("variable \"${name}\" of required type \"{wanted}\" was not given");
                return Err(Refusal::new(Code::BadUserInput, message));
            }
        }
        Ok(())
    }
}

/// Whether a root field is the schema or one of its types: there are such fields nowhere else.
fn introspects<'a>(set: &'a SelectionSet, document: &'a ExecutableDocument, seen: &mut HashSet<&'a Name>) -> bool {
    set.items.iter().any(|item| match &item.node {
        Selection::Field(field) => matches!(field.node.name.node.as_str(), "__schema" | "__type"),
        Selection::InlineFragment(inline) => introspects(&inline.node.selection_set.node, document, seen),
        Selection::FragmentSpread(spread) => {
            let found = document.fragments.get_key_value(&spread.node.fragment_name.node);
            found.is_some_and(|(name, fragment)| {
                seen.insert(name) && introspects(&fragment.node.selection_set.node, document, seen)
            })
        }
    })
}
