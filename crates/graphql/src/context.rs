//! Access of resolvers to the data of their context.

use async_graphql::Context;
use iam::{
    access::{self, Caller, Denied, Permit},
    identity::{Identity, Session},
};

use super::{
    directives::STEP_UP_SECONDS,
    fault::TopError,
    lazy::{Lazy, OfTenant},
};

/// Seconds by which a clock may be set back, or differ from another node's, without a new password
/// being demanded.
const CLOCK_LEEWAY_SECONDS: i64 = 300;

/// In the data of an operation whose caller must enrol a second factor before anything else.
#[derive(Debug, Clone, Copy)]
pub struct MustEnrolSecondFactor;

impl From<Denied> for TopError {
    fn from(denied: Denied) -> Self {
        Self::Forbidden(denied.0)
    }
}

/// Shorthands for resolvers.
pub trait ContextExt {
    /// The caller, or UNAUTHENTICATED.
    fn caller(&self) -> Result<&Caller, TopError>;
    /// The proof that the caller holds `P`, or FORBIDDEN.
    fn permit<P: access::Permission>(&self) -> Result<Permit<P>, TopError>;
    /// Whether the caller holds `P`; false for anonymous callers.
    fn holds<P: access::Permission>(&self) -> bool;
    /// The session of the calling person, or FORBIDDEN for keys, which have none. Resolvers that
    /// require a fresh password call `step_up` first.
    fn session(&self) -> Result<&Session, TopError>;
    /// Like `session`, but also for members who must enrol a second factor first: they may only
    /// enrol and log out.
    fn session_to_enrol(&self) -> Result<&Session, TopError>;
    /// The session of a person who has recently shown a password or code, as `@stepUp` promises;
    /// checks in the order of the errors that keys get.
    fn session_stepped_up(&self) -> Result<&Session, TopError>;
    /// STEP_UP_REQUIRED unless a person calls who has shown a password or code in the last ten minutes.
    fn step_up(&self) -> Result<(), TopError>;
    /// Data of the schema or the request; its absence is a bug.
    fn required_data<T: Send + Sync + 'static>(&self) -> Result<&T, TopError>;
    /// A room's look-ups for this request.
    fn lazy<T: OfTenant + Send + Sync + 'static>(&self) -> Result<&T, TopError>;
}

impl ContextExt for Context<'_> {
    fn caller(&self) -> Result<&Caller, TopError> {
        self.data_opt::<Caller>().ok_or_else(|| match self.data_opt::<MustEnrolSecondFactor>() {
            Some(MustEnrolSecondFactor) => TopError::MfaEnrolmentRequired,
            None => TopError::Unauthenticated,
        })
    }
    fn permit<P: access::Permission>(&self) -> Result<Permit<P>, TopError> {
        Ok(access::permit::<P>(self.caller()?)?)
    }
    fn holds<P: access::Permission>(&self) -> bool {
        self.caller().is_ok_and(|caller| caller.permissions.holds(P::INDEX))
    }
    fn session(&self) -> Result<&Session, TopError> {
        match self.data_opt::<MustEnrolSecondFactor>() {
            Some(MustEnrolSecondFactor) => Err(TopError::MfaEnrolmentRequired),
            None => self.session_to_enrol(),
        }
    }
    fn session_to_enrol(&self) -> Result<&Session, TopError> {
        self.data_opt::<Session>().ok_or_else(|| match self.data_opt::<Caller>() {
            Some(_) => TopError::NotAPerson,
            None => TopError::Unauthenticated,
        })
    }
    fn session_stepped_up(&self) -> Result<&Session, TopError> {
        self.step_up()?;
        self.session()
    }
    fn step_up(&self) -> Result<(), TopError> {
        let authenticated_at = match self.session_to_enrol() {
            Ok(session) => session.authenticated_at,
            // A password is what a key can never show.
            Err(TopError::NotAPerson) => return Err(TopError::StepUpRequired(STEP_UP_SECONDS)),
            Err(other) => return Err(other),
        };
        let now = self.required_data::<Identity>()?.clock().now();
        // A time of authentication in the future was set before the clock was set back: its age is
        // unknown.
        let is_future = authenticated_at > now.plus_seconds(CLOCK_LEEWAY_SECONDS);
        if is_future || authenticated_at.plus_seconds(STEP_UP_SECONDS.into()) < now {
            return Err(TopError::StepUpRequired(STEP_UP_SECONDS));
        }
        Ok(())
    }
    fn required_data<T: Send + Sync + 'static>(&self) -> Result<&T, TopError> {
        self.data_opt::<T>().ok_or_else(|| {
            tracing::error!(wanted = std::any::type_name::<T>(), "a resolver needs context data that is missing");
            TopError::Internal
        })
    }
    fn lazy<T: OfTenant + Send + Sync + 'static>(&self) -> Result<&T, TopError> {
        self.required_data::<Lazy>().map(Lazy::get::<T>)
    }
}
