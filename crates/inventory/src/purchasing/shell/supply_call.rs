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
    supply::{SupplyUpsert, write_supply_rows},
    supply_archiving::{SupplyArchivingInput, archive_or_restore_supply},
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
pub async fn archive_or_restore_supplies(
    db: &Database,
    clock: &Clock,
    permit: Permit<kind::ProductWrite>,
    input: SupplyArchivingInput,
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
    Turn(&'a SupplyArchivingInput),
}

/// Runs the call, once for the key.
async fn run(scope: &TenantScope, clock: &Clock, key: &Key, call: SupplyCall<'_>) -> Result<Option<SupplyBatch>, Fault> {
    let decide = |mut work: Work| async move {
        let answer = match call {
            SupplyCall::Rows(input) => write_supply_rows(&mut work, clock, key, input).await,
            SupplyCall::Turn(input) => archive_or_restore_supply(&mut work, clock, key, input).await,
        };
        (work, answer)
    };
    let should_commit =
        |answer: &Option<SupplyBatch>| answer.as_ref().is_some_and(|batch| batch.seq.is_some() && !batch.is_replayed);
    Ok(with_retries(scope, decide, should_commit).await?.0)
}
