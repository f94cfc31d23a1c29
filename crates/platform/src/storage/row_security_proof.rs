//! Proof that row security is effective where it is in force: by its policies, by a read
//! that must find nothing, and by writes that are rolled back.

use entity::{
    prelude::TenantId,
    record::{Record, Selected},
};
use migration::row_security;
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::{ActiveRowSecurity, Database, Fault, Row, Unwritable, Work};

impl Database {
    /// Returns the row-level security that separates tenants in the database itself.
    pub fn active_row_security(&self) -> &ActiveRowSecurity {
        &self.active_row_security
    }

    /// Proves that row security is effective where it is in force: every table has its policy, the
    /// roles cannot bypass it, a connection that is bound to no tenant finds nothing, and one that
    /// is bound to a tenant, or to a list, can write only their rows, which is tried and rolled
    /// back. A fault names the problem; the text returned is advice.
    pub async fn prove_row_security(&self) -> Result<Option<String>, Fault> {
        if self.active_row_security == ActiveRowSecurity::Embedded {
            return Ok(None);
        }
        let (login, commands) = self.login().await?;
        if !self.active_row_security.is_enforced() {
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
        if let Some(reason) = self.prove_writes().await? {
            return Ok(Some(reason));
        }
        Ok((commands == Commands::Tables).then(|| {
            format!("the login {login} could reset its role and bypass the policies: a login that owns nothing and is a member of entrepot_app and entrepot_steward is safer")
        }))
    }

    /// Reads through a connection of requests that is bound to no tenant, which must find nothing.
    async fn prove_reads(&self) -> Result<(), Fault> {
        let unbound_sql = format!("SELECT {}", UnboundRow::SELECT);
        let rows = self.reader.query(Statement::from_string(DbBackend::Postgres, unbound_sql)).await?;
        let UnboundRow { role, seen } = Row::new(rows.first().ok_or_else(no_roles_fault)?).record()?;
        if role == row_security::APP && seen == 0 {
            return Ok(());
        }
        Err(Fault::Broken(format!(
            "row-level security is not in effect: a connection has the role {role} and sees {seen} tenants without being bound to one; \
             does a pooler in between drop the option `role`?"
        )))
    }

    /// Writes a row of the bound tenant, which must pass, and one of another tenant, which must
    /// not, into every table that requests may add to, and rolls both back. The text returned is
    /// the reason why it could not be tried.
    async fn prove_writes(&self) -> Result<Option<String>, Fault> {
        let work = self.tenant(TenantId::from_uuid(BOUND)).begin().await?;
        let result = work.try_row_security().await;
        work.rollback().await?;
        match result {
            Ok(()) => Ok(None),
            Err(fault) if fault.unwritable() == Some(Unwritable::ReadOnly) => {
                Ok(Some("row-level security could not be proved by a write: the database is read-only just now".to_owned()))
            }
            Err(Fault::Database(err)) => Err(Fault::Broken(format!("row-level security is not in effect: {err}"))),
            Err(fault) => Err(fault),
        }
    }

    /// Returns the login of the URL, and its power over the tables without a role.
    async fn login(&self) -> Result<(String, Commands), Fault> {
        let sql = format!(
            "SELECT {} FROM pg_roles u, pg_class c WHERE u.rolname = session_user AND c.oid = to_regclass('tenant')",
            LoginRow::SELECT
        );
        let row = self.owner.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
        let LoginRow { login, commands } = Row::new(&row.ok_or_else(no_roles_fault)?).record()?;
        Ok((login, if commands { Commands::Tables } else { Commands::Nothing }))
    }
}

impl Work {
    /// Fails if a row of another tenant passes, or one of the bound tenant does not.
    async fn try_row_security(&self) -> Result<(), Fault> {
        self.run(Statement::from_string(DbBackend::Postgres, row_security::TRIAL)).await
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Commands {
    /// The login owns the tables, or bypasses row security.
    Tables,
    Nothing,
}

/// Tenants that do not exist; a proof is bound to one of them.
const BOUND: uuid::Uuid = uuid::Uuid::from_u128(0x0197_0000_0000_7000_8000_0000_0000_0001);

fn no_roles_fault() -> Fault {
    Fault::Broken("Postgres answered nothing about its roles".to_owned())
}

/// View of a connection that is bound to no tenant.
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
