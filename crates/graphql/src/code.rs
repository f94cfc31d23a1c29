//! The codes of top-level errors, with their HTTP statuses.

use async_graphql::{Error, ErrorExtensions};

/// Code of a top-level error, sent as `extensions.code`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    Unauthenticated,
    Forbidden,
    StepUpRequired,
    MfaEnrolmentRequired,
    /// The operator has suspended the caller's tenant.
    TenantSuspended,
    RateLimited,
    CostExceeded,
    QueryTooComplex,
    ParseFailed,
    ValidationFailed,
    BadUserInput,
    BadRequest,
    /// A stream's snapshot or another answer that would be too large: ask for less.
    LimitExceeded,
    Timeout,
    Overloaded,
    Unavailable,
    Internal,
}

/// The path of a code's explanation in the reference, of user errors too.
pub fn docs_of(code: &str) -> String {
    format!("/docs/errors#{code}")
}

impl Code {
    const ALL: [Self; 17] = [
        Self::Unauthenticated,
        Self::Forbidden,
        Self::StepUpRequired,
        Self::MfaEnrolmentRequired,
        Self::TenantSuspended,
        Self::RateLimited,
        Self::CostExceeded,
        Self::QueryTooComplex,
        Self::ParseFailed,
        Self::ValidationFailed,
        Self::BadUserInput,
        Self::BadRequest,
        Self::LimitExceeded,
        Self::Timeout,
        Self::Overloaded,
        Self::Unavailable,
        Self::Internal,
    ];

    /// The word that clients see.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::Forbidden => "FORBIDDEN",
            Self::StepUpRequired => "STEP_UP_REQUIRED",
            Self::MfaEnrolmentRequired => "MFA_ENROLMENT_REQUIRED",
            Self::TenantSuspended => "TENANT_SUSPENDED",
            Self::RateLimited => "RATE_LIMITED",
            Self::CostExceeded => "COST_EXCEEDED",
            Self::QueryTooComplex => "QUERY_TOO_COMPLEX",
            Self::ParseFailed => "GRAPHQL_PARSE_FAILED",
            Self::ValidationFailed => "GRAPHQL_VALIDATION_FAILED",
            Self::BadUserInput => "BAD_USER_INPUT",
            Self::BadRequest => "BAD_REQUEST",
            Self::LimitExceeded => "LIMIT_EXCEEDED",
            Self::Timeout => "TIMEOUT",
            Self::Overloaded => "OVERLOADED",
            Self::Unavailable => "UNAVAILABLE",
            Self::Internal => "INTERNAL",
        }
    }

    /// The path of its explanation in the reference that the server serves.
    pub fn docs(self) -> String {
        docs_of(self.as_str())
    }

    /// The code behind a word; `None` for words that are not on the list.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == text)
    }

    /// Whether a retry may succeed in a moment: the request itself is valid.
    pub fn may_pass(self) -> bool {
        matches!(self, Self::Timeout | Self::Overloaded | Self::Unavailable)
    }

    /// Whether it is a fault or a timeout. A request that was refused for overload did nothing, and
    /// is neither.
    pub fn is_fault(self) -> bool {
        matches!(self, Self::Timeout | Self::Unavailable | Self::Internal)
    }

    /// The HTTP status of an answer that holds nothing but errors, the first of them with this code.
    pub fn status(self) -> u16 {
        match self {
            Self::Unauthenticated => 401,
            Self::Forbidden | Self::StepUpRequired | Self::MfaEnrolmentRequired | Self::TenantSuspended => 403,
            Self::RateLimited => 429,
            Self::QueryTooComplex
            | Self::LimitExceeded
            | Self::CostExceeded
            | Self::ParseFailed
            | Self::ValidationFailed
            | Self::BadUserInput
            | Self::BadRequest => 400,
            Self::Timeout => 504,
            Self::Overloaded | Self::Unavailable => 503,
            Self::Internal => 500,
        }
    }

    /// Whether a request of this kind was well-formed HTTP and JSON but not a valid operation: the failures that a client of the
    /// older `application/json` expects with status 200 (GraphQL over HTTP, "application/json").
    pub fn is_about_the_operation(self) -> bool {
        matches!(self, Self::ParseFailed | Self::ValidationFailed | Self::BadUserInput)
    }

    /// Returns a resolver's error with this code. Its message is sent to the client, except with
    /// `Internal`.
    pub fn error(self, message: impl Into<String>) -> Error {
        Error::new(message).extend_with(|_, extensions| extensions.set("code", self.as_str()))
    }
}
