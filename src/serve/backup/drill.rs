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
    backups::{self, BackupError, BackupId, Backups, LocalLock, Manifest, ReachedPoint, RunFacts, TenantHead},
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
    pub reach: ReachedPoint,
    pub start: Monotonic,
    pub restored_in: Duration,
}

/// Drills the backup of this name.
pub(super) async fn run(args: &BackupsOf, name: &str, lock: &LocalLock, findings: &mut Findings) -> Result<(), BackupError> {
    let (clock, target) = (Clock::system(), lock.drill_target()?);
    let started_at = clock.monotonic();
    let backups = open_existing(args)?;
    let id = backups.find(name).await?;
    findings.facts.backup_id = Some(id.to_string());
    // The file is removed when this ends.
    let restored = step("backup.restore", SpanKind::Internal, backups::restore(&backups, &id, &target, None)).await?;
    let restored_in = clock.monotonic().since(started_at);
    let backup = DrilledBackup { id: &id, manifest: &restored.manifest, reach: restored.reach, start: started_at, restored_in };
    record_manifest_facts(&backup, findings);
    let db = prepare_restored(&restored.file, &args.of).await?;
    prove_and_close((&backups, args), db, &backup, findings).await
}

/// Notes the facts of the manifest.
pub(super) fn record_manifest_facts(backup: &DrilledBackup<'_>, findings: &mut Findings) {
    let (manifest, facts) = (backup.manifest, &mut findings.facts);
    (facts.bytes, facts.files, facts.head) = (Some(manifest.bytes as i64), Some(manifest.files), Some(manifest.head()));
}

/// Proves the restored database, closes it, and notes the time of the restore.
pub(super) async fn prove_and_close(
    (backups, args): (&Backups, &BackupsOf),
    db: Database,
    backup: &DrilledBackup<'_>,
    findings: &mut Findings,
) -> Result<(), BackupError> {
    let (clock, DrilledBackup { id, manifest, reach, start: started_at, restored_in }) = (Clock::system(), backup);
    let proof = match step("backup.prove", SpanKind::Internal, prove_rows(&db, (backup, args), findings)).await {
        Ok(()) => Box::pin(repeat_revocations((backups, &args.of), &db, reach.until, findings)).await,
        Err(error) => Err(error),
    };
    db.close().await?;
    proof?;
    backups.note_verified(id).await;
    let total_seconds = clock.monotonic().since(*started_at).as_secs_f64();
    // The loss at the time at which the drill chose the backup: commits that are shipped meanwhile do not count.
    let chosen_at = clock.now().micros().saturating_sub((total_seconds * 1e6) as i64);
    let lost_seconds = chosen_at.saturating_sub(reach.until).max(0) / 1_000_000;
    (findings.facts.rto_seconds, findings.facts.rpo_seconds) = (Some(total_seconds.ceil() as i64), Some(lost_seconds));
    findings.lines.push(format!(
        "{id} can be restored: the invariants hold, and the heads of {} tenant(s) are those of its manifest",
        manifest.tenants.len()
    ));
    findings
        .lines
        .push(format!("RPO {lost_seconds} s: commits of that time would have been lost with the database when the drill began"));
    let restored_in = restored_in.as_secs_f64();
    findings.lines.push(format!("RTO {total_seconds:.1} s: {restored_in:.1} s to read and write it, the rest to verify it"));
    Ok(())
}

