//! The timeline of Postgres that the journals' epochs belong to. A promoted server writes another timeline, and may lack
//! commits that its predecessor had acknowledged: their numbers are used a second time. So each new connection checks the
//! server's timeline before any statement, and the first that finds another one begins a new epoch of all tenants.
//! `docs/decisions/0237-epochs-after-a-failover.md`.

mod state;

use entity::prelude::TenantId;
use futures_util::future::BoxFuture;
use migration::row_security::STEWARD;
use sea_orm::sqlx::{self, Executor, PgConnection, Row as _, error::DatabaseError, postgres::PgRow};
use tokio::time::timeout;
use uuid::Uuid;

pub(super) use self::state::{Timeline, TimelineState};
use super::{
    dialect::join_ids,
    hosts::{Login, host_left_error},
    limits::{self, Limits},
};
use crate::clock::Clock;

/// Timeline of the server as a connection sees it, and the one that the database has kept. A
/// standby has no timeline of its own.
const READ_TIMELINES: &str = "SELECT CASE WHEN pg_is_in_recovery() THEN 0
      ELSE ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::bigint END AS timeline,
    current_setting('synchronous_standby_names') <> '' AND current_setting('synchronous_commit') IN ('on', 'remote_write', 'remote_apply')
      AS is_synchronous,
    k.timeline AS kept_timeline, k.is_synchronous AS was_synchronous FROM (SELECT 1) AS one LEFT JOIN kept_timeline() AS k ON true";
/// The same query, with the row locked.
const LOCK: &str = "SELECT CASE WHEN pg_is_in_recovery() THEN 0
      ELSE ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::bigint END AS timeline,
    current_setting('synchronous_standby_names') <> '' AND current_setting('synchronous_commit') IN ('on', 'remote_write', 'remote_apply')
      AS is_synchronous,
    k.timeline AS kept_timeline, k.is_synchronous AS was_synchronous FROM database_timeline AS k WHERE k.scope = 'DEPLOYMENT' FOR UPDATE OF k";
const INSERT_TIMELINE: &str = "INSERT INTO database_timeline (scope, timeline, is_synchronous) VALUES ('DEPLOYMENT', 0, false)
    ON CONFLICT (scope) DO NOTHING";
const UPDATE_TIMELINE: &str = "UPDATE database_timeline SET timeline = $1, is_synchronous = $2 WHERE scope = 'DEPLOYMENT'";
const BIND_TENANTS: &str = "SELECT set_config('app.tenant_ids', $1, true)";
const RENEW_EPOCHS: &str = "UPDATE tenant_counter SET epoch = $1 WHERE tenant_id = ANY ($2)";

/// Earlier export files may contain lost rows: each schedule begins again with all rows, in a set whose number is far behind the former one. Rows are
/// locked in the same order as those of due schedules.
const BEGIN_SETS: &str = "WITH held AS (SELECT s.tenant_id, s.id FROM export_schedule AS s WHERE s.tenant_id = ANY ($2)
      ORDER BY s.tenant_id, s.id FOR UPDATE OF s)
    UPDATE export_schedule AS e SET set_number = e.set_number + $1, wants_all = 1, run_plan = NULL FROM held AS h
    WHERE e.tenant_id = h.tenant_id AND e.id = h.id";

/// Upper bound of the sets that an export schedule can have begun in lost commits.
pub const MAX_LOST_SETS: i64 = 1_000;
/// Maximum tenants whose epochs are renewed by one statement: a policy compares each row with the list.
const TENANTS: usize = 500;

/// Result of a check of the timeline.
#[derive(Debug, Clone, Copy)]
struct TimelineCheck {
    now: TimelineState,
    kept: Option<TimelineState>,
}

impl TimelineCheck {
    fn read(row: &PgRow) -> Result<Self, sqlx::Error> {
        let now = TimelineState { timeline: row.try_get("timeline")?, is_synchronous: row.try_get("is_synchronous")? };
        let kept: Option<i64> = row.try_get("kept_timeline")?;
        let is_synchronous: Option<bool> = row.try_get("was_synchronous")?;
        let kept = kept.filter(|timeline| *timeline > 0);
        Ok(Self { now, kept: kept.map(|timeline| TimelineState { timeline, is_synchronous: is_synchronous == Some(true) }) })
    }

    /// Whether the server was promoted since the epochs began.
    fn is_promoted(&self) -> bool {
        self.kept.is_some_and(|kept| kept.timeline != self.now.timeline)
    }
}

/// Action after a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Nothing has changed.
    Stay,
    /// The current timeline is kept, and the epochs stay.
    Keep,
    /// The current timeline is stored, and all tenants get a new epoch.
    Renew,
}

