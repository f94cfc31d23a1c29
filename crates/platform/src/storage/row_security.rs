//! Row security on Postgres: the role of a connection, and the tenant that it is bound to; the
//! ledger's connections may be bound to several.
//!
//! Every statement has `tenant_id = $1`, and the database enforces it: a statement without it finds
//! only the rows of the connection's tenant, and a connection that is bound to no tenant finds none
//! (`migration::row_security`).

use migration::row_security;
use sea_orm::DatabaseConnection;

use super::Fault;

/// Row-level security that an operator requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum RowSecurity {
    /// For everything, where the database's login may take on the two roles; else none, and the log says so.
    #[default]
    Auto,
    /// None: only the statements themselves keep tenants apart.
    Off,
    /// For whatever is written, and for everything inside a transaction.
    Writes,
    /// For everything.
    All,
}

/// Time at which a process that works with a database proves that row security holds in it, and
/// that its connections keep their sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RowSecurityProof {
    /// Before it works: it writes into each table, and rolls back.
    #[default]
    AtStart,
    /// Never: this database is a copy, on the same server, of one that was proved.
    Copied,
}

/// Row-level security that is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActiveRowSecurity {
    /// An embedded database: access to the file is access to all rows.
    Embedded,
    /// Not in force, for this reason.
    None(String),
    Writes,
    All,
}

impl ActiveRowSecurity {
    /// Whether connections have roles and are bound.
    pub(super) fn is_enforced(&self) -> bool {
        matches!(self, Self::Writes | Self::All)
    }
}

impl std::fmt::Display for ActiveRowSecurity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Embedded => f.write_str("row-level security: an embedded database has none"),
            Self::None(reason) => write!(f, "row-level security is not in effect: {reason}"),
            Self::Writes => f.write_str("row-level security is in effect for writes; single reads bypass it"),
            Self::All => f.write_str("row-level security is in effect for reads and writes"),
        }
    }
}

/// Returns the row-level security that this database and this login allow.
pub(super) async fn choose(owner: &DatabaseConnection, requested: RowSecurity) -> Result<ActiveRowSecurity, Fault> {
    let active_row_security = match requested {
        RowSecurity::Off => return Ok(ActiveRowSecurity::None("it was switched off".to_owned())),
        RowSecurity::Writes => ActiveRowSecurity::Writes,
        RowSecurity::Auto | RowSecurity::All => ActiveRowSecurity::All,
    };
    match row_security::make_roles(owner).await {
        Ok(()) => Ok(active_row_security),
        Err(err) if requested == RowSecurity::Auto => Ok(ActiveRowSecurity::None(format!(
            "this login may not create its two roles ({err}); run as a login that may: {}",
            row_security::BY_HAND
        ))),
        Err(err) => Err(Fault::Broken(format!(
            "row-level security was requested and this login may not create its two roles ({err}); run as a login that may: {}",
            row_security::BY_HAND
        ))),
    }
}
