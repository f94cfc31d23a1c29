//! Payloads of mutations of saved views, and the conversion of their refusals into user errors.

use async_graphql::{Context, SimpleObject};
use iam::access::kind;
use platform::{path, storage::idempotency::CallResult};
use services::{
    alerts::core::{InvalidAddress, MAX_EMAIL},
    saved_views::{
        core::{MAX_COST, MAX_LINKS, MAX_READERS, MAX_SCHEDULES, MAX_SCHEDULES_OF_A_VIEW, MAX_VIEWS, Problem, View},
        shell::{DocumentProblem, LinkWithView, SavedViewError, SavedViewRefusal, ScheduleWithView},
    },
};

use super::{link::SavedViewLink, schedule::SavedViewSchedule, view::SavedView};
use crate::{
    buckets::{bucket_error, bucket_path},
    graphql::{
        context::ContextExt,
        fault::Answer,
        once::SecretStatus,
        refusal::{ErrorCode, Path, UserError, user_errors_of},
        scalars::Long,
    },
    payload,
};

payload!(SavedViewPayload, saved_view: SavedView, "saved view");

impl SavedViewPayload {
    pub(super) fn of(ctx: &Context<'_>, outcome: Result<CallResult<Option<View>>, SavedViewError>) -> Answer<Self> {
        let CallResult { value, seq, is_replayed } = match outcome {
            Ok(acted) => acted,
            Err(error) => return Ok(user_errors_of(error, refusal_error)?.into()),
        };
        // The right to write views does not include that to see them.
        let saved_view = value.filter(|_| ctx.holds::<kind::ViewRead>()).map(SavedView::from);
        Ok(Self { saved_view, user_errors: Vec::new(), replayed: is_replayed, seq: seq.map(Long) })
    }
}

/// Result of making a link of a saved view.
#[derive(SimpleObject, Default)]
pub struct SavedViewLinkPayload {
    /// The link as it is now, or with validateOnly as it would be; null when it was refused, or was revoked since an earlier call.
    pub saved_view_link: Option<SavedViewLink>,
    /// The view of the link; null when the link was refused, and without view.read.
    pub saved_view: Option<SavedView>,
    /// Secret of the link, this once: it is kept nowhere. The address is /views/t/, the secret, and .csv, .xlsx, .pdf, .parquet, .jsonl or .json. Null otherwise.
    pub secret: Option<String>,
    /// State of the secret: SHOWN in this answer, ALREADY_SHOWN in that of an earlier call with the same idempotency key, or
    /// NONE.
    pub secret_status: SecretStatus,
    /// Reasons for which the link was refused; empty when it was made, or with validateOnly would be.
    pub user_errors: Vec<UserError>,
    /// True if the payload repeats the result of an earlier call with the same idempotency key, without the secret.
    pub replayed: bool,
    /// The last event of this change, to wait for on a stream; null when nothing was written.
    pub seq: Option<Long>,
}

impl From<Vec<UserError>> for SavedViewLinkPayload {
    fn from(user_errors: Vec<UserError>) -> Self {
        Self { user_errors, ..Self::default() }
    }
}

impl SavedViewLinkPayload {
    pub(super) fn of(ctx: &Context<'_>, outcome: Result<CallResult<LinkWithView>, SavedViewError>) -> Answer<Self> {
        let CallResult { value: LinkWithView { view, link, secret }, seq, is_replayed } = match outcome {
            Ok(acted) => acted,
            Err(error) => return Ok(user_errors_of(error, refusal_error)?.into()),
        };
        let secret_status = match (&secret, is_replayed) {
            (Some(_), _) => SecretStatus::Shown,
            (None, true) => SecretStatus::AlreadyShown,
            (None, false) => SecretStatus::None,
        };
        Ok(Self {
            saved_view_link: link.map(SavedViewLink),
            saved_view: view.filter(|_| ctx.holds::<kind::ViewRead>()).map(SavedView::from),
            secret,
            secret_status,
            user_errors: Vec::new(),
            replayed: is_replayed,
            seq: seq.map(Long),
        })
    }
}

/// Result of setting a schedule of a saved view.
#[derive(SimpleObject, Default)]
pub struct SavedViewSchedulePayload {
    /// The schedule as it is now, or with validateOnly as it would be; null when it was refused, or was removed since an earlier call.
    pub saved_view_schedule: Option<SavedViewSchedule>,
    /// The view of the schedule; null when the schedule was refused, and without view.read.
    pub saved_view: Option<SavedView>,
    /// Reasons for which the schedule was refused; empty when it was set, or with validateOnly would be.
    pub user_errors: Vec<UserError>,
    /// True if the payload repeats the result of an earlier call with the same idempotency key.
    pub replayed: bool,
    /// The last event of this change, to wait for on a stream; null when nothing was written.
    pub seq: Option<Long>,
}

impl From<Vec<UserError>> for SavedViewSchedulePayload {
    fn from(user_errors: Vec<UserError>) -> Self {
        Self { user_errors, ..Self::default() }
    }
}

impl SavedViewSchedulePayload {
    pub(super) fn of(ctx: &Context<'_>, outcome: Result<CallResult<ScheduleWithView>, SavedViewError>) -> Answer<Self> {
        let CallResult { value: ScheduleWithView { view, schedule }, seq, is_replayed } = match outcome {
            Ok(acted) => acted,
            Err(error) => return Ok(user_errors_of(error, refusal_error)?.into()),
        };
        Ok(Self {
            saved_view_schedule: schedule.map(SavedViewSchedule::from),
            saved_view: view.filter(|_| ctx.holds::<kind::ViewRead>()).map(SavedView::from),
            user_errors: Vec::new(),
            replayed: is_replayed,
            seq: seq.map(Long),
        })
    }
}

