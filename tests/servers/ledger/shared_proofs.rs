//! Several columns and tables are checked by one statement, and empty tables by none: violations
//! are reported as if each were checked alone.

use entity::tables::{ALL, Description};
use entrepot::{
    insight::verify::{Line, Report, Violation, verify_by_prefix, verify_tenant},
    storage::{Backend, Fault},
};
use sea_orm::ConnectionTrait;

use super::{
    broken::{named, story},
    by_database::by_database,
    world::{World, lift_constraints, literal},
};

/// The row that breaks the invariant whose name begins so.
fn row_of(report: &Report, beginning: &str) -> Option<Violation> {
    let line = report.lines.iter().find(|line| line.invariant.starts_with(beginning)).unwrap();
    line.broken.clone().map(|(_, broken)| broken)
}

const REFERENCES: &str = "references: every referenced row exists in";

async fn rows_of_another_tenant_are_neither_missed_nor_laid_to_this_one(world: World) {
    let theirs = story(&world).await.tenant;
    let raw = lift_constraints(&world).await;
    let (ours, other) = (literal(world.backend(), world.tenant.uuid()), literal(world.backend(), theirs.uuid()));
    raw.execute_unprepared(&format!("UPDATE transfer SET status = 'ASTRAY' WHERE tenant_id = {other}")).await.unwrap();

    let report = verify_tenant(&world.db, world.tenant, |_| {}).await.unwrap();
    assert!(report.is_sound(), "the tenant has no transfer: {report}");
    let line = report.lines.iter().find(|line| line.invariant.starts_with("transfer line: received")).unwrap();
    assert_eq!(line.rows, 0, "{report}");
    let report = verify_tenant(&world.db, theirs, |_| {}).await.unwrap();
    let broken = row_of(&report, "words: ").unwrap();
    assert_eq!((broken.table, &*broken.found), ("transfer", "'ASTRAY'"), "{report}");

    // The first row of a table, and it names a product of the other tenant.
    let sql = format!(
        "INSERT INTO barcode (tenant_id, code_key, code, product_id, pack_quantity, position)
         SELECT {ours}, '1', '1', id, 1, 1 FROM product WHERE tenant_id = {other} ORDER BY id LIMIT 1"
    );
    raw.execute_unprepared(&sql).await.unwrap();
    let report = verify_tenant(&world.db, world.tenant, |_| {}).await.unwrap();
    assert_eq!(Vec::from_iter(named(&report)), ["references: every referenced row exists in the same tenant"], "{report}");
    assert_eq!(row_of(&report, REFERENCES).unwrap().table, "barcode");
}

async fn of_two_broken_references_of_one_table_each_is_told(world: World) {
    let tenant = story(&world).await.tenant;
    let raw = lift_constraints(&world).await;
    let (id, none) = (literal(world.backend(), tenant.uuid()), literal(world.backend(), world.clock.uuid()));
    let channels =
        "UPDATE sales_order SET channel_id = (SELECT id FROM channel WHERE tenant_id = {id} LIMIT 1) WHERE tenant_id = {id}";
    let changes = [
        ("UPDATE sales_order SET channel_id = {none}, customer_id = {none} WHERE tenant_id = {id}", Some("channel")),
        (channels, Some("customer")),
        ("UPDATE sales_order SET customer_id = NULL WHERE tenant_id = {id}", None),
    ];
    for (sql, parent) in changes {
        raw.execute_unprepared(&sql.replace("{id}", &id).replace("{none}", &none)).await.unwrap();
        let report = verify_tenant(&world.db, tenant, |_| {}).await.unwrap();
        let found = row_of(&report, REFERENCES).map(|Violation { table, expected, found, .. }| (table, expected, found));
        let expected = parent.map(|parent| {
            ("sales_order", format!("the row of {parent} that its {parent}_id names"), "none in this tenant".to_owned())
        });
        assert_eq!(found, expected, "after {sql}\n{report}");
    }
}

