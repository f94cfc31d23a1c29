//! A call that grants rights reports all its errors stage by stage: invalid input, missing objects,
//! rights that may not be granted, and conflicts with the company's current state.

use serde_json::{Value, json};

use super::{
    keys::{KEY, integration},
    world::{everywhere, grant, in_stores},
};
use crate::{
    authorization::world::World,
    world::{
        answers::{at_each, refusals},
        on_both,
    },
};

on_both!(
    a_partner_is_told_every_permission_and_place_that_is_not_there,
    a_key_is_told_every_network_then_every_permission,
    a_role_is_told_how_it_is_written_before_what_it_names,
    a_member_is_told_every_role_and_store_that_is_not_there,
    a_group_is_told_every_store_that_is_not_there,
);

const NOBODYS: &str = "sto_00000000000000000000000000";
const CREATE: &str =
    "mutation($input: IntegrationCreateInput!) { integrationCreate(input: $input) { userErrors { code field message } } }";
const UPDATE: &str =
    "mutation($input: IntegrationUpdateInput!) { integrationUpdate(input: $input) { userErrors { code field message } } }";
const ROLE: &str =
    "mutation($input: RoleCreateInput!) { roleCreate(input: $input) { role { id } userErrors { code field message } } }";
const UPDATE_ROLE: &str =
    "mutation($input: RoleUpdateInput!) { roleUpdate(input: $input) { userErrors { code field message } } }";

async fn a_partner_is_told_every_permission_and_place_that_is_not_there(world: &World) {
    let (ours, theirs) = (&world.ours.ids, &world.theirs.ids);
    let create = async |input: Value| refusals(&world.mutate_as(world.owner(), CREATE, input).await);
    let codes = json!(["stock.read", "stock.teleport", "order.conjure"]);
    assert_eq!(
        create(json!({ "name": " ", "permissions": codes, "scope": in_stores(&[]) })).await,
        [at_each("REQUIRED", &["input.name"]), at_each("INVALID", &["input.scope"])].concat()
    );
    let many = json!({ "name": "Partner", "permissions": vec!["stock.teleport"; 251], "scope": everywhere() });
    assert_eq!(
        create(many).await,
        at_each("LIMIT_EXCEEDED", &["input.permissions"]),
        "a list longer than all permissions is told as one"
    );
    let foreign = in_stores(&[&theirs["sto"], &ours["sto"], NOBODYS]);
    let places = ["input.permissions.1", "input.permissions.2", "input.scope.storeIds.0", "input.scope.storeIds.2"];
    let input = json!({ "name": "Partner", "channelId": theirs["chn"], "permissions": codes, "scope": foreign });
    let [first, second, third, fourth] = places;
    assert_eq!(create(input).await, at_each("NOT_FOUND", &["input.channelId", first, second, third, fourth]));
    let stale = json!({ "id": ours["int"], "expectedVersion": 9, "permissions": codes, "scope": foreign });
    assert_eq!(refusals(&world.mutate_as(world.owner(), UPDATE, stale).await), at_each("NOT_FOUND", &places));
    // A caller that holds neither permission gets an error for both.
    let role = json!({ "key": "keys", "name": "Keys", "permissions": ["apikey.write", "apikey.read", "product.read"] });
    let role = world.mutate_as(world.owner(), ROLE, role).await["role"]["id"].clone();
    let maker = world.add_member_with("maker", json!([{ "roleId": role, "scope": everywhere() }])).await;
    let input = json!({ "name": "Wide", "permissions": ["audit.read", "product.read", "job.read"], "scope": everywhere() });
    assert_eq!(
        refusals(&world.mutate_as(maker, CREATE, input).await),
        at_each("INVALID", &["input.permissions.0", "input.permissions.2"])
    );
}

async fn a_key_is_told_every_network_then_every_permission(world: &World) {
    let create = async |input: Value| refusals(&world.mutate_as(world.owner(), KEY, input).await);
    let codes = json!(["stock.teleport", "stock.read", "order.conjure"]);
    let theirs = &world.theirs.ids["int"];
    let networks = json!(["everywhere", "192.0.2.0/24", "nowhere"]);
    assert_eq!(
        create(json!({ "integrationId": theirs, "name": "Key", "permissions": codes, "allowedCidrs": networks })).await,
        at_each("INVALID", &["input.allowedCidrs.0", "input.allowedCidrs.2"])
    );
    assert_eq!(
        create(json!({ "integrationId": theirs, "name": "Key", "permissions": codes })).await,
        at_each("NOT_FOUND", &["input.integrationId", "input.permissions.0", "input.permissions.2"])
    );
    let integration_id = integration(world, json!(["product.read"]), everywhere()).await;
    let input = json!({ "integrationId": integration_id, "name": "Key", "permissions": ["product.read", "stock.read", "order.read"],
        "budget": { "points": 0, "restoreRate": -1 }, "expiresAt": "2020-01-01T00:00:00Z" });
    assert_eq!(
        create(input).await,
        at_each(
            "INVALID",
            &["input.permissions.1", "input.permissions.2", "input.expiresAt", "input.budget.points", "input.budget.restoreRate"]
        )
    );
}

