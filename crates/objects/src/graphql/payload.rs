//! Payloads of mutations, with the same four parts everywhere.

use super::refusal::UserError;

/// A payload that `seen_payload!` declares.
pub trait DocumentPayload: From<Vec<UserError>> + Sized {
    /// The documents.
    type Documents;
    /// Returns a payload with the changed documents and the receipt's number.
    fn with(documents: Self::Documents, replayed: bool, seq: Option<i64>) -> Self;
}

/// Declares a payload object with the entity it is about.
#[macro_export]
macro_rules! payload {
    ($name:ident, $field:ident: $type:ty, $what:literal) => {
        #[doc = concat!("Result of a change of the ", $what, ".")]
        #[derive(async_graphql::SimpleObject)]
        pub struct $name {
            #[doc = concat!("The ", $what, " as it is now, or with validateOnly as it would be; null when the change was refused.")]
            pub $field: Option<$type>,
            /// Reasons for which the change was refused; empty when it was made, or with validateOnly would be.
            pub user_errors: Vec<$crate::graphql::refusal::UserError>,
            /// True if the payload repeats the result of an earlier call with the same idempotency key.
            pub replayed: bool,
            /// The last event of this change, to wait for on a stream; null when nothing was written.
            pub seq: Option<$crate::graphql::scalars::Long>,
        }
        impl From<Vec<$crate::graphql::refusal::UserError>> for $name {
            fn from(user_errors: Vec<$crate::graphql::refusal::UserError>) -> Self {
                Self { $field: None, user_errors, replayed: false, seq: None }
            }
        }
    };
}

/// Declares a payload whose documents are shown only to callers who may see them: the value it
/// holds, the resolvers of its own, and the three fields of every payload.
#[macro_export]
macro_rules! seen_payload {
    ($(#[$doc:meta])* $name:ident($field:ident: $type:ty) { $($own:tt)* }) => {
        $(#[$doc])*
        #[derive(Default)]
        pub struct $name {
            pub $field: $type,
            pub user_errors: Vec<$crate::graphql::refusal::UserError>,
            pub replayed: bool,
            pub seq: Option<$crate::graphql::scalars::Long>,
        }
        $(#[$doc])*
        #[async_graphql::Object]
        impl $name {
            $($own)*
            /// Reasons for which nothing was changed; empty when the change was made, or with validateOnly would have
            /// been.
            pub async fn user_errors(&self) -> &Vec<$crate::graphql::refusal::UserError> {
                &self.user_errors
            }
            /// True if the payload repeats the result of an earlier call with the same idempotency key, built again from what was stored.
            pub async fn replayed(&self) -> &bool {
                &self.replayed
            }
            /// The number of the last event of this change; null when nothing was written.
            pub async fn seq(&self) -> &Option<$crate::graphql::scalars::Long> {
                &self.seq
            }
        }
        impl $crate::graphql::payload::DocumentPayload for $name {
            type Documents = $type;
            fn with($field: $type, replayed: bool, seq: Option<i64>) -> Self {
                Self { $field, user_errors: Vec::new(), replayed, seq: seq.map($crate::graphql::scalars::Long) }
            }
        }
        impl From<Vec<$crate::graphql::refusal::UserError>> for $name {
            fn from(user_errors: Vec<$crate::graphql::refusal::UserError>) -> Self {
                Self { user_errors, ..Self::default() }
            }
        }
    };
}
