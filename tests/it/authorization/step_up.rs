//! Fields that need a step-up enforce it.

use serde_json::json;

use super::{calls::Calls, least, only_error, world::World};
use crate::world::on_both;

on_both!(what_asks_for_a_step_up_gets_one);

/// Permissions that grant rights to others, or admit members.
const WIDENING: [&str; 7] =
    ["apikey.write", "member.invite", "member.write", "role.write", "sandbox.write", "tenant.write", "webhook.manage"];

/// Mutations with such a permission that only revoke, or send again a message of the past: a person
/// who finds a problem must be able to act fast.
const TAKING: [&str; 5] =
    ["apiKeyRevoke", "integrationDisable", "webhookEndpointDelete", "webhookEndpointReplay", "webhookEndpointTest"];

/// Mutations with such a permission that grant no rights.
const NO_RIGHTS: [&str; 2] = ["holdRuleUpsert", "holdRuleArchive"];

/// Mutations that change the rights of others by another permission.
const BY_ANOTHER: [&str; 1] = ["storeGroupUpdate"];

#[test]
fn every_change_that_widens_rights_asks_for_a_step_up() {
    let calls = Calls::of_the_schema();
    let mut seen = Vec::new();
    for (operation, field) in calls.roots().filter(|(operation, _)| *operation == "mutation") {
        let name = field.name.node.as_str();
        let text = |directive: &str| {
            let found = field.directives.iter().find(|found| found.node.name.node == directive)?;
            Some(found.node.arguments.iter().map(|(_, value)| value.node.to_string()).collect::<String>())
        };
        let permission = text("requires").unwrap_or_default();
        let widens = WIDENING.iter().any(|known| permission == format!("\"{known}\""))
            && !TAKING.contains(&name)
            && !NO_RIGHTS.contains(&name);
        if widens || BY_ANOTHER.contains(&name) {
            assert!(text("stepUp").is_some(), "{operation} {name} ({permission}) widens rights without a step-up");
            seen.push(name);
        }
    }
    assert!(seen.len() > 18 && seen.contains(&"storeGroupUpdate") && seen.contains(&"roleUpdate"), "{seen:?}");
}

/// A caller with every permission needs a step-up if the last authentication is too old, or if the
/// caller is a key.
async fn what_asks_for_a_step_up_gets_one(world: &World) {
    let calls = Calls::of_the_schema();
    let company = &world.ours;
    let before = world.dump(company.owner.tenant).await;
    let mut query_count = 0;
    for (operation, field) in calls.roots() {
        if !field.directives.iter().any(|directive| directive.node.name.node == "stepUp") {
            continue;
        }
        query_count += 1;
        let variables = calls.variables(company, field, None);
        let document = calls.document(operation, field, &variables, least(&calls, field));
        for seconds in [Some(602), None] {
            let answer = world.ask_late(company, seconds, &document, &variables).await;
            assert_eq!(only_error(&answer, &field.name.node).0, json!("STEP_UP_REQUIRED"), "{} after {seconds:?}", field.name);
        }
    }
    assert!(query_count >= 5, "only {query_count} fields ask for a step-up");
    assert_eq!(world.dump(company.owner.tenant).await, before, "a denial changed something");
}
