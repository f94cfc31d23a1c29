//! Creating, changing and deleting views.

use entity::prelude::*;
use iam::access::{Permit, kind};
use inventory::ledger::Mode;
use platform::{
    stages::{Refusals, Stage},
    storage::{
        Fault, Work,
        idempotency::{self, CallResult, EarlierUse, Key, hash_of, settle},
        journal,
    },
};
use serde::{Deserialize, Serialize};

use super::{
    refusal::{SavedViewError, SavedViewRefusal},
    service::SavedViews,
};
use crate::saved_views::{
    core::{Change, Fields, MAX_COST, MAX_VIEWS, Problem, Readers, Sharing, View, ViewRef},
    events::{EventType, SAVED_VIEW_CREATED, SAVED_VIEW_DELETED, SAVED_VIEW_UPDATED, SavedViewEvent},
    rows,
};

/// Input of a view. The hash of the idempotency key is over its JSON.
#[derive(Debug, Clone, Serialize)]
pub struct ViewCreate {
    #[serde(skip)]
    pub idempotency_key: String,
    pub fields: Fields,
    /// Readers that it is shared with; `None` for all who may read views.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub readers: Option<Readers>,
    /// Indexes of readers' roles that do not exist.
    #[serde(skip)]
    pub unknown_roles: Vec<usize>,
}

/// Input of a change.
#[derive(Debug, Clone, Serialize)]
pub struct ViewUpdate {
    #[serde(skip)]
    pub idempotency_key: String,
    pub id: SavedViewId,
    #[serde(skip)]
    pub expected_version: i64,
    pub change: Change,
    /// Indexes of readers' roles that do not exist.
    #[serde(skip)]
    pub unknown_roles: Vec<usize>,
    /// API key of the calling program.
    #[serde(skip)]
    pub key: Option<ApiKeyId>,
}

/// Input of a deletion.
#[derive(Debug, Clone, Serialize)]
pub struct ViewDelete {
    #[serde(skip)]
    pub idempotency_key: String,
    pub id: SavedViewId,
}

/// Stored result of a call, for its idempotency key.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Receipt {
    pub view: SavedViewId,
    /// The created link.
    #[serde(default)]
    pub link: Option<SavedViewLinkId>,
    /// The schedule that was set.
    #[serde(default)]
    pub schedule: Option<SavedViewScheduleId>,
    pub seq: Option<i64>,
}

/// Link or schedule that a call created in addition to changing a view.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct CreatedExtra {
    pub link: Option<SavedViewLinkId>,
    pub schedule: Option<SavedViewScheduleId>,
}

pub(super) type ManagePermit = Permit<kind::ViewManage>;
pub(super) type ChangeResult = Result<CallResult<Option<View>>, SavedViewError>;

impl SavedViews {
    /// Creates a view of a document that is valid now.
    ///
    /// # Errors
    /// All refusals of the first stage that has any.
    pub async fn create(&self, permit: ManagePermit, input: ViewCreate, mode: Mode) -> ChangeResult {
        let readers = input.readers.as_ref().map(Readers::problems).unwrap_or_default();
        check_shape(&input.idempotency_key, [input.fields.problems(), readers].concat())?;
        let mut work = permit.scope(&self.0.db).begin().await?;
        let outcome = self.apply_create(&mut work, &permit, &input).await;
        settle(work, outcome, mode.is_dry()).await
    }

    async fn apply_create(&self, work: &mut Work, permit: &ManagePermit, input: &ViewCreate) -> ChangeResult {
        let key = key_of(permit, "savedViewCreate", &input.idempotency_key, hash_of(input));
        if let Some(receipt) = find_receipt(work, &key).await? {
            return load_replayed(work, receipt).await;
        }
        let mut refusals = Refusals::default();
        check_readers(work, input.readers.as_ref(), &input.unknown_roles, &mut refusals).await?;
        refusals.end(Stage::Reference)?;
        let cost = self.view_cost(permit, &input.fields, &mut refusals).await?;
        check_slug(work, &input.fields.slug, None, &mut refusals).await?;
        if rows::count_views(work).await? >= MAX_VIEWS {
            refusals.add(SavedViewRefusal::TooMany);
        }
        refusals.end(Stage::State)?;
        let now = self.0.clock.now();
        let view = View {
            id: self.0.clock.id(),
            fields: input.fields.clone(),
            cost,
            is_paused: false,
            maker: permit.actor(),
            readers: input.readers.clone(),
            version: 1,
            created_at: now,
            updated_at: now,
        };
        rows::insert_view(work, &view).await?;
        end(work, (&key, SAVED_VIEW_CREATED), view, now).await
    }

