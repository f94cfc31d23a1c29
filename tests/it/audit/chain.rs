//! The chain of the audit log: changes are detected, and all sealers write the same chain.

use entrepot::{
    secrets::{self, KeySource},
    serve::keys::retire,
};

use super::{ADJUST, World, adjust, change, entries, execute, open_store, rows, verify, whole, without_triggers};
use crate::world::{keys, on_both};

const SECOND: &str = "k2:ocqZXBjDkL3BNZOr/9o4iqeZWVjT8lRA50RgeJ6Ls1k=";

on_both!(
    a_chain_that_was_changed_is_found_out,
    an_entry_that_was_changed_before_it_was_chained_is_left_out,
    several_sealers_make_one_chain,
);

async fn an_entry_that_was_changed_before_it_was_chained_is_left_out(world: &World) {
    let (company, tenant) = (&world.ours, world.ours.owner.tenant);
    let before = entries(world, tenant).await.len();
    open_store(world, company, "w1").await;
    open_store(world, company, "w2").await;
    // Another key seals by now: the key that sealed both entries is kept until they are chained.
    let KeySource::Given(first) = keys() else { panic!("keys of a scenario are given") };
    let (db, clock, source) = (&world.node.db, &world.node.clock, KeySource::Given(format!("{SECOND}\n{first}")));
    let both = secrets::open(db, &source, clock).await.unwrap();
    world.advance_clock(61);
    let refused = retire(db, &both, "k1", clock).await.unwrap_err().to_string();
    assert!(refused.contains("entries of audit logs wait to be chained"), "{refused}");
    without_triggers(world).await;
    let sql = "UPDATE audit_entry SET outcome = 'REFUSED' WHERE tenant_id = $1 AND id = (SELECT id FROM audit_entry WHERE tenant_id = $1 AND seq IS NULL ORDER BY id LIMIT 1)";
    assert_eq!(change(world, tenant, sql).await.unwrap(), 1);
    assert_eq!(entries(world, tenant).await.len(), before + 1, "the other one has its place");
    assert!(whole(world, tenant).await.is_ok(), "for now it only waits");
    let later = world.node.clock.now().plus_seconds(3_600);
    let reads = world.node.db.tenant(tenant);
    let found = verify::verify_chain(&reads, Some(world.node.audit.audit_writer()), Some(later)).await.unwrap();
    assert!(found.broken.unwrap().1.contains("never chained"));
    // The changed entry will never be chained, so it does not prevent retiring the key; entries
    // that are sealed under the key may.
    let refused = retire(db, &both, "k1", clock).await.err().map(|fault| fault.to_string()).unwrap_or_default();
    assert!(!refused.contains("wait to be chained"), "{refused}");
}

async fn several_sealers_make_one_chain(world: &World) {
    let (company, tenant) = (&world.ours, world.ours.owner.tenant);
    let before = entries(world, tenant).await.len();
    for round in 0..5 {
        let keys: Vec<String> = (0..8).map(|n| format!("s{round}-{n}")).collect();
        let calls = keys.iter().map(|key| execute(world, Some(company.owner.clone()), ADJUST, adjust(company, key, 1)));
        let opened = (0..4).map(|n| format!("s{round}-{n}"));
        let opened = opened.map(async |code: String| open_store(world, company, &code).await);
        let seals = (0..4).map(|_| world.node.audit.seal_all());
        let (answers, _, sealed) = tokio::join!(
            futures_util::future::join_all(calls),
            futures_util::future::join_all(opened),
            futures_util::future::join_all(seals)
        );
        assert!(answers.iter().all(|answer| answer["data"]["stockAdjust"]["movement"]["id"].is_string()), "{answers:?}");
        assert!(sealed.iter().all(Result::is_ok), "{sealed:?}");
    }
    let log = entries(world, tenant).await;
    assert_eq!(log.len(), before + 60);
    let numbers: Vec<i64> = log.iter().map(|stored| stored.seal.unwrap().seq).collect();
    assert_eq!(numbers, (1..=log.len() as i64).collect::<Vec<_>>());
    assert!(whole(world, tenant).await.is_ok());
    // An hour later the end is due to be signed, and all of them see that at once.
    world.advance_clock(3_601);
    let signed = futures_util::future::join_all((0..4).map(|_| world.node.audit.seal_all())).await;
    assert!(signed.iter().all(Result::is_ok), "{signed:?}");
    let head = rows::head(&world.node.db.tenant(tenant)).await.unwrap().unwrap();
    assert_eq!((head.chain.seq, head.checkpoint_seq), (log.len() as i64, log.len() as i64));
    assert!(whole(world, tenant).await.is_ok());
}

