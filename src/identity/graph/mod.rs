//! GraphQL of identity.
