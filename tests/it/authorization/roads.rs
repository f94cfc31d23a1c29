//! Objects that have a root field with a permission, reached by another road: whoever may not ask at the root is shown nothing on the way either.

mod exceptions;
mod of_whom;

use std::collections::{BTreeMap, BTreeSet};

use entity::prelude::{Actor, IntegrationId, MemberId};
use entrepot::access::Caller;
use serde_json::Value;

use super::{
    Needs::{May, Nothing},
    calls::{Calls, base, required},
    crossing::Part,
    just_enough, needs,
    world::World,
};
use crate::world::on_both;

mod no_road_leads_around_the_permission_of_an_objects_own_root {
    use super::{Part, World, on_both, walk};

    on_both!(part_1, part_2, part_3, part_4);

    async fn part_1(world: &World) {
        walk(world, Part { nth: 0, of: 4 }).await;
    }
    async fn part_2(world: &World) {
        walk(world, Part { nth: 1, of: 4 }).await;
    }
    async fn part_3(world: &World) {
        walk(world, Part { nth: 2, of: 4 }).await;
    }
    async fn part_4(world: &World) {
        walk(world, Part { nth: 3, of: 4 }).await;
    }
}

/// The road from an object to another: its type and field.
type Road = (String, String);

/// What the schema says of its roads.
struct Map {
    /// The permission of each type, said by itself or by its root field.
    needed: BTreeMap<String, String>,
    /// From each type: field, type, and what the field asks.
    roads: BTreeMap<String, Vec<(String, String, BTreeSet<String>)>>,
}

impl Map {
    fn of(calls: &Calls) -> Self {
        let mut needed = BTreeMap::new();
        for (_, field) in calls.roots().filter(|(operation, _)| *operation == "query") {
            if let (May(permission), kind) = (needs(field), behind(calls, &base(&field.ty.node)))
                && calls.is_composite(&kind)
            {
                // A figure that several rooms answer with is nobody's object.
                if needed.insert(kind.clone(), permission.to_owned()).is_some_and(|other| other != permission) {
                    assert_eq!(kind, "Count", "which permission is its own?");
                }
            }
        }
        needed.remove("Count");
        let mut roads = BTreeMap::new();
        for kind in calls.types().map(|kind| kind.name.node.as_str()).filter(|kind| !calls.fields(kind).is_empty()) {
            if let Some(own) = calls.needed_for(kind) {
                needed.insert(kind.to_owned(), own);
            }
            let road = |field: &async_graphql::Positioned<async_graphql::parser::types::FieldDefinition>| {
                let field = &field.node;
                (field.name.to_string(), behind(calls, &base(&field.ty.node)), asked_by(&field.directives))
            };
            roads.insert(kind.to_owned(), calls.fields(kind).iter().map(road).collect());
        }
        Self { needed, roads }
    }

    /// What has surely been asked of whoever holds an object of each type: what the type says, and what every road to it asks.
    fn asked(&self, calls: &Calls) -> BTreeMap<String, BTreeSet<String>> {
        let all: BTreeSet<String> = self.needed.values().cloned().collect();
        let own = |kind: &str| calls.needed_for(kind).into_iter().collect::<BTreeSet<_>>();
        let mut asked: BTreeMap<String, BTreeSet<String>> = self.roads.keys().map(|kind| (kind.clone(), all.clone())).collect();
        for root in ["Query", "Mutation", "Subscription"] {
            asked.insert(root.to_owned(), BTreeSet::new());
        }
        loop {
            let before = asked.clone();
            for (from, roads) in &self.roads {
                for (_, to, by_field) in roads {
                    let comes_with: BTreeSet<String> =
                        before[from].iter().chain(by_field).chain(own(to).iter()).cloned().collect();
                    if let Some(known) = asked.get_mut(to) {
                        known.retain(|one| comes_with.contains(one));
                    }
                }
            }
            if asked == before {
                return asked;
            }
        }
    }
}

/// What a `@requires` or a `@mask` asks.
fn asked_by(directives: &[async_graphql::Positioned<async_graphql::parser::types::ConstDirective>]) -> BTreeSet<String> {
    let mask = directives.iter().find(|directive| directive.node.name.node == "mask");
    let mask = mask.and_then(|directive| directive.node.get_argument("permission")).map(|text| text.node.to_string());
    required(directives).into_iter().chain(mask.map(|text| text.trim_matches('"').to_owned())).collect()
}

/// The objects of a page, where it is one.
fn behind(calls: &Calls, kind: &str) -> String {
    let nodes = calls.fields(kind).iter().find(|field| field.node.name.node == "nodes");
    nodes.map_or_else(|| kind.to_owned(), |nodes| base(&nodes.node.ty.node))
}

