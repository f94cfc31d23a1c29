//! A partner bound to a channel sees and makes that channel's orders and reservations, and no others.

use entrepot::{access::Caller, api::access::KeyUse, schema};
use serde_json::{Value, json};

use super::world::{codes, everywhere};
use crate::{
    authorization::{crossing::made_up, world::World},
    world::on_both,
};

on_both!(
    a_partner_sees_its_own_channel_only,
    a_partner_sells_in_its_own_channel_only,
    a_partner_takes_back_what_its_channel_sold_and_nothing_else,
    a_partner_is_told_of_no_customer,
    what_tells_of_all_channels_cannot_be_given_to_one,
    a_program_is_named_as_the_author_of_what_it_did,
);

const INTEGRATION: &str = "mutation($input: IntegrationCreateInput!) { integrationCreate(input: $input) {
    integration { id } userErrors { code field message } } }";
const KEY: &str = "mutation($input: ApiKeyCreateInput!) { apiKeyCreate(input: $input) { secret userErrors { code message } } }";

struct Partner {
    caller: Caller,
    used: KeyUse,
    channel: String,
}

/// A partner with a channel of its own.
async fn partner(world: &World) -> Partner {
    let query = "mutation($input: ChannelCreateInput!) { channelCreate(input: $input) { channel { id } userErrors { code } } }";
    let payload = world.must_mutate(&world.ours, query, json!({ "input": { "code": "partner", "name": "Partner" } })).await;
    let channel = payload["channel"]["id"].as_str().unwrap().to_owned();
    let permissions = json!([
        "product.read",
        "store.read",
        "stock.read",
        "stock.reserve",
        "order.read",
        "order.write",
        "order.cancel",
        "order.fulfil",
        "order.return",
        "report.read"
    ]);
    let input = json!({ "name": "Partner", "channelId": channel, "permissions": permissions, "scope": everywhere() });
    let payload = world.mutate_as(world.owner(), INTEGRATION, input).await;
    let input = json!({ "integrationId": payload["integration"]["id"], "name": "Key" });
    let secret = world.mutate_as(world.owner(), KEY, input).await["secret"].as_str().unwrap().to_owned();
    let found = world.node.access.key(&secret, None).await.unwrap();
    Partner { caller: found.caller, used: KeyUse { key: found.key, created_at: found.created_at }, channel }
}

async fn execute_as(world: &World, partner: &Partner, query: &str, variables: Value) -> Value {
    let request = async_graphql::Request::new(query).variables(async_graphql::Variables::from_json(variables));
    let scope = world.node.db.tenant(partner.caller.tenant);
    let request = schema::attach(request, &scope).data(partner.caller.clone()).data(partner.used);
    let response = world.node.schema.execute(request).await;
    let code =
        |error: &async_graphql::ServerError| error.source::<entrepot::graphql::fault::TopError>().map(|top| top.code().as_str());
    let errors: Vec<_> = response.errors.iter().map(|error| json!({ "code": code(error), "message": error.message })).collect();
    json!({ "data": response.data.into_json().unwrap(), "errors": errors })
}

async fn mutate_as(world: &World, partner: &Partner, query: &str, input: Value) -> Value {
    let answer = execute_as(world, partner, query, json!({ "input": input })).await;
    assert_eq!(answer["errors"], json!([]), "{answer:#}");
    answer["data"].as_object().unwrap().values().next().unwrap().clone()
}

const ORDER: &str = "mutation($input: OrderCreateInput!) { orderCreate(input: $input) { order { id number channel { id } lines { id } } userErrors { code field message } } }";

fn order(world: &World, key: &str, extra: Value) -> Value {
    let line = json!({ "product": { "id": world.ours.ids["prd"] }, "quantity": 2 });
    let mut input =
        json!({ "idempotencyKey": key, "store": { "id": world.ours.ids["sto"] }, "externalRef": key, "lines": [line] });
    input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    input
}

