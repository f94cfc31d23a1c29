//! Granting and revoking rights: callers grant or revoke only rights that they hold, roles form no
//! cycles, and the last owner stays.

use entity::prelude::MemberId;
use entrepot::access::{BUILT_IN, Caller, Permission, kind};
use serde_json::{Value, json};

use super::world::{Person, codes, everywhere, grant, in_stores};
use crate::{authorization::world::World, world::on_both};

on_both!(
    a_role_of_ones_own_is_made_granted_changed_and_removed,
    roles_do_not_go_in_circles,
    nobody_gives_or_takes_what_they_do_not_hold,
    nobody_gives_by_a_role_what_they_do_not_hold,
    the_last_owner_stays,
    rights_end_when_they_were_said_to,
    a_change_of_rights_is_noticed_at_once_here_and_soon_elsewhere,
    a_group_of_stores_carries_rights,
    giving_rights_asks_for_a_fresh_password,
    a_grant_says_what_it_leaves_out,
);

const CREATE: &str = "mutation($input: RoleCreateInput!) { roleCreate(input: $input) {
    role { id version permissions ownPermissions inherits { key } isBuiltIn } userErrors { code field message } } }";
const UPDATE: &str = "mutation($input: RoleUpdateInput!) { roleUpdate(input: $input) { role { version permissions } userErrors { code field message } } }";
const DELETE: &str =
    "mutation($input: RoleDeleteInput!) { roleDelete(input: $input) { role { key } userErrors { code field message } } }";

fn built_in(key: &str) -> String {
    BUILT_IN.iter().find(|role| role.key == key).unwrap().id.to_string()
}

fn holds<P: Permission>(caller: &Caller) -> bool {
    caller.permissions.holds(P::INDEX)
}

async fn a_role_of_ones_own_is_made_granted_changed_and_removed(world: &World) {
    let input =
        json!({ "key": "counter", "name": "Stock counter", "permissions": ["stock.set"], "inherits": [built_in("viewer")] });
    let new_payload = world.mutate_as(world.owner(), CREATE, input.clone()).await;
    assert_eq!(new_payload["userErrors"], json!([]));
    let id = new_payload["role"]["id"].as_str().unwrap();
    assert_eq!(new_payload["role"]["ownPermissions"], json!(["stock.set"]));
    let gives = new_payload["role"]["permissions"].as_array().unwrap();
    assert!(
        gives.contains(&json!("stock.set")) && gives.contains(&json!("product.read")) && !gives.contains(&json!("stock.adjust"))
    );
    assert_eq!(codes(&world.mutate_as(world.owner(), CREATE, input).await), ["DUPLICATE"]);

    let counter = world.add_member_with("counter", json!([{ "roleId": id, "scope": everywhere() }])).await;
    let caller = world.caller(counter).await;
    assert!(holds::<kind::StockSet>(&caller) && holds::<kind::ProductRead>(&caller) && !holds::<kind::StockAdjust>(&caller));

    let answer =
        world.mutate_as(world.owner(), UPDATE, json!({ "id": id, "expectedVersion": 1, "permissions": ["stock.adjust"] })).await;
    assert_eq!(answer["role"]["version"], 2, "{answer}");
    let caller = world.caller(counter).await;
    assert!(holds::<kind::StockAdjust>(&caller) && !holds::<kind::StockSet>(&caller));
    let stale = world.mutate_as(world.owner(), UPDATE, json!({ "id": id, "expectedVersion": 1, "name": "Old" })).await;
    assert_eq!(codes(&stale), ["VERSION_CONFLICT"]);

    let held_payload = world.mutate_as(world.owner(), DELETE, json!({ "id": id, "expectedVersion": 2 })).await;
    assert_eq!((codes(&held_payload), &held_payload["userErrors"][0]["message"]), (vec!["IN_USE"], &json!("1 member has it")));
    world.set_grants(&world.ours.owner, counter, json!([])).await;
    let payload = world.mutate_as(world.owner(), DELETE, json!({ "id": id, "expectedVersion": 2 })).await;
    assert_eq!((&payload["userErrors"], &payload["role"]["key"]), (&json!([]), &json!("counter")));
    let default =
        world.mutate_as(world.owner(), UPDATE, json!({ "id": built_in("viewer"), "expectedVersion": 1, "name": "Mine" })).await;
    assert_eq!(codes(&default), ["INVALID_STATE"]);
    let bad = json!({ "key": "No Key", "name": " ", "permissions": ["stock.teleport"] });
    assert_eq!(codes(&world.mutate_as(world.owner(), CREATE, bad).await), ["INVALID", "REQUIRED"]);
    let unknown = json!({ "key": "teleporter", "name": "Teleporter", "permissions": ["stock.teleport"] });
    let reported_payload = world.mutate_as(world.owner(), CREATE, unknown).await;
    assert_eq!(codes(&reported_payload), ["NOT_FOUND"]);
    assert_eq!(reported_payload["userErrors"][0]["message"], "there is no such permission: \"stock.teleport\"");
    let taken_input = json!({ "key": "owner", "name": "Owner too", "permissions": [] });
    assert_eq!(codes(&world.mutate_as(world.owner(), CREATE, taken_input).await), ["DUPLICATE"]);
}

