//! Alert workers that die and are replaced.

use serde_json::{Value, json};

use super::shop::{Shop, World, pairs};
use crate::{jobs::wait_until, world::on_both};
use entrepot::schema::events::registry;

on_both!(workers_that_die_lose_no_alert_and_send_no_letter_twice, what_was_opened_goes_to_webhooks_of_those_who_may_see_it);

async fn letters(shop: &Shop<'_>) -> Vec<Value> {
    let answer = shop.execute("{ jobs(first: 250) { nodes { kind state lastError } } }", json!({})).await;
    let all = answer["data"]["jobs"]["nodes"].as_array().unwrap().clone();
    all.into_iter().filter(|job| job["kind"] == "alert.letter").collect()
}

fn begin(world: &World) -> tokio::task::JoinHandle<()> {
    let lease = std::time::Duration::from_millis(600);
    let terms = entrepot::jobs::Terms { lease, look: std::time::Duration::from_millis(30) };
    tokio::spawn(world.node.jobs.clone().work(world.node.job_registry(), terms, std::future::pending()))
}

async fn quiet(world: &World) {
    // The houses' own endpoints have unreachable addresses, so no worker should call them.
    world.as_owner(&["UPDATE webhook_endpoint SET disabled_at = 1, disabled_why = 'SWITCHED_OFF'"]).await;
}

async fn workers_that_die_lose_no_alert_and_send_no_letter_twice(world: &World) {
    let shop = Shop::open(world).await;
    quiet(world).await;
    shop.rule(json!({ "kind": "OUT_OF_STOCK", "emails": ["head@alpha.example"] })).await;
    let mut workers = vec![begin(world), begin(world)];
    for n in 0..12 {
        let product = shop.product(&format!("MUG-{n}"), json!({})).await;
        shop.move_stock(&[(&product, 1)]).await;
        shop.move_stock(&[(&product, -1)]).await;
        // The worker is aborted in the middle of its work.
        workers.remove(0).abort();
        workers.push(begin(world));
    }
    wait_until("twelve alerts", async || shop.alert_states().await.len() == 12).await;
    assert_eq!(shop.alert_states().await, pairs(&[("OUT_OF_STOCK", "OPEN"); 12]));
    // This deployment sends no e-mail: each job fails once, with the reason.
    let sql = "SELECT CAST(count(*) AS text) FROM alert_letter WHERE tenant_id = $1 AND queued_at IS NOT NULL";
    wait_until("all letters", async || {
        // In this order: once all alerts are in e-mails, all e-mail jobs exist.
        shop.texts(sql, vec![]).await == ["12"] && letters(&shop).await.iter().all(|job| job["state"] == "FAILED")
    })
    .await;
    let payloads = shop.texts("SELECT payload FROM job WHERE tenant_id = $1 AND kind = 'alert.letter'", vec![]).await;
    let named: Vec<Value> = payloads
        .iter()
        .flat_map(|payload| serde_json::from_str::<Value>(payload).unwrap()["alerts"].as_array().unwrap().clone())
        .collect();
    let distinct: std::collections::BTreeSet<String> = named.iter().map(ToString::to_string).collect();
    assert_eq!((named.len(), distinct.len()), (12, 12), "each alert in one letter");
    assert!(letters(&shop).await[0]["lastError"].as_str().unwrap().contains("--mail"));
    workers.iter().for_each(tokio::task::JoinHandle::abort);
    shop.is_sound().await;
}

async fn what_was_opened_goes_to_webhooks_of_those_who_may_see_it(world: &World) {
    let shop = Shop::open(world).await;
    let mug = shop.product("MUG", json!({})).await;
    shop.move_stock(&[(&mug, 1)]).await;
    shop.move_stock(&[(&mug, -1)]).await;
    shop.evaluate_alerts().await;
    let alert = shop.only_alert("OUT_OF_STOCK").await;
    let payloads = shop
        .texts("SELECT payload FROM event WHERE tenant_id = $1 AND kind = 'alert.opened' ORDER BY seq DESC LIMIT 1", vec![])
        .await;
    let visible_payload = |shop: &Shop<'_>| registry().visible_payload("alert.opened", &payloads[0], &shop.caller).unwrap();
    let payload = visible_payload(&shop).unwrap();
    assert_eq!(
        json!([payload["id"], payload["kind"], payload["state"], payload["storeId"], payload["productId"], payload["quantity"]]),
        json!([alert["id"], "OUT_OF_STOCK", "OPEN", shop.store["id"], mug["id"], 0])
    );
    assert_eq!(visible_payload(&shop.clerk(&["alert.read"])), Some(payload));
    assert_eq!(visible_payload(&shop.clerk(&["stock.read"])), None);
    assert_eq!(visible_payload(&shop.at(&shop.new_store("ANNEX").await).clerk(&["alert.read"])), None);
    let margin = json!({ "alert": alert["id"], "kind": "NEGATIVE_MARGIN", "state": "OPEN", "product": mug["id"], "openedAt": 1, "version": 1, "updatedAt": 1 });
    let visible_payload =
        |shop: &Shop<'_>| registry().visible_payload("alert.opened", &margin.to_string(), &shop.caller).unwrap();
    assert!(visible_payload(&shop).is_some());
    assert_eq!(visible_payload(&shop.clerk(&["alert.read", "product.cost.read"])), None, "it is of no store");
    assert_eq!(visible_payload(&shop.as_caller(world.ours.owner_with(&["alert.read"]))), None, "costs are not for them");
}
