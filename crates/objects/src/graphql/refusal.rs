//! Refusals a correct, authorised caller can meet through input or a race. Rooms turn their rejections into these, once each.

mod user_error;

use ::graphql::{
    argument_value::{amount_path, path_to_key, sent_value},
    code::docs_of,
};
use async_graphql::{ComplexObject, Context, SimpleObject};
use inventory::stock::core::MAX_REPORTED;
use platform::{
    path,
    stages::Stop,
    storage::idempotency::{KeyProblem, MAX_KEY},
};

pub use super::error_code::{ErrorCode, Path};
pub use user_error::UserError;

use super::scalars::{Long, Quantity};
use crate::{
    graphql::fault::{Answer, TopError},
    nodes::Node,
    stock::{IncomingStock, Shortfall, StockAlternative, StockLevel, alternatives, next_incoming},
};

/// The refusals that the answer contains. The others were counted when they were created.
pub fn truncate_errors(refusals: impl Iterator<Item = UserError>) -> Vec<UserError> {
    let mut errors: Vec<UserError> = refusals.collect();
    errors.truncate(MAX_REPORTED);
    errors
}

/// Converts the refusals that stopped a call into user errors for its payload.
///
/// # Errors
/// A fault, which is reported at the top level.
pub fn user_errors_of<R>(stop: Stop<R>, mut refused: impl FnMut(R) -> UserError) -> Result<Vec<UserError>, TopError> {
    try_user_errors_of(stop, |refusal| Ok(refused(refusal)))
}

/// The same if a refusal may have to be reported at the top level.
///
/// # Errors
/// A fault, or the first refusal that cannot be a user error.
pub fn try_user_errors_of<R>(
    stop: Stop<R>,
    to_error: impl FnMut(R) -> Result<UserError, TopError>,
) -> Result<Vec<UserError>, TopError> {
    match stop {
        Stop::Refused(refusals) => {
            let errors: Result<Vec<UserError>, TopError> = refusals.into_iter().map(to_error).collect();
            Ok(truncate_errors(errors?.into_iter()))
        }
        Stop::Fault(fault) => Err(fault.into()),
    }
}

/// A refusal that needs no more data than its code and field.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(complex)]
pub struct InputError {
    /// Stable code of the refusal.
    pub code: ErrorCode,
    /// Explanation of the refusal in words, with the values that would be accepted.
    pub message: String,
    #[graphql(skip)]
    pub field: Option<Path>,
    /// True if the call may succeed later without being changed.
    pub retryable: bool,
}

/// The row has changed since it was read.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct VersionConflict {
    /// Stable code of the refusal.
    pub code: ErrorCode,
    /// Explanation of the refusal in words, with the values that would be accepted.
    pub message: String,
    #[graphql(skip)]
    pub field: Option<Path>,
    /// True if the call may succeed later without being changed.
    pub retryable: bool,
    /// Current version of the row.
    pub actual_version: Long,
    /// Row as it is now. Null where you may not see it.
    pub current: Option<Node>,
}

/// The stock does not suffice for the promise or removal.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct InsufficientStock {
    /// Stable code of the refusal.
    pub code: ErrorCode,
    /// Explanation of the refusal in words, with the values that would be accepted.
    pub message: String,
    #[graphql(skip)]
    pub field: Option<Path>,
    /// True if the call may succeed later without being changed.
    pub retryable: bool,
    /// Level that is short. Null where you may not see it.
    pub level: Option<StockLevel>,
    /// SKU of the product that is short; of a kit, that of the component which is scarcest. Null where the refusal names no product.
    pub sku: Option<String>,
    /// SKU of the kit that was asked for; `sku` is then of its component. Null where no kit was.
    pub kit_sku: Option<String>,
    /// Code of the lot or serial number that is short. Null where the product is, whatever its lots.
    pub lot_code: Option<String>,
    /// Quantity that was requested, in the smallest unit; for a kit the number of whole kits.
    pub requested: Quantity,
    /// Quantity that the same call would be granted, in the smallest unit (for a kit: whole kits);
    /// 0 or more. Stock that is held for others or is in lots that may not be shipped is not
    /// included, even where onShortage lets holds give way.
    pub available: Quantity,
    #[graphql(skip)]
    pub lacking: Option<Shortfall>,
}

