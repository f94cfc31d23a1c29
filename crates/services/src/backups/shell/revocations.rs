//! Lists of revocations beside the backups: a restore repeats the revocations that are newer than
//! the backup.

use std::collections::{BTreeSet, HashSet};

use platform::{
    secrets::OpenError,
    storage::{Database, Fault},
};

use super::{BackupError, Backups};
use crate::{
    backups::{
        core::{
            manifest::sanitize_text,
            revocation::{
                MAX_LIST_BYTES, MAX_LISTED, Revocation, by_day, day_of, list_text, listed_revocations, may_cover, unlisted_since,
            },
        },
        revocation_rows,
    },
    files::StoreError,
};

/// Folder of the lists in the backup location.
const FOLDER: &str = "revocations";
/// A revocation has the time at which its transaction began to write: one that commits up to this
/// much later is still found.
const MAX_COMMIT_DELAY_MICROS: i64 = 3600 * 1_000_000;
/// Retention of lists, and age of the oldest revocations that the first process lists.
const RETENTION_MICROS: i64 = 400 * 24 * 3600 * 1_000_000;

/// Revocations that a process has seen in the lists, so that it reads the backup location only for
/// new ones.
#[derive(Debug, Clone, Default)]
pub struct ListedRevocations {
    /// Time before which all revocations are listed, in microseconds since 1970 UTC; `None` before
    /// the location was read.
    since: Option<i64>,
    /// Listed revocations after that time.
    listed: HashSet<Revocation>,
}

impl ListedRevocations {
    /// Whether the lists of the location have to be read first.
    pub fn is_new(&self) -> bool {
        self.since.is_none()
    }

    /// Begins where the lists of the location end.
    ///
    /// # Errors
    /// The location cannot be read.
    pub async fn begin(&mut self, backups: &Backups) -> Result<(), BackupError> {
        let lists = backups.revocation_lists().await?;
        let now = backups.clock.now().micros();
        let oldest = now.saturating_sub(RETENTION_MICROS);
        self.since = Some(unlisted_since(lists.iter().map(String::as_str), oldest, now));
        Ok(())
    }

    /// Returns the revocations of the database that no list has; none if a migration is missing
    /// that their search needs.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn unlisted_revocations(&self, db: &Database) -> Result<Vec<Revocation>, Fault> {
        let global = db.global();
        let Some(since) = self.since else { return Ok(Vec::new()) };
        if !revocation_rows::are_indexed(&global).await? {
            return Ok(Vec::new());
        }
        let mut revocations = revocation_rows::revoked_since(&global, since).await?;
        revocations.retain(|revocation| !self.listed.contains(revocation));
        Ok(revocations)
    }

    /// Records revocations that were found and are listed; `checked_at` is a time before the search.
    /// The `added` ones are searched again, since another process that wrote the same list at the
    /// same time may have overwritten it.
    pub fn record_listed(&mut self, revocations: &[Revocation], added: &BTreeSet<Revocation>, checked_at: i64) {
        let settled_until = checked_at.saturating_sub(MAX_COMMIT_DELAY_MICROS).max(self.since.unwrap_or_default());
        let since = added.first().map_or(settled_until, |earliest| settled_until.min(earliest.at));
        self.since = Some(since);
        self.listed.extend(revocations.iter().filter(|revocation| !added.contains(revocation)));
        self.listed.retain(|revocation| revocation.at >= since);
    }
}

/// Content of the revocation lists of a backup location.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RevocationsSince {
    /// The earlier ones first.
    pub revocations: BTreeSet<Revocation>,
    /// Lists that could not be read, with the reasons.
    pub unreadable: Vec<String>,
}

impl Backups {
    /// Returns the names of the lists: their days, some with a suffix.
    async fn revocation_lists(&self) -> Result<Vec<String>, BackupError> {
        let names = self.store.names_under(FOLDER).await?;
        let list_names = names.iter().filter_map(|name| name.strip_prefix(FOLDER)?.strip_prefix('/'));
        Ok(list_names.filter(|list| day_of(list).is_some()).map(ToOwned::to_owned).collect())
    }

    /// Reads a list; empty if it does not exist. The inner error is the reason why it cannot be
    /// read.
    async fn revocation_list(&self, list: &str) -> Result<Result<BTreeSet<Revocation>, String>, BackupError> {
        let name = format!("{FOLDER}/{list}");
        let sealed = match self.store.get(&name, MAX_LIST_BYTES).await {
            Ok(Some(sealed)) => sealed,
            Ok(None) => return Ok(Err(format!("it has more than {MAX_LIST_BYTES} bytes"))),
            Err(StoreError::Missing) => return Ok(Ok(BTreeSet::new())),
            Err(error) => return Err(error.into()),
        };
        let outcome = match self.keys.open(&name, &sealed) {
            Ok(text) => listed_revocations(&text).ok_or_else(|| "it is of a newer version, or no list of revocations".to_owned()),
            Err(open_error) => Err(sanitized_reason(&open_error)),
        };
        Ok(outcome)
    }

