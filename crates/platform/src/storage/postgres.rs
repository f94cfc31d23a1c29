//! Opening Postgres: pools for transactions, connections for single statements, each with the role that it needs.

mod settings;

use std::{future::ready, str::FromStr, time::Duration};

use migration::row_security::{APP, STEWARD};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, RuntimeErr, SqlxPostgresConnector, Statement,
    sqlx::{
        self, ConnectOptions, Connection, Executor,
        error::DatabaseError,
        postgres::{PgConnectOptions, PgPoolOptions},
    },
};

use self::settings::{CUSTOM, long_settings, refuses, with_settings};
pub(super) use self::settings::{GENERIC, Setting};
use super::{
    Backend, Database, Fault, LedgerPlans, Options, Row,
    connect::{ACQUIRE_TIMEOUT, Opened, STATEMENT_CACHE},
    fault,
    hosts::{self, Login},
    journal_bounds::JournalBounds,
    limits, pooling,
    replicas::ReplicaPools,
    row_security::{self, ActiveRowSecurity},
    sessions::{Binding, Sessions},
    transaction::Connections,
    writable::WriteHealth,
};

/// For migrations and for looking whether row security holds: seldom used.
const OWNERS: u32 = 2;
/// Logins, jobs and looks at who has a session: kept short, so that a storm of them leaves room for the rest.
const STEWARDS: usize = 4;

/// Exports, reports and imports: the machine is better off when a few of them run at a time.
const LONG: usize = 4;
/// Lanes seldom ask about more than their tenant.
const ACROSS_FROM_LANES: usize = 4;
/// Proofs of the whole database.
const PROOFS: usize = 2;

/// Connections for single statements.
#[derive(Clone)]
pub(super) struct Doors {
    /// On a tenant's rows: writes always; reads where row security covers them too.
    pub tenants: Sessions,
    /// On global tables, and on the rows of all tenants.
    pub across: Sessions,
    /// Long reads of a tenant's rows, each planned for its own values.
    pub long: Sessions,
    /// Whether the ledger's lanes have their statements planned once.
    pub plans: LedgerPlans,
    /// What long reads have besides, as the server has it otherwise.
    pub long_settings: Vec<Setting>,
}

impl Doors {
    /// So many others, for the ledger's lanes: they find rows by their keys only, and one key as well as hundreds.
    pub fn others(&self, most: usize) -> Self {
        let (plans, lanes) = (self.plans, limits::LANES);
        let others = |sessions: &Sessions, most: usize| match plans {
            LedgerPlans::Server => sessions.others(most, lanes),
            LedgerPlans::Auto | LedgerPlans::Generic => sessions.by_kept_plans(most, lanes),
        };
        let (tenants, across) = (others(&self.tenants, most), others(&self.across, ACROSS_FROM_LANES));
        let long_settings = self.long_settings.clone();
        Self { tenants, across, long: self.long.others(LONG, limits::LONG), plans, long_settings }
    }
    pub fn forget(&self) {
        self.tenants.forget();
        self.across.forget();
        self.long.forget();
    }
}

pub(super) async fn open(url: &str, options: Options) -> Result<Database, Fault> {
    let write_health = WriteHealth::default();
    let login = Login::at(logins(url, &options.application())?, &write_health).await?;
    // Seldom used, and what `/readyz` asks by: they are asked for a sign of life first, since a restart of the server ends all of them.
    let owner = opened(pool_of(OWNERS, &write_health, UNTIMED).test_before_acquire(true), login.options().clone());
    login.lead(owner.get_postgres_connection_pool());
    owner.ping().await.map_err(|err| refused(url, &err))?;
    pooling::refuse(login.options(), options.row_security_proof).await?;
    let active_row_security = row_security::choose(&owner, options.row_security).await?;
    let path = search_path(&owner).await?;
    let as_role = |role: &str| as_role(&login, role, &active_row_security, path.as_deref());
    let (app, maintenance) = (as_role(APP), as_role(STEWARD));
    let binding = if active_row_security.stands() { Binding::Tenant } else { Binding::Nobody };
    let (long, bound) =
        if active_row_security == ActiveRowSecurity::Writes { (&maintenance, Binding::Nobody) } else { (&app, binding) };
    let plans = plans(&app, options.ledger_plans).await?;
    let long = match plans {
        // Who refuses the one refuses the other.
        LedgerPlans::Server if refuses(long, &[CUSTOM]).await?.is_some() => long.clone(),
        _ => long.with(|options| options.options([CUSTOM])),
    };
    write_health.timeline().arm(active_row_security.stands());
    let long_settings = long_settings(&owner, &long).await?;
    let long = with_settings(long, &long_settings);
    // Proofs are long as well: compiling the sizes of all tables took 400 ms of a `verify`.
    let proofs = with_settings(maintenance.clone(), &long_settings);
    let readers = options.readers as usize;
    let doors = Doors {
        tenants: Sessions::new(&app, readers, limits::REQUESTS, binding, &write_health),
        across: Sessions::new(&maintenance, readers, limits::REQUESTS, Binding::Nobody, &write_health),
        long: Sessions::new(&long, LONG, limits::LONG, bound, &write_health),
        plans,
        long_settings,
    };
    let transactions = |login: &Login, most: usize, limits: limits::Limits| {
        Connections::Postgres(Sessions::new(login, most, limits, Binding::Nobody, &write_health))
    };
    let extensions = super::Extensions::default();
    extensions.insert(JournalBounds::default());
    let opened = Opened {
        backend: Backend::Postgres,
        owner,
        writer: transactions(&app, options.writers as usize, limits::REQUESTS),
        reader: transactions(&app, readers, limits::SNAPSHOTS),
        maintenance: transactions(&maintenance, STEWARDS, limits::STEWARDS),
        proofs: transactions(&proofs, PROOFS, limits::SNAPSHOTS),
        doors: Some(doors),
        active_row_security,
        announcer: super::Announcer::default(),
        lines: super::coalesce::Lines::default(),
        extensions,
        write_health,
        statements: std::sync::Arc::default(),
        replicas: std::sync::Arc::default(),
    };
    Ok(opened.into())
}

