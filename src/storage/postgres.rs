//! Opening Postgres: pools for transactions, connections for single statements, each with the role that it needs.

use std::{future::ready, str::FromStr, time::Duration};

use migration::row_security::{APP, STEWARD};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, RuntimeErr, SqlxPostgresConnector, Statement,
    sqlx::{
        ConnectOptions,
        error::DatabaseError,
        postgres::{PgConnectOptions, PgPoolOptions},
    },
};

use super::{
    Backend, Database, Fault, Options,
    connect::{ACQUIRE_TIMEOUT, STATEMENT_CACHE},
    fault,
    sessions::{Binding, Sessions},
    wall::{self, Wall},
    writable::Told,
};

/// For migrations and for looking whether the wall stands: seldom used.
const OWNERS: u32 = 2;
/// Logins, jobs and looks at who has a session: kept short, so that a storm of them leaves room for the rest.
const STEWARDS: u32 = 4;

/// Exports, reports and imports: the machine is better off when a few of them run at a time.
const LONG: usize = 4;
/// How long one of those waits for its turn.
const LONG_PATIENCE: Duration = Duration::from_secs(30);

/// Connections for single statements.
#[derive(Clone)]
pub(super) struct Doors {
    /// On a tenant's rows: writes always; reads where the wall stands for them too.
    pub tenants: Sessions,
    /// On global tables, and on the rows of all tenants.
    pub across: Sessions,
    /// Long reads of a tenant's rows, each planned for its own values.
    pub long: Sessions,
}

impl Doors {
    /// So many others, for the ledger's lanes: they find rows by their keys only, and one key as well as hundreds.
    pub fn others(&self, most: usize) -> Self {
        let (tenants, across) = (self.tenants.by_kept_plans(most), self.across.by_kept_plans(most));
        Self { tenants, across, long: self.long.others(LONG) }
    }
    pub fn forget(&self) {
        self.tenants.forget();
        self.across.forget();
        self.long.forget();
    }
}

pub(super) async fn open(url: &str, options: Options) -> Result<Database, Fault> {
    let login = PgConnectOptions::from_str(url).map_err(|err| unanswered(url, &err))?;
    let login = login.application_name("entrepot").statement_cache_capacity(STATEMENT_CACHE).disable_statement_logging();
    let told = Told::default();
    // Seldom used, and what `/readyz` asks by: they are asked for a sign of life first, since a restart of the server ends all of them.
    let owner = opened(pool_of(OWNERS, &told).test_before_acquire(true), login.clone());
    owner.ping().await.map_err(|err| refused(url, &err))?;
    let wall = wall::choose(&owner, options.row_security).await?;
    let path = search_path(&owner).await?;
    let as_role = |role: &str| {
        if !wall.stands() {
            return login.clone();
        }
        let login = login.clone().options([("role", role)]);
        // The login's own schema is not the role's.
        path.iter().fold(login, |login, path| login.options([("search_path", path)]))
    };
    let (app, steward) = (as_role(APP), as_role(STEWARD));
    let binding = if wall.stands() { Binding::Tenant } else { Binding::Nobody };
    let (long, bound) = if wall == Wall::Writes { (&steward, Binding::Nobody) } else { (&app, binding) };
    let long = long.clone().options([("plan_cache_mode", "force_custom_plan")]);
    let doors = Doors {
        tenants: Sessions::new(app.clone(), options.readers as usize, ACQUIRE_TIMEOUT, binding),
        across: Sessions::new(steward.clone(), options.readers as usize, ACQUIRE_TIMEOUT, Binding::Nobody),
        long: Sessions::new(long, LONG, LONG_PATIENCE, bound),
    };
    Ok(Database {
        backend: Backend::Postgres,
        owner,
        writer: pool(app.clone(), options.writers, &told),
        reader: pool(app, options.readers, &told),
        steward: pool(steward, STEWARDS, &told),
        doors: Some(doors),
        wall,
        announcer: super::Announcer::default(),
        lines: super::together::Lines::default(),
        shelf: super::Shelf::default(),
        told,
        statements: std::sync::Arc::default(),
    })
}

