//! A drill: a backup restored beside the database, proven, and removed again.

use platform::{
    clock::Clock,
    storage::{Database, Fault},
};
use services::{
    backups::{self, BackupError, LocalLock, Restored, RunFacts, TenantHead},
    insight::verify,
};

use super::{opened, prepared};
use crate::config::BackupsOf;

/// Drills the backup of this name. The facts are those that it came to, also where it fails.
pub(super) async fn run(
    of: &BackupsOf,
    name: &str,
    lock: &LocalLock,
    facts: &mut RunFacts,
    lines: &mut Vec<String>,
) -> Result<(), BackupError> {
    let (clock, target) = (Clock::system(), lock.drill_target());
    let began = clock.monotonic();
    let backups = opened(of)?;
    let id = backups.find(name).await?;
    facts.backup_id = Some(id.to_string());
    // The file is removed when this ends.
    let restored = backups::restore(&backups, &id, &target, None).await?;
    let restored_in = clock.monotonic().since(began);
    let manifest = &restored.manifest;
    (facts.bytes, facts.files, facts.head) = (Some(manifest.bytes as i64), Some(manifest.files), Some(manifest.head()));
    let db = prepared(&restored.file, &of.of).await?;
    let proven = proven(&db, &restored, facts, lines).await;
    db.close().await?;
    proven?;
    backups.note_verified(&id).await?;
    let lost = clock.now().micros().saturating_sub(restored.reach.until) / 1_000_000;
    let all = clock.monotonic().since(began).as_secs_f64();
    (facts.rto_seconds, facts.rpo_seconds) = (Some(all.ceil() as i64), Some(lost.max(0)));
    lines.push(format!(
        "{id} can be restored: the invariants hold, and the heads of {} tenant(s) are those of its manifest",
        manifest.tenants.len()
    ));
    lines.push(format!("RPO {lost} s: what was committed since is lost when the database is gone now"));
    let restored_in = restored_in.as_secs_f64();
    lines.push(format!("RTO {all:.1} s: {restored_in:.1} s to read and write it, the rest to prove it"));
    Ok(())
}

/// Proves the restored rows as `entrepot verify` does, and compares the heads with those of the manifest.
async fn proven(db: &Database, restored: &Restored, facts: &mut RunFacts, lines: &mut Vec<String>) -> Result<(), BackupError> {
    let report = verify::verify(db, |_| ()).await?;
    let width = verify::width();
    let faulty = report.lines.iter().filter(|line| line.broken.is_some() || line.unproven.is_some());
    let faulty: Vec<String> = faulty.map(|line| line.text(width)).collect();
    let is_sound = faulty.is_empty();
    facts.is_sound = Some(is_sound);
    lines.extend(faulty);
    lines.push(report.summary());
    if !is_sound {
        return Err(Fault::Broken(
            "the drill failed: the restored database breaks invariants. Run `entrepot verify` on the database that is served, and restore an older backup beside it"
                .to_owned(),
        )
        .into());
    }
    if !are_those(&backups::heads(db).await?, restored) {
        return Err(Fault::Broken(
            "the drill failed: heads of tenants are not those of the manifest. Make another backup, and keep this one to look into".to_owned(),
        )
        .into());
    }
    Ok(())
}

/// Whether the heads are those of the manifest. Segments of the log bring them on, and none back; a tenant may be erased in them.
fn are_those(heads: &[TenantHead], restored: &Restored) -> bool {
    let wanted = &restored.manifest.tenants;
    if restored.reach.segments == 0 {
        return heads == wanted.as_slice();
    }
    wanted.iter().all(|wanted| heads.iter().find(|head| head.slug == wanted.slug).is_none_or(|head| head.head >= wanted.head))
}