async fn of_two_unknown_words_of_one_table_each_is_told(world: World) {
    let tenant = story(&world).await.tenant;
    let raw = lift_constraints(&world).await;
    let id = literal(world.backend(), tenant.uuid());
    let changes = [
        (
            "UPDATE product SET price_currency = 'AAQ', cost_currency = 'QQQ' WHERE tenant_id = {id}",
            Some(("price_currency", "'AAQ'")),
        ),
        ("UPDATE product SET price_currency = 'GBP' WHERE tenant_id = {id}", Some(("cost_currency", "'QQQ'"))),
        ("UPDATE product SET cost_currency = 'GBP' WHERE tenant_id = {id}", None),
    ];
    for (sql, word) in changes {
        raw.execute_unprepared(&sql.replace("{id}", &id)).await.unwrap();
        let report = verify_tenant(&world.db, tenant, |_| {}).await.unwrap();
        let found = row_of(&report, "words: ").map(|Violation { table, expected, found, .. }| (table, expected, found));
        let expected = word.map(|(column, word)| ("product", format!("a {column} that is known"), word.to_owned()));
        assert_eq!(found, expected, "after {sql}\n{report}");
    }
}

/// The rows of a table that is parted by month lie in its parts.
async fn the_first_row_of_a_parted_table_is_looked_at(world: World) {
    let (tenant, none) = (literal(world.backend(), world.tenant.uuid()), literal(world.backend(), world.clock.uuid()));
    world.verify().await;
    let raw = lift_constraints(&world).await;
    let sql = format!(
        "INSERT INTO webhook_attempt (tenant_id, endpoint_id, id, seq, number, at, latency_ms, body)
         VALUES ({tenant}, {none}, {none}, 1, 1, 1700000000000000, 0, '')"
    );
    raw.execute_unprepared(&sql).await.unwrap();
    let report = world.report().await;
    let broken = row_of(&report, REFERENCES).unwrap();
    assert_eq!((broken.table, &*broken.expected), ("webhook_attempt", "the row of webhook_endpoint that its endpoint_id names"));
}

/// Returns the number of rows and the outcome of each invariant of a proof, or the error if there
/// is no proof.
fn said(proof: Result<Report, Fault>) -> Result<Vec<(&'static str, u64, bool)>, String> {
    let of_line = |line: &Line| (line.invariant, line.rows, line.broken.is_some());
    proof.map(|report| report.lines.iter().map(of_line).collect()).map_err(|fault| fault.to_string())
}

/// Tables from which rows may not be deleted.
const KEPT: [&str; 2] = ["audit_checkpoint", "audit_entry"];

/// Tables are emptied a few at a time: the remaining rows refer to deleted rows, and their sums no
/// longer match. The checks that are skipped for empty tables must not have found anything.
async fn nothing_is_missed_beside_empty_tables(world: World) {
    let tenant = story(&world).await.tenant;
    let raw = lift_constraints(&world).await;
    let id = literal(world.backend(), tenant.uuid());
    let is_emptied = |table: &&Description| table.key.first() == Some(&"tenant_id") && !KEPT.contains(&table.name);
    let mut tables: Vec<&str> = ALL.iter().filter(is_emptied).map(|table| table.name).collect();
    let at_once = match world.backend() {
        Backend::Sqlite => 6,
        Backend::Postgres => {
            tables.reverse();
            24
        }
    };
    let mut has_broken = false;
    for emptied in tables.chunks(at_once) {
        for table in emptied {
            raw.execute_unprepared(&format!("DELETE FROM {table} WHERE tenant_id = {id}")).await.unwrap();
        }
        let each = said(verify_by_prefix(&world.db, tenant, "").await);
        has_broken |= each.as_ref().is_ok_and(|lines| lines.iter().any(|(_, _, is_broken)| *is_broken));
        assert_eq!(said(verify_tenant(&world.db, tenant, |_| {}).await), each, "without rows of {emptied:?} and those before");
    }
    assert!(has_broken, "what is left does not fit");
}

by_database!(
    rows_of_another_tenant_are_neither_missed_nor_laid_to_this_one,
    of_two_broken_references_of_one_table_each_is_told,
    of_two_unknown_words_of_one_table_each_is_told,
    the_first_row_of_a_parted_table_is_looked_at,
    nothing_is_missed_beside_empty_tables,
);