async fn a_partner_sees_its_own_channel_only(world: &World) {
    let partner = partner(world).await;
    let lists = "{ orders { nodes { id channel { id } } } ordersCount { count } returns { nodes { id } } salesReport(groupBy: CHANNEL) { key } }";
    let before = execute_as(world, &partner, lists, json!({})).await;
    assert_eq!(before["errors"], json!([]), "{before:#}");
    assert_eq!((&before["data"]["orders"]["nodes"], &before["data"]["ordersCount"]["count"]), (&json!([]), &json!(0)));
    assert_eq!((&before["data"]["returns"]["nodes"], &before["data"]["salesReport"]), (&json!([]), &json!([])));
    let node = "query($id: ID!) { node(id: $id) { __typename } }";
    for prefix in ["ord", "oln", "ful", "ret", "rsv"] {
        let answer = execute_as(world, &partner, node, json!({ "id": world.ours.ids[prefix] })).await;
        assert_eq!(answer, json!({ "data": { "node": null }, "errors": [] }), "{prefix} of another channel");
    }
    let own = mutate_as(world, &partner, ORDER, order(world, "p-1", json!({}))).await;
    assert_eq!(own["order"]["channel"]["id"], json!(partner.channel), "{own:#}");
    let fulfil = "mutation($input: OrderFulfilInput!) { orderFulfil(input: $input) { order { status } userErrors { code } } }";
    mutate_as(world, &partner, fulfil, json!({ "id": own["order"]["id"], "idempotencyKey": "p-2" })).await;
    let back = "mutation($input: ReturnCreateInput!) { returnCreate(input: $input) { return { id } userErrors { code field message } } }";
    let line =
        json!({ "product": { "id": world.ours.ids["prd"] }, "orderLineId": own["order"]["lines"][0]["id"], "quantity": 1 });
    let input = json!({ "idempotencyKey": "p-3", "store": { "id": world.ours.ids["sto"] }, "lines": [line] });
    let returned = mutate_as(world, &partner, back, input).await;
    let after = execute_as(world, &partner, lists, json!({})).await["data"].clone();
    assert_eq!(after["orders"]["nodes"], json!([{ "id": own["order"]["id"], "channel": { "id": partner.channel } }]));
    assert_eq!(after["returns"]["nodes"], json!([{ "id": returned["return"]["id"] }]), "of its own order");
    assert_eq!(after["salesReport"].as_array().map(Vec::len), Some(1));
    let number =
        execute_as(world, &partner, "query($by: OrderRef!) { order(by: $by) { id } }", json!({ "by": { "number": "1" } })).await;
    assert_eq!(number, json!({ "data": { "order": null }, "errors": [] }), "by a number of another channel");
    let report = execute_as(world, &partner, "{ movementReport { kind } }", json!({})).await;
    assert_eq!(report["errors"][0]["code"], "FORBIDDEN");
}

async fn a_partner_sells_in_its_own_channel_only(world: &World) {
    let partner = partner(world).await;
    let theirs = world.ours.ids["chn"].clone();
    let foreign = mutate_as(world, &partner, ORDER, order(world, "c-1", json!({ "channelId": theirs }))).await;
    let unknown = made_up(world, &theirs);
    let nobodys = mutate_as(world, &partner, ORDER, order(world, "c-1", json!({ "channelId": unknown }))).await;
    // Each answer names the requested ID and contains nothing else about the order.
    let alike = |answer: &Value, id: &str| answer.to_string().replace(id, "…");
    assert_eq!((codes(&foreign), alike(&foreign, &theirs)), (vec!["NOT_FOUND"], alike(&nobodys, &unknown)));
    let cancel = "mutation($input: ActionInput!) { orderCancel(input: $input) { userErrors { code field message } } }";
    let input_for = |id: &str| json!({ "id": id, "idempotencyKey": "c-2" });
    let foreign = mutate_as(world, &partner, cancel, input_for(&world.ours.ids["ord"])).await;
    let unknown = made_up(world, &world.ours.ids["ord"]);
    let nobodys = mutate_as(world, &partner, cancel, input_for(&unknown)).await;
    assert_eq!((codes(&foreign), alike(&foreign, &world.ours.ids["ord"])), (vec!["NOT_FOUND"], alike(&nobodys, &unknown)));
    let reserve = "mutation($input: StockReserveInput!) { stockReserve(input: $input) { reservations { id channel { id } } userErrors { code } } }";
    let item = json!({ "product": { "id": world.ours.ids["prd"] }, "store": { "id": world.ours.ids["sto"] }, "quantity": 1 });
    let reservation_answer =
        execute_as(world, &partner, reserve, json!({ "input": { "idempotencyKey": "c-3", "items": [item] } })).await;
    let reservation_answer = reservation_answer["data"]["stockReserve"]["reservations"][0].clone();
    assert_eq!(reservation_answer["channel"]["id"], json!(partner.channel), "{reservation_answer:#}");
    let release = "mutation($input: StockReleaseInput!) { stockRelease(input: $input) { userErrors { code field message } } }";
    let input_for = |id: &Value| json!({ "idempotencyKey": "c-4", "reservationIds": [id] });
    let foreign = mutate_as(world, &partner, release, input_for(&json!(world.ours.ids["rsv"]))).await;
    let unknown = made_up(world, &world.ours.ids["rsv"]);
    let nobodys = mutate_as(world, &partner, release, input_for(&json!(unknown))).await;
    assert_eq!((codes(&foreign), alike(&foreign, &world.ours.ids["rsv"])), (vec!["NOT_FOUND"], alike(&nobodys, &unknown)));
    let own =
        mutate_as(world, &partner, ORDER, order(world, "c-5", json!({ "reservationIds": [reservation_answer["id"]] }))).await;
    assert_eq!(own["userErrors"], json!([]), "{own:#}");
    let payload =
        mutate_as(world, &partner, ORDER, order(world, "c-6", json!({ "reservationIds": [world.ours.ids["rsv"]] }))).await;
    assert_eq!(codes(&payload), ["NOT_FOUND"]);
}

