//! GraphQL of jobs.

mod filter;
mod status;

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject};
use entity::prelude::{JobId, TenantId, Timestamp};
use iam::access::kind;
use inventory::catalog::rows::{Clause, conditions::push_nested};
use macros::resolvers;
use platform::{
    jobs::{Jobs, Refusal, core},
    paging::{CursorSigner, Key, ListSource, keyset},
    path,
};

use self::filter::{BackgroundJobFilter, RecurringJobFilter, push_statuses};
pub use self::status::BackgroundJobStatus;
use crate::{
    catalog::Direction,
    graphql::{
        connection::{Page, PageArgs},
        context::ContextExt,
        fault::Answer,
        filters::intersect_values,
        limits::Limits,
        once::{EarlierCall, ReplayablePayload},
        reading::read,
        refusal::{ErrorCode, UserError},
        scalars::{Cursor, DateTime, Long},
    },
    payload,
    periods::resolve_filter_periods,
    short_lists::ShortList,
};

/// Job that runs in the background.
#[derive(Debug, Clone)]
pub struct BackgroundJob(Arc<core::Job>);

impl From<core::Job> for BackgroundJob {
    fn from(job: core::Job) -> Self {
        Self(Arc::new(job))
    }
}

/// Background work. A queued job belongs to the caller and runs until it succeeds; a periodic job
/// exists once in the deployment and runs again and again.
#[resolvers(requires = JobRead)]
impl BackgroundJob {
    /// TypeID of the job, which begins with job_.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// Kind of the job, such as webhook.replay.
    async fn kind(&self) -> &str {
        &self.0.kind
    }
    /// True if the job is one of the deployment's recurring jobs.
    #[field(was("isStanding", "2026-11-25"))]
    async fn is_recurring(&self) -> bool {
        self.0.period.is_some()
    }
    /// State of the job.
    #[field(was("state", "2026-11-25"))]
    async fn status(&self) -> BackgroundJobStatus {
        self.0.state.into()
    }
    /// Number of failures since the job last succeeded or made progress. A worker that died while it ran the job counts as one; a
    /// queued job during which two died in a row is FAILED.
    #[field(was("failures", "2026-11-25"))]
    async fn consecutive_failures(&self) -> Long {
        Long(self.0.failures)
    }
    /// Time at which the job last started; null when it never did. Times of recurring jobs are up to ten seconds old.
    async fn last_run_at(&self) -> Option<DateTime> {
        self.0.started_at.map(DateTime)
    }
    /// Time at which the last run ended, successful or not; null when none has.
    async fn last_ended_at(&self) -> Option<DateTime> {
        self.0.finished_at.map(DateTime)
    }
    /// Time of the next run; null when the job is over.
    async fn next_run_at(&self) -> Option<DateTime> {
        next_run(&self.0).map(DateTime)
    }
    /// Error of the last run; null when it did not fail.
    async fn last_error(&self) -> Option<&str> {
        self.0.error.as_deref()
    }
    /// Time at which the job was created.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }
}

crate::connection!(counted BackgroundJobConnection, BackgroundJobEdge, BackgroundJob, "jobs");
crate::connection!(counted RecurringJobConnection, RecurringJobEdge, BackgroundJob, "recurring jobs");
payload!(JobPayload, job: BackgroundJob, "job");

/// Sort order of a list of jobs; jobs with equal values are sorted by ID.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct BackgroundJobSort {
    /// Field by which the jobs are sorted.
    pub field: BackgroundJobSortField,
    /// Direction of the sort; DESC by default.
    #[graphql(default_with = "Direction::Desc")]
    pub direction: Direction,
}

/// Field by which jobs can be sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum BackgroundJobSortField {
    /// Time at which the job was created.
    CreatedAt,
}

/// Whether the newest jobs come first (the default), and the name of that order in cursors.
fn resolve_sort(sort: Option<BackgroundJobSort>) -> (bool, &'static str) {
    match sort.map(|BackgroundJobSort { field: BackgroundJobSortField::CreatedAt, direction }| direction) {
        None | Some(Direction::Desc) => (true, "jobs"),
        Some(Direction::Asc) => (false, "jobs:CREATED_AT:ASC"),
    }
}

