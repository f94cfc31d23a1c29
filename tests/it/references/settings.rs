//! Roles and saved views that calls name by the key and the slug; product families by the name.

use entity::prelude::RoleId;
use entrepot::access::OWNER;
use serde_json::{Value, json};

use super::without;
use crate::{
    authorization::world::World,
    purchasing::office::{Office, accepted, key, refused},
    world::on_both,
};

on_both!(
    a_person_is_invited_with_roles_by_their_keys,
    a_member_is_granted_roles_by_their_keys,
    a_key_of_two_roles_is_refused_with_both_to_choose_from,
    a_role_inherits_roles_by_their_keys,
    a_view_is_shared_with_roles_by_their_keys,
    a_link_and_a_schedule_name_their_view_by_its_slug,
    a_repeated_call_means_what_the_first_one_meant,
    a_name_stands_for_nothing_to_who_may_not_see_such_things,
);

const CLERK: &str = "alpha-clerk";
/// A list with pages, as a view that is sent has.
const TABLE: &str = "query($after: Cursor, $n: Int = 50) { stores(first: $n, after: $after) {
    pageInfo { hasNextPage endCursor } nodes { code } } }";
const INVITE: &str = "mutation($email: String!, $roles: [RoleRef!], $roleIds: [ID!]! = [], $key: String) {
    memberInvite(email: $email, roles: $roles, roleIds: $roleIds, scope: { all: true }, idempotencyKey: $key) {
        member { id roles { role { key } } } userErrors { code message field } replayed } }";

/// `base` and `more` as one object.
fn merged(base: &Value, extra: &Value) -> Value {
    let mut whole = base.clone();
    whole.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    whole
}

/// `base` and `more` as the input of a new call.
fn input_of(base: &Value, extra: &Value) -> Value {
    merged(&merged(base, extra), &json!({ "idempotencyKey": key() }))
}

async fn invite(office: &Office<'_>, email: &str, extra: Value) -> Value {
    let answer = office.execute(INVITE, merged(&json!({ "email": email }), &extra)).await;
    assert!(answer["errors"].is_null(), "{extra}: {answer:#}");
    answer["data"]["memberInvite"].clone()
}

/// The keys of the roles that a member has, in order.
fn keys_of(member: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> =
        member["roles"].as_array().unwrap().iter().map(|grant| grant["role"]["key"].as_str().unwrap()).collect();
    keys.sort_unstable();
    keys
}

async fn view(office: &Office<'_>, slug: &str) -> Value {
    let input = json!({ "idempotencyKey": key(), "name": "Stores by code", "slug": slug, "document": TABLE });
    accepted(&office.mutate("savedViewCreate", "SavedViewCreateInput", "savedView { id }", input).await, "savedView")["id"]
        .clone()
}

async fn a_person_is_invited_with_roles_by_their_keys(world: &World) {
    let office = Office::of(world).await;
    let (ours, theirs) = (json!(world.ours.ids["rol"]), json!(world.theirs.ids["rol"]));
    for none in ["nobody", "bravo-clerk", "ALPHA-CLERK"] {
        let roles = json!({ "roles": [{ "key": CLERK }, { "key": none }] });
        // Another address for each call: e-mails to one address are limited, and refused
        // invitations count.
        let message = refused(&invite(&office, &format!("{none}@example.com"), roles).await, "NOT_FOUND", "roles.1.key");
        assert_eq!(message, format!("there is no such role: \"{none}\""));
    }
    let foreign = json!({ "roles": [{ "id": theirs }] });
    refused(&invite(&office, "carol@example.com", foreign).await, "NOT_FOUND", "roles.0.id");
    let both = json!({ "roles": [{ "key": CLERK }], "roleIds": [ours] });
    refused(&invite(&office, "carol@example.com", both).await, "INVALID", "roles");
    let twice = json!({ "roles": [{ "key": CLERK }, { "id": ours }] });
    refused(&invite(&office, "carol@example.com", twice).await, "DUPLICATE", "roles.1.id");
    let invited = invite(&office, "carol@example.com", json!({ "roles": [{ "key": CLERK }, { "key": "viewer" }] })).await;
    assert_eq!(keys_of(accepted(&invited, "member")), [CLERK, "viewer"]);
    let without_any = invite(&office, "dora@example.com", json!({ "roles": [] })).await;
    assert_eq!(keys_of(accepted(&without_any, "member")), [""; 0]);
    let by_id = invite(&office, "emil@example.com", json!({ "roleIds": [ours] })).await;
    assert_eq!(keys_of(accepted(&by_id, "member")), [CLERK]);
}

