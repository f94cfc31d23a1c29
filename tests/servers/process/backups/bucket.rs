//! Backups in a bucket.

use std::fs;

use super::Shop;
use crate::process::{files::bucket, server::command};

/// Runs `entrepot backup` on the bucket; returns whether it succeeded, and all its output.
pub(super) async fn run_backup(shop: &Shop, env: &[(&'static str, String)], url: &str, arguments: &[&str]) -> (bool, String) {
    let keys = shop.site.keys();
    let (action, more) = arguments.split_first().unwrap();
    let args = ["backup", action, "--database-url", url, "--keys-file", &keys, "--backups", "s3://shop/backups/ours"];
    let mut command = command(&[&args, more].concat());
    command.envs(env.iter().map(|(name, value)| (*name, value.as_str())));
    let output = tokio::process::Command::from(command).kill_on_drop(true).output().await.unwrap();
    let reported_stderr = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(!reported_stderr.contains("panicked"), "{reported_stderr}");
    (output.status.success(), reported_stderr)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_keeps_backups_as_a_folder_does() {
    let shop = Shop::open().await;
    let (folder, env) = bucket(&shop.site).await;
    let url = shop.site.url.as_str();
    let (is_done, none) = run_backup(&shop, &env, url, &["verify"]).await;
    assert!(!is_done && none.contains("has no finished backup"), "{none}");
    let (is_done, output) = run_backup(&shop, &env, url, &["run"]).await;
    assert!(is_done, "{output}");
    let id = output.split(':').next().unwrap();
    let (is_done, verified) = run_backup(&shop, &env, url, &["verify"]).await;
    assert!(is_done && verified.contains(&format!("{id} can be restored")), "{verified}");
    let (is_done, listed) = run_backup(&shop, &env, url, &["list"]).await;
    assert!(is_done && listed.lines().count() == 1 && listed.contains("keys: present\tverified"), "{listed}");
    let (is_done, pruned) = run_backup(&shop, &env, url, &["prune"]).await;
    assert!(is_done && pruned.contains("0 marked, 0 removed"), "{pruned}");

    let file = shop.site.folder.join("again.sqlite");
    let target = format!("sqlite://{}", file.display());
    let chunk = folder.join("backups/ours").join(id).join("000000");
    let whole = fs::read(&chunk).unwrap();
    fs::write(&chunk, &whole[1..]).unwrap();
    let (is_done, refused) = run_backup(&shop, &env, &target, &["restore"]).await;
    assert!(!is_done && refused.contains(&format!("the chunk {id}/000000")), "{refused}");
    assert!(shop.beside(&file).is_empty(), "nothing is left");
    fs::write(&chunk, &whole).unwrap();
    let (is_done, restored) = run_backup(&shop, &env, &target, &["restore"]).await;
    assert!(is_done && file.exists(), "{restored}");

    let mut wrong = env;
    wrong.retain(|(name, _)| *name != "AWS_SECRET_ACCESS_KEY");
    wrong.push(("AWS_SECRET_ACCESS_KEY", "another".to_owned()));
    let (is_done, refused) = run_backup(&shop, &wrong, url, &["run"]).await;
    assert!(!is_done && refused.contains("the backup location cannot be reached"), "{refused}");
    assert!(shop.beside(&shop.site.folder.join("it.sqlite.backup-copy")).is_empty(), "no copy is left");
}
