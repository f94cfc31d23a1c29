//! Tables that Postgres parts by month: how they became so, the months to come, and months that leave.

mod archive;

use std::fs;

use archive::{a_bit_is_turned, archived_rows, erase_other, months_do_not_wait_for_ever, outcome, unfinished_files_are_erased};
use entity::prelude::*;
use entrepot::{
    backups::{ArchiveTerms, ArchivedMonth, MonthOutcome, archive_months, verify_month},
    clock::Clock,
    files::{FileLocation, Store},
    saved_views::events::omitted_rows_field,
    storage::{Database, Month, Options, Part, PartState, Reads, TenantScope, journal},
};
use migration::{Migrator, MigratorTrait, months::PARTED, row_security};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use uuid::Uuid;

use super::{Home, connect};

const DAY: i64 = 86_400_000_000;
/// A tenant, its counter, and a webhook endpoint that tries attempts belong to.
const TENANT: &str = "'00000000-0000-0000-0000-000000000001'";
const ENDPOINT: &str = "'00000000-0000-0000-0000-000000000002'";
const OTHER: &str = "'00000000-0000-0000-0000-000000000003'";

fn tenant() -> TenantId {
    TenantId::from_uuid(Uuid::from_u128(1))
}

fn now() -> Timestamp {
    Clock::system().now()
}