async fn roles_do_not_go_in_circles(world: &World) {
    let mut ids: Vec<String> = Vec::new();
    for n in 0..3 {
        let input = json!({ "key": format!("ring-{n}"), "name": "Ring", "permissions": [], "inherits": ids.last().into_iter().collect::<Vec<_>>() });
        let payload = world.mutate_as(world.owner(), CREATE, input).await;
        ids.push(payload["role"]["id"].as_str().unwrap().to_owned());
    }
    for inherited in &ids {
        let input = json!({ "id": ids[0], "expectedVersion": 1, "inherits": [inherited] });
        assert_eq!(codes(&world.mutate_as(world.owner(), UPDATE, input).await), ["INVALID"], "0 → … → 0");
    }
    let foreign = json!({ "id": ids[0], "expectedVersion": 1, "inherits": [world.theirs.ids["rol"]] });
    assert_eq!(codes(&world.mutate_as(world.owner(), UPDATE, foreign).await), ["NOT_FOUND"]);
}

async fn nobody_gives_or_takes_what_they_do_not_hold(world: &World) {
    let [first, second] = [world.ours.ids["sto"].clone(), world.second_shop("charlie").await.ids["sto"].clone()];
    let keeper = json!({ "key": "people", "name": "People", "permissions": ["member.write", "member.read"] });
    let people = world.mutate_as(world.owner(), CREATE, keeper).await["role"]["id"].clone();
    let hr = json!({ "roleId": people, "scope": everywhere() });
    let boss = world.add_member_with("boss", json!([hr, grant("manager", in_stores(&[&first]))])).await;
    let newcomer = world.add_member("newcomer").await;
    let as_boss = world.caller(boss).await;

    let input = json!({ "stores": [{ "id": first }] });
    let ok = world.set_grants(&as_boss, newcomer, json!([grant("staff", input)])).await;
    assert_eq!(ok["member"]["roles"][0]["scope"]["stores"], json!([{ "id": first }]), "{ok:#}");
    assert_eq!(ok["member"]["roles"][0]["role"]["key"], "staff", "{ok:#}");
    for (case, beyond) in [
        ("another shop", grant("staff", in_stores(&[&second]))),
        ("both shops", grant("staff", in_stores(&[&first, &second]))),
        ("all shops", grant("staff", everywhere())),
        ("more than a manager", grant("admin", everywhere())),
    ] {
        let answer = world.set_grants(&as_boss, newcomer, json!([grant("staff", in_stores(&[&first])), beyond])).await;
        assert_eq!(codes(&answer), ["INVALID"], "{case}");
        assert!(answer["userErrors"][0]["message"].as_str().unwrap().contains("you do not hold"), "{answer}");
    }
    // Nor to themselves; a caller who lacks the greater rights of another member cannot revoke
    // them.
    assert_eq!(codes(&world.set_grants(&as_boss, boss, json!([hr, grant("owner", everywhere())])).await), ["INVALID"]);
    let other = world.add_member_with("other", json!([grant("manager", in_stores(&[&second]))])).await;
    assert_eq!(codes(&world.set_grants(&as_boss, other, json!([])).await), ["INVALID"]);
    assert_eq!(world.set_grants(&as_boss, newcomer, json!([])).await["userErrors"], json!([]));
    // A scope with a place that does not exist or is another tenant's gets `NOT_FOUND`; an empty
    // scope is invalid.
    for (scope, code) in [
        (in_stores(&[&world.theirs.ids["sto"]]), "NOT_FOUND"),
        (json!({ "groupIds": [world.theirs.ids["grp"]] }), "NOT_FOUND"),
        (json!({ "groups": [{ "id": world.theirs.ids["grp"] }] }), "NOT_FOUND"),
        (json!({ "groups": [] }), "INVALID"),
        (json!({ "stores": [{ "code": "nowhere" }] }), "NOT_FOUND"),
        (json!({ "stores": [] }), "INVALID"),
        (in_stores(&[]), "INVALID"),
        (json!({ "all": false }), "INVALID"),
    ] {
        assert_eq!(codes(&world.set_grants(&world.ours.owner, newcomer, json!([grant("viewer", scope)])).await), [code]);
    }
    // A member who lost their rights while the old ones are still cached cannot grant them.
    assert_eq!(world.set_grants(&world.ours.owner, boss, json!([])).await["userErrors"], json!([]));
    let version = json!({ "memberId": newcomer.0.to_string(), "expectedVersion": 3, "grants": [] });
    let query = "mutation($input: MemberRolesSetInput!) { memberRolesSet(input: $input) { userErrors { code } } }";
    let answer = world.execute(&world.ours, Some(as_boss), query, &json!({ "input": version })).await;
    assert_eq!(answer["errors"][0]["code"], "FORBIDDEN", "{answer:#}");
}

