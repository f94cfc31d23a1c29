use std::path::PathBuf;

use platform::storage::{Database, Options, Row, ShippingLock, is_shipped};
use sea_orm::sqlx::{self, AssertSqlSafe, ConnectOptions, Connection, sqlite};

use super::*;
use crate::backups::core::segment::pages;

struct Shop {
    _folder: tempfile::TempDir,
    file: PathBuf,
    log: PathBuf,
    connection: sqlite::SqliteConnection,
}

impl Shop {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("shop.sqlite");
        let log = folder.path().join("shop.sqlite-wal");
        let connection = sqlite::SqliteConnectOptions::new()
            .filename(&file)
            .create_if_missing(true)
            .journal_mode(sqlite::SqliteJournalMode::Wal)
            .pragma("wal_autocheckpoint", "0")
            .connect()
            .await
            .unwrap();
        let mut shop = Self { _folder: folder, file, log, connection };
        shop.tell("CREATE TABLE mug (id INTEGER PRIMARY KEY, note TEXT)").await;
        shop
    }

    async fn tell(&mut self, sql: &str) {
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut self.connection).await.unwrap();
    }

    fn start(&self) -> Position {
        Position::start(header(&self.log).unwrap().unwrap())
    }
}

fn batch(next: Next) -> Batch {
    match next {
        Next::Frames(batch) => batch,
        other => panic!("{other:?} instead of frames"),
    }
}

async fn notes(file: &Path) -> Vec<String> {
    let mut connection = sqlite::SqliteConnectOptions::new().filename(file).connect().await.unwrap();
    let notes = sqlx::query_scalar("SELECT note FROM mug ORDER BY id").fetch_all(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    notes
}

#[tokio::test]
async fn frames_make_the_database_again() {
    let mut shop = Shop::open().await;
    let made = batch(next(&shop.log, &shop.start()).unwrap());
    shop.tell("INSERT INTO mug (note) VALUES ('red')").await;
    let red = batch(next(&shop.log, &made.end).unwrap());
    shop.tell("INSERT INTO mug (note) VALUES ('blue')").await;
    let blue = batch(next(&shop.log, &red.end).unwrap());
    assert_eq!(next(&shop.log, &blue.end).unwrap(), Next::Nothing);
    for (batches, expected) in [(vec![&made, &red], vec!["red"]), (vec![&made, &red, &blue], vec!["red", "blue"])] {
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("copy.sqlite");
        let mut file = File::create(&copy).unwrap();
        for batch in batches {
            let bytes = batch.end.header.page_bytes;
            write_pages(&mut file, bytes, pages(bytes, &batch.frames)).unwrap();
            file.set_len(u64::from(batch.pages) * u64::from(bytes)).unwrap();
        }
        drop(file);
        assert_eq!(notes(&copy).await, expected);
    }
}

#[tokio::test]
async fn an_open_transaction_is_not_read() {
    let mut shop = Shop::open().await;
    let end = batch(next(&shop.log, &shop.start()).unwrap()).end;
    // More pages than the cache holds are written before the commit.
    shop.tell("PRAGMA cache_size = 5").await;
    shop.tell(
        "BEGIN; WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
         INSERT INTO mug (note) SELECT hex(zeroblob(500)) FROM n",
    )
    .await;
    assert_eq!(next(&shop.log, &end).unwrap(), Next::Nothing);
    shop.tell("COMMIT").await;
    assert!(batch(next(&shop.log, &end).unwrap()).end.frames > end.frames);
}

#[tokio::test]
async fn a_turned_bit_ends_the_log() {
    let mut shop = Shop::open().await;
    let made = batch(next(&shop.log, &shop.start()).unwrap()).end;
    shop.tell("INSERT INTO mug (note) VALUES ('red')").await;
    let mut bytes = std::fs::read(&shop.log).unwrap();
    let at = made.offset() as usize + FRAME_HEADER_BYTES + 40;
    bytes[at] ^= 1;
    let turned = shop.file.with_extension("turned");
    std::fs::write(&turned, &bytes).unwrap();
    assert_eq!(next(&turned, &made).unwrap(), Next::Nothing);
    bytes[at] ^= 1;
    bytes.truncate(made.offset() as usize + 100);
    std::fs::write(&turned, &bytes).unwrap();
    assert_eq!(next(&turned, &made).unwrap(), Next::Nothing, "cut in the middle of a frame");
}

#[tokio::test]
async fn a_log_begun_anew_is_known_by_its_salts() {
    let mut shop = Shop::open().await;
    let start = shop.start();
    let end = batch(next(&shop.log, &start).unwrap()).end;
    shop.tell("PRAGMA wal_checkpoint(PASSIVE)").await;
    assert_eq!(header(&shop.log).unwrap(), Some(start.header), "the next writer begins it, not the checkpoint");
    shop.tell("INSERT INTO mug (note) VALUES ('red')").await;
    let renewed = header(&shop.log).unwrap().unwrap();
    assert!(renewed.follows(&start.header));
    assert_eq!(next(&shop.log, &end).unwrap(), Next::Nothing, "frames of another log do not count");
    assert!(batch(next(&shop.log, &Position::start(renewed)).unwrap()).end.frames > 0);
    shop.tell("PRAGMA wal_checkpoint(TRUNCATE)").await;
    assert_eq!(header(&shop.log).unwrap(), None);
}

#[tokio::test]
async fn who_ships_a_log_keeps_others_from_checkpointing_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.sqlite");
    let url = format!("sqlite://{}", file.display());
    let checkpoints_by_itself = async || {
        let db = Database::make(&url, Options::default()).await.unwrap();
        let rows = db.global().rows("PRAGMA wal_autocheckpoint", vec![]).await.unwrap();
        let pages: i64 = Row::new(&rows[0]).take().unwrap();
        db.close().await.unwrap();
        pages > 0
    };
    assert!(checkpoints_by_itself().await);
    let lock = ShippingLock::take(&file).unwrap().unwrap();
    assert!(is_shipped(&file) && ShippingLock::take(&file).unwrap().is_none());
    assert!(!checkpoints_by_itself().await);
    lock.note("a long note").unwrap();
    lock.note("a note").unwrap();
    drop(lock);
    assert!(!is_shipped(&file));
    let next = ShippingLock::take(&file).unwrap().unwrap();
    assert_eq!(next.noted().unwrap(), "a note");
}
