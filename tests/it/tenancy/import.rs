//! Imports of a company into another deployment: its state there, and the steps that remain.

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
    serve::tenant_import::{ImportOutcome, ImportRequest, ImportTarget, import_tenant},
    storage::copying,
    tenancy::{export, import::ImportError, tables},
};
use serde_json::{Value, json};

use crate::{
    authorization::world::{Company, World, furnished::other_keys, text},
    databases::Home,
    world::on_both,
};

on_both!(
    a_company_moves_into_another_deployment,
    people_without_an_account_choose_a_password,
    an_address_that_nobody_has_confirmed_is_refused,
    stored_files_go_along_when_asked,
    files_of_a_killed_import_are_removed,
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
pub(super) async fn homes() -> Vec<Home> {
    let mut homes = vec![Home::sqlite().await];
    homes.extend(Home::postgres().await);
    homes
}

/// Our company's export, in a folder of this name.
pub(super) async fn exported(world: &World, name: &str) -> PathBuf {
    let folder = world.home.folder.join(name);
    let tenant = world.ours.owner.tenant;
    export::export(&world.node.db, tenant, "alpha-company", world.node.clock.now(), &folder).await.unwrap();
    folder
}

pub(super) fn whole(from: &Path) -> ImportRequest<'_> {
    ImportRequest { from, slug: None, dry_run: false, accept_broken: false, files: None }
}

pub(super) async fn import(other: &World, request: ImportRequest<'_>) -> Result<ImportOutcome, ImportError> {
    let ring: KeyRing = secrets::open(&other.node.db, &other_keys(), &other.clock).await.unwrap();
    let target = ImportTarget { db: &other.node.db, ring: &ring, clock: &other.clock };
    import_tenant(target, request, |_: &str| {}).await
}

pub(super) async fn refused(other: &World, request: ImportRequest<'_>) -> String {
    match import(other, request).await {
        Err(ImportError::Refused(refusal)) => refusal.to_string(),
        other => panic!("{other:?}"),
    }
}

/// Digests of all rows of a deployment.
pub(super) async fn digests_of(world: &World) -> Vec<(&'static str, copying::Digests)> {
    copying::digests(&world.node.db).await.unwrap().into_iter().collect()
}

const LOOKS: &str = "{ viewer { tenant { name defaultCurrency } }
    stockLevels(first: 50) { nodes { id onHand reserved available version product { sku } store { code } } }
    orders(first: 20) { nodes { id number status version total { amount currencyCode } customer { id name email } lines { id quantity }
        fulfilments { id } payments { id } returns { id } } }
    customers(first: 20) { nodes { id externalRef name email version } } }";
const FOUND: &str = "query($email: String!) { customers(email: $email) { nodes { id } } }";
const ORDER: &str =
    "mutation($input: OrderCreateInput!) { orderCreate(input: $input) { order { number } userErrors { code field message } } }";

async fn look_up(world: &World, company: &Company) -> Value {
    let answer = world.execute(company, Some(company.owner.clone()), LOOKS, &json!({})).await;
    assert!(answer["errors"].is_null(), "{answer:#}");
    answer["data"].clone()
}

/// The number of a new order.
async fn ordered(world: &World, company: &Company) -> Value {
    let input = json!({ "idempotencyKey": "after-the-move", "store": { "id": company.ids["sto"] }, "channelId": company.ids["chn"],
        "lines": [{ "product": { "id": company.ids["prd"] }, "quantity": 1 }] });
    world.must_mutate(company, ORDER, json!({ "input": input })).await["order"]["number"].clone()
}