async fn nobody_gives_by_a_role_what_they_do_not_hold(world: &World) {
    let first = world.ours.ids["sto"].clone();
    let input = json!({ "key": "scribe", "name": "Scribe", "permissions": ["role.write", "role.read", "product.read"] });
    let scribes = world.mutate_as(world.owner(), CREATE, input).await["role"]["id"].clone();
    let scribe = world
        .add_member_with("scribe", json!([{ "roleId": scribes, "scope": everywhere() }, grant("manager", in_stores(&[&first]))]))
        .await;
    let make = |key: &str, permissions: Value, inherits: Value| json!({ "key": key, "name": key, "permissions": permissions, "inherits": inherits });
    assert_eq!(
        world.mutate_as(scribe, CREATE, make("reader", json!(["product.read"]), json!([]))).await["userErrors"],
        json!([])
    );
    // The rights are held for one shop only, and a role is not limited to shops.
    assert_eq!(codes(&world.mutate_as(scribe, CREATE, make("seller", json!(["stock.adjust"]), json!([]))).await), ["INVALID"]);
    assert_eq!(codes(&world.mutate_as(scribe, CREATE, make("heir", json!([]), json!([built_in("owner")]))).await), ["INVALID"]);
    let grown =
        json!({ "id": scribes, "expectedVersion": 1, "permissions": ["role.write", "role.read", "product.read", "audit.read"] });
    assert_eq!(codes(&world.mutate_as(scribe, UPDATE, grown).await), ["INVALID"]);
    let less = json!({ "id": scribes, "expectedVersion": 1, "permissions": ["role.write", "product.read"] });
    assert_eq!(world.mutate_as(scribe, UPDATE, less).await["userErrors"], json!([]));
}

async fn the_last_owner_stays(world: &World) {
    let owner = world.owner();
    let first = world.ours.ids["sto"].clone();
    for not_enough in [
        json!([]),
        json!([grant("admin", everywhere())]),
        json!([grant("owner", in_stores(&[&first]))]),
        json!([{ "roleId": built_in("owner"), "scope": everywhere(), "expiresAt": "2031-01-01T00:00:00Z" }]),
    ] {
        let answer = world.set_grants(&world.ours.owner, owner, not_enough).await;
        assert_eq!(codes(&answer), ["INVALID_STATE"], "{answer:#}");
    }
    assert!(holds::<kind::AuditRead>(&world.caller(owner).await));
    let heir = world.add_member_with("heir", json!([grant("owner", everywhere())])).await;
    assert_eq!(world.set_grants(&world.ours.owner, owner, json!([grant("viewer", everywhere())])).await["userErrors"], json!([]));
    let as_heir = world.caller(heir).await;
    assert_eq!(codes(&world.set_grants(&as_heir, heir, json!([])).await), ["INVALID_STATE"]);
}

async fn rights_end_when_they_were_said_to(world: &World) {
    let first = world.ours.ids["sto"].clone();
    let until = "2026-09-21T14:18:00Z";
    let temp = json!({ "roleId": built_in("manager"), "scope": in_stores(&[&first]), "expiresAt": until });
    let temporary = world.add_member_with("temporary", json!([temp, grant("catalogue", everywhere())])).await;
    assert!(holds::<kind::StockSet>(&world.caller(temporary).await));
    let past = json!([{ "roleId": built_in("viewer"), "scope": everywhere(), "expiresAt": "2020-01-01T00:00:00Z" }]);
    assert_eq!(codes(&world.set_grants(&world.ours.owner, temporary, past).await), ["INVALID"]);
    world.advance_clock(400);
    let later = world.caller(temporary).await;
    assert!(!holds::<kind::StockSet>(&later) && holds::<kind::ProductRead>(&later));
    // A caller with expiring rights grants none that last longer.
    let soon = "2026-09-21T23:00:00Z";
    let deputy = json!([{ "roleId": built_in("admin"), "scope": everywhere(), "expiresAt": soon }]);
    let deputy = world.add_member_with("deputy", deputy).await;
    let as_deputy = world.caller(deputy).await;
    let lasting =
        world.set_grants(&as_deputy, temporary, json!([grant("catalogue", everywhere()), grant("viewer", everywhere())])).await;
    assert_eq!(codes(&lasting), ["INVALID"], "{lasting:#}");
    let short = json!({ "roleId": built_in("viewer"), "scope": everywhere(), "expiresAt": soon });
    assert_eq!(
        world.set_grants(&as_deputy, temporary, json!([grant("catalogue", everywhere()), short])).await["userErrors"],
        json!([])
    );
}

