//! Whether an operation's answer depends on the person who calls, according to the directives of
//! its types and fields.

use std::collections::{HashMap, HashSet};

use async_graphql::{
    Name, Positioned,
    parser::types::{ExecutableDocument, FragmentDefinition, Selection, SelectionSet},
};

use crate::{schema_index::SchemaIndex, session::Visibility};

/// Returns the visibility of the only operation of a document that has passed the guard's limits.
/// The answer depends on rights alone if each selected field, regardless of conditions, is known,
/// is not `@personal`, and returns a type that is `@shared`; any other answer depends on the
/// person.
pub fn of(document: &ExecutableDocument, schema_index: &SchemaIndex) -> Visibility {
    let mut visitor = VisibilityVisitor { schema_index, fragments: &document.fragments, followed: HashSet::new() };
    let operation = document.operations.iter().next().map(|(_, operation)| &operation.node);
    let root = operation.and_then(|operation| Some((schema_index.root(operation.ty)?, &operation.selection_set.node)));
    match root {
        Some((root, set)) if visitor.is_shared(root, set) => Visibility::ByRights,
        _ => Visibility::PerUser,
    }
}

struct VisibilityVisitor<'a> {
    schema_index: &'a SchemaIndex,
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    /// Fragments that were visited: once is enough, however often they are spread.
    followed: HashSet<&'a Name>,
}

impl<'a> VisibilityVisitor<'a> {
    fn is_shared(&mut self, type_name: &str, set: &'a SelectionSet) -> bool {
        set.items.iter().all(|item| match &item.node {
            Selection::Field(field) => {
                let name = field.node.name.node.as_str();
                if name == "__typename" {
                    return true;
                }
                let Some(definition) = self.schema_index.field(type_name, name).filter(|definition| !definition.is_personal)
                else {
                    return false;
                };
                match self.schema_index.composite(&definition.of) {
                    Some(kind) => kind.is_shared && self.is_shared(&definition.of, &field.node.selection_set.node),
                    None => field.node.selection_set.node.items.is_empty(),
                }
            }
            Selection::InlineFragment(inline) => {
                let on = inline.node.type_condition.as_ref().map_or(type_name, |on| on.node.on.node.as_str());
                self.is_shared(on, &inline.node.selection_set.node)
            }
            Selection::FragmentSpread(spread) => {
                let Some((name, fragment)) = self.fragments.get_key_value(&spread.node.fragment_name.node) else { return false };
                let on = fragment.node.type_condition.node.on.node.as_str();
                !self.followed.insert(name) || self.is_shared(on, &fragment.node.selection_set.node)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    const SDL: &str = "schema { query: Query subscription: Subscription }
        directive @shared on OBJECT
        directive @personal on FIELD_DEFINITION
        interface Node { id: ID! }
        type Query { a: A }
        type Subscription { changed: Change! }
        type Change @shared { a: A, b: B, c: C, any: Any, node: Node, count: Int!, strange: Nowhere }
        type A implements Node @shared { id: ID!, name: String, seen: Boolean @personal, a: A }
        type B implements Node { id: ID! }
        type C @shared { name: String }
        union Any = A | B
        union Both = A | C";

    fn seen(query: &str) -> Visibility {
        of(&parse_query(query).unwrap(), &SchemaIndex::of(SDL).unwrap())
    }

    #[test]
    fn what_the_schema_says_of_rights_alone_is_shared() {
        for query in [
            "subscription { changed { count a { id name a { name } } c { name } } }",
            "subscription { __typename ...F } fragment F on Subscription { changed { ...G ...G } } fragment G on Change { a { ... on A { id } } }",
        ] {
            assert_eq!(seen(query), Visibility::ByRights, "{query}");
        }
    }

    #[test]
    fn whatever_else_is_the_persons() {
        for query in [
            "subscription { changed { a { seen } } }",
            "subscription { changed { a { seen @skip(if: true) } } }",
            "subscription { changed { b { id } } }",
            "subscription { changed { b { __typename } } }",
            // A union or an interface may return types that are not marked.
            "subscription { changed { any { __typename } } }",
            "subscription { changed { any { ... on A { id } } } }",
            "subscription { changed { node { ... on A { id } } } }",
            "subscription { changed { ...F } } fragment F on Change { ... on Change { a { ... { seen } } } }",
            // Fields and types that the schema does not have.
            "subscription { changed { strange { id } } }",
            "subscription { changed { gone } }",
            "subscription { changed { ...Gone } }",
            "subscription { __schema { types { name } } }",
            "subscription { unknown { id } }",
        ] {
            assert_eq!(seen(query), Visibility::PerUser, "{query}");
        }
    }
}
