//! One tenant names another's rows in each place of an ID: nothing is found, revealed or changed.

use async_graphql::parser::types::FieldDefinition;
use entrepot::{
    access::Caller,
    storage::{Backend, Reads},
};
use serde_json::Value;

pub use super::shapes::{made_up, shape};
use super::{
    calls::{Calls, Path, base, least, named},
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

/// The shape of an answer without the prefix of the ID, which refusals contain.
fn of_any_kind(shape: &Value, prefix: &str) -> String {
    shape.to_string().replace(&format!("{prefix}_"), "any_")
}

/// IDs of the other tenant that are tried in a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tried {
    OfEveryKind,
    /// Only IDs of the kind that a place names. An ID of another kind is refused by its prefix,
    /// before any statement: once is enough for those.
    OfTheKindNamed,
}

/// One of several tests that split the work of a long one.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    pub nth: usize,
    pub of: usize,
}

impl Part {
    pub const WHOLE: Self = Self { nth: 0, of: 1 };

    /// Whether the item at this index of a list belongs to this part.
    pub fn has(self, place: usize) -> bool {
        place % self.of == self.nth
    }

    /// This whole part on SQLite, and a quarter of it on Postgres: for checks above the database,
    /// which answer alike on both.
    pub fn above_the_database(self, world: &World) -> Self {
        if is_embedded(world) { self } else { Self { of: self.of * 4, ..self } }
    }
}

async fn as_owner(world: &World, part: Part) {
    let tried = if is_embedded(world) { Tried::OfEveryKind } else { Tried::OfTheKindNamed };
    cross(world, &world.ours.owner, tried, part).await;
}

fn is_embedded(world: &World) -> bool {
    Reads::backend(&world.node.db.tenant(world.ours.owner.tenant)) == Backend::Sqlite
}

/// A place of an ID in a root field, called by a caller of ours.
struct Place<'c> {
    world: &'c World,
    calls: &'c Calls,
    caller: &'c Caller,
    root: (&'static str, &'c FieldDefinition),
    slot: Path,
}

impl Place<'_> {
    /// The answer to an ID in this place. It tells nothing of the other tenant.
    async fn look_up(&self, id: &str, selection: &str) -> Value {
        let (world, (operation, field)) = (self.world, self.root);
        let variables = self.calls.variables(&world.ours, field, Some((&self.slot, id)));
        let document = self.calls.document(operation, field, &variables, selection);
        let answer = world.execute(&world.ours, Some(self.caller.clone()), &document, &variables).await;
        assert!(
            !answer.to_string().contains(world.theirs.word),
            "{} by {:?} = {id} tells of the other tenant: {answer:#}",
            field.name,
            self.slot
        );
        answer
    }

    /// Answers to an ID of the same kind that does not exist, and to this one.
    async fn both(&self, id: &str, selection: &str) -> [Value; 2] {
        [self.look_up(&made_up(self.world, id), selection).await, self.look_up(id, selection).await]
    }

    /// The shapes of both answers, in full depth. A query that takes any kind of ID gets a shallow
    /// selection first; if the answers show no object with more fields, a deeper selection could
    /// show nothing more.
    async fn shapes(&self, id: &str, is_of_any_kind: bool) -> [Value; 2] {
        let kind = base(&self.root.1.ty.node);
        if is_of_any_kind && self.root.0 == "query" {
            let little = self.both(id, &self.calls.wide(&kind, 1)).await;
            let shapes = little.each_ref().map(shape);
            if shapes[0] != shapes[1] || !little.iter().any(|answer| self.calls.goes_on(&answer["data"])) {
                return shapes;
            }
        }
        self.both(id, &self.calls.wide(&kind, 3)).await.map(|answer| shape(&answer))
    }

    /// The selection that detects whether another ID is refused as this one was. After an answer
    /// with nothing but refusals the least selection is enough: an accepted ID would show data, or
    /// no refusals.
    fn telling(&self, refusal: &Value) -> String {
        let (_, field) = self.root;
        let (kind, shown) = (base(&field.ty.node), &refusal["data"][field.name.node.as_str()]);
        let refusals = shown[format!("{kind}_userErrors")].as_array();
        let is_bare = shown.is_null() || refusals.is_some_and(|refusals| !refusals.is_empty());
        if is_bare { least(self.calls, field).to_owned() } else { self.calls.wide(&kind, 1) }
    }
}

/// Tries ids of the other tenant in every place of the schema, as this caller of ours.
pub async fn cross(world: &World, caller: &Caller, tried: Tried, part: Part) {
    let calls = Calls::of_the_schema();
    let theirs = &world.theirs;
    let before = world.dump(theirs.owner.tenant).await;
    let (mut different, mut query_count) = (Vec::new(), 0);
    for (_, root) in calls.roots().enumerate().filter(|(place, _)| part.has(*place)) {
        let (_, field) = root;
        // An ID of another kind than the place names is refused before anything is found that could have depth.
        let some = calls.wide(&base(&field.ty.node), 1);
        for slot in calls.slots(field) {
            let meant = named(&field.name.node, &slot);
            let place = Place { world, calls: &calls, caller, root, slot };
            // The answer to an ID that does not exist, of a kind that the place does not name, with
            // its selection. As a rule it is the same for all such kinds, and then the other
            // tenant's IDs of those kinds are compared with it; a kind that is answered otherwise
            // is compared with an ID of its own kind.
            let mut refused: Option<(String, String)> = None;
            let mut is_first = true;
            for (prefix, id) in &theirs.ids {
                let fits = meant.is_none_or(|kind| kind == *prefix);
                if tried == Tried::OfTheKindNamed && !fits {
                    continue;
                }
                query_count += 1;
                if let Some((refused, selection)) = refused.as_ref().filter(|_| !fits)
                    && of_any_kind(&shape(&place.look_up(id, selection).await), prefix) == *refused
                {
                    continue;
                }
                let [of_nobody, of_theirs] = if fits {
                    // The first kind gets the full selection in any case.
                    let is_of_any_kind = meant.is_none() && !is_first;
                    is_first = false;
                    place.shapes(id, is_of_any_kind).await
                } else {
                    let both = place.both(id, &some).await;
                    let selection = place.telling(&both[0]);
                    let answer =
                        if selection == some { both[0].clone() } else { place.look_up(&made_up(world, id), &selection).await };
                    refused = Some((of_any_kind(&shape(&answer), prefix), selection));
                    both.map(|answer| shape(&answer))
                };
                if of_nobody != of_theirs {
                    different.push(format!(
                        "{} by {:?}, a {prefix}: nobody's → {of_nobody}, the other tenant's → {of_theirs}",
                        field.name, place.slot
                    ));
                }
            }
        }
    }
    let fewest = if tried == Tried::OfEveryKind { 8_000 } else { 200 };
    assert!(query_count > fewest / part.of, "only {query_count} crossings were tried");
    assert!(different.is_empty(), "{} of {query_count} answers tell theirs from nobody's: {different:#?}", different.len());
    assert_eq!(world.dump(theirs.owner.tenant).await, before, "the other tenant's rows changed");
}
