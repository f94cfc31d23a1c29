//! Opening Postgres: pools for transactions, connections for single statements, each with the role that it needs.

mod pools;
mod settings;

use std::{future::ready, str::FromStr};

use migration::row_security::{APP, STEWARD};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, SqlxPostgresConnector, Statement,
    sqlx::{
        self, ConnectOptions, Connection, Executor,
        postgres::{PgConnectOptions, PgPoolOptions},
    },
};

pub(super) use self::{pools::ConnectionPools, settings::GENERIC};
use self::{
    pools::LONG_READ_CONNECTIONS,
    settings::{session_settings, with_settings},
};
use super::{
    Backend, Database, Fault, Options, Row,
    connect_errors::connect_fault,
    database::OpenDatabase,
    hosts::{self, Login},
    journal_bounds::JournalBounds,
    limits,
    pool_limits::{ACQUIRE_TIMEOUT, IDLE_LIMIT, MAX_CONNECTION_AGE, STATEMENT_CACHE},
    pooling,
    replicas::ReplicaPools,
    row_security::{self, ActiveRowSecurity},
    sessions::{Binding, Sessions},
    transaction::Connections,
    write_health::WriteHealth,
};

/// Connections for migrations and for checks of row security: seldom used.
const OWNER_CONNECTIONS: u32 = 2;
/// Connections for logins, jobs and reads of sessions: few, so that a burst of them leaves room for
/// the rest.
const MAINTENANCE_CONNECTIONS: usize = 4;

/// Proofs of the whole database.
const VERIFY_CONNECTIONS: usize = 2;

pub(super) async fn open(url: &str, options: Options) -> Result<Database, Fault> {
    let write_health = WriteHealth::default();
    let login = Login::at(logins(url, &options.application())?, &write_health).await?;
    // These connections are seldom used, also by `/readyz`. They are tested before each use, since
    // a restart of the server ends all of them.
    let owner = open_pool(
        pool_of(OWNER_CONNECTIONS, &write_health, REMOVE_LIMITS_SQL).test_before_acquire(true),
        login.options().clone(),
    );
    login.attach_pool(owner.get_postgres_connection_pool());
    owner.ping().await.map_err(|err| connect_fault(url, &err))?;
    pooling::refuse_transaction_pooler(login.options(), options.row_security_proof).await?;
    let active_row_security = row_security::choose(&owner, options.row_security).await?;
    let path = search_path(&owner).await?;
    let app = as_role(&login, APP, &active_row_security, path.as_deref());
    let settings = session_settings(&owner, &app, options.ledger_plans).await?;
    let app = with_settings(app, &settings.every);
    let maintenance = with_settings(as_role(&login, STEWARD, &active_row_security, path.as_deref()), &settings.every);
    let binding = if active_row_security.is_enforced() { Binding::Tenant } else { Binding::Nobody };
    let (long, bound) =
        if active_row_security == ActiveRowSecurity::Writes { (&maintenance, Binding::Nobody) } else { (&app, binding) };
    let long = with_settings(with_settings(long.clone(), &settings.long), &settings.custom_plans);
    let proofs = with_settings(maintenance.clone(), &settings.long);
    write_health.timeline().start_checks(active_row_security.is_enforced());
    let readers = options.readers as usize;
    let connection_pools = ConnectionPools {
        tenants: Sessions::new(&app, readers, limits::REQUESTS, binding, &write_health),
        across: Sessions::new(&maintenance, readers, limits::REQUESTS, Binding::Nobody, &write_health),
        long: Sessions::new(&long, LONG_READ_CONNECTIONS, limits::LONG, bound, &write_health),
        settings,
    };
    let transactions = |login: &Login, max_connections: usize, limits: limits::Limits| {
        Connections::Postgres(Sessions::new(login, max_connections, limits, Binding::Nobody, &write_health))
    };
    let extensions = super::Extensions::default();
    extensions.insert(JournalBounds::default());
    let opened_database = OpenDatabase {
        backend: Backend::Postgres,
        owner,
        writer: transactions(&app, options.writers as usize, limits::REQUESTS),
        reader: transactions(&app, readers, limits::SNAPSHOTS),
        maintenance: transactions(&maintenance, MAINTENANCE_CONNECTIONS, limits::STEWARDS),
        proofs: transactions(&proofs, VERIFY_CONNECTIONS, limits::SNAPSHOTS),
        connection_pools: Some(connection_pools),
        active_row_security,
        announcer: super::Announcer::default(),
        lines: super::coalesce::LoadQueues::default(),
        extensions,
        write_health,
        statements: std::sync::Arc::default(),
        replicas: std::sync::Arc::default(),
    };
    Ok(opened_database.into())
}

/// Returns the login with a role, if row security uses roles.
fn as_role(login: &Login, role: &str, security: &ActiveRowSecurity, path: Option<&str>) -> Login {
    if !security.is_enforced() {
        return login.clone();
    }
    let login = login.with(|options| options.options([("role", role)]));
    // The login's own schema is not the role's.
    path.into_iter().fold(login, |login, path| login.with(|options| options.options([("search_path", path)])))
}

