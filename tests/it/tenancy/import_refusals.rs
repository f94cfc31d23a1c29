//! Exports that an import refuses: truncated, changed, of another version, with rows that break a
//! rule, or of a company that exists already.

use std::{
    fs,
    path::{Path, PathBuf},
};

use entity::prelude::*;
use entrepot::{
    serve::tenant_import::ImportRequest,
    storage::Backend,
    tenancy::import::{ImportError, Refusal},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::import::{digests_of, exported, homes, import, refused, whole};
use crate::{
    authorization::world::{World, text},
    databases::Home,
    world::on_both,
};

on_both!(an_export_that_is_not_whole_leaves_nothing, rows_that_break_a_rule_leave_nothing, a_tenant_that_is_there_is_refused,);

/// A copy of an export in which something is changed.
fn changed(export: &Path, change: impl Fn(&Path)) -> PathBuf {
    let copy = export.with_file_name("changed");
    let _ = fs::remove_dir_all(&copy);
    fs::create_dir(&copy).unwrap();
    for entry in fs::read_dir(export).unwrap().flatten() {
        fs::copy(entry.path(), copy.join(entry.file_name())).unwrap();
    }
    change(&copy);
    copy
}

fn replaced(folder: &Path, file: &str, from: &str, to: &str) {
    let text = fs::read_to_string(folder.join(file)).unwrap();
    assert!(text.contains(from), "{file} has no {from}");
    fs::write(folder.join(file), text.replacen(from, to, 1)).unwrap();
}

fn sum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The manifest, changed, with sums that fit the files.
fn listed(folder: &Path, change: impl Fn(&mut Value)) {
    let mut manifest: Value = serde_json::from_slice(&fs::read(folder.join("manifest.json")).unwrap()).unwrap();
    for file in manifest["files"].as_array_mut().unwrap() {
        let bytes = fs::read(folder.join(text(&file["file"]))).unwrap();
        file["rows"] = json!(bytes.iter().filter(|byte| **byte == b'\n').count());
        (file["bytes"], file["sha256"]) = (json!(bytes.len()), json!(sum(&bytes)));
    }
    change(&mut manifest);
    let bytes = serde_json::to_vec_pretty(&manifest).unwrap();
    fs::write(folder.join("manifest.sha256"), format!("{}  manifest.json\n", sum(&bytes))).unwrap();
    fs::write(folder.join("manifest.json"), bytes).unwrap();
}

type Change<'a> = Box<dyn Fn(&Path) + 'a>;

fn case<'a>(change: impl Fn(&Path) + 'a, reason: &'a str) -> (Change<'a>, &'a str) {
    (Box::new(change), reason)
}

async fn an_export_that_is_not_whole_leaves_nothing(world: &World) {
    let folder = exported(world, "export").await;
    let other = World::another_deployment(Home::sqlite().await, world.node.clock.now(), "alpha@example.com").await;
    let before = digests_of(&other).await;
    let cut = |folder: &Path| {
        let bytes = fs::read(folder.join("stock_level.jsonl")).unwrap();
        fs::write(folder.join("stock_level.jsonl"), &bytes[..bytes.len() - 10]).unwrap();
    };
    let gone = |folder: &Path| fs::remove_file(folder.join("note.jsonl")).unwrap();
    let unsummed = |folder: &Path| fs::remove_file(folder.join("manifest.sha256")).unwrap();
    let unlisted = |manifest: &mut Value| manifest["files"].as_array_mut().unwrap().retain(|file| file["file"] != "note.jsonl");
    let further = |file: &'static str| {
        move |manifest: &mut Value| {
            let listed = json!({ "file": file, "rows": 0, "bytes": 0, "sha256": "" });
            manifest["files"].as_array_mut().unwrap().push(listed);
        }
    };
    let cases = [
        case(cut, "stock_level.jsonl has "),
        case(|it| replaced(it, "customer.jsonl", "alpha", "alphb"), "customer.jsonl is not what the manifest says"),
        case(|it| replaced(it, "manifest.json", "alpha-company", "alphb-company"), "is not what manifest.sha256 says"),
        case(|it| replaced(it, "manifest.json", "export 2", "export 3"), "a newer version of Entrepot writes"),
        case(|it| replaced(it, "manifest.json", "export 2", "export 1"), "Export the tenant again with this version"),
        case(|it| replaced(it, "manifest.json", "entrepot export 2", "a diary"), "is no format"),
        case(|it| replaced(it, "manifest.json", "{", ""), "the manifest cannot be read"),
        case(|it| listed(it, |all| all["schema"] = json!("m9999_later")), "Upgrade this deployment first"),
        case(|it| listed(it, |all| all["schema"] = json!("m0001_foundation")), "has the tables of m0001_foundation"),
        case(gone, "note.jsonl is not there"),
        case(unsummed, "manifest.sha256 is not there"),
        case(|it| fs::remove_file(it.join("manifest.json")).unwrap(), "has no manifest.json"),
        case(|it| listed(it, unlisted), "does not list note.jsonl"),
        case(|it| listed(it, further("../note.jsonl")), "the manifest lists ../note.jsonl"),
        case(|it| listed(it, further("session.jsonl")), "the manifest lists session.jsonl"),
        case(|it| listed(it, further("note.jsonl")), "the manifest lists note.jsonl twice"),
    ];
    for (change, reason) in cases {
        let message = refused(&other, whole(&changed(&folder, change))).await;
        assert!(message.contains(reason), "\"{reason}\" is not in {message}");
        assert_eq!(digests_of(&other).await, before, "{reason}");
    }
    let manifest = folder.join("manifest.json");
    assert!(import(&other, whole(&manifest)).await.is_ok(), "the export itself is whole, and may be named by its manifest");
    other.end().await;
}

