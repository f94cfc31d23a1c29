//! What is sealed, under which key, and what a start says when a key is lost.

use entity::prelude::*;
use entrepot::{
    identity::{Identity, Settings},
    secrets::{self, KeySource, SealedColumn},
    storage::Database,
};
use std::sync::Arc;

use crate::{
    catalog::world::World,
    world::{Bare, on_both},
};

const OTHER: &str = "k1:Nc4M78d15Olxi6aFCCDuYo9IgHV3q1LUBFD6XgtK6Yw=";
const SECOND: &str = "k2:ocqZXBjDkL3BNZOr/9o4iqeZWVjT8lRA50RgeJ6Ls1k=";

fn given(lines: &[&str]) -> KeySource {
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
    let context = SealedColumn { table: "signing_key", column: "pkcs8", keys: &["id"], blind: None }.context(&[uuid::Uuid::from_u128(1)]);
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

    let wrong = refused(given(&[OTHER])).await;
    assert!(wrong.contains("does not fit this database") && wrong.contains("the one given as k1 is another"), "{wrong}");
    let missing = refused(given(&[SECOND])).await;
    assert!(missing.contains("under the key k1, which is not among those given (k2)"), "{missing}");
    assert_eq!(missing.matches("k1").count(), 1, "said once: {missing}");
    let lost = refused(KeySource::File(std::env::temp_dir().join("entrepot-no-such.keys"))).await;
    assert!(lost.contains("is not there") && lost.contains("k1"), "{lost}");
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
    let columns = entrepot::serve::keys::sealed_columns();
    let both = secrets::open(&world.db, &given(&[SECOND, &first_line()]), &world.clock).await.unwrap();

    assert!(secrets::retire(&world.db, &both, "k2", &world.clock, &columns).await.is_err(), "the one that seals stays");
    world.pass(61);
    let still = secrets::retire(&world.db, &both, "k1", &world.clock, &columns).await.unwrap_err().to_string();
    let sealed = secrets::count(&world.db, &columns).await.unwrap().by_key["k1"];
    assert!(sealed > 0 && still.contains(&format!("{sealed} values are sealed")), "{still}");

    assert_eq!(secrets::reseal(&world.db, &both, &columns).await.unwrap().resealed, sealed);
    assert_eq!(secrets::reseal(&world.db, &both, &columns).await.unwrap().resealed, 0, "done is done");
    assert_eq!(secrets::key_of(&stored_signing_key(&world.db).await), Some("k2"));
    assert_eq!(identity(world, both.clone()).await.cursor_secret().await.unwrap(), secret, "what is sealed is the same");

    secrets::retire(&world.db, &both, "k1", &world.clock, &columns).await.unwrap();
    let alone = secrets::open(&world.db, &given(&[SECOND]), &world.clock).await.unwrap();
    assert_eq!(identity(world, alone).await.cursor_secret().await.unwrap(), secret);
    let back = secrets::open(&world.db, &given(&[&first_line(), SECOND]), &world.clock).await.unwrap_err().to_string();
    assert!(back.contains("was retired"), "{back}");
});

on_both!(a_node_learns_of_a_new_key_when_it_meets_it, world: World => {
    let file = world.path("it.keys");
    let source = KeySource::File(file.clone());
    let here = secrets::open(&world.db, &source, &world.clock).await.unwrap();
    let there = secrets::open(&world.db, &source, &world.clock).await.unwrap();
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
});

/// A value that nobody turns over is lost with its old key: so a column that keeps one is called so, and is in a room's list.
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
