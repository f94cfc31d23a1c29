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
    writes::{key_refused, target},
};
use crate::catalog::{
    core::{
        Checker, Fresh, Problem, Refusal, Rejection, Subject, Verdict,
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

/// Why nothing was archived.
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
    /// Takes a category out of use whose products go to another one, once for the key.
    pub async fn category_archive_into(
        &self,
        permit: Permit<kind::ProductWrite>,
        which: Which,
        into: &str,
        ask: Ask,
    ) -> Result<Batch<CategoryRow>, Fault> {
        let text = ask.key.unwrap_or_default();
        if let Some(why) = key_refused(&text) {
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
        let fresh = Fresh { id: self.clock.uuid(), now: self.clock.now() };
        let mut work = permit.scope(&self.db).begin().await?;
        let done = archived(&mut work, &key, (&command, id, into), fresh).await;
        match settle(work, done, ask.mode == Mode::Check).await {
            Ok(Acted { value, seq, is_replayed }) => {
                let row = Answered { outcome: Outcome::Updated, row: Some(value), problems: Vec::new() };
                Ok(Batch { rows: vec![row], refused: Vec::new(), replayed: is_replayed, seq })
            }
            Err(Stop::Refused(refusal)) => Ok(refused(*refusal)),
            Err(Stop::Fault(fault)) => Err(fault),
        }
    }
}

/// The answer to a call that was refused, with the category as it is where its version is another one.
fn refused(Refusal { problems, current }: Refusal<CategoryRow>) -> Batch<CategoryRow> {
    let row = Answered { outcome: Outcome::Refused, row: current, problems };
    Batch { rows: vec![row], refused: Vec::new(), replayed: false, seq: None }
}

async fn archived(
    work: &mut Work,
    key: &Key,
    (command, id, into): (&LifeCommand<CategoryId>, CategoryId, CategoryId),
    fresh: Fresh,
) -> Result<Acted<CategoryRow>, Stop> {
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
        Verdict::Refused(refusal) => return Err(Stop::Refused(Box::new(refusal))),
    };
    takes_products(work, id, into).await?;
    if products.len() > MOST_MOVED {
        return Err(Stop::at("id", Rejection::TooMany { most: MOST_MOVED }));
    }
    let moved = turned(work, products, |row| row.category_id = Some(into), now).await?;
    // Categories below it, and products that came into it meanwhile, hold it as ever.
    let left = life::category(work, id, Step::Archive).await?.hindrances;
    if !left.is_empty() {
        return Err(Stop::of(left.into_iter().map(|why| Problem::at("id", why)).collect()));
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
async fn takes_products(work: &Work, id: CategoryId, into: CategoryId) -> Result<(), Stop> {
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

/// The answer to a call that is repeated: the category as it is now.
async fn again(work: &Work, receipt: &Receipt) -> Result<Acted<CategoryRow>, Stop> {
    let row = by_id::<entity::category::Entity, _>(work, receipt.id).await?;
    let value = row.ok_or_else(|| Fault::corrupt("category", "a category that was archived stays"))?;
    Ok(Acted { value, seq: receipt.seq, is_replayed: true })
}