fn unanswered(url: &str, err: &dyn std::fmt::Display) -> Fault {
    Fault::Broken(format!("the Postgres database {} does not answer: {err}", place(url)))
}

/// Why the first connection was not opened: nobody answers, or the server says what is missing.
fn refused(url: &str, err: &DbErr) -> Fault {
    let DbErr::Conn(RuntimeErr::SqlxError(cause)) = err else { return unanswered(url, err) };
    let said = cause.as_database_error().map(DatabaseError::message).unwrap_or_default();
    match fault::code(err).as_deref() {
        // invalid_catalog_name
        Some("3D000") => Fault::Broken(format!(
            "there is no database at {}: {said}; make it first (CREATE DATABASE), then `entrepot migrate` makes its tables",
            place(url)
        )),
        // invalid_authorization_specification, invalid_password
        Some("28000" | "28P01") => {
            Fault::Broken(format!("the Postgres database {} does not let this login in: {said}", place(url)))
        }
        _ => unanswered(url, err),
    }
}

/// A connection that nothing has used for so long is closed instead of used: what stands between may have cut it without a word, and a
/// statement on it would wait for the answer of nobody.
pub(super) const IDLE_LIMIT: Duration = Duration::from_mins(10);
/// A connection in a pool is closed when it is so old: what the server has kept for it goes with it.
const OLDEST: Duration = Duration::from_mins(30);

/// A pool that opens connections when they are needed. They are looked at when they are taken: with time limits of its own sqlx 0.9 starts
/// a task that counts idle connections, and may count without an end (see `connect`).
pub(super) fn pool(connect: PgConnectOptions, most: u32, told: &Told) -> DatabaseConnection {
    opened(pool_of(most, told), connect)
}

fn pool_of(most: u32, told: &Told) -> PgPoolOptions {
    let told = told.clone();
    PgPoolOptions::new()
        .max_connections(most)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .max_lifetime(None)
        .idle_timeout(None)
        .before_acquire(move |_, kept| {
            let is_good = kept.idle_for < IDLE_LIMIT && kept.age < OLDEST && told.holds(kept.age);
            Box::pin(ready(Ok(is_good)))
        })
}

fn opened(pool: PgPoolOptions, connect: PgConnectOptions) -> DatabaseConnection {
    SqlxPostgresConnector::from_sqlx_postgres_pool(pool.connect_lazy_with(connect))
}

/// Where the login finds its tables, if that is not where everybody does.
async fn search_path(owner: &DatabaseConnection) -> Result<Option<String>, Fault> {
    let sql = "SELECT current_schema()::text";
    let row = owner.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    let schema: Option<String> = row.map(|row| row.try_get_by_index(0)).transpose()?.flatten();
    Ok(schema.filter(|schema| schema != "public").map(|schema| format!("\"{schema}\",public")))
}

impl Wall {
    /// The connections that single reads of a tenant's rows go by.
    pub(super) fn reads<'a>(&self, doors: &'a Doors) -> &'a Sessions {
        match self {
            Self::Writes => &doors.across,
            _ => &doors.tenants,
        }
    }
}

/// Server and database of a URL, without who logs in and how.
fn place(url: &str) -> &str {
    let url = url.split('?').next().unwrap_or_default();
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.rsplit_once('@').map_or(rest, |(_, place)| place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nothing_counts_idle_connections_beside_those_who_take_them() {
        let login = PgConnectOptions::new_without_pgpass().host("127.0.0.1");
        let pool = pool(login, 2, &Told::default());
        let options = pool.get_postgres_connection_pool().options();
        assert_eq!((options.get_idle_timeout(), options.get_max_lifetime(), options.get_min_connections()), (None, None, 0));
    }
}
