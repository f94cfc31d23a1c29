//! A company that moves into another deployment: what it is there, what has to be done, and what is refused.

use std::{
    fs,
    path::{Path, PathBuf},
};

use entity::prelude::*;
use entrepot::{
    audit::verify,
    files::FileLocation,
    identity::Visit,
    secrets::{self, KeyRing},
    serve::tenant_import::{ImportOutcome, ImportRequest, ImportTarget, take_in},
    storage::copying,
    tenancy::{
        export,
        import::{ImportError, Refusal},
        tables,
    },
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{
    authorization::world::{House, World, text},
    databases::Home,
    world::{on_both, other_keys},
};

on_both!(
    a_company_moves_into_another_deployment,
    people_without_an_account_choose_a_password,
    an_address_that_nobody_has_confirmed_is_refused,
    stored_files_go_along_when_asked,
    an_export_that_is_not_whole_leaves_nothing,
    rows_that_break_a_rule_leave_nothing,
    a_tenant_that_is_there_is_refused,
);

/// Tables whose rows are another deployment's in part: secrets, accounts, keys of persons, the end of the log.
const ADAPTED: [&str; 10] = [
    "tenant",
    "tenant_counter",
    "member",
    "integration",
    "api_key",
    "webhook_endpoint",
    "customer",
    "order_detail",
    "invoice",
    "audit_entry",
];
const HEAD: &str = "audit_head";

/// Deployments of both kinds.
async fn homes() -> Vec<Home> {
    let mut homes = vec![Home::sqlite().await];
    homes.extend(Home::postgres().await);
    homes
}

/// Our company's export, in a folder of this name.
async fn exported(world: &World, name: &str) -> PathBuf {
    let folder = world.path(name);
    let tenant = world.ours.owner.tenant;
    export::export(&world.node.db, tenant, "alpha-company", world.node.clock.now(), &folder).await.unwrap();
    folder
}

fn whole(from: &Path) -> ImportRequest<'_> {
    ImportRequest { from, slug: None, dry_run: false, accept_broken: false, files: None }
}

async fn import(other: &World, request: ImportRequest<'_>) -> Result<ImportOutcome, ImportError> {
    let ring: KeyRing = secrets::open(&other.node.db, &other_keys(), &other.clock).await.unwrap();
    let target = ImportTarget { db: &other.node.db, ring: &ring, clock: &other.clock };
    take_in(target, request, |_: &str| {}).await
}

async fn refused(other: &World, request: ImportRequest<'_>) -> String {
    match import(other, request).await {
        Err(ImportError::Refused(refusal)) => refusal.to_string(),
        other => panic!("{other:?}"),
    }
}

/// All that a deployment holds.
async fn held(world: &World) -> Vec<(&'static str, copying::Digests)> {
    copying::digests(&world.node.db).await.unwrap().into_iter().collect()
}

const LOOKS: &str = "{ viewer { tenant { name defaultCurrency } }
    stockLevels(first: 50) { nodes { id onHand reserved available version product { sku } store { code } } }
    orders(first: 20) { nodes { id number status version total { amount currencyCode } customer { id name email } lines { id quantity }
        fulfilments { id } payments { id } returns { id } } }
    customers(first: 20) { nodes { id externalRef name email version } } }";
const FOUND: &str = "query($email: String!) { customers(email: $email) { nodes { id } } }";
const ORDER: &str = "mutation($input: OrderCreateInput!) { orderCreate(input: $input) { order { number } userErrors { code field message } } }";

async fn looked(world: &World, house: &House) -> Value {
    let answer = world.ask(house, Some(house.owner.clone()), LOOKS, &json!({})).await;
    assert!(answer["errors"].is_null(), "{answer:#}");
    answer["data"].clone()
}

/// The number of a new order.
async fn ordered(world: &World, house: &House) -> Value {
    let input = json!({ "idempotencyKey": "after-the-move", "store": { "id": house.ids["sto"] }, "channelId": house.ids["chn"],
        "lines": [{ "product": { "id": house.ids["prd"] }, "quantity": 1 }] });
    world.must(house, ORDER, json!({ "input": input })).await["order"]["number"].clone()
}