/// The same login with a role, where row security has roles.
fn as_role(login: &Login, role: &str, security: &ActiveRowSecurity, path: Option<&str>) -> Login {
    if !security.stands() {
        return login.clone();
    }
    let login = login.with(|options| options.options([("role", role)]));
    // The login's own schema is not the role's.
    path.into_iter().fold(login, |login, path| login.with(|options| options.options([("search_path", path)])))
}

/// The login of a URL at each of its hosts.
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
    hosts::each(url)?.into_iter().map(login).collect()
}

/// Connections to a replica of a database, with the roles and the bindings of those to the database itself, and the login alone.
pub(super) async fn replica(db: &Database, url: &str, readers: usize) -> Result<(ReplicaPools, PgConnectOptions), Fault> {
    let url = url.replacen("postgresql://", "postgres://", 1);
    let login = PgConnectOptions::from_str(&url)
        .map_err(|err| Fault::Broken(format!("--read-database-url cannot be used: {err}")))?
        .application_name("entrepot read")
        .statement_cache_capacity(STATEMENT_CACHE)
        .disable_statement_logging();
    let path = search_path(&db.owner).await?;
    let security = &db.active_row_security;
    // As on the primary: where row security is for writes alone, reads pass by it.
    let (role, binding) = match security {
        ActiveRowSecurity::Writes => (STEWARD, Binding::Nobody),
        ActiveRowSecurity::All => (APP, Binding::Tenant),
        ActiveRowSecurity::Embedded | ActiveRowSecurity::None(_) => (APP, Binding::Nobody),
    };
    let reads = as_role(&Login::alone(login.clone()), role, security, path.as_deref());
    // A host that refuses the setting on the primary refuses it here.
    let long = match db.doors.as_ref().map(|doors| doors.plans) {
        Some(LedgerPlans::Server) => reads.clone(),
        _ => reads.with(|options| options.options([CUSTOM])),
    };
    let long = match &db.doors {
        Some(doors) => with_settings(long, &doors.long_settings),
        None => long,
    };
    let write_health = WriteHealth::default();
    let pools = ReplicaPools {
        reads: Sessions::new(&reads, readers, limits::REPLICAS, binding, &write_health),
        long: Sessions::new(&long, LONG, limits::LONG_ON_REPLICAS, binding, &write_health),
    };
    Ok((pools, login))
}

/// How the ledger's statements are planned here. Where the setting is refused Postgres plans as it sees fit, which is slower and as right.
async fn plans(app: &Login, asked: LedgerPlans) -> Result<LedgerPlans, Fault> {
    if asked == LedgerPlans::Server {
        return Ok(asked);
    }
    let Some(why) = refuses(app, &[GENERIC]).await? else { return Ok(LedgerPlans::Generic) };
    if asked == LedgerPlans::Generic {
        return Err(Fault::Broken(format!("--ledger-plans generic: Postgres keeps no generic plans for this login: {why}")));
    }
    tracing::warn!(
        why,
        "Postgres keeps no generic plans for this login: the ledger's statements are planned as it sees fit, which is slower; --ledger-plans server takes this as given"
    );
    Ok(LedgerPlans::Server)
}

fn unanswered(url: &str, err: &dyn std::fmt::Display) -> Fault {
    Fault::Broken(format!("the Postgres database {} does not answer: {err}", place(url)))
}

