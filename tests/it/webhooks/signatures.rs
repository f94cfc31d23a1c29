//! Messages to a receiver, and the signatures by which it verifies their sender.

use serde_json::json;

use super::{
    receiver::Receiver,
    world::{World, category, deliver, endpoint, mutate, read_endpoint, receipt, wait_until},
};
use crate::world::on_both;

/// The public keys that an endpoint shows.
async fn public_keys(world: &World, id: &str) -> Vec<String> {
    let query = "query($id: ID!) { node(id: $id) { ... on WebhookEndpoint { publicKeys } } }";
    let answer = world.execute(&world.ours, Some(world.ours.owner.clone()), query, &json!({ "id": id })).await;
    assert!(answer["errors"].is_null(), "{answer:#}");
    serde_json::from_value(answer["data"]["node"]["publicKeys"].clone()).unwrap()
}

on_both!(
    a_message_says_what_happened_and_is_signed,
    two_secrets_sign_while_one_takes_the_others_place,
    a_test_reaches_its_endpoint_alone
);

async fn a_message_says_what_happened_and_is_signed(world: &World) {
    let (stock, orders) = (Receiver::accepting().await, Receiver::accepting().await);
    let works = deliver(world).await;
    let of_stock = endpoint(world, &stock.url(), &["stock.changed"]).await;
    let of_orders = endpoint(world, &orders.url(), &["order.*", "webhook.*"]).await;
    let seq = receipt(world, &world.ours, "told").await;
    // The other tenant's stock moves too, and must not be sent here.
    receipt(world, &world.theirs, "theirs").await;
    wait_until("the message", async || stock.count() == 1).await;
    let got = stock.got().remove(0);
    assert!(got.is_signed_with(&of_stock.secret) && !got.is_signed_with(&of_orders.secret));
    let (key, foreign) = (public_keys(world, &of_stock.id).await.remove(0), public_keys(world, &of_orders.id).await.remove(0));
    assert!(got.is_signed_for(&key) && !got.is_signed_for(&foreign));
    assert!(!got.forged().is_signed_with(&of_stock.secret) && !got.forged().is_signed_for(&key));
    assert_eq!(got.signatures().len(), 2, "each way once");
    assert!(got.id.starts_with("evt_") && !got.id.contains('.'), "{}", got.id);
    let body = got.json();
    let tenant = world.ours.owner.tenant;
    assert_eq!(
        (&body["type"], &body["tenantId"], &body["seq"]),
        (&json!("stock.changed"), &json!(tenant.to_string()), &json!(seq))
    );
    let level = &body["data"]["levels"][0];
    assert_eq!((&level["id"], &level["storeId"]), (&json!(world.ours.ids["lvl"]), &json!(world.ours.ids["sto"])));
    let stands = mutate(world, "{ stockLevels(first: 1) { nodes { onHand reserved available version } } }", json!({})).await;
    for figure in ["onHand", "reserved", "available", "version"] {
        assert_eq!(level[figure], stands["nodes"][0][figure], "{figure}");
    }
    assert!(body["timestamp"].as_str().is_some() && body["epoch"].as_str().is_some_and(|epoch| epoch.starts_with("epo_")));
    // The attempt is in the log a moment after the receiver has answered.
    wait_until("the log", async || read_endpoint(world, &of_stock.id).await["attempts"]["nodes"].as_array().unwrap().len() == 1)
        .await;
    let log = read_endpoint(world, &of_stock.id).await;
    let delivery = &log["deliveries"]["nodes"][0];
    assert_eq!((&delivery["messageId"], &delivery["state"]), (&json!(got.id), &json!("DELIVERED")));
    let attempt = &log["attempts"]["nodes"][0];
    assert_eq!((&attempt["messageId"], &attempt["number"]), (&json!(got.id), &json!(1)));
    assert_eq!((&attempt["status"], &attempt["error"], &attempt["body"]), (&json!(204), &json!(null), &json!("")));
    // This endpoint was created last, so it gets only its own `webhook.created`.
    wait_until("the endpoint's own news", async || orders.count() == 1).await;
    let news = orders.got()[0].json();
    assert_eq!((&news["type"], &news["data"]), (&json!("webhook.created"), &json!({ "id": of_orders.id, "version": 1 })));
    assert!(!format!("{:?}{:?}", stock.got(), orders.got()).contains(world.theirs.word));
    works.kill().await;
}