async fn a_company_moves_into_another_deployment(world: &World) {
    let folder = exported(world, "export").await;
    let before = held(world).await;
    let mut targets = Vec::new();
    for home in homes().await {
        let mut other = World::another_deployment(home, world.node.clock.now(), "alpha@example.com").await;
        let neighbours = other.dump(other.theirs.owner.tenant).await;
        let outcome = import(&other, whole(&folder)).await.unwrap();
        assert!(outcome.report.is_sound(), "{}", outcome.report);
        let taken = &outcome.imported;
        assert_eq!((taken.matched, taken.newcomers.len(), outcome.tenant), (1, 0, world.ours.owner.tenant));
        assert!(taken.integrations.contains(&"alpha partner".to_owned()) && taken.keys > 0 && !taken.endpoints.is_empty(), "{taken:?}");
        assert!(taken.tables.len() > 60, "{:?}", taken.tables);
        assert_eq!(other.dump(other.theirs.owner.tenant).await, neighbours, "others are as they were");
        same_rows(&before, &held(&other).await, world.ours.owner.tenant);
        other.ours = world.ours.arrived(&other.node, other.ours.session.user).await;
        targets.push(other);
    }
    let seen = looked(world, &world.ours).await;
    assert_eq!(seen["customers"]["nodes"][0]["email"], json!("alpha@example.com"), "{seen:#}");
    for other in &targets {
        assert_eq!(looked(other, &other.ours).await, seen);
        alive(world, other).await;
    }
    let number = ordered(world, &world.ours).await;
    for other in &targets {
        assert_eq!(ordered(other, &other.ours).await, number, "numbers go on");
        let report = entrepot::insight::verify::verify(&other.node.db, |_| {}).await.unwrap();
        assert!(report.is_sound(), "{report}");
    }
    for other in targets {
        other.end().await;
    }
}

/// Every row of a table that nothing of another deployment is in is there as it was.
fn same_rows(source: &[(&'static str, copying::Digests)], target: &[(&'static str, copying::Digests)], tenant: TenantId) {
    let mut compared = 0;
    for ((table, here), (same, there)) in source.iter().zip(target) {
        assert_eq!(table, same);
        if ADAPTED.contains(table) || *table == HEAD || tables::is_left_out(table) {
            continue;
        }
        assert_eq!(there.get(&tenant.uuid()), here.get(&tenant.uuid()), "{table}");
        compared += usize::from(here.contains_key(&tenant.uuid()));
    }
    assert!(compared > 50, "only {compared} tables were compared");
}

/// What goes on in the other deployment, and what begins anew.
async fn alive(world: &World, other: &World) {
    let (house, tenant) = (&other.ours, world.ours.owner.tenant);
    let found = other.ask(house, Some(house.owner.clone()), FOUND, &json!({ "email": " Alpha@Example.com " })).await;
    assert_eq!(found["data"]["customers"]["nodes"], json!([{ "id": world.ours.ids["cus"] }]), "addresses are found under other keys");
    let (here, there) = (world.node.db.tenant(tenant).head().await.unwrap(), other.node.db.tenant(tenant).head().await.unwrap());
    assert_eq!((here.seq, here.low), (there.seq, there.low));
    assert_ne!(here.epoch, there.epoch, "streams begin anew");
    let log = |world: &World| {
        let (scope, audit) = (world.node.db.tenant(tenant), world.node.audit.clone());
        async move { verify::whole(&scope, Some(audit.audit_writer()), None).await.unwrap() }
    };
    let (before, after) = (log(world).await, log(other).await);
    assert!(before.is_ok() && after.is_ok(), "{before:?} {after:?}");
    assert!(after.checkpoints > 0, "what the other deployment signed is there");
    let entries = "{ auditEntries(first: 5) { nodes { action } } }";
    other.node.audit.seal_all().await.unwrap();
    let told = other.ask(house, Some(house.owner.clone()), entries, &json!({})).await;
    let actions: Vec<String> =
        told["data"]["auditEntries"]["nodes"].as_array().unwrap().iter().map(|entry| text(&entry["action"])).collect();
    assert!(actions.contains(&"tenant.import".to_owned()), "{actions:?}");
    let count = async |sql: &str| -> i64 {
        let rows = other.node.db.global().rows(sql, vec![tenant.into()]).await.unwrap();
        rows[0].try_get_by_index(0).unwrap()
    };
    assert_eq!(count("SELECT count(*) FROM integration WHERE tenant_id = $1 AND disabled_at IS NULL").await, 0);
    assert_eq!(count("SELECT count(*) FROM api_key WHERE tenant_id = $1 AND revoked_at IS NULL").await, 0);
    assert_eq!(count("SELECT count(*) FROM webhook_endpoint WHERE tenant_id = $1 AND disabled_at IS NULL").await, 0);
    assert_eq!(count("SELECT count(*) FROM session WHERE tenant_id = $1").await, 0);
}

