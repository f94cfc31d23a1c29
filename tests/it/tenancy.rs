//! A tenant's settings, its export, its import, and its erasure.

mod import;
mod import_refusals;

use std::{collections::BTreeMap, fs, time::Duration};

use entity::prelude::AlertKind;
use entrepot::{
    alerts::{StandingCondition, rows::lock_follower},
    audit::verify,
    demand::rows::lock_current,
    identity::{LoginOutcome, Visit},
    ledger::{Grouping, Ledger},
    stock::core::LevelKey,
    storage::{Backend, Reads, journal},
    tenancy::{erase, export, tables},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::time::sleep;

use crate::{
    authorization::world::{Company, World},
    world::on_both,
};

on_both!(
    settings_change_together_or_not_at_all,
    a_changed_time_limit_is_the_one_that_orders_get,
    a_tenant_that_is_stricter_about_sessions_gets_shorter_ones,
    an_export_holds_every_row_and_says_what_it_holds,
    an_erased_tenant_leaves_nothing_but_the_proof,
    what_a_call_writes_while_its_tenant_is_erased_goes_too,
    an_erasure_that_waits_in_a_circle_is_begun_again,
    the_job_of_alerts_leaves_no_row_behind_an_erasure,
);

const UPDATE: &str = "mutation($input: TenantUpdateInput!) { tenantUpdate(input: $input) { seq
    tenant { name defaultCurrency timeZone isMfaRequired settings { version reservationSeconds sessionIdleSeconds sessionSeconds approvalLimit { amount currencyCode } } }
    userErrors { code field ... on VersionConflict { actualVersion } } } }";

async fn update(world: &World, company: &Company, input: Value) -> Value {
    let answer = world.execute(company, Some(company.owner.clone()), UPDATE, &json!({ "input": input })).await;
    assert!(answer["errors"].is_null(), "{answer:#}");
    answer["data"]["tenantUpdate"].clone()
}

fn pounds(amount: &str) -> Value {
    json!({ "amount": amount, "currencyCode": "GBP" })
}

fn codes(answer: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    answer["userErrors"].as_array().unwrap().iter().map(|e| (text(&e["code"]), text(&e["field"][1]))).collect()
}

async fn settings_change_together_or_not_at_all(world: &World) {
    let company = &world.ours;
    let input = json!({ "expectedVersion": 1, "name": "Alpha & daughters", "timeZone": "Europe/Paris", "isMfaRequired": true,
        "sessionIdleSeconds": 1800, "sessionSeconds": 86_400, "approvalLimit": pounds("500.00") });
    let changed = update(world, company, input).await;
    assert_eq!(changed["userErrors"], json!([]));
    let settings = json!({ "version": 2, "reservationSeconds": 900, "sessionIdleSeconds": 1800, "sessionSeconds": 86_400,
        "approvalLimit": pounds("500.00") });
    let expected = json!({ "name": "Alpha & daughters", "defaultCurrency": "GBP", "timeZone": "Europe/Paris", "isMfaRequired": true, "settings": settings });
    assert_eq!(changed["tenant"], expected);
    let head = world.node.db.tenant(company.owner.tenant).head().await.unwrap().seq;
    assert_eq!(changed["seq"], json!(head), "it is an event of the tenant's");

    let stale = update(world, company, json!({ "expectedVersion": 1, "name": "too late" })).await;
    assert_eq!(
        (codes(&stale), &stale["userErrors"][0]["actualVersion"]),
        (vec![("VERSION_CONFLICT".to_owned(), "expectedVersion".to_owned())], &json!(2))
    );
    let mut input = json!({ "expectedVersion": 1, "name": "kept out", "timeZone": "Mars/Base", "reservationSeconds": 1, "sessionIdleSeconds": 86_400 });
    let pair = |code: &str, field: &str| (code.to_owned(), field.to_owned());
    assert_eq!(codes(&update(world, company, input.clone()).await), [pair("INVALID", "timeZone")], "as it is written, first");
    input["timeZone"] = json!("Europe/Paris");
    let ranges = [pair("OUT_OF_RANGE", "reservationSeconds"), pair("OUT_OF_RANGE", "sessionIdleSeconds")];
    assert_eq!(codes(&update(world, company, input.clone()).await), ranges, "then its values, and the version last");
    (input["reservationSeconds"], input["sessionIdleSeconds"]) = (json!(60), json!(300));
    assert_eq!(codes(&update(world, company, input).await), [pair("VERSION_CONFLICT", "expectedVersion")]);
    for (limit, reason) in [
        (json!({ "amount": "1", "currencyCode": "EUR" }), "INVALID"),
        (pounds("-1"), "OUT_OF_RANGE"),
        (pounds("0.001"), "INVALID"),
    ] {
        let refused = update(world, company, json!({ "expectedVersion": 2, "approvalLimit": limit })).await;
        assert_eq!(codes(&refused), [pair(reason, "approvalLimit")], "{limit}");
    }
    let money = update(world, company, json!({ "expectedVersion": 2, "defaultCurrency": "EUR" })).await;
    assert_eq!(codes(&money), [pair("IN_USE", "defaultCurrency")], "stock has moved in pounds");
    let again = update(world, company, json!({ "expectedVersion": 2, "name": "Alpha & daughters" })).await;
    assert_eq!(
        (&again["seq"], &again["tenant"]["settings"]["version"]),
        (&Value::Null, &json!(2)),
        "nothing changed, nothing told"
    );
    let back = update(world, company, json!({ "expectedVersion": 2, "sessionIdleSeconds": null })).await;
    assert_eq!(back["tenant"]["settings"]["sessionIdleSeconds"], Value::Null);
    assert_eq!(back["tenant"]["name"], json!("Alpha & daughters"), "what is left out stays");
    assert_eq!(world.node.db.tenant(company.owner.tenant).head().await.unwrap().seq, head + 1, "refusals tell nothing");
    a_day_that_a_store_still_has_is_not_closed(world, company).await;
}

