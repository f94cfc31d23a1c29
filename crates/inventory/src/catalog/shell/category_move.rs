//! Archiving a category whose products go to another one, in one step.

use entity::prelude::*;
use iam::access::{Permit, kind};
use platform::{
    audit,
    storage::{
        Fault, Work,
        idempotency::{self, Acted, Key, hash_of, settle},
        journal,
    },
};
use serde::{Deserialize, Serialize};

use super::{
    Catalog, Which,
    batch::{Answered, Ask, Batch, Mode, Outcome},
    merge::{MOST_MOVED, MergeStop, earlier, turned},
    traced,
    writes::target,
};
use crate::catalog::{
    core::{
        Checker, Fresh, Problem, Rejection, Subject, Verdict,
        category::CategoryRow,
        life::{LifeCommand, LifeContext, Step},
    },
    events,
    rows::{self, life, small::by_id},
};

/// What is remembered of the call.
#[derive(Debug, Serialize, Deserialize)]
struct Receipt {
    id: CategoryId,
    seq: Option<i64>,
}

impl Catalog {
    /// Takes a category out of use whose products go to another one, once for the key.
    pub async fn category_archive_into(
        &self,
        permit: Permit<kind::ProductWrite>,
        which: Which,
        into: &str,
        ask: Ask,
    ) -> Result<Batch<CategoryRow>, Fault> {
        let mut checker = Checker::default();
        let target = target::<entity::id::kind::CategoryId>(&which, Subject::Category, &mut checker);
        let into = into.parse::<CategoryId>().ok();
        if into.is_none() {
            checker.refuse(vec!["moveToId".to_owned()], Rejection::WrongId(Subject::Category));
        }
        let (true, Some(id), Some(into)) = (checker.problems.is_empty(), target.id(), into) else {
            return Ok(refused(checker.problems));
        };
        let hash = hash_of(&(id, into));
        let key = Key { owner: permit.actor().id, mutation: "categoryArchive", key: ask.key.unwrap_or_default(), hash };
        let command = LifeCommand { target, step: Step::Archive, problems: Vec::new() };
        let fresh = Fresh { id: self.clock.uuid(), now: self.clock.now() };
        let mut work = permit.scope(&self.db).begin().await?;
        let done = archived(&mut work, &key, (&command, id, into), fresh).await;
        match settle(work, done, ask.mode == Mode::Check).await {
            Ok(Acted { value, seq, is_replayed }) => {
                let row = Answered { outcome: Outcome::Updated, row: Some(value), problems: Vec::new() };
                Ok(Batch { rows: vec![row], refused: Vec::new(), replayed: is_replayed, seq })
            }
            Err(MergeStop::Refused(problems)) => Ok(refused(problems)),
            Err(MergeStop::Fault(fault)) => Err(fault),
        }
    }
}

fn refused(problems: Vec<Problem>) -> Batch<CategoryRow> {
    Batch { rows: Vec::new(), refused: problems, replayed: false, seq: None }
}

async fn archived(
    work: &mut Work,
    key: &Key,
    (command, id, into): (&LifeCommand<CategoryId>, CategoryId, CategoryId),
    fresh: Fresh,
) -> Result<Acted<CategoryRow>, MergeStop> {
    let now = fresh.now;
    // Products before the counter, as those who change one lock them; categories behind it.
    let products = rows::product::of_category(work, id, MOST_MOVED + 1).await?;
    if let Some(receipt) = earlier::<Receipt>(work, key).await? {
        return again(work, &receipt).await;
    }
    let row = by_id::<entity::category::Entity, _>(work, id).await?;
    let (before, after) = match (LifeContext { row, hindrances: Vec::new() }).decide(command, fresh) {
        Verdict::Updated { before, after } => (before, after),
        Verdict::Created(row) | Verdict::Unchanged(row) => return Ok(Acted { value: row, seq: None, is_replayed: false }),
        Verdict::Refused(refusal) => return Err(MergeStop::Refused(refusal.problems)),
    };
    takes_products(work, id, into).await?;
    if products.len() > MOST_MOVED {
        return Err(MergeStop::at("id", Rejection::TooMany { most: MOST_MOVED }));
    }
    let moved = turned(work, products, |row| row.category_id = Some(into), now).await?;
    // Categories below it, and products that came into it meanwhile, hold it as ever.
    let left = life::category(work, id, Step::Archive).await?.hindrances;
    if !left.is_empty() {
        return Err(MergeStop::Refused(left.into_iter().map(|why| Problem::at("id", why)).collect()));
    }
    rows::category::write(work, &[], &[(&before, &after)]).await?;
    audit::changed(work, id, Some(&traced::category(&before)), Some(&traced::category(&after)), None);
    let mut all = moved.events;
    all.push(events::CATEGORY_ARCHIVED.of(id, after.version));
    let seq = journal::append(work, all, now).await?;
    idempotency::keep(work, key, &Receipt { id, seq }, now).await?;
    Ok(Acted { value: after, seq, is_replayed: false })
}

/// Refuses a category that products cannot be put into.
async fn takes_products(work: &Work, id: CategoryId, into: CategoryId) -> Result<(), MergeStop> {
    if id == into {
        return Err(MergeStop::at("moveToId", Rejection::IntoItself));
    }
    match by_id::<entity::category::Entity, _>(work, into).await? {
        None => Err(MergeStop::at("moveToId", Rejection::Missing(Subject::Category))),
        Some(CategoryRow { archived_at: Some(since), .. }) => {
            Err(MergeStop::at("moveToId", Rejection::ArchivedSince { what: Subject::Category, since }))
        }
        Some(_) => Ok(()),
    }
}

/// The answer to a call that is repeated: the category as it is now.
async fn again(work: &Work, receipt: &Receipt) -> Result<Acted<CategoryRow>, MergeStop> {
    let row = by_id::<entity::category::Entity, _>(work, receipt.id).await?;
    let value = row.ok_or_else(|| Fault::corrupt("category", "a category that was archived stays"))?;
    Ok(Acted { value, seq: receipt.seq, is_replayed: true })
}
