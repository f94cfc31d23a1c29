//! Settings of connections to Postgres that differ from the server's defaults for kinds of
//! statements.

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, RuntimeErr, Statement,
    sqlx::{self, AssertSqlSafe, Connection},
};

use crate::storage::{Fault, LedgerPlans, Row, hosts::Login, limits, pool_limits::ACQUIRE_TIMEOUT};

/// The name of a setting, and its value.
pub type Setting = (&'static str, &'static str);

/// Plan statements once, for all values; or each time, for their own values.
pub const GENERIC: Setting = ("plan_cache_mode", "force_generic_plan");
const CUSTOM: Setting = ("plan_cache_mode", "force_custom_plan");

/// Memory of each sort and each hash of a long read before it spills to files: a retailer's year
/// fits.
const MEMORY: Setting = ("work_mem", "16MB");
/// No JIT: compiling a statement takes a hundred milliseconds, which is longer than any of them saves.
/// Its cost looks high where a table was not analyzed, such as in a new database.
const INTERPRETED: Setting = ("jit", "off");

/// Settings of sessions, as far as the server accepts them.
#[derive(Debug, Clone)]
pub struct SessionSettings {
    /// Planning of the ledger's statements.
    pub plans: LedgerPlans,
    /// For all statements of requests and jobs.
    pub every: Vec<Setting>,
    /// For long reads and proofs beside these.
    pub long: Vec<Setting>,
    /// For long reads alone: plans for their own values.
    pub custom_plans: Vec<Setting>,
}

/// Returns the settings that sessions are to have where the server's own differ. If it refuses to
/// keep plans it plans the ledger's statements as it sees fit, which is slower and as right.
///
/// # Errors
/// If generic plans were requested and are refused.
pub async fn session_settings(owner: &DatabaseConnection, app: &Login, requested: LedgerPlans) -> Result<SessionSettings, Fault> {
    // Both are values of one setting: a server that refuses one refuses the other.
    let plans = if requested == LedgerPlans::Server { CUSTOM } else { GENERIC };
    let accepted = accepted_settings(app, [vec![plans], differing_settings(owner).await?].concat()).await?;
    let plans = match accepted.refused.iter().find(|(setting, _)| *setting == plans) {
        None if requested == LedgerPlans::Server => LedgerPlans::Server,
        None => LedgerPlans::Generic,
        Some((_, why)) if requested == LedgerPlans::Generic => {
            return Err(Fault::Broken(format!("--ledger-plans generic: Postgres keeps no generic plans for this login: {why}")));
        }
        Some((_, why)) => {
            if requested == LedgerPlans::Auto {
                tracing::warn!(
                    why,
                    "Postgres keeps no generic plans for this login: the ledger's statements are planned as it sees fit, which is slower; --ledger-plans server takes this as given"
                );
            }
            LedgerPlans::Server
        }
    };
    let these = |setting: Setting| accepted.settings.iter().filter(|one| **one == setting).copied().collect();
    let custom_plans = if accepted.refused.iter().any(|(setting, _)| setting.0 == CUSTOM.0) { Vec::new() } else { vec![CUSTOM] };
    Ok(SessionSettings { plans, every: these(INTERPRETED), long: these(MEMORY), custom_plans })
}

/// Returns the wanted settings that the server does not have by default.
async fn differing_settings(owner: &DatabaseConnection) -> Result<Vec<Setting>, Fault> {
    let sql = "SELECT name FROM pg_settings
        WHERE CASE name WHEN 'work_mem' THEN setting::bigint < 16384 WHEN 'jit' THEN setting = 'on' ELSE false END";
    let rows = owner.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    let names = rows.iter().map(Row::scalar::<String>).collect::<Result<Vec<_>, Fault>>()?;
    Ok([MEMORY, INTERPRETED].into_iter().filter(|(name, _)| names.iter().any(|one| one == name)).collect())
}

/// Settings that a server accepts, and those that it refuses, with its reasons.
struct Accepted {
    settings: Vec<Setting>,
    refused: Vec<(Setting, String)>,
}

/// One connection tries all settings, and if it is refused, each is tried by a connection of its own.
async fn accepted_settings(login: &Login, wanted: Vec<Setting>) -> Result<Accepted, Fault> {
    let mut accepted = Accepted { settings: Vec::new(), refused: Vec::new() };
    if refusal_reason(login, &wanted).await?.is_none() {
        accepted.settings = wanted;
        return Ok(accepted);
    }
    for setting in wanted {
        match refusal_reason(login, &[setting]).await? {
            None => accepted.settings.push(setting),
            Some(why) => accepted.refused.push((setting, why)),
        }
    }
    Ok(accepted)
}

pub fn with_settings(login: Login, settings: &[Setting]) -> Login {
    if settings.is_empty() { login } else { login.with(|options| options.options(settings.iter().copied())) }
}

/// Returns the reason that a connection cannot have some settings; `None` if it can. A host, or a
/// proxy before it, may refuse them.
async fn refusal_reason(login: &Login, settings: &[Setting]) -> Result<Option<String>, Fault> {
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
