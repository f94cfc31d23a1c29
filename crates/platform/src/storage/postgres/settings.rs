//! Settings of connections to Postgres that differ from the server's defaults for kinds of
//! statements.

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, RuntimeErr, Statement,
    sqlx::{self, AssertSqlSafe, Connection},
};

use crate::storage::{Fault, Row, hosts::Login, limits, pool_limits::ACQUIRE_TIMEOUT};

/// The name of a setting, and its value.
pub type Setting = (&'static str, &'static str);

/// Plan statements once, for all values; or each time, for their own values.
pub const GENERIC: Setting = ("plan_cache_mode", "force_generic_plan");
pub const CUSTOM: Setting = ("plan_cache_mode", "force_custom_plan");

/// Memory of each sort and each hash of a long read before it spills to files: a retailer's year
/// fits.
const MEMORY: Setting = ("work_mem", "16MB");
/// No JIT: compiling a report's statement takes longer than summing its year.
const INTERPRETED: Setting = ("jit", "off");

/// Returns the settings for long reads that the server does not have by default, as far as it
/// accepts them: one connection tries all, and if it refuses, each is tried by a connection of its
/// own.
pub async fn long_settings(owner: &DatabaseConnection, long: &Login) -> Result<Vec<Setting>, Fault> {
    let sql = "SELECT name FROM pg_settings
        WHERE CASE name WHEN 'work_mem' THEN setting::bigint < 16384 WHEN 'jit' THEN setting = 'on' ELSE false END";
    let rows = owner.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    let names = rows.iter().map(Row::scalar::<String>).collect::<Result<Vec<_>, Fault>>()?;
    let missing: Vec<Setting> =
        [MEMORY, INTERPRETED].into_iter().filter(|(name, _)| names.iter().any(|one| one == name)).collect();
    if missing.is_empty() || refusal_reason(long, &missing).await?.is_none() {
        return Ok(missing);
    }
    let mut accepted = Vec::new();
    for setting in missing {
        if refusal_reason(long, &[setting]).await?.is_none() {
            accepted.push(setting);
        }
    }
    Ok(accepted)
}

pub fn with_settings(login: Login, settings: &[Setting]) -> Login {
    if settings.is_empty() { login } else { login.with(|options| options.options(settings.iter().copied())) }
}

/// Returns the reason that a connection cannot have some settings; `None` if it can. A host, or a
/// proxy before it, may refuse them.
pub async fn refusal_reason(login: &Login, settings: &[Setting]) -> Result<Option<String>, Fault> {
    let login = login.with(|options| limits::LANES.apply_to_options(options).options(settings.iter().copied()));
    let attempt = async {
        let (mut connection, _) = login.connect().await?;
        let mut difference = None;
        for (setting, value) in settings {
            let current: String = sqlx::query_scalar(AssertSqlSafe(format!("SHOW {setting}"))).fetch_one(&mut connection).await?;
            if current != *value {
                difference = Some(format!("{setting} stays {current}"));
            }
        }
        connection.close().await?;
        Ok::<_, sqlx::Error>(difference)
    };
    let attempt = tokio::time::timeout(ACQUIRE_TIMEOUT, attempt).await.unwrap_or(Err(sqlx::Error::PoolTimedOut));
    match attempt {
        Ok(difference) => Ok(difference),
        Err(sqlx::Error::Database(err)) if err.code().is_none_or(|code| !is_temporary_state(&code)) => {
            Ok(Some(err.message().to_owned()))
        }
        Err(err) => Err(DbErr::Conn(RuntimeErr::SqlxError(err.into())).into()),
    }
}

/// Whether an error is about the server's state, not about the statement: it has no resources, or
/// is starting or stopping.
fn is_temporary_state(code: &str) -> bool {
    code.starts_with("53") || code.starts_with("57P")
}
