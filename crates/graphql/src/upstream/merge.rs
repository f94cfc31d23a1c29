//! Fields that are selected more than once under one name are one field with all their selections
//! (October 2021 specification, §6.3.2 CollectFields and MergeSelectionSets). async-graphql
//! resolves each separately: a mutation runs twice, in a list that is written as one text the
//! second hides the first, and the selections of two fragments on one object are lost. It also
//! begins no stream for a subscription whose field is in a fragment. So such an operation is
//! executed in a form in which each name occurs once and no fragment is left whose type is known;
//! validation uses the document as it was sent.

use std::collections::{HashMap, HashSet};

use async_graphql::{
    Name, Pos, Positioned, Value, Variables,
    parser::types::{
        Directive, DocumentOperations, ExecutableDocument, Field, InlineFragment, OperationType, Selection, SelectionSet,
        TypeCondition,
    },
};
use async_graphql_value::Value as InputValue;

use crate::{code::Code, guard::Refusal, schema_index::SchemaIndex};

/// Document that is executed instead of the written one.
pub enum Merged {
    Always(ExecutableDocument),
    /// A name occurs under several conditions, none of them certain: the fields are merged once the
    /// values of the conditions are known.
    ByValues,
}

/// Returns the operation with each name once; `None` if it is so already. It must have been
/// measured: fragments are inlined. With `values`, which has all variables that its conditions read,
/// conditions are resolved: an operation that passed without them passes with any.
///
/// # Errors
/// Two fields want one name, or a subscription has several.
pub fn merge_fields(
    document: &ExecutableDocument,
    schema_index: &SchemaIndex,
    values: Option<&Variables>,
) -> Result<Option<Merged>, Refusal> {
    let Some((_, operation)) = document.operations.iter().next() else { return Ok(None) };
    let (root, kind) = (&operation.node.selection_set, operation.node.ty);
    let mut merge = Merge { document, schema_index, values, is_changed: false, is_open: false };
    let root_type = schema_index.root(kind).map_or("", Name::as_str);
    let items = merge.set(root_type, &[Part { conditions: Vec::new(), set: &root.node }])?;
    if kind == OperationType::Subscription {
        if items.len() > 1 {
            return Err(refusal("a subscription has one field at its root", items.iter().map(|item| item.pos).collect()));
        }
        merge.is_changed |= !root.node.items.iter().all(|item| matches!(item.node, Selection::Field(_)));
    }
    if !merge.is_changed {
        return Ok(None);
    }
    let mut operation = operation.clone();
    operation.node.selection_set.node.items = items;
    let document = ExecutableDocument { operations: DocumentOperations::Single(operation), fragments: HashMap::new() };
    Ok(Some(if merge.is_open { Merged::ByValues } else { Merged::Always(document) }))
}

/// Conditions of a selection: `@skip` and `@include` of itself and of the fragments around it.
type Conditions<'a> = Vec<&'a Positioned<Directive>>;

/// A selection set that is merged into another one.
struct Part<'a> {
    conditions: Conditions<'a>,
    set: &'a SelectionSet,
}

/// Selections of one place.
enum Group<'a> {
    /// All selections under one name.
    Fields { key: &'a Name, found: Vec<(Conditions<'a>, Pos, &'a Field)> },
    /// Selections on one type, where the place may return others.
    Within { on: &'a Name, conditions: Conditions<'a>, pos: Pos, parts: Vec<Part<'a>> },
}

struct Merge<'a> {
    document: &'a ExecutableDocument,
    schema_index: &'a SchemaIndex,
    values: Option<&'a Variables>,
    is_changed: bool,
    is_open: bool,
}

