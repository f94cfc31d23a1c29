//! Links of views: permissions to create one, its fields, and its end. Reading by a link is tested
//! in `process/views.rs`.

use serde_json::{Value, json};

use super::{
    STORES, change, create_view,
    outputs::another,
    schedules::{TABLE, daily},
};
use crate::{
    authorization::world::World,
    purchasing::office::{Office, accepted, key, refused},
    world::on_both,
};

on_both!(
    the_secret_of_a_link_is_shown_once_and_opens_its_view,
    a_link_that_was_revoked_or_whose_view_is_gone_opens_nothing,
    a_link_of_what_cannot_be_read_is_not_made,
    only_who_manages_views_makes_links_and_sees_them,
    a_colleague_puts_no_other_document_under_a_link_or_a_schedule_of_the_owners,
);

const LINK: &str = "savedView { slug } savedViewLink { id variables createdBy { __typename } expiresAt } secret secretStatus";
const LINKS: &str = "query($by: SavedViewRef!) { savedView(by: $by) { links { id } } }";

async fn link(office: &Office<'_>, mut input: Value) -> Value {
    if input["idempotencyKey"].is_null() {
        input["idempotencyKey"] = json!(key());
    }
    office.mutate("savedViewLinkCreate", "SavedViewLinkCreateInput", LINK, input).await
}

async fn revoke(office: &Office<'_>, id: &Value) -> Value {
    let input = json!({ "idempotencyKey": key(), "savedViewLinkId": id });
    office.mutate("savedViewLinkRevoke", "SavedViewLinkRevokeInput", "savedView { slug }", input).await
}

async fn links(office: &Office<'_>, slug: &str) -> usize {
    let answer = office.execute(LINKS, json!({ "by": { "slug": slug } })).await;
    answer["data"]["savedView"]["links"].as_array().map_or(0, Vec::len)
}

async fn opens(office: &Office<'_>, secret: &Value) -> bool {
    office.world.node.saved_views.open_link(secret.as_str().unwrap()).await.unwrap().is_some()
}

async fn the_secret_of_a_link_is_shown_once_and_opens_its_view(world: &World) {
    let office = Office::of(world).await;
    let view = create_view(&office, "shared", "query($n: Int = 5) { stores(first: $n) { nodes { id } } }").await;
    let input = json!({ "idempotencyKey": key(), "savedViewId": view["id"], "variables": { "n": 2 } });
    let first = link(&office, input.clone()).await;
    let link_made = accepted(&first, "savedViewLink");
    assert_eq!((&first["secretStatus"], &link_made["variables"]), (&json!("SHOWN"), &json!({ "n": 2 })), "{first:#}");
    assert_eq!((&first["savedView"]["slug"], &link_made["createdBy"]["__typename"]), (&json!("shared"), &json!("Member")));
    let again = link(&office, input).await;
    assert_eq!(
        (&again["secretStatus"], &again["secret"], &again["replayed"]),
        (&json!("ALREADY_SHOWN"), &Value::Null, &json!(true))
    );
    assert_eq!(&again["savedViewLink"], link_made, "{again:#}");
    let open = world.node.saved_views.open_link(first["secret"].as_str().unwrap()).await.unwrap().unwrap();
    assert_eq!(
        (json!(open.link.view), open.tenant, open.link.maker),
        (view["id"].clone(), office.caller.tenant, office.caller.actor)
    );
    assert_eq!(links(&office, "shared").await, 1);
    // Neither a similar secret nor an empty one opens the view.
    let text = first["secret"].as_str().unwrap();
    let (head, tail) = text.split_at(text.len() - 8);
    for other in [format!("{head}{}", if tail == "AAAAAAAA" { "BAAAAAAA" } else { "AAAAAAAA" }), "evl_".to_owned(), String::new()]
    {
        assert!(!opens(&office, &json!(other)).await, "{other}");
    }
    let dump = world.dump(office.caller.tenant).await;
    assert!(!dump.iter().any(|line| line.contains(text)), "the secret is kept nowhere");
    office.is_sound().await;
}

async fn a_link_that_was_revoked_or_whose_view_is_gone_opens_nothing(world: &World) {
    let office = Office::of(world).await;
    let view = create_view(&office, "shared", STORES).await;
    let first = link(&office, json!({ "savedViewId": view["id"] })).await;
    let second = link(&office, json!({ "savedViewId": view["id"], "expiresInDays": 1 })).await;
    assert!(opens(&office, &first["secret"]).await && opens(&office, &second["secret"]).await);
    let revoked = revoke(&office, &first["savedViewLink"]["id"]).await;
    assert_eq!(accepted(&revoked, "savedView")["slug"], "shared");
    refused(&revoke(&office, &first["savedViewLink"]["id"]).await, "NOT_FOUND", "input.savedViewLinkId");
    assert!(!opens(&office, &first["secret"]).await && opens(&office, &second["secret"]).await);
    accepted(&change(&office, "Delete", json!({ "id": view["id"] })).await, "savedView");
    assert!(!opens(&office, &second["secret"]).await, "its view is gone");
    office.is_sound().await;
}

