//! Paths from a type of the schema to others, and documents that select each field of it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use async_graphql::parser::types::FieldDefinition;

use super::schema::{Calls, base, is_needed};

/// A path from a root field's answer to an object of a type: the selections that are opened on it,
/// `changes { order {`.
#[derive(Debug, Clone)]
pub struct Way {
    pub kind: String,
    pub open: String,
}

impl Way {
    /// The selection of the root field that selects these fields at the end of the path.
    pub fn selection(&self, fields: &str) -> String {
        format!("{{ {} __typename {fields} {} }}", self.open, "}".repeat(self.open.matches('{').count()))
    }
}

impl Calls {
    /// The fields of a type that can be selected without arguments.
    pub fn plain_fields(&self, kind: &str) -> impl Iterator<Item = &FieldDefinition> {
        let is_plain = |field: &&FieldDefinition| !field.arguments.iter().any(|argument| is_needed(&argument.node));
        self.fields(kind).iter().map(|field| &field.node).filter(is_plain)
    }

    /// Whether there is something to select below a type.
    pub fn is_composite(&self, kind: &str) -> bool {
        !self.fields(kind).is_empty() || !self.members(kind).is_empty()
    }

    /// The shortest way, of at most so many steps, to each type that can be reached from a root field, the fields of interfaces by each of their types.
    pub fn ways(&self, root: &FieldDefinition, limit: usize) -> Vec<Way> {
        let first = Way { kind: base(&root.ty.node), open: String::new() };
        let (mut seen, mut found) = (BTreeSet::from([first.kind.clone()]), Vec::new());
        let mut queue = VecDeque::from([first]);
        while let Some(way) = queue.pop_front() {
            let on = self.members(&way.kind).into_iter().map(|member| (format!("... on {member} {{ "), member));
            let below = self.plain_fields(&way.kind).map(|field| (format!("{} {{ ", field.name), base(&field.ty.node)));
            let steps = way.open.matches('{').count();
            for (open, kind) in on.chain(below.filter(|(_, kind)| self.is_composite(kind))).filter(|_| steps < limit) {
                if seen.insert(kind.clone()) {
                    queue.push_back(Way { kind, open: format!("{}{open}", way.open) });
                }
            }
            if self.members(&way.kind).is_empty() {
                found.push(way);
            }
        }
        found
    }

    /// Returns each field of a type that can be selected without arguments, by its name, with its
    /// selection.
    pub fn selections(&self, kind: &str) -> BTreeMap<String, String> {
        let selection = |field: &FieldDefinition| {
            let below = if self.is_composite(&base(&field.ty.node)) { " { __typename }" } else { "" };
            (field.name.to_string(), format!("{}{below}", field.name))
        };
        self.plain_fields(kind).map(selection).collect()
    }
}