/// Refusal to undo a document on which other documents depend.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct InUse {
    /// Stable code of the refusal.
    pub code: ErrorCode,
    /// Explanation of the refusal in words, with the values that would be accepted.
    pub message: String,
    #[graphql(skip)]
    pub field: Option<Path>,
    /// True if the call may succeed later without being changed.
    pub retryable: bool,
    /// Documents that depend on the object, the newest first: at most 10, of those that you may see. Movements without a document
    /// are listed themselves.
    pub documents: Vec<Node>,
    /// Number of documents that depend on the object, unnamed ones included; at most 500.
    pub document_count: i32,
    /// Deprecated name of `documentCount`.
    #[graphql(deprecation = "2026-11-27: use documentCount. Removed after 2027-11-27.")]
    pub documents_count: i32,
}

/// The path that the answer has for a refusal. A reference to a missing object is refused at the
/// key that was sent in it, and the quantity of a line that counts packs at its packs.
fn resolve_error_path(ctx: &Context<'_>, code: ErrorCode, path: Path) -> Path {
    if code == ErrorCode::NotFound { path_to_key(ctx, path) } else { amount_path(ctx, path) }
}

/// Resolvers of a kind of refusal: its path, its value, the documentation of its code, and fields
/// of its own.
macro_rules! tells_its_value {
    ($kind:ident { $($own:tt)* }) => {
        #[ComplexObject]
        impl $kind {
            /// The path to the input field that is meant, list positions included. The path of a reference that names nothing ends at the key that was
            /// sent, as input, lines, 0, product, sku. Null where no field is meant.
            async fn field(&self, ctx: &Context<'_>) -> Option<Path> {
                self.field.clone().map(|path| resolve_error_path(ctx, self.code, path))
            }
            /// Value that was sent at `field`, as the SKU that names no product; of a reference the value of its one field. Null for lists and other objects,
            /// beyond 200 bytes, and for secrets.
            async fn value(&self, ctx: &Context<'_>) -> Option<String> {
                let is_secret = matches!(
                    self.code,
                    ErrorCode::WeakPassword | ErrorCode::InvalidCredentials | ErrorCode::MfaInvalid | ErrorCode::TokenExpired
                );
                let field = self.field.clone().filter(|_| !is_secret);
                field.and_then(|path| sent_value(ctx, &resolve_error_path(ctx, self.code, path)))
            }
            /// Path of the explanation of the code in the reference: `/docs/errors#NOT_FOUND`. Served where introspection is open.
            async fn docs(&self) -> String {
                docs_of(&async_graphql::resolver_utils::enum_value(self.code).to_string())
            }
            $($own)*
        }
    };
}
tells_its_value!(InputError {});
tells_its_value!(VersionConflict {});
tells_its_value!(InUse {});
tells_its_value!(InsufficientStock {
    /// Position of the line in its list of the input, 0 for the first. Null where the call names no line.
    async fn index(&self) -> Option<i32> {
        self.field.iter().flatten().find_map(|part| part.parse().ok())
    }
    /// Other stores with stock of the product, of those whose availability you may see; the store with most first; for an order that
    /// looked in several stores, others than its own. Empty without `stock.availability.read`, and for a kit that several stores were asked for.
    /// Information, not a promise.
    async fn alternatives(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of stores to return, 1 to 5. Default 5.", default = 5)] first: i32,
    ) -> Answer<Vec<StockAlternative>> {
        Box::pin(alternatives(ctx, self.lacking.as_ref(), first)).await
    }
    /// Stock that is expected next in the store that is short, from suppliers and other stores; for an order that looked in several stores, in its
    /// own. Null when no day is known, for who may not see the stock level, and for a kit that several stores were asked for.
    async fn next_incoming(&self, ctx: &Context<'_>) -> Answer<Option<IncomingStock>> {
        match self.lacking.as_ref().filter(|shortfall| shortfall.is_visible) {
            Some(shortfall) => Box::pin(next_incoming(ctx, shortfall)).await,
            None => Ok(None),
        }
    }
});

