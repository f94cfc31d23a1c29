//! Codes of refusals, and the paths of the input that they are about.

use async_graphql::Enum;

/// Code of a refusal. New codes may be added: treat an unknown one like INVALID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ErrorCode {
    /// A value that is needed was not given.
    Required,
    /// A value is not what this field takes.
    Invalid,
    /// A text is longer than is kept.
    TooLong,
    /// A number or a time is outside its range.
    OutOfRange,
    /// The value must be unique, and another row has it.
    Duplicate,
    /// The object does not exist, or you may not see it.
    NotFound,
    /// The object is used by others and cannot be removed or changed.
    InUse,
    /// The state does not allow this step; the message names the state and the steps that are open.
    InvalidState,
    /// The accounting period is closed.
    PeriodClosed,
    /// The row has changed since you read it: read again and retry.
    VersionConflict,
    /// The stock does not suffice for the promise or removal.
    InsufficientStock,
    /// The idempotency key was used before with another input.
    IdempotencyKeyReused,
    /// A call with this key is still running: retry in a moment.
    IdempotencyInProgress,
    /// A list or a total is longer than allowed.
    LimitExceeded,
    /// The password does not meet the rules.
    WeakPassword,
    /// E-mail and password do not match.
    InvalidCredentials,
    /// The code is wrong or was used before.
    MfaInvalid,
    /// The token is too old.
    TokenExpired,
    /// The exchange rate between two currencies on a day is missing; enter it and retry.
    RateMissing,
    /// A hold keeps the goods of the order back: have each hold lifted, and retry.
    OnHold,
    /// The operator has suspended the company: ask them when it is resumed.
    TenantSuspended,
    /// One of several steps of a call met a server that was too busy, or a database that could not be reached: send the same call with the same
    /// idempotency key.
    Unavailable,
    /// One of several steps of a call met a fault of the server. A repeated call with the same idempotency key and input may succeed.
    Internal,
}

impl ErrorCode {
    /// Records this refusal in the audit context of the call, and in the answer's count of
    /// refusals. Every refusal is created with it, so that none is missing from the count.
    #[must_use]
    pub fn record_refusal(self) -> Self {
        self.count_omitted();
        self
    }

    /// Records a refusal that the answer leaves out because it has too many.
    pub fn count_omitted(self) {
        platform::audit::record_refusal_code(&async_graphql::resolver_utils::enum_value(self).to_string());
    }
}

/// Code and message of a refusal.
pub type CodeAndMessage = (ErrorCode, String);

/// A path into the input: `["input", "changes", "3", "delta"]`.
pub type Path = Vec<String>;
