//! GraphQL of the log of backups.

use std::sync::Arc;

use async_graphql::{Context, Enum, InputObject};
use entity::{
    prelude::{self, Timestamp},
    tables,
};
use macros::resolvers;
use platform::{jobs::Jobs, paging::CursorSigner, storage::Nested};
use services::backups::{BackupLog, KILLED_ERROR, RunFilter, RunSort as By, RunsSorted};

use crate::{
    catalog::Direction,
    graphql::{
        connection::{Page, PageArgs},
        context::ContextExt,
        fault::{Answer, TopError},
        filters::{DateTimeFilter, intersect_values},
        limits::Limits,
        nested::read_nested,
        refusal::Path,
        scalars::{Cursor, DateTime, Long},
    },
    periods::resolve_filter_periods,
};

/// Kind of a run in the log of backups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE", remote = "prelude::BackupKind")]
pub enum BackupKind {
    /// A backup: the database is written to the place of the backups.
    Backup,
    /// A drill: a backup is restored beside the database, proven, and removed.
    Drill,
}

/// Status of a run in the log of backups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE", remote = "prelude::BackupState")]
pub enum BackupStatus {
    /// The run has begun. One whose process was killed becomes FAILED when the next run looks.
    Running,
    /// The run has succeeded.
    Done,
    /// The run has failed; its problem is said.
    Failed,
}

/// Backup or drill of the deployment's database.
#[derive(Debug, Clone)]
pub struct BackupRun(Arc<tables::BackupRun>);

impl From<tables::BackupRun> for BackupRun {
    fn from(run: tables::BackupRun) -> Self {
        Self(Arc::new(run))
    }
}

/// Backup of the deployment's database, or a drill that restores one. Each is in the log for 400 days.
#[resolvers(requires = JobRead)]
impl BackupRun {
    /// Kind of the run.
    async fn kind(&self) -> BackupKind {
        self.0.kind.into()
    }
    /// Status of the run.
    #[field(was("state", "2026-11-26"))]
    async fn status(&self) -> BackupStatus {
        self.0.state.into()
    }
    /// Time at which the run began.
    async fn started_at(&self) -> DateTime {
        DateTime(self.0.started_at)
    }
    /// Time at which the run ended, or at which it was noticed that its process had been killed; null while it runs.
    async fn ended_at(&self) -> Option<DateTime> {
        self.0.ended_at.map(DateTime)
    }
    /// Size in bytes of the whole database in the backup; null when it is not known.
    async fn bytes(&self) -> Option<Long> {
        self.0.bytes.map(Long)
    }
    /// Size in bytes of the backup as it is stored, compressed and encrypted; of one by pgBackRest, how much it added to the repository. Null for a drill and when it is not known.
    async fn stored_bytes(&self) -> Option<Long> {
        self.0.stored_bytes.map(Long)
    }
    /// True if all invariants hold over the database that a drill restored; null for a backup, and for a drill that did not come so far.
    async fn is_sound(&self) -> Option<bool> {
        self.0.is_sound
    }
    /// Recovery point of a drill in seconds: transactions committed in so many seconds before its end would have been lost with the disk. Null for a
    /// backup, for a drill that failed, and for one that a version made which did not write it down.
    async fn recovery_point_seconds(&self) -> Option<Long> {
        self.0.rpo_seconds.map(Long)
    }
    /// Recovery time of a drill in seconds, rounded up: duration of the restore with its proofs. Null for a backup, and for a drill that failed.
    async fn recovery_time_seconds(&self) -> Option<Long> {
        self.0.rto_seconds.map(Long)
    }
    /// Reason why the run failed, in general words; names of folders, buckets and rows are in the operator's log. Null when it has not failed.
    async fn problem(&self) -> Option<&'static str> {
        failure_reason(&self.0)
    }
}

/// Returns a general text for the error of a run. Its readers are members of one company; the error
/// itself is for the operator.
fn failure_reason(run: &tables::BackupRun) -> Option<&'static str> {
    let error = run.error.as_deref()?;
    Some(match (error, run.is_sound) {
        (KILLED_ERROR, _) => KILLED_ERROR,
        (_, Some(false)) => "the database that was restored breaks invariants",
        _ => "the operator's log of backups has the reason",
    })
}

crate::connection!(counted BackupRunConnection, BackupRunEdge, BackupRun, "backups and drills");

/// Backups and drills that match all of these; a condition that is null is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct BackupRunFilter {
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<BackupRunFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<BackupRunFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<BackupRunFilter>>,
    /// Kinds to include; an empty list matches nothing.
    pub kind: Option<Vec<BackupKind>>,
    /// Statuses to include; an empty list matches nothing.
    pub status: Option<Vec<BackupStatus>>,
    /// Time at which the run began.
    pub started_at: Option<DateTimeFilter>,
    /// Time at which the run ended. Runs that have not ended match `isNull: true` alone.
    pub ended_at: Option<DateTimeFilter>,
    /// True for drills that proved the restored database sound, false for those that found broken invariants, null for all runs.
    pub is_sound: Option<bool>,
}

