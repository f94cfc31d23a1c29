//! Uses of deprecated parts: counted when an operation has run, or a subscription has been paid
//! for, and reported in the answer's extensions.

use std::sync::Arc;

use async_graphql::{Executor, Name, Response, Value, Variables, value};

use super::service::OperationService;
use crate::{
    answer::Errors,
    cost_limiter::Charge,
    deprecated::{Deprecation, count},
    guard::Operation,
    session::Session,
};

/// Maximum uses that an answer names.
const MAX_LISTED_USES: usize = 10;

impl<E: Executor> OperationService<E> {
    /// Takes the price of a subscription. It is paid when it starts; the number of its events is
    /// not its caller's choice.
    ///
    /// # Errors
    /// The budget is insufficient.
    pub async fn pay(&self, operation: &Operation, variables: &Variables, session: &Session, id: &str) -> Result<Charge, Errors> {
        match self.charge(operation, variables, session).await {
            Ok((_, charge)) => {
                count(&operation.deprecated.with(variables, self.guard.schema_index()), session, (self.now)());
                Ok(charge)
            }
            Err(unpaid) => Err(Errors::from_unpaid(*unpaid, id)),
        }
    }
}

/// Counts the deprecated parts that an operation used, and lists them in the extensions of its
/// answer. An operation that did not run used none.
pub(super) fn add_to_response(deprecations: &[Arc<Deprecation>], session: &Session, response: &mut Response, now: i64) {
    let did_nothing = response.data == Value::Null && response.errors.iter().all(|error| error.path.is_empty());
    if deprecations.is_empty() || did_nothing {
        return;
    }
    count(deprecations, session, now);
    let entries = deprecations.iter().take(MAX_LISTED_USES).map(|deprecation| {
        let (coordinate, reason) = (deprecation.coordinate.as_str(), deprecation.reason.as_str());
        value!({ "coordinate": (coordinate), "reason": (reason) })
    });
    let entries = Value::List(entries.collect());
    let entry = response.extensions.entry("entrepot".to_owned()).or_insert_with(|| value!({}));
    if let Value::Object(members) = entry {
        members.insert(Name::new("deprecated"), entries);
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::{PathSegment, ServerError};
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::{deprecated::of_key, quota::QuotaSubject, session::DocumentPolicy};

    fn session(key: u128) -> Session {
        Session {
            expires_at: None,
            anonymous: false,
            subject: "".into(),
            quota_subject: QuotaSubject::Address(None),
            key: Some(Uuid::from_u128(key)),
            documents: DocumentPolicy::default(),
            revoked: None,
            attach: Arc::new(|request| request),
            likeness: None,
        }
    }

    fn deprecations(count: usize) -> Vec<Arc<Deprecation>> {
        let one = |index: usize| Deprecation { coordinate: format!("A.f{index:02}"), reason: "r".to_owned() };
        (0..count).map(one).map(Arc::new).collect()
    }

    fn calls(key: u128) -> Vec<u64> {
        of_key(Uuid::from_u128(key)).iter().map(|found| found.calls).collect()
    }

    #[test]
    fn an_answer_names_ten_uses_beside_what_else_it_says() {
        let mut response = Response::new(value!({ "a": 1 }));
        response.extensions.insert("entrepot".to_owned(), value!({ "asOf": "now" }));
        add_to_response(&deprecations(12), &session(1_001), &mut response, 7);
        let told = serde_json::to_value(&response.extensions["entrepot"]).unwrap();
        assert_eq!((&told["asOf"], told["deprecated"].as_array().unwrap().len()), (&json!("now"), 10));
        assert_eq!(told["deprecated"][0], json!({ "coordinate": "A.f00", "reason": "r" }));
        assert_eq!(calls(1_001), [1; 12], "all are counted");
        let mut silent = Response::new(value!({ "a": 1 }));
        add_to_response(&[], &session(1_001), &mut silent, 8);
        assert!(silent.extensions.is_empty());
    }

    #[test]
    fn what_did_nothing_used_nothing() {
        let failed = |path: Vec<PathSegment>| {
            let mut error = ServerError::new("no", None);
            error.path = path;
            let mut response = Response::new(Value::Null);
            response.errors = vec![error];
            response
        };
        let mut invalid = failed(Vec::new());
        add_to_response(&deprecations(1), &session(1_002), &mut invalid, 7);
        assert!(invalid.extensions.is_empty() && calls(1_002).is_empty());
        // A resolver ran, and failed.
        let mut ran = failed(vec![PathSegment::Field("a".to_owned())]);
        add_to_response(&deprecations(1), &session(1_002), &mut ran, 7);
        assert!(!ran.extensions.is_empty());
        assert_eq!(calls(1_002), [1]);
    }
}
