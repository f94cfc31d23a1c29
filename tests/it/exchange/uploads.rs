//! Uploads by link, valid and invalid.

use bytes::Bytes;
use entrepot::{
    audit::Origin,
    files::{FileError, FileLocation, core::State},
};
use futures_util::stream;
use serde_json::{Value, json};

use super::world::{World, download, execute};
use crate::world::on_both;

on_both!(
    bytes_come_once_and_are_what_they_look_like,
    links_end,
    what_is_refused_leaves_nothing,
    a_disk_that_is_not_there_is_said,
    files_go_when_their_time_is_over,
);

const CREATE: &str = "mutation($input: FileUploadCreateInput!) { fileUploadCreate(input: $input) {
    file { id name state size mediaType downloadUrl expiresAt } uploadUrl userErrors { code field message } seq } }";

async fn created(world: &World, purpose: &str, name: &str) -> (Value, String) {
    let payload = world.must_mutate(&world.ours, CREATE, json!({ "input": { "purpose": purpose, "name": name } })).await;
    let token = payload["uploadUrl"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    (payload["file"].clone(), token)
}

async fn send(world: &World, token: &str, parts: Vec<Result<Bytes, ()>>) -> Result<entrepot::files::core::File, FileError> {
    world.node.files.receive(token, None, Origin::default(), stream::iter(parts)).await
}

fn part(bytes: &[u8]) -> Vec<Result<Bytes, ()>> {
    vec![Ok(Bytes::copy_from_slice(bytes))]
}

async fn bytes_come_once_and_are_what_they_look_like(world: &World) {
    let (file, token) = created(world, "IMPORT", "../../etc/C:\\prices.csv").await;
    assert_eq!((&file["name"], &file["state"], &file["downloadUrl"]), (&json!("prices.csv"), &json!("UPLOADING"), &Value::Null));
    let sent = send(world, &token, part(b"sku,name\n")).await.unwrap();
    assert_eq!((sent.state, sent.size, sent.media_type.as_str()), (State::Ready, 9, "text/plain; charset=utf-8"));
    assert!(matches!(send(world, &token, part(b"sku,name\nother\n")).await, Err(FileError::NotAwaited)));
    let query = "query($id: ID!) { node(id: $id) { ... on File { state size sha256 downloadUrl } } }";
    let answer = execute(world, query, json!({ "id": file["id"] })).await["node"].clone();
    assert_eq!(answer["sha256"].as_str().unwrap().len(), 64);
    assert_eq!(download(world, &answer["downloadUrl"]).await, b"sku,name\n");
    // Two at once: one is kept whole.
    let (file, token) = created(world, "IMPORT", "race.csv").await;
    let (one, two) = tokio::join!(send(world, &token, part(b"one\n")), send(world, &token, part(b"two\n")));
    assert_eq!(usize::from(one.is_ok()) + usize::from(two.is_ok()), 1, "{one:?} {two:?}");
    let answer = execute(world, query, json!({ "id": file["id"] })).await["node"].clone();
    let kept = download(world, &answer["downloadUrl"]).await;
    assert_eq!(kept, if one.is_ok() { b"one\n" } else { b"two\n" });
}

async fn links_end(world: &World) {
    let (_, token) = created(world, "IMPORT", "late.csv").await;
    world.advance_clock(3_601);
    assert!(matches!(send(world, &token, part(b"x")).await, Err(FileError::NotFound)));
    let (file, token) = created(world, "IMPORT", "x.csv").await;
    send(world, &token, part(b"sku\n")).await.unwrap();
    let query = "query($id: ID!) { node(id: $id) { ... on File { downloadUrl } } }";
    let link = execute(world, query, json!({ "id": file["id"] })).await["node"]["downloadUrl"].clone();
    let fetch = link.as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    assert!(world.node.files.fetch(&token).await.is_err(), "a link to send is none to fetch");
    assert!(world.node.files.fetch(&fetch).await.is_ok());
    world.advance_clock(901);
    assert!(world.node.files.fetch(&fetch).await.is_err());
}

/// Files below the folder of files.
fn count_files(world: &World) -> usize {
    fn count(folder: &std::path::Path) -> usize {
        let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
        entries.map(|entry| entry.unwrap().path()).map(|path| if path.is_dir() { count(&path) } else { 1 }).sum()
    }
    count(&world.files)
}

async fn what_is_refused_leaves_nothing(world: &World) {
    let before = count_files(world);
    let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";
    type Case = (&'static str, Vec<Result<Bytes, ()>>, fn(&FileError) -> bool);
    let cases: Vec<Case> = vec![
        ("IMPORT", part(b"\x89PNG\r\n\x1a\n0000"), |error| matches!(error, FileError::WrongKind(_))),
        ("IMPORT", part(b"\x7fELF\x01\x02\0\0"), |error| matches!(error, FileError::WrongKind(_))),
        ("IMAGE", part(svg), |error| matches!(error, FileError::WrongKind(_))),
        ("IMAGE", part(b"just a text"), |error| matches!(error, FileError::WrongKind(_))),
        ("DOCUMENT", part(b"<!DOCTYPE html><script>alert(1)</script>"), |error| matches!(error, FileError::WrongKind(_))),
        ("DOCUMENT", part(svg), |error| matches!(error, FileError::WrongKind(_))),
        ("IMPORT", Vec::new(), |error| matches!(error, FileError::NoBytes)),
        ("IMPORT", vec![Ok(Bytes::from_static(b"sku,na")), Err(())], |error| matches!(error, FileError::Broken)),
    ];
    for (purpose, parts, is_expected) in cases {
        let (_, token) = created(world, purpose, "x").await;
        let error = send(world, &token, parts).await.unwrap_err();
        assert!(is_expected(&error), "{purpose}: {error:?}");
    }
    // Too many bytes, once declared in advance and once detected during the upload.
    let (_, token) = created(world, "IMAGE", "big.png").await;
    let declared = world.node.files.receive(&token, Some(21 << 20), Origin::default(), stream::iter(part(b"x"))).await;
    assert!(matches!(declared, Err(FileError::TooLarge { .. })));
    let mut parts = vec![Ok(Bytes::from_static(b"\x89PNG\r\n\x1a\n"))];
    parts.extend((0..21).map(|_| Ok(Bytes::from(vec![7; 1 << 20]))));
    assert!(matches!(send(world, &token, parts).await, Err(FileError::TooLarge { .. })));
    assert_eq!(count_files(world), before, "bytes were left lying");
    for (input, field) in [
        (json!({ "purpose": "IMPORT", "name": "../" }), "name"),
        (json!({ "purpose": "IMPORT", "name": "x", "size": 0 }), "size"),
        (json!({ "purpose": "IMAGE", "name": "x", "size": 20 * 1024 * 1024 + 1 }), "size"),
        (json!({ "purpose": "IMAGE", "name": "x", "size": 9_007_199_254_740_991_i64 }), "size"),
    ] {
        let refused = execute(world, CREATE, json!({ "input": input })).await["fileUploadCreate"].clone();
        assert_eq!(refused["userErrors"][0]["field"], json!(["input", field]), "{refused:#}");
    }
}

async fn a_disk_that_is_not_there_is_said(world: &World) {
    let (file, token) = created(world, "IMPORT", "x.csv").await;
    // A file where a folder should be: nothing can be kept there.
    let wall = world.home.folder.join("wall");
    std::fs::write(&wall, b"").unwrap();
    world.node.files.set_location(FileLocation::Folder(wall.join("files")));
    assert!(matches!(send(world, &token, part(b"sku\n")).await, Err(FileError::Away)));
    let query = "query($id: ID!) { node(id: $id) { ... on File { state size } } }";
    assert_eq!(execute(world, query, json!({ "id": file["id"] })).await["node"], json!({ "state": "UPLOADING", "size": 0 }));
    // The folder exists again, so the same link is valid.
    world.node.files.set_location(FileLocation::Folder(world.files.clone()));
    send(world, &token, part(b"sku\n")).await.unwrap();
}

async fn files_go_when_their_time_is_over(world: &World) {
    let (stuck, token) = created(world, "IMPORT", "stuck.csv").await;
    send(world, &token, part(b"sku\n")).await.unwrap();
    world.advance_clock(60);
    let (file, token) = created(world, "IMPORT", "x.csv").await;
    send(world, &token, part(b"sku\n")).await.unwrap();
    world.advance_clock(7 * 24 * 3_600 + 60);
    // A link to itself: the folder of the first file cannot be listed, and later files are removed
    // all the same.
    let folder = world.files.join(world.ours.owner.tenant.to_string()).join(stuck["id"].as_str().unwrap());
    std::os::unix::fs::symlink(folder.join("loop"), folder.join("loop")).unwrap();
    assert!(world.node.files.delete_expired_files().await.is_err());
    let query = "query($id: ID!) { node(id: $id) { ... on File { state downloadUrl } } }";
    assert_eq!(execute(world, query, json!({ "id": stuck["id"] })).await["node"]["state"], "READY");
    assert_eq!(execute(world, query, json!({ "id": file["id"] })).await["node"]["state"], "DELETED");
    std::fs::remove_file(folder.join("loop")).unwrap();
    assert!(world.node.files.delete_expired_files().await.unwrap() >= 1);
    assert_eq!(
        execute(world, query, json!({ "id": stuck["id"] })).await["node"],
        json!({ "state": "DELETED", "downloadUrl": null })
    );
    // A picture and a document of the product and an attachment remain for each company.
    assert_eq!(count_files(world), 6, "bytes were left lying");
    assert_eq!(world.node.files.delete_expired_files().await.unwrap(), 0);
}
