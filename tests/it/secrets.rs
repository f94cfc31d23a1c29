//! Encryption of secrets, its keys, and the message at the start of a node when a key is lost.

use entity::prelude::*;
use entrepot::{
    identity::{Identity, Settings},
    secrets::{self, KeySource, Loss, SealedColumn},
    serve::keys::{LostFactors, abandon},
    storage::{Backend, Database, Reads},
};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tokio::time::sleep;

use crate::{
    catalog::world::World,
    world::{Bare, on_both},
};

const OTHER: &str = "k1:Nc4M78d15Olxi6aFCCDuYo9IgHV3q1LUBFD6XgtK6Yw=";
const SECOND: &str = "k2:ocqZXBjDkL3BNZOr/9o4iqeZWVjT8lRA50RgeJ6Ls1k=";

fn key_source(lines: &[&str]) -> KeySource {
    KeySource::Given(lines.join("\n"))
}
fn first_line() -> String {
    match crate::world::keys() {
        KeySource::Given(text) => text,
        other => panic!("{other:?}"),
    }
}

async fn stored_signing_key(db: &Database) -> Vec<u8> {
    let rows = db.global().rows("SELECT pkcs8 FROM signing_key", vec![]).await.unwrap();
    rows[0].try_get_by_index(0).unwrap()
}

async fn identity(world: &World, ring: secrets::KeyRing) -> Identity {
    Identity::open(world.db.clone(), world.clock.clone(), Settings::default(), Arc::new(Bare), ring).await.unwrap()
}

on_both!(the_signing_key_is_sealed_and_one_from_before_is_sealed_on_the_way, world: World => {
    let ring = crate::world::ring(&world.db, &world.clock).await;
    let before = identity(world, ring.clone()).await.cursor_secret().await.unwrap();
    let stored = stored_signing_key(&world.db).await;
    assert_eq!(secrets::key_of(&stored), Some("k1"));
    let context = SealedColumn { table: "signing_key", column: "pkcs8", keys: &["id"], blind: None, loss: Loss::Row }.context(&[uuid::Uuid::from_u128(1)]);
    let plain = ring.open(&context, &stored).unwrap();
    assert_eq!(plain[0], 0x30, "PKCS #8 begins with a sequence");

    let work = world.db.global().maintenance_for(TenantId::NIL).await.unwrap();
    work.execute_global("UPDATE signing_key SET pkcs8 = $1", vec![plain.into()]).await.unwrap();
    work.commit().await.unwrap();
    let again = identity(world, ring.clone()).await;
    assert_eq!(secrets::key_of(&stored_signing_key(&world.db).await), Some("k1"), "what lay there plain is sealed");
    assert_eq!(again.cursor_secret().await.unwrap(), before, "and is the same key");
});

on_both!(a_lost_or_wrong_master_key_ends_the_start_with_a_sentence, world: World => {
    let ring = crate::world::ring(&world.db, &world.clock).await;
    identity(world, ring).await;
    let refused = async |source: KeySource| secrets::open(&world.db, &source, &world.clock).await.unwrap_err().to_string();

    let wrong = refused(key_source(&[OTHER])).await;
    assert!(wrong.contains("does not fit this database") && wrong.contains("the one given as k1 is another"), "{wrong}");
    let missing = refused(key_source(&[SECOND])).await;
    assert!(missing.contains("under the key k1, which is not among those given (k2)"), "{missing}");
    assert_eq!(missing.matches("k1").count(), 1, "said once: {missing}");
    let lost = refused(KeySource::File(std::env::temp_dir().join("entrepot-no-such.keys"))).await;
    assert!(lost.contains("was not found") && lost.contains("k1"), "{lost}");
    assert!(!std::env::temp_dir().join("entrepot-no-such.keys").exists(), "no new key is made over a database that has one");
    let none = refused(KeySource::Nowhere).await;
    assert!(none.contains("entrepot keys new") && none.contains("--keys-file"), "{none}");
    for said in [&wrong, &missing, &lost] {
        assert!(!said.contains("Nc4M78d1") && !said.contains("ocqZXBjD"), "no key is repeated: {said}");
    }
    secrets::open(&world.db, &crate::world::keys(), &world.clock).await.unwrap();
});