async fn people_without_an_account_choose_a_password(world: &World) {
    let folder = exported(world, "export").await;
    let other = World::another_deployment(Home::sqlite().await, world.node.clock.now(), "charlie@example.com").await;
    let outcome = import(&other, ImportRequest { slug: Some("moved-company"), ..whole(&folder) }).await.unwrap();
    assert_eq!((outcome.imported.matched, outcome.imported.newcomers), (0, vec!["alpha@example.com".to_owned()]));
    let visit = Visit::default();
    let login = other.node.identity.login("alpha@example.com", "correct horse battery staple", None, &visit).await;
    assert!(login.is_err(), "the password stayed behind");
    other.node.identity.request_reset("alpha@example.com", &visit).await.unwrap();
    let tenants = other.node.db.global().rows("SELECT slug FROM tenant ORDER BY slug", vec![]).await.unwrap();
    let slugs: Vec<String> = tenants.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
    assert_eq!(slugs, ["charlie-company", "delta-company", "moved-company"]);
    other.end().await;
}

async fn an_address_that_nobody_has_confirmed_is_refused(world: &World) {
    let folder = exported(world, "export").await;
    let other = World::another_deployment(Home::sqlite().await, world.node.clock.now(), "alpha@example.com").await;
    other.home.tell("UPDATE app_user SET verified_at = NULL").await;
    let before = held(&other).await;
    assert!(refused(&other, whole(&folder)).await.contains("has the address alpha@example.com and has not confirmed it"));
    assert_eq!(held(&other).await, before);
    other.end().await;
}

async fn stored_files_go_along_when_asked(world: &World) {
    let folder = exported(world, "export").await;
    let other = World::another_deployment(Home::sqlite().await, world.node.clock.now(), "alpha@example.com").await;
    let (from, to) = (FileLocation::Folder(world.files.clone()), FileLocation::Folder(other.files.clone()));
    let request = ImportRequest { files: Some((&from, &to)), ..whole(&folder) };
    // What is refused takes the files along that had come.
    other.home.tell("UPDATE app_user SET verified_at = NULL").await;
    refused(&other, request).await;
    let mine = other.files.join(world.ours.owner.tenant.to_string());
    assert_eq!(files_under(&mine), Vec::<PathBuf>::new());
    other.home.tell("UPDATE app_user SET verified_at = 1").await;
    let outcome = import(&other, request).await.unwrap();
    let stored = files_under(&world.files.join(world.ours.owner.tenant.to_string()));
    assert!(outcome.files.copied > 0 && outcome.files.copied == stored.len() as u64, "{:?}", outcome.files);
    assert_eq!(files_under(&mine), stored);
    assert!(!other.files.join(world.theirs.owner.tenant.to_string()).exists(), "others' files stay where they are");
    other.end().await;
}

/// The files below a folder, by their names in it.
fn files_under(folder: &Path) -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.path().is_dir() { walk(&entry.path(), found) } else { found.push(entry.path()) }
        }
    }
    let mut found = Vec::new();
    walk(folder, &mut found);
    found.iter_mut().for_each(|path| *path = path.strip_prefix(folder).unwrap().to_owned());
    found.sort();
    found
}

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

