//! Status of a database's hosts, for operators.

use super::failover::Hosts;
use crate::storage::Database;

/// A host of the database, for metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostStatus {
    pub name: String,
    /// Whether connections go there.
    pub is_used: bool,
}

/// Answer of a host to a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostReport {
    pub name: String,
    pub state: HostState,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostState {
    /// Takes writes, and is used.
    Primary,
    /// Takes no writes.
    Standby,
    /// Takes writes too, but is not used.
    Rival,
    /// Does not respond, for this reason.
    Away(String),
}

impl Database {
    /// Returns the hosts of the database, with the one in use; empty for a URL with one host.
    pub fn hosts(&self) -> Vec<HostStatus> {
        let Some(hosts) = self.several_hosts() else { return Vec::new() };
        let primary = hosts.primary();
        let names = hosts.0.names.iter().enumerate();
        names.map(|(host, name)| HostStatus { name: name.clone(), is_used: host == primary.host }).collect()
    }

    /// Queries the state of the database's hosts; empty for a URL with one host.
    pub async fn query_hosts(&self) -> Vec<HostReport> {
        let Some(hosts) = self.several_hosts() else { return Vec::new() };
        let (reports, primary) = (hosts.cluster_reports().await, hosts.primary());
        let mut host_reports = Vec::with_capacity(reports.len());
        for (host, (name, report)) in hosts.0.names.iter().zip(reports).enumerate() {
            let state = match report {
                Ok(report) if report.is_writable && host == primary.host => HostState::Primary,
                Ok(report) if report.is_writable => HostState::Rival,
                Ok(_) => HostState::Standby,
                Err(err) => HostState::Away(err.to_string()),
            };
            host_reports.push(HostReport { name: name.clone(), state });
        }
        host_reports
    }

    fn several_hosts(&self) -> Option<&Hosts> {
        self.connection_pools.as_ref().and_then(|connection_pools| connection_pools.across.login().hosts())
    }
}