/// Returns the action after a check, which also depends on the state that this process saw last: a
/// server that has lost its standby records that in a row which no standby has.
fn choose_step(TimelineCheck { now, kept }: TimelineCheck, remembered: Option<TimelineState>) -> Step {
    let Some(kept) = kept else { return Step::Keep };
    if kept == now {
        return Step::Stay;
    }
    let remembered = remembered.filter(|seen| seen.timeline == kept.timeline);
    let was_synchronous = kept.is_synchronous && remembered.is_none_or(|seen| seen.is_synchronous);
    if kept.timeline == now.timeline || was_synchronous { Step::Keep } else { Step::Renew }
}

impl Timeline {
    /// Checks a connection's server before the connection is used; returns whether the connection may be used again. One to a standby may not: the
    /// standby may be promoted meanwhile. The connection keeps the limits from then on. Boxed, since each statement that may need a connection would
    /// contain the future.
    pub(super) fn check_connection<'a>(
        &'a self,
        login: &'a Login,
        limits: Limits,
        connection: &'a mut PgConnection,
    ) -> BoxFuture<'a, Result<bool, sqlx::Error>> {
        Box::pin(async move {
            let is_reusable = self.may_reuse(login, connection).await?;
            limits.apply_to_connection(connection).await?;
            Ok(is_reusable)
        })
    }

    async fn may_reuse(&self, login: &Login, connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
        let Some(has_roles) = self.0.armed.get().copied() else { return Ok(true) };
        let Some(mut check) = self.read_timelines(connection).await? else { return Ok(true) };
        if check.now.timeline == 0 {
            return Ok(false);
        }
        let was_promoted = check.is_promoted();
        if choose_step(check, None) != Step::Stay {
            let _turn = self.0.settling.lock().await;
            match self.read_timelines(connection).await? {
                Some(latest) => check = latest,
                None => return Ok(true),
            }
            if choose_step(check, None) != Step::Stay {
                let result = self.settle(login, has_roles).await;
                if let Err(sqlx::Error::Database(err)) = &result {
                    match err.code().as_deref() {
                        // insufficient_privilege
                        Some("42501") => {
                            self.note_refusal(err.message());
                            return Ok(true);
                        }
                        // read_only_sql_transaction: the server can be read, and no number is assigned twice before it takes writes.
                        Some("25006") if check.is_promoted() => return Ok(false),
                        _ => {}
                    }
                }
                match (result, self.read_timelines(connection).await?) {
                    (_, Some(latest)) if !latest.is_promoted() => check = latest,
                    (Err(err), _) => return Err(err),
                    // The transaction met another server than this connection did.
                    (Ok(()), _) => return Err(host_left_error()),
                }
            }
        }
        self.record_timeline(check.now, was_promoted);
        Ok(true)
    }

    /// Returns the check of a connection; None if nothing can be compared: the table does not exist yet, or the server does
    /// not tell its timeline.
    async fn read_timelines(&self, connection: &mut PgConnection) -> Result<Option<TimelineCheck>, sqlx::Error> {
        // Text without arguments needs one round trip; a prepared statement needs two.
        match connection.fetch_one(READ_TIMELINES).await {
            Ok(row) => TimelineCheck::read(&row).map(Some),
            Err(sqlx::Error::Database(err)) if !is_temporary_state(&*err) => {
                if !is_not_migrated(&*err) {
                    self.note_refusal(err.message());
                }
                Ok(None)
            }
            Err(err) => Err(err),
        }
    }

    /// Settles a new timeline in a task of its own, which completes even if the connection that found it is no longer
    /// awaited.
    async fn settle(&self, login: &Login, has_roles: bool) -> Result<(), sqlx::Error> {
        let (timeline, login) = (self.clone(), login.clone());
        let task = tokio::spawn(async move {
            let result = timeout(limits::STEWARDS.answer(), timeline.settle_in_transaction(&login, has_roles)).await;
            result.unwrap_or(Err(sqlx::Error::PoolTimedOut))
        });
        task.await.unwrap_or(Err(sqlx::Error::WorkerCrashed))
    }

    /// Settles it in one transaction on a connection of its own, with the row locked: only one of several processes finds
    /// work.
    async fn settle_in_transaction(&self, login: &Login, has_roles: bool) -> Result<(), sqlx::Error> {
        // The last of two options of one name holds.
        let login = login.with(|options| {
            let options = limits::STEWARDS.apply_to_options(options);
            if has_roles { options.options([("role", STEWARD)]) } else { options }
        });
        let (mut connection, _) = login.connect().await?;
        limits::STEWARDS.apply_to_connection(&mut connection).await?;
        connection.execute("BEGIN").await?;
        connection.execute(INSERT_TIMELINE).await?;
        let check = TimelineCheck::read(&connection.fetch_one(LOCK).await?)?;
        // A standby that has the row also has everything written before it, so this commit need not wait for a standby.
        connection.execute("SET LOCAL synchronous_commit = local").await?;
        let remembered = *self.lock_seen();
        let step = if check.now.timeline == 0 { Step::Stay } else { choose_step(check, remembered) };
        let mut tenants = 0;
        if step == Step::Renew {
            tenants = renew(&mut connection).await?;
        }
        if step != Step::Stay {
            let TimelineState { timeline, is_synchronous } = check.now;
            let update = sqlx::query::<sqlx::Postgres>(UPDATE_TIMELINE).persistent(false).bind(timeline).bind(is_synchronous);
            update.execute(&mut connection).await?;
        }
        connection.execute("COMMIT").await?;
        log_step(check, step, tenants);
        Ok(())
    }
}

