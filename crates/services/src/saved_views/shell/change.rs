//! Making views, changing them and taking them away.

use entity::prelude::*;
use iam::access::{Permit, kind};
use inventory::ledger::Mode;
use platform::storage::{
    Fault, Work,
    idempotency::{self, Key, KeyUse, hash_of, is_key},
    journal::{self, Want},
};
use serde::{Deserialize, Serialize};

use super::{Acted, SavedViewError, SavedViews};
use crate::saved_views::{
    core::{Change, Fields, MOST_COST, MOST_VIEWS, Problem, View, ViewRef},
    events::{EventType, SAVED_VIEW_CREATED, SAVED_VIEW_DELETED, SAVED_VIEW_UPDATED, SavedViewEvent},
    rows,
};

/// A view that is to be made. Its JSON is what the idempotency key's hash is over.
#[derive(Debug, Clone, Serialize)]
pub struct ViewCreate {
    #[serde(skip)]
    pub idempotency_key: String,
    pub fields: Fields,
}

/// A change of a view.
#[derive(Debug, Clone, Serialize)]
pub struct ViewUpdate {
    #[serde(skip)]
    pub idempotency_key: String,
    pub id: SavedViewId,
    #[serde(skip)]
    pub expected_version: i64,
    pub change: Change,
}

/// A view that is to go.
#[derive(Debug, Clone, Serialize)]
pub struct ViewDelete {
    #[serde(skip)]
    pub idempotency_key: String,
    pub id: SavedViewId,
}

/// What is remembered of a call.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Receipt {
    pub view: SavedViewId,
    /// The link that was made.
    #[serde(default)]
    pub link: Option<SavedViewLinkId>,
    pub seq: Option<i64>,
}

pub(super) type May = Permit<kind::ViewManage>;
pub(super) type Done = Result<Acted<Option<View>>, SavedViewError>;

impl SavedViews {
    /// Makes a view of a document that could run now.
    pub async fn create(&self, permit: May, input: ViewCreate, mode: Mode) -> Done {
        check_key(&input.idempotency_key)?;
        let mut work = permit.scope(&self.0.db).begin().await?;
        let done = self.created(&mut work, &permit, &input).await;
        settle(work, done, mode).await
    }

    async fn created(&self, work: &mut Work, permit: &May, input: &ViewCreate) -> Done {
        let key = key_of(permit, "savedViewCreate", &input.idempotency_key, hash_of(input));
        if let Some(known) = begin(work, &key).await? {
            return replayed(work, known).await;
        }
        let cost = self.priced(permit, &input.fields).await?;
        free(work, &input.fields.slug, None).await?;
        if rows::count_views(work).await? >= MOST_VIEWS {
            return Err(SavedViewError::TooMany);
        }
        let now = self.0.clock.now();
        let view = View {
            id: self.0.clock.id(),
            fields: input.fields.clone(),
            cost,
            is_paused: false,
            maker: permit.actor(),
            version: 1,
            created_at: now,
            updated_at: now,
        };
        rows::insert_view(work, &view).await?;
        end(work, (&key, SAVED_VIEW_CREATED), view, now).await
    }

    /// Changes a view. Its document is looked at again whatever changes, so that a broken one is not kept as if it were good.
    pub async fn update(&self, permit: May, input: ViewUpdate, mode: Mode) -> Done {
        check_key(&input.idempotency_key)?;
        let mut work = permit.scope(&self.0.db).begin().await?;
        let done = self.updated(&mut work, &permit, &input).await;
        settle(work, done, mode).await
    }

    async fn updated(&self, work: &mut Work, permit: &May, input: &ViewUpdate) -> Done {
        let key = key_of(permit, "savedViewUpdate", &input.idempotency_key, hash_of(input));
        if let Some(known) = begin(work, &key).await? {
            return replayed(work, known).await;
        }
        let before = rows::lock_view(work, input.id).await?.ok_or(SavedViewError::NotFound)?;
        if before.version != input.expected_version {
            return Err(SavedViewError::Stale(before.version));
        }
        let fields = before.fields.with(&input.change);
        let cost = self.priced(permit, &fields).await?;
        free(work, &fields.slug, Some(before.id)).await?;
        let now = self.0.clock.now();
        let is_paused = input.change.is_paused.unwrap_or(before.is_paused);
        let view = View { fields, cost, is_paused, version: before.version + 1, updated_at: now, ..before };
        rows::update_view(work, &view).await?;
        end(work, (&key, SAVED_VIEW_UPDATED), view, now).await
    }

    /// Takes a view away.
    pub async fn delete(&self, permit: May, input: ViewDelete, mode: Mode) -> Done {
        check_key(&input.idempotency_key)?;
        let mut work = permit.scope(&self.0.db).begin().await?;
        let done = self.deleted(&mut work, &permit, &input).await;
        settle(work, done, mode).await
    }