/// Sets the grants of our owner: that of the owner's role, and another one for all stores.
async fn granted(office: &Office<'_>, extra: &Value) -> Value {
    let own = json!(office.world.ours.ids["mem"]);
    let read = "query($id: ID!) { node(id: $id) { ... on Member { version } } }";
    let version = office.execute(read, json!({ "id": own })).await["data"]["node"]["version"].clone();
    let extra = merged(&json!({ "scope": { "all": true } }), extra);
    let grants = json!([{ "role": { "key": "owner" }, "scope": { "all": true } }, extra]);
    let input = json!({ "idempotencyKey": key(), "member": { "id": own }, "expectedVersion": version, "grants": grants });
    office.mutate("memberRolesSet", "MemberRolesSetInput", "member { roles { role { id key } } }", input).await
}

async fn a_member_is_granted_roles_by_their_keys(world: &World) {
    let office = Office::of(world).await;
    for none in ["nobody", "bravo-clerk"] {
        refused(&granted(&office, &json!({ "role": { "key": none } })).await, "NOT_FOUND", "input.grants.1.role.key");
    }
    let foreign = json!({ "role": { "id": world.theirs.ids["rol"] } });
    refused(&granted(&office, &foreign).await, "NOT_FOUND", "input.grants.1.role.id");
    refused(&granted(&office, &json!({})).await, "REQUIRED", "input.grants.1.role");
    let other = json!({ "role": { "key": CLERK }, "roleId": OWNER.id.to_string() });
    refused(&granted(&office, &other).await, "INVALID", "input.grants.1.role");
    let same = json!({ "role": { "key": CLERK }, "roleId": world.ours.ids["rol"] });
    assert_eq!(keys_of(accepted(&granted(&office, &same).await, "member")), [CLERK, "owner"]);
}

async fn a_key_of_two_roles_is_refused_with_both_to_choose_from(world: &World) {
    let office = Office::of(world).await;
    // As where a default role of a later version has the key of a role that was there before.
    let own: RoleId = world.ours.ids["rol"].parse().unwrap();
    let work = world.node.db.global().maintenance_for(world.ours.owner.tenant).await.unwrap();
    let renamed = "UPDATE role SET key = 'viewer' WHERE tenant_id = $1 AND id = $2";
    assert_eq!(work.execute(renamed, vec![own.into()]).await.unwrap(), 1);
    work.commit().await.unwrap();
    let roles =
        office.execute("{ rolesList(first: 50) { nodes { id key } } }", json!({})).await["data"]["rolesList"]["nodes"].clone();
    let twins: Vec<&Value> =
        roles.as_array().unwrap().iter().filter(|role| role["key"] == "viewer").map(|role| &role["id"]).collect();
    assert_eq!(twins.len(), 2, "{roles:#}");
    let viewer = json!({ "role": { "key": "viewer" } });
    let invited = invite(&office, "carol@example.com", json!({ "roles": [viewer["role"]] })).await;
    let message = refused(&invited, "INVALID", "roles.0.key");
    assert!(message.starts_with("2 roles have this key"), "{message}");
    for id in &twins {
        assert!(message.contains(id.as_str().unwrap()), "{message}");
    }
    refused(&granted(&office, &viewer).await, "INVALID", "input.grants.1.role.key");
    // An ID beside the key selects one of them, and is refused if its role has another key.
    for id in twins {
        let chosen = granted(&office, &merged(&viewer, &json!({ "roleId": id }))).await;
        let grants = accepted(&chosen, "member")["roles"].as_array().unwrap();
        assert!(grants.iter().any(|grant| grant["role"]["id"] == *id), "{id}: {chosen:#}");
    }
    let other = merged(&viewer, &json!({ "roleId": OWNER.id.to_string() }));
    refused(&granted(&office, &other).await, "INVALID", "input.grants.1.role");
}

