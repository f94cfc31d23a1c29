//! Members that calls identify by e-mail address: for alerts, mentions in notes, e-mails, views and
//! roles.

use entrepot::access::OWNER;
use serde_json::{Value, json};

use super::without;
use crate::{
    authorization::world::World,
    purchasing::office::{Office, accepted, key, refused},
    world::on_both,
};

on_both!(
    a_member_is_found_by_id_and_by_address,
    an_alert_is_assigned_to_a_member_by_the_address,
    a_note_mentions_members_by_their_addresses,
    a_rule_and_a_schedule_send_to_members_by_their_addresses,
    a_view_is_shared_with_a_member_by_the_address,
    a_member_is_given_roles_by_the_address,
    an_address_names_nobody_to_who_may_not_see_members,
);

const OURS: &str = "alpha@example.com";
const THEIRS: &str = "bravo@example.com";
const NONE: &str = "nobody@example.com";
/// A list with pages, as a view that is sent has.
const TABLE: &str = "query($after: Cursor, $n: Int = 50) { stores(first: $n, after: $after) {
    pageInfo { hasNextPage endCursor } nodes { code } } }";
const SHARED: &str = "savedView { id readers { members { id } } }";

/// `base` and `more` as the input of a new call.
fn input_of(base: &Value, extra: &Value) -> Value {
    let mut input = base.clone();
    input["idempotencyKey"] = json!(key());
    input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    input
}

async fn a_member_is_found_by_id_and_by_address(world: &World) {
    let office = Office::of(world).await;
    let query = "query($by: MemberRef!) { member(by: $by) { id email status } }";
    let find = async |by: Value| office.execute(query, json!({ "by": by })).await;
    let ours = json!({ "member": { "id": world.ours.ids["mem"], "email": OURS, "status": "ACTIVE" } });
    for by in [json!({ "id": world.ours.ids["mem"] }), json!({ "email": OURS }), json!({ "email": " ALPHA@Example.com " })] {
        let answer = find(by.clone()).await;
        assert_eq!(answer["data"], ours, "{by}: {answer:#}");
    }
    for none in [
        json!({ "id": world.theirs.ids["mem"] }),
        json!({ "email": THEIRS }),
        json!({ "email": NONE }),
        json!({ "email": "a\u{0}b" }),
    ] {
        let answer = find(none.clone()).await;
        assert_eq!((&answer["data"], &answer["errors"]), (&json!({ "member": null }), &Value::Null), "{none}: {answer:#}");
    }
    let answer = find(json!({ "id": world.ours.ids["prd"] })).await;
    assert_eq!(answer["errors"][0]["code"], "BAD_USER_INPUT", "{answer:#}");
}

async fn an_alert_is_assigned_to_a_member_by_the_address(world: &World) {
    let office = Office::of(world).await;
    let (ours, theirs) = (json!(world.ours.ids["mem"]), json!(world.theirs.ids["mem"]));
    let alert = json!({ "id": world.ours.ids["alr"] });
    let assign = async |extra: Value| {
        office.mutate("alertAssign", "AlertAssignInput", "alert { assignee { id } }", input_of(&alert, &extra)).await
    };
    for none in [NONE, THEIRS] {
        let message = refused(&assign(json!({ "member": { "email": none } })).await, "NOT_FOUND", "input.member.email");
        assert!(message.ends_with(&format!(": \"{none}\"")), "{message}");
    }
    refused(&assign(json!({ "member": { "id": theirs } })).await, "NOT_FOUND", "input.member.id");
    refused(&assign(json!({ "member": { "id": world.ours.ids["prd"] } })).await, "INVALID", "input.member.id");
    refused(&assign(json!({ "member": { "email": OURS }, "memberId": theirs })).await, "INVALID", "input.member");
    let assigned = assign(json!({ "member": { "email": " ALPHA@example.com" } })).await;
    assert_eq!(accepted(&assigned, "alert")["assignee"]["id"], ours);
    let removed = assign(json!({ "member": null })).await;
    assert_eq!(accepted(&removed, "alert")["assignee"], Value::Null);
    let both = assign(json!({ "member": { "email": OURS }, "memberId": ours })).await;
    assert_eq!(accepted(&both, "alert")["assignee"]["id"], ours);
}

