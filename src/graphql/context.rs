//! What a resolver may ask of its context.

use async_graphql::Context;

use super::{directives::STEP_UP_SECONDS, fault::TopError};
use crate::{
    access::{self, Caller, Denied, Permit},
    identity::{Identity, Session},
};

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
    /// STEP_UP_REQUIRED unless a person calls who has shown a password or code in the last ten minutes.
    fn step_up(&self) -> Result<(), TopError>;
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
    fn step_up(&self) -> Result<(), TopError> {
        let session = self.data_opt::<Session>().ok_or(TopError::StepUpRequired(STEP_UP_SECONDS))?;
        let now = self.given::<Identity>()?.clock().now();
        if session.began_at.plus_seconds(STEP_UP_SECONDS.into()) < now {
            return Err(TopError::StepUpRequired(STEP_UP_SECONDS));
        }
        Ok(())
    }
    fn given<T: Send + Sync + 'static>(&self) -> Result<&T, TopError> {
        self.data_opt::<T>().ok_or_else(|| {
            tracing::error!(wanted = std::any::type_name::<T>(), "a resolver asked for something it was not given");
            TopError::Internal
        })
    }
}