async fn a_role_inherits_roles_by_their_keys(world: &World) {
    let office = Office::of(world).await;
    let fields = "role { id version inherits { key } }";
    let create = async |extra: Value| {
        let input = input_of(&json!({ "key": "packer", "name": "Packer", "permissions": [] }), &extra);
        office.mutate("roleCreate", "RoleCreateInput", fields, input).await
    };
    let unknown = json!({ "inheritedRoles": [{ "key": CLERK }, { "key": "nobody" }] });
    let message = refused(&create(unknown).await, "NOT_FOUND", "input.inheritedRoles.1.key");
    assert_eq!(message, "there is no such role: \"nobody\"");
    let both = json!({ "inheritedRoles": [{ "key": CLERK }], "inherits": [world.ours.ids["rol"]] });
    refused(&create(both).await, "INVALID", "input.inheritedRoles");
    let many = json!({ "inheritedRoles": vec![json!({ "key": CLERK }); 21] });
    refused(&create(many).await, "LIMIT_EXCEEDED", "input.inheritedRoles");
    let role = create(json!({ "inheritedRoles": [{ "key": CLERK }, { "key": "viewer" }] })).await;
    let role = accepted(&role, "role").clone();
    assert_eq!(role["inherits"], json!([{ "key": CLERK }, { "key": "viewer" }]));
    let update = async |version: i64, extra: Value| {
        let input = input_of(&json!({ "id": role["id"], "expectedVersion": version }), &extra);
        office.mutate("roleUpdate", "RoleUpdateInput", fields, input).await
    };
    let itself = json!({ "inheritedRoles": [{ "key": "packer" }] });
    refused(&update(1, itself).await, "INVALID", "input.inheritedRoles.0.key");
    let viewer = json!([{ "key": "viewer" }]);
    assert_eq!(accepted(&update(1, json!({ "inheritedRoles": viewer })).await, "role")["inherits"], viewer);
    let renamed = update(2, json!({ "name": "Packers" })).await;
    assert_eq!(accepted(&renamed, "role")["inherits"], viewer, "left out, they stay");
}

async fn a_view_is_shared_with_roles_by_their_keys(world: &World) {
    let office = Office::of(world).await;
    let create = async |readers: Value| {
        let view = json!({ "name": "Stores by code", "slug": "stores-by-code", "document": TABLE, "readers": readers });
        let fields = "savedView { readers { roles { key } } }";
        office.mutate("savedViewCreate", "SavedViewCreateInput", fields, input_of(&view, &json!({}))).await
    };
    let input = json!([{ "key": CLERK }]);
    for none in ["nobody", "bravo-clerk"] {
        refused(&create(json!({ "roles": [{ "key": none }] })).await, "NOT_FOUND", "input.readers.roles.0.key");
    }
    let both = json!({ "roles": input, "roleIds": [world.ours.ids["rol"]] });
    refused(&create(both).await, "INVALID", "input.readers.roles");
    refused(&create(json!({ "everyone": true, "roles": input })).await, "INVALID", "input.readers.everyone");
    let many = json!({ "roles": vec![json!({ "key": CLERK }); 51] });
    refused(&create(many).await, "LIMIT_EXCEEDED", "input.readers.roles");
    let created = create(json!({ "roles": input })).await;
    assert_eq!(accepted(&created, "savedView")["readers"]["roles"], input);
}

async fn a_link_and_a_schedule_name_their_view_by_its_slug(world: &World) {
    let office = Office::of(world).await;
    let id = view(&office, "stores-by-code").await;
    for (mutation, kind, base) in [
        ("savedViewLinkCreate", "SavedViewLinkCreateInput", json!({})),
        ("savedViewScheduleSet", "SavedViewScheduleSetInput", json!({ "every": "DAILY", "emails": ["head@x.example"] })),
    ] {
        let make = async |extra: Value| office.mutate(mutation, kind, "savedView { id }", input_of(&base, &extra)).await;
        for none in ["nothing", "Stores-By-Code", "a\u{0}b"] {
            refused(&make(json!({ "savedView": { "slug": none } })).await, "NOT_FOUND", "input.savedView.slug");
        }
        let foreign = json!(world.theirs.ids["svw"]);
        refused(&make(json!({ "savedView": { "id": foreign } })).await, "NOT_FOUND", "input.savedView.id");
        let other = json!({ "savedView": { "slug": "stores-by-code" }, "savedViewId": foreign });
        refused(&make(other).await, "INVALID", "input.savedView");
        refused(&make(json!({})).await, "REQUIRED", "input.savedView");
        for named in [
            json!({ "savedView": { "slug": "stores-by-code" } }),
            json!({ "savedView": { "slug": "stores-by-code" }, "savedViewId": id }),
            json!({ "savedViewId": id }),
        ] {
            assert_eq!(accepted(&make(named.clone()).await, "savedView")["id"], id, "{mutation} {named}");
        }
    }
}