async fn a_note_mentions_members_by_their_addresses(world: &World) {
    let office = Office::of(world).await;
    let ours = json!(world.ours.ids["mem"]);
    let note = json!({ "nodeId": world.ours.ids["prd"], "text": "Look at this" });
    let add = async |extra: Value| {
        office.mutate("noteAdd", "NoteAddInput", "note { id version mentions }", input_of(&note, &extra)).await
    };
    let members = json!([{ "email": OURS }]);
    for none in [NONE, THEIRS] {
        let input = json!({ "mentionedMembers": [{ "email": OURS }, { "email": none }] });
        refused(&add(input).await, "INVALID", "input.mentionedMembers.1.email");
    }
    refused(&add(json!({ "mentionedMembers": [{ "id": ours }], "mentions": [ours] })).await, "INVALID", "input.mentionedMembers");
    let many = vec![json!({ "id": ours }); 21];
    refused(&add(json!({ "mentionedMembers": many })).await, "LIMIT_EXCEEDED", "input.mentionedMembers");
    let added = add(json!({ "mentionedMembers": members })).await;
    let added = accepted(&added, "note").clone();
    assert_eq!(added["mentions"], json!([ours]));
    let change = async |version: i64, extra: Value| {
        let base = json!({ "id": added["id"], "expectedVersion": version, "text": format!("Look at it {version} times") });
        office.mutate("noteUpdate", "NoteUpdateInput", "note { version mentions }", input_of(&base, &extra)).await
    };
    refused(&change(1, json!({ "mentionedMembers": [{ "email": NONE }] })).await, "INVALID", "input.mentionedMembers.0.email");
    assert_eq!(accepted(&change(1, json!({})).await, "note")["mentions"], json!([ours]), "left out, they stay");
    assert_eq!(accepted(&change(2, json!({ "mentionedMembers": [] })).await, "note")["mentions"], json!([]));
    assert_eq!(accepted(&change(3, json!({ "mentionedMembers": members })).await, "note")["mentions"], json!([ours]));
}

async fn a_rule_and_a_schedule_send_to_members_by_their_addresses(world: &World) {
    let office = Office::of(world).await;
    let ours = json!(world.ours.ids["mem"]);
    let rule = json!({ "kind": "OUT_OF_STOCK" });
    let set_rule = async |extra: Value| {
        office.mutate("alertRuleUpsert", "AlertRuleUpsertInput", "alertRule { members { id } }", input_of(&rule, &extra)).await
    };
    let view = json!({ "name": "Stores by code", "slug": "stores-by-code", "document": TABLE });
    let view = office.mutate("savedViewCreate", "SavedViewCreateInput", "savedView { id }", input_of(&view, &json!({}))).await;
    let schedule = json!({ "savedViewId": accepted(&view, "savedView")["id"], "every": "DAILY" });
    let set_schedule = async |extra: Value| {
        let fields = "savedViewSchedule { members { id } }";
        office.mutate("savedViewScheduleSet", "SavedViewScheduleSetInput", fields, input_of(&schedule, &extra)).await
    };
    let input = json!({ "members": [{ "email": " ALPHA@example.com" }] });
    let both = json!({ "members": [{ "email": OURS }], "memberIds": [ours] });
    for none in [NONE, THEIRS] {
        let none = json!({ "members": [{ "email": OURS }, { "email": none }] });
        refused(&set_rule(none.clone()).await, "NOT_FOUND", "input.members.1.email");
        refused(&set_schedule(none).await, "NOT_FOUND", "input.members.1.email");
    }
    refused(&set_rule(both.clone()).await, "INVALID", "input.members");
    refused(&set_schedule(both).await, "INVALID", "input.members");
    let members = json!([{ "id": ours }]);
    assert_eq!(accepted(&set_rule(input.clone()).await, "alertRule")["members"], members);
    assert_eq!(accepted(&set_schedule(input).await, "savedViewSchedule")["members"], members);
}

