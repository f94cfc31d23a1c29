//! A database that was promoted, as each new connection finds it: the timeline that it keeps is another than its server writes.

use std::time::Duration;

use entity::prelude::*;
use entrepot::{
    catalog::events::LEVELS,
    realtime::{Hubs, Interest, Listener, NextEvents},
    schema::events::registry,
    storage::{Database, Options, TimelineReport},
};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use tokio::time::timeout;

use super::{
    by_database::on_postgres,
    scenario::code_of,
    world::{MUG, World},
};

const SOON: Duration = Duration::from_secs(2);
/// Counts how often a tenant gets a new epoch.
const COUNT: &str = "CREATE SEQUENCE renewals;
    CREATE FUNCTION count_renewal() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
      $$ BEGIN PERFORM nextval('public.renewals'); RETURN NULL; END $$;
    CREATE TRIGGER renewed AFTER UPDATE OF epoch ON tenant_counter FOR EACH ROW EXECUTE FUNCTION count_renewal()";
const RENEWALS: &str = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM renewals";
const SCHEDULE: &str = "INSERT INTO export_schedule (tenant_id, id, name, noun, format, period, hour, time_zone, status, actor_kind, actor_id, set_number,
      generation, through_seq, wants_all, failures, version, created_at, updated_at)
    SELECT t.id, t.id, 'Lake', 'MOVEMENTS', 'PARQUET', 'DAILY', 0, 'UTC', 'PAUSED', 'SYSTEM', t.id, 3, 0, 7, 0, 0, 1, 0, 0 FROM tenant t LIMIT 1";
const SETS: &str = "SELECT 10 * set_number + wants_all FROM export_schedule WHERE name = 'Lake'";
const KEPT: &str = "SELECT timeline FROM database_timeline";

async fn number(raw: &DatabaseConnection, sql: &str) -> i64 {
    let row = raw.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

/// Makes the database look as if its last writer had been a server of this timeline.
async fn kept(raw: &DatabaseConnection, timeline: i64, is_synchronous: bool) {
    let sql = format!("UPDATE database_timeline SET timeline = {timeline}, is_synchronous = {is_synchronous}");
    raw.execute_unprepared(&sql).await.unwrap();
}

/// Whether connections that are opened from now on take no writes.
async fn reads_only(raw: &DatabaseConnection, is_on: bool) {
    let setting = if is_on { "SET default_transaction_read_only = on" } else { "RESET default_transaction_read_only" };
    let sql = format!("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I {setting}', current_database()); END $$");
    raw.execute_unprepared(&sql).await.unwrap();
}

/// Another process opens the database, and checks the timeline.
async fn opens(world: &World) {
    let db = Database::open(&world.home.url, Options::default()).await.unwrap();
    let report = db.check_timeline().await.unwrap();
    assert!(matches!(report, Some(TimelineReport::Watched { is_synchronous: false, .. })), "{report:?}");
    db.close().await.unwrap();
}

async fn becomes_another(listener: &mut Listener) {
    loop {
        match listener.next(SOON).await.unwrap() {
            NextEvents::Another => return,
            NextEvents::Events(_) | NextEvents::Quiet => {}
            NextEvents::Expired => panic!("nothing was let go"),
        }
    }
}

async fn a_promotion_begins_one_new_epoch_however_many_find_it(world: World) {
    let raw = world.raw().await;
    opens(&world).await;
    let timeline = number(&raw, KEPT).await;
    assert!(timeline > 0, "the first look keeps it");
    raw.execute_unprepared(COUNT).await.unwrap();
    raw.execute_unprepared(SCHEDULE).await.unwrap();
    let before = world.scope().head().await.unwrap();
    let hubs = Hubs::new(world.db.clone(), registry());
    let mut listener = hubs.listen(world.tenant, Interest::all(LEVELS)).await.unwrap();
    world.stock(MUG, 0, 5).await;
    assert!(matches!(listener.next(SOON).await.unwrap(), NextEvents::Events(_)));

    kept(&raw, timeline + 1, true).await;
    tokio::join!(opens(&world), opens(&world));
    assert_eq!((number(&raw, RENEWALS).await, number(&raw, KEPT).await), (0, timeline), "each commit had waited for a standby");
    assert!(matches!(listener.next(SOON).await.unwrap(), NextEvents::Quiet));

    reads_only(&raw, true).await;
    kept(&raw, timeline + 1, false).await;
    world.db.check_timeline().await.expect("what takes no writes can be read");
    assert_eq!((number(&raw, RENEWALS).await, number(&raw, KEPT).await), (0, timeline + 1), "an epoch begins when it takes them");
    reads_only(&raw, false).await;

    // The last sale was lost, and this process still has the stock after it in memory.
    raw.execute_unprepared("UPDATE stock_level SET on_hand = 1 WHERE on_hand = 5").await.unwrap();
    kept(&raw, timeline + 1, false).await;
    let looks = async { world.db.check_timeline().await.unwrap() };
    tokio::join!(opens(&world), looks, opens(&world));
    opens(&world).await;
    assert_eq!((number(&raw, RENEWALS).await, number(&raw, KEPT).await), (1, timeline), "one of them begins it");
    let after = world.scope().head().await.unwrap();
    assert_ne!(after.epoch, before.epoch);
    assert_eq!(number(&raw, SETS).await, 10_031, "exports begin a set with all rows, behind those of the lost time");
    let refused = world.submit(world.make.adjust(MovementKind::Sale, &[(MUG, 0, -3)])).await.unwrap_err();
    assert_eq!(code_of(&refused), "INSUFFICIENT", "nothing is decided on what was lost");
    timeout(Duration::from_secs(20), becomes_another(&mut listener)).await.expect("whoever follows starts over");
    raw.close().await.unwrap();
}

on_postgres!(a_promotion_begins_one_new_epoch_however_many_find_it);
