//! Migrations while other sessions use the tables: locks that they wait for, how they resume, and a
//! plan's description of their locks.

use std::time::Duration;

use entrepot::storage::{Database, LockLimits, Options, PlannedLock, TableRows};
use migration::{
    Migrator, MigratorTrait,
    plan::{self, LockMode, RowWork, Target},
    row_security,
};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, QueryResult, Statement};
use tokio::time::sleep;

use super::{Home, connect, run};

async fn rows(connection: &DatabaseConnection, sql: &str) -> Vec<QueryResult> {
    connection.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap_or_else(|err| panic!("{err}: {sql}"))
}

async fn texts(connection: &DatabaseConnection, sql: &str) -> Vec<String> {
    rows(connection, sql).await.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

fn place_of(name: &str) -> usize {
    Migrator::migrations().iter().position(|one| one.name() == name).unwrap()
}

/// A process was aborted after some migrations. The next one resumes, waits for a long report that
/// reads a table, gives up with an error that names the report's session, and keeps what it has
/// done; one with a longer limit waits until the report ends.
#[tokio::test]
async fn a_migration_goes_on_where_it_ended_and_waits_for_a_lock_as_long_as_it_may() {
    let Some(home) = Home::empty_postgres().await else { return };
    let connection = connect(&home.url).await;
    Migrator::up(&connection, Some(place_of("m0120_customer_lists") as u32)).await.unwrap();
    let db = Database::open(&home.url, Options::default()).await.unwrap();

    let planned = db.planned_migrations().await.unwrap();
    assert_eq!(
        (planned.len(), &*planned[0].name),
        (Migrator::migrations().len() - place_of("m0120_customer_lists"), "m0120_customer_lists")
    );
    let (mode, blocks, work) = ("SHARE", "blocks writes", "scan and index");
    let lock = PlannedLock { table: "customer".to_owned(), rows: TableRows::Unmeasured, mode, blocks, work };
    assert_eq!(planned[0].statements.len(), 3);
    assert_eq!(planned[0].statements[0].locks, [lock]);
    assert!(planned[0].statements[0].text.starts_with("CREATE INDEX customer_created ON customer"), "{planned:?}");

    let report = connect(&home.url).await;
    run(&report, "BEGIN").await;
    run(&report, "SELECT count(*) FROM blanket_order").await;
    let limits = LockLimits { wait: Duration::from_millis(100), tries: 3, pause: Duration::from_millis(20) };
    let reported_text = db.migrate_within(limits).await.unwrap_err().to_string();
    for part in
        ["m0124_blanket_drafts", "3 time(s)", "idle in transaction", "SELECT count(*) FROM blanket_order", "goes on from here"]
    {
        assert!(reported_text.contains(part), "{part}: {reported_text}");
    }
    let sql = "SELECT version FROM seaql_migrations WHERE version > 'm0120' ORDER BY 1";
    assert_eq!(texts(&connection, sql).await, ["m0120_customer_lists", "m0121_drift", "m0122_liquidation_scores"]);
    let needs = "SELECT needs FROM schema_compatibility";
    assert_eq!(texts(&connection, needs).await, ["m0121_drift"], "an older node knows at once");

    let patient = LockLimits { tries: 20, ..limits };
    let ends = async {
        sleep(Duration::from_millis(400)).await;
        run(&report, "COMMIT").await;
    };
    let (applied, ()) = tokio::join!(db.migrate_within(patient), ends);
    assert_eq!(applied.unwrap(), Migrator::migrations().len() - place_of("m0124_blanket_drafts"));
    assert_eq!(db.migrate().await.unwrap(), 0, "and once is enough");
    assert!(row_security::gaps(&connection).await.unwrap().is_empty());
    assert_eq!(texts(&connection, needs).await, [migration::needed().unwrap()]);
    db.close().await.unwrap();
    for connection in [connection, report] {
        connection.close().await.unwrap();
    }
}

/// An operator builds the index of a large table before, while others write. No migration takes an unfinished one for it.
#[tokio::test]
async fn an_index_that_was_built_before_is_not_built_again() {
    let Some(home) = Home::empty_postgres().await else { return };
    let connection = connect(&home.url).await;
    let migration = "m0189_orders_by_status";
    Migrator::up(&connection, Some(place_of(migration) as u32)).await.unwrap();
    let statement = plan::statements(migration, DbBackend::Postgres)[0];
    run(&connection, &statement.replace("CREATE INDEX", "CREATE INDEX CONCURRENTLY")).await;
    let file = "SELECT pg_relation_filenode('sales_order_status_placed')::text";
    let built = texts(&connection, file).await;
    let finished = |is_valid: bool| {
        format!("UPDATE pg_index SET indisvalid = {is_valid} WHERE indexrelid = 'sales_order_status_placed'::regclass")
    };

    let db = Database::open(&home.url, Options::default()).await.unwrap();
    run(&connection, &finished(false)).await;
    let text = Migrator::up(&connection, Some(1)).await.unwrap_err().to_string();
    assert!(text.contains("the index sales_order_status_placed is not finished"), "{text}");
    run(&connection, &finished(true)).await;
    assert_eq!(db.migrate().await.unwrap(), Migrator::migrations().len() - place_of(migration));
    assert_eq!(texts(&connection, file).await, built);
    db.close().await.unwrap();
    connection.close().await.unwrap();
}

/// The process that builds an index is killed while it waits for a writer, and its session lives
/// on. The next process waits for that session; when it ends too, it drops the unfinished index and
/// builds it again. Other sessions write all the while.
#[tokio::test]
async fn an_index_of_a_large_table_is_built_beside_writers_and_again_where_it_was_ended() {
    let Some(home) = Home::empty_postgres().await else { return };
    let connection = connect(&home.url).await;
    let migration = "m0189_orders_by_status";
    Migrator::up(&connection, Some(place_of(migration) as u32)).await.unwrap();
    run(&connection, "UPDATE pg_class SET reltuples = 1000000 WHERE oid = 'sales_order'::regclass").await;
    let db = Database::open(&home.url, Options::default()).await.unwrap();
    let planned = db.planned_migrations().await.unwrap();
    let statement = &planned[0].statements[0];
    assert!(statement.text.starts_with("CREATE INDEX CONCURRENTLY sales_order_status_placed ON sales_order"), "{planned:?}");
    assert_eq!((statement.locks.len(), statement.locks[0].blocks), (1, "blocks neither reads nor writes"));

    let (first, second) = (connect(&home.url).await, connect(&home.url).await);
    for sql in ["BEGIN", "LOCK TABLE sales_order IN ROW EXCLUSIVE MODE"] {
        run(&first, sql).await;
    }
    let index = |is_valid: bool| {
        format!(
            "SELECT indexrelid::text FROM pg_index WHERE indexrelid = to_regclass('sales_order_status_placed') AND indisvalid = {is_valid}"
        )
    };
    let begins = async {
        while texts(&connection, &index(false)).await.is_empty() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        outcome = db.migrate() => panic!("it did not wait for who writes: {outcome:?}"),
        () = begins => {}
    }
    let unfinished = texts(&connection, &index(false)).await;
    for sql in ["SET lock_timeout = '1s'", "BEGIN", "LOCK TABLE sales_order IN ROW EXCLUSIVE MODE", "COMMIT"] {
        run(&second, sql).await;
    }

    let ends = async {
        sleep(Duration::from_millis(700)).await;
        let end =
            "SELECT pg_terminate_backend(pid)::text FROM pg_stat_progress_create_index WHERE relid = 'sales_order'::regclass";
        assert_eq!(texts(&connection, end).await, ["true"], "the session of the one that was killed");
        sleep(Duration::from_millis(700)).await;
        assert_eq!(texts(&connection, &index(false)).await, unfinished);
        run(&first, "COMMIT").await;
    };
    let (applied, ()) = tokio::join!(db.migrate(), ends);
    assert_eq!(applied.unwrap(), Migrator::migrations().len() - place_of(migration));
    let built = texts(&connection, &index(true)).await;
    assert!(built.len() == 1 && built != unfinished, "{built:?} instead of {unfinished:?}");
    db.close().await.unwrap();
    for connection in [connection, first, second] {
        connection.close().await.unwrap();
    }
}

/// While one process waits for another that builds an index, the builder continues with the
/// migrations, and a later one drops the index: it is not built again.
#[tokio::test]
async fn an_index_that_a_later_migration_drops_is_not_built_by_who_waited_for_it() {
    let Some(home) = Home::empty_postgres().await else { return };
    let connection = connect(&home.url).await;
    let migration = "m0189_orders_by_status";
    Migrator::up(&connection, Some(place_of(migration) as u32)).await.unwrap();
    let large = "UPDATE pg_class SET reltuples = 1000000 WHERE oid = 'sales_order'::regclass";
    run(&connection, large).await;
    let db = Database::open(&home.url, Options::default()).await.unwrap();
    let (builder, migrator) = (connect(&home.url).await, connect(&home.url).await);
    for sql in ["BEGIN", "SELECT pg_advisory_xact_lock(7170162)"] {
        run(&builder, sql).await;
    }

    let others = async {
        sleep(Duration::from_secs(1)).await;
        for sql in ["BEGIN", "SELECT pg_advisory_xact_lock(7170151)"] {
            run(&migrator, sql).await;
        }
        Migrator::up(&connection, None).await.unwrap();
        for sql in ["DROP INDEX sales_order_status_placed", large] {
            run(&connection, sql).await;
        }
        run(&builder, "COMMIT").await;
        run(&migrator, "COMMIT").await;
    };
    let (applied, ()) = tokio::join!(db.migrate(), others);
    assert_eq!(applied.unwrap(), 0, "the other one has applied all");
    let there = "SELECT indexrelid::text FROM pg_index WHERE indexrelid = to_regclass('sales_order_status_placed')";
    assert!(texts(&connection, there).await.is_empty());
    db.close().await.unwrap();
    for connection in [connection, builder, migrator] {
        connection.close().await.unwrap();
    }
}

/// The strongest first.
const MODES: [LockMode; 6] = [
    LockMode::AccessExclusive,
    LockMode::ShareRowExclusive,
    LockMode::Share,
    LockMode::ShareUpdateExclusive,
    LockMode::RowExclusive,
    LockMode::AccessShare,
];

/// A statement of each kind that may run inside a transaction.
const STATEMENTS: &[&str] = &[
    "ALTER TABLE lock_first ADD COLUMN x bigint",
    "ALTER TABLE lock_first ADD COLUMN x bigint NOT NULL DEFAULT 0 CHECK (x >= 0)",
    "ALTER TABLE lock_first ADD COLUMN x uuid DEFAULT gen_random_uuid()",
    "ALTER TABLE lock_first ADD COLUMN x bigint REFERENCES lock_second",
    "ALTER TABLE lock_first DROP COLUMN n",
    "ALTER TABLE lock_first ADD CONSTRAINT c CHECK (n > 0)",
    "ALTER TABLE lock_first ADD CONSTRAINT c CHECK (n > 0) NOT VALID",
    "ALTER TABLE lock_first VALIDATE CONSTRAINT lock_positive",
    "ALTER TABLE lock_first DROP CONSTRAINT lock_positive, ADD CONSTRAINT lock_positive CHECK (n > -1)",
    "ALTER TABLE lock_first ADD FOREIGN KEY (n) REFERENCES lock_second (id)",
    "ALTER TABLE lock_first ADD UNIQUE (n)",
    "ALTER TABLE lock_first ALTER COLUMN n TYPE numeric",
    "ALTER TABLE lock_first ALTER COLUMN n SET NOT NULL",
    "ALTER TABLE lock_first ALTER COLUMN n SET DEFAULT 1",
    "ALTER TABLE lock_first ALTER COLUMN n SET (n_distinct = 1)",
    "ALTER TABLE lock_first SET (fillfactor = 70)",
    "ALTER TABLE lock_first ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE lock_first RENAME TO lock_third",
    "CREATE TABLE lock_third (id bigint REFERENCES lock_second)",
    "CREATE INDEX lock_first_more ON lock_first (n, id)",
    "CREATE UNIQUE INDEX lock_first_unique ON lock_first (n)",
    "DROP INDEX lock_first_n",
    "CREATE TRIGGER keeps BEFORE UPDATE ON lock_first FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "DROP TABLE lock_first",
    "ALTER TABLE lock_child DROP CONSTRAINT lock_child_of",
    "DROP TABLE lock_child",
    "UPDATE lock_first SET n = 2",
    "DELETE FROM lock_first WHERE n = 1",
    "INSERT INTO lock_first (id) SELECT id + 10 FROM lock_second",
];

async fn number(connection: &DatabaseConnection, sql: &str) -> Option<i64> {
    rows(connection, sql).await.first().and_then(|row| row.try_get_by_index(0).unwrap())
}

#[tokio::test]
async fn the_locks_of_a_plan_are_those_that_postgres_takes() {
    let Some(home) = Home::empty_postgres().await else { return };
    let connection = connect(&home.url).await;
    for sql in [
        "CREATE TABLE lock_second (id bigint PRIMARY KEY)",
        "CREATE TABLE lock_first (id bigint PRIMARY KEY, n bigint)",
        "CREATE TABLE lock_child (id bigint CONSTRAINT lock_child_of REFERENCES lock_second)",
        "CREATE INDEX lock_first_n ON lock_first (n)",
        "INSERT INTO lock_second VALUES (1)",
        "INSERT INTO lock_first VALUES (1, 1)",
        "ALTER TABLE lock_first ADD CONSTRAINT lock_positive CHECK (n > 0) NOT VALID",
    ] {
        run(&connection, sql).await;
    }
    let mut ids = Vec::new();
    for table in ["lock_first", "lock_second"] {
        ids.push((table, number(&connection, &format!("SELECT '{table}'::regclass::oid::bigint")).await.unwrap()));
    }
    for statement in STATEMENTS {
        let planned = plan::locks(statement);
        for (table, id) in &ids {
            let file = format!("SELECT pg_relation_filenode({id}::oid::regclass)::bigint");
            let before = number(&connection, &file).await;
            run(&connection, "BEGIN").await;
            run(&connection, statement).await;
            let lock_modes = format!(
                "SELECT lower(mode) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'relation' AND relation = {id}::oid"
            );
            let lock_modes = texts(&connection, &lock_modes).await;
            let after = number(&connection, &file).await;
            run(&connection, "ROLLBACK").await;
            // The index is of the first table.
            let own = planned.iter().find(|lock| match &lock.target {
                Target::Table(name) => name == table,
                Target::TableOf(_) => *table == "lock_first",
                Target::Referenced { table: of, .. } => of == "lock_child" && *table == "lock_second",
            });
            let name = |mode: &LockMode| format!("{}lock", mode.name().to_lowercase().replace(' ', ""));
            let strongest = MODES.iter().find(|mode| lock_modes.contains(&name(mode)));
            assert_eq!(own.map(|lock| lock.mode), strongest.copied(), "{table}: {statement}: {lock_modes:?}");
            let is_rewritten = after.is_some() && before != after;
            assert_eq!(own.is_some_and(|lock| lock.work == RowWork::Rewrite), is_rewritten, "{table}: {statement}");
        }
    }
    connection.close().await.unwrap();
}