/// A store that is 26 hours behind the tenant's zone can still sell.
async fn a_day_that_a_store_still_has_is_not_closed(world: &World, company: &Company) {
    let east = "Pacific/Kiritimati";
    let payload = update(world, company, json!({ "expectedVersion": 3, "timeZone": east })).await;
    assert_eq!(payload["userErrors"], json!([]));
    let store = json!({ "code": "WEST", "name": "West", "timeZone": "Etc/GMT+12" });
    let create = "mutation($input: StoreCreateInput!) { storeCreate(input: $input) { userErrors { code } } }";
    let answer = world.execute(company, Some(company.owner.clone()), create, &json!({ "input": store })).await;
    assert_eq!(answer["data"]["storeCreate"]["userErrors"], json!([]), "{answer:#}");
    let today = entrepot::clock::local_day(world.node.clock.now(), east);
    for (day, expected) in [(today - 1, vec![("OUT_OF_RANGE".to_owned(), "closedThrough".to_owned())]), (today - 3, Vec::new())] {
        let input = json!({ "expectedVersion": 4, "closedThrough": entrepot::clock::day_text(day) });
        assert_eq!(codes(&update(world, company, input).await), expected);
    }
}

async fn a_changed_time_limit_is_the_one_that_orders_get(world: &World) {
    let company = &world.ours;
    let changed = update(world, company, json!({ "expectedVersion": 1, "reservationSeconds": 7200 })).await;
    assert_eq!(changed["userErrors"], json!([]));
    let reads = world.node.db.tenant(company.owner.tenant);
    // A new node has not read the tenant's terms yet; a running one reads them again after a
    // minute.
    let node = Ledger::start(world.node.db.clone(), world.node.clock.clone(), Grouping::Together, entrepot::documents()).unwrap();
    let known = async || node.terms(&reads).await.unwrap().reservation_seconds;
    assert_eq!(known().await, 7200);
    // `refresh_terms` reads the terms again before their minute in the cache is over.
    for (version, seconds, before) in [(2, 3600, 7200), (3, 1800, 3600)] {
        world.advance_clock(50);
        let input = json!({ "expectedVersion": version, "reservationSeconds": seconds });
        assert_eq!(update(world, company, input).await["userErrors"], json!([]));
        assert_eq!(known().await, before, "it is known for a minute");
        node.refresh_terms(&reads).await.unwrap();
        assert_eq!(known().await, seconds);
    }
}

