//! One tenant names another's rows, everywhere an id can be named: nothing is found, nothing is told, nothing is changed.

use entrepot::{
    access::Caller,
    storage::{Backend, Reads},
};
use serde_json::{Map, Value};

use super::{
    calls::{Calls, base, named},
    world::World,
};
use crate::world::on_both;

on_both!(nothing_of_another_tenant_is_found_told_or_changed);

/// An id of the same kind that nobody has.
pub fn made_up(world: &World, like: &str) -> String {
    let fresh = world.node.clock.id::<entity::id::kind::ProductId>().to_string();
    let (prefix, _) = like.rsplit_once('_').unwrap();
    format!("{prefix}_{}", fresh.rsplit_once('_').unwrap().1)
}

/// An answer without what differs from call to call: ids, numbers, times, cursors.
pub fn shape(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(shape).collect(),
        Value::Object(fields) => {
            // A cursor is signed and carries the caller's own filter: it says nothing that they have not said.
            let of = |name: &str, field: &Value| {
                if name.to_lowercase().ends_with("cursor") { Value::from(field.is_string()) } else { shape(field) }
            };
            Value::Object(fields.iter().map(|(name, field)| (name.clone(), of(name, field))).collect::<Map<_, _>>())
        }
        Value::Number(_) => Value::from(0),
        // A link is sealed anew in each answer.
        Value::String(text) if text.starts_with("/files/") => Value::from("/files/"),
        Value::String(text) => Value::from(plain(text)),
        other => other.clone(),
    }
}

/// Words that look like ids lose what follows their prefix; digits are all the same.
fn plain(text: &str) -> String {
    let is_id = |word: &str| {
        word.len() == 30
            && word.as_bytes()[3] == b'_'
            && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    let words = text.split_inclusive(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let mut out = String::new();
    for word in words {
        let core = word.trim_end_matches(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        if is_id(core) {
            out.push_str(&core[..4]);
            out.push_str(&word[core.len()..]);
        } else {
            out.extend(word.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }));
        }
    }
    out
}

/// Which of the other tenant's ids are tried in a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tried {
    OfEveryKind,
    /// Where a place names its kind. An id of another one is refused by its prefix, before any statement: once is enough for those.
    OfTheKindNamed,
}

async fn nothing_of_another_tenant_is_found_told_or_changed(world: &World) {
    let is_embedded = Reads::backend(&world.node.db.tenant(world.ours.owner.tenant)) == Backend::Sqlite;
    let tried = if is_embedded { Tried::OfEveryKind } else { Tried::OfTheKindNamed };
    cross(world, &world.ours.owner, tried).await;
}

/// Tries ids of the other tenant in every place of the schema, as this caller of ours.
pub async fn cross(world: &World, caller: &Caller, tried: Tried) {
    let calls = Calls::of_the_schema();
    let (ours, theirs) = (&world.ours, &world.theirs);
    let before = world.dump(theirs.owner.tenant).await;
    let (mut different, mut asked) = (Vec::new(), 0);
    for (operation, field) in calls.roots() {
        let all = calls.wide(&base(&field.ty.node), 3);
        for slot in calls.slots(field) {
            let fits =
                |prefix: &str| tried == Tried::OfEveryKind || named(&field.name.node, &slot).is_none_or(|kind| kind == prefix);
            for (prefix, id) in theirs.ids.iter().filter(|(prefix, _)| fits(prefix)) {
                let mut answers = Vec::new();
                for id in [made_up(world, id), id.clone()] {
                    let variables = calls.variables(ours, field, Some((&slot, &id)));
                    let document = calls.document(operation, field, &variables, &all);
                    let answer = world.ask(ours, Some(caller.clone()), &document, &variables).await;
                    assert!(
                        !answer.to_string().contains(theirs.word),
                        "{} by {slot:?} = {id} tells of the other tenant: {answer:#}",
                        field.name
                    );
                    answers.push(shape(&answer));
                }
                asked += 1;
                if answers[0] != answers[1] {
                    different.push(format!(
                        "{} by {slot:?}, a {prefix}: nobody's → {}, the other tenant's → {}",
                        field.name, answers[0], answers[1]
                    ));
                }
            }
        }
    }
    let least = if tried == Tried::OfEveryKind { 8_000 } else { 200 };
    assert!(asked > least, "only {asked} crossings were tried");
    assert!(different.is_empty(), "{} of {asked} answers tell theirs from nobody's: {different:#?}", different.len());
    assert_eq!(world.dump(theirs.owner.tenant).await, before, "the other tenant's rows changed");
}
