//! On a machine with several users, what a node writes is its own user's alone.
#![cfg(unix)]

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::{fs::Mode, process::umask};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{
    client::Client,
    server::{Server, Site, entrepot, free_address},
};
use crate::world::on_both;

const UPLOAD: &str = "mutation($input: FileUploadCreateInput!) { result: fileUploadCreate(input: $input) { uploadUrl userErrors { code message } } }";

/// Returns the files of a folder, and the permissions that users other than their owner have.
fn modes(folder: &Path) -> Vec<(PathBuf, u32)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (path, mode) = (entry.path(), entry.metadata().unwrap().permissions().mode());
        // Standard error goes to a file that the test itself has created.
        if path.file_name().is_some_and(|name| name == "server.log") {
            continue;
        }
        if path.is_dir() {
            found.extend(modes(&path));
        }
        found.push((path, mode & 0o777));
    }
    found
}

fn closed(found: &[(PathBuf, u32)]) {
    let open: Vec<String> =
        found.iter().filter(|(_, mode)| mode & 0o077 != 0).map(|(path, mode)| format!("{} {mode:o}", path.display())).collect();
    assert!(open.is_empty(), "others may look into {open:#?}");
}

/// Starts a server, makes it send an e-mail with a link that sets a password, and store a file.
async fn busy(site: &Site, further: &[&str]) -> Server {
    let mail = format!("file:{}", site.folder.join("letters").display());
    let place = format!("file:{}", site.folder.join("kept").display());
    let server = Server::start_with(
        site,
        free_address(),
        &[&["--mail", &mail, "--files", &place, "--registration", "open"], further].concat(),
    )
    .await;
    let owner = Client::register(&server.url(), "modes").await;
    owner.execute("mutation { passwordResetRequest(email: \"modes@shop.example\") { userErrors { code } } }", json!({})).await;
    let upload = owner.must_mutate(UPLOAD, json!({ "purpose": "IMPORT", "name": "stock.csv" })).await;
    let http = reqwest::Client::new();
    let link = format!("{}{}", server.url(), upload["uploadUrl"].as_str().unwrap());
    assert!(http.put(link).body("sku,name\na,b\n").send().await.unwrap().status().is_success());
    let started_at = Instant::now();
    while site.letters().is_empty() {
        assert!(started_at.elapsed() < Duration::from_secs(10), "no letter");
        sleep(Duration::from_millis(20)).await;
    }
    server
}

on_both!(what_a_node_writes_is_its_users_alone, site: Site => {
    // The usual umask of shells: files are readable by all unless created otherwise.
    umask(Mode::from_raw_mode(0o022));
    if site.url.starts_with("sqlite") {
        // The test's own copy goes: what counts is what the program makes.
        fs::remove_file(site.folder.join("it.sqlite")).unwrap();
        let migrated = entrepot(&["migrate", "--database-url", &site.url]).await;
        assert!(migrated.has_succeeded(), "{migrated:?}");
    }
    let server = busy(site, &[]).await;
    let out = site.folder.join("export");
    let export = ["tenant", "export", "--database-url", &site.url, "--keys-file", &site.keys(), "modes", out.to_str().unwrap()];
    let output = entrepot(&export).await;
    assert!(output.has_succeeded(), "{output:?}");
    let found = modes(&site.folder);
    let names: Vec<String> = found.iter().map(|(path, _)| path.display().to_string()).collect();
    for part in ["it.sqlite.keys", ".eml", "/letters", "/kept/", "/export/manifest.json", "/export/user.jsonl"] {
        assert!(names.iter().any(|name| name.contains(part)), "{part} is not among {names:#?}");
    }
    if site.url.starts_with("sqlite") {
        for part in ["it.sqlite", "it.sqlite-wal", "it.sqlite-shm"] {
            assert!(names.iter().any(|name| name.ends_with(part)), "{part} is not among {names:#?}");
        }
    }
    closed(&found);
    drop(server);
});

/// An installation of before: its database and folders could be read by all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_could_read_is_closed_to_them_at_the_next_start() {
    umask(Mode::from_raw_mode(0o022));
    let site = Site::sqlite().await;
    let set = |name: &str, mode: u32| {
        fs::set_permissions(site.folder.join(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    let mode = |name: &str| fs::metadata(site.folder.join(name)).unwrap().permissions().mode() & 0o777;
    for folder in ["letters", "kept"] {
        fs::create_dir(site.folder.join(folder)).unwrap();
        set(folder, 0o755);
    }
    // Access that was given to a group on purpose is kept.
    set("it.sqlite", 0o644);
    set("kept", 0o775);
    let server = busy(&site, &[]).await;
    let now: Value = json!([mode("it.sqlite"), mode("it.sqlite-wal") & 0o007, mode("letters"), mode("kept")]);
    assert_eq!(now, json!([0o640, 0, 0o750, 0o770]), "{now}");
    let log = server.stderr();
    for name in ["it.sqlite", "letters", "kept"] {
        assert!(log.lines().any(|line| line.contains("could be read by every user") && line.contains(name)), "{name}: {log}");
    }
}
