//! Archiving a category and moving its products to another one, in one step.

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
    audit_fields,
    batch::{Batch, CallOptions, Mode, Outcome, RowAnswer},
    merge::{MAX_MOVED, MergeStop, stored_result, turned},
    service::Catalog,
    writes::{RowRef, key_rejection, target},
};
use crate::catalog::{
    core::{
        Checker, NewIdAndTime, Problem, Refusal, Rejection, Subject, Verdict,
        archiving::{LifeCommand, LifeContext, Step},
        category::CategoryRow,
    },
    events,
    rows::{self, archiving, small_tables::by_id},
};

/// Stored result of the call.
#[derive(Debug, Serialize, Deserialize)]
struct Receipt {
    id: CategoryId,
    seq: Option<i64>,
}

/// Reason why nothing was archived.
enum Stop {
    Refused(Box<Refusal<CategoryRow>>),
    Fault(Fault),
}

impl Stop {
    fn at(field: &str, why: Rejection) -> Self {
        Self::of(vec![Problem::at(field, why)])
    }
    fn of(problems: Vec<Problem>) -> Self {
        Self::Refused(Box::new(Refusal { problems, current: None }))
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<MergeStop> for Stop {
    fn from(stop: MergeStop) -> Self {
        match stop {
            MergeStop::Refused(problems) => Self::of(problems),
            MergeStop::Fault(fault) => Self::Fault(fault),
        }
    }
}

impl Catalog {
    /// Archives a category and moves its products to another one, once for the key.
    pub async fn category_archive_into(
        &self,
        permit: Permit<kind::ProductWrite>,
        which: RowRef,
        into: &str,
        ask: CallOptions,
    ) -> Result<Batch<CategoryRow>, Fault> {
        let text = ask.key.unwrap_or_default();
        if let Some(why) = key_rejection(&text) {
            return Ok(Batch::refused(Problem::at("idempotencyKey", why)));
        }
        let mut checker = Checker::default();
        let target = target::<entity::id::kind::CategoryId>(&which, Subject::Category, &mut checker);
        let into = into.parse::<CategoryId>().ok();
        if into.is_none() {
            checker.refuse(vec!["moveToId".to_owned()], Rejection::WrongId(Subject::Category));
        }
        let (true, Some(id), Some(into)) = (checker.problems.is_empty(), target.id(), into) else {
            return Ok(refused(Refusal { problems: checker.problems, current: None }));
        };
        let hash = hash_of(&(id, into));
        let key = Key { owner: permit.actor().id, mutation: "categoryArchive", key: text, hash };
        let command = LifeCommand { target, step: Step::Archive, problems: Vec::new() };
        let fresh = NewIdAndTime { id: self.clock.uuid(), now: self.clock.now() };
        let mut work = permit.scope(&self.db).begin().await?;
        let done = archived(&mut work, &key, (&command, id, into), fresh).await;
        match settle(work, done, ask.mode == Mode::Check).await {
            Ok(Acted { value, seq, is_replayed }) => {
                let row = RowAnswer { outcome: Outcome::Updated, row: Some(value), problems: Vec::new() };
                Ok(Batch { rows: vec![row], refused: Vec::new(), replayed: is_replayed, seq })
            }
            Err(Stop::Refused(refusal)) => Ok(refused(*refusal)),
            Err(Stop::Fault(fault)) => Err(fault),
        }
    }
}

/// The answer to a refused call, with the current category if its version differs.
fn refused(Refusal { problems, current }: Refusal<CategoryRow>) -> Batch<CategoryRow> {
    let row = RowAnswer { outcome: Outcome::Refused, row: current, problems };
    Batch { rows: vec![row], refused: Vec::new(), replayed: false, seq: None }
}

async fn archived(
    work: &mut Work,
    key: &Key,
    (command, id, into): (&LifeCommand<CategoryId>, CategoryId, CategoryId),
    fresh: NewIdAndTime,
) -> Result<Acted<CategoryRow>, Stop> {
    let now = fresh.now;
    // Products are locked before the counter row, as in changes of products; categories after it.
    let products = rows::product::lock_products_of_category(work, id, MAX_MOVED + 1).await?;
    if let Some(receipt) = stored_result::<Receipt>(work, key).await? {
        return again(work, &receipt).await;
    }
    let row = by_id::<entity::category::Entity, _>(work, id).await?;
    let (before, after) = match (LifeContext { row, hindrances: Vec::new() }).decide(command, fresh) {
        Verdict::Updated { before, after } => (before, after),
        Verdict::Created(row) | Verdict::Unchanged(row) => return Ok(Acted { value: row, seq: None, is_replayed: false }),
        Verdict::Refused(refusal) => return Err(Stop::Refused(Box::new(refusal))),
    };
    check_accepts_products(work, id, into).await?;
    if products.len() > MAX_MOVED {
        return Err(Stop::at("id", Rejection::TooMany { most: MAX_MOVED }));
    }
    let moved = turned(work, products, |row| row.category_id = Some(into), now).await?;
    // Its child categories, and products that were added to it meanwhile, still prevent it.
    let left = archiving::category(work, id, Step::Archive).await?.hindrances;
    if !left.is_empty() {
        return Err(Stop::of(left.into_iter().map(|why| Problem::at("id", why)).collect()));
    }
    rows::category::write(work, &[], &[(&before, &after)]).await?;
    audit::changed(work, id, Some(&audit_fields::category(&before)), Some(&audit_fields::category(&after)), None);
    let mut all = moved.events;
    all.push(events::CATEGORY_ARCHIVED.of(id, after.version));
    let seq = journal::append(work, all, now).await?;
    idempotency::keep(work, key, &Receipt { id, seq }, now).await?;
    Ok(Acted { value: after, seq, is_replayed: false })
}

/// Refuses a category that products cannot be put into.
async fn check_accepts_products(work: &Work, id: CategoryId, into: CategoryId) -> Result<(), Stop> {
    if id == into {
        return Err(Stop::at("moveToId", Rejection::IntoItself));
    }
    match by_id::<entity::category::Entity, _>(work, into).await? {
        None => Err(Stop::at("moveToId", Rejection::Missing(Subject::Category))),
        Some(CategoryRow { archived_at: Some(since), .. }) => {
            Err(Stop::at("moveToId", Rejection::ArchivedSince { what: Subject::Category, since }))
        }
        Some(_) => Ok(()),
    }
}

/// The answer to a repeated call: the current category.
async fn again(work: &Work, receipt: &Receipt) -> Result<Acted<CategoryRow>, Stop> {
    let row = by_id::<entity::category::Entity, _>(work, receipt.id).await?;
    let value = row.ok_or_else(|| Fault::corrupt("category", "a category that was archived stays"))?;
    Ok(Acted { value, seq: receipt.seq, is_replayed: true })
}
