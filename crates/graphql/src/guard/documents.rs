//! A document for each operation: the guard measures, prices and remembers operations one by one.

use std::collections::HashSet;

use async_graphql::{
    Name, Positioned,
    parser::types::{DocumentOperations, ExecutableDocument, OperationDefinition, Selection},
};

/// Splits a document into one per operation, with the fragments that the operation uses, and those
/// that no operation uses, so that validation still finds them. The engine would call another
/// operation's fragments unused, and check its own variables against fragments that only other
/// operations use (async-graphql#1669).
pub fn split_operations(document: ExecutableDocument) -> Vec<(Option<Name>, ExecutableDocument)> {
    let operations = match document.operations {
        DocumentOperations::Single(_) => return vec![(None, document)],
        DocumentOperations::Multiple(operations) => operations,
    };
    if operations.len() == 1 {
        let name = operations.keys().next().cloned();
        let operations = DocumentOperations::Multiple(operations);
        return vec![(name, ExecutableDocument { operations, fragments: document.fragments })];
    }
    let fragment_names: Vec<(Name, HashSet<&str>)> =
        operations.iter().map(|(name, operation)| (name.clone(), reachable_fragments(&document.fragments, operation))).collect();
    let used_names: HashSet<&str> = fragment_names.iter().flat_map(|(_, names)| names.iter().copied()).collect();
    fragment_names
        .iter()
        .filter_map(|(name, own_fragments)| {
            let operation = operations.get(name)?.clone();
            let fragments = document
                .fragments
                .iter()
                .filter(|(fragment, _)| own_fragments.contains(fragment.as_str()) || !used_names.contains(fragment.as_str()))
                .map(|(fragment, definition)| (fragment.clone(), definition.clone()))
                .collect();
            let operations = DocumentOperations::Multiple([(name.clone(), operation)].into());
            Some((Some(name.clone()), ExecutableDocument { operations, fragments }))
        })
        .collect()
}

type Fragments = std::collections::HashMap<Name, Positioned<async_graphql::parser::types::FragmentDefinition>>;

fn reachable_fragments<'a>(fragments: &'a Fragments, operation: &'a Positioned<OperationDefinition>) -> HashSet<&'a str> {
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
