//! The second wall around tenants, on Postgres: which role a connection has, and which tenant it is bound to.
//!
//! The first wall is `tenant_id = $1` in every statement. This one is kept by the database: a statement that forgets it finds the rows of the
//! tenant that its connection is bound to, and a connection that is bound to nobody finds none (`migration::row_security`).

use entity::prelude::TenantId;
use migration::row_security;
use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, Statement, TryGetable, Value};

use super::{Database, Fault};

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

/// What stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wall {
    /// An embedded database: whoever can open the file has it all.
    Embedded,
    /// Not there, and why.
    None(String),
    Writes,
    All,
}

impl Wall {
    /// Whether connections have roles and are bound.
    pub(super) fn stands(&self) -> bool {
        matches!(self, Self::Writes | Self::All)
    }
}

impl std::fmt::Display for Wall {
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
pub(super) async fn choose(owner: &DatabaseConnection, asked: RowSecurity) -> Result<Wall, Fault> {
    let wall = match asked {
        RowSecurity::Off => return Ok(Wall::None("it was switched off".to_owned())),
        RowSecurity::Writes => Wall::Writes,
        RowSecurity::Auto | RowSecurity::All => Wall::All,
    };
    match row_security::make_roles(owner).await {
        Ok(()) => Ok(wall),
        Err(err) if asked == RowSecurity::Auto => {
            Ok(Wall::None(format!("this login may not make its two roles ({err}); whoever may can: {}", row_security::BY_HAND)))
        }
        Err(err) => Err(Fault::Broken(format!(
            "row-level security was asked for and this login may not make its two roles ({err}); whoever may can: {}",
            row_security::BY_HAND
        ))),
    }
}

/// Binds a transaction to a tenant; the binding ends with it.
pub(super) async fn bind(transaction: &DatabaseTransaction, tenant: TenantId) -> Result<(), Fault> {
    let sql = "SELECT set_config('app.tenant_id', $1, true)";
    let values = [Value::from(tenant.uuid().to_string())];
    transaction.query_one_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, values)).await?;
    Ok(())
}

impl Database {
    /// What keeps tenants apart in the database itself.
    pub fn wall(&self) -> &Wall {
        &self.wall
    }

    /// Makes sure that the wall stands where it is said to: every table has its policy, the roles could not pass by them, and a connection
    /// that is bound to nobody indeed finds nothing. A fault says what is wrong; what is answered is advice.
    pub async fn prove_wall(&self) -> Result<Option<String>, Fault> {
        if self.wall == Wall::Embedded {
            return Ok(None);
        }
        let (login, commands) = self.login().await?;
        if !self.wall.stands() {
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
        let unbound = "SELECT current_user::text, (SELECT count(*) FROM tenant)";
        let (role, seen): (String, i64) = pair(&self.reader, unbound).await?;
        if role != row_security::APP || seen != 0 {
            return Err(Fault::Broken(format!(
                "row-level security does not hold: a connection came as {role} and sees {seen} tenants without being bound to one; \
                 does a pooler in between drop the option `role`?"
            )));
        }
        Ok((commands == Commands::Tables).then(|| {
            format!("the login {login} could lay its role down and pass by the policies: a login that owns nothing and is a member of entrepot_app and entrepot_steward is safer")
        }))
    }

    /// The login of the URL, and what it commands without a role.
    async fn login(&self) -> Result<(String, Commands), Fault> {
        let sql = "SELECT session_user::text, bool_or(u.rolsuper OR u.rolbypassrls OR pg_has_role(u.oid, c.relowner, 'USAGE'))
                   FROM pg_roles u, pg_class c WHERE u.rolname = session_user AND c.oid = to_regclass('tenant')";
        let (login, commands) = pair(&self.owner, sql).await?;
        Ok((login, if commands { Commands::Tables } else { Commands::Nothing }))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Commands {
    /// It owns them, or nothing holds it back.
    Tables,
    Nothing,
}

async fn pair<A: TryGetable, B: TryGetable>(connection: &DatabaseConnection, sql: &str) -> Result<(A, B), Fault> {
    let row = connection.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    let row = row.ok_or_else(|| Fault::Broken("Postgres answered nothing about its roles".to_owned()))?;
    Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))
}