    async fn deleted(&self, work: &mut Work, permit: &May, input: &ViewDelete) -> Done {
        let key = key_of(permit, "savedViewDelete", &input.idempotency_key, hash_of(input));
        if let Some(known) = begin(work, &key).await? {
            return replayed(work, known).await;
        }
        let view = rows::lock_view(work, input.id).await?.ok_or(SavedViewError::NotFound)?;
        rows::remove_links_of(work, view.id).await?;
        rows::remove_view(work, view.id).await?;
        end(work, (&key, SAVED_VIEW_DELETED), view, self.0.clock.now()).await
    }

    /// The points of a view that may be kept.
    async fn priced(&self, permit: &May, fields: &Fields) -> Result<i64, SavedViewError> {
        fields.check().map_err(SavedViewError::Field)?;
        let is_held = permit.caller().trusted_only;
        let examined = self.engine()?.examine(&fields.document, &fields.variables, is_held).await?;
        let cost = examined.map_err(SavedViewError::Document)?;
        if cost > MOST_COST { Err(SavedViewError::TooDear(cost)) } else { Ok(cost) }
    }
}

pub(super) fn check_key(key: &str) -> Result<(), SavedViewError> {
    if is_key(key) {
        return Ok(());
    }
    let message = "a key of 1 to 255 characters is expected";
    Err(SavedViewError::Field(Problem::Invalid { message, name: "idempotencyKey" }))
}

pub(super) fn key_of(permit: &May, mutation: &'static str, key: &str, hash: idempotency::InputDigest) -> Key {
    Key { owner: permit.actor().id, mutation, key: key.to_owned(), hash }
}

/// The counter first, so that two calls come one after the other, and the second finds what the first has made.
pub(super) async fn begin(work: &Work, key: &Key) -> Result<Option<KeyUse>, Fault> {
    journal::take(work, Want::default()).await?;
    idempotency::before(work, key).await
}

/// Refuses a slug that another view has.
async fn free(work: &Work, slug: &str, own: Option<SavedViewId>) -> Result<(), SavedViewError> {
    let there = rows::view(work, &ViewRef::Slug(slug.to_owned())).await?;
    if there.is_some_and(|view| Some(view.id) != own) { Err(SavedViewError::SlugTaken) } else { Ok(()) }
}

pub(super) async fn end(work: &mut Work, (key, event): (&Key, EventType<SavedViewEvent>), view: View, now: Timestamp) -> Done {
    end_with(work, (key, event), view, None, now).await
}

/// The same for what made a link.
pub(super) async fn end_with(
    work: &mut Work,
    (key, event): (&Key, EventType<SavedViewEvent>),
    view: View,
    link: Option<SavedViewLinkId>,
    now: Timestamp,
) -> Done {
    let seq = journal::take(work, Want::events(1)).await?.seq + 1;
    journal::write(work, vec![event.event(&SavedViewEvent::of(&view)).in_trace().numbered(seq, now)]).await?;
    let receipt =
        serde_json::to_string(&Receipt { view: view.id, link, seq: Some(seq) }).map_err(|err| Fault::Broken(err.to_string()))?;
    idempotency::remember(work, [(key, receipt)], now).await?;
    Ok(Acted { value: Some(view), seq: Some(seq), is_replayed: false })
}

/// What is remembered of an earlier call.
pub(super) fn receipt_of(known: KeyUse) -> Result<Receipt, SavedViewError> {
    let KeyUse::Same(receipt) = known else { return Err(SavedViewError::KeyReused) };
    serde_json::from_str(&receipt).map_err(|_| Fault::corrupt("idempotency", "a receipt of a view names it").into())
}

/// The answer of an earlier call: the view as it is now, if it is still there.
pub(super) async fn replayed(work: &Work, known: KeyUse) -> Done {
    let receipt = receipt_of(known)?;
    let value = rows::view(work, &ViewRef::Id(receipt.view)).await?;
    Ok(Acted { value, seq: receipt.seq, is_replayed: true })
}

/// Keeps what was done; a refusal, a dry run, and the answer of an earlier call leave nothing.
pub(super) async fn settle<T>(
    work: Work,
    done: Result<Acted<T>, SavedViewError>,
    mode: Mode,
) -> Result<Acted<T>, SavedViewError> {
    match (&done, mode) {
        (Ok(acted), Mode::Commit) if !acted.is_replayed => work.commit().await?,
        _ => work.rollback().await?,
    }
    match mode {
        Mode::Commit => done,
        Mode::Validate => done.map(|acted| Acted { seq: None, ..acted }),
    }
}