on_both!(turning_the_key_over_reseals_everything_once_and_the_old_key_may_go_then, world: World => {
    let old = crate::world::ring(&world.db, &world.clock).await;
    let secret = identity(world, old.clone()).await.cursor_secret().await.unwrap();
    // Row security lets only a transaction of its tenant change it.
    let key = sealed(&old, ("description_endpoint", "key_sealed"), &[world.owner.tenant.uuid()]);
    world.run_tenant_sql("INSERT INTO description_endpoint (tenant_id, url, model, key_sealed, is_enabled, max_tokens, calls_per_day, calls_day, calls, version, updated_at)
        VALUES ($1, 'https://model.example', 'small', $2, 1, 100, 10, 0, 0, 1, 1)", vec![key.into()]).await;
    let columns = entrepot::serve::keys::sealed_columns();
    let both = secrets::open(&world.db, &key_source(&[SECOND, &first_line()]), &world.clock).await.unwrap();

    assert!(secrets::retire(&world.db, &both, "k2", &world.clock, &columns).await.is_err(), "the one that seals stays");
    world.advance_clock(61);
    let still = secrets::retire(&world.db, &both, "k1", &world.clock, &columns).await.unwrap_err().to_string();
    let sealed = secrets::count(&world.db, &columns).await.unwrap().by_key["k1"];
    assert!(sealed > 0 && still.contains(&format!("{sealed} values are sealed")), "{still}");

    assert_eq!(secrets::reseal(&world.db, &both, &columns).await.unwrap().resealed, sealed);
    assert_eq!(secrets::reseal(&world.db, &both, &columns).await.unwrap().resealed, 0, "done is done");
    assert_eq!(secrets::key_of(&stored_signing_key(&world.db).await), Some("k2"));
    assert_eq!(identity(world, both.clone()).await.cursor_secret().await.unwrap(), secret, "what is sealed is the same");

    secrets::retire(&world.db, &both, "k1", &world.clock, &columns).await.unwrap();
    let alone = secrets::open(&world.db, &key_source(&[SECOND]), &world.clock).await.unwrap();
    assert_eq!(identity(world, alone).await.cursor_secret().await.unwrap(), secret);
    let back = secrets::open(&world.db, &key_source(&[&first_line(), SECOND]), &world.clock).await.unwrap_err().to_string();
    assert!(back.contains("was retired"), "{back}");
});

on_both!(a_node_learns_of_a_new_key_when_it_meets_it, world: World => {
    let file = world.home.folder.join("it.keys");
    let source = KeySource::File(file.clone());
    let here = secrets::open(&world.db, &source, &world.clock).await.unwrap();
    let there = secrets::open(&world.db, &source, &world.clock).await.unwrap();
    let beside = secrets::open(&world.db, &source, &world.clock).await.unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let first = here.keys().first().id.clone();
    let second = secrets::add_key(&world.db, &here, &world.clock).await.unwrap();
    assert_ne!(first, second);
    let sealed = here.seal("somewhere/1", b"a seed").unwrap();
    assert_eq!(secrets::key_of(&sealed), Some(second.as_str()));
    assert_eq!(there.keys().first().id, first, "the other node has not read it yet");
    assert_eq!(there.open("somewhere/1", &sealed).unwrap(), b"a seed");
    assert_eq!(there.keys().first().id, second, "and seals with it from now on");

    // Concurrent commands do not lose each other's keys: both began when the source did not have
    // the other's.
    let third = secrets::add_key(&world.db, &beside, &world.clock).await.unwrap();
    let content = || -> Vec<String> {
        secrets::Keys::parse(&std::fs::read_to_string(&file).unwrap()).unwrap().ids().map(ToOwned::to_owned).collect()
    };
    assert_eq!(content(), [third.clone(), second.clone(), first.clone()]);
    world.advance_clock(61);
    secrets::retire(&world.db, &there, &first, &world.clock, &entrepot::serve::keys::sealed_columns()).await.unwrap();
    assert_eq!(content(), [third, second], "one that looked for what the first key seals leaves the third");
});

/// A value, sealed under the first key of a ring for a row of the table.
fn sealed(ring: &secrets::KeyRing, (table, column): (&str, &str), ids: &[uuid::Uuid]) -> Vec<u8> {
    let columns = entrepot::serve::keys::sealed_columns();
    let column = columns.iter().find(|known| known.table == table && known.column == column).unwrap();
    ring.seal(&column.context(ids), b"a secret that only k1 opens").unwrap()
}

/// Key ID of each value of a sealed column; None for null.
async fn keys_of(db: &Database, table: &str, column: &str) -> Vec<Option<String>> {
    let rows = db.global().rows(&format!("SELECT {column} FROM {table}"), vec![]).await.unwrap();
    rows.iter()
        .map(|row| row.try_get_by_index::<Option<Vec<u8>>>(0).unwrap())
        .map(|value| value.map(|value| secrets::key_of(&value).unwrap().to_owned()))
        .collect()
}

async fn customer_made(world: &World, external_ref: &str, name: &str) -> Value {
    let create = "mutation($ref: String!, $name: String!, $email: String!) {
        customerCreate(input: { externalRef: $ref, name: $name, email: $email }) { customer { id } userErrors { code } } }";
    let email = format!("{name}@example.com");
    world.execute(create, json!({ "ref": external_ref, "name": name, "email": email })).await["customerCreate"]["customer"]["id"]
        .clone()
}

