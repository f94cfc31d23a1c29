//! Archiving a category and moving its products to another one, in one step.

use entity::prelude::*;
use iam::access::{Permit, kind};
use platform::{
    audit,
    storage::{
        Fault, Work,
        idempotency::{self, CallResult, Key, hash_of, settle},
        journal,
    },
};
use serde::{Deserialize, Serialize};

use super::{
    audit_fields,
    batch::{Batch, CallOptions, Mode, Outcome, RowAnswer},
    merge::{MAX_MOVED_PRODUCTS, MergeStop, change_products, stored_result},
    service::Catalog,
    writes::{RowRef, key_rejection, parse_target},
};
use crate::catalog::{
    core::{
        Checker, NewIdAndTime, Problem, Refusal, Rejection, Subject, Verdict,
        archiving::{ArchivingCommand, ArchivingContext, Step},
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
    fn at(field: &str, rejection: Rejection) -> Self {
        Self::of(vec![Problem::at(field, rejection)])
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
        row_ref: RowRef,
        into: &str,
        options: CallOptions,
    ) -> Result<Batch<CategoryRow>, Fault> {
        let text = options.key.unwrap_or_default();
        if let Some(rejection) = key_rejection(&text) {
            return Ok(Batch::refused(Problem::at("idempotencyKey", rejection)));
        }
        let mut checker = Checker::default();
        let target = parse_target::<entity::id::kind::CategoryId>(&row_ref, Subject::Category, &mut checker);
        let into = into.parse::<CategoryId>().ok();
        if into.is_none() {
            checker.refuse(vec!["moveToId".to_owned()], Rejection::WrongId(Subject::Category));
        }
        let (true, Some(id), Some(into)) = (checker.problems.is_empty(), target.id(), into) else {
            return Ok(refused(Refusal { problems: checker.problems, current: None }));
        };
        let hash = hash_of(&(id, into));
        let key = Key { owner: permit.actor().id, mutation: "categoryArchive", key: text, hash };
        let command = ArchivingCommand { target, step: Step::Archive, problems: Vec::new() };
        let id_and_time = NewIdAndTime { id: self.clock.uuid(), now: self.clock.now() };
        let mut work = permit.scope(&self.db).begin().await?;
        let result = archive_and_move(&mut work, &key, (&command, id, into), id_and_time).await;
        match settle(work, result, options.mode == Mode::Check).await {
            Ok(CallResult { value, seq, is_replayed }) => {
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

async fn archive_and_move(
    work: &mut Work,
    key: &Key,
    (command, id, into): (&ArchivingCommand<CategoryId>, CategoryId, CategoryId),
    id_and_time: NewIdAndTime,
) -> Result<CallResult<CategoryRow>, Stop> {
    let now = id_and_time.now;
    // Products are locked before the counter row, as in changes of products; categories after it.
    let products = rows::product::lock_products_of_category(work, id, MAX_MOVED_PRODUCTS + 1).await?;
    if let Some(receipt) = stored_result::<Receipt>(work, key).await? {
        return replay_archive(work, &receipt).await;
    }
    let row = by_id::<entity::category::Entity, _>(work, id).await?;
    let (before, after) = match (ArchivingContext { row, hindrances: Vec::new() }).decide(command, id_and_time) {
        Verdict::Updated { before, after } => (before, after),
        Verdict::Created(row) | Verdict::Unchanged(row) => return Ok(CallResult { value: row, seq: None, is_replayed: false }),
        Verdict::Refused(refusal) => return Err(Stop::Refused(Box::new(refusal))),
    };
    check_accepts_products(work, id, into).await?;
    if products.len() > MAX_MOVED_PRODUCTS {
        return Err(Stop::at("id", Rejection::TooMany { most: MAX_MOVED_PRODUCTS }));
    }
    let moved_products = change_products(work, products, |row| row.category_id = Some(into), now).await?;
    // Its child categories, and products that were added to it meanwhile, still prevent it.
    let remaining_hindrances = archiving::category(work, id, Step::Archive).await?.hindrances;
    if !remaining_hindrances.is_empty() {
        return Err(Stop::of(remaining_hindrances.into_iter().map(|hindrance| Problem::at("id", hindrance)).collect()));
    }
    rows::category::write(work, &[], &[(&before, &after)]).await?;
    audit::changed(work, id, Some(&audit_fields::category(&before)), Some(&audit_fields::category(&after)), None);
    let mut event_list = moved_products.events;
    event_list.push(events::CATEGORY_ARCHIVED.of(id, after.version));
    let seq = journal::append(work, event_list, now).await?;
    idempotency::keep(work, key, &Receipt { id, seq }, now).await?;
    Ok(CallResult { value: after, seq, is_replayed: false })
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
async fn replay_archive(work: &Work, receipt: &Receipt) -> Result<CallResult<CategoryRow>, Stop> {
    let row = by_id::<entity::category::Entity, _>(work, receipt.id).await?;
    let value = row.ok_or_else(|| Fault::corrupt("category", "a category that was archived stays"))?;
    Ok(CallResult { value, seq: receipt.seq, is_replayed: true })
}
