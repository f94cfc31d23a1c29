//! Row security on Postgres: which role a connection has, and which tenant it is bound to; the ledger's may be bound to several.
//!
//! Every statement says `tenant_id = $1`; row security is kept by the database: a statement that forgets it finds the rows of the
//! tenant that its connection is bound to, and a connection that is bound to nobody finds none (`migration::row_security`).

use entity::{
    prelude::TenantId,
    record::{Record, Selected},
};
use migration::row_security;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};

use super::{Database, Fault, Row, Unwritable, Work};

/// What an operator asks for.
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

/// When a process that works with a database makes sure that row security holds in it, and that its connections keep their sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RowSecurityProof {
    /// Before it works: it writes into each table, and undoes it.
    #[default]
    AtStart,
    /// Never: it is proven of the database that this one is a copy of, on the same server.
    Copied,
}

/// What stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActiveRowSecurity {
    /// An embedded database: whoever can open the file has it all.
    Embedded,
    /// Not there, and why.
    None(String),
    Writes,
    All,
}

impl ActiveRowSecurity {
    /// Whether connections have roles and are bound.
    pub(super) fn stands(&self) -> bool {
        matches!(self, Self::Writes | Self::All)
    }
}

impl std::fmt::Display for ActiveRowSecurity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Embedded => f.write_str("row-level security: an embedded database has none"),
            Self::None(why) => write!(f, "row-level security does not stand: {why}"),
            Self::Writes => f.write_str("row-level security stands for writes; single reads pass by it"),
            Self::All => f.write_str("row-level security stands for reads and writes"),
        }
    }
}

/// What can stand on this database for this login.
pub(super) async fn choose(owner: &DatabaseConnection, asked: RowSecurity) -> Result<ActiveRowSecurity, Fault> {
    let active_row_security = match asked {
        RowSecurity::Off => return Ok(ActiveRowSecurity::None("it was switched off".to_owned())),
        RowSecurity::Writes => ActiveRowSecurity::Writes,
        RowSecurity::Auto | RowSecurity::All => ActiveRowSecurity::All,
    };
    match row_security::make_roles(owner).await {
        Ok(()) => Ok(active_row_security),
        Err(err) if asked == RowSecurity::Auto => Ok(ActiveRowSecurity::None(format!(
            "this login may not make its two roles ({err}); whoever may can: {}",
            row_security::BY_HAND
        ))),
        Err(err) => Err(Fault::Broken(format!(
            "row-level security was asked for and this login may not make its two roles ({err}); whoever may can: {}",
            row_security::BY_HAND
        ))),
    }
}

impl Database {
    /// What keeps tenants apart in the database itself.
    pub fn active_row_security(&self) -> &ActiveRowSecurity {
        &self.active_row_security
    }

    /// Makes sure that row security holds where it is said to: every table has its policy, the roles could not pass by them, a connection that is
    /// bound to nobody indeed finds nothing, and one that is bound to a tenant, or to a list, indeed writes their rows and no other's: it tries, and
    /// undoes it. A fault says what is wrong; what is answered is advice.
    pub async fn prove_row_security(&self) -> Result<Option<String>, Fault> {
        if self.active_row_security == ActiveRowSecurity::Embedded {
            return Ok(None);
        }
        let (login, commands) = self.login().await?;
        if !self.active_row_security.stands() {
            return match commands {
                Commands::Tables => Ok(None),
                Commands::Nothing => Err(Fault::Broken(format!(
                    "the login {login} owns no tables and may not take on the roles that do their work: GRANT entrepot_app, entrepot_steward TO {login}"
                ))),
            };
        }
        let gaps = row_security::gaps(&self.owner).await?;
        if let Some(first) = gaps.first() {
            return Err(Fault::Broken(format!(
                "row-level security has {} gap(s), the first: {first}; run `entrepot migrate` with the login that owns the tables",
                gaps.len()
            )));
        }
        self.prove_reads().await?;
        if let Some(unproven) = self.prove_writes().await? {
            return Ok(Some(unproven));
        }
        Ok((commands == Commands::Tables).then(|| {
            format!("the login {login} could lay its role down and pass by the policies: a login that owns nothing and is a member of entrepot_app and entrepot_steward is safer")
        }))
    }

    /// Looks through a connection of requests that is bound to nobody.
    async fn prove_reads(&self) -> Result<(), Fault> {
        let unbound = format!("SELECT {}", UnboundRow::SELECT);
        let rows = self.reader.query(Statement::from_string(DbBackend::Postgres, unbound)).await?;
        let UnboundRow { role, seen } = Row::new(rows.first().ok_or_else(nothing)?).record()?;
        if role == row_security::APP && seen == 0 {
            return Ok(());
        }
        Err(Fault::Broken(format!(
            "row-level security does not hold: a connection came as {role} and sees {seen} tenants without being bound to one; \
             does a pooler in between drop the option `role`?"
        )))
    }

    /// Writes a row of the bound tenant, which must pass, and one of another tenant, which must not, into every table that requests may add to,
    /// and undoes both. What is answered says why it could not be tried.
    async fn prove_writes(&self) -> Result<Option<String>, Fault> {
        let work = self.tenant(TenantId::from_uuid(BOUND)).begin().await?;
        let tried = work.try_row_security().await;
        work.rollback().await?;
        match tried {
            Ok(()) => Ok(None),
            Err(fault) if fault.unwritable() == Some(Unwritable::ReadOnly) => {
                Ok(Some("row-level security could not be proved by a write: the database is read-only just now".to_owned()))
            }
            Err(Fault::Database(err)) => Err(Fault::Broken(format!("row-level security does not hold: {err}"))),
            Err(fault) => Err(fault),
        }
    }

    /// The login of the URL, and what it commands without a role.
    async fn login(&self) -> Result<(String, Commands), Fault> {
        let sql = format!(
            "SELECT {} FROM pg_roles u, pg_class c WHERE u.rolname = session_user AND c.oid = to_regclass('tenant')",
            LoginRow::SELECT
        );
        let row = self.owner.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
        let LoginRow { login, commands } = Row::new(&row.ok_or_else(nothing)?).record()?;
        Ok((login, if commands { Commands::Tables } else { Commands::Nothing }))
    }
}

impl Work {
    /// Fails where a row of another tenant passes, and where one of the bound tenant does not.
    async fn try_row_security(&self) -> Result<(), Fault> {
        self.run(Statement::from_string(DbBackend::Postgres, row_security::TRIAL)).await
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Commands {
    /// It owns them, or nothing holds it back.
    Tables,
    Nothing,
}

/// Tenants that there are not, one of whom a proof is bound to.
const BOUND: uuid::Uuid = uuid::Uuid::from_u128(0x0197_0000_0000_7000_8000_0000_0000_0001);

fn nothing() -> Fault {
    Fault::Broken("Postgres answered nothing about its roles".to_owned())
}

/// What a connection sees that is bound to no tenant.
#[derive(Record)]
struct UnboundRow {
    #[record(sql = "current_user::text")]
    role: String,
    #[record(sql = "(SELECT count(*) FROM tenant)")]
    seen: i64,
}

/// The login of the URL.
#[derive(Record)]
struct LoginRow {
    #[record(sql = "session_user::text")]
    login: String,
    /// Whether it owns the tables, or nothing holds it back.
    #[record(sql = "bool_or(u.rolsuper OR u.rolbypassrls OR pg_has_role(u.oid, c.relowner, 'USAGE'))")]
    commands: bool,
}
