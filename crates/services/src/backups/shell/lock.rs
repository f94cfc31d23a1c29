//! One run at a time in a place, from whichever machine.

use std::{future::Future, pin::pin, time::Duration};

use bytes::Bytes;
use entity::prelude::Timestamp;
use platform::clock;

use super::{BackupError, Backups};
use crate::backups::{core::manifest::plain, id::BackupId};

const LOCK: &str = "lock";
/// How long a run that renews nothing keeps others out, in microseconds.
const SILENCE_MICROS: u64 = 10 * 60 * 1_000_000;
/// How often a run renews its lock.
const RENEWED_EVERY: Duration = Duration::from_mins(1);

impl Backups {
    /// Does the work of a run with the lock, which is renewed meanwhile. A run that has lost it ends.
    pub(super) async fn locked<T>(
        &self,
        id: &BackupId,
        work: impl Future<Output = Result<T, BackupError>>,
    ) -> Result<T, BackupError> {
        self.lock(id).await?;
        let done = {
            let mut work = pin!(work);
            loop {
                tokio::select! {
                    done = &mut work => break done,
                    () = clock::sleep(RENEWED_EVERY) => if let Err(error) = self.renew(id).await { break Err(error) },
                }
            }
        };
        if let Err(error) = self.unlock(id).await {
            tracing::warn!(%error, "the lock of the backups could not be removed: it keeps others out for ten minutes");
        }
        done
    }

    fn lock_text(&self, id: &BackupId) -> Bytes {
        format!("{}\n{id}", self.clock.now().micros()).into()
    }

    async fn lock(&self, id: &BackupId) -> Result<(), BackupError> {
        if self.store.create(LOCK, self.lock_text(id)).await? {
            return Ok(());
        }
        let held = self.note(LOCK).await?.unwrap_or_default();
        let (since, by) = held.split_once('\n').unwrap_or((&held, "unknown"));
        let since: i64 = since.parse().unwrap_or_default();
        // One from far in the future, by a wrong clock, keeps nobody out either.
        if self.clock.now().micros().abs_diff(since) < SILENCE_MICROS {
            let until = clock::rfc3339(Timestamp(since.saturating_add_unsigned(SILENCE_MICROS)));
            return Err(BackupError::Locked { by: plain(by), until });
        }
        Ok(self.store.put_bytes(LOCK, self.lock_text(id)).await?)
    }

    /// Whether this run has the lock.
    async fn is_ours(&self, id: &BackupId) -> Result<bool, BackupError> {
        let held = self.note(LOCK).await?.unwrap_or_default();
        Ok(held.split_once('\n').is_some_and(|(_, by)| by == id.as_str()))
    }

    /// Says that the run goes on, or fails where another one has taken over.
    pub(super) async fn renew(&self, id: &BackupId) -> Result<(), BackupError> {
        if !self.is_ours(id).await? {
            return Err(BackupError::TakenOver);
        }
        Ok(self.store.put_bytes(LOCK, self.lock_text(id)).await?)
    }

    /// Lets others in. A lock that another run has taken over stays.
    pub(super) async fn unlock(&self, id: &BackupId) -> Result<(), BackupError> {
        if self.is_ours(id).await? {
            self.store.remove(LOCK).await?;
        }
        Ok(())
    }
}
