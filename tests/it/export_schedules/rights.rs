//! Rights that a schedule has, and the members who see it.

use entrepot::access::BUILT_IN;
use serde_json::{Value, json};

use super::place::{
    ask_run, daily, events, folder, listed, manifests, objects, read_schedule, rows_of, run_schedule, service, set_schedule,
};
use crate::{
    authorization::world::World,
    costing::world::Books,
    jobs::{Works, wait_until},
    purchasing::office::{Office, accepted, key, refused},
    world::on_both,
};

on_both!(
    rows_are_written_only_for_who_may_read_them,
    costs_are_left_out_for_whoever_does_not_see_them,
    a_schedule_is_paused_when_its_owner_may_not_come_in_any_more,
    who_may_export_for_some_stores_sees_their_own_schedules,
);

const SET: &str = "mutation($input: ExportScheduleSetInput!) { exportScheduleSet(input: $input) { exportSchedule { id }
    userErrors { code field message } } }";

async fn rows_are_written_only_for_who_may_read_them(world: &World) {
    let office = Office::of(world).await;
    for (entity, permission) in
        [("DEMAND_FACTS", "report.read"), ("MOVEMENTS", "stock.movement.read"), ("ORDERS", "order.read"), ("STOCK", "stock.read")]
    {
        let other = office.as_caller(world.ours.owner_with(&["exchange.run"]));
        let input = json!({ "idempotencyKey": key(), "name": "Lake", "every": "DAILY", "entity": entity });
        let denied = other.execute(SET, json!({ "input": input })).await;
        let error = &denied["errors"][0];
        assert_eq!((&error["code"], &error["permission"]), (&json!("FORBIDDEN"), &json!(permission)), "{denied:#}");
    }
    let outside = office.as_caller(world.ours.owner_with(&["report.read"]));
    let denied = outside.execute("{ exportSchedules { nodes { id } } }", json!({})).await;
    assert_eq!(denied["errors"][0]["permission"], "exchange.run", "{denied:#}");
}

/// Returns the grants of a member who may export movements in these stores.
async fn clerk(world: &World, scope: Value) -> Value {
    let query =
        "mutation($input: RoleCreateInput!) { roleCreate(input: $input) { role { id } userErrors { code field message } } }";
    let input = json!({ "key": "clerk", "name": "Clerk", "permissions": ["exchange.run", "stock.movement.read"] });
    let role = world.must_mutate(&world.ours, query, json!({ "input": input })).await["role"]["id"].clone();
    json!([{ "roleId": role, "scope": scope }])
}

async fn costs_are_left_out_for_whoever_does_not_see_them(world: &World) {
    let works = Works::begin(world);
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "2.00").await;
    books.receive(&mug, 20, "2.00").await;
    let person = world.add_member_with("clerk", clerk(world, json!({ "all": true })).await).await;
    let clerk = books.office.as_caller(world.caller(person).await);
    for (office, is_seen) in [(&books.office, true), (&clerk, false)] {
        let id = daily(office, json!({})).await;
        run_schedule(office, &id, false).await;
        let there = objects(&folder(world, &id));
        let [whole]: [Value; 1] = manifests(&there, "set=000001").try_into().unwrap();
        let has_costs = rows_of(&there, &whole).iter().any(|row| row["unitCostMinor"] != parquet::record::Field::Null);
        assert_eq!(has_costs, is_seen);
    }
    works.kill().await;
}

async fn a_schedule_is_paused_when_its_owner_may_not_come_in_any_more(world: &World) {
    let works = Works::begin(world);
    let office = Office::of(world).await;
    let person = world.add_member_with("clerk", clerk(world, json!({ "all": true })).await).await;
    let clerk = office.as_caller(world.caller(person).await);
    let id = daily(&clerk, json!({})).await;
    run_schedule(&clerk, &id, false).await;
    let viewer = BUILT_IN.iter().find(|role| role.key == "viewer").unwrap();
    world.set_grants(&world.ours.owner, person, json!([{ "roleId": viewer.id.to_string(), "scope": { "all": true } }])).await;
    accepted(&ask_run(&office, &id, false).await, "exportSchedule");
    let books = Books::of_office(office.as_caller(office.caller.clone()));
    let mug = books.office.product("MUG", "2.00").await;
    books.receive(&mug, 20, "2.00").await;
    service(world).enqueue_due().await.unwrap();
    wait_until("the schedule to be paused", async || read_schedule(&office, &id).await["status"] == "PAUSED").await;
    let paused = read_schedule(&office, &id).await;
    assert!(paused["lastError"].as_str().unwrap().contains("exchange.run"), "{paused:#}");
    assert_eq!((&paused["nextRunAt"], events(world, "export_schedule.failed").await), (&Value::Null, 1));
    // A member who sets the schedule again gives it their own rights, and the rows that they may
    // see begin a new set.
    let input =
        json!({ "id": id, "expectedVersion": paused["version"], "name": "Lake", "every": "DAILY", "entity": "MOVEMENTS" });
    accepted(&set_schedule(&office, input).await, "exportSchedule");
    assert_eq!(run_schedule(&office, &id, false).await["set"], 2);
    works.kill().await;
}

async fn who_may_export_for_some_stores_sees_their_own_schedules(world: &World) {
    let office = Office::of(world).await;
    let theirs = daily(&office, json!({})).await;
    let scope = json!({ "storeIds": [world.ours.ids["sto"]] });
    let person = world.add_member_with("keeper", clerk(world, scope).await).await;
    let keeper = office.as_caller(world.caller(person).await);
    assert_eq!(listed(&keeper).await, Vec::<Value>::new());
    refused(&ask_run(&keeper, &theirs, false).await, "NOT_FOUND", "input.id");
    let own = daily(&keeper, json!({ "name": "Own" })).await;
    let names: Vec<Value> = listed(&keeper).await.iter().map(|schedule| schedule["id"].clone()).collect();
    assert_eq!(names, [json!(own)]);
    let owners = "{ exportSchedules { nodes { owner { __typename ... on Member { displayName } } } } }";
    let answer = keeper.execute(owners, json!({})).await;
    assert!(answer["data"]["exportSchedules"]["nodes"][0]["owner"]["displayName"].is_string(), "{answer:#}");
    assert!(listed(&office).await.iter().any(|schedule| schedule["id"] == json!(own)));
    // Another member owns the schedule by now: a repeated call does not show the new owner's
    // changes.
    let input = json!({ "idempotencyKey": key(), "name": "Mine", "every": "DAILY", "entity": "MOVEMENTS" });
    let mine = accepted(&set_schedule(&keeper, input.clone()).await, "exportSchedule")["id"].clone();
    let taken_input = json!({ "id": mine, "expectedVersion": 1, "name": "Theirs", "every": "DAILY", "entity": "MOVEMENTS" });
    accepted(&set_schedule(&office, taken_input).await, "exportSchedule");
    let again = set_schedule(&keeper, input).await;
    assert_eq!((&again["replayed"], &again["exportSchedule"]), (&json!(true), &Value::Null), "{again:#}");
}
