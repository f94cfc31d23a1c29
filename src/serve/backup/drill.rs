//! A drill: a backup restored beside the database, proven, and removed again.

use std::time::Duration;

use entity::prelude::Timestamp;
use platform::{
    clock::{Clock, Monotonic},
    secrets,
    storage::{Database, Fault},
    traces::{SpanKind, step},
};
use services::{
    backups::{self, BackupError, BackupId, Backups, LocalLock, Manifest, Reach, RunFacts, TenantHead},
    files::FileLocation,
    insight::verify::{self, Report, StoredPapers},
};

use super::{open::open_existing, restored::prepare_restored, revocations::revocations_start};
use crate::{
    config::{BackupsOf, KeysOf},
    serve::epoch,
};

/// Files of papers of each tenant that a drill reads at most.
const MAX_PAPERS: u32 = 1_000;

/// Results of a drill, also of one that fails.
#[derive(Default)]
pub(super) struct Findings {
    pub facts: RunFacts,
    /// For a person at a terminal.
    pub lines: Vec<String>,
}

/// A backup that a drill has restored.
pub(super) struct DrilledBackup<'a> {
    pub id: &'a BackupId,
    pub manifest: &'a Manifest,
    pub reach: Reach,
    pub began: Monotonic,
    pub restored_in: Duration,
}

/// Drills the backup of this name.
pub(super) async fn run(of: &BackupsOf, name: &str, lock: &LocalLock, found: &mut Findings) -> Result<(), BackupError> {
    let (clock, target) = (Clock::system(), lock.drill_target());
    let began = clock.monotonic();
    let backups = open_existing(of)?;
    let id = backups.find(name).await?;
    found.facts.backup_id = Some(id.to_string());
    // The file is removed when this ends.
    let restored = step("backup.restore", SpanKind::Internal, backups::restore(&backups, &id, &target, None)).await?;
    let restored_in = clock.monotonic().since(began);
    let drilled = DrilledBackup { id: &id, manifest: &restored.manifest, reach: restored.reach, began, restored_in };
    note(&drilled, found);
    let db = prepare_restored(&restored.file, &of.of).await?;
    settle((&backups, of), db, &drilled, found).await
}

/// Notes the facts of the manifest.
pub(super) fn note(drilled: &DrilledBackup<'_>, found: &mut Findings) {
    let (manifest, facts) = (drilled.manifest, &mut found.facts);
    (facts.bytes, facts.files, facts.head) = (Some(manifest.bytes as i64), Some(manifest.files), Some(manifest.head()));
}

/// Proves the restored database, closes it, and notes the time of the restore.
pub(super) async fn settle(
    (backups, of): (&Backups, &BackupsOf),
    db: Database,
    drilled: &DrilledBackup<'_>,
    found: &mut Findings,
) -> Result<(), BackupError> {
    let (clock, DrilledBackup { id, manifest, reach, began, restored_in }) = (Clock::system(), drilled);
    let proven = match step("backup.prove", SpanKind::Internal, proven(&db, (drilled, of), found)).await {
        Ok(()) => Box::pin(repeat_revocations((backups, &of.of), &db, reach.until, found)).await,
        Err(error) => Err(error),
    };
    db.close().await?;
    proven?;
    backups.note_verified(id).await;
    let lost = clock.now().micros().saturating_sub(reach.until) / 1_000_000;
    let all = clock.monotonic().since(*began).as_secs_f64();
    (found.facts.rto_seconds, found.facts.rpo_seconds) = (Some(all.ceil() as i64), Some(lost.max(0)));
    found.lines.push(format!(
        "{id} can be restored: the invariants hold, and the heads of {} tenant(s) are those of its manifest",
        manifest.tenants.len()
    ));
    found.lines.push(format!("RPO {lost} s: commits since then are lost if the database is lost now"));
    let restored_in = restored_in.as_secs_f64();
    found.lines.push(format!("RTO {all:.1} s: {restored_in:.1} s to read and write it, the rest to verify it"));
    Ok(())
}

