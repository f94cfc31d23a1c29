//! Reading the write-ahead log beside a database that is in use.
//!
//! SQLite takes no locks on FILE-wal, so it may be opened and closed as often as one likes. FILE itself may not: when a process closes any descriptor of it,
//! the system drops all locks that SQLite has there ("How To Corrupt An SQLite Database File", section 2.2).

use std::{
    fs::File,
    io::{self, BufReader, ErrorKind, Read, Seek, SeekFrom, Write},
    path::Path,
};

use super::core::{
    segment::MAX_FRAME_BYTES,
    wal::{FRAME_HEADER_BYTES, HEADER_BYTES, LogHeader, Position},
};

/// Size at which a batch ends with the current transaction.
const BATCH_BYTES: usize = 4 << 20;
const BUFFER_BYTES: usize = 256 << 10;

/// Frames of whole transactions: the number of each page and its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    pub frames: Vec<u8>,
    /// Position after the last frame.
    pub end: Position,
    /// Pages of the database after these transactions.
    pub pages: u32,
}

/// Content of the log after a position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    Nothing,
    Frames(Batch),
    /// The log was restarted while it was read.
    Renewed,
}

/// Reads the header of the log; `None` if the log does not exist or is empty.
pub fn header(log: &Path) -> io::Result<Option<LogHeader>> {
    match File::open(log) {
        Ok(mut file) => read_header(&mut file),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn read_header(file: &mut impl Read) -> io::Result<Option<LogHeader>> {
    let mut bytes = [0; HEADER_BYTES];
    match file.read_exact(&mut bytes) {
        Ok(()) => Ok(LogHeader::parse(&bytes)),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads the transactions after a position: some megabytes, or one larger transaction.
pub fn next(log: &Path, from: &Position) -> io::Result<Next> {
    let mut file = match File::open(log) {
        Ok(file) => BufReader::with_capacity(BUFFER_BYTES, file),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Next::Nothing),
        Err(error) => return Err(error),
    };
    file.seek(SeekFrom::Start(from.offset()))?;
    let (mut at, mut frames, mut frame) = (*from, Vec::new(), vec![0; from.header.frame_bytes()]);
    let mut last_whole: Option<(usize, Position, u32)> = None;
    loop {
        match file.read_exact(&mut frame) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => break,
            Err(error) => return Err(error),
        }
        let Some(facts) = at.step(&frame) else { break };
        frames.extend_from_slice(&facts.page.to_be_bytes());
        frames.extend_from_slice(&frame[FRAME_HEADER_BYTES..]);
        if facts.pages_after > 0 {
            last_whole = Some((frames.len(), at, facts.pages_after));
            if frames.len() >= BATCH_BYTES {
                break;
            }
        }
        if frames.len() > MAX_FRAME_BYTES {
            return Err(io::Error::other("a transaction has more than a gibibyte"));
        }
    }
    let Some((length, end, pages)) = last_whole else { return Ok(Next::Nothing) };
    // Overwritten frames have other salts, unless the header is not written yet: it is written
    // first.
    if header(log)? != Some(from.header) {
        return Ok(Next::Renewed);
    }
    frames.truncate(length);
    Ok(Next::Frames(Batch { frames, end, pages }))
}

/// Writes pages into a closed database, and cuts it to `pages` pages.
pub fn write_pages<'a>(
    output: &mut (impl Write + Seek),
    page_bytes: u32,
    pages: impl Iterator<Item = (u32, &'a [u8])>,
) -> io::Result<()> {
    for (number, page) in pages {
        output.seek(SeekFrom::Start(u64::from(number.saturating_sub(1)) * u64::from(page_bytes)))?;
        output.write_all(page)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use platform::storage::{Database, Options, Row, ShippingLock, is_shipped};
    use sea_orm::sqlx::{self, AssertSqlSafe, ConnectOptions, Connection, sqlite};

    use super::*;
    use crate::backups::core::segment::pages;

    struct TestDatabase {
        _folder: tempfile::TempDir,
        file: PathBuf,
        log: PathBuf,
        connection: sqlite::SqliteConnection,
    }

    impl TestDatabase {
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
            shop.execute_sql("CREATE TABLE mug (id INTEGER PRIMARY KEY, note TEXT)").await;
            shop
        }

        async fn execute_sql(&mut self, sql: &str) {
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
        let mut shop = TestDatabase::open().await;
        let made = batch(next(&shop.log, &shop.start()).unwrap());
        shop.execute_sql("INSERT INTO mug (note) VALUES ('red')").await;
        let red = batch(next(&shop.log, &made.end).unwrap());
        shop.execute_sql("INSERT INTO mug (note) VALUES ('blue')").await;
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
        let mut shop = TestDatabase::open().await;
        let end = batch(next(&shop.log, &shop.start()).unwrap()).end;
        // More pages than the cache holds are written before the commit.
        shop.execute_sql("PRAGMA cache_size = 5").await;
        shop.execute_sql(
            "BEGIN; WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
             INSERT INTO mug (note) SELECT hex(zeroblob(500)) FROM n",
        )
        .await;
        assert_eq!(next(&shop.log, &end).unwrap(), Next::Nothing);
        shop.execute_sql("COMMIT").await;
        assert!(batch(next(&shop.log, &end).unwrap()).end.frames > end.frames);
    }

    #[tokio::test]
    async fn a_turned_bit_ends_the_log() {
        let mut shop = TestDatabase::open().await;
        let made = batch(next(&shop.log, &shop.start()).unwrap()).end;
        shop.execute_sql("INSERT INTO mug (note) VALUES ('red')").await;
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
        let mut shop = TestDatabase::open().await;
        let start = shop.start();
        let end = batch(next(&shop.log, &start).unwrap()).end;
        shop.execute_sql("PRAGMA wal_checkpoint(PASSIVE)").await;
        assert_eq!(header(&shop.log).unwrap(), Some(start.header), "the next writer begins it, not the checkpoint");
        shop.execute_sql("INSERT INTO mug (note) VALUES ('red')").await;
        let renewed = header(&shop.log).unwrap().unwrap();
        assert!(renewed.follows(&start.header));
        assert_eq!(next(&shop.log, &end).unwrap(), Next::Nothing, "frames of another log do not count");
        assert!(batch(next(&shop.log, &Position::start(renewed)).unwrap()).end.frames > 0);
        shop.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)").await;
        assert_eq!(header(&shop.log).unwrap(), None);
    }

    #[tokio::test]
    async fn a_log_that_was_large_is_cut_where_nothing_is_read_any_more() {
        const JOURNAL_SIZE_LIMIT: u64 = 64 << 10;
        let mut shop = TestDatabase::open().await;
        let size = |log: &Path| std::fs::metadata(log).unwrap().len();
        shop.execute_sql(&format!("PRAGMA journal_size_limit = {JOURNAL_SIZE_LIMIT}")).await;
        shop.execute_sql(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
             INSERT INTO mug (note) SELECT hex(zeroblob(500)) FROM n",
        )
        .await;
        let large = size(&shop.log);
        assert!(large > 4 * JOURNAL_SIZE_LIMIT, "{large}");
        let mut end = shop.start();
        while let Next::Frames(batch) = next(&shop.log, &end).unwrap() {
            end = batch.end;
        }
        assert_eq!(end.offset(), large, "all of it was read");
        shop.execute_sql("PRAGMA wal_checkpoint(PASSIVE)").await;
        assert_eq!(size(&shop.log), large, "a checkpoint cuts nothing");
        shop.execute_sql("INSERT INTO mug (note) VALUES ('red')").await;
        assert_eq!(size(&shop.log), JOURNAL_SIZE_LIMIT);
        assert_eq!(next(&shop.log, &end).unwrap(), Next::Nothing, "what was read ended behind the end of the file");
        let renewed = Position::start(header(&shop.log).unwrap().unwrap());
        let red = batch(next(&shop.log, &renewed).unwrap()).end;
        shop.execute_sql("INSERT INTO mug (note) VALUES ('blue')").await;
        assert!(batch(next(&shop.log, &red).unwrap()).end.frames > red.frames);
    }

    #[tokio::test]
    async fn a_database_keeps_64_mib_of_its_log() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("shop.sqlite").display());
        let db = Database::make(&url, Options::default()).await.unwrap();
        let rows = db.global().rows("PRAGMA journal_size_limit", vec![]).await.unwrap();
        assert_eq!(Row::scalar::<i64>(&rows[0]).unwrap(), 64 << 20);
        db.close().await.unwrap();
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
        assert_eq!(next.read_note().unwrap(), "a note");
    }
}
