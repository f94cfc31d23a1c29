//! Missing rows, unknown words and unreadable values: `verify` names them, and still checks the
//! rest.

use entrepot::{
    insight::verify::{Report, invariant_width, verify, verify_into},
    storage::Backend,
};
use sea_orm::ConnectionTrait;

use super::{
    broken::{Case, case, named, story},
    by_database::by_database,
    world::{World, lift_constraints, literal},
};

/// Statements that break the invariants of documents that movements name, of words, counters and
/// values.
pub const CASES: &[Case] = &[
    case("DELETE FROM transfer_line WHERE @ AND transfer_id = {sent}", &["movement: each entry"]),
    case(
        "DELETE FROM count_try WHERE @ AND count_id = {counted}; DELETE FROM count_line WHERE @ AND count_id = {counted}",
        &["movement: each entry"],
    ),
    case("DELETE FROM count_line WHERE @ AND count_id = {counted}", &["references: every referenced row exists in", "movement: each entry"]),
    case("INSERT INTO member (tenant_id, id, user_id, status, version, created_at, updated_at) VALUES ({tenant}, {new}, {new}, 'ACTIVE', 1, 0, 0)", &[
        "references: every referenced row exists in",
    ]),
    case("INSERT INTO role_grant (tenant_id, member_id, position, role_id, scope) VALUES ({tenant}, {new}, 1, {new}, '\"all\"')", &[
        "references: every referenced row exists in",
    ]),
    case("UPDATE tenant_counter SET master_seq = head + 1 WHERE @", &["counter: master data"]),
    case(
        "UPDATE entry SET value_minor = value_minor + 5 WHERE @ AND movement_id = {twin} AND line = 1",
        &["entry: its value"],
    ),
    case(
        "UPDATE entry SET unit_cost_minor = unit_cost_minor + 10, value_minor = (unit_cost_minor + 10) * on_hand_delta
           WHERE @ AND product_id = {mug} AND seq IN (SELECT seq FROM movement WHERE @ AND kind = 'SALE' AND reference_id = {sold})",
        &["entry: a sale is valued"],
    ),
    case("UPDATE tenant SET costing_method = 'LIFO' WHERE id = {tenant}", &["words: "]),
    case("UPDATE tenant SET time_zone = 'Europe/Londo' WHERE id = {tenant}", &["words: "]),
    case("UPDATE store SET time_zone = '' WHERE @ AND id = {s0}", &["words: "]),
    case("UPDATE product SET cost_currency = 'QQQ' WHERE @ AND id = {rice}", &["words: "]),
    case("UPDATE lot SET tracking = 'LOU' WHERE @ AND id = {lot}", &["words: "]),
    case("UPDATE movement SET actor_kind = 'MEMBES' WHERE @ AND seq = 1", &["words: "]),
];

/// An entry of the audit log with an outcome that there is not.
fn outcome(backend: Backend, tenant: &str) -> String {
    let none = if backend == Backend::Sqlite { "X''" } else { "''::bytea" };
    let hash = if backend == Backend::Sqlite { "zeroblob(32)" } else { "decode(repeat('00', 32), 'hex')" };
    format!(
        "INSERT INTO audit_entry (tenant_id, id, at, actor_kind, actor_id, action, outcome, request_id, changes, mac_key, mac, seq, prev_hash, hash)
         VALUES ({tenant}, {tenant}, 0, 'MEMBER', {tenant}, 'stockAdjust', 'DOND', '', '{{}}', '', {none}, 1, {hash}, {hash})"
    )
}

async fn what_cannot_be_read_is_broken_and_hides_nothing(world: World) {
    let tenant = literal(world.backend(), story(&world).await.tenant.uuid());
    let sound = world.report().await;
    let raw = lift_constraints(&world).await;
    raw.execute_unprepared(&outcome(world.backend(), &tenant)).await.unwrap();
    raw.execute_unprepared(&format!("UPDATE stock_level SET on_hand = on_hand + 1 WHERE tenant_id = {tenant}")).await.unwrap();
    let report = world.report().await;
    let all = |report: &Report| report.lines.iter().map(|line| line.invariant).collect::<Vec<_>>();
    assert_eq!(all(&report), all(&sound), "each invariant has its line");
    let found = named(&report);
    for name in ["level: equals", "words: ", "audit: each entry"] {
        assert!(found.iter().any(|line| line.starts_with(name)), "{name}: {report}");
    }
    let text = report.to_string();
    assert!(text.contains("audit_entry seq 1") && text.contains("'DOND'"), "the row is named: {text}");
}