fn input_path(name: &str) -> Path {
    path!["input", name]
}

fn refusal_error(refusal: SavedViewRefusal) -> UserError {
    match refusal {
        SavedViewRefusal::BadKey(reason) => UserError::invalid_key(reason, input_path("idempotencyKey")),
        SavedViewRefusal::Field(problem) => field_error(problem),
        SavedViewRefusal::Bucket(problem) => bucket_error(problem),
        SavedViewRefusal::Endpoint(message) => UserError::new(ErrorCode::Invalid, message, bucket_path("endpoint")),
        SavedViewRefusal::NotFound => UserError::not_found("saved view", input_path("id")),
        SavedViewRefusal::NoView => UserError::not_found("saved view", input_path("savedViewId")),
        SavedViewRefusal::NoLink => UserError::not_found("link of a saved view", input_path("savedViewLinkId")),
        SavedViewRefusal::NoSchedule => UserError::not_found("schedule of a saved view", input_path("id")),
        SavedViewRefusal::NoMember(index) => UserError::not_found("active member", path!["input", "memberIds", index]),
        SavedViewRefusal::NoRole(index) => UserError::not_found("role", path!["input", "readers", "roleIds", index]),
        SavedViewRefusal::NoReader(index) => UserError::not_found("active member", path!["input", "readers", "memberIds", index]),
        SavedViewRefusal::NoTable(message) => UserError::new(ErrorCode::Invalid, message, input_path("rows")),
        SavedViewRefusal::Document(DocumentProblem::Document(message)) => {
            UserError::new(ErrorCode::Invalid, message, input_path("document"))
        }
        SavedViewRefusal::Document(DocumentProblem::Variables(message)) => {
            UserError::new(ErrorCode::Invalid, message, input_path("variables"))
        }
        SavedViewRefusal::TooDear(cost) => {
            let message = format!("the document costs {cost} points, and a view may cost {MAX_COST}: ask for smaller pages");
            UserError::new(ErrorCode::LimitExceeded, message, input_path("document"))
        }
        SavedViewRefusal::Lent => {
            let message = "a link or a schedule of others runs this document with their rights: end it, or make another view";
            UserError::new(ErrorCode::InvalidState, message, input_path("document"))
        }
        SavedViewRefusal::SlugTaken => UserError::new(ErrorCode::Duplicate, "another view has this slug", input_path("slug")),
        SavedViewRefusal::NoVersion => {
            let message = "the version of the schedule as it was read is needed to change it";
            UserError::new(ErrorCode::Required, message, input_path("expectedVersion"))
        }
        SavedViewRefusal::StaleSchedule(actual) => UserError::version_conflict("schedule", actual),
        SavedViewRefusal::Stale(actual) => UserError::version_conflict("saved view", actual),
        SavedViewRefusal::KeyReused => UserError::key_reused(input_path("idempotencyKey")),
        SavedViewRefusal::TooMany => limit_error(format!("at most {MAX_VIEWS} views are kept"), path!["input"]),
        SavedViewRefusal::TooManyLinks => {
            limit_error(format!("at most {MAX_LINKS} links of a view are kept: revoke one"), input_path("savedViewId"))
        }
        SavedViewRefusal::TooManySchedules => {
            limit_error(format!("at most {MAX_SCHEDULES} schedules are kept: remove one"), path!["input"])
        }
        SavedViewRefusal::TooManySchedulesOfView => {
            let message = format!("at most {MAX_SCHEDULES_OF_A_VIEW} schedules of a view are kept: remove one");
            limit_error(message, input_path("savedViewId"))
        }
    }
}

fn limit_error(message: String, field: Path) -> UserError {
    UserError::new(ErrorCode::LimitExceeded, message, field)
}

fn field_error(problem: Problem) -> UserError {
    match problem {
        Problem::Invalid { message, name } => UserError::new(ErrorCode::Invalid, message, input_path(name)),
        Problem::TooLong { most, name } => {
            let unit = if matches!(name, "document" | "variables") { "bytes" } else { "characters" };
            UserError::new(ErrorCode::TooLong, format!("at most {most} {unit} are kept"), input_path(name))
        }
        Problem::OutOfRange { message, name } => UserError::new(ErrorCode::OutOfRange, message, input_path(name)),
        Problem::Missing { message, name } => UserError::new(ErrorCode::Required, message, input_path(name)),
        Problem::TooMany { most, name } => {
            limit_error(format!("at most {most} addresses and members get a table"), input_path(name))
        }
        Problem::TooManyReaders { name } => {
            limit_error(format!("at most {MAX_READERS} are named"), path!["input", "readers", name])
        }
        Problem::Address { nth, bad } => {
            let field = path!["input", "emails", nth];
            match bad {
                InvalidAddress::Missing => UserError::new(ErrorCode::Required, "an e-mail address is needed", field),
                InvalidAddress::TooLong => {
                    UserError::new(ErrorCode::TooLong, format!("at most {MAX_EMAIL} characters are kept"), field)
                }
                InvalidAddress::Invalid => {
                    UserError::new(ErrorCode::Invalid, "an e-mail address is expected, as in ada@example.com", field)
                }
            }
        }
    }
}
