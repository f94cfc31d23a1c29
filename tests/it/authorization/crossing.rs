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

/// A quarter of the root fields each, side by side.
mod nothing_of_another_tenant_is_found_told_or_changed {
    use super::{Part, World, as_owner, on_both};

    on_both!(part_1, part_2, part_3, part_4);

    async fn part_1(world: &World) {
        as_owner(world, Part { nth: 0, of: 4 }).await;
    }
    async fn part_2(world: &World) {
        as_owner(world, Part { nth: 1, of: 4 }).await;
    }
    async fn part_3(world: &World) {
        as_owner(world, Part { nth: 2, of: 4 }).await;
    }
    async fn part_4(world: &World) {
        as_owner(world, Part { nth: 3, of: 4 }).await;
    }
}

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

/// The shape of an answer whatever the kind of the ID, which a refusal names by its prefix.
fn of_any_kind(shape: &Value, prefix: &str) -> String {
    shape.to_string().replace(&format!("{prefix}_"), "any_")
}

/// Which of the other tenant's ids are tried in a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tried {
    OfEveryKind,
    /// Where a place names its kind. An id of another one is refused by its prefix, before any statement: once is enough for those.
    OfTheKindNamed,
}

/// One of several tests that share what a long one would do alone.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    pub nth: usize,
    pub of: usize,
}

impl Part {
    pub const WHOLE: Self = Self { nth: 0, of: 1 };

    /// Whether what stands in this place of a list is this part's.
    pub fn has(self, place: usize) -> bool {
        place % self.of == self.nth
    }
}

async fn as_owner(world: &World, part: Part) {
    let is_embedded = Reads::backend(&world.node.db.tenant(world.ours.owner.tenant)) == Backend::Sqlite;
    let tried = if is_embedded { Tried::OfEveryKind } else { Tried::OfTheKindNamed };
    cross(world, &world.ours.owner, tried, part).await;
}

/// Tries ids of the other tenant in every place of the schema, as this caller of ours.
pub async fn cross(world: &World, caller: &Caller, tried: Tried, part: Part) {
    let calls = Calls::of_the_schema();
    let (ours, theirs) = (&world.ours, &world.theirs);
    let before = world.dump(theirs.owner.tenant).await;
    let (mut different, mut asked) = (Vec::new(), 0);
    for (_, (operation, field)) in calls.roots().enumerate().filter(|(place, _)| part.has(*place)) {
        let kind = base(&field.ty.node);
        let (all, some) = (calls.wide(&kind, 3), calls.wide(&kind, 1));
        for slot in calls.slots(field) {
            let fits = |prefix: &str| named(&field.name.node, &slot).is_none_or(|kind| kind == prefix);
            // What nobody's ID of a kind that the place does not name is answered. As a rule it is the same for all of them, and then the other
            // tenant's IDs of those kinds are compared with it; where one is answered otherwise, its own kind is asked too.
            let mut refused: Option<String> = None;
            for (prefix, id) in theirs.ids.iter().filter(|(prefix, _)| tried == Tried::OfEveryKind || fits(prefix)) {
                // An ID of another kind than the place names is refused before anything is found that could have depth.
                let selection = if fits(prefix) { &all } else { &some };
                let ask = async |id: &str| {
                    let variables = calls.variables(ours, field, Some((&slot, id)));
                    let document = calls.document(operation, field, &variables, selection);
                    let answer = world.ask(ours, Some(caller.clone()), &document, &variables).await;
                    assert!(
                        !answer.to_string().contains(theirs.word),
                        "{} by {slot:?} = {id} tells of the other tenant: {answer:#}",
                        field.name
                    );
                    shape(&answer)
                };
                asked += 1;
                if let Some(refused) = refused.as_ref().filter(|_| !fits(prefix))
                    && of_any_kind(&ask(id.as_str()).await, prefix) == *refused
                {
                    continue;
                }
                let (of_nobody, of_theirs) = (ask(made_up(world, id).as_str()).await, ask(id.as_str()).await);
                if !fits(prefix) {
                    refused = Some(of_any_kind(&of_nobody, prefix));
                }
                if of_nobody != of_theirs {
                    different.push(format!(
                        "{} by {slot:?}, a {prefix}: nobody's → {of_nobody}, the other tenant's → {of_theirs}",
                        field.name
                    ));
                }
            }
        }
    }
    let least = if tried == Tried::OfEveryKind { 8_000 } else { 200 };
    assert!(asked > least / part.of, "only {asked} crossings were tried");
    assert!(different.is_empty(), "{} of {asked} answers tell theirs from nobody's: {different:#?}", different.len());
    assert_eq!(world.dump(theirs.owner.tenant).await, before, "the other tenant's rows changed");
}
