//! Archived months, and what an erasure does with them.

use std::{fs, path::Path};

use bytes::Bytes;
use entity::prelude::*;
use entrepot::{
    backups::{ArchivedMonth, MonthOutcome, erase_from_months},
    files::FileLocation,
    storage::{Database, Month},
    webhooks::release_month,
};
use parquet::file::reader::{FileReader, SerializedFileReader};
use sea_orm::DatabaseConnection;
use uuid::Uuid;

use super::{OTHER, numbers, part, run_sql};

fn other() -> TenantId {
    TenantId::from_uuid(Uuid::from_u128(3))
}

/// Returns the outcome of a part; None if it is not among them.
pub fn outcome(outcomes: &[(String, MonthOutcome)], part: &str) -> Option<MonthOutcome> {
    outcomes.iter().find(|(name, _)| name == part).map(|(_, outcome)| outcome.clone())
}

/// The rows of an archived month, with the names and values of their columns.
pub fn archived_rows(kept: &Path, archived: &ArchivedMonth) -> Vec<String> {
    let mut rows = Vec::new();
    for file in &archived.files {
        let reader = SerializedFileReader::new(Bytes::from(fs::read(kept.join(&file.name)).unwrap())).unwrap();
        rows.extend(reader.get_row_iter(None).unwrap().map(|row| format!("{:?}", row.unwrap())));
    }
    rows
}

pub fn a_bit_is_turned(file: &Path) {
    let mut bytes = fs::read(file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(file, bytes).unwrap();
}

/// Erases the other company while a month waits to be removed, twice: what its archive is then, and the note of the part. Not beside another run.
pub async fn erase_other(db: &Database, owner: &DatabaseConnection, place: &FileLocation, event: &str) -> ArchivedMonth {
    run_sql(owner, "SELECT pg_advisory_lock(7170159)").await;
    let refused = erase_from_months(db, place, other()).await.unwrap_err().to_string();
    assert!(refused.contains("another archive or erasure"), "{refused}");
    run_sql(owner, "SELECT pg_advisory_unlock(7170159)").await;
    for rows in [30, 0] {
        let erased = erase_from_months(db, place, other()).await.unwrap();
        assert_eq!(erased, rows);
    }
    assert_eq!(numbers(owner, &format!("SELECT count(*) FROM {event} WHERE tenant_id = {OTHER}")).await, [0]);
    serde_json::from_str(&part(db, event).await.unwrap().note.unwrap()).unwrap()
}

/// Files of a run that was ended while it wrote a month may have the tenant's rows. Those of a month that is nowhere else stay.
pub async fn unfinished_files_are_erased(db: &Database, place: &FileLocation, kept: &Path, detached: Month) {
    let write = |folder: &str| {
        fs::create_dir_all(kept.join(folder)).unwrap();
        let file = kept.join(folder).join("00001.parquet");
        fs::write(&file, "PAR1").unwrap();
        file
    };
    let unfinished = write(&format!("archive/webhook_attempt/{detached}"));
    assert_eq!(erase_from_months(db, place, other()).await.unwrap(), 0);
    assert!(!unfinished.exists());
    let lost = write("archive/event/2001-01");
    let refused = erase_from_months(db, place, other()).await.unwrap_err().to_string();
    assert!(refused.contains("archive/event/2001-01 has no manifest.json"), "{refused}");
    fs::remove_file(lost).unwrap();
}

/// A month waits for alerts until its grace is over; then they have come.
pub async fn months_do_not_wait_for_ever(db: &Database, owner: &DatabaseConnection, month: Month) {
    let (from, to) = (Timestamp(month.start()), Timestamp(month.plus(1).start()));
    for (at_all, waiting, low) in [(to.plus_seconds(-1), 1, 0), (to, 0, 7_000)] {
        assert_eq!(release_month(db, from, to, at_all).await.unwrap(), waiting);
        assert_eq!(numbers(owner, "SELECT low_seq FROM tenant_counter").await, [low]);
    }
    run_sql(owner, "UPDATE tenant_counter SET low_seq = 0; UPDATE alert_follower SET journal_seq = 7000").await;
}
