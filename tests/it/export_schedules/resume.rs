//! Workers that die during an export, and events that are written meanwhile: no row is missing, and
//! none is written twice.

use std::{collections::BTreeSet, fs, time::Duration};

use entrepot::{
    export_schedules::shell::restart_schedules,
    storage::{Reads, Row},
};
use parquet::record::Field;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::place::{ask_run, daily, folder, manifests, objects, read_schedule, rows_of, run_schedule, service};
use crate::{
    authorization::world::World,
    costing::world::Books,
    jobs::{Works, wait_until},
    purchasing::office::accepted,
    world::on_both,
};

on_both!(
    each_movement_is_written_once_however_often_the_worker_dies,
    a_run_whose_manifest_is_there_is_not_written_again,
    what_a_dead_worker_has_left_half_done_is_replaced,
    one_moment_has_one_run_however_many_look,
    after_a_restore_no_file_of_the_lost_time_is_taken_for_a_run,
);

/// The (seq, line) of each row of a set, after a check that none is there twice.
fn written(world: &World, id: &str, set: &str) -> BTreeSet<(i64, i64)> {
    let there = objects(&folder(world, id));
    let mut seen = BTreeSet::new();
    for row in manifests(&there, set).iter().flat_map(|manifest| rows_of(&there, manifest)) {
        let (Field::Long(seq), Field::Long(line)) = (&row["seq"], &row["line"]) else { panic!("{row:?}") };
        assert!(seen.insert((*seq, *line)), "{seq} {line} is there twice");
    }
    seen
}

async fn each_movement_is_written_once_however_often_the_worker_dies(world: &World) {
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "2.00").await;
    let id = daily(&books.office, json!({})).await;
    for round in 0..6 {
        books.receive(&mug, 1, "2.00").await;
        accepted(&ask_run(&books.office, &id, false).await, "exportSchedule");
        service(world).enqueue_due().await.unwrap();
        let works = Works::begin(world);
        sleep(Duration::from_millis(round * 25)).await;
        works.kill().await;
        // Long enough for the lease to expire, and for the pause after a worker's death.
        world.advance_clock(600);
    }
    let works = Works::begin(world);
    // A job whose workers have died several times is not retried; the next due time posts another
    // one.
    wait_until("a run to end", async || {
        world.advance_clock(60);
        accepted(&ask_run(&books.office, &id, false).await, "exportSchedule");
        service(world).enqueue_due().await.unwrap();
        let now = read_schedule(&books.office, &id).await;
        !now["throughSeq"].is_null() && now["isRunning"] == false
    })
    .await;
    let through = run_schedule(&books.office, &id, false).await["throughSeq"].as_i64().unwrap();
    works.kill().await;
    let once = written(world, &id, "set=000001");
    let works = Works::begin(world);
    run_schedule(&books.office, &id, true).await;
    works.kill().await;
    // Hours have passed, so movements of holds that expired may come between the two.
    let all: BTreeSet<_> = written(world, &id, "set=000002").into_iter().filter(|(seq, _)| *seq <= through).collect();
    assert_eq!(once, all, "all there is, once");
}

async fn a_run_whose_manifest_is_there_is_not_written_again(world: &World) {
    let works = Works::begin(world);
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "2.00").await;
    books.receive(&mug, 5, "2.00").await;
    let id = daily(&books.office, json!({})).await;
    let first = run_schedule(&books.office, &id, false).await;
    let before = objects(&folder(world, &id));
    works.kill().await;
    // As if the worker had died after writing the manifest and before recording it.
    let to = &first["throughSeq"];
    let plan = json!({ "set": 1, "generation": 0, "from": 0, "to": to, "is_whole": true, "sections": [], "files": [] });
    let sql = format!("UPDATE export_schedule SET through_seq = NULL, run_plan = '{plan}' WHERE name = 'Lake'");
    world.as_owner(&[sql.as_str()]).await;
    books.receive(&mug, 7, "2.00").await;
    let works = Works::begin(world);
    let again = run_schedule(&books.office, &id, false).await;
    assert_eq!((&again["throughSeq"], &again["set"]), (to, &json!(1)), "what is told holds");
    assert_eq!(objects(&folder(world, &id)), before);
    run_schedule(&books.office, &id, false).await;
    let there = objects(&folder(world, &id));
    let [_, increment]: [Value; 2] = manifests(&there, "set=000001").try_into().unwrap();
    assert_eq!((&increment["fromSeq"], rows_of(&there, &increment).len()), (to, 1));
    works.kill().await;
}

