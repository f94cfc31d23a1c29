//! A node beside a newer release that has migrated the database.

use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use super::{
    operations::health,
    server::{Server, Site, entrepot},
    shop::Shop,
};
use crate::world::on_both;

/// Longer than one look answers all probes.
const NEXT_LOOK: Duration = Duration::from_millis(700);

on_both!(an_older_node_goes_on_beside_a_newer_release_that_has_only_added, site: Site => {
    let server = Server::start(site).await;
    let shop = Shop::open(server.tenant().await, 1, 1, 10).await;
    site.run_sql("INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9998_added', 0)").await;
    sleep(NEXT_LOOK).await;
    let (status, report) = health(&server).await;
    assert_eq!((status, &report["status"]), (200, &json!("degraded")), "{report}");
    let migrations = &report["checks"]["migrations"];
    assert_eq!(migrations["status"], "degraded", "{report}");
    assert!(migrations["reason"].as_str().unwrap().contains("m9998_added"), "{report}");
    assert_eq!(report["checks"]["database"], json!({ "status": "ok" }), "it does answer");
    shop.adjust("beside it", 0, 0, 1).await;
    // It comes up again too, as one does that is moved, and proves its database.
    drop(server);
    let server = Server::start(site).await;
    assert!(server.stderr().contains("m9998_added"), "{}", server.stderr());
    shop.client.at(&server.url()).execute("{ viewer { tenant { slug } } }", json!({})).await;
    site.verify().await;
    // Until there is a migration that it cannot do without.
    site.run_sql("INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_taken_away', 0)").await;
    site.run_sql("UPDATE schema_compatibility SET needs = 'm9999_taken_away'").await;
    sleep(NEXT_LOOK).await;
    let (status, report) = health(&server).await;
    assert_eq!((status, &report["checks"]["migrations"]["status"]), (503, &json!("failed")), "{report}");
    assert!(report["checks"]["migrations"]["reason"].as_str().unwrap().contains("m9999_taken_away"), "{report}");
    assert_eq!(report["checks"]["database"], json!({ "status": "ok" }), "it does answer: {report}");
    drop(server);
    for subcommand in ["serve", "worker", "verify"] {
        entrepot(&[subcommand, "--database-url", &site.url]).await.assert_failed(&["m9999_taken_away", "use that version or a later one"]);
    }
});