/// Postgres refuses to count with it, and all that comes after in the same transaction.
async fn a_number_that_cannot_be_counted_with_is_broken_and_hides_nothing(world: World) {
    story(&world).await;
    let sound = world.report().await;
    let raw = lift_constraints(&world).await;
    raw.execute_unprepared("UPDATE stock_level SET on_hand = 9223372036854775807, unavailable = -1").await.unwrap();
    raw.execute_unprepared("UPDATE store SET time_zone = 'Mars'").await.unwrap();
    let report = world.report().await;
    assert_eq!(report.lines.len(), sound.lines.len(), "{report}");
    let found = named(&report);
    for name in ["level: buckets", "words: "] {
        assert!(found.iter().any(|line| line.starts_with(name)), "{name}: {report}");
    }
}

async fn lines_are_told_as_they_are_found_and_stay_when_the_database_goes(world: World) {
    story(&world).await;
    let reported_lines = std::sync::Mutex::new(Vec::new());
    let mut report = Report::default();
    verify_into(&world.db, &mut report, |_| {}, |line| reported_lines.lock().unwrap().push(line.clone())).await.unwrap();
    assert_eq!(*reported_lines.lock().unwrap(), report.lines, "over two tenants, each once and whole");
    assert!(report.lines.iter().all(|line| line.invariant.len() <= invariant_width()));

    let raw = world.raw().await;
    raw.execute_unprepared("ALTER TABLE barcode RENAME TO barcodes").await.unwrap();
    let text = verify(&world.db, |_| {}).await.unwrap().to_string();
    assert!(text.contains("BROKEN") && text.contains(" barcode "), "a table that is gone is told: {text}");
    raw.execute_unprepared("ALTER TABLE barcodes RENAME TO barcode").await.unwrap();

    world.db.clone().close().await.unwrap();
    let mut report = Report::default();
    verify_into(&world.db, &mut report, |_| {}, |_| {}).await.expect_err("a database that is gone is no proof of anything");
}

by_database!(
    what_cannot_be_read_is_broken_and_hides_nothing,
    a_number_that_cannot_be_counted_with_is_broken_and_hides_nothing,
    lines_are_told_as_they_are_found_and_stay_when_the_database_goes,
);

mod sqlite_alone {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_search_index_that_may_only_be_read_is_not_broken() {
        let world = World::sqlite().await;
        story(&world).await;
        // The pragma answers as a read-only file does, whichever user runs the tests.
        let work = world.db.global().maintenance_for(entity::prelude::TenantId::NIL).await.unwrap();
        work.execute_global("PRAGMA query_only = on", vec![]).await.unwrap();
        work.rollback().await.unwrap();
        let report = world.report().await;
        assert!(report.is_sound() && report.exit_status() == 0, "{report}");
        let text = report.to_string();
        assert!(text.contains("NOT CHECKED") && text.contains("readonly"), "{text}");
        assert!(text.ends_with("invariants hold over 2 tenants; 1 could not be checked"), "{text}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn bytes_that_are_no_text_are_named_with_their_row() {
        let world = World::sqlite().await;
        story(&world).await;
        let raw = lift_constraints(&world).await;
        raw.execute_unprepared("UPDATE transfer SET status = X'00ff'; UPDATE stock_level SET on_hand = on_hand + 1")
            .await
            .unwrap();
        let report = world.report().await;
        let found = named(&report);
        for name in ["level: equals", "transfer line: received", "words: "] {
            assert!(found.iter().any(|line| line.starts_with(name)), "{name}: {report}");
        }
        let words = report.lines.iter().find(|line| line.invariant.starts_with("words: ")).unwrap();
        let (_, broken) = words.broken.as_ref().unwrap();
        assert!(broken.table == "transfer" && broken.key.starts_with("trf_") && broken.found == "X'00FF'", "{broken:?}");
    }
}