async fn numbers(connection: &DatabaseConnection, sql: &str) -> Vec<i64> {
    let rows = connection.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

async fn run_sql(connection: &DatabaseConnection, sql: &str) {
    connection.execute_unprepared(sql).await.unwrap_or_else(|err| panic!("{err}: {sql}"));
}

async fn refused(connection: &impl ConnectionTrait, sql: &str) -> String {
    let outcome = connection.execute_unprepared(sql).await;
    outcome.err().unwrap_or_else(|| panic!("went through: {sql}")).to_string()
}

/// Rows may be written without those that they refer to, by this connection.
async fn alone(url: &str) -> DatabaseConnection {
    let connection = connect(url).await;
    run_sql(&connection, "SET session_replication_role = replica").await;
    connection
}

async fn events(connection: &DatabaseConnection, first: i64, last: i64, at: i64) {
    let sql = format!(
        "INSERT INTO event (tenant_id, seq, kind, payload, recorded_at)
         SELECT {TENANT}, n, 'test.told', '{{\"n\":' || n || '}}', {at} + n FROM generate_series({first}, {last}) n"
    );
    run_sql(connection, &sql).await;
}

async fn attempts(connection: &DatabaseConnection, count: i64, at: i64) {
    let sql = format!(
        "INSERT INTO webhook_attempt (tenant_id, endpoint_id, id, seq, number, at, status, error, latency_ms, body)
         SELECT {TENANT}, {ENDPOINT}, gen_random_uuid(), n, 1, {at} + n, CASE n % 2 WHEN 0 THEN 200 END, CASE n % 2 WHEN 1 THEN 'refused' END, 5, 'Ada Lovelace'
         FROM generate_series(1, {count}) n"
    );
    run_sql(connection, &sql).await;
}

async fn entry(connection: &DatabaseConnection, seq: i64, at: i64) {
    let sql = format!(
        "INSERT INTO audit_entry (tenant_id, id, at, actor_kind, actor_id, action, outcome, request_id, changes, mac_key, mac, seq, prev_hash, hash)
         VALUES ({TENANT}, gen_random_uuid(), {at}, 'SYSTEM', {TENANT}, 'test', 'DONE', 'r', '{{}}', '', '', {seq}, '', '')"
    );
    run_sql(connection, &sql).await;
}

async fn counter(connection: &DatabaseConnection, head: i64, recorded_at: i64) {
    let sql = format!(
        "INSERT INTO tenant_counter (tenant_id, epoch, head, recorded_at) VALUES ({TENANT}, {TENANT}, {head}, {recorded_at})
         ON CONFLICT (tenant_id) DO UPDATE SET head = excluded.head, recorded_at = excluded.recorded_at"
    );
    run_sql(connection, &sql).await;
}

async fn opened(home: &Home) -> Database {
    Database::open(&home.url, Options::default()).await.unwrap()
}

/// A database as a deployment has it: the parts of the months around this one, and none for all that comes later.
async fn migrated() -> Option<(Home, Database)> {
    let home = Home::empty_postgres().await?;
    let db = opened(&home).await;
    db.migrate().await.unwrap();
    Some((home, db))
}

async fn part(db: &Database, name: &str) -> Option<Part> {
    db.parts().await.unwrap().into_iter().find(|part| part.name == name)
}

fn name(table: &str, month: Month) -> String {
    format!("{table}_{}", month.to_string().replace('-', "_"))
}

/// With so many rows that indexes are built before, and with a few.
async fn old_tables_become_first_parts(last: i64) {
    let Some(home) = Home::empty_postgres().await else { return };
    let connection = alone(&home.url).await;
    let steps = Migrator::migrations().iter().position(|one| one.name().contains("m0102")).unwrap();
    Migrator::up(&connection, Some(steps as u32)).await.unwrap();
    let now = now();
    let at = now.micros();
    events(&connection, 1, last, at - 40 * DAY).await;
    attempts(&connection, 20, at - 70 * DAY).await;
    for seq in 1..=5 {
        entry(&connection, seq, at - seq * 50 * DAY).await;
    }
    run_sql(&connection, "ANALYZE").await;
    let filenode = "SELECT pg_relation_filenode('event')::bigint";
    let before = numbers(&connection, filenode).await;

    let db = opened(&home).await;
    db.migrate().await.unwrap();
    assert_eq!(db.migrate().await.unwrap(), 0, "and once is enough");
    assert_eq!(numbers(&connection, "SELECT count(*) FROM event").await, [last]);
    assert_eq!(numbers(&connection, "SELECT count(*) FROM event_before").await, [last], "no row was copied");
    assert_eq!(numbers(&connection, &filenode.replace("event", "event_before")).await, before);
    assert_eq!(numbers(&connection, "SELECT count(*) FROM audit_entry").await, [5]);
    assert_eq!(numbers(&connection, "SELECT count(*) FROM webhook_attempt").await, [20]);
    assert!(db.months_ahead(now).await.unwrap().unwrap() >= 3);
    assert!(row_security::gaps(&connection).await.unwrap().is_empty());
    assert!(db.prove_row_security().await.is_ok());

    // Rules of the tables hold for all their partitions: those that exist, and those that are added
    // later.
    run_sql(&connection, "SET session_replication_role = origin").await;
    for (month, seq) in [(-3, last + 1), (0, last + 2), (3, last + 3)] {
        let at = Month::of(now).plus(month).start() + DAY;
        events(&connection, seq, seq, at).await;
        entry(&connection, seq + 10, at).await;
        let sql = format!("UPDATE audit_entry SET action = 'nothing' WHERE seq = {}", seq + 10);
        assert!(refused(&connection, &sql).await.contains("audit entries are kept"), "{month}");
        assert!(
            refused(&connection, &format!("DELETE FROM audit_entry WHERE seq = {}", seq + 10)).await.contains("never removed")
        );
        let orphan = format!(
            "INSERT INTO webhook_attempt (tenant_id, endpoint_id, id, seq, number, at, status, latency_ms, body)
             VALUES ({TENANT}, {ENDPOINT}, gen_random_uuid(), 1, 1, {at}, 200, 5, '')"
        );
        assert!(refused(&connection, &orphan).await.contains("foreign key"), "{month}");
        assert!(refused(&connection, &orphan.replace("1, 1,", "1, 0,")).await.contains("number_check"), "{month}");
    }
    let again = format!("INSERT INTO event SELECT * FROM event WHERE seq = {}", last + 2);
    assert!(refused(&connection, &again).await.contains("duplicate key"));
    db.close().await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn tables_with_rows_become_the_first_parts_and_keep_them() {
    old_tables_become_first_parts(300).await;
}

#[tokio::test]
async fn large_tables_are_parted_by_indexes_that_were_built_before() {
    old_tables_become_first_parts(120_000).await;
}

#[tokio::test]
async fn months_are_made_ahead_while_others_write_and_one_that_is_missing_is_told() {
    let Some((home, db)) = migrated().await else { return };
    let now = now();
    let (first, writer) = (Month::of(now), alone(&home.url).await);
    assert_eq!(db.months_ahead(now).await.unwrap(), Some(3));
    assert_eq!(db.create_missing_parts(now).await.unwrap(), 0, "nothing is missing");
    let later = Timestamp(first.plus(2).start());
    assert_eq!(db.months_ahead(later).await.unwrap(), Some(1));

    // Open writers are not waited for.
    run_sql(&writer, "BEGIN").await;
    events(&writer, 1, 1, now.micros()).await;
    assert_eq!(db.create_missing_parts(later).await.unwrap(), 2 * PARTED.len());
    events(&writer, 2, 2, first.plus(5).start()).await;
    run_sql(&writer, "COMMIT").await;
    assert_eq!(db.months_ahead(later).await.unwrap(), Some(3));
    assert_eq!(part(&db, &name("event", first.plus(5))).await.unwrap().state, PartState::Attached);

    // The turn of a month: its last moment and its first.
    for (seq, at) in [(3, first.plus(4).start() - 1), (4, first.plus(4).start())] {
        events(&writer, seq, seq, at - seq).await;
        let sql = format!("SELECT count(*) FROM {} WHERE seq = {seq}", name("event", first.plus(seq)));
        assert_eq!(numbers(&writer, &sql).await, [1], "{seq}");
    }
    let beyond = format!("INSERT INTO event VALUES ({TENANT}, 9, 'test.told', '{{}}', {})", first.plus(6).start());
    assert!(refused(&writer, &beyond).await.contains("no partition of relation"));
    events(&writer, 5, 5, 0).await;

    let gone = name("webhook_attempt", first.plus(4));
    run_sql(&writer, &format!("DROP TABLE {gone}")).await;
    assert_eq!(db.months_ahead(later).await.unwrap(), Some(1), "the table with the fewest counts");
    // A lock that is not to be had is not waited for long, and the next run makes up for it.
    run_sql(&writer, "BEGIN; LOCK TABLE ONLY webhook_attempt IN ACCESS EXCLUSIVE MODE").await;
    assert!(db.create_missing_parts(later).await.unwrap_err().to_string().contains("lock timeout"));
    run_sql(&writer, "ROLLBACK").await;
    assert_eq!(db.create_missing_parts(later).await.unwrap(), 1);
    assert_eq!(db.months_ahead(later).await.unwrap(), Some(3));
    db.close().await.unwrap();
    writer.close().await.unwrap();
}

#[tokio::test]
async fn a_part_is_reached_through_its_table_alone() {
    let Some((home, db)) = migrated().await else { return };
    let owner = alone(&home.url).await;
    let now = now();
    let at = now.micros();
    events(&owner, 1, 3, at).await;
    let current = name("event", Month::of(now));
    for role in [row_security::APP, row_security::STEWARD] {
        let bound = connect(&home.url).await;
        run_sql(&bound, &format!("SET ROLE {role}; SELECT set_config('app.tenant_id', {TENANT}, false)")).await;
        assert_eq!(numbers(&bound, "SELECT count(*) FROM event").await, [3], "{role}");
        for table in [current.as_str(), "event_before", "audit_entry_before", "webhook_attempt_before"] {
            assert!(refused(&bound, &format!("SELECT 1 FROM {table}")).await.contains("permission denied"), "{role} {table}");
            assert!(refused(&bound, &format!("DELETE FROM {table}")).await.contains("permission denied"), "{role} {table}");
        }
        bound.close().await.unwrap();
    }
    let other = connect(&home.url).await;
    run_sql(&other, "SET ROLE entrepot_app; SELECT set_config('app.tenant_id', '00000000-0000-0000-0000-000000000009', false)")
        .await;
    assert_eq!(numbers(&other, "SELECT count(*) FROM event").await, [0], "another tenant's are nobody's");
    let theirs = format!("INSERT INTO event VALUES ({TENANT}, 4, 'test.told', '{{}}', {at})");
    assert!(refused(&other, &theirs).await.contains("row-level security"));
    other.close().await.unwrap();

    // A grant by hand is reported at the next start, and revoked by the next migration.
    run_sql(&owner, &format!("GRANT SELECT ON {current} TO entrepot_app")).await;
    let fault = db.prove_row_security().await.unwrap_err().to_string();
    assert!(fault.contains(&current), "{fault}");
    db.migrate().await.unwrap();
    assert!(db.prove_row_security().await.is_ok());
    db.close().await.unwrap();
    owner.close().await.unwrap();
}

/// The parts that a statement has read.
async fn read(scope: &TenantScope, statement: Statement) -> usize {
    let sql = format!("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {}", statement.sql);
    let rows = scope.query(Statement { sql, ..statement }).await.unwrap();
    let lines = rows.iter().map(|row| row.try_get_by_index::<String>(0).unwrap());
    // A bitmap has a line for its index and one for its table.
    let is_read =
        |line: &String| line.contains(" on event_") && !line.contains("never executed") && !line.contains("Bitmap Index");
    lines.filter(is_read).count()
}

#[tokio::test]
async fn who_reads_on_in_the_journal_reads_two_of_twenty_four_months() {
    let Some((home, db)) = migrated().await else { return };
    let (first, owner) = (Month::of(now()), alone(&home.url).await);
    for months in (0..24).step_by(3) {
        db.create_missing_parts(Timestamp(first.plus(months).start())).await.unwrap();
    }
    for month in 0..24 {
        events(&owner, month * 10 + 1, month * 10 + 10, first.plus(month).start() + 12 * DAY).await;
    }
    let last = first.plus(23).start() + 13 * DAY;
    counter(&owner, 240, last).await;
    run_sql(&owner, "ANALYZE event; ANALYZE tenant_counter").await;

    let scope = db.tenant(tenant());
    let cold = read(&scope, journal::page_statement(&scope, "", 239, 100)).await;
    assert!(cold >= 24, "who knows nothing of the journal reads all of it: {cold}");
    let all = journal::after(&scope, 0, 1_000).await.unwrap();
    assert_eq!(all.iter().map(|event| event.seq).collect::<Vec<_>>(), (1..=240).collect::<Vec<_>>());
    let warm = read(&scope, journal::page_statement(&scope, "", 240, 100)).await;
    assert!((1..=2).contains(&warm), "{warm}");
    let kinds = read(&scope, journal::page_statement(&scope, " AND kind IN ('test.told')", 240, 100)).await;
    assert!((1..=2).contains(&kinds), "{kinds}");

    // Later events are found, in the next month too, also by a reader that is far behind.
    events(&owner, 241, 242, first.plus(24).start()).await;
    counter(&owner, 242, first.plus(24).start() + 242).await;
    let found = journal::after(&scope, 240, 10).await.unwrap();
    assert_eq!(found.iter().map(|event| event.seq).collect::<Vec<_>>(), [241, 242]);
    assert_eq!(journal::after(&scope, 0, 1_000).await.unwrap().len(), 242);
    // Events before `ordered_from` are not in order of time.
    run_sql(&owner, "UPDATE tenant_counter SET ordered_from = 300").await;
    events(&owner, 243, 243, first.start()).await;
    let found = journal::after(&scope, 242, 10).await.unwrap();
    assert_eq!(found.iter().map(|event| event.seq).collect::<Vec<_>>(), [243]);
    db.close().await.unwrap();
    owner.close().await.unwrap();
}

#[tokio::test]
async fn a_month_is_archived_read_back_and_removed_a_week_later() {
    let Some((home, db)) = migrated().await else { return };
    let (first, owner) = (Month::of(now()), alone(&home.url).await);
    events(&owner, 1, 7_000, first.start()).await;
    let shown = r#"{"rows":1,"told":[{"name":"Ada Lovelace"}]}"#;
    run_sql(&owner, &format!("UPDATE event SET kind = 'view.result', payload = '{shown}' WHERE seq = 7")).await;
    // Another company, whose numbers start from 1.
    let theirs = format!("SELECT {OTHER}, seq - 100, kind, payload, recorded_at FROM event WHERE seq BETWEEN 101 AND 130");
    run_sql(&owner, &format!("INSERT INTO event {theirs}")).await;
    attempts(&owner, 11, first.start()).await;
    entry(&owner, 1, first.start()).await;
    counter(&owner, 7_000, first.start() + 7_000).await;
    let (event, attempt) = (name("event", first), name("webhook_attempt", first));
    let place = FileLocation::Folder(home.folder.join("kept"));
    let store = Store::open(&place).unwrap();
    let (then, before) = (Timestamp(first.plus(14).start()), first.plus(1));
    let left_out = [omitted_rows_field()];
    let terms = ArchiveTerms { before, now: then, grace_seconds: 400 * 86_400, left_out: &left_out };
    let archive = async |now: Timestamp| archive_months(&db, &store, ArchiveTerms { now, ..terms }).await;

    // A run that was aborted after it had detached a month is resumed.
    run_sql(&owner, &format!("ALTER TABLE webhook_attempt DETACH PARTITION {attempt}")).await;
    unfinished_files_are_erased(&db, &place, &home.folder.join("kept"), first).await;
    // Events that alerts have not read yet stay.
    run_sql(&owner, &format!("INSERT INTO alert_follower (tenant_id, journal_seq) VALUES ({TENANT}, 6999)")).await;
    let outcomes = archive(then).await.unwrap();
    assert!(matches!(outcome(&outcomes, &event), Some(MonthOutcome::Waits(_))), "{outcomes:?}");
    assert_eq!(part(&db, &event).await.unwrap().state, PartState::Attached);
    assert_eq!(numbers(&owner, "SELECT low_seq FROM tenant_counter").await, [0]);
    assert!(outcomes.iter().all(|(part, _)| !part.starts_with("audit_entry") && !part.ends_with("_before")), "{outcomes:?}");
    assert_eq!(outcome(&outcomes, &name("event", first.plus(-1))), Some(MonthOutcome::Removed), "nothing is in it");
    let Some(MonthOutcome::Archived(attempted)) = outcome(&outcomes, &attempt) else { panic!("{outcomes:?}") };
    assert_eq!((attempted.rows, attempted.files.len()), (11, 1));
    let keys = format!("SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND conrelid = '{attempt}'::regclass");
    assert_eq!(numbers(&owner, &keys).await, [0], "an endpoint can be removed meanwhile");

    months_do_not_wait_for_ever(&db, &owner, first).await;
    let outcomes = archive(then).await.unwrap();
    let Some(MonthOutcome::Archived(archived)) = outcome(&outcomes, &event) else { panic!("{outcomes:?}") };
    assert_eq!(archived.rows, 7_030);
    assert_eq!(numbers(&owner, "SELECT low_seq FROM tenant_counter").await, [7_000], "who resumes before it is told so");
    verify_month(&store, &archived).await.unwrap();
    // Rows that an event shows and answers of receivers may name a person, whose erasure does not reach the archive.
    let kept = home.folder.join("kept");
    let rows = [archived_rows(&kept, &archived), archived_rows(&kept, &attempted)].concat();
    assert_eq!(rows.len(), 7_041);
    assert!(rows[6].contains("view.result") && rows[7_030].contains("latency_ms"), "{} {}", rows[6], rows[7_030]);
    assert!(rows.iter().all(|row| !row.contains("Lovelace")));
    let noted: ArchivedMonth = serde_json::from_str(&part(&db, &event).await.unwrap().note.unwrap()).unwrap();
    assert_eq!(noted, archived);
    assert_eq!(numbers(&owner, "SELECT count(*) FROM event").await, [0]);
    assert_eq!(numbers(&owner, "SELECT count(*) FROM audit_entry").await, [1]);
    assert_eq!(outcome(&archive(then).await.unwrap(), &event), Some(MonthOutcome::Kept { days: 7 }));

    let erased = erase_other(&db, &owner, &place, &event).await;
    assert!(archived_rows(&kept, &erased) == rows[..7_000], "the rows of whoever is left, in their order");
    assert!(!kept.join(&archived.files[0].name).exists(), "the file that had the others");
    assert_eq!(outcome(&archive(then).await.unwrap(), &event), Some(MonthOutcome::Kept { days: 7 }));
    // An event was erased while its month was written: the archive is made again.
    run_sql(&owner, &format!("DELETE FROM {event} WHERE seq = 1")).await;
    let outcomes = archive(then).await.unwrap();
    let Some(MonthOutcome::Archived(archived)) = outcome(&outcomes, &event) else { panic!("{outcomes:?}") };
    assert!(archived_rows(&kept, &archived) == rows[1..7_000]);
    assert_eq!(fs::read_dir(kept.join(format!("archive/event/{first}"))).unwrap().count(), 2, "one file and its manifest");

    // After a bit flip in the bucket the month stays in the database, from which it is written
    // again.
    let late = then.plus_seconds(8 * 86_400);
    a_bit_is_turned(&kept.join(&archived.files[0].name));
    let outcomes = archive(late).await.unwrap();
    let Some(MonthOutcome::Archived(anew)) = outcome(&outcomes, &event) else { panic!("{outcomes:?}") };
    assert_eq!(anew.content_sha256, archived.content_sha256);
    assert_eq!(part(&db, &event).await.unwrap().state, PartState::Detached);
    assert_eq!(outcome(&archive(late.plus_seconds(8 * 86_400)).await.unwrap(), &event), Some(MonthOutcome::Removed));
    assert_eq!((part(&db, &event).await, part(&db, &attempt).await), (None, None));
    verify_month(&store, &anew).await.unwrap();

    // A clock that was behind has the month made once more, and writes into it: the archive stays as it is.
    run_sql(&owner, &format!("CREATE TABLE {event} (LIKE event INCLUDING DEFAULTS INCLUDING CONSTRAINTS)")).await;
    let (from, to) = (first.start(), first.plus(1).start());
    run_sql(&owner, &format!("ALTER TABLE event ATTACH PARTITION {event} FOR VALUES FROM ({from}) TO ({to})")).await;
    events(&owner, 7_001, 7_002, first.start()).await;
    let outcomes = archive(late.plus_seconds(9 * 86_400)).await.unwrap();
    let Some(MonthOutcome::Failed(reason)) = outcome(&outcomes, &event) else { panic!("{outcomes:?}") };
    assert!(reason.contains("has 6999 rows of this month already") && reason.contains("a clock that was behind"), "{reason}");
    verify_month(&store, &anew).await.unwrap();
    assert_eq!(numbers(&owner, &format!("SELECT count(*) FROM {event}")).await, [2], "and what was written late is still there");
    db.close().await.unwrap();
    owner.close().await.unwrap();
}
