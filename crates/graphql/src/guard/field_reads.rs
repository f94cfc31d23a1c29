//! Fields that an operation reads, with the types they return by the schema: for code that decides
//! which changes affect the answer.

use std::collections::{BTreeSet, HashMap, HashSet};

use async_graphql::{
    Name, Positioned,
    parser::types::{FragmentDefinition, Selection, SelectionSet},
};

use super::Operation;
use crate::schema_index::SchemaIndex;

/// A field that is selected somewhere in an operation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldRead {
    /// The type that it is selected on.
    pub on: String,
    pub name: String,
    /// The type of the field, without lists and exclamation marks.
    pub of: String,
    /// The permission that its caller must hold.
    pub requires: Option<String>,
}

/// Returns the fields that an operation may read, regardless of conditions.
pub fn of(operation: &Operation, schema_index: &SchemaIndex) -> BTreeSet<FieldRead> {
    let document = operation.parsed_document();
    let mut visitor =
        FieldReadVisitor { schema_index, fragments: &document.fragments, followed: HashSet::new(), reads: BTreeSet::new() };
    for (_, definition) in document.operations.iter() {
        if let Some(root) = schema_index.root(definition.node.ty) {
            visitor.read(root, &definition.node.selection_set.node);
        }
    }
    visitor.reads
}

struct FieldReadVisitor<'a> {
    schema_index: &'a SchemaIndex,
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    /// Fragments that were visited: once is enough, however often they are spread.
    followed: HashSet<&'a Name>,
    reads: BTreeSet<FieldRead>,
}

impl<'a> FieldReadVisitor<'a> {
    fn read(&mut self, on: &str, set: &'a SelectionSet) {
        for item in &set.items {
            match &item.node {
                Selection::Field(field) => {
                    let name = field.node.name.node.as_str();
                    let Some(definition) = self.schema_index.field(on, name) else { continue };
                    let (field_type, requires) = (definition.of.to_string(), definition.requires.clone());
                    self.read(&field_type, &field.node.selection_set.node);
                    self.reads.insert(FieldRead { on: on.to_owned(), name: name.to_owned(), of: field_type, requires });
                }
                Selection::InlineFragment(inline) => {
                    let on = inline.node.type_condition.as_ref().map_or(on, |condition| condition.node.on.node.as_str());
                    self.read(on, &inline.node.selection_set.node);
                }
                Selection::FragmentSpread(spread) => {
                    let Some((name, fragment)) = self.fragments.get_key_value(&spread.node.fragment_name.node) else { continue };
                    if self.followed.insert(name) {
                        self.read(fragment.node.type_condition.node.on.node.as_str(), &fragment.node.selection_set.node);
                    }
                }
            }
        }
    }
}
