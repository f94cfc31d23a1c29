//! Undoing the merge of two customers. Documents never moved, so each is listed again with the
//! customer that it was created for.

use entity::{id::kind as of, prelude::*};
use iam::access::{Permit, kind};
use platform::{
    audit::{self, Fields},
    clock::Clock,
    storage::{
        Database, Fault, Work,
        idempotency::{self, CallResult, Key, hash_of, settle},
        journal,
    },
};

use super::{
    audit_fields,
    batch::Mode,
    merge::{MergeStop, MergedCustomer, MergedPair, Receipt, merged_from_fields, refuse_at, replay_merge, stored_result},
    service::Catalog,
};
use crate::catalog::{
    core::{
        Rejection,
        customer::CustomerRow,
        unmerge::{self, CustomersMoved, UnmergeRequest},
    },
    events,
    rows::{self, merge::count_customer_documents, unmerge as unmerge_rows},
};

type UnmergeResult = Result<CallResult<MergedCustomer>, MergeStop>;

impl Catalog {
    /// Undoes the merge of a customer, once for the key.
    pub async fn customer_unmerge(
        &self,
        permit: Permit<kind::CustomerMerge>,
        request: UnmergeRequest<of::CustomerId>,
        mode: Mode,
    ) -> UnmergeResult {
        let key = Key {
            owner: permit.actor().id,
            mutation: "customerUnmerge",
            key: request.idempotency_key.clone(),
            hash: hash_of(&request),
        };
        let mut work = permit.scope(&self.db).begin().await?;
        let now = self.clock.now();
        let outcome = run_customer_unmerge(&mut work, &key, &request, (now, Some(now))).await;
        settle(work, outcome, mode == Mode::Check).await
    }
}

/// Undoes the merge of a customer as the system, however long ago it was: it had been undone before
/// the database was restored.
///
/// # Errors
/// The merge cannot be undone, or the database fails; nothing is changed then.
pub async fn unmerge_as_system(db: &Database, clock: &Clock, tenant: TenantId, id: CustomerId) -> Result<(), Fault> {
    // A new key: the merge may have been undone after an earlier restore, too.
    let idempotency_key = format!("restored-{}", clock.uuid());
    let request = UnmergeRequest { idempotency_key, id, expected_version: None, into_expected_version: None };
    let owner = Actor::SYSTEM.id;
    let key = Key { owner, mutation: "customerUnmerge", key: request.idempotency_key.clone(), hash: hash_of(&request) };
    let mut work = db.tenant(tenant).begin().await?;
    let outcome = run_customer_unmerge(&mut work, &key, &request, (clock.now(), None)).await;
    match settle(work, outcome, false).await {
        Ok(_) => Ok(()),
        Err(MergeStop::Fault(fault)) => Err(fault),
        Err(MergeStop::Refused(_)) => Err(Fault::Broken(format!(
            "the customer {id} is merged into it here and was not erased with it, and that merge cannot be taken back. customerErase of the one that stays erases both"
        ))),
    }
}

/// `asked_at` is the time of the request, which is checked against the days in which a merge can be
/// undone; None skips the check.
async fn run_customer_unmerge(
    work: &mut Work,
    key: &Key,
    request: &UnmergeRequest<of::CustomerId>,
    (now, asked_at): (Timestamp, Option<Timestamp>),
) -> UnmergeResult {
    // Read before the rows are locked, so that they are locked in the order of their IDs, as by
    // merges.
    let record = unmerge_rows::customer_merge(work, request.id).await?;
    let moved_customers: CustomersMoved = unmerge_rows::moved(record.as_ref())?;
    let into = record.as_ref().map(|record| record.into);
    let ids: Vec<CustomerId> = [request.id].into_iter().chain(into).chain(moved_customers.turned.iter().copied()).collect();
    let customers = rows::customer::lock_for_update(work, &ids, &[]).await?;
    if let Some(receipt) = stored_result::<Receipt>(work, key).await? {
        return replay_merge(work, &receipt).await;
    }
    let row = |id: CustomerId| customers.iter().find(|row| row.id == id);
    let (merged_row, surviving_row) = (row(request.id), into.and_then(row));
    let asked_at = asked_at.or_else(|| record.as_ref().map(|record| record.merged_at)).unwrap_or(now);
    let problems = unmerge::check(request, record.as_ref(), (merged_row, surviving_row), asked_at);
    let (true, Some(record), Some(merged_row), Some(surviving_row)) = (problems.is_empty(), record, merged_row, surviving_row)
    else {
        return Err(MergeStop::Refused(problems));
    };
    // Another call may have undone the merge and merged again before the rows were locked.
    if unmerge_rows::customer_merge(work, request.id).await?.is_none_or(|current_record| current_record.id != record.id) {
        return Err(refuse_at("expectedVersion", Rejection::Stale { actual: merged_row.version }));
    }
    let merged_after = CustomerRow { merged_into: None, version: merged_row.version + 1, updated_at: now, ..merged_row.clone() };
    let survivor_after = CustomerRow { version: surviving_row.version + 1, updated_at: now, ..surviving_row.clone() };
    let repointed = unmerge_rows::unmerge_customers(work, (&merged_after, &survivor_after), &moved_customers).await?;
    unmerge_rows::mark_merge_undone(work, record.id, now).await?;
    audit::changed(
        work,
        merged_row.id,
        Some(&audit_fields::customer(merged_row)),
        Some(&audit_fields::customer(&merged_after)),
        None,
    );
    audit::changed(work, surviving_row.id, Some(&merged_from_fields(merged_row.id.to_string())), Some(&Fields::default()), None);
    let mut event_list = vec![events::CUSTOMER_UNMERGED.of(merged_row.id, merged_after.version)];
    for (id, version) in repointed {
        let into = |into: CustomerId| Fields::default().with("mergedInto", into);
        audit::changed(work, id, Some(&into(surviving_row.id)), Some(&into(merged_row.id)), None);
        event_list.push(events::CUSTOMER_UPDATED.of(id, version));
    }
    event_list.push(events::CUSTOMER_UPDATED.of(surviving_row.id, survivor_after.version));
    let (orders, returns) = count_customer_documents(work, merged_row.id).await?;
    let seq = journal::append(work, event_list, now).await?;
    let receipt = Receipt { merged: merged_row.id, into: surviving_row.id, seq, orders, returns };
    idempotency::keep(work, key, &receipt, now).await?;
    let rows = MergedPair { merged: merged_after, into: survivor_after };
    Ok(CallResult { value: MergedCustomer { rows, orders, returns }, seq, is_replayed: false })
}
