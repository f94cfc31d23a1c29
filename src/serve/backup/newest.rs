//! A restore of the newest point, where the newest backup is damaged.

use std::path::Path;

use entity::prelude::Timestamp;
use platform::{clock, storage::Fault};
use services::backups::{self, BackupError, Backups};

use super::restored::finish;
use crate::{
    config::Epoch,
    serve::{StartError, print_stdout},
};

/// Restores the newest backup that is whole, and prints the skipped backups and the loss.
pub(super) async fn restore_newest_intact(backups: &Backups, target: &Path, epoch: Epoch) -> Result<(), StartError> {
    let intact = backups::restore_newest_undamaged(backups, target).await?;
    let until = intact.restored.reach.until;
    let line = (!intact.passed_over.is_empty()).then(|| lost_commits_line(intact.newest, until));
    for reason in &intact.passed_over {
        print_stdout(&format!("skipped: {reason}"))?;
    }
    finish(intact.restored, &intact.id, target, epoch).await?;
    if let Some(line) = line {
        print_stdout(&line)?;
    }
    Ok(())
}

/// Returns a line about the commits that a restore to a moment before the newest one loses.
fn lost_commits_line(newest: i64, until: i64) -> String {
    let (from, to) = (clock::rfc3339(Timestamp(until)), clock::rfc3339(Timestamp(newest)));
    format!(
        "{} s are lost with the newest backup: the commits after {from}, up to {to} and later",
        whole_seconds(newest.saturating_sub(until))
    )
}

/// Whole seconds of a time in microseconds, a part of one counted as one.
fn whole_seconds(micros: i64) -> i64 {
    micros.max(0).saturating_add(999_999) / 1_000_000
}

/// The damage of the newest backup, and the backup that can be restored instead. An older one is
/// never restored without a request: later commits would be lost, and another copy of the place may
/// still have the missing part.
pub(super) async fn explain_damage(backups: &Backups, damage: BackupError) -> BackupError {
    if !damage.is_damage() {
        return damage;
    }
    let next = backups.next_point(&damage).await;
    match next {
        Ok(Some((next, behind))) => {
            let (reach_text, lost_seconds) = (clock::rfc3339(Timestamp(next.reach)), whole_seconds(behind));
            let hint = format!(
                "With --newest-whole, the newest complete one is restored, at best {} as of {reach_text}: {lost_seconds} s are lost",
                next.id
            );
            Fault::Broken(format!("{damage}. {hint}")).into()
        }
        // No other backup exists, or the place is gone by now: only the damage is reported.
        Ok(None) | Err(_) => damage,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_second_that_is_lost_counts_as_one() {
        assert_eq!([-5, 0, 1, 1_000_000, 1_000_001].map(whole_seconds), [0, 0, 1, 1, 2]);
        let line = lost_commits_line(1_795_467_600_000_000, 1_795_467_540_000_000);
        assert!(line.starts_with("60 s are lost") && line.contains("after 2026-11-23T20:59:00"), "{line}");
    }
}