async fn a_view_is_shared_with_a_member_by_the_address(world: &World) {
    let office = Office::of(world).await;
    let ours = json!(world.ours.ids["mem"]);
    let view = json!({ "name": "Stores by code", "slug": "stores-by-code", "document": TABLE });
    let create = async |readers: Value| {
        let input = input_of(&view, &json!({ "readers": readers }));
        office.mutate("savedViewCreate", "SavedViewCreateInput", SHARED, input).await
    };
    let named_input = json!({ "members": [{ "email": OURS }] });
    for none in [NONE, THEIRS] {
        refused(&create(json!({ "members": [{ "email": none }] })).await, "NOT_FOUND", "input.readers.members.0.email");
    }
    let everyone = json!({ "everyone": true, "members": [{ "email": OURS }] });
    refused(&create(everyone).await, "INVALID", "input.readers.everyone");
    refused(&create(json!({ "members": [{ "email": OURS }], "memberIds": [ours] })).await, "INVALID", "input.readers.members");
    let created = create(named_input.clone()).await;
    let created = accepted(&created, "savedView").clone();
    assert_eq!(created["readers"]["members"], json!([{ "id": ours }]));
    let base = json!({ "id": created["id"], "expectedVersion": 1 });
    let update = async |readers: Value| {
        let input = input_of(&base, &json!({ "readers": readers }));
        office.mutate("savedViewUpdate", "SavedViewUpdateInput", SHARED, input).await
    };
    refused(&update(json!({ "members": [{ "email": NONE }] })).await, "NOT_FOUND", "input.readers.members.0.email");
    assert_eq!(accepted(&update(named_input).await, "savedView")["readers"]["members"], json!([{ "id": ours }]));
}

async fn a_member_is_given_roles_by_the_address(world: &World) {
    let office = Office::of(world).await;
    let (ours, theirs) = (json!(world.ours.ids["mem"]), json!(world.theirs.ids["mem"]));
    let answer = office.execute("query($e: String!) { member(by: { email: $e }) { version } }", json!({ "e": OURS })).await;
    let all = json!({ "all": true });
    let grants = json!([{ "roleId": OWNER.id.to_string(), "scope": all }, { "roleId": world.ours.ids["rol"], "scope": all }]);
    let base = json!({ "expectedVersion": answer["data"]["member"]["version"], "grants": grants });
    let set = async |extra: Value| {
        office.mutate("memberRolesSet", "MemberRolesSetInput", "member { id }", input_of(&base, &extra)).await
    };
    for none in [NONE, THEIRS] {
        refused(&set(json!({ "member": { "email": none } })).await, "NOT_FOUND", "input.member.email");
    }
    refused(&set(json!({ "member": { "id": theirs } })).await, "NOT_FOUND", "input.member.id");
    refused(&set(json!({ "member": { "email": OURS }, "memberId": theirs })).await, "INVALID", "input.member");
    refused(&set(json!({})).await, "REQUIRED", "input.member");
    assert_eq!(accepted(&set(json!({ "member": { "email": OURS } })).await, "member")["id"], ours);
}

async fn an_address_names_nobody_to_who_may_not_see_members(world: &World) {
    let office = Office::of(world).await.as_caller(without(world, "member.read"));
    let query = "mutation($input: AlertAssignInput!) { alertAssign(input: $input) { userErrors { code } } }";
    let alert = json!({ "id": world.ours.ids["alr"] });
    for address in [OURS, NONE] {
        let input = input_of(&alert, &json!({ "member": { "email": address } }));
        let answer = office.execute(query, json!({ "input": input })).await;
        assert_eq!(answer["errors"][0]["permission"], "member.read", "{address}: {answer:#}");
        let query = "query($by: MemberRef!) { member(by: $by) { id } }";
        let answer = office.execute(query, json!({ "by": { "email": address } })).await;
        assert_eq!(answer["errors"][0]["permission"], "member.read", "{address}: {answer:#}");
    }
    let input = input_of(&alert, &json!({ "member": { "id": world.ours.ids["mem"] } }));
    let answer = office.execute(query, json!({ "input": input })).await;
    assert_eq!(answer["data"]["alertAssign"]["userErrors"], json!([]), "an ID needs no more than the call: {answer:#}");
}
