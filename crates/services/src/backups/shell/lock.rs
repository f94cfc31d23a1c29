//! One run at a time in a location, across machines.

use std::{future::Future, pin::pin, time::Duration};

use bytes::Bytes;
use entity::prelude::Timestamp;
use platform::clock;

use super::{BackupError, Backups};
use crate::backups::{core::manifest::sanitize_text, id::BackupId};

const LOCK_OBJECT: &str = "lock";
/// Time after which the lock of a run that does not renew it is free, in microseconds.
const LOCK_TIMEOUT_MICROS: u64 = 10 * 60 * 1_000_000;
/// Interval at which a run renews its lock.
const RENEWAL_INTERVAL: Duration = Duration::from_mins(1);

impl Backups {
    /// Runs work under the lock, which is renewed meanwhile. A run that has lost the lock ends.
    pub(super) async fn with_lock<T>(
        &self,
        id: &BackupId,
        work: impl Future<Output = Result<T, BackupError>>,
    ) -> Result<T, BackupError> {
        self.lock(id).await?;
        let outcome = {
            let mut work = pin!(work);
            loop {
                tokio::select! {
                    outcome = &mut work => break outcome,
                    () = clock::sleep(RENEWAL_INTERVAL) => if let Err(error) = self.renew(id).await { break Err(error) },
                }
            }
        };
        if let Err(error) = self.unlock(id).await {
            tracing::warn!(%error, "the backup lock could not be removed: it blocks other runs for ten minutes");
        }
        outcome
    }

    fn lock_text(&self, id: &BackupId) -> Bytes {
        format!("{}\n{id}", self.clock.now().micros()).into()
    }

    async fn lock(&self, id: &BackupId) -> Result<(), BackupError> {
        if self.store.create(LOCK_OBJECT, self.lock_text(id)).await? {
            return Ok(());
        }
        let lock_note = self.read_note(LOCK_OBJECT).await?.unwrap_or_default();
        let (since, holder) = lock_note.split_once('\n').unwrap_or((&lock_note, "unknown"));
        let since: i64 = since.parse().unwrap_or_default();
        // A lock from far in the future, by a wrong clock, blocks no run either.
        if self.clock.now().micros().abs_diff(since) < LOCK_TIMEOUT_MICROS {
            let until = clock::rfc3339(Timestamp(since.saturating_add_unsigned(LOCK_TIMEOUT_MICROS)));
            return Err(BackupError::Locked { by: sanitize_text(holder), until });
        }
        Ok(self.store.put_bytes(LOCK_OBJECT, self.lock_text(id)).await?)
    }

    /// Whether this run has the lock.
    async fn is_ours(&self, id: &BackupId) -> Result<bool, BackupError> {
        let lock_note = self.read_note(LOCK_OBJECT).await?.unwrap_or_default();
        Ok(lock_note.split_once('\n').is_some_and(|(_, holder)| holder == id.as_str()))
    }

    /// Renews the lock; fails if another run has taken it over.
    pub(super) async fn renew(&self, id: &BackupId) -> Result<(), BackupError> {
        if !self.is_ours(id).await? {
            return Err(BackupError::TakenOver);
        }
        Ok(self.store.put_bytes(LOCK_OBJECT, self.lock_text(id)).await?)
    }

    /// Releases the lock, unless another run has taken it over.
    pub(super) async fn unlock(&self, id: &BackupId) -> Result<(), BackupError> {
        if self.is_ours(id).await? {
            self.store.remove(LOCK_OBJECT).await?;
        }
        Ok(())
    }
}