/// By the schema: what a road does not ask, the type itself does, or it stands in the list.
#[test]
fn each_road_to_an_object_asks_what_its_root_asks_or_is_an_exception() {
    let calls = Calls::of_the_schema();
    let map = Map::of(&calls);
    assert!(map.needed.len() > 40, "{:#?}", map.needed);
    let asked = map.asked(&calls);
    let (mut around, mut used) = (Vec::new(), BTreeSet::new());
    for (from, roads) in &map.roads {
        // The pages of a list ask what the list asked; roots have a test of their own.
        if ["Query", "Mutation", "Subscription"].contains(&from.as_str())
            || from.ends_with("Connection")
            || from.ends_with("Edge")
        {
            continue;
        }
        for (field, to, by_field) in roads {
            let Some(needed) = map.needed.get(to) else { continue };
            if calls.needed_for(to).is_some() || by_field.contains(needed) || asked[from].contains(needed) {
                continue;
            }
            let road = format!("{from}.{field}");
            match exceptions::EXCEPTIONS.iter().find(|(known, _)| *known == road) {
                Some((known, _)) => drop(used.insert(*known)),
                None => around.push(format!("{road} leads to a {to} without {needed}")),
            }
        }
    }
    assert!(around.is_empty(), "{} roads ask less than the root: {around:#?}", around.len());
    let idle: Vec<_> = exceptions::EXCEPTIONS.iter().filter(|(road, _)| !used.contains(road)).collect();
    assert!(idle.is_empty(), "exceptions that are none: {idle:#?}");
}

/// The objects of an answer with the road that led to each.
fn roads(value: &Value, from: Option<&Road>, found: &mut BTreeSet<(Road, String)>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| roads(item, from, found)),
        Value::Object(fields) => {
            let kind = fields.get("__typename").and_then(Value::as_str).unwrap_or_default();
            // A page stands for what led to it.
            let is_page = kind.ends_with("Connection") || kind.ends_with("Edge");
            if let Some(from) = from.filter(|(parent, _)| !is_page && !parent.is_empty()) {
                found.insert((from.clone(), kind.to_owned()));
            }
            for (name, field) in fields {
                let own = (kind.to_owned(), name.clone());
                roads(field, if is_page { from } else { Some(&own) }, found);
            }
        }
        _ => {}
    }
}

/// As it runs: whoever may call a root field and nothing else meets no object that they could not ask for at its own root.
async fn walk(world: &World, part: Part) {
    let calls = Calls::of_the_schema();
    let map = Map::of(&calls);
    let house = &world.ours;
    let is_ours = |kind: &str| map.roads.keys().position(|known| known == kind).is_some_and(|place| part.has(place));
    let (mut around, mut walked, mut tried) = (BTreeSet::new(), BTreeSet::new(), BTreeMap::new());
    for (operation, field) in calls.roots().filter(|(_, field)| needs(field) != Nothing) {
        let permissions = [just_enough(field)];
        // Somebody else than who made the rows: callers may see themselves.
        let person = Caller { actor: Actor::member(MemberId::NIL), ..house.only(&permissions) };
        let program = Caller { actor: Actor::integration(IntegrationId::NIL), ..person.clone() };
        for way in calls.ways(field, 4).iter().filter(|way| is_ours(&way.kind)) {
            // Each object below, by itself: where one is refused the others are shown all the same.
            for (_, selection) in calls.selections(&way.kind).into_iter().filter(|(_, one)| one.contains("__typename")) {
                // A field is a resolver of its type's: whoever leads there, two roots of the same permission show as much as twenty.
                let times: &mut u32 = tried.entry((permissions, way.kind.clone(), selection.clone())).or_default();
                *times += 1;
                if *times > 2 {
                    continue;
                }
                let caller = if *times == 1 { &person } else { &program };
                let variables = calls.variables(house, field, None);
                let document = calls.document(operation, field, &variables, &way.selection(&selection));
                let answer = world.ask(house, Some(caller.clone()), &document, &variables).await;
                let mut met = BTreeSet::new();
                let of_root = answer["data"].as_object().into_iter().flat_map(|data| data.values());
                of_root.for_each(|value| roads(value, Some(&(String::new(), String::new())), &mut met));
                for ((parent, name), kind) in met {
                    let road = format!("{parent}.{name}");
                    let Some(needed) = map.needed.get(&kind).filter(|needed| !permissions.contains(&needed.as_str())) else {
                        continue;
                    };
                    walked.insert(road.clone());
                    // Who did something is named to whoever sees what they did: of a program that is its name.
                    let is_author = kind == "Integration"
                        && calls
                            .fields(&parent)
                            .iter()
                            .any(|one| one.node.name.node == *name && base(&one.node.ty.node) == "Actor");
                    if !is_author && !exceptions::EXCEPTIONS.iter().any(|(known, _)| *known == road) {
                        around.insert(format!("{road} shows a {kind} without {needed} to {permissions:?}: {document}"));
                    }
                }
            }
        }
    }
    assert!(walked.len() > 20 / part.of, "only these roads led to an object: {walked:?}");
    assert!(around.is_empty(), "{} roads around rights: {around:#?}", around.len());
}
