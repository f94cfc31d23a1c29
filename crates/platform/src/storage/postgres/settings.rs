//! Settings of connections to Postgres: what statements of a kind have that the server does not give by itself.

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, RuntimeErr, Statement,
    sqlx::{self, AssertSqlSafe, Connection},
};

use super::{
    super::{Fault, Row, connect::ACQUIRE_TIMEOUT, hosts::Login, limits},
    is_of_the_moment,
};

/// The name of a setting, and its value.
pub type Setting = (&'static str, &'static str);

/// Statements planned once, for whatever values; and each time, for its own.
pub const GENERIC: Setting = ("plan_cache_mode", "force_generic_plan");
pub const CUSTOM: Setting = ("plan_cache_mode", "force_custom_plan");

/// What each sort and each hash of a long read may take before it goes on in files: a retailer's year fits.
const MEMORY: Setting = ("work_mem", "16MB");
/// A report's year is summed sooner than its statement is compiled.
const INTERPRETED: Setting = ("jit", "off");

/// What long reads are to have that the server does not give by itself, as far as it lets them: all are tried by one connection, and if it refuses, each by
/// its own.
pub async fn long_settings(owner: &DatabaseConnection, long: &Login) -> Result<Vec<Setting>, Fault> {
    let sql = "SELECT name FROM pg_settings
        WHERE CASE name WHEN 'work_mem' THEN setting::bigint < 16384 WHEN 'jit' THEN setting = 'on' ELSE false END";
    let rows = owner.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    let names = rows.iter().map(Row::scalar::<String>).collect::<Result<Vec<_>, Fault>>()?;
    let lacking: Vec<Setting> =
        [MEMORY, INTERPRETED].into_iter().filter(|(name, _)| names.iter().any(|one| one == name)).collect();
    if lacking.is_empty() || refuses(long, &lacking).await?.is_none() {
        return Ok(lacking);
    }
    let mut taken = Vec::new();
    for setting in lacking {
        if refuses(long, &[setting]).await?.is_none() {
            taken.push(setting);
        }
    }
    Ok(taken)
}

pub fn with_settings(login: Login, settings: &[Setting]) -> Login {
    if settings.is_empty() { login } else { login.with(|options| options.options(settings.iter().copied())) }
}

/// Why a connection cannot have some settings; None when it can. A host, or what stands between, may refuse them.
pub async fn refuses(login: &Login, settings: &[Setting]) -> Result<Option<String>, Fault> {
    let login = login.with(|options| limits::LANES.kept_by(options).options(settings.iter().copied()));
    let tried = async {
        let (mut connection, _) = login.connect().await?;
        let mut other = None;
        for (setting, value) in settings {
            let said: String = sqlx::query_scalar(AssertSqlSafe(format!("SHOW {setting}"))).fetch_one(&mut connection).await?;
            if said != *value {
                other = Some(format!("{setting} stays {said}"));
            }
        }
        connection.close().await?;
        Ok::<_, sqlx::Error>(other)
    };
    let tried = tokio::time::timeout(ACQUIRE_TIMEOUT, tried).await.unwrap_or(Err(sqlx::Error::PoolTimedOut));
    match tried {
        Ok(other) => Ok(other),
        Err(sqlx::Error::Database(err)) if err.code().is_none_or(|code| !is_of_the_moment(&code)) => {
            Ok(Some(err.message().to_owned()))
        }
        Err(err) => Err(DbErr::Conn(RuntimeErr::SqlxError(err.into())).into()),
    }
}
