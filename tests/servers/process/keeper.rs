//! Commands of an operator while a server runs: rotation of keys, proof of the log, export of a
//! tenant's rows.

use std::{fs, process::Stdio, time::Duration};

use serde_json::json;
use tokio::time::sleep;

use super::{
    client::Client,
    server::{Ended, Server, Site, command, entrepot},
};
use crate::world::on_both;

async fn run_command(site: &Site, words: &[&str]) -> Ended {
    entrepot(&[words, &["--database-url", &site.url, "--keys-file", &site.keys()]].concat()).await
}

async fn must_run(site: &Site, words: &[&str]) -> String {
    let output = run_command(site, words).await;
    assert!(output.has_succeeded(), "{words:?}: {output:?}");
    output.out
}

async fn name(client: &Client) -> String {
    client.execute("{ viewer { tenant { slug } } }", json!({})).await["viewer"]["tenant"]["slug"].as_str().unwrap().to_owned()
}

on_both!(keys_are_turned_over_under_a_running_server, site: Site => {
    let server = Server::start(site).await;
    let client = server.tenant().await;
    let before = must_run(site, &["keys", "list"]).await;
    let old = before.split('\t').next().unwrap().to_owned();
    assert!(before.contains("seals"), "{before}");
    let rotated = must_run(site, &["keys", "rotate", "--new-key"]).await;
    assert!(rotated.contains("seals from now on") && rotated.contains("sealed again"), "{rotated}");
    assert!(must_run(site, &["keys", "rotate"]).await.starts_with("0 of"), "done is done");
    name(&client).await;
    run_command(site, &["keys", "retire", &old]).await.assert_failed(&["younger than"]);
    run_command(site, &["keys", "retire", "nosuch"]).await.assert_failed(&["there is no key nosuch; there are ", &old]);
    drop(server);
    // The next start opens what the new key sealed.
    let server = Server::start(site).await;
    name(&client.at(&server.url())).await;
    drop(server);
    let file = fs::read_to_string(site.keys()).unwrap();
    fs::remove_file(site.keys()).unwrap();
    run_command(site, &["serve", "--listen", "127.0.0.1:0"]).await.assert_failed(&["is sealed under the key", "restore it from your copy"]);
    assert!(!fs::exists(site.keys()).unwrap(), "no new key is made over a database that has one");
    let (first, second) = (well_new_key().await, well_new_key().await);
    assert_ne!(first, second);
    fs::write(site.keys(), &first).unwrap();
    run_command(site, &["serve", "--listen", "127.0.0.1:0"]).await.assert_failed(&["not among those given"]);
    // The right name with another key.
    let of = |line: &str| line.trim().split_once(':').map(|(id, key)| (id.to_owned(), key.to_owned())).unwrap();
    let line = file.lines().find(|line| !line.starts_with('#')).unwrap();
    let ((id, key), (_, other)) = (of(line), of(&second));
    fs::write(site.keys(), file.replace(&key, &other)).unwrap();
    run_command(site, &["keys", "list"]).await.assert_failed(&["does not fit", &format!("the one given as {id} is another")]);
    fs::write(site.keys(), file).unwrap();
    drop(Server::start(site).await);
});

async fn well_new_key() -> String {
    let output = entrepot(&["keys", "new"]).await;
    assert!(output.has_succeeded(), "{output:?}");
    output.out
}