async fn a_role_is_told_how_it_is_written_before_what_it_names(world: &World) {
    let create = async |input: Value| refusals(&world.mutate_as(world.owner(), ROLE, input).await);
    let codes = json!(["stock.teleport", "stock.read", "order.conjure"]);
    assert_eq!(
        create(json!({ "key": "No Key", "name": " ", "permissions": codes })).await,
        [at_each("INVALID", &["input.key"]), at_each("REQUIRED", &["input.name"])].concat()
    );
    assert_eq!(
        create(json!({ "key": "", "name": "", "permissions": codes })).await,
        at_each("REQUIRED", &["input.key", "input.name"])
    );
    assert_eq!(
        create(json!({ "key": "owner", "name": "Owner", "permissions": codes, "inherits": [world.theirs.ids["rol"]] })).await,
        at_each("NOT_FOUND", &["input.permissions.0", "input.permissions.2", "input.inherits.0"])
    );
    let scribes = json!({ "key": "scribe", "name": "Scribe", "permissions": ["role.write", "role.read", "product.read"] });
    let role_id = world.mutate_as(world.owner(), ROLE, scribes).await["role"]["id"].clone();
    let scribe = world.add_member_with("scribe", json!([{ "roleId": role_id, "scope": everywhere() }])).await;
    let wide = json!({ "key": "owner", "name": "Owner", "permissions": ["audit.read", "product.read", "job.read"] });
    assert_eq!(
        refusals(&world.mutate_as(scribe, ROLE, wide).await),
        at_each("INVALID", &["input.permissions.0", "input.permissions.2"])
    );
    let late_input = json!({ "id": role_id, "expectedVersion": 9, "key": "owner" });
    let expected = [("VERSION_CONFLICT", "input.expectedVersion"), ("DUPLICATE", "input.key")];
    let expected = expected.map(|(code, path)| (code.to_owned(), path.to_owned()));
    assert_eq!(refusals(&world.mutate_as(world.owner(), UPDATE_ROLE, late_input).await), expected);
}

async fn a_member_is_told_every_role_and_store_that_is_not_there(world: &World) {
    let (own, theirs) = (&world.ours.ids["sto"], &world.theirs.ids);
    let newcomer = world.add_member("newcomer").await;
    let give = async |grants: Value| refusals(&world.set_grants(&world.ours.owner, newcomer, grants).await);
    let foreign = |scope: Value| json!({ "roleId": theirs["rol"], "scope": scope });
    let grants =
        json!([foreign(everywhere()), grant("viewer", in_stores(&[own, &theirs["sto"]])), foreign(in_stores(&[NOBODYS]))]);
    let places =
        ["input.grants.0.roleId", "input.grants.1.scope.storeIds.1", "input.grants.2.roleId", "input.grants.2.scope.storeIds.0"];
    assert_eq!(give(grants).await, at_each("NOT_FOUND", &places));
    let mut past = grant("viewer", everywhere());
    past["expiresAt"] = json!("2020-01-01T00:00:00Z");
    let expected = [("DUPLICATE", "input.grants.1.roleId"), ("INVALID", "input.grants.2.expiresAt")];
    let expected = expected.map(|(code, path)| (code.to_owned(), path.to_owned()));
    assert_eq!(give(json!([grant("viewer", everywhere()), grant("viewer", everywhere()), past])).await, expected);
    assert_eq!(
        give(json!([grant("viewer", in_stores(&[])), foreign(in_stores(&[]))])).await,
        at_each("INVALID", &["input.grants.0.scope", "input.grants.1.scope"]),
        "a scope without a store is told before a role that is not there"
    );
}

async fn a_group_is_told_every_store_that_is_not_there(world: &World) {
    let query =
        "mutation($input: StoreGroupCreateInput!) { storeGroupCreate(input: $input) { userErrors { code field message } } }";
    let create = async |input: Value| refusals(&world.mutate_as(world.owner(), query, input).await);
    let stores = json!([NOBODYS, world.ours.ids["sto"], world.theirs.ids["sto"]]);
    assert_eq!(
        create(json!({ "code": "a b", "name": " ", "storeIds": stores })).await,
        [at_each("INVALID", &["input.code"]), at_each("REQUIRED", &["input.name"])].concat()
    );
    assert_eq!(create(json!({ "code": " ", "name": "Coast", "storeIds": stores })).await, at_each("REQUIRED", &["input.code"]));
    assert_eq!(
        create(json!({ "code": "coast", "name": "Coast", "storeIds": stores })).await,
        at_each("NOT_FOUND", &["input.storeIds.0", "input.storeIds.2"])
    );
}