/// Sort order of a list of recurring jobs; jobs with equal values are sorted by ID.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct RecurringJobSort {
    /// Field by which the jobs are sorted.
    pub field: RecurringJobSortField,
    /// Direction of the sort; ASC by default.
    #[graphql(default_with = "Direction::Asc")]
    pub direction: Direction,
}

/// Field by which recurring jobs can be sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum RecurringJobSortField {
    /// Kind of the job.
    Kind,
    /// Time at which the job last started. A job that has never started counts as the earliest.
    LastRunAt,
    /// Time of the next run. A job that has none counts as the earliest.
    NextRunAt,
}

impl RecurringJobSortField {
    /// Name of the field in cursors.
    const fn name(self) -> &'static str {
        match self {
            Self::Kind => "KIND",
            Self::LastRunAt => "LAST_RUN_AT",
            Self::NextRunAt => "NEXT_RUN_AT",
        }
    }

    /// Returns the sort key of a job.
    fn key(self, job: &core::Job) -> Key {
        let moment = |at: Option<Timestamp>| Key::Int(at.map_or(0, Timestamp::micros));
        match self {
            Self::Kind => Key::Text(job.kind.clone()),
            Self::LastRunAt => moment(job.started_at),
            Self::NextRunAt => moment(next_run(job)),
        }
    }
}

/// Returns the time of a job's next run; None when it is over.
fn next_run(job: &core::Job) -> Option<Timestamp> {
    matches!(job.state, core::State::Waiting | core::State::Running).then_some(job.due_at)
}

#[derive(Default)]
pub struct JobQuery;

#[resolvers]
impl JobQuery {
    /// Your queued jobs, the newest first unless another order is asked for. Successful jobs are
    /// shown for a week, failed ones until they are retried.
    #[field(permit = JobRead, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn jobs(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Statuses to include; an empty list matches nothing. Null for all.")] statuses: Option<
            Vec<BackgroundJobStatus>,
        >,
        #[graphql(desc = "Deprecated name of `statuses`.", deprecation = "2026-11-27: use statuses. Removed after 2027-11-27.")]
        states: Option<Vec<BackgroundJobStatus>>,
        #[graphql(desc = "Conditions on the jobs, beside the statuses. Null for all.")] filter: Option<BackgroundJobFilter>,
        #[graphql(desc = "Sort of the jobs. Null for CREATED_AT, DESC.")] sort: Option<BackgroundJobSort>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<BackgroundJobConnection> {
        let (jobs, signer) = (ctx.required_data::<Jobs>()?, ctx.required_data::<CursorSigner>()?);
        let (descending, list) = resolve_sort(sort);
        let request = PageArgs { first, after, last, before }.check(list, signer, ctx.required_data::<Limits>()?.page)?;
        let mut clause = Clause::new(jobs.database().backend());
        if let Some(statuses) = intersect_values(statuses, states) {
            push_statuses(&mut clause, &statuses);
        }
        let filter = resolve_filter_periods(ctx, filter).await?.unwrap_or_default().read()?;
        push_nested(&mut clause, &filter, |clause, tests| tests.push_to(clause));
        let Clause { sql: mut conditions, mut values, .. } = clause;
        let scope = permit.scope(jobs.database());
        let source = ListSource { from: format!("FROM job WHERE tenant_id = $1{conditions}"), values: values.clone() };
        let (bounds, order, keyset_values) = keyset(&["created_at", "id"], descending, &request, values.len() + 2);
        conditions += &bounds;
        values.extend(keyset_values);
        let page_jobs = jobs.page(&scope, &conditions, &order, values).await?;
        let rows = page_jobs.into_iter().map(|job| {
            let keys = vec![Key::Int(job.created_at.micros()), job.id.into()];
            (BackgroundJob::from(job), keys)
        });
        Ok(Page::build(rows.collect(), &request, list, signer).with_count_source(scope, source).into())
    }

    /// The deployment's recurring jobs by kind, which keep reservations, deliveries and the audit log going.
    #[field(permit = JobRead, deprecation = "2026-11-26: use recurringJobsList, which has pages. Removed after 2027-11-26.")]
    async fn recurring_jobs(&self, ctx: &Context<'_>) -> Answer<Vec<BackgroundJob>> {
        Ok(ctx.required_data::<Jobs>()?.periodic().await?.into_iter().map(BackgroundJob::from).collect())
    }

    /// The deployment's recurring jobs, by kind: the list that later got the name recurringJobs.
    #[field(permit = JobRead, deprecation = "2026-11-25: use recurringJobsList, which has pages. Removed after 2027-11-25.")]
    async fn standing_jobs(&self, ctx: &Context<'_>) -> Answer<Vec<BackgroundJob>> {
        Ok(ctx.required_data::<Jobs>()?.periodic().await?.into_iter().map(BackgroundJob::from).collect())
    }

    /// The deployment's recurring jobs, by kind unless another order is asked for: reservations, deliveries, the audit log and others.
    #[field(permit = JobRead, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn recurring_jobs_list(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Filter of the recurring jobs; all of them by default.")] filter: Option<RecurringJobFilter>,
        #[graphql(desc = "Sort of the recurring jobs. Null for KIND, ASC.")] sort: Option<RecurringJobSort>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<RecurringJobConnection> {
        let args = PageArgs { first, after, last, before };
        let list = ShortList::sorted(ctx, "recurringJobs", sort.map(|sort| (sort.field.name(), sort.direction)), &args)?;
        let filter = resolve_filter_periods(ctx, filter).await?.unwrap_or_default().read()?;
        let field = sort.map_or(RecurringJobSortField::Kind, |sort| sort.field);
        let periodic_jobs = ctx.required_data::<Jobs>()?.periodic().await?.into_iter();
        let nodes = periodic_jobs.filter(|job| filter.holds(&|tests| tests.holds(job))).map(|job| {
            let keys = vec![field.key(&job), Key::from(job.id)];
            (BackgroundJob::from(job), keys)
        });
        Ok(list.page(nodes).into())
    }
}

