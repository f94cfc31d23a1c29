//! What mutations of saved views answer, and how their refusals meet GraphQL.

use async_graphql::Context;
use iam::access::kind;
use platform::path;
use services::saved_views::{
    core::{MOST_COST, MOST_VIEWS, Problem, View},
    shell::{Acted, DocumentProblem, SavedViewError},
};

use super::view::SavedView;
use crate::{
    graphql::{
        context::ContextExt,
        fault::{Answer, TopError},
        refusal::{ErrorCode, Path, UserError, VersionConflict},
        scalars::Long,
    },
    payload,
};

payload!(SavedViewPayload, saved_view: SavedView, "saved view");

impl From<Vec<UserError>> for SavedViewPayload {
    fn from(user_errors: Vec<UserError>) -> Self {
        Self { saved_view: None, user_errors, replayed: false, seq: None }
    }
}

impl SavedViewPayload {
    pub(super) fn of(ctx: &Context<'_>, done: Result<Acted<Option<View>>, SavedViewError>) -> Answer<Self> {
        let Acted { value, seq, is_replayed } = match done {
            Ok(acted) => acted,
            Err(error) => return Ok(stopped(error)?.into()),
        };
        // Who may write need not be one who may see.
        let saved_view = value.filter(|_| ctx.holds::<kind::ViewRead>()).map(SavedView::from);
        Ok(Self { saved_view, user_errors: Vec::new(), replayed: is_replayed, seq: seq.map(Long) })
    }
}

fn input(name: &str) -> Path {
    path!["input", name]
}

/// Refusals are data, faults are top-level errors.
fn stopped(error: SavedViewError) -> Result<Vec<UserError>, TopError> {
    let refused = match error {
        SavedViewError::Fault(fault) => return Err(fault.into()),
        SavedViewError::NotFound => UserError::not_found("saved view", input("id")),
        SavedViewError::Field(Problem::Invalid { message, name }) => UserError::new(ErrorCode::Invalid, message, input(name)),
        SavedViewError::Field(Problem::TooLong { most, name }) => {
            let unit = if matches!(name, "document" | "variables") { "bytes" } else { "characters" };
            UserError::new(ErrorCode::TooLong, format!("at most {most} {unit} are kept"), input(name))
        }
        SavedViewError::Document(DocumentProblem::Document(message)) => {
            UserError::new(ErrorCode::Invalid, message, input("document"))
        }
        SavedViewError::Document(DocumentProblem::Variables(message)) => {
            UserError::new(ErrorCode::Invalid, message, input("variables"))
        }
        SavedViewError::TooDear(cost) => {
            let message = format!("the document costs {cost} points, and a view may cost {MOST_COST}: ask for smaller pages");
            UserError::new(ErrorCode::LimitExceeded, message, input("document"))
        }
        SavedViewError::SlugTaken => UserError::new(ErrorCode::Duplicate, "another view has this slug", input("slug")),
        SavedViewError::TooMany => {
            UserError::new(ErrorCode::LimitExceeded, format!("at most {MOST_VIEWS} views are kept"), path!["input"])
        }
        SavedViewError::KeyReused => {
            let message = "this key was used before with another input: use a new key for a new change";
            UserError::new(ErrorCode::IdempotencyKeyReused, message, input("idempotencyKey"))
        }
        SavedViewError::Stale(actual) => UserError::VersionConflict(Box::new(VersionConflict {
            code: ErrorCode::VersionConflict.noted(),
            message: format!("the saved view has changed since you read it and is at version {actual} now"),
            field: Some(input("expectedVersion")),
            retryable: false,
            actual_version: Long(actual),
            current: None,
        })),
    };
    Ok(vec![refused])
}
