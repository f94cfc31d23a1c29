//! Log of sent messages, and the callers who see it.

use serde_json::json;

use super::{
    receiver::Receiver,
    world::{World, deliver, endpoint, mutate, receipts, replay, wait_until},
};
use crate::world::on_both;

on_both!(the_log_is_paged_and_an_endpoint_goes_with_all_of_it);

async fn the_log_is_paged_and_an_endpoint_goes_with_all_of_it(world: &World) {
    let receiver = Receiver::accepting().await;
    let works = deliver(world).await;
    let hook_endpoint = endpoint(world, &receiver.url(), &["stock.changed"]).await;
    let mut seqs: Vec<i64> = receipts(world, 7, "paged").await.into_iter().map(|(seq, _)| seq).collect();
    seqs.sort_unstable_by(|a, b| b.cmp(a));
    wait_until("all of them", async || receiver.count() == 7).await;
    for list in ["deliveries", "attempts"] {
        let query = format!(
            "query($id: ID!, $after: Cursor) {{ node(id: $id) {{ ... on WebhookEndpoint {{ list: {list}(first: 3, after: $after) {{
                nodes {{ seq messageId }} pageInfo {{ hasNextPage endCursor }} }} }} }} }}"
        );
        let page = async |after: &serde_json::Value| {
            let answer = mutate(world, &query, json!({ "id": hook_endpoint.id, "after": after })).await;
            answer["list"].clone()
        };
        wait_until("the log to be written", async || {
            let mut found = Vec::new();
            let mut after = json!(null);
            loop {
                let list = page(&after).await;
                found.extend(list["nodes"].as_array().unwrap().iter().map(|node| node["seq"].as_i64().unwrap()));
                if list["pageInfo"]["hasNextPage"] == false {
                    break;
                }
                after = list["pageInfo"]["endCursor"].clone();
            }
            // Attempts come as they were made, which is no promised order.
            found.sort_unstable_by(|a, b| b.cmp(a));
            found == seqs
        })
        .await;
        // A cursor is bound to its list.
        let cursor = page(&json!(null)).await["pageInfo"]["endCursor"].clone();
        let foreign = world
            .execute(
                &world.ours,
                Some(world.ours.owner.clone()),
                &query,
                &json!({ "id": world.ours.ids["whe"], "after": cursor }),
            )
            .await;
        assert_eq!(foreign["errors"][0]["code"], "BAD_USER_INPUT", "{foreign:#}");
    }
    // IDs of another journal are not found.
    let theirs = entrepot::webhooks::core::message_id(world.theirs.owner.tenant, uuid::Uuid::nil(), 1).to_string();
    let refused = replay(world, json!({ "id": hook_endpoint.id, "messageIds": [theirs] })).await;
    assert_eq!(refused["userErrors"][0]["code"], "NOT_FOUND", "{refused:#}");
    assert_eq!(refused["userErrors"][0]["field"], json!(["input", "messageIds", "0"]));
    for input in [
        json!({ "id": hook_endpoint.id }),
        json!({ "id": hook_endpoint.id, "fromSeq": 1 }),
        json!({ "id": hook_endpoint.id, "messageIds": [], "fromSeq": 1, "toSeq": 2 }),
    ] {
        assert_eq!(replay(world, input).await["userErrors"][0]["code"], "INVALID");
    }
    let delete =
        "mutation($id: ID!) { webhookEndpointDelete(id: $id) { webhookEndpoint { id } userErrors { code field message } } }";
    assert_eq!(mutate(world, delete, json!({ "id": hook_endpoint.id })).await["userErrors"], json!([]));
    assert_eq!(mutate(world, delete, json!({ "id": hook_endpoint.id })).await["userErrors"][0]["code"], "NOT_FOUND");
    let dump = world.dump(world.ours.owner.tenant).await.join("\n");
    assert!(!dump.contains("thank you") && !dump.contains(&receiver.url()), "something of it is left");
    works.kill().await;
}