    async fn put_revocation_list(&self, list: &str, revocations: &BTreeSet<Revocation>) -> Result<(), BackupError> {
        let name = format!("{FOLDER}/{list}");
        let mut nonce = [0; 12];
        self.clock.fill(&mut nonce);
        let sealed = self.keys.seal(&name, list_text(revocations).as_bytes(), nonce);
        let sealed = sealed.ok_or_else(|| Fault::Broken("a list of revocations could not be sealed".to_owned()))?;
        Ok(self.store.put_bytes(&name, sealed.into()).await?)
    }

    /// Adds revocations to the lists of their days, and returns those that were in no list. A list
    /// that cannot be read stays unchanged, and another list of its day is written.
    ///
    /// # Errors
    /// The location cannot be read or written to.
    pub async fn list_revocations(&self, revocations: &[Revocation]) -> Result<BTreeSet<Revocation>, BackupError> {
        let (lists, mut added) = (self.revocation_lists().await?, BTreeSet::new());
        for (day, mut missing) in by_day(revocations) {
            let day_lists: Vec<&String> = lists.iter().filter(|list| list.starts_with(&day)).collect();
            let mut open_list = None;
            for list in &day_lists {
                match self.revocation_list(list).await? {
                    Ok(listed) => {
                        missing.retain(|revocation| !listed.contains(revocation));
                        if listed.len() < MAX_LISTED {
                            open_list = Some(((*list).clone(), listed));
                        }
                    }
                    Err(reason) => {
                        tracing::warn!(list = %sanitize_text(list), why = %reason, "a list of revocations cannot be read");
                    }
                }
            }
            added.extend(missing.iter().copied());
            let mut next_list = open_list.unwrap_or_else(|| {
                let name = if day_lists.is_empty() { day.clone() } else { self.additional_list_name(&day) };
                (name, BTreeSet::new())
            });
            while !missing.is_empty() {
                let (name, mut list) = next_list;
                while list.len() < MAX_LISTED
                    && let Some(revocation) = missing.pop_first()
                {
                    list.insert(revocation);
                }
                self.put_revocation_list(&name, &list).await?;
                next_list = (self.additional_list_name(&day), BTreeSet::new());
            }
        }
        Ok(added)
    }

    /// Returns a name for another list of a day.
    fn additional_list_name(&self, day: &str) -> String {
        let mut tail = [0; 4];
        self.clock.fill(&mut tail);
        format!("{day}-{}", hex::encode(tail))
    }

    /// Returns the listed revocations after a time in microseconds.
    ///
    /// # Errors
    /// The backup location cannot be read.
    pub async fn revoked_since(&self, after: i64) -> Result<RevocationsSince, BackupError> {
        let mut result = RevocationsSince::default();
        for list in self.revocation_lists().await? {
            if !day_of(&list).is_some_and(|day_start| may_cover(day_start, after)) {
                continue;
            }
            match self.revocation_list(&list).await? {
                Ok(listed) => result.revocations.extend(listed.into_iter().filter(|revocation| revocation.at >= after)),
                Err(reason) => result.unreadable.push(format!("{FOLDER}/{}: {reason}", sanitize_text(&list))),
            }
        }
        Ok(result)
    }

    /// Removes the lists of days that are older than every backup, and than 400 days.
    pub(super) async fn prune_revocations(&self, oldest_backup: Option<i64>) -> Result<(), BackupError> {
        let oldest = self.clock.now().micros().saturating_sub(RETENTION_MICROS);
        let before = oldest_backup.unwrap_or(oldest).min(oldest);
        for list in self.revocation_lists().await? {
            if !day_of(&list).is_some_and(|day_start| may_cover(day_start, before)) {
                self.store.remove(&format!("{FOLDER}/{list}")).await?;
            }
        }
        Ok(())
    }
}

/// Returns the reason why a list does not open. Text of the object itself is escaped for terminals.
fn sanitized_reason(error: &OpenError) -> String {
    match error {
        OpenError::UnknownKey(key) => format!("it is sealed under the key {}, which is not given", sanitize_text(key)),
        OpenError::Broken(key) => {
            format!("it was changed, or the given key {} is a different one of that name", sanitize_text(key))
        }
        OpenError::NotSealed => "it is not sealed".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::backups::core::revocation::RevocationKind;

    #[test]
    fn what_was_added_is_looked_for_once_more() {
        let key = Revocation {
            at: 10 * MAX_COMMIT_DELAY_MICROS,
            revoked: RevocationKind::ApiKey,
            tenant: Uuid::nil(),
            id: Uuid::nil(),
        };
        let mut known = ListedRevocations::default();
        known.record_listed(&[key], &BTreeSet::from([key]), 20 * MAX_COMMIT_DELAY_MICROS);
        assert_eq!(known.since, Some(key.at), "a later look finds it");
        assert!(!known.listed.contains(&key), "and does not take it for listed");
        known.record_listed(&[key], &BTreeSet::new(), 20 * MAX_COMMIT_DELAY_MICROS + 1);
        assert_eq!(known.since, Some(19 * MAX_COMMIT_DELAY_MICROS + 1));
    }
}
