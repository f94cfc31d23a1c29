//! Settings that have no effect without another one. They are warned of and not refused: containers may set them for all processes.

use std::fmt;

use services::backups::ALL_DAYS;

use super::{BackupJobArgs, MetricsArgs};

/// A setting that is given, and the one that it has no effect without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdleSetting {
    pub name: &'static str,
    pub needs: &'static str,
}

impl fmt::Display for IdleSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} has no effect without {}", self.name, self.needs)
    }
}

impl BackupJobArgs {
    /// What is given of a schedule that has no place.
    pub fn idle(&self) -> Vec<IdleSetting> {
        let given = [
            (self.backup_every.is_some(), "--backup-every"),
            (self.backup_drill_every.is_some(), "--backup-drill-every"),
            (self.retention.backup_keep != ALL_DAYS, "--backup-keep"),
        ];
        let idle = given.into_iter().filter(|(is_given, _)| *is_given && self.backups.is_none());
        idle.map(|(_, name)| IdleSetting { name, needs: "--backups" }).collect()
    }
}

impl MetricsArgs {
    /// A token of a listener that is not there.
    pub fn idle(&self) -> Option<IdleSetting> {
        let is_idle = self.metrics_listen.is_none() && self.profile_token().is_some();
        is_idle.then_some(IdleSetting { name: "--profile-token", needs: "--metrics-listen" })
    }
}
