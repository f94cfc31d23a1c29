//! Generations: a backup of the database's file with its log, after which a chain of segments
//! begins.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    time::Duration,
};

use entity::prelude::*;
use platform::clock;

use super::{
    segment_chain::Stream,
    shipper::{RETRY_INTERVAL, ROUND_INTERVAL, Shipper, monotonic, record_failure},
};
use crate::backups::{
    core::{
        sealed::DataKey,
        segment::pages,
        wal::{LogHeader, Position},
    },
    file::{LocalCopy, LocalLock},
    id::BackupId,
    shell::{
        BackupError,
        log::{BackupLog, RunFacts},
        run::{CompletedBackup, Source, backup_copy, new_key},
    },
    wal::{self, Next, write_pages},
};

/// Age at which a generation ends, in microseconds, if another one exists.
const MAX_GENERATION_AGE_MICROS: i64 = 24 * 3600 * 1_000_000;
/// Bytes of the file that are copied at once, and the pause between two pieces: at most 64 MiB/s.
const PIECE_BYTES: usize = 1 << 20;
const PACE: Duration = Duration::from_millis(16);
/// Time until another generation is tried where the place or the disk did not take one: each try is a row in the log of backups.
const GENERATION_RETRY_INTERVAL: Duration = Duration::from_mins(1);

impl Shipper {
    /// Begins a generation whenever there is none, and another one each day.
    pub(super) async fn run_generations(&self) {
        loop {
            if self.needs_generation() {
                match Box::pin(self.begin()).await {
                    Ok(()) => {}
                    Err(BackupError::Busy | BackupError::Locked { .. }) => {
                        tracing::info!("another backup is being made; a generation of the log begins after it");
                        clock::sleep(RETRY_INTERVAL).await;
                    }
                    Err(error) => {
                        record_failure("no generation of the log could be started", &error);
                        self.delay_after_fault(&error);
                        let is_transient = matches!(error, BackupError::LogLost | BackupError::LogRenewed);
                        clock::sleep(if is_transient { RETRY_INTERVAL } else { GENERATION_RETRY_INTERVAL }).await;
                    }
                }
            }
            clock::sleep(ROUND_INTERVAL).await;
        }
    }

    fn needs_generation(&self) -> bool {
        let state = self.state.borrow();
        let age = self.clock.now().micros().saturating_sub(state.begun_at);
        let is_pausing = state.mistrust.is_pausing(monotonic(&self.clock));
        !is_pausing
            && state.next_stream.is_none()
            && (state.current.is_none() || age >= MAX_GENERATION_AGE_MICROS)
            && self.spool.has_room()
    }

    /// Makes the backup that a generation begins with. Commits during the backup are in its
    /// segments.
    async fn begin(&self) -> Result<(), BackupError> {
        let lock = LocalLock::take(&self.settings.file)?.ok_or(BackupError::Busy)?;
        let log = BackupLog::new(self.db.clone(), self.clock.clone());
        let row = log.begin(&lock, BackupKind::Backup, &self.settings.place).await?;
        let id = BackupId::new(&self.clock);
        let completed = match self.release_stale_lock(&id).await {
            Ok(()) => self.backups.with_lock(&id, Box::pin(self.store(&lock, &id))).await,
            Err(error) => Err(error),
        };
        self.state.borrow_mut().is_copying = false;
        let (facts, outcome) = match self.replace_generation(&id, completed) {
            Ok(completed) => (run_facts(&completed), Ok(())),
            Err(error) => (RunFacts::default(), Err(error)),
        };
        if let Some(row) = row {
            log.end(row, facts, &outcome).await?;
        }
        outcome?;
        // The schedule counts a generation as a backup, and so makes none of its own that would
        // prune.
        if let Err(error) = self.backups.prune(self.settings.all_days).await {
            record_failure("old backups could not be removed", &error);
        }
        Ok(())
    }

    /// Takes the location's lock from a killed generation of this database. Its process has ended,
    /// since its lock on this machine is free.
    async fn release_stale_lock(&self, id: &BackupId) -> Result<(), BackupError> {
        let disk_error = |error: io::Error| BackupError::Disk(self.settings.file.display().to_string(), error);
        if let Some(earlier) = BackupId::parse(&self.lock.read_note().map_err(disk_error)?) {
            self.backups.unlock(&earlier).await?;
        }
        self.lock.note(id.as_str()).map_err(disk_error)
    }

    async fn store(&self, lock: &LocalLock, id: &BackupId) -> Result<CompletedBackup, BackupError> {
        let copy = LocalCopy::place(lock)?;
        let key = new_key(&self.backups);
        let taken_at = self.copy_database(id, &key, &copy).await?;
        let source = Source { lock, options: self.settings.options, version: self.settings.version };
        let completed = backup_copy(&self.backups, &source, (id, &key), &copy.path, taken_at).await?;
        self.read_back(id).await?;
        Ok(completed)
    }

