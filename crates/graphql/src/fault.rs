//! Top-level errors: protocol, authentication, rights, limits and our own faults. `extensions.code` is one of DECIDED's list.

use async_graphql::ErrorExtensionValues;
use platform::storage::Fault;

use super::{code::Code, request_id};

/// A top-level error with its stable code.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TopError {
    #[error("sign in first: send a bearer token")]
    Unauthenticated,
    #[error("the permission {0} is needed")]
    Forbidden(&'static str),
    /// An argument, or a part of one, needs another permission than the operation; with its path.
    #[error("the permission {permission} is needed")]
    ForbiddenAt { permission: &'static str, field: Vec<String> },
    /// An API key called a field that needs a person's session.
    #[error("this is for people who have logged in, not for API keys")]
    NotAPerson,
    /// The caller showed their password or code too long ago, or is not a person.
    #[error("this needs a person who has shown their password or code in the last {0} seconds: call reauthenticate")]
    StepUpRequired(i32),
    #[error("the tenant requires a second factor: call totpEnrol and totpConfirm first")]
    MfaEnrolmentRequired,
    #[error("too many attempts: wait {} s", .retry_after_ms.div_ceil(1000))]
    RateLimited { retry_after_ms: u64 },
    /// A wrong-kind or malformed argument of a query, with the argument's path.
    #[error("{message}")]
    BadUserInput { message: String, field: Vec<String> },
    /// The request exceeds the limit of one answer or of one call; with the argument's path if one
    /// is to blame.
    #[error("{message}")]
    LimitExceeded { message: String, field: Vec<String> },
    #[error("too busy, try again")]
    Overloaded,
    #[error("the database cannot be reached, try again")]
    Unavailable,
    /// The database answers but refuses writes: its disk is full, or it is read-only.
    #[error("the database takes no writes just now, try again")]
    Unwritable,
    #[error("internal error")]
    Internal,
}

impl TopError {
    pub fn code(&self) -> Code {
        match self {
            Self::Unauthenticated => Code::Unauthenticated,
            Self::Forbidden(_) | Self::ForbiddenAt { .. } | Self::NotAPerson => Code::Forbidden,
            Self::StepUpRequired(_) => Code::StepUpRequired,
            Self::MfaEnrolmentRequired => Code::MfaEnrolmentRequired,
            Self::RateLimited { .. } => Code::RateLimited,
            Self::BadUserInput { .. } => Code::BadUserInput,
            Self::LimitExceeded { .. } => Code::LimitExceeded,
            Self::Overloaded => Code::Overloaded,
            Self::Unavailable | Self::Unwritable => Code::Unavailable,
            Self::Internal => Code::Internal,
        }
    }
    /// Path of the refused argument; `None` for errors without one.
    pub fn field(&self) -> Option<&[String]> {
        match self {
            Self::BadUserInput { field, .. } | Self::LimitExceeded { field, .. } | Self::ForbiddenAt { field, .. }
                if !field.is_empty() =>
            {
                Some(field)
            }
            _ => None,
        }
    }
    pub fn bad_input(message: impl Into<String>, field: Vec<String>) -> Self {
        Self::BadUserInput { message: message.into(), field }
    }
    pub fn limit_exceeded(message: impl Into<String>, field: Vec<String>) -> Self {
        Self::LimitExceeded { message: message.into(), field }
    }
    /// Adds the path of the argument to a missing permission; returns any other error unchanged.
    #[must_use]
    pub fn at(self, field: Vec<String>) -> Self {
        match self {
            Self::Forbidden(permission) => Self::ForbiddenAt { permission, field },
            other => other,
        }
    }
}

/// Result of a resolver that has no errors as data. async-graphql keeps the error as the `source`
/// of its own error, where `finish` finds it and calls `add_extensions`: a fault without code and facts
/// shows as INTERNAL.
pub type Answer<T> = Result<T, TopError>;

impl TopError {
    /// Sets code and facts of the outgoing error.
    pub fn add_extensions(&self, extensions: &mut ErrorExtensionValues) {
        extensions.set("code", self.code().as_str());
        if let Some(field) = self.field() {
            extensions.set("field", field.to_vec());
        }
        match self {
            Self::Forbidden(permission) | Self::ForbiddenAt { permission, .. } => extensions.set("permission", *permission),
            Self::StepUpRequired(seconds) => extensions.set("maxAge", *seconds),
            Self::RateLimited { retry_after_ms } => extensions.set("retryAfterMs", *retry_after_ms),
            Self::Overloaded | Self::Unavailable | Self::Unwritable => extensions.set("retryAfterMs", 500),
            _ => {}
        }
    }
}

impl From<Fault> for TopError {
    /// The detail goes to the log, the caller gets a code.
    fn from(fault: Fault) -> Self {
        match &fault {
            Fault::Overloaded => Self::Overloaded,
            Fault::ShuttingDown => Self::Unavailable,
            Fault::TooLarge => Self::bad_input(fault.to_string(), Vec::new()),
            other if other.is_transient() => {
                tracing::warn!(request_id = request_id::current(), error = %fault, "transient fault");
                if fault.unwritable().is_some() { Self::Unwritable } else { Self::Unavailable }
            }
            _ => {
                tracing::error!(request_id = request_id::current(), error = %fault, "fault");
                Self::Internal
            }
        }
    }
}
