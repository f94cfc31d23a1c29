//! Undoing the merge of two customers. Documents never moved, so each is listed again with the
//! customer that it was created for.

use entity::{id::kind as of, prelude::*};
use iam::access::{Permit, kind};
use platform::{
    audit::{self, Fields},
    clock::Clock,
    storage::{
        Database, Fault, Work,
        idempotency::{self, Acted, Key, hash_of, settle},
        journal,
    },
};

use super::{
    audit_fields,
    batch::Mode,
    merge::{MergeStop, MergedCustomer, MergedPair, Receipt, again, merged_from, refuse_at, stored_result},
    service::Catalog,
};
use crate::catalog::{
    core::{
        Rejection,
        customer::CustomerRow,
        unmerge::{self, CustomersMoved, UnmergeAsk},
    },
    events,
    rows::{self, merge::documents_of, unmerge as unmerge_rows},
};

type Done = Result<Acted<MergedCustomer>, MergeStop>;

impl Catalog {
    /// Undoes the merge of a customer, once for the key.
    pub async fn customer_unmerge(
        &self,
        permit: Permit<kind::CustomerMerge>,
        ask: UnmergeAsk<of::CustomerId>,
        mode: Mode,
    ) -> Done {
        let key =
            Key { owner: permit.actor().id, mutation: "customerUnmerge", key: ask.idempotency_key.clone(), hash: hash_of(&ask) };
        let mut work = permit.scope(&self.db).begin().await?;
        let now = self.clock.now();
        let done = unmerged(&mut work, &key, &ask, (now, Some(now))).await;
        settle(work, done, mode == Mode::Check).await
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
    let ask = UnmergeAsk { idempotency_key, id, expected_version: None, into_expected_version: None };
    let owner = Actor::SYSTEM.id;
    let key = Key { owner, mutation: "customerUnmerge", key: ask.idempotency_key.clone(), hash: hash_of(&ask) };
    let mut work = db.tenant(tenant).begin().await?;
    let done = unmerged(&mut work, &key, &ask, (clock.now(), None)).await;
    match settle(work, done, false).await {
        Ok(_) => Ok(()),
        Err(MergeStop::Fault(fault)) => Err(fault),
        Err(MergeStop::Refused(_)) => Err(Fault::Broken(format!(
            "the customer {id} is merged into it here and was not erased with it, and that merge cannot be taken back. customerErase of the one that stays erases both"
        ))),
    }
}

/// `asked_at` is the time of the request, which is checked against the days in which a merge can be
/// undone; None skips the check.
async fn unmerged(
    work: &mut Work,
    key: &Key,
    ask: &UnmergeAsk<of::CustomerId>,
    (now, asked_at): (Timestamp, Option<Timestamp>),
) -> Done {
    // Read before the rows are locked, so that they are locked in the order of their IDs, as by
    // merges.
    let record = unmerge_rows::customer_merge(work, ask.id).await?;
    let along: CustomersMoved = unmerge_rows::moved(record.as_ref())?;
    let into = record.as_ref().map(|record| record.into);
    let ids: Vec<CustomerId> = [ask.id].into_iter().chain(into).chain(along.turned.iter().copied()).collect();
    let known = rows::customer::lock_for_update(work, &ids, &[]).await?;
    if let Some(receipt) = stored_result::<Receipt>(work, key).await? {
        return again(work, &receipt).await;
    }
    let row = |id: CustomerId| known.iter().find(|row| row.id == id);
    let (one, other) = (row(ask.id), into.and_then(row));
    let asked_at = asked_at.or_else(|| record.as_ref().map(|record| record.merged_at)).unwrap_or(now);
    let problems = unmerge::check(ask, record.as_ref(), (one, other), asked_at);
    let (true, Some(record), Some(one), Some(other)) = (problems.is_empty(), record, one, other) else {
        return Err(MergeStop::Refused(problems));
    };
    // Another call may have undone the merge and merged again before the rows were locked.
    if unmerge_rows::customer_merge(work, ask.id).await?.is_none_or(|stands| stands.id != record.id) {
        return Err(refuse_at("expectedVersion", Rejection::Stale { actual: one.version }));
    }
    let one_after = CustomerRow { merged_into: None, version: one.version + 1, updated_at: now, ..one.clone() };
    let other_after = CustomerRow { version: other.version + 1, updated_at: now, ..other.clone() };
    let turned = unmerge_rows::unmerge_customers(work, (&one_after, &other_after), &along).await?;
    unmerge_rows::mark_merge_undone(work, record.id, now).await?;
    audit::changed(work, one.id, Some(&audit_fields::customer(one)), Some(&audit_fields::customer(&one_after)), None);
    audit::changed(work, other.id, Some(&merged_from(one.id.to_string())), Some(&Fields::default()), None);
    let mut all = vec![events::CUSTOMER_UNMERGED.of(one.id, one_after.version)];
    for (id, version) in turned {
        let into = |into: CustomerId| Fields::default().with("mergedInto", into);
        audit::changed(work, id, Some(&into(other.id)), Some(&into(one.id)), None);
        all.push(events::CUSTOMER_UPDATED.of(id, version));
    }
    all.push(events::CUSTOMER_UPDATED.of(other.id, other_after.version));
    let (orders, returns) = documents_of(work, one.id).await?;
    let seq = journal::append(work, all, now).await?;
    let receipt = Receipt { merged: one.id, into: other.id, seq, orders, returns };
    idempotency::keep(work, key, &receipt, now).await?;
    let rows = MergedPair { merged: one_after, into: other_after };
    Ok(Acted { value: MergedCustomer { rows, orders, returns }, seq, is_replayed: false })
}
