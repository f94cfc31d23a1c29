//! How the hosts of a database are, for those who look after it.

use super::Hosts;
use crate::storage::Database;

/// A host of the database, for metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostStatus {
    pub name: String,
    /// Whether connections go there.
    pub is_used: bool,
}

/// A host as it answers when it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostReport {
    pub name: String,
    pub state: HostState,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostState {
    /// It takes writes, and connections go there.
    Primary,
    /// It takes no writes.
    Standby,
    /// It takes writes, too, and nothing is written to it.
    Rival,
    /// Why it does not answer.
    Away(String),
}

impl Database {
    /// The hosts of the database and which of them is used; none where the URL has one host.
    pub fn hosts(&self) -> Vec<HostStatus> {
        let Some(hosts) = self.several_hosts() else { return Vec::new() };
        let primary = hosts.primary();
        let names = hosts.0.names.iter().enumerate();
        names.map(|(host, name)| HostStatus { name: name.clone(), is_used: host == primary.host }).collect()
    }

    /// Asks the hosts of the database how they are; none where the URL has one host.
    pub async fn ask_hosts(&self) -> Vec<HostReport> {
        let Some(hosts) = self.several_hosts() else { return Vec::new() };
        let (reports, primary) = (hosts.own_reports().await, hosts.primary());
        let mut found = Vec::with_capacity(reports.len());
        for (host, (name, report)) in hosts.0.names.iter().zip(reports).enumerate() {
            let state = match report {
                Ok(report) if report.is_writable && host == primary.host => HostState::Primary,
                Ok(report) if report.is_writable => HostState::Rival,
                Ok(_) => HostState::Standby,
                Err(err) => HostState::Away(err.to_string()),
            };
            found.push(HostReport { name: name.clone(), state });
        }
        found
    }

    fn several_hosts(&self) -> Option<&Hosts> {
        self.doors.as_ref().and_then(|doors| doors.across.login().hosts())
    }
}