async fn a_change_of_rights_is_noticed_at_once_here_and_soon_elsewhere(world: &World) {
    let clerk = world.add_member_with("clerk", json!([grant("viewer", everywhere())])).await;
    let policies = entrepot::access::Policies::load().await.unwrap();
    let elsewhere = entrepot::access::Access::new(world.node.db.clone(), world.node.clock.clone(), policies);
    let tenant = world.ours.owner.tenant;
    let there = || async { elsewhere.member(tenant, clerk.0).await.unwrap().unwrap() };
    assert!(!holds::<kind::StockSet>(&there().await));
    let before = world.node.db.statements();
    assert!(!holds::<kind::StockSet>(&there().await));
    assert_eq!(world.node.db.statements(), before, "what is known is not asked for");
    let (mut open, _) = (elsewhere.watch_member(tenant, clerk.0, &there().await), ());
    world.set_grants(&world.ours.owner, clerk, json!([grant("manager", everywhere())])).await;
    assert!(holds::<kind::StockSet>(&world.caller(clerk).await), "here");
    assert!(!holds::<kind::StockSet>(&there().await), "the other node has not looked yet");
    world.advance_clock(entrepot::access::RIGHTS_CACHE_SECONDS + 1);
    assert!(holds::<kind::StockSet>(&there().await), "elsewhere");
    elsewhere.refresh_live().await;
    let change = tokio::time::timeout(std::time::Duration::from_secs(5), open.changed()).await.unwrap().unwrap();
    assert!(holds::<kind::StockSet>(&change), "an open socket is told");
    // A member who is suspended may not come in any more.
    let work = world.node.db.tenant(tenant).begin().await.unwrap();
    work.execute("UPDATE member SET status = 'SUSPENDED' WHERE tenant_id = $1 AND id = $2", vec![clerk.0.into()]).await.unwrap();
    work.commit().await.unwrap();
    world.advance_clock(entrepot::access::RIGHTS_CACHE_SECONDS + 1);
    assert_eq!(elsewhere.member(tenant, clerk.0).await.unwrap(), None);
    elsewhere.refresh_live().await;
    assert_eq!(open.now(), None);
    assert_eq!(elsewhere.member(tenant, MemberId::NIL).await.unwrap(), None, "nobody");
}

async fn a_group_of_stores_carries_rights(world: &World) {
    let [first, second] = [world.ours.ids["sto"].clone(), world.second_shop("charlie").await.ids["sto"].clone()];
    let group = world.ours.ids["grp"].clone();
    let area = world
        .add_member_with("area", json!([grant("manager", json!({ "groupIds": [group] })), grant("catalogue", everywhere())]))
        .await;
    let reaches = |caller: &Caller, store: &str| super::world::covers::<kind::StockAdjust>(caller, store);
    let caller = world.caller(area).await;
    assert!(reaches(&caller, &first) && !reaches(&caller, &second));
    let query = "mutation($input: StoreGroupUpdateInput!) { storeGroupUpdate(input: $input) {
        storeGroup { version stores { id } } userErrors { code field message } } }";
    // A caller with write access to stores but no trade permissions there cannot extend others'
    // rights to them.
    let input = json!({ "key": "mason", "name": "Mason", "permissions": ["store.write", "store.read"] });
    let role = world.mutate_as(world.owner(), CREATE, input).await["role"]["id"].clone();
    let mason = world.add_member_with("mason", json!([{ "roleId": role, "scope": everywhere() }])).await;
    let change = json!({ "id": group, "expectedVersion": 1, "storeIds": [first, second] });
    assert_eq!(codes(&world.mutate_as(mason, query, change.clone()).await), ["INVALID"]);
    let renamed = world.mutate_as(mason, query, json!({ "id": group, "expectedVersion": 1, "name": "North and east" })).await;
    assert_eq!(renamed["userErrors"], json!([]));
    let change = json!({ "id": group, "expectedVersion": 2, "storeIds": [first, second] });
    let payload = world.mutate_as(world.owner(), query, change).await;
    assert_eq!(payload["storeGroup"]["stores"].as_array().map(Vec::len), Some(2), "{payload:#}");
    assert!(reaches(&world.caller(area).await, &second));
    // Filters accept groups too.
    let levels = "query($filter: StockFilter) { stockLevels(filter: $filter) { nodes { store { id groups { id } } } } }";
    let answer = world.execute_as(world.owner(), levels, json!({ "filter": { "storeGroup": { "eq": group } } })).await;
    assert_eq!(answer["data"]["stockLevels"]["nodes"].as_array().map(Vec::len), Some(2), "{answer:#}");
    let other =
        world.execute_as(world.owner(), levels, json!({ "filter": { "storeGroup": { "eq": world.theirs.ids["grp"] } } })).await;
    assert_eq!(other["data"]["stockLevels"]["nodes"], json!([]));
}

