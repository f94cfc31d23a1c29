//! Changes to a document that keep its meaning and go around what async-graphql 8.0.0-rc.5 does wrong.

use std::collections::HashSet;

use async_graphql::{
    Name, Positioned,
    parser::types::{
        DocumentOperations, ExecutableDocument, Field, InlineFragment, OperationDefinition, Selection, SelectionSet,
    },
};

/// `x: __typename @d` becomes `... @d { x: __typename }` everywhere.
///
/// The engine's validation skips `__typename` fields whole (`validation/visitor.rs`, `visit_selection`): a variable used only
/// there counts as unused, and unknown or repeated directives pass. On an inline fragment it sees them.
pub fn lift_directives_off_typename(document: &mut ExecutableDocument) {
    match &mut document.operations {
        DocumentOperations::Single(operation) => lift(&mut operation.node.selection_set.node),
        DocumentOperations::Multiple(operations) => {
            for operation in operations.values_mut() {
                lift(&mut operation.node.selection_set.node);
            }
        }
    }
    for fragment in document.fragments.values_mut() {
        lift(&mut fragment.node.selection_set.node);
    }
}

fn lift(set: &mut SelectionSet) {
    for item in &mut set.items {
        match &mut item.node {
            Selection::Field(field) if is_directed_typename(&field.node) => {
                let directives = std::mem::take(&mut field.node.directives);
                let pos = item.pos;
                let bare = Positioned::new(Selection::Field(field.clone()), pos);
                let wrapped = InlineFragment {
                    type_condition: None,
                    directives,
                    selection_set: Positioned::new(SelectionSet { items: vec![bare] }, pos),
                };
                item.node = Selection::InlineFragment(Positioned::new(wrapped, pos));
            }
            Selection::Field(field) => lift(&mut field.node.selection_set.node),
            Selection::InlineFragment(inline) => lift(&mut inline.node.selection_set.node),
            Selection::FragmentSpread(_) => {}
        }
    }
}

fn is_directed_typename(field: &Field) -> bool {
    field.name.node.as_str() == "__typename" && !field.directives.is_empty()
}

/// One document for each operation, with the fragments that are its own business: those it uses, and those that nobody uses, so
/// that validation still finds them. The engine checks variables against operations that were not chosen (async-graphql#1669)
/// and would call another operation's fragments unused.
pub fn one_operation_each(document: ExecutableDocument) -> Vec<(Option<Name>, ExecutableDocument)> {
    let operations = match document.operations {
        DocumentOperations::Single(_) => return vec![(None, document)],
        DocumentOperations::Multiple(operations) => operations,
    };
    if operations.len() == 1 {
        let name = operations.keys().next().cloned();
        let operations = DocumentOperations::Multiple(operations);
        return vec![(name, ExecutableDocument { operations, fragments: document.fragments })];
    }
    let used: Vec<(Name, HashSet<&str>)> =
        operations.iter().map(|(name, operation)| (name.clone(), reached(&document.fragments, operation))).collect();
    let by_anyone: HashSet<&str> = used.iter().flat_map(|(_, names)| names.iter().copied()).collect();
    used.iter()
        .filter_map(|(name, own)| {
            let operation = operations.get(name)?.clone();
            let fragments = document
                .fragments
                .iter()
                .filter(|(fragment, _)| own.contains(fragment.as_str()) || !by_anyone.contains(fragment.as_str()))
                .map(|(fragment, definition)| (fragment.clone(), definition.clone()))
                .collect();
            let operations = DocumentOperations::Multiple([(name.clone(), operation)].into());
            Some((Some(name.clone()), ExecutableDocument { operations, fragments }))
        })
        .collect()
}

type Fragments = std::collections::HashMap<Name, Positioned<async_graphql::parser::types::FragmentDefinition>>;

fn reached<'a>(fragments: &'a Fragments, operation: &'a Positioned<OperationDefinition>) -> HashSet<&'a str> {
    let mut names = HashSet::new();
    let mut open = vec![&operation.node.selection_set.node];
    while let Some(set) = open.pop() {
        for item in &set.items {
            match &item.node {
                Selection::Field(field) => open.push(&field.node.selection_set.node),
                Selection::InlineFragment(inline) => open.push(&inline.node.selection_set.node),
                Selection::FragmentSpread(spread) => {
                    let name = spread.node.fragment_name.node.as_str();
                    if names.insert(name)
                        && let Some(definition) = fragments.get(name)
                    {
                        open.push(&definition.node.selection_set.node);
                    }
                }
            }
        }
    }
    names
}
