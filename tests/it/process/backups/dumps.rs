//! Backups of a Postgres by its own programs: made while it is served, verified, drilled, and restored into an empty database.

use serde_json::json;

use crate::process::{
    client::Client,
    server::{Ended, Server, Site, UNLIMITED, entrepot, free_address},
};

/// A backup command on a database, with the keys and the backups of a site.
async fn ask(site: &Site, url: &str, what: &[&str]) -> Ended {
    let (keys, place) = (site.keys(), format!("file:{}", site.folder.join("backups").display()));
    let (action, more) = what.split_first().unwrap();
    let args = ["backup", action, "--database-url", url, "--keys-file", &keys, "--backups", &place];
    entrepot(&[&args, more].concat()).await
}

/// A store of a new company, by the API.
async fn shop(site: &Site) {
    let further = [&UNLIMITED[..], &["--registration", "open", "--jobs", "off"]].concat();
    let server = Server::start_with(site, free_address(), &further).await;
    let owner = Client::register(&server.url(), "dumped").await;
    let create = "mutation($i: StoreCreateInput!) { result: storeCreate(input: $i) { userErrors { code } } }";
    let input = json!({ "code": "S-1", "name": "A store", "kind": "SHOP", "timeZone": "UTC" });
    let made = owner.ask(create, json!({ "i": input })).await;
    assert_eq!(made["result"]["userErrors"], json!([]), "{made}");
    server.kill();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_is_dumped_drilled_and_restored_into_an_empty_database() {
    let Some(site) = Site::postgres().await else { return };
    let Some(target) = Site::empty_postgres().await else { return };
    shop(&site).await;
    let made = ask(&site, &site.url, &["run"]).await;
    assert!(made.well() && made.out.contains("not inside: the keys"), "{made:?}");
    let id = made.out.split(':').next().unwrap().to_owned();
    ask(&site, &site.url, &["run", "--pg-dump", "/nowhere/pg_dump"]).await.refused(&["/nowhere/pg_dump is not there"]);
    ask(&site, &site.url, &["run", "--pg-dump", "false"]).await.refused(&["false failed"]);
    let listed = ask(&site, &site.url, &["list"]).await;
    assert!(listed.out.contains(&id) && listed.out.contains("keys: present"), "{listed:?}");
    let verified = ask(&site, &site.url, &["verify"]).await;
    assert!(verified.well() && verified.out.contains(&format!("{id} can be restored")), "{verified:?}");
    let drilled = ask(&site, &site.url, &["drill"]).await;
    assert!(drilled.well(), "{drilled:?}");
    for part in ["invariants hold over", "the heads of", "RPO ", "RTO "] {
        assert!(drilled.out.contains(part), "\"{part}\" is not in {drilled:?}");
    }
    let log = entrepot(&["backup", "log", "--database-url", &site.url]).await;
    let runs: Vec<String> = log.out.lines().map(|line| line.split('\t').skip(1).take(2).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(runs, ["BACKUP DONE", "BACKUP FAILED", "BACKUP FAILED", "DRILL DONE"], "{log:?}");

    ask(&site, &site.url, &["restore", &id]).await.refused(&["is there already", "empty database"]);
    let file = format!("sqlite://{}", site.folder.join("again.sqlite").display());
    ask(&site, &file, &["restore", &id]).await.refused(&["one of postgres", "one of its kind"]);
    let restored = ask(&site, &target.url, &["restore", &id]).await;
    assert!(restored.well(), "{restored:?}");
    for part in ["have a new epoch", "before `entrepot resume`", "dumped\thead ", "bring the"] {
        assert!(restored.out.contains(part), "\"{part}\" is not in {restored:?}");
    }
    target.verify().await;
}