const BACK: &str = "mutation($input: ReturnCreateInput!) { returnCreate(input: $input) { return { id customer { name } } userErrors { code field message } } }";
const FULFIL: &str =
    "mutation($input: OrderFulfilInput!) { orderFulfil(input: $input) { order { status } userErrors { code } } }";

async fn a_partner_takes_back_what_its_channel_sold_and_nothing_else(world: &World) {
    let partner = partner(world).await;
    let sold = mutate_as(world, &partner, ORDER, order(world, "t-1", json!({}))).await["order"].clone();
    mutate_as(world, &partner, FULFIL, json!({ "id": sold["id"], "idempotencyKey": "t-2" })).await;
    let stock = "query($by: ProductRef!) { product(by: $by) { stock { store { id } onHand } } }";
    let by = json!({ "by": { "id": world.ours.ids["prd"] } });
    let before = world.execute_as(world.owner(), stock, by.clone()).await;
    let product = json!({ "id": world.ours.ids["prd"] });
    let price = json!({ "amount": "1.00", "currencyCode": "GBP" });
    let back =
        |key: &str, line: Value| json!({ "idempotencyKey": key, "store": { "id": world.ours.ids["sto"] }, "lines": [line] });
    let piece = json!([{ "orderLineId": sold["lines"][0]["id"], "quantity": 1 }]);
    for (line, field) in [
        (json!({ "product": product, "quantity": 5_000, "unitPrice": price }), "orderLineId"),
        (json!({ "product": product, "quantity": 5_000, "matches": piece }), "matches"),
        (json!({ "kind": "CHARGE", "name": "Gesture", "quantity": 1, "unitPrice": price }), "orderLineId"),
    ] {
        let answer = mutate_as(world, &partner, BACK, back("t-3", line)).await;
        assert_eq!(codes(&answer), ["INVALID"], "{answer:#}");
        assert_eq!(answer["userErrors"][0]["field"], json!(["input", "lines", "0", field]), "{answer:#}");
    }
    assert_eq!(world.execute_as(world.owner(), stock, by).await, before, "nothing came into stock");
    let own = mutate_as(world, &partner, BACK, back("t-4", json!({ "product": product, "quantity": 1, "matches": piece }))).await;
    assert_eq!(own["userErrors"], json!([]), "{own:#}");
    let listed = execute_as(world, &partner, "{ returns { nodes { id } } }", json!({})).await;
    assert_eq!(listed["data"]["returns"]["nodes"], json!([{ "id": own["return"]["id"] }]), "and it is followed");
    // A caller that is bound to no channel may take back goods without a known order.
    let line = json!({ "product": product, "quantity": 1, "unitPrice": price });
    let any = world.mutate_as(world.owner(), BACK, back("t-5", line)).await;
    assert_eq!(any["userErrors"], json!([]), "{any:#}");
}