impl<'a> Merge<'a> {
    /// Collects the selections of all parts, on type `type_name`. The recursion is as deep as the
    /// operation.
    fn set(&mut self, type_name: &str, parts: &[Part<'a>]) -> Result<Vec<Positioned<Selection>>, Refusal> {
        let (mut groups, mut visited) = (Vec::new(), HashSet::new());
        for part in parts {
            self.collect(type_name, &part.conditions, part.set, &mut groups, &mut visited);
        }
        let mut items = Vec::with_capacity(groups.len());
        for group in groups {
            match group {
                Group::Fields { key, found } => self.fields(type_name, key, found, &mut items)?,
                Group::Within { on, conditions, pos, parts } => {
                    let inner_items = self.set(on, &parts)?;
                    let on = TypeCondition { on: Positioned::new(on.clone(), pos) };
                    items.push(wrap_in_conditions(Some(Positioned::new(on, pos)), inner_items, &conditions, pos));
                }
            }
        }
        Ok(items)
    }

    fn collect(
        &mut self,
        type_name: &str,
        outer_conditions: &Conditions<'a>,
        set: &'a SelectionSet,
        groups: &mut Vec<Group<'a>>,
        visited: &mut HashSet<&'a Name>,
    ) {
        for item in &set.items {
            let mut conditions = outer_conditions.clone();
            if !item.node.directives().iter().all(|directive| self.may_be_selected(directive, &mut conditions)) {
                continue;
            }
            let (on, inner_set) = match &item.node {
                Selection::Field(field) => {
                    add_field(groups, conditions, item.pos, &field.node);
                    continue;
                }
                Selection::InlineFragment(inline) => {
                    (inline.node.type_condition.as_ref().map(|on| &on.node.on.node), &inline.node.selection_set.node)
                }
                Selection::FragmentSpread(spread) => {
                    // An unknown fragment is left to validation.
                    let name = &spread.node.fragment_name.node;
                    let Some((name, fragment)) = self.document.fragments.get_key_value(name) else { continue };
                    if conditions.is_empty() && !visited.insert(name) {
                        self.is_changed = true;
                        continue;
                    }
                    (Some(&fragment.node.type_condition.node.on.node), &fragment.node.selection_set.node)
                }
            };
            match on {
                Some(on) if !self.schema_index.implements_type(type_name, on) => {
                    self.is_open |= add_within(groups, on, conditions, item.pos, inner_set);
                }
                _ => self.collect(type_name, &conditions, inner_set, groups, visited),
            }
        }
    }

    /// Whether a selection under this directive may be selected. An unresolved condition is added
    /// to its conditions.
    fn may_be_selected(&self, directive: &'a Positioned<Directive>, conditions: &mut Conditions<'a>) -> bool {
        let is_included = self.values.and_then(|values| {
            let is_met = match &directive.node.get_argument("if")?.node {
                InputValue::Boolean(value) => *value,
                InputValue::Variable(name) => values.get(name) == Some(&Value::Boolean(true)),
                _ => return None,
            };
            Some(match directive.node.name.node.as_str() {
                "include" => is_met,
                "skip" => !is_met,
                _ => return None,
            })
        });
        if is_included.is_none() {
            conditions.push(directive);
        }
        is_included != Some(false)
    }

    /// Merges all selections under one name into one field.
    fn fields(
        &mut self,
        type_name: &str,
        key: &Name,
        occurrences: Vec<(Conditions<'a>, Pos, &'a Field)>,
        items: &mut Vec<Positioned<Selection>>,
    ) -> Result<(), Refusal> {
        let Some((first_conditions, pos, first_field)) = occurrences.first().cloned() else { return Ok(()) };
        if occurrences.iter().any(|(_, _, field)| !is_same_call(first_field, field)) {
            let message = format!("different fields or arguments are wanted as \"{key}\": give one of them an alias");
            return Err(refusal(message, occurrences.iter().map(|(_, pos, _)| *pos).collect()));
        }
        self.is_changed |= occurrences.len() > 1;
        let is_alike = occurrences.iter().all(|(conditions, _, _)| are_same(conditions, &first_conditions));
        self.is_open |= !is_alike && occurrences.iter().all(|(conditions, _, _)| !conditions.is_empty());
        // Equal conditions stay at the field; different ones move to the selections below it.
        let common_conditions = if is_alike { first_conditions } else { Vec::new() };
        let parts: Vec<Part<'a>> = occurrences
            .into_iter()
            .map(|(conditions, _, field)| Part {
                conditions: if is_alike { Vec::new() } else { conditions },
                set: &field.selection_set.node,
            })
            .collect();
        let field_type = self.schema_index.field(type_name, &first_field.name.node).map_or("", |field| field.of.as_str());
        let inner_items = self.set(field_type, &parts)?;
        let selection_set = Positioned::new(SelectionSet { items: inner_items }, first_field.selection_set.pos);
        let (alias, name, arguments) = (first_field.alias.clone(), first_field.name.clone(), first_field.arguments.clone());
        let (own_directives, outer_conditions) = at_most_one_each(&common_conditions);
        let directives = own_directives.into_iter().cloned().collect();
        let field = Field { alias, name, arguments, directives, selection_set };
        let item = Positioned::new(Selection::Field(Positioned::new(field, pos)), pos);
        items.push(if outer_conditions.is_empty() { item } else { wrap_in_conditions(None, vec![item], &outer_conditions, pos) });
        Ok(())
    }
}

fn add_field<'a>(groups: &mut Vec<Group<'a>>, conditions: Conditions<'a>, pos: Pos, field: &'a Field) {
    let key = &field.response_key().node;
    let existing = groups.iter_mut().find_map(|group| match group {
        Group::Fields { key: existing, found } if *existing == key => Some(found),
        _ => None,
    });
    match existing {
        Some(found) => found.push((conditions, pos, field)),
        None => groups.push(Group::Fields { key, found: vec![(conditions, pos, field)] }),
    }
}

