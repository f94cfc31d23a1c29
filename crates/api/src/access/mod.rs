//! GraphQL of rights: roles and their members, groups of stores, integrations and their keys.

pub use objects::access::*;

mod inputs;
mod invite;
mod keys;
mod lists;
mod mutation;
mod permission;
mod query;
mod refusal;
mod scope_input;

use async_graphql::MergedObject;

pub use keys::{ApiKeyPayload, IntegrationPayload};
pub use mutation::{MemberPayload, RolePayload, StoreGroupPayload};
pub use query::AccessQuery;
pub use scope_input::StoreScopeInput;

/// The room's part of the mutations.
#[derive(MergedObject, Default)]
pub struct AccessMutation(mutation::RightsMutation, invite::InviteMutation, keys::KeyMutation);