/// A partner that knows or guesses a customer's ID does not learn who that is by selling to them.
async fn a_partner_is_told_of_no_customer(world: &World) {
    let partner = partner(world).await;
    let to = json!({ "customerId": world.ours.ids["cus"] });
    let sold = mutate_as(world, &partner, ORDER, order(world, "n-1", to)).await["order"].clone();
    mutate_as(world, &partner, FULFIL, json!({ "id": sold["id"], "idempotencyKey": "n-2" })).await;
    let line = json!({ "orderLineId": sold["lines"][0]["id"], "quantity": 1 });
    let store = json!({ "id": world.ours.ids["sto"] });
    let input = json!({ "idempotencyKey": "n-3", "store": store, "customerId": world.ours.ids["cus"], "lines": [line] });
    let back = mutate_as(world, &partner, BACK, input).await;
    assert_eq!((&back["userErrors"], &back["return"]["customer"]), (&json!([]), &Value::Null), "{back:#}");
    // As pages are written, and field by field.
    for extra in ["", "allowedActions"] {
        let query = format!(
            "query($by: OrderRef!) {{ orders(first: 1) {{ nodes {{ customer {{ id name externalRef }} {extra} }} }} \
             order(by: $by) {{ customer {{ name }} returns {{ customer {{ name }} }} }} }}"
        );
        let by = json!({ "by": { "id": sold["id"] } });
        let answer = execute_as(world, &partner, &query, by.clone()).await;
        assert_eq!(answer["errors"], json!([]), "a mask is no error: {answer:#}");
        assert_eq!(answer["data"]["orders"]["nodes"][0]["customer"], Value::Null, "{answer:#}");
        assert_eq!(answer["data"]["order"], json!({ "customer": null, "returns": [{ "customer": null }] }));
        let seen_answer = world.execute_as(world.owner(), &query, by).await;
        assert!(seen_answer["data"]["orders"]["nodes"][0]["customer"]["name"].is_string(), "{seen_answer:#}");
        assert!(seen_answer["data"]["order"]["returns"][0]["customer"]["name"].is_string(), "{seen_answer:#}");
    }
}

async fn what_tells_of_all_channels_cannot_be_given_to_one(world: &World) {
    for permission in ["stock.movement.read", "customer.read", "audit.read", "stock.adjust"] {
        let input =
            json!({ "name": "Nosy", "channelId": world.ours.ids["chn"], "permissions": [permission], "scope": everywhere() });
        let answer = world.mutate_as(world.owner(), INTEGRATION, input).await;
        assert_eq!(codes(&answer), ["INVALID"], "{permission}");
    }
    let input =
        json!({ "name": "Lost", "channelId": world.theirs.ids["chn"], "permissions": ["order.read"], "scope": everywhere() });
    assert_eq!(codes(&world.mutate_as(world.owner(), INTEGRATION, input).await), ["NOT_FOUND"]);
}

async fn a_program_is_named_as_the_author_of_what_it_did(world: &World) {
    let partner = partner(world).await;
    let payload = mutate_as(world, &partner, ORDER, order(world, "a-1", json!({}))).await;
    assert_eq!(payload["userErrors"], json!([]));
    let query = "{ stockMovements(first: 1) { nodes { actor { __typename ... on Integration { name } } } } }";
    let answer = world.execute_as(world.owner(), query, json!({})).await;
    assert_eq!(
        answer["data"]["stockMovements"]["nodes"][0]["actor"],
        json!({ "__typename": "Integration", "name": "Partner" }),
        "{answer:#}"
    );
    let me = "{ viewer { actor { ... on Integration { name permissions channel { id } } } tenants { slug } sessions { id } authenticatedAt
        permissions { permission scope { all } } } }";
    let viewer = execute_as(world, &partner, me, json!({})).await;
    assert_eq!(viewer["errors"], json!([]), "{viewer:#}");
    let viewer = &viewer["data"]["viewer"];
    assert_eq!((&viewer["actor"]["name"], &viewer["sessions"]), (&json!("Partner"), &json!([])));
    assert_eq!((viewer["tenants"].as_array().map(Vec::len), viewer["permissions"].as_array().map(Vec::len)), (Some(1), Some(10)));
    // The integration's name is shown with its movements; its permissions need the right to read
    // keys.
    let nosy = "{ stockMovements(first: 1) { nodes { actor { ... on Integration { name permissions } } } } }";
    let auditor = world.execute(&world.ours, Some(world.ours.owner_with(&["stock.movement.read"])), nosy, &json!({})).await;
    assert_eq!(auditor["errors"][0]["permission"], "apikey.read", "{auditor:#}");
}
