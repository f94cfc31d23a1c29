//! What a resolver may ask of its context.

use async_graphql::Context;

use super::fault::TopError;
use crate::access::{self, Caller, Denied, Permit};

impl From<Denied> for TopError {
    fn from(denied: Denied) -> Self {
        Self::Forbidden(denied.0)
    }
}

/// Shorthands for resolvers.
pub trait Asks {
    /// The caller, or UNAUTHENTICATED.
    fn caller(&self) -> Result<&Caller, TopError>;
    /// The proof that the caller holds `P`, or FORBIDDEN.
    fn permit<P: access::Permission>(&self) -> Result<Permit<P>, TopError>;
    /// Something the schema or the request was given; its absence is a bug of ours.
    fn given<T: Send + Sync + 'static>(&self) -> Result<&T, TopError>;
}

impl Asks for Context<'_> {
    fn caller(&self) -> Result<&Caller, TopError> {
        self.data_opt::<Caller>().ok_or(TopError::Unauthenticated)
    }
    fn permit<P: access::Permission>(&self) -> Result<Permit<P>, TopError> {
        Ok(access::permit::<P>(self.caller()?)?)
    }
    fn given<T: Send + Sync + 'static>(&self) -> Result<&T, TopError> {
        self.data_opt::<T>().ok_or_else(|| {
            tracing::error!(wanted = std::any::type_name::<T>(), "a resolver asked for something it was not given");
            TopError::Internal
        })
    }
}
