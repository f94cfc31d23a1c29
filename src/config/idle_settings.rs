//! Settings that have no effect without another one. They are warned of and not refused: containers may set them for all processes.

use std::fmt;

use services::backups::ALL_DAYS;

use super::{BackupJobArgs, MetricsArgs};

/// A setting that is given, and the one that it has no effect without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnusedSetting {
    pub name: &'static str,
    pub needs: &'static str,
}

impl fmt::Display for UnusedSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} has no effect without {}", self.name, self.needs)
    }
}

impl BackupJobArgs {
    /// Returns the backup flags that have no effect without `--backups`.
    pub fn find_unused(&self) -> Vec<UnusedSetting> {
        let settings = [
            (self.backup_every.is_some(), "--backup-every"),
            (self.backup_drill_every.is_some(), "--backup-drill-every"),
            (self.retention.backup_keep != ALL_DAYS, "--backup-keep"),
        ];
        let idle = settings.into_iter().filter(|(is_given, _)| *is_given && self.backups.is_none());
        idle.map(|(_, name)| UnusedSetting { name, needs: "--backups" }).collect()
    }
}

impl MetricsArgs {
    /// A token of a listener that is not there.
    pub fn find_unused(&self) -> Option<UnusedSetting> {
        let is_idle = self.metrics_listen.is_none() && self.profile_token().is_some();
        is_idle.then_some(UnusedSetting { name: "--profile-token", needs: "--metrics-listen" })
    }
}
