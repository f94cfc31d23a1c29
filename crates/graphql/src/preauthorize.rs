//! Checks the permissions of all fields of a mutation before the first of them runs. The engine
//! checks each when its turn comes: fields before it would have run by then, and as a refusal
//! leaves no data, the answer would mention only the refused one.

use std::any::TypeId;

use async_graphql::{
    Data, Positioned, Variables,
    parser::types::{Directive, DocumentOperations, ExecutableDocument, Field, OperationType, Selection, SelectionSet},
};
use async_graphql_value::{ConstValue, Value};
use iam::access::Caller;

use super::schema_index::SchemaIndex;

/// Removes all fields of a mutation except those whose permission the caller lacks, if there are
/// any: each is refused in its place, and nothing runs. The stores in which a permission is held
/// are checked by the field itself. The document must have been measured: fragments end.
pub fn keep_refused_fields(document: &mut ExecutableDocument, schema_index: &SchemaIndex, variables: &Variables, data: &Data) {
    let caller = data.get(&TypeId::of::<Caller>()).and_then(|caller| caller.downcast_ref::<Caller>());
    let (Some(caller), Some(root)) = (caller, schema_index.root(OperationType::Mutation)) else { return };
    let lacks_permission = |field: &Field| {
        let required_code = schema_index.field(root, &field.name.node).and_then(|field| field.requires.as_deref());
        required_code.is_some_and(|code| !caller.permissions.codes().any(|permission| permission.code == code))
    };
    let search = SelectionSearch { document, variables };
    if !document.operations.iter().any(|(_, definition)| search.any(&definition.node.selection_set.node, &lacks_permission)) {
        return;
    }
    match &mut document.operations {
        DocumentOperations::Single(definition) => retain_fields(&mut definition.node.selection_set.node, &lacks_permission),
        DocumentOperations::Multiple(definitions) => {
            definitions
                .values_mut()
                .for_each(|definition| retain_fields(&mut definition.node.selection_set.node, &lacks_permission));
        }
    }
    for fragment in document.fragments.values_mut().filter(|definition| definition.node.type_condition.node.on.node == *root) {
        retain_fields(&mut fragment.node.selection_set.node, &lacks_permission);
    }
}

struct SelectionSearch<'a> {
    document: &'a ExecutableDocument,
    variables: &'a Variables,
}

impl SelectionSearch<'_> {
    /// Whether a set selects such a field, in its fragments too. The recursion is as deep as the
    /// operation.
    fn any(&self, set: &SelectionSet, is_one: &impl Fn(&Field) -> bool) -> bool {
        set.items.iter().filter(|item| !self.is_left_out(item.node.directives())).any(|item| match &item.node {
            Selection::Field(field) => is_one(&field.node),
            Selection::InlineFragment(inline) => self.any(&inline.node.selection_set.node, is_one),
            Selection::FragmentSpread(spread) => {
                let found = self.document.fragments.get(&spread.node.fragment_name.node);
                found.is_some_and(|fragment| self.any(&fragment.node.selection_set.node, is_one))
            }
        })
    }

    /// Whether `@skip` or `@include` leaves a selection out.
    fn is_left_out(&self, directives: &[Positioned<Directive>]) -> bool {
        directives.iter().any(|directive| {
            let leaves_out = match directive.node.name.node.as_str() {
                "skip" => true,
                "include" => false,
                _ => return false,
            };
            match directive.node.get_argument("if").map(|value| &value.node) {
                Some(Value::Boolean(value)) => *value == leaves_out,
                Some(Value::Variable(name)) => self.variables.get(name) == Some(&ConstValue::Boolean(leaves_out)),
                _ => false,
            }
        })
    }
}

fn retain_fields(set: &mut SelectionSet, is_kept: &impl Fn(&Field) -> bool) {
    set.items.retain_mut(|item| match &mut item.node {
        Selection::Field(field) => is_kept(&field.node),
        Selection::InlineFragment(inline) => {
            retain_fields(&mut inline.node.selection_set.node, is_kept);
            true
        }
        Selection::FragmentSpread(_) => true,
    });
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;
    use entity::prelude::{Actor, ActorKind, TenantId};

    use super::*;
    use iam::access::{PermissionSet, REGISTRY};

    /// Returns the names of the root fields of a mutation that run for a caller who may write
    /// orders and not cancel them.
    fn run(query: &str, variables: serde_json::Value) -> Vec<String> {
        let sdl = "schema { query: Query mutation: Mutation } type Query { a: Int } type Mutation {
            make: Int @requires(permission: \"order.write\") cancel: Int @requires(permission: \"order.cancel\") ping: Int @authenticated }
            directive @requires(permission: String!) on FIELD_DEFINITION directive @authenticated on FIELD_DEFINITION";
        let schema_index = SchemaIndex::of(sdl).unwrap();
        let mut permissions = PermissionSet::default();
        permissions.insert(REGISTRY.iter().position(|known| known.code == "order.write").unwrap());
        let actor = Actor { kind: ActorKind::Member, id: TenantId::NIL.uuid() };
        let mut data = Data::default();
        data.insert(Caller::new(TenantId::NIL, actor, permissions));
        let mut document = parse_query(query).unwrap();
        keep_refused_fields(&mut document, &schema_index, &Variables::from_json(variables), &data);
        let mut names = Vec::new();
        let mut sets: Vec<&SelectionSet> = document.operations.iter().map(|(_, one)| &one.node.selection_set.node).collect();
        while let Some(set) = sets.pop() {
            for item in &set.items {
                match &item.node {
                    Selection::Field(field) => names.push(field.node.name.node.to_string()),
                    Selection::InlineFragment(inline) => sets.push(&inline.node.selection_set.node),
                    Selection::FragmentSpread(spread) => {
                        sets.push(&document.fragments[&spread.node.fragment_name.node].node.selection_set.node);
                    }
                }
            }
        }
        names
    }

    #[test]
    fn nothing_runs_beside_what_may_not() {
        let none = || serde_json::json!({});
        assert_eq!(run("mutation { make ping again: make }", none()), ["make", "ping", "make"]);
        assert_eq!(run("mutation { make cancel ping }", none()), ["cancel"]);
        assert_eq!(run("mutation { make ...F ... { ping } } fragment F on Mutation { make cancel }", none()), ["cancel"]);
        // Fields that a directive leaves out need no permission.
        assert_eq!(run("mutation { make cancel @skip(if: true) }", none()), ["make", "cancel"]);
        let query = "mutation($really: Boolean!) { make ... @include(if: $really) { cancel } }";
        assert_eq!(run(query, serde_json::json!({ "really": false })), ["make", "cancel"]);
        assert_eq!(run(query, serde_json::json!({ "really": true })), ["cancel"]);
    }
}