/// Gives all tenants a new epoch, and their export schedules new sets, as `entrepot epoch` does; returns the number of tenants.
async fn renew(connection: &mut PgConnection) -> Result<usize, sqlx::Error> {
    let epoch = Clock::system().uuid();
    let select_ids = sqlx::query_scalar::<sqlx::Postgres, Uuid>("SELECT id FROM tenant ORDER BY id").persistent(false);
    let select_ids: Vec<Uuid> = select_ids.fetch_all(&mut *connection).await?;
    for tenants in select_ids.chunks(TENANTS) {
        let ids: Vec<TenantId> = tenants.iter().copied().map(TenantId::from_uuid).collect();
        sqlx::query::<sqlx::Postgres>(BIND_TENANTS).bind(join_ids(&ids)).execute(&mut *connection).await?;
        sqlx::query::<sqlx::Postgres>(RENEW_EPOCHS).bind(epoch).bind(tenants.to_vec()).execute(&mut *connection).await?;
        sqlx::query::<sqlx::Postgres>(BEGIN_SETS).bind(MAX_LOST_SETS).bind(tenants.to_vec()).execute(&mut *connection).await?;
    }
    Ok(select_ids.len())
}

fn log_step(TimelineCheck { now, kept }: TimelineCheck, step: Step, tenants: usize) {
    let (from, to) = (kept.map_or(0, |kept| kept.timeline), now.timeline);
    match step {
        Step::Renew => tracing::warn!(
            from,
            to,
            tenants,
            "the database was promoted, and commits may have been lost: all tenants have a new epoch, and subscribers start over"
        ),
        Step::Keep if from != 0 && from != to => {
            tracing::warn!(from, to, "the database was promoted, and had waited for a standby at each commit: epochs go on");
        }
        Step::Keep | Step::Stay => {
            tracing::debug!(from, to, is_synchronous = now.is_synchronous, "the timeline of the database was checked");
        }
    }
}

/// Whether an error is about the server's present state, not about its abilities: it is stopping, lacks resources, or a lock
/// or a limit was in the way.
fn is_temporary_state(err: &dyn DatabaseError) -> bool {
    err.code().is_some_and(|code| ["08", "25", "40", "53", "55", "57", "58"].iter().any(|class| code.starts_with(class)))
}

/// Whether the function of the kept timeline is not there: the database has yet to be migrated.
fn is_not_migrated(err: &dyn DatabaseError) -> bool {
    // undefined_function
    err.code().is_some_and(|code| code == "42883") && err.message().contains("kept_timeline")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(timeline: i64, is_synchronous: bool) -> TimelineState {
        TimelineState { timeline, is_synchronous }
    }

    #[test]
    fn a_promotion_begins_a_new_epoch_unless_each_commit_had_waited_for_a_standby() {
        let cases = [
            ("the first look", seen(1, false), None, None, Step::Keep),
            ("nothing changed", seen(1, true), Some(seen(1, true)), None, Step::Stay),
            ("commits wait no more", seen(1, false), Some(seen(1, true)), None, Step::Keep),
            ("commits wait by now", seen(1, true), Some(seen(1, false)), None, Step::Keep),
            ("promoted", seen(2, false), Some(seen(1, false)), None, Step::Renew),
            ("how the new one commits is no matter", seen(2, true), Some(seen(1, false)), None, Step::Renew),
            ("promoted with all commits", seen(2, false), Some(seen(1, true)), None, Step::Keep),
            ("commits waited until the standby went", seen(2, false), Some(seen(1, true)), Some(seen(1, false)), Step::Renew),
            ("what is remembered of another timeline", seen(3, false), Some(seen(2, true)), Some(seen(1, false)), Step::Keep),
            ("memory is not enough", seen(2, false), Some(seen(1, false)), Some(seen(1, true)), Step::Renew),
            ("an earlier timeline", seen(1, false), Some(seen(2, false)), None, Step::Renew),
        ];
        for (name, now, kept, remembered, expected) in cases {
            assert_eq!(choose_step(TimelineCheck { now, kept }, remembered), expected, "{name}");
        }
    }
}
