//! Objects that have a root field with a permission, reached by another path: a caller without the permission is not shown them there either.

mod exceptions;
mod of_whom;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use async_graphql::{
    Error, Pos, Positioned, ServerError,
    parser::types::{ConstDirective, FieldDefinition},
};
use entity::prelude::{Actor, IntegrationId, MemberId};
use entrepot::{
    access::Caller,
    graphql::{code::Code, fault::TopError},
};
use serde_json::{Value, json};

use super::{
    Needs::{May, Nothing},
    calls::{Calls, base, required},
    crossing::Part,
    just_enough, needs,
    typenames::told,
    world::World,
};
use crate::{support::reach::Way, world::on_both};

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

/// Permissions and roads of the schema.
struct Map {
    /// Permission of each type, declared by the type or by its root field.
    needed: BTreeMap<String, String>,
    /// From each type: field, type, and the permissions that the field requires.
    roads: BTreeMap<String, Vec<(String, String, BTreeSet<String>)>>,
}

impl Map {
    fn of(calls: &Calls) -> Self {
        let mut needed = BTreeMap::new();
        for (_, field) in calls.roots().filter(|(operation, _)| *operation == "query") {
            if let (May(permission), kind) = (needs(field), behind(calls, &base(&field.ty.node)))
                && calls.is_composite(&kind)
            {
                // A count is returned by several rooms and has no permission of its own.
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
            let road = |field: &Positioned<FieldDefinition>| {
                let field = &field.node;
                (field.name.to_string(), behind(calls, &base(&field.ty.node)), asked_by(&field.directives))
            };
            roads.insert(kind.to_owned(), calls.fields(kind).iter().map(road).collect());
        }
        Self { needed, roads }
    }

    /// Returns the permissions that every holder of an object of each type has certainly been
    /// checked for: those of the type, and those of every road to it.
    fn asked(&self, calls: &Calls) -> BTreeMap<String, BTreeSet<String>> {
        let all: BTreeSet<String> = self.needed.values().cloned().collect();
        let own = |kind: &str| calls.needed_for(kind).into_iter().collect::<BTreeSet<_>>();
        let mut requested_keys: BTreeMap<String, BTreeSet<String>> =
            self.roads.keys().map(|kind| (kind.clone(), all.clone())).collect();
        for root in ["Query", "Mutation", "Subscription"] {
            requested_keys.insert(root.to_owned(), BTreeSet::new());
        }
        loop {
            let before = requested_keys.clone();
            for (from, roads) in &self.roads {
                for (_, to, by_field) in roads {
                    let comes_with: BTreeSet<String> =
                        before[from].iter().chain(by_field).chain(own(to).iter()).cloned().collect();
                    if let Some(known) = requested_keys.get_mut(to) {
                        known.retain(|one| comes_with.contains(one));
                    }
                }
            }
            if requested_keys == before {
                return requested_keys;
            }
        }
    }
}

/// Returns the permissions that a `@requires` or a `@mask` names.
fn asked_by(directives: &[Positioned<ConstDirective>]) -> BTreeSet<String> {
    let mask = directives.iter().find(|directive| directive.node.name.node == "mask");
    let mask = mask.and_then(|directive| directive.node.get_argument("permission")).map(|text| text.node.to_string());
    required(directives).into_iter().chain(mask.map(|text| text.trim_matches('"').to_owned())).collect()
}

/// The objects of a page, where it is one.
fn behind(calls: &Calls, kind: &str) -> String {
    let nodes = calls.fields(kind).iter().find(|field| field.node.name.node == "nodes");
    nodes.map_or_else(|| kind.to_owned(), |nodes| base(&nodes.node.ty.node))
}

/// By the schema: a permission that a field does not require is required by the type itself, or the field is in `EXCEPTIONS`.
#[test]
fn each_road_to_an_object_asks_what_its_root_asks_or_is_an_exception() {
    let calls = Calls::of_the_schema();
    let map = Map::of(&calls);
    assert!(map.needed.len() > 40, "{:#?}", map.needed);
    let requests = map.asked(&calls);
    let (mut around, mut used) = (Vec::new(), BTreeSet::new());
    for (from, roads) in &map.roads {
        // The pages of a list require the list's permission; roots have a test of their own.
        if ["Query", "Mutation", "Subscription"].contains(&from.as_str())
            || from.ends_with("Connection")
            || from.ends_with("Edge")
        {
            continue;
        }
        for (field, to, by_field) in roads {
            let Some(needed) = map.needed.get(to) else { continue };
            if calls.needed_for(to).is_some() || by_field.contains(needed) || requests[from].contains(needed) {
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
            // A page is replaced by the field that led to it.
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

/// A root field as a caller starts from it who holds its permission and nothing else.
struct Start<'c> {
    operation: &'static str,
    field: &'c FieldDefinition,
    permission: &'static str,
    caller: Caller,
    /// Beginnings of paths whose last field was refused to this caller: each longer path ends there too.
    closed: Vec<String>,
}

/// The outcome of a document.
enum Outcome {
    /// Each selected object is shown, or null.
    Answered,
    /// The last field of this beginning of the path was refused to the caller, and is not shown.
    Closed(String),
    /// An object was refused, and others may be null because of it.
    Refused,
}

struct Walk<'c> {
    world: &'c World,
    calls: &'c Calls,
    map: &'c Map,
    around: BTreeSet<String>,
    walked: BTreeSet<String>,
}

impl Walk<'_> {
    /// Selects these objects at the end of a path, in one document; if one is refused, each in a document of its own, so the others are shown all the
    /// same. Objects that the schema refuses to the caller and that are never null, so that others would be lost with them, have their own document
    /// from the start.
    async fn go(&mut self, start: &mut Start<'_>, way: &Way, objects: Vec<&FieldDefinition>) {
        if start.closed.iter().any(|open| way.open.starts_with(open.as_str())) {
            return;
        }
        let (refused, shown): (Vec<_>, Vec<_>) =
            objects.into_iter().partition(|object| !object.ty.node.nullable && self.asks_more(object, start.permission));
        let mut left = VecDeque::from([shown]);
        left.extend(refused.into_iter().map(|object| vec![object]));
        left.retain(|objects| !objects.is_empty());
        while let Some(objects) = left.pop_front() {
            let outcome = self.try_way(start, way, &objects).await;
            match outcome {
                Outcome::Closed(open) => {
                    start.closed.push(open);
                    return;
                }
                Outcome::Refused if objects.len() > 1 => left.extend(objects.into_iter().map(|object| vec![object])),
                Outcome::Answered | Outcome::Refused => {}
            }
        }
    }

    /// Whether an object requires another permission than this one, by its field or its type.
    fn asks_more(&self, object: &FieldDefinition, permission: &str) -> bool {
        let of_type = self.calls.needed_for(&base(&object.ty.node));
        required(&object.directives).into_iter().chain(of_type).any(|needed| needed != permission)
    }

    async fn try_way(&mut self, start: &Start<'_>, way: &Way, objects: &[&FieldDefinition]) -> Outcome {
        let (company, field) = (&self.world.ours, start.field);
        let selections = self.calls.selections(&way.kind);
        let fields: Vec<&str> = objects.iter().map(|object| selections[object.name.node.as_str()].as_str()).collect();
        let selection = way.selection(&fields.join(" "));
        let variables = self.calls.variables(company, field, None);
        let document = self.calls.document(start.operation, field, &variables, &selection);
        let response = self.world.answer(company, Some(start.caller.clone()), &document, &variables).await;
        // The document ends with the selection and a brace, the selection begins with a brace.
        let begins = document.len() - " }".len() - selection.len() + "{ ".len();
        let (errors, answer) = (response.errors.clone(), told(response));
        let mut met = BTreeSet::new();
        let of_root = answer["data"].as_object().into_iter().flat_map(|data| data.values());
        of_root.for_each(|value| roads(value, Some(&(String::new(), String::new())), &mut met));
        self.note(start, met, &document);
        if errors.is_empty() {
            return Outcome::Answered;
        }
        let own = alone(way, begins, objects.iter().copied().zip(fields));
        match refused_at(way, &errors, begins) {
            Some(open) if !is_shown(&answer["data"][field.name.node.as_str()], &names(&open)) => Outcome::Closed(open),
            _ if are_refusals_at(&errors, &own) => Outcome::Answered,
            _ => Outcome::Refused,
        }
    }

    /// Notes the roads to objects whose own roots ask for another permission.
    fn note(&mut self, start: &Start<'_>, met: BTreeSet<(Road, String)>, document: &str) {
        for ((parent, name), kind) in met {
            let road = format!("{parent}.{name}");
            let Some(needed) = self.map.needed.get(&kind).filter(|needed| needed.as_str() != start.permission) else {
                continue;
            };
            self.walked.insert(road.clone());
            // The author of an action is shown to everyone who sees the action: for a program that
            // is its name.
            let leads_to_actors =
                |field: &Positioned<FieldDefinition>| field.node.name.node == *name && base(&field.node.ty.node) == "Actor";
            let is_author = kind == "Integration" && self.calls.fields(&parent).iter().any(leads_to_actors);
            if !is_author && !exceptions::EXCEPTIONS.iter().any(|(known, _)| *known == road) {
                self.around.insert(format!("{road} shows a {kind} without {needed} to {}: {document}", start.permission));
            }
        }
    }
}

/// Columns, in the document, of the nullable objects at the end of a path: a refused one does not null the others.
fn alone<'a>(way: &Way, begins: usize, objects: impl Iterator<Item = (&'a FieldDefinition, &'a str)>) -> BTreeSet<usize> {
    let (mut columns, mut here) = (BTreeSet::new(), begins + 1 + way.open.len() + " __typename ".len());
    for (object, selected) in objects {
        if object.ty.node.nullable {
            columns.insert(here);
        }
        here += selected.len() + " ".len();
    }
    columns
}

fn is_refusal(error: &ServerError) -> bool {
    error.source::<TopError>().is_some_and(|top| top.code() == Code::Forbidden)
}

/// Whether all errors are refusals, each at one of these columns.
fn are_refusals_at(errors: &[ServerError], columns: &BTreeSet<usize>) -> bool {
    let is_there = |error: &ServerError| error.locations.first().is_some_and(|place| columns.contains(&place.column));
    errors.iter().all(|error| is_refusal(error) && is_there(error))
}

/// The beginning of a way up to the field that the caller was refused, where all errors are that. A field is known by its place in the document, where
/// the way begins at this byte: the path of an error may be that of a list above it.
fn refused_at(way: &Way, errors: &[ServerError], begins: usize) -> Option<String> {
    let columns: BTreeSet<usize> = errors.iter().filter_map(|error| error.locations.first()).map(|place| place.column).collect();
    let column = *columns.first().filter(|_| columns.len() == 1 && errors.iter().all(is_refusal))?;
    let (mut open, mut here) = (String::new(), begins + 1);
    for step in way.open.split_inclusive("{ ") {
        open.push_str(step);
        if here == column {
            return Some(open);
        }
        here += step.len();
    }
    None
}

/// The fields of a beginning of a way.
fn names(open: &str) -> Vec<&str> {
    open.split("{ ").map(str::trim).filter(|step| !step.is_empty() && !step.starts_with("...")).collect()
}

/// Whether any value at these fields is not null.
pub(super) fn is_shown(value: &Value, names: &[&str]) -> bool {
    match (value, names) {
        (Value::Null, _) => false,
        (Value::Array(items), _) => items.iter().any(|item| is_shown(item, names)),
        (_, []) => true,
        (_, [name, rest @ ..]) => is_shown(&value[*name], rest),
    }
}

/// The fields behind a closed way are not queried: only a refusal of the way's own field may close
/// it.
#[test]
fn a_way_is_closed_where_its_own_field_is_refused_and_nothing_of_it_is_shown() {
    let way = Way { kind: "Customer".to_owned(), open: "orders { ... on Order { customer { ".to_owned() };
    let begins = "query { store { ".len();
    let refusal =
        |column| Error::new_with_source(TopError::Forbidden("customer.read")).into_server_error(Pos { line: 1, column });
    let (orders, customer) = (begins + 1, begins + 1 + "orders { ... on Order { ".len());
    assert_eq!(refused_at(&way, &[refusal(customer), refusal(customer)], begins).as_ref(), Some(&way.open));
    assert_eq!(refused_at(&way, &[refusal(customer), refusal(orders)], begins), None, "two fields are refused");
    assert_eq!(refused_at(&way, &[refusal(begins + 1 + way.open.len())], begins), None, "an object at its end is refused");
    let fault = Error::new_with_source(TopError::Internal).into_server_error(Pos { line: 1, column: customer });
    assert!(are_refusals_at(&[refusal(customer), refusal(orders)], &BTreeSet::from([orders, customer])));
    assert!(!are_refusals_at(&[refusal(customer), refusal(orders)], &BTreeSet::from([customer])), "another field is refused too");
    assert!(!are_refusals_at(&[refusal(customer), fault.clone()], &BTreeSet::from([customer])), "a fault is no refusal");
    assert_eq!(refused_at(&way, &[refusal(customer), fault], begins), None, "a fault is no refusal");
    let fields = names(&way.open);
    assert_eq!(fields, ["orders", "customer"]);
    let shown = |customers: [Value; 2]| json!({ "orders": customers.map(|customer| json!({ "customer": customer })) });
    assert!(!is_shown(&shown([Value::Null, Value::Null]), &fields));
    assert!(is_shown(&shown([Value::Null, json!({ "name": "Ada" })]), &fields), "another item shows it");
}

/// At run time: a caller with only the permission of a root field meets no object that they could not query at its own root. Permissions are checked
/// above the database, so Postgres runs every fourth type of a part.
async fn walk(world: &World, part: Part) {
    let (calls, part) = (Calls::of_the_schema(), part.above_the_database(world));
    let map = Map::of(&calls);
    let ours: BTreeSet<&String> =
        map.roads.keys().enumerate().filter(|(place, _)| part.has(*place)).map(|(_, kind)| kind).collect();
    let mut walk = Walk { world, calls: &calls, map: &map, around: BTreeSet::new(), walked: BTreeSet::new() };
    let mut tried = BTreeMap::new();
    for (operation, field) in calls.roots().filter(|(_, field)| needs(field) != Nothing) {
        let permission = just_enough(field);
        // Another actor than the one who made the rows: callers may see themselves.
        let person = Caller { actor: Actor::member(MemberId::NIL), ..world.ours.owner_with(&[permission]) };
        let program = Caller { actor: Actor::integration(IntegrationId::NIL), ..person.clone() };
        let mut starts = [person, program].map(|caller| Start { operation, field, permission, caller, closed: Vec::new() });
        for way in calls.ways(field, 4).iter().filter(|way| ours.contains(&way.kind)) {
            let mut objects = [Vec::new(), Vec::new()];
            for object in calls.plain_fields(&way.kind).filter(|object| calls.is_composite(&base(&object.ty.node))) {
                // A field has the same resolver on each path, so two roots of the same permission show as much as twenty.
                let times: &mut usize = tried.entry((permission, way.kind.clone(), object.name.node.as_str())).or_default();
                if let Some(objects) = objects.get_mut(*times) {
                    objects.push(object);
                }
                *times += 1;
            }
            for (start, objects) in starts.iter_mut().zip(objects) {
                walk.go(start, way, objects).await;
            }
        }
    }
    let Walk { around, walked, .. } = walk;
    assert!(walked.len() >= (24 / part.of).max(1), "only these roads led to an object: {walked:?}");
    assert!(around.is_empty(), "{} roads around rights: {around:#?}", around.len());
}