    /// Replaces the current generation by the new one, unless the new chain is broken already.
    fn replace_generation(
        &self,
        id: &BackupId,
        completed: Result<CompletedBackup, BackupError>,
    ) -> Result<CompletedBackup, BackupError> {
        let mut state = self.state.borrow_mut();
        let not_kept = state.not_kept.take();
        let coming = state.next_stream.take().filter(|stream| stream.id == *id);
        match (completed, coming) {
            (Ok(completed), Some(stream)) => {
                (state.current, state.begun_at) = (Some(stream), id.at().micros());
                tracing::info!(generation = %id, "a generation of the log can be restored");
                Ok(completed)
            }
            (Ok(_), None) => Err(not_kept.map_or(BackupError::LogLost, BackupError::NotKept)),
            (Err(error), _) => {
                if state.current.is_none() {
                    state.give_up();
                }
                Err(error)
            }
        }
    }

    /// Copies the file while no checkpoint changes it, then applies all frames of its log to the
    /// copy. The chain begins after them.
    async fn copy_database(&self, id: &BackupId, key: &DataKey, copy: &LocalCopy) -> Result<Timestamp, BackupError> {
        let disk_error = |error: io::Error| BackupError::Disk(copy.path.display().to_string(), error);
        self.state.borrow_mut().is_copying = true;
        let (before, checkpoints) = (wal::header(&self.log).map_err(disk_error)?, self.state.borrow().checkpoints);
        let is_whole = self.is_whole_in_file(before).map_err(disk_error)?;
        let mut file = File::options().write(true).create_new(true).open(&copy.path).map_err(disk_error)?;
        let mut database_file = self.main;
        database_file.seek(SeekFrom::Start(0)).map_err(disk_error)?;
        let mut buffer = vec![0; PIECE_BYTES];
        loop {
            let count = database_file.read(&mut buffer).map_err(disk_error)?;
            if count == 0 {
                break;
            }
            file.write_all(&buffer[..count]).map_err(disk_error)?;
            clock::sleep(PACE).await;
        }
        // From here to the end no other task of this thread runs.
        if !self.round_or_fail() {
            return Err(BackupError::LogLost);
        }
        let is_known = match (before, wal::header(&self.log).map_err(disk_error)?) {
            (None, _) => true,
            // The whole earlier log was in the file when its copy began, and nothing was moved there since.
            (Some(before), Some(after)) => {
                after == before || (is_whole && self.state.borrow().checkpoints == checkpoints && after.follows(&before))
            }
            (Some(_), None) => false,
        };
        if !is_known {
            return Err(BackupError::LogRenewed);
        }
        let mut state = self.state.borrow_mut();
        let last_position = state.position.filter(|_| state.current.is_some());
        state.position = self.write_log(&mut file, last_position).map_err(disk_error)?;
        // It is read and removed by this process: it need not survive a power cut, and to write it out would keep this thread from the log.
        state.next_stream = Some(Stream { id: id.clone(), key: key.for_segments(), number: 0, previous: String::new() });
        state.is_copying = false;
        Ok(self.clock.now())
    }

    /// Whether the last checkpoint has moved all frames of this log into the file: none was added since, as happens where a reader from before keeps SQLite
    /// from beginning the log anew.
    fn is_whole_in_file(&self, header: Option<LogHeader>) -> io::Result<bool> {
        let Some((whole, frames)) = self.state.borrow().whole_log else { return Ok(false) };
        if header != Some(whole) {
            return Ok(false);
        }
        let mut at = Position::start(whole);
        while let Next::Frames(batch) = wal::next(&self.log, &at)? {
            at = batch.end;
        }
        Ok(at.frames == frames)
    }

    /// Applies the log's frames to a copy, up to a position, or to the last transaction. Returns
    /// the end position; `None` if there is no log.
    fn write_log(&self, file: &mut File, last_position: Option<Position>) -> io::Result<Option<Position>> {
        let Some(header) = wal::header(&self.log)? else { return Ok(last_position) };
        if last_position.is_some_and(|last_position| last_position.header != header) {
            // The next log has begun since the last checkpoint, and has no commits.
            return Ok(last_position);
        }
        let mut at = Position::start(header);
        while last_position.is_none_or(|last_position| at.frames < last_position.frames) {
            let batch = match wal::next(&self.log, &at)? {
                Next::Nothing => break,
                Next::Renewed => return Err(io::Error::other("the log was restarted")),
                Next::Frames(batch) => batch,
            };
            if last_position.is_some_and(|last_position| batch.end.frames > last_position.frames) {
                return Err(io::Error::other("the log was written to after it was read"));
            }
            write_pages(file, header.page_bytes, pages(header.page_bytes, &batch.frames))?;
            file.set_len(u64::from(batch.pages) * u64::from(header.page_bytes))?;
            at = batch.end;
        }
        Ok(Some(at))
    }
}

fn run_facts(completed: &CompletedBackup) -> RunFacts {
    RunFacts {
        backup_id: Some(completed.id.to_string()),
        bytes: i64::try_from(completed.bytes).ok(),
        stored_bytes: i64::try_from(completed.stored).ok(),
        files: Some(completed.files.all),
        head: Some(completed.head),
        ..RunFacts::default()
    }
}