::graphql::nested_filter!(BackupRunFilter);
crate::dated_filter!(BackupRunFilter, [] "startedAt" started_at, "endedAt" ended_at);

impl BackupRunFilter {
    /// Converts the filter to that of the rows, with the kinds and statuses of the arguments.
    fn read(self, kinds: Option<Vec<BackupKind>>, statuses: Option<Vec<BackupStatus>>) -> Answer<Nested<RunFilter>> {
        let mut filter = read_nested(self, &mut Self::tests)?;
        filter.own.kinds = intersect_values(filter.own.kinds, kinds.map(map_into));
        filter.own.states = intersect_values(filter.own.states, statuses.map(map_into));
        Ok(filter)
    }

    /// Returns the conditions of one filter, without nested ones.
    #[expect(clippy::unnecessary_wraps, reason = "filters of other lists refuse, and all are read by `read_nested`")]
    fn tests(mut self, _at: &Path) -> Answer<RunFilter> {
        let is_null = self.ended_at.as_mut().and_then(|filter| filter.is_null.take());
        let span = |filter: Option<DateTimeFilter>| -> [Option<Timestamp>; 2] {
            filter.map(|filter| filter.range()).unwrap_or_default().into()
        };
        Ok(RunFilter {
            kinds: self.kind.map(map_into),
            states: self.status.map(map_into),
            started_at: span(self.started_at),
            ended_at: span(self.ended_at),
            is_ended: is_null.map(|is_null| !is_null),
            is_sound: self.is_sound,
        })
    }
}

fn map_into<A: Into<B>, B>(list: Vec<A>) -> Vec<B> {
    list.into_iter().map(Into::into).collect()
}

/// Sort order of the log of backups; runs with equal values are sorted by ID.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct BackupRunSort {
    /// Field by which the runs are sorted.
    pub field: BackupRunSortField,
    /// Direction of the sort; DESC by default.
    #[graphql(default_with = "Direction::Desc")]
    pub direction: Direction,
}

/// Field by which runs in the log of backups can be sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "By", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum BackupRunSortField {
    /// Time at which the run began.
    StartedAt,
}

crate::sorts::rows_sorted!(BackupRunSort => RunsSorted);

#[derive(Default)]
pub struct BackupQuery;

#[resolvers]
impl BackupQuery {
    /// The deployment's backups and drills, the newest first unless another order is asked for. On Postgres they are those that pgBackRest
    /// lists, where the operator has set that up; its failed runs are not in the list.
    #[field(permit = JobRead, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn backups(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Kinds to include; an empty list matches nothing. Null for all.")] kinds: Option<Vec<BackupKind>>,
        #[graphql(desc = "Statuses to include; an empty list matches nothing. Null for all.")] statuses: Option<
            Vec<BackupStatus>,
        >,
        #[graphql(desc = "Deprecated name of `statuses`.", deprecation = "2026-11-27: use statuses. Removed after 2027-11-27.")]
        states: Option<Vec<BackupStatus>>,
        #[graphql(desc = "Conditions on the backups and drills, beside kinds and statuses. Null for all.")] filter: Option<
            BackupRunFilter,
        >,
        #[graphql(desc = "Sort of the backups and drills. Null for STARTED_AT, DESC.")] sort: Option<BackupRunSort>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<BackupRunConnection> {
        let (jobs, signer) = (ctx.required_data::<Jobs>()?, ctx.required_data::<CursorSigner>()?);
        let sorted = BackupRunSort::sorted(sort);
        let list = sorted.kind("backups");
        let request = PageArgs { first, after, last, before }.check(&list, signer, ctx.required_data::<Limits>()?.page)?;
        let filter =
            resolve_filter_periods(ctx, filter).await?.unwrap_or_default().read(kinds, intersect_values(statuses, states))?;
        let log = BackupLog::new(jobs.database().clone(), jobs.clock().clone());
        let rows = log.page(&filter, sorted, &request).await?.into_iter().map(|run| {
            let keys = sorted.keys(&run);
            (BackupRun::from(run), keys)
        });
        let page = Page::build(rows.collect(), &request, list, signer);
        let (db, clock) = (jobs.database().clone(), jobs.clock().clone());
        let count = move |max_count: usize| {
            let (log, filter) = (BackupLog::new(db.clone(), clock.clone()), filter.clone());
            async move { Ok::<i64, TopError>(log.count(&filter, i64::try_from(max_count).unwrap_or(i64::MAX)).await?) }
        };
        Ok(page.with_count(count).into())
    }

    /// Time since which e-mails of jobs, webhooks, scheduled reports and scheduled exports of all companies are held, as they are
    /// after a restore until the operator resumes them. Null while nothing is held.
    #[field(permit = JobRead)]
    async fn outgoing_held_since(&self, ctx: &Context<'_>) -> Answer<Option<DateTime>> {
        let hold = ctx.required_data::<Jobs>()?.outgoing_hold().await?;
        Ok(hold.map(|hold| DateTime(hold.held_at)))
    }
}