/// Proves the restored rows as `entrepot verify` does, and compares the heads with those of the manifest.
async fn proven(db: &Database, (drilled, of): (&DrilledBackup<'_>, &BackupsOf), found: &mut Findings) -> Result<(), BackupError> {
    let report = verify::verify(db, |_| ()).await?;
    let width = verify::width();
    let faulty = report.lines.iter().filter(|line| line.broken.is_some() || line.unproven.is_some());
    let faulty: Vec<String> = faulty.map(|line| line.text(width)).collect();
    let is_sound = faulty.is_empty();
    found.facts.is_sound = Some(is_sound);
    found.lines.extend(faulty);
    found.lines.push(report.summary());
    if !is_sound {
        return Err(Fault::Broken(
            "the drill failed: the restored database breaks invariants. Run `entrepot verify` on the database that is served, and restore an older backup next to it"
                .to_owned(),
        )
        .into());
    }
    if !has_manifest_heads(&backups::heads(db).await?, drilled) {
        return Err(Fault::Broken(
            "the drill failed: heads of tenants differ from the manifest. Create another backup, and keep this one for analysis"
                .to_owned(),
        )
        .into());
    }
    papers_proven(db, of, found).await
}

/// Compares the newest stored files of papers with the hashes in the restored rows, if a file store
/// is given. Files that were removed since the backup prove nothing.
async fn papers_proven(db: &Database, of: &BackupsOf, found: &mut Findings) -> Result<(), BackupError> {
    let place = of.files.clone().unwrap_or_else(|| FileLocation::default_for(&of.of.database.database_url));
    let papers = StoredPapers { most: Some(MAX_PAPERS), ..StoredPapers::all(&place) };
    let mut report = Report::default();
    verify::verify_papers(db, papers, &mut report, |_| (), |_| ()).await?;
    let width = verify::width();
    let faulty = report.lines.iter().filter(|line| line.broken.is_some() || line.unproven.is_some());
    found.lines.extend(faulty.map(|line| line.text(width)));
    if !report.is_sound() {
        found.facts.is_sound = Some(false);
        return Err(Fault::Broken(format!(
            "the drill failed: a stored file of a paper in {place} was changed or is missing. Restore it from the files' own copy; `entrepot verify` reads all of them"
        ))
        .into());
    }
    Ok(())
}

/// Repeats the revocations that are listed beside the backups, as a restore does. It comes last,
/// because it writes.
async fn repeat_revocations(
    (backups, keys): (&Backups, &KeysOf),
    db: &Database,
    until: i64,
    found: &mut Findings,
) -> Result<(), BackupError> {
    let listed = backups.revoked_since(revocations_start(Timestamp(until)).micros()).await?;
    if let Some(why) = listed.unreadable.first() {
        return Err(Fault::Broken(format!(
            "the drill failed: {why}. A restore would not repeat the revocations of this list: restore the object from a copy, or remove it and use --revoke-keys with restores from before its day is over"
        ))
        .into());
    }
    if listed.revocations.is_empty() {
        return Ok(());
    }
    let clock = Clock::system();
    let ring = secrets::open(db, &keys.keys.source(&keys.database.database_url), &clock).await?;
    let report = epoch::replay(db, &ring, &clock, &listed).await;
    let report = report.map_err(|error| Fault::Broken(format!("the drill failed: revocations were not repeated: {error}")))?;
    found.lines.extend(report.remarks.iter().cloned());
    found.lines.push(report.summary());
    if report.failed > 0 {
        return Err(Fault::Broken(format!("the drill failed: {} revocation(s) were not repeated", report.failed)).into());
    }
    Ok(())
}

/// Whether the heads are the same, in whichever order: databases sort slugs each by its own collation.
pub(super) fn are_heads_equal(heads: &[TenantHead], wanted: &[TenantHead]) -> bool {
    sorted(heads) == sorted(wanted)
}

fn sorted(heads: &[TenantHead]) -> Vec<(&str, i64)> {
    let mut all: Vec<_> = heads.iter().map(|head| (head.slug.as_str(), head.head)).collect();
    all.sort_unstable();
    all
}

/// Whether the heads are those of the manifest. Segments of the log may advance them, but never
/// move them back; a tenant may be erased in them.
fn has_manifest_heads(heads: &[TenantHead], drilled: &DrilledBackup<'_>) -> bool {
    let wanted = &drilled.manifest.tenants;
    if drilled.reach.segments == 0 {
        return are_heads_equal(heads, wanted);
    }
    wanted.iter().all(|wanted| heads.iter().find(|head| head.slug == wanted.slug).is_none_or(|head| head.head >= wanted.head))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_the_same_in_whichever_order() {
        let head = |slug: &str, head: i64| TenantHead { slug: slug.to_owned(), head };
        let heads = [head("a-z", 3), head("ab", 7)];
        assert!(are_heads_equal(&heads, &[head("ab", 7), head("a-z", 3)]));
        assert!(!are_heads_equal(&heads, &[head("ab", 7), head("a-z", 2)]));
        assert!(!are_heads_equal(&heads, &heads[..1]) && !are_heads_equal(&[], &heads));
    }
}
