//! Taking back the merge of two customers. Documents never moved, so each is listed with the one again that it was made for.

use entity::{id::kind as of, prelude::*};
use iam::access::{Permit, kind};
use platform::{
    audit::{self, Fields},
    storage::{
        Work,
        idempotency::{self, Acted, Key, hash_of, settle},
        journal,
    },
};

use super::{
    Catalog, Mode,
    merge::{MergeStop, Merged, MergedCustomer, Receipt, again, earlier, merged_from},
    traced,
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
    /// Takes the merge of a customer back, once for the key.
    pub async fn customer_unmerge(
        &self,
        permit: Permit<kind::CustomerMerge>,
        ask: UnmergeAsk<of::CustomerId>,
        mode: Mode,
    ) -> Done {
        let key =
            Key { owner: permit.actor().id, mutation: "customerUnmerge", key: ask.idempotency_key.clone(), hash: hash_of(&ask) };
        let mut work = permit.scope(&self.db).begin().await?;
        let done = unmerged(&mut work, &key, &ask, self.clock.now()).await;
        settle(work, done, mode == Mode::Check).await
    }
}

async fn unmerged(work: &mut Work, key: &Key, ask: &UnmergeAsk<of::CustomerId>, now: Timestamp) -> Done {
    // Before the rows are locked, so that they are locked in the order of their ids, as by merges.
    let record = unmerge_rows::customer_merge(work, ask.id).await?;
    let along: CustomersMoved = unmerge_rows::moved(record.as_ref())?;
    let into = record.as_ref().map(|record| record.into);
    let ids: Vec<CustomerId> = [ask.id].into_iter().chain(into).chain(along.turned.iter().copied()).collect();
    let known = rows::customer::to_change(work, &ids, &[]).await?;
    if let Some(receipt) = earlier::<Receipt>(work, key).await? {
        return again(work, &receipt).await;
    }
    let row = |id: CustomerId| known.iter().find(|row| row.id == id);
    let (one, other) = (row(ask.id), into.and_then(row));
    let problems = unmerge::check(ask, record.as_ref(), (one, other), now);
    let (true, Some(record), Some(one), Some(other)) = (problems.is_empty(), record, one, other) else {
        return Err(MergeStop::Refused(problems));
    };
    // Another may have taken it back and merged it anew before the rows were locked.
    if unmerge_rows::customer_merge(work, ask.id).await?.is_none_or(|stands| stands.id != record.id) {
        return Err(MergeStop::at("expectedVersion", Rejection::Stale { actual: one.version }));
    }
    let one_after = CustomerRow { merged_into: None, version: one.version + 1, updated_at: now, ..one.clone() };
    let other_after = CustomerRow { version: other.version + 1, updated_at: now, ..other.clone() };
    let turned = unmerge_rows::unmerge_customers(work, (&one_after, &other_after), &along).await?;
    unmerge_rows::end_merge(work, record.id, now).await?;
    audit::changed(work, one.id, Some(&traced::customer(one)), Some(&traced::customer(&one_after)), None);
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
    let rows = Merged { merged: one_after, into: other_after };
    Ok(Acted { value: MergedCustomer { rows, orders, returns }, seq, is_replayed: false })
}