/// Proves the restored rows as `entrepot verify` does, and compares the heads with those of the manifest.
async fn prove_rows(
    db: &Database,
    (backup, args): (&DrilledBackup<'_>, &BackupsOf),
    findings: &mut Findings,
) -> Result<(), BackupError> {
    let report = verify::verify(db, |_| ()).await?;
    let width = verify::invariant_width();
    let faulty_lines = report.lines.iter().filter(|line| line.broken.is_some() || line.unproven.is_some());
    let faulty_lines: Vec<String> = faulty_lines.map(|line| line.text(width)).collect();
    let is_sound = faulty_lines.is_empty();
    findings.facts.is_sound = Some(is_sound);
    findings.lines.extend(faulty_lines);
    findings.lines.push(report.summary());
    if !is_sound {
        return Err(Fault::Broken(
            "the drill failed: the restored database breaks invariants. Run `entrepot verify` on the database that is served, and restore an older backup next to it"
                .to_owned(),
        )
        .into());
    }
    if !has_manifest_heads(&backups::heads(db).await?, backup) {
        return Err(Fault::Broken(
            "the drill failed: heads of tenants differ from the manifest. Create another backup, and keep this one for analysis"
                .to_owned(),
        )
        .into());
    }
    prove_papers(db, args, findings).await
}

/// Compares the newest stored files of papers with the hashes in the restored rows, if a file store
/// is given. Files that were removed since the backup prove nothing.
async fn prove_papers(db: &Database, args: &BackupsOf, findings: &mut Findings) -> Result<(), BackupError> {
    let location = args.files.clone().unwrap_or_else(|| FileLocation::default_for(&args.of.database.database_url));
    let papers = StoredPapers { most: Some(MAX_PAPERS), ..StoredPapers::all(&location) };
    let mut report = Report::default();
    verify::verify_papers(db, papers, &mut report, |_| (), |_| ()).await?;
    let width = verify::invariant_width();
    let faulty_lines = report.lines.iter().filter(|line| line.broken.is_some() || line.unproven.is_some());
    findings.lines.extend(faulty_lines.map(|line| line.text(width)));
    if !report.is_sound() {
        findings.facts.is_sound = Some(false);
        return Err(Fault::Broken(format!(
            "the drill failed: a stored file of a paper in {location} was changed or is missing. Restore it from the files' own copy; `entrepot verify` reads all of them"
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
    findings: &mut Findings,
) -> Result<(), BackupError> {
    let revoked = backups.revoked_since(revocations_start(Timestamp(until)).micros()).await?;
    if let Some(reason) = revoked.unreadable.first() {
        return Err(Fault::Broken(format!(
            "the drill failed: {reason}. A restore would not repeat the revocations of this list: restore the object from a copy, or remove it and use --revoke-keys with restores from before its day is over"
        ))
        .into());
    }
    if revoked.revocations.is_empty() {
        return Ok(());
    }
    let clock = Clock::system();
    let ring = secrets::open(db, &keys.keys.source(&keys.database.database_url), &clock).await?;
    let report = epoch::replay(db, &ring, &clock, &revoked).await;
    let report = report.map_err(|error| Fault::Broken(format!("the drill failed: revocations were not repeated: {error}")))?;
    findings.lines.extend(report.remarks.iter().cloned());
    findings.lines.push(report.summary());
    if report.failed > 0 {
        return Err(Fault::Broken(format!("the drill failed: {} revocation(s) were not repeated", report.failed)).into());
    }
    Ok(())
}

/// Whether the heads are the same, in whichever order: databases sort slugs each by its own collation.
pub(super) fn are_heads_equal(heads: &[TenantHead], expected: &[TenantHead]) -> bool {
    sorted_heads(heads) == sorted_heads(expected)
}

fn sorted_heads(heads: &[TenantHead]) -> Vec<(&str, i64)> {
    let mut pairs: Vec<_> = heads.iter().map(|head| (head.slug.as_str(), head.head)).collect();
    pairs.sort_unstable();
    pairs
}

/// Whether the heads are those of the manifest. Segments of the log may advance them, but never
/// move them back; a tenant may be erased in them.
fn has_manifest_heads(heads: &[TenantHead], backup: &DrilledBackup<'_>) -> bool {
    let expected = &backup.manifest.tenants;
    if backup.reach.segments == 0 {
        return are_heads_equal(heads, expected);
    }
    expected
        .iter()
        .all(|expected| heads.iter().find(|head| head.slug == expected.slug).is_none_or(|head| head.head >= expected.head))
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