async fn a_repeated_call_means_what_the_first_one_meant(world: &World) {
    let office = Office::of(world).await;
    // A slug that is another view's since.
    let link = json!({ "idempotencyKey": "link-1", "savedView": { "slug": "stores-by-code" } });
    let linked = async || {
        office
            .mutate("savedViewLinkCreate", "SavedViewLinkCreateInput", "savedView { id } savedViewLink { id }", link.clone())
            .await
    };
    let id = view(&office, "stores-by-code").await;
    let first = linked().await;
    assert_eq!(accepted(&first, "savedView")["id"], id);
    let moved_input = json!({ "idempotencyKey": key(), "id": id, "expectedVersion": 1, "slug": "stores-of-before" });
    accepted(&office.mutate("savedViewUpdate", "SavedViewUpdateInput", "savedView { id }", moved_input).await, "savedView");
    view(&office, "stores-by-code").await;
    let again = linked().await;
    assert_eq!((accepted(&again, "savedView"), &again["replayed"]), (&first["savedView"], &json!(true)));
    assert_eq!(again["savedViewLink"], first["savedViewLink"]);
    // A key that no role has any more.
    let role = json!({ "idempotencyKey": key(), "key": "packer", "name": "Packer", "permissions": ["store.read"] });
    let role = office.mutate("roleCreate", "RoleCreateInput", "role { id }", role).await;
    let invited =
        async || invite(&office, "carol@example.com", json!({ "roles": [{ "key": "packer" }], "key": "invite-1" })).await;
    let first = invited().await;
    let renamed = json!({ "idempotencyKey": key(), "id": accepted(&role, "role")["id"], "expectedVersion": 1, "key": "picker" });
    accepted(&office.mutate("roleUpdate", "RoleUpdateInput", "role { id }", renamed).await, "role");
    let again = invited().await;
    assert_eq!((&accepted(&again, "member")["id"], &again["replayed"]), (&accepted(&first, "member")["id"], &json!(true)));
    assert_eq!(keys_of(&again["member"]), ["picker"]);
    // A name that another family has, too.
    let family = async || {
        let input = json!({ "name": "Bowls", "optionNames": ["Size"] });
        office.mutate("productFamilyCreate", "ProductFamilyCreateInput", "productFamily { id }", input).await
    };
    let bowls = accepted(&family().await, "productFamily")["id"].clone();
    let bowl = json!({ "idempotencyKey": "bowl-1", "sku": "BOWL-S", "name": "Bowl", "family": { "name": "Bowls" },
        "options": [{ "name": "Size", "value": "S" }] });
    let create_products =
        async || office.mutate("productCreate", "ProductCreateInput", "product { id family { id } }", bowl.clone()).await;
    let first = create_products().await;
    assert_eq!(accepted(&first, "product")["family"]["id"], bowls);
    accepted(&family().await, "productFamily");
    let again = create_products().await;
    assert_eq!((&accepted(&again, "product")["id"], &again["replayed"]), (&first["product"]["id"], &json!(true)));
}

async fn a_name_stands_for_nothing_to_who_may_not_see_such_things(world: &World) {
    let office = Office::of(world).await;
    let id = view(&office, "stores-by-code").await;
    let input_for = |name: &str, there: &str, known: &Value| {
        let texts = [there, "nobody"].map(|text| json!({ name: text }));
        (texts, json!({ "id": known }))
    };
    for (lacking, (mutation, kind), (field, base), (texts, by_id)) in [
        (
            "view.read",
            ("savedViewLinkCreate", "SavedViewLinkCreateInput"),
            ("savedView", json!({})),
            input_for("slug", "stores-by-code", &id),
        ),
        (
            "role.read",
            ("roleCreate", "RoleCreateInput"),
            ("inheritedRoles", json!({ "key": "packer", "name": "Packer", "permissions": [] })),
            input_for("key", CLERK, &json!(world.ours.ids["rol"])),
        ),
    ] {
        let clerk = office.as_caller(without(world, lacking));
        let query = format!("mutation($input: {kind}!) {{ {mutation}(input: $input) {{ userErrors {{ code field }} }} }}");
        for text in texts {
            let answer = clerk.execute(&query, json!({ "input": input_of(&base, &json!({ field: text })) })).await;
            assert_eq!(answer["errors"][0]["permission"], lacking, "{text}: {answer:#}");
        }
        let answer = clerk.execute(&query, json!({ "input": input_of(&base, &json!({ field: by_id })) })).await;
        assert_eq!(answer["data"][mutation]["userErrors"], json!([]), "an ID needs no more than the call: {answer:#}");
    }
}