/// Beginning of messages about objects that were not found.
const NOT_FOUND_PREFIX: &str = "there is no such";
/// Characters of a value that a message repeats.
const MAX_VALUE_CHARS: usize = 64;

/// A message with the value that was sent.
pub fn with_sent_value(message: &str, value: Option<&str>) -> String {
    let Some(value) = value else { return message.to_owned() };
    let mut excerpt: String = value.chars().take(MAX_VALUE_CHARS).collect();
    if excerpt.len() < value.len() {
        excerpt.push('…');
    }
    format!("{message}: \"{excerpt}\"")
}

/// The key that was sent at the path of something that is not found.
pub fn sent_key(ctx: &Context<'_>, field: &[String]) -> Option<String> {
    sent_value(ctx, &path_to_key(ctx, field.to_vec()))
}

/// Adds the value of the input to "not found" messages that do not name it.
pub fn add_sent_values(ctx: &Context<'_>, errors: &mut [UserError]) {
    for error in errors {
        let UserError::InputError(InputError { code: ErrorCode::NotFound, message, field: Some(field), .. }) = error else {
            continue;
        };
        if message.starts_with(NOT_FOUND_PREFIX) && !message.contains('"') {
            *message = with_sent_value(message, sent_key(ctx, field).as_deref());
        }
    }
}

impl UserError {
    pub fn new(code: ErrorCode, message: impl Into<String>, field: Path) -> Self {
        let retryable = matches!(code, ErrorCode::IdempotencyInProgress | ErrorCode::Unavailable);
        Self::InputError(InputError {
            code: code.record_refusal(),
            message: message.into(),
            field: (!field.is_empty()).then_some(field),
            retryable,
        })
    }
    /// A text that cannot be an idempotency key.
    pub fn invalid_key(problem: KeyProblem, field: Path) -> Self {
        match problem {
            KeyProblem::Missing => Self::new(ErrorCode::Required, format!("a key of 1 to {MAX_KEY} characters is needed"), field),
            KeyProblem::Unfit => Self::new(ErrorCode::Invalid, format!("a key of 1 to {MAX_KEY} characters is expected"), field),
        }
    }
    /// Renames the last part of the path, if it is `from`.
    pub fn rename_field(&mut self, from: &str, to: &str) {
        if let Some(name) = self.field_mut().and_then(|path| path.last_mut()).filter(|name| *name == from) {
            to.clone_into(name);
        }
    }
    /// The path to the field of the input; None if the refusal is about the whole call.
    pub fn field_mut(&mut self) -> Option<&mut Path> {
        match self {
            Self::InputError(error) => error.field.as_mut(),
            Self::VersionConflict(error) => error.field.as_mut(),
            Self::InsufficientStock(error) => error.field.as_mut(),
            Self::InUse(error) => error.field.as_mut(),
        }
    }
    /// Also used for other tenants' rows, which look the same as missing ones.
    pub fn not_found(object_name: &str, field: Path) -> Self {
        Self::new(ErrorCode::NotFound, format!("{NOT_FOUND_PREFIX} {object_name}"), field)
    }
    /// The key was used before with another input.
    pub fn key_reused(field: Path) -> Self {
        let message = "this key was used before with another input: use a new key for a new change";
        Self::new(ErrorCode::IdempotencyKeyReused, message, field)
    }
    /// Error for a row that is at another version than `expectedVersion`.
    pub fn version_conflict(object_name: &str, actual_version: i64) -> Self {
        let message = format!("the {object_name} has changed since you read it and is at version {actual_version} now");
        Self::stale(message, path!["input", "expectedVersion"], actual_version, None)
    }
    /// The row has changed since it was read.
    pub fn stale(message: impl Into<String>, field: Path, actual: i64, current: Option<Node>) -> Self {
        Self::VersionConflict(Box::new(VersionConflict {
            code: ErrorCode::VersionConflict.record_refusal(),
            message: message.into(),
            field: Some(field),
            retryable: false,
            actual_version: Long(actual),
            current,
        }))
    }
}