/// Returns the login of a URL for each of its hosts.
fn logins(url: &str, application: &str) -> Result<Vec<PgConnectOptions>, Fault> {
    let login = |url: String| {
        let options = PgConnectOptions::from_str(&url).map_err(|err| {
            Fault::Broken(format!(
                "the database URL cannot be used: {err}; docs/OPERATIONS.md has its parameters, sslmode and its kin"
            ))
        })?;
        Ok::<_, Fault>(
            options.application_name(application).statement_cache_capacity(STATEMENT_CACHE).disable_statement_logging(),
        )
    };
    hosts::split_hosts(url)?.into_iter().map(login).collect()
}

/// Opens connections to a replica of a database, with the roles and bindings of those to the
/// database itself, and returns its login.
pub(super) async fn replica(db: &Database, url: &str, readers: usize) -> Result<(ReplicaPools, PgConnectOptions), Fault> {
    let url = url.replacen("postgresql://", "postgres://", 1);
    let login = PgConnectOptions::from_str(&url)
        .map_err(|err| Fault::Broken(format!("--read-database-url cannot be used: {err}")))?
        .application_name("entrepot read")
        .statement_cache_capacity(STATEMENT_CACHE)
        .disable_statement_logging();
    let path = search_path(&db.owner).await?;
    let security = &db.active_row_security;
    // As on the primary: if row security is for writes only, reads bypass it.
    let (role, binding) = match security {
        ActiveRowSecurity::Writes => (STEWARD, Binding::Nobody),
        ActiveRowSecurity::All => (APP, Binding::Tenant),
        ActiveRowSecurity::Embedded | ActiveRowSecurity::None(_) => (APP, Binding::Nobody),
    };
    let reads = as_role(&Login::single_host(login.clone()), role, security, path.as_deref());
    // A host that refuses a setting on the primary refuses it here.
    let (reads, long) = match &db.connection_pools {
        Some(ConnectionPools { settings, .. }) => {
            let reads = with_settings(reads, &settings.every);
            (reads.clone(), with_settings(with_settings(reads, &settings.long), &settings.custom_plans))
        }
        None => (reads.clone(), reads),
    };
    let write_health = WriteHealth::default();
    let pools = ReplicaPools {
        reads: Sessions::new(&reads, readers, limits::REPLICAS, binding, &write_health),
        long: Sessions::new(&long, LONG_READ_CONNECTIONS, limits::LONG_ON_REPLICAS, binding, &write_health),
    };
    Ok((pools, login))
}

/// Returns a pool that opens connections on demand. Their age is checked when they are taken: with
/// time limits in its own options sqlx 0.9 starts a task that counts idle connections, and may
/// count without an end (see `connect`). Their state is checked with a timeout when they are
/// returned: sqlx itself would wait without a limit. Each new connection runs `settings` first.
fn pool_of(limit: u32, write_health: &WriteHealth, settings: &'static str) -> PgPoolOptions {
    let write_health = write_health.clone();
    PgPoolOptions::new()
        .max_connections(limit)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .max_lifetime(None)
        .idle_timeout(None)
        .after_connect(move |connection, _| Box::pin(async move { connection.execute(settings).await.map(drop) }))
        .before_acquire(move |_, metadata| {
            let is_good = metadata.idle_for < IDLE_LIMIT && metadata.age < MAX_CONNECTION_AGE && write_health.holds(metadata.age);
            Box::pin(ready(Ok(is_good)))
        })
        .after_release(|connection, _| {
            Box::pin(async move {
                let alive = tokio::time::timeout(ACQUIRE_TIMEOUT, connection.ping()).await;
                alive.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map(|()| true)
            })
        })
}

fn open_pool(pool: PgPoolOptions, connect: PgConnectOptions) -> DatabaseConnection {
    SqlxPostgresConnector::from_sqlx_postgres_pool(pool.connect_lazy_with(connect))
}

/// SQL that removes the limits of the login, its database or the server. Options of the connection
/// could do so too, but a pooler may drop them, and a server older than 17 would refuse
/// `transaction_timeout`.
const REMOVE_LIMITS_SQL: &str =
    "SELECT set_config(name, '0', false) FROM pg_settings WHERE name IN ('statement_timeout', 'transaction_timeout')";
const UNLIMITED: &str = "SELECT set_config(name, '0', false) FROM pg_settings
    WHERE name IN ('lock_timeout', 'statement_timeout', 'transaction_timeout')";

/// Returns a connection of the tables' owner without limits for statements and for lock waits.
pub(super) fn unlimited_connection(db: &Database) -> DatabaseConnection {
    let options = db.owner.get_postgres_connection_pool().connect_options();
    open_pool(pool_of(1, &db.write_health, UNLIMITED), PgConnectOptions::clone(&options))
}

/// Returns the search path of the login's tables, if it is not the usual one.
async fn search_path(owner: &DatabaseConnection) -> Result<Option<String>, Fault> {
    let sql = "SELECT current_schema()::text";
    let row = owner.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    let schema: Option<String> = row.as_ref().map(Row::scalar).transpose()?.flatten();
    Ok(schema.filter(|schema| schema != "public").map(|schema| format!("\"{schema}\",public")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nothing_counts_idle_connections_beside_those_who_take_them() {
        let login = PgConnectOptions::new_without_pgpass().host("127.0.0.1");
        let pool = open_pool(pool_of(2, &WriteHealth::default(), REMOVE_LIMITS_SQL), login);
        let options = pool.get_postgres_connection_pool().options();
        assert_eq!((options.get_idle_timeout(), options.get_max_lifetime(), options.get_min_connections()), (None, None, 0));
    }
}
