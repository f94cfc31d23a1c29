//! Revocations after a backup are made again when it is restored: keys, members and customers, on
//! both databases.

use std::{fs, path::PathBuf};

use serde_json::json;

use super::dumps;
use crate::{
    process::{
        client::Client,
        keys::program,
        roles::{Member, node},
        server::{Ended, Site, entrepot},
    },
    world::on_both,
};

/// Output of a restore for a key, a customer and a member.
const AGAIN: &str = "3 revocation(s) are repeated: 1 API key(s) revoked, 1 customer(s) erased, 1 member(s) removed";

/// A backup command with the keys and the backups of a site.
async fn run_backup(site: &Site, url: &str, arguments: &[&str]) -> Ended {
    if url.starts_with("postgres") {
        return dumps::run_backup(site, url, arguments).await;
    }
    let (keys, place) = (site.keys(), format!("file:{}", site.folder.join("backups").display()));
    let (action, more) = arguments.split_first().unwrap();
    let args = ["backup", action, "--database-url", url, "--keys-file", &keys, "--backups", &place];
    entrepot(&[&args, more].concat()).await
}

async fn customer(owner: &Client, name: &str) -> String {
    let create = "mutation($input: CustomerCreateInput!) { result: customerCreate(input: $input) { customer { id } userErrors { code } } }";
    let payload =
        owner.must_mutate(create, json!({ "name": name, "email": format!("{name}@example.com"), "externalRef": name })).await;
    payload["customer"]["id"].as_str().unwrap().to_owned()
}

/// The only list of revocations that the place has.
fn list(site: &Site) -> PathBuf {
    let lists: Vec<_> = fs::read_dir(site.folder.join("backups/revocations")).unwrap().flatten().collect();
    assert_eq!(lists.len(), 1, "{lists:?}");
    lists[0].path()
}

on_both!(what_was_revoked_after_a_backup_is_revoked_again_by_a_restore, site: Site => {
    let is_file = site.url.starts_with("sqlite");
    let empty = if is_file { None } else { Site::empty_postgres().await };
    let target = empty.as_ref().map_or_else(|| format!("sqlite://{}", site.folder.join("again.sqlite").display()), |site| site.url.clone());
    let server = node(site).await;
    let owner = Client::register(&server.url(), "revoked").await;
    let member = Member::hired(site, &owner, "viewer").await;
    let (_, _, key) = program(&owner, "").await;
    let (ada, bea, cleo) = (customer(&owner, "ada").await, customer(&owner, "bea").await, customer(&owner, "cleo").await);
    let merge = "mutation($input: CustomerMergeInput!) { result: customerMerge(input: $input) { userErrors { code } } }";
    // Cleo comes along with Bea, and goes back to her.
    owner.must_mutate(merge, json!({ "idempotencyKey": "before", "id": cleo, "intoId": bea })).await;
    owner.must_mutate(merge, json!({ "idempotencyKey": "merged", "id": bea, "intoId": ada })).await;
    let output = run_backup(site, &site.url, &["run"]).await;
    assert!(output.has_succeeded(), "{output:?}");

    let revoke = "mutation($id: ID!) { result: apiKeyRevoke(id: $id) { userErrors { code } } }";
    assert_eq!(owner.execute(revoke, json!({ "id": key })).await["result"]["userErrors"], json!([]));
    let remove = "mutation($id: ID!) { result: memberRemove(id: $id) { userErrors { code } } }";
    assert_eq!(owner.execute(remove, json!({ "id": member.id })).await["result"]["userErrors"], json!([]));
    let erase = "mutation($input: CustomerEraseInput!) { result: customerErase(input: $input) { userErrors { code } } }";
    // They were two, after all: only one is erased.
    let unmerge = "mutation($input: CustomerUnmergeInput!) { result: customerUnmerge(input: $input) { userErrors { code } } }";
    owner.must_mutate(unmerge, json!({ "idempotencyKey": "two", "id": bea })).await;
    owner.must_mutate(erase, json!({ "id": ada })).await;
    server.kill();
    let listed = run_backup(site, &site.url, &["revocations"]).await;
    assert!(listed.has_succeeded() && listed.out.contains("3 revocation(s) are new in"), "{listed:?}");
    let listed = run_backup(site, &site.url, &["revocations"]).await;
    assert!(listed.has_succeeded() && listed.out.contains("0 revocation(s) are new in"), "{listed:?}");
    let sealed = fs::read(list(site)).unwrap();
    assert!(!sealed.windows(7).any(|part| part == b"API_KEY"), "a list is encrypted");

    let drilled = run_backup(site, &site.url, &["drill"]).await;
    assert!(drilled.has_succeeded() && drilled.out.contains(AGAIN), "{drilled:?}");
    let restored = run_backup(site, &target, &["restore"]).await;
    assert!(restored.has_succeeded() && restored.out.contains(AGAIN), "{restored:?}");
    assert!(restored.out.contains("0 API key(s) are accepted"), "{restored:?}");
    assert!(restored.out.contains("1 customer(s) are no longer merged into"), "{restored:?}");
    let proven = entrepot(&["verify", "--database-url", &target]).await;
    assert!(proven.has_succeeded(), "{proven:?}");
    let (keys, place) = (site.keys(), format!("file:{}", site.folder.join("backups").display()));
    let epoch = ["epoch", "--database-url", &target, "--keys-file", &keys, "--revocations", &place, "--revocations-after", "2020-01-01T00:00:00Z"];
    let again = entrepot(&epoch).await;
    assert!(again.has_succeeded() && again.out.contains("0 revocation(s) are repeated"), "{again:?}");

    // A list that was tampered with is reported, and does not prevent the restore.
    let mut turned = sealed.clone();
    turned[sealed.len() - 1] ^= 1;
    fs::write(list(site), turned).unwrap();
    let again = entrepot(&epoch).await;
    assert!(again.has_succeeded() && again.out.contains("a list of revocations could not be read"), "{again:?}");
    run_backup(site, &site.url, &["drill"]).await.assert_failed(&["the drill failed: revocations/", "it was changed"]);
    // Later revocations have a list of their own.
    let listed = run_backup(site, &site.url, &["revocations"]).await;
    assert!(listed.has_succeeded() && listed.out.contains("3 revocation(s) are new in"), "{listed:?}");
    assert!(entrepot(&epoch).await.out.contains("3 revocation(s) are listed of after"));
});