async fn giving_rights_asks_for_a_fresh_password(world: &World) {
    world.advance_clock(601);
    let owner = Some(world.ours.owner.clone());
    for (field, input) in [
        ("roleCreate", json!({ "key": "late", "name": "Late", "permissions": [] })),
        ("memberRolesSet", json!({ "memberId": world.ours.ids["mem"], "expectedVersion": 1, "grants": [] })),
        ("integrationCreate", json!({ "name": "Late", "permissions": [], "scope": everywhere() })),
        ("apiKeyCreate", json!({ "integrationId": world.ours.ids["int"], "name": "Late" })),
        ("storeGroupUpdate", json!({ "id": world.ours.ids["grp"], "expectedVersion": 1, "storeIds": [] })),
    ] {
        let kind = format!("{}{}Input", &field[..1].to_uppercase(), &field[1..]);
        let query = format!("mutation($input: {kind}!) {{ {field}(input: $input) {{ userErrors {{ code }} }} }}");
        let answer = world.execute(&world.ours, owner.clone(), &query, &json!({ "input": input })).await;
        assert_eq!(answer["errors"][0]["code"], "STEP_UP_REQUIRED", "{field}: {answer:#}");
    }
}

async fn a_grant_says_what_it_leaves_out(world: &World) {
    let shop = world.ours.ids["sto"].clone();
    let input = json!({ "key": "keeper", "name": "Keeper", "permissions": ["stock.read", "store.read", "customer.write"] });
    let role = world.mutate_as(world.owner(), CREATE, input).await["role"]["id"].clone();
    let left_out = async |person: Person, scope: Value| {
        let payload = world.set_grants(&world.ours.owner, person, json!([{ "roleId": role, "scope": scope }])).await;
        assert_eq!(payload["userErrors"], json!([]), "{payload:#}");
        let query = "query($id: ID!) { node(id: $id) { ... on Member { roles { ignoredPermissions role { permissions } } } } }";
        let answer = world.execute_as(world.owner(), query, json!({ "id": payload["member"]["id"] })).await;
        answer["data"]["node"]["roles"][0]["ignoredPermissions"].clone()
    };
    let keeper = world.add_member("keeper").await;
    assert_eq!(left_out(keeper, in_stores(&[&shop])).await, json!(["store.read", "customer.write"]));
    let caller = world.caller(keeper).await;
    assert!(holds::<kind::StockRead>(&caller) && !holds::<kind::StoreRead>(&caller) && !holds::<kind::CustomerWrite>(&caller));
    assert_eq!(left_out(keeper, everywhere()).await, json!([]));
    assert!(holds::<kind::CustomerWrite>(&world.caller(keeper).await));
    // A partner's integration and its key, too.
    let mutation = "mutation($input: IntegrationCreateInput!) { integrationCreate(input: $input) {
        integration { id permissions ignoredPermissions } userErrors { code field message } } }";
    let input = json!({ "name": "till", "permissions": ["stock.read", "product.read"], "scope": in_stores(&[&shop]) });
    let till = world.mutate_as(world.owner(), mutation, input).await["integration"].clone();
    assert_eq!(
        (&till["permissions"], &till["ignoredPermissions"]),
        (&json!(["product.read", "stock.read"]), &json!(["product.read"]))
    );
    let mutation = "mutation($input: ApiKeyCreateInput!) { apiKeyCreate(input: $input) {
        apiKey { ignoredPermissions } userErrors { code field message } } }";
    let input = json!({ "integrationId": till["id"], "name": "till" });
    let key = world.mutate_as(world.owner(), mutation, input).await;
    assert_eq!(key["apiKey"]["ignoredPermissions"], json!(["product.read"]), "{key:#}");
}
