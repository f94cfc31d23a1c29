//! Budgets in the program itself: the flags that set them, the query that shows them, and refused
//! callers.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::time::sleep;

use super::{
    client::Client,
    server::{Server, Site, entrepot, free_address},
};
use crate::world::on_both;

const PAGE: &str = "{ products(first: 250) { nodes { id stock { id } } } }";

/// Returns how many of so many operations are answered before one has to wait for points, and the
/// details of its refusal.
async fn answered(client: &Client, query: &str, limit: usize) -> (usize, Value) {
    for count in 0..limit {
        let answer = client.send(query, &json!({})).await.unwrap();
        if !answer["errors"].is_null() {
            return (count, answer["errors"][0]["extensions"].clone());
        }
    }
    (limit, Value::Null)
}

on_both!(what_a_member_may_spend_is_what_the_operator_says, site: Site => {
    let address = free_address();
    let server = Server::start_with(site, address, &["--budget", "400/1"]).await;
    let owner = server.tenant().await;
    let before = owner.execute("{ rateLimit { limit remaining restoreRate resetAt } viewer { actor { ... on Member { id } } } }", json!({})).await;
    assert_eq!((&before["rateLimit"]["limit"], &before["rateLimit"]["restoreRate"]), (&json!(400), &json!(1)));
    // 1 + 250 × (0.1 + 20 × 0.05) = 276 are taken, and nothing was found: all but one come back.
    assert_eq!(answered(&owner, PAGE, 20).await, (20, Value::Null));
    let after = owner.execute("{ rateLimit { remaining } }", json!({})).await["rateLimit"]["remaining"].as_i64().unwrap();
    assert!((360..=380).contains(&after), "{after}");
    let (count, refusal) = answered(&owner, "mutation { a: sessionRefresh(refreshToken: \"x\") { userErrors { code } } }", 100).await;
    assert!((30..=40).contains(&count), "{count} changes of 10 points");
    assert_eq!((&refusal["code"], &refusal["limit"]), (&json!("RATE_LIMITED"), &json!(400)));
    assert!(refusal["retryAfterMs"].as_u64().unwrap() <= 10_000);
    // A page that costs more than the rest of the budget waits, although most of it would be
    // refunded.
    assert_eq!(answered(&owner, PAGE, 1).await.0, 0);
    let other = server.tenant().await;
    assert_eq!(answered(&other, PAGE, 1).await.0, 1);
    drop(server);
    // The operator lifts it for this one.
    let id = before["viewer"]["actor"]["id"].as_str().unwrap();
    let server = Server::start_with(site, address, &["--budget", "400/1", "--lift-budget", id]).await;
    assert_eq!(answered(&owner.at(&server.url()), PAGE, 10).await.0, 10);
    let lifted = owner.execute("{ rateLimit { limit remaining } }", json!({})).await;
    assert_eq!(lifted["rateLimit"], json!({ "limit": i32::MAX, "remaining": i32::MAX }));
    assert_eq!(answered(&owner, "mutation { a: sessionRefresh(refreshToken: \"x\") { userErrors { code } } }", 60).await.0, 60);
});

on_both!(a_tenants_plan_sets_its_limits_while_the_node_runs, site: Site => {
    let server = Server::start_with(site, free_address(), &["--budget", "400/1"]).await;
    let (owner, neighbour) = (server.tenant().await, server.tenant().await);
    let limit = async |client: &Client| client.execute("{ rateLimit { limit } }", json!({})).await["rateLimit"]["limit"].clone();
    let slug = owner.execute("{ viewer { tenant { slug } } }", json!({})).await["viewer"]["tenant"]["slug"].as_str().unwrap().to_owned();
    let keys = site.keys();
    let plan = async |given: &[&str]| {
        let words = [&["tenant", "plan", &slug], given, &["--database-url", &site.url, "--keys-file", &keys]].concat();
        entrepot(&words).await
    };
    assert!(plan(&[]).await.out.contains("each member default, each integration default, all together default"));

    let set = plan(&["--member", "700/7", "--together", "off"]).await;
    assert!(set.has_succeeded() && set.out.contains("each member 700/7, each integration default, all together off"), "{set:?}");
    let started_at = Instant::now();
    while limit(&owner).await != json!(700) {
        assert!(started_at.elapsed() < Duration::from_secs(8), "a running node takes a plan within five seconds");
        sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(limit(&neighbour).await, json!(400), "a plan is one tenant's");

    // A limit that is not named stays; a wrong limit changes nothing; `default` ends it.
    plan(&["--integration", "many"]).await.assert_failed(&["a budget is written POINTS/POINTS_PER_SECOND", "default"]);
    assert!(plan(&["--integration", "50000/5000"]).await.out.contains("each member 700/7, each integration 50000/5000"));
    assert!(plan(&["--member", "default"]).await.has_succeeded());
    let started_at = Instant::now();
    while limit(&owner).await != json!(400) {
        assert!(started_at.elapsed() < Duration::from_secs(8), "the plan's end holds as soon");
        sleep(Duration::from_millis(100)).await;
    }
    let logged = owner.execute("{ auditEntries(first: 10) { nodes { action } } }", json!({})).await.to_string();
    assert_eq!(logged.matches("tenant.plan").count(), 3, "{logged}");
});

on_both!(strangers_have_a_hundred_requests, site: Site => {
    let server = Server::start_with(site, free_address(), &[]).await;
    let owner = server.tenant().await;
    let mut stranger = owner.clone();
    stranger.token = String::new();
    let (count, refusal) = answered(&stranger, "{ __typename }", 200).await;
    // Registering was the first; one comes back every nine seconds.
    assert!((99..=102).contains(&count), "{count}");
    assert_eq!(refusal["code"], "RATE_LIMITED");
    let mut guess = owner.clone();
    guess.token = "eyJhbGciOiJFZERTQSJ9.e30.AAAA".to_owned();
    let refused = guess.send("{ __typename }", &json!({})).await.unwrap();
    assert_eq!(refused["errors"][0]["extensions"]["code"], "RATE_LIMITED", "{refused}");
    assert_eq!(answered(&owner, "{ __typename }", 50).await.0, 50);
});

on_both!(nodes_share_budgets_through_redis, site: Site => {
    let Ok(redis) = std::env::var("ENTREPOT_TEST_REDIS_URL") else {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "CI has to give ENTREPOT_TEST_REDIS_URL");
        eprintln!("SKIPPED: ENTREPOT_TEST_REDIS_URL is not set");
        return;
    };
    let flags = ["--budget", "60/1", "--anonymous-requests", "off", "--redis-url", &redis];
    let one = Server::start_with(site, free_address(), &flags).await;
    let other = Server::start_with(site, free_address(), &flags).await;
    let owner = one.tenant().await;
    let (here, there) = (answered(&owner, "{ __typename }", 40).await.0, answered(&owner.at(&other.url()), "{ __typename }", 40).await.0);
    // A twentieth may stay in one node's hand.
    assert!((57..=66).contains(&(here + there)), "{here} + {there} of 60, one of which came back each second");
});