on_both!(the_log_is_proven_and_a_tenant_is_taken_out, site: Site => {
    let server = Server::start(site).await;
    let client = server.tenant().await;
    let slug = name(&client).await;
    for n in 0..3 {
        let create = "mutation($input: StoreCreateInput!) { result: storeCreate(input: $input) { userErrors { code message } } }";
        client.must_mutate(create, json!({ "code": format!("S{n}"), "name": "A shop" })).await;
    }
    let log = "{ result: auditEntries { nodes { action ip requestId } } }";
    let mut entries = json!([]);
    for _ in 0..100 {
        entries = client.execute(log, json!({})).await["result"]["nodes"].clone();
        if entries.as_array().unwrap().len() >= 4 {
            break;
        }
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(entries[0]["action"], json!("storeCreate"), "the job gives entries their places: {entries}");
    assert_eq!(entries[3]["action"], json!("register"), "a tenant's first entry is how it came to be");
    assert_eq!(entries[0]["ip"], json!("127.0.0.1"));
    assert!(entries[0]["requestId"].as_str().is_some_and(|id| id.len() > 10));
    let proven = must_run(site, &["audit", "verify"]).await;
    assert!(proven.contains(&format!("ok      {slug}: 4 entries, 1 checkpoints")), "{proven}");
    run_command(site, &["audit", "verify", "--tenant", "nobody"]).await.assert_failed(&["there is no tenant nobody"]);

    let folder = site.folder.join("out");
    let out = must_run(site, &["tenant", "export", &slug, &folder.display().to_string()]).await;
    assert!(out.contains("manifest.json"), "{out}");
    assert_eq!(fs::read_to_string(folder.join("store.jsonl")).unwrap().lines().count(), 3);
    taken_in_elsewhere(&folder.display().to_string(), &slug).await;
    assert!(must_run(site, &["tenant", "erase", &slug]).await.contains("--cancel cancels it"));
    let [files, others] = ["files", "others"].map(|name| format!("file:{}", site.folder.join(name).display()));
    must_run(site, &["files", "adopt", "--files", &files]).await;
    let due = ["tenant", "erase", &slug, "--due", "--files"];
    let elsewhere = run_command(site, &[&due[..], &[others.as_str()]].concat()).await;
    elsewhere.assert_failed(&["nothing was erased", &others, "as it was given to `serve`"]);
    assert!(!site.folder.join("others").exists());
    let early = must_run(site, &[&due[..], &[files.as_str()]].concat()).await;
    assert!(early.contains("nothing is due"), "thirty days are thirty days: {early}");
    assert!(must_run(site, &["tenant", "erase", &slug, "--cancel"]).await.contains("the erasure is cancelled"));
    drop(server);
    site.verify().await;
});

/// Checks the output of the command that imports an export.
async fn taken_in_elsewhere(folder: &str, slug: &str) {
    let other = Site::sqlite().await;
    let dry = must_run(&other, &["tenant", "import", folder, "--dry-run"]).await;
    assert!(dry.contains("dry run, nothing was stored") && dry.contains("3  store\n"), "{dry}");
    let output = must_run(&other, &["tenant", "import", folder]).await;
    for part in
        ["invariants hold over 1 tenants", "the tenant is imported: ", "has no password and no second factor here", "start over"]
    {
        assert!(output.contains(part), "\"{part}\" is not in {output}");
    }
    run_command(&other, &["tenant", "import", folder])
        .await
        .assert_failed(&["nothing was imported", "is in this deployment already"]);
    let again = must_run(&other, &["audit", "verify", "--tenant", slug]).await;
    assert!(again.contains("ok      "), "{again}");
    other.verify().await;
    let help = entrepot(&["tenant", "import", "--help"]).await;
    for part in ["one transaction", "--slug", "--dry-run", "--files-from", "--accept-broken", "--keys-file", "who must do what"] {
        assert!(help.out.contains(part), "\"{part}\" is not in {}", help.out);
    }
}

on_both!(a_reader_that_has_enough_is_no_failure, site: Site => {
    drop(Server::start(site).await);
    let keys = site.keys();
    for words in [&["verify"][..], &["audit", "verify", "--keys-file", &keys], &["keys", "list", "--keys-file", &keys]] {
        let words = [words, &["--database-url", &site.url]].concat();
        let mut child = command(&words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
        let reported_stderr = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success() && !reported_stderr.contains("panicked"), "{words:?}: {:?} {reported_stderr}", output.status);
    }
});
