//! Options of the connections to a database.

use super::{RowSecurity, RowSecurityProof};

/// Options of a database's connections; the default numbers suit one node on a small machine.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    pub readers: u32,
    pub writers: u32,
    pub row_security: RowSecurity,
    pub row_security_proof: RowSecurityProof,
    pub ledger_plans: LedgerPlans,
    /// ID of the process that copies the deployment, which distinguishes its own connections from
    /// others.
    pub copier: Option<uuid::Uuid>,
    /// Whether this process ships SQLite's write-ahead log, and so orders each checkpoint.
    pub ships_log: bool,
}
impl Default for Options {
    fn default() -> Self {
        Self {
            readers: 8,
            writers: 8,
            row_security: RowSecurity::default(),
            row_security_proof: RowSecurityProof::default(),
            ledger_plans: LedgerPlans::default(),
            copier: None,
            ships_log: false,
        }
    }
}
impl Options {
    /// Name of the connections in Postgres.
    pub(super) fn application(&self) -> String {
        self.copier.map_or_else(|| "entrepot".to_owned(), |copier| format!("entrepot copy {copier}"))
    }
}

/// Planning of the statements of the ledger's lanes in Postgres.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum LedgerPlans {
    /// Once, for whatever values, where this login may say so; else as the server sees fit, and the
    /// log says so.
    #[default]
    Auto,
    /// Once, for whatever values; a server that refuses ends the start.
    Generic,
    /// As the server sees fit.
    Server,
}
