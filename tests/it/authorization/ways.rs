//! Objects of guarded types below each root field: a caller without a type's permission is shown
//! none of them, by any path.

use std::collections::BTreeSet;

use entity::prelude::{Actor, MemberId};
use entrepot::access::Caller;
use serde_json::{Value, json};

use super::{
    Needs::Nothing, calls::Calls, crossing::Part, just_enough, needs, roads::is_shown, typenames::typenames, world::World,
};
use crate::world::on_both;

on_both!(no_way_leads_around_the_rights_of_a_type);

/// The fields of a beginning of a way.
fn steps(open: &str) -> Vec<&str> {
    open.split("{ __typename ").map(str::trim).filter(|step| !step.is_empty()).collect()
}

/// Whether a caller was refused on a path, only for lack of a permission, and its last field is not
/// shown. Longer paths select the same fields first, so they show nothing more.
fn is_closed(answer: &Value, root: &str, open: &str) -> bool {
    let refusals = answer["errors"].as_array();
    refusals.is_some_and(|errors| errors.iter().all(|error| error["code"] == "FORBIDDEN"))
        && !is_shown(&answer["data"][root], &steps(open))
}

/// Selects each object of a guarded type on each path from a root field, as a caller with only the
/// field's permission. Permissions are checked above the database, so Postgres runs every fourth
/// root field.
async fn no_way_leads_around_the_rights_of_a_type(world: &World) {
    let (calls, company, part) = (Calls::of_the_schema(), &world.ours, Part::WHOLE.above_the_database(world));
    let (mut around, mut ways, mut denied) = (Vec::new(), 0, BTreeSet::new());
    let guarded = calls.roots().filter(|(_, field)| needs(field) != Nothing);
    for (_, (operation, field)) in guarded.enumerate().filter(|(place, _)| part.has(*place)) {
        let permissions = [just_enough(field)];
        // Another actor than the one who made the rows: callers may see themselves.
        let caller = Caller { actor: Actor::member(MemberId::NIL), ..company.owner_with(&permissions) };
        let mut closed: Vec<String> = Vec::new();
        for open in calls.ways_to_guarded(field, 4) {
            if closed.iter().any(|refused| open.starts_with(refused.as_str())) {
                continue;
            }
            ways += 1;
            let variables = calls.variables(company, field, None);
            let selection = format!("{open}{}", "} ".repeat(open.matches('{').count()));
            let document = calls.document(operation, field, &variables, &selection);
            let answer = world.execute(company, Some(caller.clone()), &document, &variables).await;
            if answer["errors"][0]["code"] == "FORBIDDEN" {
                denied.insert(format!("{} {open}", field.name));
            }
            let mut shown = BTreeSet::new();
            typenames(&answer["data"], &mut shown);
            for kind in shown {
                if let Some(needed) = calls.needed_for(&kind).filter(|needed| !permissions.contains(&needed.as_str())) {
                    around.push(format!("{} with just {permissions:?} shows a {kind} without {needed}: {document}", field.name));
                }
            }
            if is_closed(&answer, field.name.node.as_str(), &open) {
                closed.push(open);
            }
        }
    }
    assert!(
        ways > 300 / part.of && denied.len() > 100 / part.of,
        "only {} of {ways} ways led to a denial: the calls do not get that far",
        denied.len()
    );
    assert!(around.is_empty(), "{} ways around rights: {around:#?}", around.len());
}

/// All longer paths are skipped after a closed one, so a path is not closed if another error ended
/// it or if it shows an object.
#[test]
fn a_way_is_closed_by_refusals_alone_and_where_nothing_of_it_is_shown() {
    let open = "{ __typename order { __typename customer { __typename ";
    assert_eq!(steps(open), ["order", "customer"]);
    let answer = |codes: &[&str], customer: Value| {
        let errors: Vec<Value> = codes.iter().map(|code| json!({ "code": code })).collect();
        json!({ "data": { "orderUpdate": { "order": [{ "customer": null }, { "customer": customer }] } }, "errors": errors })
    };
    assert!(is_closed(&answer(&["FORBIDDEN", "FORBIDDEN"], Value::Null), "orderUpdate", open));
    assert!(
        !is_closed(&answer(&["FORBIDDEN"], json!({ "__typename": "Customer" })), "orderUpdate", open),
        "another item shows it"
    );
    assert!(!is_closed(&answer(&["FORBIDDEN", "INTERNAL"], Value::Null), "orderUpdate", open), "a fault is no refusal");
    let unanswered = json!({ "data": { "orderUpdate": { "order": null } }, "errors": null });
    assert!(!is_closed(&unanswered, "orderUpdate", open), "nobody was refused");
}