async fn what_a_dead_worker_has_left_half_done_is_replaced(world: &World) {
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "2.00").await;
    let id = daily(&books.office, json!({})).await;
    books.receive(&mug, 5, "2.00").await;
    // A run up to the last event, with one of its files already written with other bytes.
    let to = number(world, "SELECT max(seq) FROM event WHERE tenant_id = $1").await;
    let plan = json!({ "set": 1, "generation": 0, "from": 0, "to": to, "is_whole": true, "sections": [], "files": [] });
    let sql = format!("UPDATE export_schedule SET set_number = 1, generation = 0, run_plan = '{plan}' WHERE name = 'Lake'");
    world.as_owner(&[sql.as_str()]).await;
    let file = folder(world, &id).join(format!("movements/set=000001/{:020}-{to:020}-0001.parquet", 0));
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, b"half").unwrap();
    books.receive(&mug, 7, "2.00").await;
    let works = Works::begin(world);
    let first = run_schedule(&books.office, &id, false).await;
    assert_eq!(first["throughSeq"], to, "the range of a run stays as it was");
    let before = written(world, &id, "set=000001");
    run_schedule(&books.office, &id, false).await;
    assert_eq!(written(world, &id, "set=000001").len(), before.len() + 1);
    works.kill().await;
}

async fn one_moment_has_one_run_however_many_look(world: &World) {
    let books = Books::of(world).await;
    let id = daily(&books.office, json!({})).await;
    let exports = service(world);
    assert_eq!(exports.enqueue_due().await.unwrap(), 0, "its hour has not come");
    world.advance_clock(10 * 86_400);
    let (a, b) = tokio::join!(exports.enqueue_due(), exports.enqueue_due());
    assert_eq!((a.unwrap() + b.unwrap(), exports.enqueue_due().await.unwrap()), (1, 0), "missed moments are made up once");
    world.advance_clock(86_400);
    assert_eq!(exports.enqueue_due().await.unwrap(), 1);
    // A clock that is a month ahead posts a run, and sets the next one a month ahead: that is not waited for.
    world.advance_clock(30 * 86_400);
    assert_eq!(exports.enqueue_due().await.unwrap(), 1);
    world.advance_clock(-30 * 86_400);
    assert_eq!((exports.enqueue_due().await.unwrap(), exports.enqueue_due().await.unwrap()), (1, 0));
    let jobs = number(world, "SELECT count(*) FROM job WHERE tenant_id = $1 AND kind = 'export.run'").await;
    assert_eq!(jobs, 1, "the job that waits is the one of all moments");
    let works = Works::begin(world);
    wait_until("its run to end", async || !read_schedule(&books.office, &id).await["throughSeq"].is_null()).await;
    works.kill().await;
}

async fn after_a_restore_no_file_of_the_lost_time_is_taken_for_a_run(world: &World) {
    let works = Works::begin(world);
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "2.00").await;
    books.receive(&mug, 5, "2.00").await;
    let id = daily(&books.office, json!({})).await;
    run_schedule(&books.office, &id, false).await;
    let lost = objects(&folder(world, &id));
    works.kill().await;
    // The backup is of before the run, whose files are in the bucket.
    let sql = "UPDATE export_schedule SET set_number = 0, generation = NULL, through_seq = NULL WHERE name = 'Lake'";
    world.as_owner(&[sql]).await;
    let work = world.node.db.global().maintenance_for(world.ours.owner.tenant).await.unwrap();
    assert!(restart_schedules(&work).await.unwrap() >= 1);
    work.commit().await.unwrap();
    books.receive(&mug, 7, "2.00").await;
    let works = Works::begin(world);
    assert_eq!(run_schedule(&books.office, &id, false).await["set"], 1_001);
    let there = objects(&folder(world, &id));
    assert!(lost.iter().all(|(name, bytes)| there.get(name) == Some(bytes)), "the files of the lost time are as they were");
    assert!(written(world, &id, "set=001001").len() > written(world, &id, "set=000001").len(), "all rows are in the new set");
    works.kill().await;
}

async fn number(world: &World, sql: &str) -> i64 {
    let rows = world.node.db.tenant(world.ours.owner.tenant).rows(sql, vec![]).await.unwrap();
    Row::new(&rows[0]).take().unwrap()
}