async fn a_tenant_that_is_stricter_about_sessions_gets_shorter_ones(world: &World) {
    let login = async |word: &str| {
        let email = format!("{word}@example.com");
        let entered = world.node.identity.login(&email, "correct horse battery staple", None, &Visit::default()).await.unwrap();
        let LoginOutcome::In(pair) = entered else { panic!("{entered:?}") };
        pair
    };
    let changed =
        update(world, &world.ours, json!({ "expectedVersion": 1, "sessionIdleSeconds": 600, "sessionSeconds": 3600 })).await;
    assert_eq!(changed["userErrors"], json!([]));
    let now = world.node.clock.now();
    let (strict, usual) = (login("alpha").await, login("bravo").await);
    assert!(strict.session.ends_at < now.plus_seconds(3601) && strict.refresh_expires_at < now.plus_seconds(601));
    assert!(usual.session.ends_at > now.plus_seconds(3601) && usual.refresh_expires_at > now.plus_seconds(601));
}

async fn an_export_holds_every_row_and_says_what_it_holds(world: &World) {
    let (ours, theirs) = (&world.ours, &world.theirs);
    let folder = world.home.folder.join("export");
    let (tenant, now) = (ours.owner.tenant, world.node.clock.now());
    let query = "mutation { customerCreate(input: { name: \"Ada Lovelace\", email: \"ada@example.com\" }) { seq } }";
    world.execute(ours, Some(ours.owner.clone()), query, &json!({})).await;
    let manifest = export::export(&world.node.db, tenant, "alpha-company", now, &folder).await.unwrap();
    assert_eq!(manifest.head, world.node.db.tenant(tenant).head().await.unwrap().seq);
    let reported_text: Value = serde_json::from_str(&fs::read_to_string(folder.join("manifest.json")).unwrap()).unwrap();
    assert_eq!(reported_text, serde_json::to_value(&manifest).unwrap());
    let mut rows: BTreeMap<String, u64> = BTreeMap::new();
    for file in &manifest.files {
        let text = fs::read(folder.join(&file.file)).unwrap();
        let hash: String = Sha256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!((&hash, text.len() as u64), (&file.sha256, file.bytes), "{}", file.file);
        let text = String::from_utf8(text).unwrap();
        assert!(!text.contains(theirs.word), "{} has rows of another tenant", file.file);
        assert!(!text.contains("argon2"), "{} has a password's hash", file.file);
        for line in text.lines() {
            let row: Value = serde_json::from_str(line).unwrap_or_else(|err| panic!("{}: {err}: {line}", file.file));
            if let Some(owner) = row.get("tenant_id") {
                assert_eq!(owner, &json!(tenant.uuid().simple().to_string()));
            }
        }
        assert_eq!(text.lines().count() as u64, file.rows);
        rows.insert(file.file.trim_end_matches(".jsonl").to_owned(), file.rows);
    }
    let customers = fs::read_to_string(folder.join("customer.jsonl")).unwrap();
    assert!(customers.contains(r#""name":"Ada Lovelace""#) && customers.contains(r#""email":"ada@example.com""#), "{customers}");
    let endpoints = fs::read_to_string(folder.join("webhook_endpoint.jsonl")).unwrap();
    assert!(endpoints.contains(r#""secret_sealed":"""#) && !endpoints.contains(r#""secret_sealed":"e5"#), "{endpoints}");
    let sum = fs::read_to_string(folder.join("manifest.sha256")).unwrap();
    let manifest_sum: String =
        Sha256::digest(fs::read(folder.join("manifest.json")).unwrap()).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(sum, format!("{manifest_sum}  manifest.json\n"));
    let reads = world.node.db.global().snapshot_for(tenant).await.unwrap();
    for table in tables::of_tenants(&world.node.db.global()).await.unwrap() {
        let counted = reads.rows(&format!("SELECT count(*) FROM {} WHERE tenant_id = $1", table.name), vec![]).await.unwrap();
        let counted: i64 = counted[0].try_get_by_index(0).unwrap();
        if tables::is_excluded(&table.name) {
            assert!(!rows.contains_key(&table.name), "{} is not exported", table.name);
            assert!(manifest.left_out.iter().any(|left| left.table == table.name), "{} is said to be left out", table.name);
            continue;
        }
        assert_eq!(rows.get(&table.name).copied(), Some(counted as u64), "{}", table.name);
    }
    assert!(rows["entry"] > 3 && rows["sales_order"] == 1 && rows["user"] == 1 && rows["audit_entry"] > 10, "{rows:?}");
    let taken_text = export::export(&world.node.db, tenant, "alpha-company", now, &folder).await.unwrap_err().to_string();
    assert!(taken_text.contains("cannot be written"), "nothing is written over: {taken_text}");
}

async fn an_erased_tenant_leaves_nothing_but_the_proof(world: &World) {
    let (db, now) = (&world.node.db, world.node.clock.now());
    let (ours, theirs) = (world.ours.owner.tenant, world.theirs.owner.tenant);
    let others = world.dump(theirs).await;
    assert_eq!(erase::run(db, ours, now).await.unwrap(), None, "nobody asked");
    let due = erase::request_erasure(db, ours, "the test", now).await.unwrap();
    assert_eq!(due, now.plus_seconds(erase::GRACE_SECONDS));
    assert_eq!(erase::request_erasure(db, ours, "the test", now.plus_seconds(99)).await.unwrap(), due, "asked again, the same");
    assert_eq!(erase::run(db, ours, due.plus_seconds(-1)).await.unwrap(), None, "too early");
    assert!(erase::cancel(db, ours).await.unwrap());
    assert_eq!(erase::run(db, ours, due).await.unwrap(), None, "taken back");
    assert!(!erase::cancel(db, ours).await.unwrap());

    // A person with a second factor, a link under way and a known device is erased all the same.
    let work = db.global().begin().await.unwrap();
    let zeros = if db.global().backend() == Backend::Sqlite { "zeroblob(32)" } else { "decode(repeat('00', 32), 'hex')" };
    for sql in [
        "INSERT INTO totp (user_id, seed, confirmed_at) SELECT id, Z, 1 FROM app_user",
        "INSERT INTO link (hash, purpose, user_id, created_at, expires_at) SELECT Z, 'RESET', id, 1, 1 FROM app_user LIMIT 1",
        "INSERT INTO device (user_id, hash, first_at, last_at) SELECT id, Z, 1, 1 FROM app_user",
    ] {
        work.change(&sql.replace('Z', zeros), vec![]).await.unwrap();
    }
    work.commit().await.unwrap();
    let due = erase::request_erasure(db, ours, "the test", now).await.unwrap();
    let erased = erase::run(db, ours, due).await.unwrap().unwrap();
    assert!(erased.rows > 40 && erased.users == 1, "{erased:?}");
    assert_eq!(erase::run(db, ours, due).await.unwrap(), None, "once is enough");
    let reads = db.global().snapshot_for(ours).await.unwrap();
    for table in tables::of_tenants(&db.global()).await.unwrap() {
        let left = reads.rows(&format!("SELECT count(*) FROM {} WHERE tenant_id = $1", table.name), vec![]).await.unwrap();
        let left: i64 = left[0].try_get_by_index(0).unwrap();
        let is_proof = ["audit_head", "audit_checkpoint", "tenant_erasure"].contains(&table.name.as_str());
        assert_eq!(left > 0, is_proof, "{}", table.name);
    }
    assert_eq!(world.dump(theirs).await, others, "the other tenant is as it was");
    let log = verify::verify_chain(&db.tenant(theirs), Some(world.node.audit.audit_writer()), None).await.unwrap();
    assert!(log.is_ok());
    let email = db.global().rows("SELECT email FROM app_user ORDER BY email", vec![]).await.unwrap();
    let emails: Vec<String> = email.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
    assert_eq!(emails, ["bravo@example.com"]);
    let report = entrepot::insight::verify::verify(db, |_| {}).await.unwrap();
    assert!(report.is_sound(), "{report}");
}

/// Comes back when a session of the database waits for another one, or after ten seconds.
async fn until_one_waits(world: &World) {
    let waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0";
    for _ in 0..500 {
        if !world.node.db.global().rows(waiting, vec![]).await.unwrap().is_empty() {
            return;
        }
        sleep(Duration::from_millis(20)).await;
    }
}

/// The call holds the counter when the erasure begins, and commits a customer that the erasure
/// could not see before.
async fn what_a_call_writes_while_its_tenant_is_erased_goes_too(world: &World) {
    let (db, tenant, now) = (&world.node.db, world.ours.owner.tenant, world.node.clock.now());
    if db.backend() == Backend::Sqlite {
        return;
    }
    let due = erase::request_erasure(db, tenant, "the test", now).await.unwrap();
    let call = db.tenant(tenant).begin().await.unwrap();
    let sql = "INSERT INTO customer (tenant_id, id, version, created_at, updated_at) VALUES ($1, $2, 1, 1, 1)";
    assert_eq!(call.execute(sql, vec![world.node.clock.uuid().into()]).await.unwrap(), 1);
    journal::lock(&call).await.unwrap();
    let commits = async {
        until_one_waits(world).await;
        call.commit().await.unwrap();
    };
    let (erased, ()) = tokio::join!(erase::run(db, tenant, due), commits);
    assert!(erased.unwrap().is_some());
    let reads = db.global().snapshot_for(tenant).await.unwrap();
    let left = reads.rows("SELECT count(*) FROM customer WHERE tenant_id = $1", vec![]).await.unwrap();
    assert_eq!(left[0].try_get_by_index::<i64>(0).unwrap(), 0, "nobody looks at an erased tenant again");
}

/// A call has locked categories and waits for the counter, which the erasure holds: Postgres aborts
/// the transaction that first has waited for a second.
async fn an_erasure_that_waits_in_a_circle_is_begun_again(world: &World) {
    let (db, tenant, now) = (&world.node.db, world.ours.owner.tenant, world.node.clock.now());
    if db.backend() == Backend::Sqlite {
        return;
    }
    let due = erase::request_erasure(db, tenant, "the test", now).await.unwrap();
    let call = db.tenant(tenant).begin().await.unwrap();
    let locks = call.rows("SELECT 1 FROM category c WHERE c.tenant_id = $1 FOR UPDATE", vec![]).await.unwrap();
    assert!(!locks.is_empty(), "there is something to wait for");
    let goes_on = async {
        until_one_waits(world).await;
        drop(journal::lock(&call).await);
        call.rollback().await.unwrap();
    };
    let (erased, ()) = tokio::join!(erase::run(db, tenant, due), goes_on);
    assert!(erased.unwrap().is_some());
}

/// The job has found something to open before the erasure, and writes it afterwards.
async fn the_job_of_alerts_leaves_no_row_behind_an_erasure(world: &World) {
    let (db, now) = (&world.node.db, world.node.clock.now());
    let (ours, theirs) = (world.ours.owner.tenant, world.theirs.owner.tenant);
    let due = erase::request_erasure(db, ours, "the test", now).await.unwrap();
    assert!(erase::run(db, ours, due).await.unwrap().is_some());
    let level = LevelKey { product: world.node.clock.id(), store: world.node.clock.id() };
    let standing = StandingCondition { level, category: None, quantity: 1, threshold: None, day: None };
    assert_eq!(
        world.node.alerts.reconcile_conditions(ours, AlertKind::DeadStock, &[standing]).await.unwrap(),
        0,
        "nothing is opened"
    );
    for (tenant, is_there) in [(ours, false), (theirs, true), (theirs, true)] {
        let work = db.global().maintenance_for(tenant).await.unwrap();
        assert_eq!(lock_follower(&work).await.unwrap(), is_there);
        assert_eq!(lock_current(&work).await.is_ok(), is_there, "nor a book of demand facts");
        if is_there { work.commit().await.unwrap() } else { work.rollback().await.unwrap() }
    }
    let reads = db.global().snapshot_for(ours).await.unwrap();
    let left = reads.rows("SELECT count(*) FROM alert_follower WHERE tenant_id = $1", vec![]).await.unwrap();
    assert_eq!(left[0].try_get_by_index::<i64>(0).unwrap(), 0);
}