    /// Changes a view. Its document is checked again whatever changes, so that a broken one is not
    /// stored as valid.
    ///
    /// # Errors
    /// All refusals of the first stage that has any.
    pub async fn update(&self, permit: ManagePermit, input: ViewUpdate, mode: Mode) -> ChangeResult {
        check_shape(&input.idempotency_key, input.change.problems())?;
        let mut work = permit.scope(&self.0.db).begin().await?;
        let outcome = self.apply_update(&mut work, &permit, &input).await;
        settle(work, outcome, mode.is_dry()).await
    }

    async fn apply_update(&self, work: &mut Work, permit: &ManagePermit, input: &ViewUpdate) -> ChangeResult {
        let key = key_of(permit, "savedViewUpdate", &input.idempotency_key, hash_of(input));
        if let Some(receipt) = find_receipt(work, &key).await? {
            return load_replayed(work, receipt).await;
        }
        let mut refusals = Refusals::default();
        let locked_view = rows::lock_view(work, input.id).await?;
        if locked_view.is_none() {
            refusals.add(SavedViewRefusal::NotFound);
        }
        let new_readers = input.change.sharing.as_ref().and_then(Sharing::readers);
        check_readers(work, new_readers, &input.unknown_roles, &mut refusals).await?;
        refusals.end(Stage::Reference)?;
        let before = locked_view.ok_or(SavedViewRefusal::NotFound)?;
        let fields = before.fields.with(&input.change);
        let cost = self.view_cost(permit, &fields, &mut refusals).await?;
        if before.version != input.expected_version {
            refusals.add(SavedViewRefusal::Stale(before.version));
        }
        let is_other = (&fields.document, &fields.variables) != (&before.fields.document, &before.fields.variables);
        if is_other && self.runs_for_others(work, before.id, (permit.actor(), input.key)).await? {
            refusals.add(SavedViewRefusal::Lent);
        }
        check_slug(work, &fields.slug, Some(before.id), &mut refusals).await?;
        refusals.end(Stage::State)?;
        let readers = input.change.sharing.as_ref().map_or_else(|| before.readers.clone(), |sharing| sharing.readers().cloned());
        let now = self.0.clock.now();
        let is_paused = input.change.is_paused.unwrap_or(before.is_paused);
        let view = View { fields, cost, is_paused, readers, version: before.version + 1, updated_at: now, ..before };
        rows::update_view(work, &view).await?;
        end(work, (&key, SAVED_VIEW_UPDATED), view, now).await
    }

    /// Whether a link or a schedule of others runs the document with their rights: with another
    /// document it would show the caller data that only they may see.
    async fn runs_for_others(&self, work: &Work, view: SavedViewId, caller: (Actor, Option<ApiKeyId>)) -> Result<bool, Fault> {
        let now = self.0.clock.now();
        let (links, schedules) = (rows::links_of(work, view).await?, rows::schedules_of(work, view).await?);
        let by_link = links.iter().any(|link| link.expires_at > now && (link.maker, link.key) != caller);
        // A paused schedule runs only once it is set again, with the rights of that caller.
        let by_schedule =
            schedules.iter().any(|candidate| candidate.next_run_at.is_some() && (candidate.maker, candidate.key) != caller);
        Ok(by_link || by_schedule)
    }

    /// Deletes a view.
    pub async fn delete(&self, permit: ManagePermit, input: ViewDelete, mode: Mode) -> ChangeResult {
        check_key(&input.idempotency_key)?;
        let mut work = permit.scope(&self.0.db).begin().await?;
        let outcome = self.apply_delete(&mut work, &permit, &input).await;
        settle(work, outcome, mode.is_dry()).await
    }

    async fn apply_delete(&self, work: &mut Work, permit: &ManagePermit, input: &ViewDelete) -> ChangeResult {
        let key = key_of(permit, "savedViewDelete", &input.idempotency_key, hash_of(input));
        if let Some(receipt) = find_receipt(work, &key).await? {
            return load_replayed(work, receipt).await;
        }
        let view = rows::lock_view(work, input.id).await?.ok_or(SavedViewRefusal::NotFound)?;
        rows::remove_links_of(work, view.id).await?;
        rows::remove_schedules_of(work, view.id).await?;
        rows::remove_view(work, view.id).await?;
        end(work, (&key, SAVED_VIEW_DELETED), view, self.0.clock.now()).await
    }

