//! Calls on suppliers' catalogues: each runs once for its key, in a transaction of its own.

use iam::access::{Permit, kind};
use platform::{
    clock::Clock,
    storage::{
        Database, Fault, TenantScope, Work,
        idempotency::{Key, hash_of},
        with_retries,
    },
};

use super::{
    supply::{SupplyUpsert, once},
    supply_archiving::{SupplyTurn, turned},
    supply_batch::SupplyBatch,
};
use crate::catalog::core::archiving::Step;

/// Creates or changes rows, each independently. None if the key was used with another input.
pub async fn upsert_supplies(
    db: &Database,
    clock: &Clock,
    permit: Permit<kind::ProductWrite>,
    input: SupplyUpsert,
) -> Result<Option<SupplyBatch>, Fault> {
    let key = Key {
        owner: permit.actor().id,
        mutation: "supplierProductBulkUpsert",
        key: input.idempotency_key.clone(),
        hash: hash_of(&input),
    };
    run(&permit.scope(db), clock, &key, SupplyCall::Rows(&input)).await
}

/// Archives or restores a row: the answer has one row. None if the key was used with another input.
pub async fn change_supply_life(
    db: &Database,
    clock: &Clock,
    permit: Permit<kind::ProductWrite>,
    input: SupplyTurn,
) -> Result<Option<SupplyBatch>, Fault> {
    let mutation = match input.step {
        Step::Archive => "supplierProductArchive",
        Step::Restore => "supplierProductRestore",
    };
    let key = Key { owner: permit.actor().id, mutation, key: input.idempotency_key.clone(), hash: hash_of(&input) };
    run(&permit.scope(db), clock, &key, SupplyCall::Turn(&input)).await
}

/// Call that runs in a transaction of its own.
#[derive(Clone, Copy)]
enum SupplyCall<'a> {
    Rows(&'a SupplyUpsert),
    Turn(&'a SupplyTurn),
}

/// Runs the call, once for the key.
async fn run(scope: &TenantScope, clock: &Clock, key: &Key, asked: SupplyCall<'_>) -> Result<Option<SupplyBatch>, Fault> {
    let decide = |mut work: Work| async move {
        let answer = match asked {
            SupplyCall::Rows(input) => once(&mut work, clock, key, input).await,
            SupplyCall::Turn(input) => turned(&mut work, clock, key, input).await,
        };
        (work, answer)
    };
    let is_to_keep =
        |answer: &Option<SupplyBatch>| answer.as_ref().is_some_and(|batch| batch.seq.is_some() && !batch.is_replayed);
    Ok(with_retries(scope, decide, is_to_keep).await?.0)
}