/// The job of an id, if it is the caller's.
pub async fn find_job(ctx: &Context<'_>, id: JobId) -> Answer<Option<BackgroundJob>> {
    let permit = ctx.permit::<kind::JobRead>()?;
    let jobs = ctx.required_data::<Jobs>()?;
    let stored_job = jobs.find(&permit.scope(jobs.database()), id).await?;
    Ok(stored_job.filter(|job| job.tenant != TenantId::NIL).map(BackgroundJob::from))
}

impl ReplayablePayload for JobPayload {
    /// Returns the payload of a repeated call. The job is null for a caller who may not see jobs:
    /// the right to change them does not include that.
    async fn replay(ctx: &Context<'_>, earlier: EarlierCall) -> Answer<Self> {
        let found = match earlier.id::<JobId>().filter(|_| ctx.holds::<kind::JobRead>()) {
            Some(id) => find_job(ctx, id).await?,
            None => None,
        };
        Ok(Self { job: found, user_errors: Vec::new(), replayed: true, seq: earlier.seq().map(Long) })
    }
}

#[derive(Default)]
pub struct JobMutation;

#[resolvers]
impl JobMutation {
    /// Retries a job that failed for good. It runs within two seconds and keeps the record of its
    /// earlier attempts.
    #[mutation(permit = JobManage, once(argument))]
    async fn job_retry(&self, ctx: &Context<'_>, #[graphql(desc = "ID of the job to retry.")] id: ID) -> Answer<JobPayload> {
        // The right to change jobs does not include that to see them.
        let sees_jobs = ctx.holds::<kind::JobRead>();
        let id: JobId = match read(|reader| reader.id(&id, || path!["id"])) {
            Ok(id) => id,
            Err(errors) => return Ok(errors.into()),
        };
        let jobs = ctx.required_data::<Jobs>()?;
        match jobs.retry(&permit.scope(jobs.database()), id).await {
            Ok(job) => Ok(JobPayload { job: sees_jobs.then(|| job.into()), user_errors: Vec::new(), replayed: false, seq: None }),
            Err(Refusal::NotFound) => Ok(vec![UserError::not_found("job", path!["id"])].into()),
            Err(Refusal::NotDead(state)) => {
                let message = format!("the job is {}: only one that is FAILED can be tried again", state.as_str());
                Ok(vec![UserError::new(ErrorCode::InvalidState, message, path!["id"])].into())
            }
            Err(Refusal::Fault(fault)) => Err(fault.into()),
        }
    }
}