async fn a_company_moves_into_another_deployment(world: &World) {
    let folder = exported(world, "export").await;
    let before = digests_of(world).await;
    let mut targets = Vec::new();
    for home in homes().await {
        let mut other = World::another_deployment(home, world.node.clock.now(), "alpha@example.com").await;
        let neighbours = other.rows_of(other.theirs.owner.tenant).await;
        let outcome = import(&other, whole(&folder)).await.unwrap();
        assert!(outcome.report.is_sound(), "{}", outcome.report);
        let taken = &outcome.imported;
        assert_eq!((taken.matched, taken.newcomers.len(), outcome.tenant), (1, 0, world.ours.owner.tenant));
        assert!(
            taken.integrations.contains(&"alpha partner".to_owned()) && taken.keys > 0 && !taken.endpoints.is_empty(),
            "{taken:?}"
        );
        assert!(taken.tables.len() > 40, "{:?}", taken.tables);
        assert_eq!(other.rows_of(other.theirs.owner.tenant).await, neighbours, "others are as they were");
        same_rows(&before, &digests_of(&other).await, world.ours.owner.tenant);
        other.ours = world.ours.arrived(&other.node, other.ours.session.user).await;
        targets.push(other);
    }
    let seen = look_up(world, &world.ours).await;
    assert_eq!(seen["customers"]["nodes"][0]["email"], json!("alpha@example.com"), "{seen:#}");
    for other in &targets {
        assert_eq!(look_up(other, &other.ours).await, seen);
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

/// Asserts that the tenant's rows are unchanged in all tables that hold nothing of the target
/// deployment.
fn same_rows(source: &[(&'static str, copying::Digests)], target: &[(&'static str, copying::Digests)], tenant: TenantId) {
    let mut compared = 0;
    for ((table, here), (same, there)) in source.iter().zip(target) {
        assert_eq!(table, same);
        if ADAPTED.contains(table) || *table == HEAD || tables::is_excluded(table) {
            continue;
        }
        assert_eq!(there.get(&tenant.uuid()), here.get(&tenant.uuid()), "{table}");
        compared += usize::from(here.contains_key(&tenant.uuid()));
    }
    assert!(compared > 40, "only {compared} tables were compared");
}

/// Checks the state that continues in the other deployment, and the state that starts fresh.
async fn alive(world: &World, other: &World) {
    let (company, tenant) = (&other.ours, world.ours.owner.tenant);
    let found = other.execute(company, Some(company.owner.clone()), FOUND, &json!({ "email": " Alpha@Example.com " })).await;
    assert_eq!(
        found["data"]["customers"]["nodes"],
        json!([{ "id": world.ours.ids["cus"] }]),
        "addresses are found under other keys"
    );
    let (here, there) = (world.node.db.tenant(tenant).head().await.unwrap(), other.node.db.tenant(tenant).head().await.unwrap());
    assert_eq!((here.seq, here.low), (there.seq, there.low));
    assert_ne!(here.epoch, there.epoch, "streams begin anew");
    let log = |world: &World| {
        let (scope, audit) = (world.node.db.tenant(tenant), world.node.audit.clone());
        async move { verify::verify_chain(&scope, Some(audit.audit_writer()), None).await.unwrap() }
    };
    let (before, after) = (log(world).await, log(other).await);
    assert!(before.is_ok() && after.is_ok(), "{before:?} {after:?}");
    assert!(after.checkpoints > 0, "what the other deployment signed is there");
    let entries = "{ auditEntries(first: 5) { nodes { action } } }";
    other.node.audit.seal_all().await.unwrap();
    let answer = other.execute(company, Some(company.owner.clone()), entries, &json!({})).await;
    let actions: Vec<String> =
        answer["data"]["auditEntries"]["nodes"].as_array().unwrap().iter().map(|entry| text(&entry["action"])).collect();
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
    other.home.run_sql("UPDATE app_user SET verified_at = NULL").await;
    let before = digests_of(&other).await;
    assert!(refused(&other, whole(&folder)).await.contains("has the address alpha@example.com and has not confirmed it"));
    assert_eq!(digests_of(&other).await, before);
    other.end().await;
}

async fn stored_files_go_along_when_asked(world: &World) {
    let folder = exported(world, "export").await;
    let other = World::another_deployment(Home::sqlite().await, world.node.clock.now(), "alpha@example.com").await;
    let (from, to) = (FileLocation::Folder(world.files.clone()), FileLocation::Folder(other.files.clone()));
    let request = ImportRequest { files: Some((&from, &to)), ..whole(&folder) };
    // A refused import deletes the files that it had copied.
    other.home.run_sql("UPDATE app_user SET verified_at = NULL").await;
    refused(&other, request).await;
    let mine = other.files.join(world.ours.owner.tenant.to_string());
    assert_eq!(files_under(&mine), Vec::<PathBuf>::new());
    // Existing files belong to an import that may still run.
    fs::create_dir_all(&mine).unwrap();
    fs::write(mine.join("of-another-import"), "bytes").unwrap();
    refused(&other, request).await;
    assert!(files_under(&mine).contains(&PathBuf::from("of-another-import")), "an import that is refused erases another's files");
    fs::remove_dir_all(&mine).unwrap();
    other.home.run_sql("UPDATE app_user SET verified_at = 1").await;
    let outcome = import(&other, request).await.unwrap();
    let stored = files_under(&world.files.join(world.ours.owner.tenant.to_string()));
    assert!(outcome.files.copied > 0 && outcome.files.copied == stored.len() as u64, "{:?}", outcome.files);
    assert_eq!(files_under(&mine), stored);
    assert!(!other.files.join(world.theirs.owner.tenant.to_string()).exists(), "others' files stay where they are");
    other.end().await;
}

async fn files_of_a_killed_import_are_removed(world: &World) {
    let folder = exported(world, "export").await;
    for home in homes().await {
        let other = World::another_deployment(home, world.node.clock.now(), "alpha@example.com").await;
        let (ours, killed, living) = (world.ours.owner.tenant, world.theirs.owner.tenant, other.theirs.owner.tenant);
        let (notes, of) = (other.files.join(".imports"), |tenant: TenantId| other.files.join(tenant.to_string()));
        let is_there = |tenant: TenantId| of(tenant).join("copied").exists();
        let left = |tenant: TenantId| {
            fs::create_dir_all(of(tenant)).unwrap();
            fs::write(of(tenant).join("copied"), "bytes").unwrap();
            fs::create_dir_all(&notes).unwrap();
            fs::write(notes.join(tenant.to_string()), "an import has begun").unwrap();
        };
        // Imports that were killed while they copied: one of this company, and one of another; and
        // one that was killed after its commit.
        [ours, killed, living].into_iter().for_each(left);
        fs::write(of(killed).join("half#1"), "by").unwrap();
        let (from, to) = (FileLocation::Folder(world.files.clone()), FileLocation::Folder(other.files.clone()));
        let request = ImportRequest { files: Some((&from, &to)), ..whole(&folder) };
        let running = other.node.db.lock_imports().await.unwrap().unwrap();
        assert_eq!(
            other.node.files.remove_killed_import_files().await.unwrap(),
            0,
            "the one that is noted may be the one that runs"
        );
        let refused = import(&other, request).await.unwrap_err();
        assert!(
            matches!(&refused, ImportError::Fault(fault) if fault.to_string().contains("another import is running")),
            "{refused:?}"
        );
        assert!(is_there(ours) && is_there(killed) && is_there(living));
        running.release().await;
        import(&other, request).await.unwrap();
        assert_eq!(
            files_under(&of(ours)),
            files_under(&world.files.join(ours.to_string())),
            "what was left is not taken for the company's"
        );
        assert!(is_there(living) && !of(killed).exists(), "files that belong to a company stay");
        assert_eq!(files_under(&notes), Vec::<PathBuf>::new());
        // If no other import follows, a worker deletes them.
        left(killed);
        assert_eq!(other.node.files.remove_killed_import_files().await.unwrap(), 1);
        assert!(is_there(living) && !of(killed).exists());
        other.end().await;
    }
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
