//! How refusals of changes of rights meet GraphQL: once, here.

use iam::access::{AccessError, core::Rejection};

use crate::graphql::{
    fault::TopError,
    refusal::{ErrorCode, UserError, VersionConflict},
    scalars::Long,
};

fn refuse(rejection: Rejection) -> UserError {
    match rejection {
        Rejection::Invalid { message, field } => UserError::new(ErrorCode::Invalid, message, field),
        Rejection::TooLong { most, field } => {
            UserError::new(ErrorCode::TooLong, format!("at most {most} characters are kept"), field)
        }
        Rejection::LimitExceeded { message, field } => UserError::new(ErrorCode::LimitExceeded, message, field),
        Rejection::NotFound { what, field } => UserError::not_found(what, field),
        Rejection::Duplicate { message, field } => UserError::new(ErrorCode::Duplicate, message, field),
        Rejection::InUse { message, field } => UserError::new(ErrorCode::InUse, message, field),
        Rejection::InvalidState { message, field } => UserError::new(ErrorCode::InvalidState, message, field),
        Rejection::Stale { actual, field } => UserError::VersionConflict(Box::new(VersionConflict {
            code: ErrorCode::VersionConflict,
            message: format!("it has changed since you read it and is at version {actual} now"),
            field: Some(field),
            retryable: false,
            actual_version: Long(actual),
            current: None,
        })),
        Rejection::NotHeld { permission, field } => {
            let message =
                format!("you do not hold {permission} in all of these stores: nobody gives or takes what they do not hold");
            UserError::new(ErrorCode::Invalid, message, field)
        }
        Rejection::LastOwner { field } => {
            let message = "the tenant would be left without an owner for all stores and without an end";
            UserError::new(ErrorCode::InvalidState, message, field)
        }
    }
}

/// What stopped a change: refusals are data, the rest is a top-level error.
pub fn stopped(error: AccessError) -> Result<Vec<UserError>, TopError> {
    match error {
        AccessError::Denied(denied) => Err(denied.into()),
        AccessError::Fault(fault) => Err(fault.into()),
        AccessError::Refused(rejections) => Ok(rejections.into_iter().map(refuse).collect()),
    }
}