on_both!(a_key_that_is_lost_is_given_up_and_the_deployment_goes_on_without_it, world: World => {
    let old = crate::world::ring(&world.db, &world.clock).await;
    identity(world, old.clone()).await.cursor_secret().await.unwrap();
    let ada = customer_made(world, "c-1", "ada").await;
    let (user, endpoint, tenant) = (world.clock.uuid(), world.clock.uuid(), world.owner.tenant);
    let work = world.db.global().maintenance_for(TenantId::NIL).await.unwrap();
    let sql = "INSERT INTO app_user (id, email, email_key, password_hash, display_name, created_at) VALUES ($1, 'ada@shop.example', 'ada@shop.example', 'x', 'Ada', 1)";
    work.execute_global(sql, vec![user.into()]).await.unwrap();
    let sql = "INSERT INTO totp (user_id, seed, confirmed_at, pending_seed, pending_at) VALUES ($1, $2, 1, $3, 1)";
    let (seed, pending) = (sealed(&old, ("totp", "seed"), &[user]), sealed(&old, ("totp", "pending_seed"), &[user]));
    work.execute_global(sql, vec![user.into(), seed.into(), pending.into()]).await.unwrap();
    work.commit().await.unwrap();
    let secret = sealed(&old, ("webhook_endpoint", "secret_sealed"), &[tenant.uuid(), endpoint]);
    world.run_tenant_sql("INSERT INTO webhook_endpoint (tenant_id, id, shard, url, description, event_types, maker_id, secret_sealed, journal_seq, version, created_at, updated_at)
        VALUES ($1, $2, 0, 'https://hooks.example', '', '[\"*\"]', $2, $3, 0, 1, 1, 1)", vec![endpoint.into(), secret.clone().into()]).await;
    // From here on another key seals, and values under the first one stay as they are.
    let both = key_source(&[SECOND, &first_line()]);
    secrets::open(&world.db, &both, &world.clock).await.unwrap();
    customer_made(world, "c-2", "bob").await;

    let refused = abandon(&world.db, &both, &world.clock, "k1", LostFactors::Keep).await.unwrap_err().to_string();
    assert!(refused.contains("a key k1 is given"), "{refused}");
    let left = key_source(&[SECOND]);
    assert!(secrets::open(&world.db, &left, &world.clock).await.is_err(), "nothing starts without it before that");
    let sealed_by_k1 = secrets::count(&world.db, &entrepot::serve::keys::sealed_columns()).await.unwrap().by_key["k1"];
    assert_eq!(abandon(&world.db, &left, &world.clock, "k1", LostFactors::Keep).await.unwrap(), sealed_by_k1);

    let ring = secrets::open(&world.db, &left, &world.clock).await.unwrap();
    identity(world, ring).await.cursor_secret().await.unwrap();
    let read = "{ customers { nodes { externalRef name email isPersonalDataLost } } }";
    let row_of = |found: &Value, external_ref: &str| {
        found["customers"]["nodes"].as_array().unwrap().iter().find(|node| node["externalRef"] == external_ref).unwrap().clone()
    };
    let found = world.execute(read, json!({})).await;
    assert_eq!(row_of(&found, "c-1"), json!({ "externalRef": "c-1", "name": null, "email": null, "isPersonalDataLost": true }));
    assert_eq!(row_of(&found, "c-2"), json!({ "externalRef": "c-2", "name": "bob", "email": "bob@example.com", "isPersonalDataLost": false }));
    let by_email = world.execute("{ customers(email: \"bob@example.com\") { nodes { name } } }", json!({})).await;
    assert_eq!(by_email["customers"]["nodes"], json!([{ "name": "bob" }]), "the index has a new key");
    let update = async |version: i64, extra: &str| {
        let update = format!("mutation($id: ID!) {{ customerUpdate(input: {{ id: $id, expectedVersion: {version}, {extra} }}) {{ customer {{ isPersonalDataLost }} }} }}");
        world.execute(&update, json!({ "id": ada })).await["customerUpdate"]["customer"]["isPersonalDataLost"].clone()
    };
    assert_eq!(update(1, "tags: [\"VIP\"]").await, json!(true));
    assert_eq!(row_of(&world.execute(read, json!({})).await, "c-1")["isPersonalDataLost"], json!(true), "a change of something else leaves it lost");
    assert_eq!(update(2, "name: \"Ada King\"").await, json!(false));
    assert_eq!(row_of(&world.execute(read, json!({})).await, "c-1")["name"], json!("Ada King"));

    assert_eq!(keys_of(&world.db, "totp", "seed").await, [Some("k2".to_owned())], "a second factor is asked for as before");
    assert_eq!(keys_of(&world.db, "totp", "pending_seed").await, [None]);
    assert_eq!(keys_of(&world.db, "webhook_endpoint", "secret_sealed").await, [Some("k2".to_owned())]);
    assert_eq!(world.query_number("SELECT count(*) FROM webhook_endpoint WHERE tenant_id = $1 AND disabled_why = 'SWITCHED_OFF'").await, 1);
    assert_eq!(world.query_number("SELECT count(*) FROM audit_entry WHERE tenant_id = $1 AND action = 'key.abandon'").await, 1);
    // A node that still ran with the earlier keys wrote this value: the same call abandons it, too.
    world.run_tenant_sql("UPDATE webhook_endpoint SET secret_sealed = $2 WHERE tenant_id = $1", vec![secret.into()]).await;
    assert_eq!(abandon(&world.db, &left, &world.clock, "k1", LostFactors::Keep).await.unwrap(), 1);
    assert_eq!(keys_of(&world.db, "webhook_endpoint", "secret_sealed").await, [Some("k2".to_owned())]);
});

// A node that was not stopped has the keys of two persons in another order: Postgres undoes the one of the two that has waited for a second first.
on_both!(a_key_is_given_up_beside_a_call_that_waits_for_it_in_a_circle, world: World => {
    if world.db.backend() == Backend::Sqlite {
        return;
    }
    let old = crate::world::ring(&world.db, &world.clock).await;
    identity(world, old).await.cursor_secret().await.unwrap();
    customer_made(world, "c-1", "ada").await;
    customer_made(world, "c-2", "bob").await;
    secrets::open(&world.db, &key_source(&[SECOND, &first_line()]), &world.clock).await.unwrap();
    let scope = world.db.tenant(world.owner.tenant);
    let rows = scope.rows("SELECT s.id FROM subject s WHERE s.tenant_id = $1 ORDER BY s.id", vec![]).await.unwrap();
    let ids: Vec<uuid::Uuid> = rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
    let [first, .., second] = ids[..] else { panic!("{ids:?}") };
    let sql = "SELECT 1 FROM subject s WHERE s.tenant_id = $1 AND s.id = $2 FOR UPDATE";
    let call = scope.begin().await.unwrap();
    assert_eq!(call.rows(sql, vec![second.into()]).await.unwrap().len(), 1);
    let goes_on = async {
        let waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0";
        for _ in 0..500 {
            if !world.db.global().rows(waiting, vec![]).await.unwrap().is_empty() {
                break;
            }
            sleep(Duration::from_millis(20)).await;
        }
        drop(call.rows(sql, vec![first.into()]).await);
        call.rollback().await.unwrap();
    };
    let lost = secrets::count(&world.db, &entrepot::serve::keys::sealed_columns()).await.unwrap().by_key["k1"];
    let left = key_source(&[SECOND]);
    let (given_up, ()) = tokio::join!(abandon(&world.db, &left, &world.clock, "k1", LostFactors::Keep), goes_on);
    assert_eq!(given_up.unwrap(), lost);
});

/// A node and a worker of a new deployment start together, with one folder for their keys.
#[test]
fn of_two_that_start_at_once_both_have_the_first_ones_keys() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("it.keys");
    let begin = |text: &str| secrets::SecretStore::begin(&secrets::KeyFile::at(file.clone()), text.to_owned()).unwrap();
    assert_eq!([begin(OTHER), begin(SECOND)], [OTHER, OTHER], "the database would be sealed under a key that no file has");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
}

/// A sealed value that is not resealed on rotation is lost with its old key, so each such column
/// has a name that ends with `_sealed` and is in a room's list.
#[test]
fn every_sealed_column_is_in_a_rooms_list() {
    let listed = entrepot::serve::keys::sealed_columns();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migration/src");
    let mut found = 0;
    for migration in std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_dir()) {
        for part in std::fs::read_dir(migration).unwrap().map(|e| e.unwrap().path()) {
            let text = std::fs::read_to_string(&part).unwrap();
            for table in text.split(";;").filter_map(|statement| statement.split("CREATE TABLE ").nth(1)) {
                let name = table.split([' ', '(', '\n']).next().unwrap();
                for column in table.split([' ', ',', '(', '\n']).filter(|word| word.ends_with("_sealed")) {
                    found += 1;
                    // A key's check value is sealed under that very key, for good.
                    let known = name == "secret_key" || listed.iter().any(|c| c.table == name && c.column == column);
                    assert!(known, "{name}.{column} is in no room's list of sealed columns");
                }
            }
        }
    }
    assert!(found > 0, "the migrations were not found");
}