/// Why the first connection was not opened: nobody answers, or the server says what is missing.
pub(super) fn refused(url: &str, err: &DbErr) -> Fault {
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
        // duplicate_prepared_statement
        Some("42P05") => Fault::Pooled(pooling::LEFT_BEHIND),
        _ if is_of_version_1(cause) => Fault::Broken(format!(
            "the Postgres server at {} shows a certificate of X.509 version 1, which cannot be used for TLS: issue it anew as version 3 \
             (`openssl x509 -req` does so with -extfile); sslmode=disable connects without TLS, for networks that nobody else is on",
            place(url)
        )),
        _ if matches!(&**cause, sqlx::Error::Tls(_)) => Fault::Broken(format!(
            "no TLS with the Postgres server at {}: {cause}; docs/OPERATIONS.md has what sslmode may be",
            place(url)
        )),
        _ => unanswered(url, err),
    }
}

/// Whether a server says of itself, and not of what it was asked: it has no place, or is starting or ending.
fn is_of_the_moment(code: &str) -> bool {
    code.starts_with("53") || code.starts_with("57P")
}

/// Whether a TLS handshake failed over a certificate of a version that rustls does not take. The cause lies some errors deep.
fn is_of_version_1(err: &sqlx::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(err);
    while let Some(one) = cause {
        if one.to_string().contains("UnsupportedCertVersion") {
            return true;
        }
        cause = one.source();
    }
    false
}

/// A connection that nothing has used for so long is closed instead of used: what stands between may have cut it without a word, and a
/// statement on it would wait for the answer of nobody.
pub(super) const IDLE_LIMIT: Duration = Duration::from_mins(10);
/// A connection is closed when it is so old: what the server has kept for it goes with it.
pub(super) const OLDEST: Duration = Duration::from_mins(30);

/// A pool that opens connections when they are needed. They are looked at when they are taken: with time limits of its own sqlx 0.9 starts
/// a task that counts idle connections, and may count without an end (see `connect`). And they are looked at, for so long and no longer, when
/// they come back: sqlx itself would wait without a limit. Each new one has the settings first.
fn pool_of(most: u32, write_health: &WriteHealth, settings: &'static str) -> PgPoolOptions {
    let write_health = write_health.clone();
    PgPoolOptions::new()
        .max_connections(most)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .max_lifetime(None)
        .idle_timeout(None)
        .after_connect(move |connection, _| Box::pin(async move { connection.execute(settings).await.map(drop) }))
        .before_acquire(move |_, kept| {
            let is_good = kept.idle_for < IDLE_LIMIT && kept.age < OLDEST && write_health.holds(kept.age);
            Box::pin(ready(Ok(is_good)))
        })
        .after_release(|connection, _| {
            Box::pin(async move {
                let alive = tokio::time::timeout(ACQUIRE_TIMEOUT, connection.ping()).await;
                alive.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map(|()| true)
            })
        })
}

fn opened(pool: PgPoolOptions, connect: PgConnectOptions) -> DatabaseConnection {
    SqlxPostgresConnector::from_sqlx_postgres_pool(pool.connect_lazy_with(connect))
}

/// SQL: takes limits away that the login, its database or the server may have. Options of the connection could do so too, but a pooler may drop them, and a
/// server older than 17 would refuse `transaction_timeout`.
const UNTIMED: &str =
    "SELECT set_config(name, '0', false) FROM pg_settings WHERE name IN ('statement_timeout', 'transaction_timeout')";
const UNLIMITED: &str = "SELECT set_config(name, '0', false) FROM pg_settings
    WHERE name IN ('lock_timeout', 'statement_timeout', 'transaction_timeout')";

/// A connection of the tables' owner whose statements run, and wait for locks, for as long as it takes.
pub(super) fn unlimited(db: &Database) -> DatabaseConnection {
    let options = db.owner.get_postgres_connection_pool().connect_options();
    opened(pool_of(1, &db.write_health, UNLIMITED), PgConnectOptions::clone(&options))
}

/// Where the login finds its tables, if that is not where everybody does.
async fn search_path(owner: &DatabaseConnection) -> Result<Option<String>, Fault> {
    let sql = "SELECT current_schema()::text";
    let row = owner.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    let schema: Option<String> = row.as_ref().map(Row::scalar).transpose()?.flatten();
    Ok(schema.filter(|schema| schema != "public").map(|schema| format!("\"{schema}\",public")))
}

impl ActiveRowSecurity {
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
        let pool = opened(pool_of(2, &WriteHealth::default(), UNTIMED), login);
        let options = pool.get_postgres_connection_pool().options();
        assert_eq!((options.get_idle_timeout(), options.get_max_lifetime(), options.get_min_connections()), (None, None, 0));
    }
}
