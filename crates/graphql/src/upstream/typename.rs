//! `__typename` with directives. The engine's validation skips such fields whole (`validation/visitor.rs`, `visit_selection`): a variable
//! used only there counts as unused, and unknown or repeated directives pass. On an inline fragment it sees them.

use async_graphql::{
    Positioned,
    parser::types::{DocumentOperations, ExecutableDocument, Field, InlineFragment, Selection, SelectionSet},
};

/// `x: __typename @d` becomes `... @d { x: __typename }` everywhere.
pub fn lift_directives_off_typename(document: &mut ExecutableDocument) {
    match &mut document.operations {
        DocumentOperations::Single(operation) => lift_directives(&mut operation.node.selection_set.node),
        DocumentOperations::Multiple(operations) => {
            for operation in operations.values_mut() {
                lift_directives(&mut operation.node.selection_set.node);
            }
        }
    }
    for fragment in document.fragments.values_mut() {
        lift_directives(&mut fragment.node.selection_set.node);
    }
}

fn lift_directives(set: &mut SelectionSet) {
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
            Selection::Field(field) => lift_directives(&mut field.node.selection_set.node),
            Selection::InlineFragment(inline) => lift_directives(&mut inline.node.selection_set.node),
            Selection::FragmentSpread(_) => {}
        }
    }
}

fn is_directed_typename(field: &Field) -> bool {
    field.name.node.as_str() == "__typename" && !field.directives.is_empty()
}

#[cfg(test)]
mod tests {
    use super::super::engine;

    #[tokio::test]
    async fn the_engine_still_calls_a_variable_of_typename_unused() {
        let answer =
            engine::answer("query($is: Boolean!) { __typename @include(if: $is) }", serde_json::json!({ "is": true })).await;
        assert!(answer.is_err(), "it sees directives of __typename now: see whether this file may go");
    }

    #[tokio::test]
    async fn the_engine_still_passes_an_unknown_directive_of_typename() {
        let answer = engine::answer("{ __typename @unheardOf }", serde_json::json!({})).await;
        assert!(answer.is_ok(), "it sees directives of __typename now: see whether this file may go");
    }
}