async fn a_chain_that_was_changed_is_found_out(world: &World) {
    let tenant = world.ours.owner.tenant;
    execute(world, Some(world.ours.owner.clone()), ADJUST, adjust(&world.ours, "ip", 1)).await;
    let log = entries(world, tenant).await;
    let sound = whole(world, tenant).await;
    assert!(sound.is_ok() && sound.entries == log.len() as u64 && sound.checkpoints > 0, "{sound:?}");
    without_triggers(world).await;
    let broken = async |seq: i64, what: &str| {
        let found = whole(world, tenant).await;
        assert_eq!(found.broken.as_ref().map(|(at, _)| *at), Some(seq), "{what}: {found:?}");
    };
    change(world, tenant, "UPDATE audit_entry SET action = 'nothing' WHERE tenant_id = $1 AND seq = 3").await.unwrap();
    broken(3, "an entry says something else").await;
    let was = log[2].entry.action.clone();
    change(world, tenant, &format!("UPDATE audit_entry SET action = '{was}' WHERE tenant_id = $1 AND seq = 3")).await.unwrap();
    assert!(whole(world, tenant).await.is_ok(), "put back, it holds again");

    change(world, tenant, "UPDATE audit_entry SET prev_hash = hash WHERE tenant_id = $1 AND seq = 3").await.unwrap();
    broken(3, "an entry names another one as the one before it").await;
    let back = "UPDATE audit_entry SET prev_hash = (SELECT p.hash FROM audit_entry p WHERE p.tenant_id = $1 AND p.seq = 2) WHERE tenant_id = $1 AND seq = 3";
    change(world, tenant, back).await.unwrap();

    let from = log.iter().find(|stored| stored.address.is_some()).map(|stored| stored.seal.unwrap().seq).unwrap();
    let ip = async |address: &str| {
        change(world, tenant, &format!("UPDATE audit_entry SET ip = '{address}' WHERE tenant_id = $1 AND seq = {from}"))
            .await
            .unwrap()
    };
    ip("198.51.100.66").await;
    broken(from, "it was done from somewhere else").await;
    ip(&log[usize::try_from(from).unwrap() - 1].address.as_ref().unwrap().ip).await;
    assert!(whole(world, tenant).await.is_ok(), "put back, it holds again");

    let sign = async |seq: &str| {
        let sql = "UPDATE audit_checkpoint SET hash = (SELECT e.hash FROM audit_entry e WHERE e.tenant_id = $1 AND e.seq = {seq})
            WHERE tenant_id = $1 AND seq = (SELECT min(c.seq) FROM audit_checkpoint c WHERE c.tenant_id = $1)";
        change(world, tenant, &sql.replace("{seq}", seq)).await.unwrap()
    };
    sign("2").await;
    let reason = whole(world, tenant).await.broken.unwrap().1;
    assert!(reason.contains("belongs to another chain"), "{reason}");
    sign("audit_checkpoint.seq").await;
    assert!(whole(world, tenant).await.is_ok(), "put back, it holds again");

    change(world, tenant, "UPDATE audit_head SET seq = seq - 2 WHERE tenant_id = $1").await.unwrap();
    assert!(!whole(world, tenant).await.is_ok(), "the head was set back");
    change(world, tenant, "UPDATE audit_head SET seq = seq + 2 WHERE tenant_id = $1").await.unwrap();

    let last = log.len() as i64;
    let report = entrepot::insight::verify::verify_tenant(&world.node.db, tenant, |_| {}).await.unwrap();
    assert!(report.is_sound(), "{report}");
    change(world, tenant, "DELETE FROM audit_entry WHERE tenant_id = $1 AND seq = 5").await.unwrap();
    broken(5, "an entry was taken out").await;
    let report = entrepot::insight::verify::verify_tenant(&world.node.db, tenant, |_| {}).await.unwrap();
    assert!(!report.is_sound() && report.to_string().contains("seq 5"), "{report}");

    // Rewritten from the start without the key: the hashes match, the signatures do not.
    let mut prev = entrepot::audit::GENESIS;
    let mut seq = 0;
    for stored in log.iter().filter(|stored| stored.seal.unwrap().seq != 5) {
        seq += 1;
        let hash = stored.entry.hash(&prev, seq);
        let work = world.node.db.global().maintenance_for(tenant).await.unwrap();
        let sql = "UPDATE audit_entry SET seq = $2, prev_hash = $3, hash = $4 WHERE tenant_id = $1 AND id = $5";
        let values = vec![(-seq).abs().into(), prev.to_vec().into(), hash.to_vec().into(), stored.entry.id.into()];
        work.execute(sql, values).await.unwrap();
        work.commit().await.unwrap();
        prev = hash;
    }
    let work = world.node.db.global().maintenance_for(tenant).await.unwrap();
    let values = vec![seq.into(), prev.to_vec().into()];
    work.execute("UPDATE audit_head SET seq = $2, hash = $3 WHERE tenant_id = $1", values).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(seq, last - 1);
    let found = whole(world, tenant).await;
    let reason = found.broken.unwrap().1;
    assert!(reason.contains("signed"), "{reason}");
}
