//! One operation of a document that passed the guard, ready for the engine.

use std::{
    fmt,
    sync::atomic::{AtomicUsize, Ordering},
};

use async_graphql::{
    Name, Value, Variables,
    parser::types::{ExecutableDocument, OperationType},
};

use super::{Refusal, cost::Plan, measure::Measure, within};
use crate::graphql::{code::Code, examined::Examined, limits::Limits};

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
    /// Non-null, without a default: name and type.
    required: Vec<(Name, String)>,
    document: ExecutableDocument,
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
    pub(super) fn new(name: Option<Name>, measure: Measure, plan: Plan, document: ExecutableDocument) -> Option<Self> {
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
        let (name, examined) = (name.map(|name| name.to_string()), Examined::new(definition));
        Some(Self { kind, name, measure, plan, required, document, examined, answer_bytes: AtomicUsize::new(512) })
    }

    /// For `Request::set_parsed_query`, which takes the document by value: rc.5 offers no way to lend it.
    pub fn document(&self) -> ExecutableDocument {
        self.document.clone()
    }

    /// The same, to look at.
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
