//! Uses of what is deprecated: counted when an operation has run, or a subscription has been paid for, and told in the answer's extensions.

use std::sync::Arc;

use async_graphql::{Executor, Name, Response, Value, Variables, value};

use super::OperationService;
use crate::{
    answer::Errors,
    cost_limiter::Charge,
    deprecated::{Deprecation, count},
    guard::Operation,
    session::Session,
};

/// Uses that an answer names.
const MOST_SHOWN: usize = 10;

impl<E: Executor> OperationService<E> {
    /// Takes what a subscription costs. It is paid for when it starts; how much then happens is not its caller's choice.
    ///
    /// # Errors
    /// The budget does not reach.
    pub async fn pay(&self, operation: &Operation, variables: &Variables, session: &Session, id: &str) -> Result<Charge, Errors> {
        match self.charge(operation, variables, session).await {
            Ok((_, charge)) => {
                count(&operation.deprecated.with(variables, self.guard.schema_index()), session, (self.now)());
                Ok(charge)
            }
            Err(unpaid) => Err(Errors::unpaid(*unpaid, id)),
        }
    }
}

/// Counts what an operation has used and says in the extensions of its answer what that was. An operation that did nothing used nothing.
pub(super) fn note(used: &[Arc<Deprecation>], session: &Session, response: &mut Response, now: i64) {
    let did_nothing = response.data == Value::Null && response.errors.iter().all(|error| error.path.is_empty());
    if used.is_empty() || did_nothing {
        return;
    }
    count(used, session, now);
    let shown = used.iter().take(MOST_SHOWN).map(|one| {
        let (coordinate, reason) = (one.coordinate.as_str(), one.reason.as_str());
        value!({ "coordinate": (coordinate), "reason": (reason) })
    });
    let shown = Value::List(shown.collect());
    let entry = response.extensions.entry("entrepot".to_owned()).or_insert_with(|| value!({}));
    if let Value::Object(members) = entry {
        members.insert(Name::new("deprecated"), shown);
    }
}