async fn an_export_that_is_not_whole_leaves_nothing(world: &World) {
    let folder = exported(world, "export").await;
    let other = World::another_deployment(Home::sqlite().await, world.node.clock.now(), "alpha@example.com").await;
    let before = held(&other).await;
    let schema = entrepot::storage::schema_head();
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
    type Change<'a> = Box<dyn Fn(&Path) + 'a>;
    let cases: Vec<(Change<'_>, &str)> = vec![
        (Box::new(cut), "stock_level.jsonl has "),
        (Box::new(|it| replaced(it, "customer.jsonl", "alpha", "alphb")), "customer.jsonl is not what the manifest says"),
        (Box::new(|it| replaced(it, "manifest.json", "alpha-company", "alphb-company")), "is not what manifest.sha256 says"),
        (Box::new(|it| replaced(it, "manifest.json", "export 2", "export 3")), "a newer version of Entrepot writes"),
        (Box::new(|it| replaced(it, "manifest.json", "export 2", "export 1")), "Export the tenant again with this version"),
        (Box::new(|it| replaced(it, "manifest.json", "entrepot export 2", "a diary")), "is no format"),
        (Box::new(|it| replaced(it, "manifest.json", "{", "")), "the manifest cannot be read"),
        (Box::new(|it| listed(it, |all| all["schema"] = json!("m9999_later"))), "Upgrade this deployment first"),
        (Box::new(|it| listed(it, |all| all["schema"] = json!("m0001_begin"))), "have the tables of m0001_begin"),
        (Box::new(gone), "note.jsonl is not there"),
        (Box::new(unsummed), "manifest.sha256 is not there"),
        (Box::new(|it| fs::remove_file(it.join("manifest.json")).unwrap()), "has no manifest.json"),
        (Box::new(|it| listed(it, unlisted)), "does not list note.jsonl"),
        (Box::new(|it| listed(it, further("../note.jsonl"))), "the manifest lists ../note.jsonl"),
        (Box::new(|it| listed(it, further("session.jsonl"))), "the manifest lists session.jsonl"),
        (Box::new(|it| listed(it, further("note.jsonl"))), "the manifest lists note.jsonl twice"),
    ];
    assert!(schema.starts_with('m'), "{schema}");
    for (change, why) in cases {
        let said = refused(&other, whole(&changed(&folder, change))).await;
        assert!(said.contains(why), "\"{why}\" is not in {said}");
        assert_eq!(held(&other).await, before, "{why}");
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
        ("tenant.jsonl", "alpha-company", "alphb-company", "names the tenant otherwise"),
        ("product.jsonl", "{", "{\"colour\":1,", "line 1 of product.jsonl: it has a column colour"),
        ("product.jsonl", "\"sku\":", "\"skv\":", "it lacks the column sku"),
        ("product.jsonl", "\"sku\":\"", "\"sku\":7,\"x\":\"", "the value of sku"),
        ("product.jsonl", "{", "", "it is not an object of JSON"),
        ("customer.jsonl", "\"email\":\"", "\"email\":7,\"x\":\"", "what is known of the person"),
        ("file.jsonl", own.as_str(), foreign.as_str(), "another tenant's are"),
        ("user.jsonl", "@", " at ", "is no e-mail address"),
        ("member.jsonl", "\"user_id\":\"0", "\"user_id\":\"1", "the member's account is not in user.jsonl"),
        ("tenant_counter.jsonl", "\"head\":", "\"head\":-", "break a rule of the database"),
        ("member.jsonl", "ACTIVE", "HIDDEN", "break a rule of the database"),
        ("audit_entry.jsonl", "\"action\":\"storeCreate\"", "\"action\":\"storeErase\"", "the audit log of the export breaks"),
        ("stock_level.jsonl", "\"on_hand\":", "\"on_hand\":1", "break what `entrepot verify` proves"),
    ];
    for other in &others {
        let before = held(other).await;
        for (file, from, to, why) in edits {
            let edited = changed(&folder, |copy| {
                replaced(copy, file, from, to);
                listed(copy, |_| {});
            });
            let said = refused(other, whole(&edited)).await;
            assert!(said.contains(why), "{file}: \"{why}\" is not in {said}");
            assert_eq!(held(other).await, before, "{file} {to}");
        }
        // A company that is broken where it comes from may be taken in all the same.
        let broken = changed(&folder, |copy| {
            replaced(copy, "stock_level.jsonl", "\"on_hand\":", "\"on_hand\":1");
            listed(copy, |_| {});
        });
        let outcome = import(other, ImportRequest { accept_broken: true, dry_run: true, ..whole(&broken) }).await.unwrap();
        assert!(!outcome.report.is_sound());
        assert_eq!(held(other).await, before, "a dry run leaves nothing");
    }
    for other in others {
        other.end().await;
    }
}

async fn a_tenant_that_is_there_is_refused(world: &World) {
    let folder = exported(world, "export").await;
    let other = World::another_deployment(Home::sqlite().await, world.node.clock.now(), "alpha@example.com").await;
    for (slug, why) in [("delta-company", "has the slug delta-company"), ("No", "No is no slug")] {
        assert!(refused(&other, ImportRequest { slug: Some(slug), ..whole(&folder) }).await.contains(why), "{why}");
    }
    let dry = import(&other, ImportRequest { dry_run: true, ..whole(&folder) }).await.unwrap();
    let done = import(&other, whole(&folder)).await.unwrap();
    assert_eq!(dry.imported, done.imported, "a dry run says what an import does");
    let before = held(&other).await;
    for slug in [None, Some("once-more")] {
        let again = import(&other, ImportRequest { slug, ..whole(&folder) }).await;
        let Err(ImportError::Refused(Refusal::TenantThere(there))) = again else { panic!("{again:?}") };
        assert_eq!(there, "alpha-company");
    }
    assert_eq!(held(&other).await, before);
    other.end().await;
}