async fn two_secrets_sign_while_one_takes_the_others_place(world: &World) {
    let receiver = Receiver::accepting().await;
    let works = deliver(world).await;
    let before = endpoint(world, &receiver.url(), &["category.created"]).await;
    let old_keys = public_keys(world, &before.id).await;
    let rotate = "mutation($id: ID!, $seconds: Int!) { webhookEndpointRotateSecret(id: $id, overlapSeconds: $seconds) {
        secret webhookEndpoint { oldSecretExpiresAt publicKeys } userErrors { code field message } } }";
    let rotated = mutate(world, rotate, json!({ "id": before.id, "seconds": 3600 })).await;
    let secret = rotated["secret"].as_str().unwrap().to_owned();
    assert_ne!(secret, before.secret);
    let keys: Vec<String> = serde_json::from_value(rotated["webhookEndpoint"]["publicKeys"].clone()).unwrap();
    assert!(keys.len() == 2 && keys[1..] == old_keys && keys[0] != keys[1], "the new one first: {keys:?} after {old_keys:?}");
    category(world, "during").await;
    wait_until("a message in the overlap", async || receiver.count() == 1).await;
    let got = receiver.got().remove(0);
    assert_eq!(got.signatures().len(), 4);
    assert!(got.is_signed_with(&secret) && got.is_signed_with(&before.secret));
    assert!(got.is_signed_for(&keys[0]) && got.is_signed_for(&keys[1]));
    assert!(!got.forged().is_signed_for(&keys[0]) && !got.forged().is_signed_for(&keys[1]));
    world.advance_clock(3_601);
    category(world, "after").await;
    wait_until("a message after it", async || receiver.count() == 2).await;
    let got = receiver.got().remove(1);
    assert!(got.is_signed_with(&secret) && !got.is_signed_with(&before.secret));
    assert!(got.is_signed_for(&keys[0]) && !got.is_signed_for(&keys[1]));
    assert_eq!(public_keys(world, &before.id).await, keys[..1]);
    for seconds in [-1, 7 * 86_400 + 1] {
        let refused = mutate(world, rotate, json!({ "id": before.id, "seconds": seconds })).await;
        assert_eq!(refused["userErrors"][0]["code"], "OUT_OF_RANGE", "{refused:#}");
    }
    // A dump of the database contains no secret.
    let dump = world.dump(world.ours.owner.tenant).await.join("\n");
    for secret in [&secret, &before.secret] {
        let plain = secret.strip_prefix("whsec_").unwrap();
        use base64::{Engine, engine::general_purpose::STANDARD};
        let bytes = hex::encode(STANDARD.decode(plain).unwrap());
        assert!(!dump.contains(plain) && !dump.to_lowercase().contains(&bytes));
    }
    works.kill().await;
}

async fn a_test_reaches_its_endpoint_alone(world: &World) {
    let (one, other) = (Receiver::accepting().await, Receiver::accepting().await);
    let works = deliver(world).await;
    let tested = endpoint(world, &one.url(), &["order.created"]).await;
    endpoint(world, &other.url(), &["*"]).await;
    wait_until("the other's own news", async || other.count() == 1).await;
    let test = "mutation($id: ID!) { webhookEndpointTest(id: $id) { seq userErrors { code field message } } }";
    let sent = mutate(world, test, json!({ "id": tested.id })).await;
    wait_until("the test", async || one.count() == 1).await;
    assert_eq!((&one.got()[0].json()["type"], one.got()[0].seq()), (&json!("webhook.tested"), sent["seq"].as_i64().unwrap()));
    receipt(world, &world.ours, "next").await;
    wait_until("what comes next", async || other.count() == 2).await;
    assert_eq!(other.got()[1].json()["type"], "stock.changed", "the test was told to another endpoint");
    works.kill().await;
}