async fn a_link_of_what_cannot_be_read_is_not_made(world: &World) {
    let office = Office::of(world).await;
    let few = "query($n: Int = 3) { stores(first: $n) { nodes { id stockLevels(first: $n) { nodes { id } } } } }";
    let view = create_view(&office, "few", few).await;
    let with = |name: &str, value: Value| {
        let mut input = json!({ "savedViewId": view["id"] });
        input[name] = value;
        input
    };
    for days in [0, 366] {
        refused(&link(&office, with("expiresInDays", json!(days))).await, "INVALID", "input.expiresInDays");
    }
    for variables in [json!({ "colour": "red" }), json!({ "n": 250 }), json!([1])] {
        refused(&link(&office, with("variables", variables)).await, "INVALID", "input.variables");
    }
    let other = office.world.theirs.ids["svw"].clone();
    refused(&link(&office, with("savedViewId", json!(other))).await, "NOT_FOUND", "input.savedViewId");
    for _ in 0..20 {
        accepted(&link(&office, json!({ "savedViewId": view["id"] })).await, "savedViewLink");
    }
    refused(&link(&office, json!({ "savedViewId": view["id"] })).await, "LIMIT_EXCEEDED", "input.savedViewId");
    let dry = "mutation($input: SavedViewLinkCreateInput!) { savedViewLinkCreate(input: $input, validateOnly: true) {
        savedViewLink { id } secret secretStatus userErrors { code } seq } }";
    let view = create_view(&office, "dry", STORES).await;
    let input = json!({ "idempotencyKey": key(), "savedViewId": view["id"] });
    let answer = office.execute(dry, json!({ "input": input })).await;
    let payload = &answer["data"]["savedViewLinkCreate"];
    assert_eq!(
        (&payload["secret"], &payload["secretStatus"], &payload["seq"]),
        (&Value::Null, &json!("NONE"), &Value::Null),
        "{answer:#}"
    );
    assert!(payload["savedViewLink"]["id"].is_string() && links(&office, "dry").await == 0, "{answer:#}");
}

async fn only_who_manages_views_makes_links_and_sees_them(world: &World) {
    let office = Office::of(world).await;
    let view = create_view(&office, "shared", STORES).await;
    accepted(&link(&office, json!({ "savedViewId": view["id"] })).await, "savedViewLink");
    let reader = office.as_caller(world.ours.owner_with(&["view.read", "store.read"]));
    let answer = reader.execute(LINKS, json!({ "by": { "slug": "shared" } })).await;
    assert_eq!(answer["errors"][0]["permission"], "view.manage", "{answer:#}");
    let create = "mutation($input: SavedViewLinkCreateInput!) { savedViewLinkCreate(input: $input) { userErrors { code } } }";
    let input = json!({ "idempotencyKey": key(), "savedViewId": view["id"] });
    let answer = reader.execute(create, json!({ "input": input })).await;
    assert_eq!(answer["errors"][0]["permission"], "view.manage", "{answer:#}");
    assert_eq!(links(&office, "shared").await, 1);
}

async fn a_colleague_puts_no_other_document_under_a_link_or_a_schedule_of_the_owners(world: &World) {
    let office = Office::of(world).await;
    let colleague = office.as_caller(another(world, &["view.read", "view.manage", "store.read", "member.read"]));
    let costs = "query($n: Int = 50) { products(first: $n) { nodes { unitCost { amount } } } }";
    for lent in ["by a link", "by a schedule"] {
        let view = create_view(&office, &key(), TABLE).await;
        let lender = if lent == "by a link" {
            link(&office, json!({ "savedViewId": view["id"] })).await["savedViewLink"]["id"].clone()
        } else {
            daily(&office, &view, "head@x.example").await["id"].clone()
        };
        let with = |version: i64, field: &str, value: Value| {
            let mut input = json!({ "id": view["id"], "expectedVersion": version });
            input[field] = value;
            input
        };
        for (field, value) in [("document", json!(costs)), ("variables", json!({ "n": 2 }))] {
            refused(&change(&colleague, "Update", with(1, field, value)).await, "INVALID_STATE", "input.document");
        }
        accepted(&change(&colleague, "Update", with(1, "name", json!("Shops"))).await, "savedView");
        accepted(&change(&office, "Update", with(2, "variables", json!({ "n": 3 }))).await, "savedView");
        if lent == "by a link" {
            accepted(&revoke(&office, &lender).await, "savedView");
        } else {
            let input = json!({ "idempotencyKey": key(), "id": lender });
            let payload =
                office.mutate("savedViewScheduleDelete", "SavedViewScheduleDeleteInput", "savedView { slug }", input).await;
            accepted(&payload, "savedView");
        }
        accepted(&change(&colleague, "Update", with(3, "document", json!(costs))).await, "savedView");
    }
}
