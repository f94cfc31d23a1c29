//! The `OperationService` holds what every operation of a node needs; other files add its steps.

use std::{fmt, sync::Arc};

use platform::cache::SessionPositions;

use crate::{
    cost_limiter::CostLimiter,
    guard::Guard,
    introspection::Introspector,
    limits::Limits,
    session::{Authenticator, Clock, Documents, NewId},
    trusted::TrustedDocuments,
    validation_cache::DocumentValidator,
};

/// Whether clients may ask for the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Introspection {
    #[default]
    Open,
    /// Documents with `__schema` or `__type` are refused; the schema's builder should also `disable_suggestions`.
    Closed,
}

pub struct OperationService<E> {
    pub executor: E,
    /// Validator for an executor that has no validation rules itself.
    pub validator: Option<DocumentValidator>,
    pub authenticator: Arc<dyn Authenticator>,
    pub guard: Guard,
    pub cost_limiter: CostLimiter,
    pub limits: Limits,
    pub introspection: Introspection,
    pub introspector: Introspector,
    pub trusted: TrustedDocuments,
    /// Documents that this node serves to any caller.
    pub documents: Documents,
    pub now: Clock,
    pub new_id: NewId,
    /// The positions of sessions' writes, if reads go to replicas.
    pub positions: Option<SessionPositions>,
}

impl<E> fmt::Debug for OperationService<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OperationService").field("guard", &self.guard).field("limits", &self.limits).finish_non_exhaustive()
    }
}