async fn rows_that_break_a_rule_leave_nothing(world: &World) {
    let folder = exported(world, "export").await;
    let (ours, theirs) = (world.ours.owner.tenant, world.theirs.owner.tenant);
    let hex = |tenant: TenantId| tenant.uuid().simple().to_string();
    let mut others = Vec::new();
    for home in homes().await {
        others.push(World::another_deployment(home, world.node.clock.now(), "alpha@example.com").await);
    }
    let (own, foreign) = (format!("\"blob\":\"{ours}/"), format!("\"blob\":\"{theirs}/"));
    let (ours, theirs) = (hex(ours), hex(theirs));
    let edits = [
        ("product.jsonl", ours.as_str(), theirs.as_str(), "the row belongs to another tenant"),
        ("tenant.jsonl", ours.as_str(), theirs.as_str(), "the row belongs to another tenant"),
        ("tenant.jsonl", "alpha-company", "alphb-company", "its name of the tenant differs"),
        ("product.jsonl", "{", "{\"colour\":1,", "line 1 of product.jsonl: it has a column colour"),
        ("product.jsonl", "\"sku\":", "\"skv\":", "it lacks the column sku"),
        ("product.jsonl", "\"sku\":\"", "\"sku\":7,\"x\":\"", "the value of sku"),
        ("product.jsonl", "{", "", "it is not an object of JSON"),
        ("customer.jsonl", "\"email\":\"", "\"email\":7,\"x\":\"", "the person's data"),
        ("file.jsonl", own.as_str(), foreign.as_str(), "another tenant's are"),
        ("user.jsonl", "@", " at ", "is no e-mail address"),
        ("member.jsonl", "\"user_id\":\"0", "\"user_id\":\"1", "the member's account is not in user.jsonl"),
        // By a CHECK on SQLite, by `verify` on Postgres.
        ("tenant_counter.jsonl", "\"head\":", "\"head\":-", "break "),
        ("member.jsonl", "ACTIVE", "HIDDEN", "break a rule of the database"),
        ("audit_entry.jsonl", "\"action\":\"storeCreate\"", "\"action\":\"storeErase\"", "the audit log of the export is broken"),
        ("stock_level.jsonl", "\"on_hand\":", "\"on_hand\":1", "break an invariant of `entrepot verify`"),
    ];
    for other in &others {
        let before = digests_of(other).await;
        for (file, from, to, reason) in edits {
            let edited = changed(&folder, |copy| {
                replaced(copy, file, from, to);
                listed(copy, |_| {});
            });
            let message = refused(other, whole(&edited)).await;
            assert!(message.contains(reason), "{file}: \"{reason}\" is not in {message}");
            assert_eq!(digests_of(other).await, before, "{file} {to}");
        }
        if other.node.db.backend() == Backend::Postgres {
            // As archiving detaches a month.
            let parts = other.node.db.parts().await.unwrap();
            let part = parts.iter().rfind(|part| part.table == "event" && part.month.is_some()).unwrap();
            other.node.db.detach_part(part).await.unwrap();
            let moment = format!("\"recorded_at\":{},\"before\":", part.from.unwrap());
            let edited = changed(&folder, |copy| {
                replaced(copy, "event.jsonl", "\"recorded_at\":", &moment);
                listed(copy, |_| {});
            });
            let message = refused(other, whole(&edited)).await;
            assert!(message.contains("event.jsonl has rows of ") && message.contains("has no partition"), "{message}");
            assert_eq!(digests_of(other).await, before, "a month that is not there");
        }
        // A company whose data were inconsistent at the source may be imported nevertheless.
        let broken = changed(&folder, |copy| {
            replaced(copy, "stock_level.jsonl", "\"on_hand\":", "\"on_hand\":1");
            listed(copy, |_| {});
        });
        let outcome = import(other, ImportRequest { accept_broken: true, dry_run: true, ..whole(&broken) }).await.unwrap();
        assert!(!outcome.report.is_sound());
        assert_eq!(digests_of(other).await, before, "a dry run leaves nothing");
    }
    for other in others {
        other.end().await;
    }
}

async fn a_tenant_that_is_there_is_refused(world: &World) {
    let folder = exported(world, "export").await;
    let other = World::another_deployment(Home::sqlite().await, world.node.clock.now(), "alpha@example.com").await;
    for (slug, reason) in [("delta-company", "has the slug delta-company"), ("No", "No is not a valid slug")] {
        assert!(refused(&other, ImportRequest { slug: Some(slug), ..whole(&folder) }).await.contains(reason), "{reason}");
    }
    let request = ImportRequest { slug: Some("zulu-company"), ..whole(&folder) };
    let dry = import(&other, ImportRequest { dry_run: true, ..request }).await.unwrap();
    let outcome = import(&other, request).await.unwrap();
    assert_eq!(dry.imported, outcome.imported, "a dry run says what an import does");
    let before = digests_of(&other).await;
    // Also under a slug that another tenant has.
    for slug in [None, Some("once-more"), Some("delta-company")] {
        let again = import(&other, ImportRequest { slug, ..whole(&folder) }).await;
        let Err(ImportError::Refused(Refusal::TenantThere(there))) = again else { panic!("{again:?}") };
        assert_eq!(there, "zulu-company");
    }
    assert_eq!(digests_of(&other).await, before);
    other.end().await;
}
