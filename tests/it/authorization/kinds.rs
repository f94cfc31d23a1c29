//! All kinds of callers at all root fields: members in each default role, a member without one, and
//! integrations with keys.

use entity::prelude::{Actor, IntegrationId};
use entrepot::access::{BUILT_IN, Caller, PermissionSet, Policies, index_of};
use serde_json::{Value, json};

use super::{
    Needs::{May, Nothing, SignIn},
    calls::Calls,
    crossing::{Part, Tried, cross},
    least, needs,
    world::World,
};
use crate::world::on_both;

on_both!(each_kind_of_caller_is_answered_as_its_rights_say, a_key_crosses_no_tenant);

/// A program of ours with these permissions.
fn program(world: &World, permissions: PermissionSet) -> Caller {
    let id: IntegrationId = world.ours.ids["int"].parse().unwrap();
    Caller::new(world.ours.owner.tenant, Actor::integration(id), permissions)
}

async fn kinds(world: &World) -> Vec<(String, Caller)> {
    let policies = Policies::load().await.unwrap();
    let person = |permissions| Caller { permissions, ..world.ours.owner.clone() };
    let mut kinds: Vec<(String, Caller)> = BUILT_IN
        .iter()
        .map(|role| (format!("a member who is {}", role.key), person(PermissionSet::everywhere(policies.built_in()[&role.id]))))
        .collect();
    kinds.push(("a member without a role".to_owned(), person(PermissionSet::default())));
    kinds.push(("a key with everything".to_owned(), program(world, PermissionSet::all())));
    kinds.push(("a key with nothing".to_owned(), program(world, PermissionSet::default())));
    kinds
}

/// Rights are checked above the database: Postgres runs every fourth root field of each kind, and
/// other ones for the next kind.
async fn each_kind_of_caller_is_answered_as_its_rights_say(world: &World) {
    let (calls, part) = (Calls::of_the_schema(), Part::WHOLE.above_the_database(world));
    let company = &world.ours;
    let (mut query_count, mut wrong) = (0, Vec::new());
    for (nth, (kind, caller)) in kinds(world).await.into_iter().enumerate() {
        let is_program = caller.actor.kind == entity::prelude::ActorKind::Integration;
        for (_, (operation, field)) in calls.roots().enumerate().filter(|(place, _)| part.has(nth + place)) {
            let needed = needs(field);
            let steps_up = field.directives.iter().any(|directive| directive.node.name.node == "stepUp");
            let expected: &[Value] = match needed {
                Nothing => continue,
                May(code) if !caller.permissions.holds(index_of(code).unwrap()) => &[json!("FORBIDDEN")],
                May(_) if is_program && steps_up => &[json!("STEP_UP_REQUIRED")],
                // A view that a kind before this one has deleted cannot be read.
                May(_) if matches!(field.name.node.as_str(), "savedViewResult" | "savedViewChanged") => {
                    &[Value::Null, json!("BAD_USER_INPUT")]
                }
                May(_) => &[Value::Null],
                // Objects behind an ID or a code need permissions of their own, and sessions belong
                // to people.
                SignIn if is_program => &[Value::Null, json!("FORBIDDEN"), json!("STEP_UP_REQUIRED")],
                // One person requests several e-mails in a row here, under all roles.
                SignIn => &[Value::Null, json!("FORBIDDEN"), json!("RATE_LIMITED")],
            };
            let variables = calls.variables(company, field, None);
            let document = calls.document(operation, field, &variables, least(&calls, field));
            let answer = world.execute(company, Some(caller.clone()), &document, &variables).await;
            query_count += 1;
            if !expected.contains(&answer["errors"][0]["code"]) {
                wrong.push(format!("{}, {kind}: {expected:?} was expected: {answer}", field.name));
            }
        }
    }
    assert!(query_count > 600 / part.of, "only {query_count} calls were made");
    assert!(wrong.is_empty(), "{} of {query_count}: {wrong:#?}", wrong.len());
}

/// The same crossing, by an integration.
async fn a_key_crosses_no_tenant(world: &World) {
    cross(world, &program(world, PermissionSet::all()), Tried::OfTheKindNamed, Part::WHOLE).await;
}