/// Whether the same type is selected under other conditions too.
fn add_within<'a>(
    groups: &mut Vec<Group<'a>>,
    on: &'a Name,
    conditions: Conditions<'a>,
    pos: Pos,
    set: &'a SelectionSet,
) -> bool {
    let part = Part { conditions: Vec::new(), set };
    let existing = groups.iter_mut().find_map(|group| match group {
        Group::Within { on: existing, conditions: other_conditions, parts, .. }
            if *existing == on && are_same(other_conditions, &conditions) =>
        {
            Some(parts)
        }
        _ => None,
    });
    if let Some(parts) = existing {
        parts.push(part);
        return false;
    }
    let is_open = groups.iter().any(|group| matches!(group, Group::Within { on: existing, .. } if *existing == on));
    groups.push(Group::Within { on, conditions, pos, parts: vec![part] });
    is_open
}

/// Builds an inline fragment under conditions: one fragment for as many as may be on one element.
fn wrap_in_conditions(
    type_condition: Option<Positioned<TypeCondition>>,
    items: Vec<Positioned<Selection>>,
    conditions: &Conditions<'_>,
    pos: Pos,
) -> Positioned<Selection> {
    let (own_directives, outer_conditions) = at_most_one_each(conditions);
    let directives = own_directives.into_iter().cloned().collect();
    let inline = InlineFragment { type_condition, directives, selection_set: Positioned::new(SelectionSet { items }, pos) };
    let item = Positioned::new(Selection::InlineFragment(Positioned::new(inline, pos)), pos);
    if outer_conditions.is_empty() { item } else { wrap_in_conditions(None, vec![item], &outer_conditions, pos) }
}

/// The first directive of each name, and the others: an element has each once.
fn at_most_one_each<'a>(conditions: &Conditions<'a>) -> (Conditions<'a>, Conditions<'a>) {
    let mut names = HashSet::new();
    conditions.iter().partition(|condition| names.insert(&condition.node.name.node))
}

fn is_same_call(a: &Field, b: &Field) -> bool {
    let has = |field: &Field, (name, value): &(Positioned<Name>, Positioned<async_graphql_value::Value>)| {
        field.get_argument(&name.node).is_some_and(|other| other.node == value.node)
    };
    a.name.node == b.name.node && a.arguments.len() == b.arguments.len() && a.arguments.iter().all(|argument| has(b, argument))
}

fn are_same(a: &Conditions<'_>, b: &Conditions<'_>) -> bool {
    let is_same = |a: &Directive, b: &Directive| {
        let arguments = |directive: &Directive| {
            directive.arguments.iter().map(|(name, value)| (name.node.clone(), value.node.clone())).collect()
        };
        let (left, right): (Vec<_>, Vec<_>) = (arguments(a), arguments(b));
        a.name.node == b.name.node && left == right
    };
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same(&a.node, &b.node))
}

fn refusal(message: impl Into<String>, locations: Vec<Pos>) -> Refusal {
    Refusal { code: Code::ValidationFailed, message: message.into(), locations, field: Vec::new() }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt;
    use serde_json::json;

    use super::super::engine;

    #[tokio::test]
    async fn the_engine_still_runs_a_repeated_mutation_twice() {
        let schema = engine::schema();
        schema.execute("mutation { count count }").await;
        let after = schema.execute("mutation { count }").await.data.into_json().unwrap();
        assert_eq!(after, json!({ "count": 3 }), "with 2 it merges fields: see whether this file may go");
    }

    #[tokio::test]
    async fn the_engine_still_begins_no_stream_of_a_fragment() {
        let schema = engine::schema();
        let whole = schema.execute_stream("subscription { ticks }").next().await;
        assert_eq!(whole.map(|answer| answer.data.into_json().unwrap()), Some(json!({ "ticks": 1 })));
        let spread = schema.execute_stream("subscription { ...All } fragment All on Changes { ticks }").next().await;
        assert!(spread.is_none(), "it begins the stream now: see whether this file may go");
    }
}
