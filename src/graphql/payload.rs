//! Payloads: what a mutation answers, the same four parts everywhere.

/// Declares a payload object with the entity it is about.
#[macro_export]
macro_rules! payload {
    ($name:ident, $field:ident: $type:ty, $what:literal) => {
        #[doc = concat!("What became of the change of a ", $what, ".")]
        #[derive(async_graphql::SimpleObject)]
        pub struct $name {
            #[doc = concat!("The ", $what, " as it is now, or with validateOnly as it would be; null when the change was refused.")]
            pub $field: Option<$type>,
            /// Why the change was refused; empty when it was made, or with validateOnly would be.
            pub user_errors: Vec<$crate::graphql::refusal::UserError>,
            /// Whether this is the answer to an earlier call with the same key.
            pub replayed: bool,
            /// The last event of this change, to wait for on a stream; null when nothing was written.
            pub seq: Option<$crate::graphql::scalars::Long>,
        }
    };
}
