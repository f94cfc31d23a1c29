//! Inserts of a row whose key may have a row already: `Work::upsert` and `Work::insert_or_ignore`.

use entity::{
    prelude::*,
    record::{Record, TableRecord},
    tables::{job, number_pattern, paper_settings},
};
use entrepot::storage::{Finds, Reads, Work};
use uuid::Uuid;

use crate::{catalog::world::World, world::on_both};

on_both!(
    an_upsert_inserts_a_row_or_updates_all_of_it,
    an_upsert_of_some_columns_leaves_the_others,
    a_row_that_is_there_is_ignored,
    a_row_that_another_unique_index_refuses_is_ignored,
    a_row_of_another_tenant_is_refused,
);

async fn begin(world: &World) -> Work {
    world.db.tenant(world.owner.tenant).begin().await.unwrap()
}

fn pattern(tenant_id: TenantId, from_number: i64, pattern: &str) -> number_pattern::Model {
    let (kind, pattern) = ("order_number".to_owned(), pattern.to_owned());
    number_pattern::Model { tenant_id, kind, from_number, pattern, created_at: Timestamp(from_number) }
}

/// All rows of a table, ordered by a column.
async fn rows<R: TableRecord + Send>(work: &Work, order: &str) -> Vec<R> {
    let sql = format!("SELECT {} FROM {} t WHERE t.tenant_id = $1 ORDER BY t.{order}", R::select("t"), R::TABLE);
    work.records::<R>(&sql, vec![]).await.unwrap()
}

async fn an_upsert_inserts_a_row_or_updates_all_of_it(world: &World) {
    let work = begin(world).await;
    let (first, second) = (pattern(work.tenant(), 1, "A-{n:4}"), pattern(work.tenant(), 9, "B-{n:4}"));
    work.upsert(first.clone()).await.unwrap();
    work.upsert(second.clone()).await.unwrap();
    assert_eq!(rows::<number_pattern::Model>(&work, "from_number").await, [first.clone(), second.clone()]);

    let changed = number_pattern::Model { pattern: "C-{n:6}".to_owned(), created_at: Timestamp(30), ..first };
    work.upsert(changed.clone()).await.unwrap();
    assert_eq!(rows::<number_pattern::Model>(&work, "from_number").await, [changed, second]);

    // A null takes the place of a value.
    for logo in [Some(vec![1, 2]), None] {
        let row =
            paper_settings::Model { tenant_id: work.tenant(), body: "{}".to_owned(), logo, version: 1, updated_at: Timestamp(1) };
        work.upsert(row.clone()).await.unwrap();
        assert_eq!(rows::<paper_settings::Model>(&work, "version").await, [row]);
    }
    work.rollback().await.unwrap();
}

/// Settings without their logo.
#[derive(Record)]
#[record(of = paper_settings)]
struct Body {
    body: String,
    version: i64,
    updated_at: Timestamp,
}

async fn an_upsert_of_some_columns_leaves_the_others(world: &World) {
    let work = begin(world).await;
    let tenant_id = work.tenant();
    let row = |version: i64, logo: Option<Vec<u8>>| {
        let (body, updated_at) = (format!("{{\"n\":{version}}}"), Timestamp(version));
        paper_settings::Model { tenant_id, body, logo, version, updated_at }
    };
    let body = |version: i64| {
        let row = row(version, None);
        Body { body: row.body, version: row.version, updated_at: row.updated_at }
    };
    work.upsert(body(1)).await.unwrap();
    assert_eq!(rows::<paper_settings::Model>(&work, "version").await, [row(1, None)], "the default");
    work.upsert(row(2, Some(vec![7]))).await.unwrap();
    work.upsert(body(3)).await.unwrap();
    assert_eq!(rows::<paper_settings::Model>(&work, "version").await, [row(3, Some(vec![7]))]);
    work.rollback().await.unwrap();
}

async fn a_row_that_is_there_is_ignored(world: &World) {
    let work = begin(world).await;
    let (first, second) = (pattern(work.tenant(), 1, "A-{n:4}"), pattern(work.tenant(), 9, "B-{n:4}"));
    assert!(work.insert_or_ignore(first.clone()).await.unwrap(), "it is inserted");
    assert!(work.insert_or_ignore(second.clone()).await.unwrap(), "another key is another row");
    let other = number_pattern::Model { pattern: "C-{n:6}".to_owned(), ..first.clone() };
    assert!(!work.insert_or_ignore(other).await.unwrap(), "its key has a row");
    assert_eq!(rows::<number_pattern::Model>(&work, "from_number").await, [first, second]);
    work.rollback().await.unwrap();
}

fn standing(tenant_id: TenantId, number: u128) -> job::Model {
    job::Model {
        tenant_id,
        id: JobId::from_uuid(Uuid::from_u128(number)),
        kind: "upserts.standing".to_owned(),
        period: Some(1_000),
        payload: "{}".to_owned(),
        state: "WAITING".to_owned(),
        due_at: Timestamp(1),
        owner: None,
        token: 0,
        beat: 0,
        failures: 0,
        started_at: None,
        finished_at: None,
        error: None,
        fault: None,
        created_at: Timestamp(1),
        deaths: 0,
    }
}

async fn a_row_that_another_unique_index_refuses_is_ignored(world: &World) {
    let work = begin(world).await;
    let (first, second) = (standing(work.tenant(), 1), standing(work.tenant(), 2));
    assert!(work.insert_or_ignore(first.clone()).await.unwrap());
    assert!(!work.insert_or_ignore(second.clone()).await.unwrap(), "of a kind there is one standing job");
    assert!(rows::<job::Model>(&work, "id").await.contains(&first));
    assert!(!rows::<job::Model>(&work, "id").await.contains(&second));
    work.rollback().await.unwrap();
}

async fn a_row_of_another_tenant_is_refused(world: &World) {
    let work = begin(world).await;
    let row = pattern(TenantId::from_uuid(Uuid::from_u128(9)), 1, "A-{n:4}");
    for fault in [work.upsert(row.clone()).await.unwrap_err(), work.insert_or_ignore(row).await.unwrap_err()] {
        assert!(fault.to_string().contains("a row of another tenant"), "{fault}");
    }
    assert!(rows::<number_pattern::Model>(&work, "from_number").await.is_empty());
    work.rollback().await.unwrap();
}