    /// Returns the cost of a view, in points. Refuses a document that cannot be a view, and one
    /// that costs too much.
    async fn view_cost(
        &self,
        permit: &ManagePermit,
        fields: &Fields,
        refusals: &mut Refusals<SavedViewRefusal>,
    ) -> Result<i64, Fault> {
        let is_held = permit.caller().trusted_only;
        match self.engine()?.examine(&fields.document, &fields.variables, is_held).await? {
            Ok(cost) => {
                if cost > MAX_COST {
                    refusals.add(SavedViewRefusal::TooDear(cost));
                }
                Ok(cost)
            }
            Err(problem) => {
                refusals.add(SavedViewRefusal::Document(problem));
                Ok(0)
            }
        }
    }
}

pub(super) fn check_key(key: &str) -> Result<(), SavedViewError> {
    check_shape(key, Vec::new())
}

/// Refuses an invalid idempotency key, and fields of a wrong form.
pub(super) fn check_shape(key: &str, problems: Vec<Problem>) -> Result<(), SavedViewError> {
    let mut refusals = Refusals::default();
    refusals.extend(idempotency::check_key(key).err().map(SavedViewRefusal::BadKey));
    refusals.extend(problems.into_iter().map(SavedViewRefusal::Field));
    refusals.end(Stage::Shape).map_err(SavedViewError::from)
}

pub(super) fn key_of(permit: &ManagePermit, mutation: &'static str, key: &str, hash: idempotency::InputDigest) -> Key {
    Key { owner: permit.actor().id, mutation, key: key.to_owned(), hash }
}

/// Returns the stored result of an earlier call with the key.
pub(super) async fn find_receipt(work: &Work, key: &Key) -> Result<Option<Receipt>, SavedViewError> {
    match idempotency::lock_and_look_up(work, key).await? {
        EarlierUse::Nothing => Ok(None),
        EarlierUse::Reused => Err(SavedViewRefusal::KeyReused.into()),
        EarlierUse::Same(receipt) => Ok(Some(receipt)),
    }
}

/// Refuses readers that do not exist. The caller has checked the roles.
async fn check_readers(
    work: &Work,
    readers: Option<&Readers>,
    unknown_roles: &[usize],
    refusals: &mut Refusals<SavedViewRefusal>,
) -> Result<(), Fault> {
    let Some(readers) = readers else { return Ok(()) };
    refusals.extend(unknown_roles.iter().map(|index| SavedViewRefusal::NoRole(*index)));
    for (index, member) in readers.members.iter().enumerate() {
        if !rows::is_active_member(work, *member).await? {
            refusals.add(SavedViewRefusal::NoReader(index));
        }
    }
    Ok(())
}

/// Refuses a slug that another view has.
async fn check_slug(
    work: &Work,
    slug: &str,
    own_id: Option<SavedViewId>,
    refusals: &mut Refusals<SavedViewRefusal>,
) -> Result<(), Fault> {
    let existing = rows::view(work, &ViewRef::Slug(slug.to_owned())).await?;
    if existing.is_some_and(|view| Some(view.id) != own_id) {
        refusals.add(SavedViewRefusal::SlugTaken);
    }
    Ok(())
}

pub(super) async fn end(
    work: &mut Work,
    (key, event): (&Key, EventType<SavedViewEvent>),
    view: View,
    now: Timestamp,
) -> ChangeResult {
    end_with(work, (key, event), view, CreatedExtra::default(), now).await
}

/// Does the same for a change that created a link or a schedule of the view.
pub(super) async fn end_with(
    work: &mut Work,
    (key, event): (&Key, EventType<SavedViewEvent>),
    view: View,
    extra: CreatedExtra,
    now: Timestamp,
) -> ChangeResult {
    let seq = journal::append_other(work, vec![event.event(&SavedViewEvent::of(&view))], now).await?;
    idempotency::keep(work, key, &Receipt { view: view.id, link: extra.link, schedule: extra.schedule, seq }, now).await?;
    Ok(CallResult { value: Some(view), seq, is_replayed: false })
}

/// Answer of a repeated call: the current view, if it still exists.
pub(super) async fn load_replayed(work: &Work, receipt: Receipt) -> ChangeResult {
    let value = rows::view(work, &ViewRef::Id(receipt.view)).await?;
    Ok(CallResult { value, seq: receipt.seq, is_replayed: true })
}
