//! `dataJobChanged`: progress at limited intervals until the end, and nothing for callers without
//! the right to see the job.

use std::time::{Duration, Instant};

use async_graphql::{Request, Variables};
use entity::prelude::MemberId;
use entrepot::{access::Caller, schema};
use futures_util::{Stream, StreamExt};
use serde_json::{Value, json};

use super::{
    bulk::{ADJUST, run},
    world::{Works, World, import},
};
use crate::world::on_both;

on_both!(it_tells_how_far_it_is_and_ends_with_it, others_are_told_nothing, rights_that_are_taken_away_end_the_stream);

const FOLLOW: &str =
    "subscription($id: ID!) { dataJobChanged(id: $id) { id state version counts { rows } result { downloadUrl } } }";

fn follow(world: &World, caller: Caller, id: &str) -> impl Stream<Item = Value> + use<> {
    let standing = world.node.access.watch_member(caller.tenant, MemberId::from_uuid(caller.actor.id), &caller);
    let request = Request::new(FOLLOW).variables(Variables::from_json(json!({ "id": id })));
    let request = schema::attach(request, &world.node.db.tenant(caller.tenant)).data(caller).data(standing);
    world.node.schema.execute_stream(request).map(|response| serde_json::to_value(response).unwrap())
}

async fn next(stream: &mut (impl Stream<Item = Value> + Unpin)) -> Option<Value> {
    tokio::time::timeout(Duration::from_secs(60), stream.next()).await.unwrap()
}

async fn it_tells_how_far_it_is_and_ends_with_it(world: &World) {
    let rows: String = (0..20_000).map(|n| format!("w-{n},Watched {n}\n")).collect();
    for kind in ["import", "bulk operation"] {
        let id = match kind {
            "import" => import(world, "PRODUCTS", format!("sku,name\n{rows}"), json!({})).await,
            _ => run(world, ADJUST, "{}\n".repeat(2_000)).await,
        };
        let (started_at, mut reported) = (Instant::now(), Vec::new());
        let mut stream = Box::pin(follow(world, world.ours.owner.clone(), &id));
        let first = next(&mut stream).await.unwrap()["data"]["dataJobChanged"].clone();
        assert_eq!((&first["id"], &first["state"]), (&json!(id), &json!("QUEUED")));
        let works = Works::begin(world);
        while let Some(item) = next(&mut stream).await {
            assert!(item["errors"].as_array().is_none_or(Vec::is_empty), "{item:#}");
            reported.push(item["data"]["dataJobChanged"].clone());
        }
        let versions: Vec<i64> = reported.iter().map(|item| item["version"].as_i64().unwrap()).collect();
        assert!(versions.is_sorted_by(|a, b| a < b), "{versions:?}");
        let last = reported.last().unwrap();
        assert_eq!(last["state"], "DONE", "{last:#}");
        assert!(last["result"]["downloadUrl"].is_string(), "{last:#}");
        assert!(last["counts"]["rows"].as_i64().unwrap() >= 2_000);
        let most = started_at.elapsed().as_millis() / 500 + 2;
        assert!(reported.len() as u128 <= most, "{} items in {:?}", reported.len(), started_at.elapsed());
        assert_eq!(next(&mut stream).await, None, "the end is the end");
        // A finished job is sent once.
        let again: Vec<Value> = follow(world, world.ours.owner.clone(), &id).collect().await;
        assert_eq!(again.len(), 1);
        works.kill().await;
    }
}

async fn others_are_told_nothing(world: &World) {
    let id = import(world, "PRODUCTS", "sku,name\nx,X\n", json!({})).await;
    let foreign: Vec<Value> = follow(world, world.theirs.owner.clone(), &id).collect().await;
    assert_eq!(foreign.len(), 1);
    assert_eq!(foreign[0]["data"], json!({ "dataJobChanged": null }));
    let denied = world.execute(&world.ours, Some(world.ours.owner_with(&["product.read"])), FOLLOW, &json!({ "id": id })).await;
    assert_eq!(denied["errors"][0]["code"], "FORBIDDEN");
    let wrong = world.execute(&world.ours, Some(world.ours.owner.clone()), FOLLOW, &json!({ "id": world.ours.ids["prd"] })).await;
    assert_eq!(wrong["errors"][0]["code"], "BAD_USER_INPUT");
}

async fn rights_that_are_taken_away_end_the_stream(world: &World) {
    let role = |key: &str| entrepot::access::BUILT_IN.iter().find(|role| role.key == key).unwrap().id.to_string();
    let grant = |key: &str| json!([{ "roleId": role(key), "scope": { "all": true } }]);
    let person = world.add_member_with("watcher", grant("admin")).await;
    let id = import(world, "PRODUCTS", "sku,name\nx,X\n", json!({})).await;
    let mut stream = Box::pin(follow(world, world.caller(person).await, &id));
    assert_eq!(next(&mut stream).await.unwrap()["data"]["dataJobChanged"]["state"], "QUEUED");
    world.set_grants(&world.ours.owner, person, grant("viewer")).await;
    world.advance_clock(10);
    let watching = tokio::spawn(world.node.access.clone().refresh_rights_forever());
    let last = next(&mut stream).await.unwrap();
    watching.abort();
    assert_eq!(last["errors"][0]["message"], "the permission exchange.run is needed", "{last:#}");
    assert_eq!(next(&mut stream).await, None);
}
