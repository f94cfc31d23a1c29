//! References of a call that do not exist. All of them are reported at once, together with those
//! that the ledger misses.

use entity::{id::Id, prelude::ProductId};
use iam::access::Permit;
use platform::storage::{Fault, Reads, idempotency::Key};

use super::{
    names::ProductRef,
    submission::{Mode, Stop, SubmitResult, stored_answer_or, submit},
};
use crate::{
    catalog::rows::keys::filter_existing_products,
    ledger::{Command, Ledger},
    stock::core::{At, EarliestRefusals, Noun, Reason, Rejection, Stage},
};

/// References in a call's input that were not found so far.
#[derive(Debug, Default)]
pub struct MissingReferences(Vec<Rejection>);

impl MissingReferences {
    /// Returns the ID that was found. If none was, records the refusal and returns the nil ID,
    /// which the ledger reports as not found in the same words.
    pub fn or_nil<K>(&mut self, looked_up: Result<Id<K>, Rejection>) -> Id<K> {
        looked_up.unwrap_or_else(|rejection| {
            self.0.push(rejection);
            Id::NIL
        })
    }
    /// True if any reference was not found.
    pub fn has_any(&self) -> bool {
        !self.0.is_empty()
    }
    /// Adds a missing reference.
    pub fn note(&mut self, rejection: Rejection) {
        self.0.push(rejection);
    }
    /// Adds products that are referred to by unknown IDs, each at its place, for a call whose
    /// references the ledger does not look up.
    pub async fn add_missing_products<'a>(
        &mut self,
        reads: &impl Reads,
        product_refs: impl Iterator<Item = (&'a ProductRef, At)>,
    ) -> Result<(), Fault> {
        let by_id = |(product, at): (&ProductRef, At)| if let ProductRef::Id(id) = product { Some((*id, at)) } else { None };
        let by_id: Vec<(ProductId, At)> = product_refs.filter_map(by_id).collect();
        let known_products = filter_existing_products(reads, by_id.iter().map(|(id, _)| *id)).await?;
        for (_, at) in by_id.into_iter().filter(|(id, _)| !known_products.contains(id)) {
            self.note(Rejection::not_found(Noun::Product, at));
        }
        Ok(())
    }
    /// Returns the refusal of a call with missing references.
    pub fn stop(self) -> Stop {
        Stop::Refused(self.with(Vec::new()))
    }
    /// Adds the references that the ledger misses. Its other rejections are dropped, because
    /// missing references may cause them.
    fn with(self, other_rejections: Vec<Rejection>) -> Vec<Rejection> {
        let mut refusals = EarliestRefusals::default();
        let missing_references =
            other_rejections.into_iter().filter(|rejection_of_other| rejection_of_other.why.stage() == Stage::References);
        self.0.into_iter().chain(missing_references).for_each(|rejection| refusals.add(rejection));
        refusals.into_rejections()
    }
}

/// Submits a call's command. If references are missing, it is decided and not written, so that the
/// ledger reports other missing ones.
pub async fn submit_with_missing<P>(
    ledger: &Ledger,
    permit: &Permit<P>,
    prepared: Result<(Command, MissingReferences), Stop>,
    key: Key,
    mode: Mode,
) -> SubmitResult {
    match prepared {
        Ok((command, missing)) if !missing.has_any() => submit(ledger, permit, command, key, mode).await,
        Ok((command, missing)) => answer_missing(ledger, permit, &command, &key, missing).await,
        Err(stop) => stored_answer_or(ledger, permit, &key, stop).await,
    }
}

/// Answers a call with unknown references: with the stored receipt if the call was committed while
/// they existed, else with all references that are not found.
async fn answer_missing<P>(
    ledger: &Ledger,
    permit: &Permit<P>,
    command: &Command,
    key: &Key,
    missing: MissingReferences,
) -> SubmitResult {
    let rejections = match Box::pin(ledger.validate(permit.tenant(), command, Some(key))).await? {
        Ok(receipt) if receipt.stored.is_some() => return Ok(receipt),
        Ok(_) => Vec::new(),
        Err(rejections) => rejections,
    };
    let is_reused = matches!(rejections.as_slice(), [Rejection { why: Reason::KeyReused, .. }]);
    Err(Stop::Refused(if is_reused { rejections } else { missing.with(rejections) }))
}

#[cfg(test)]
mod tests {
    use entity::prelude::*;

    use super::*;
    use crate::stock::core::{Field, Refusal};

    #[test]
    fn names_that_mean_nothing_are_told_together_with_ids_that_nobody_has() {
        let product = |line| Rejection::not_found(Noun::Product, At::line(line).field(Field::Product));
        let mut missing = MissingReferences::default();
        let nobodys: ProductId = missing.or_nil(Err(product(1)));
        assert_eq!(nobodys, ProductId::NIL);
        let known = ProductId::from_uuid(uuid::Uuid::from_u128(7));
        assert_eq!(missing.or_nil(Ok(known)), known);
        missing.note(product(4));
        let customer = Rejection::not_found(Noun::Customer, At::input(Field::Customer));
        let zero = Refusal::NotPositive.at(At::line(0).field(Field::Quantity));
        let ledgers = vec![customer.clone(), product(1), zero, product(3)];
        assert_eq!(missing.with(ledgers), [customer, product(1), product(3), product(4)]);
    }

    #[test]
    fn what_is_missed_twice_is_told_once() {
        let mut missing = MissingReferences::default();
        assert!(!missing.has_any());
        for _ in 0..2 {
            missing.note(Rejection::not_found(Noun::Store, At::input(Field::Store)));
        }
        assert!(missing.has_any());
        assert!(matches!(missing.stop(), Stop::Refused(all) if all.len() == 1));
    }
}
