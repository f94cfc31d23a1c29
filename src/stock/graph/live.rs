//! `stockChanged`: how things stand, then every change, none missed and in order.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_graphql::{Context, Subscription, dataloader::DataLoader};
use entity::prelude::{LevelId, Timestamp};
use futures_util::{Stream, StreamExt, stream::BoxStream};
use serde::Deserialize;
use tokio::time::Instant;

use super::{
    StockEntry, StockFilter, StockLevel, level_filter,
    loaders::{BySeq, LevelsOf, StockLoader},
    sight::{sees_movements, within},
};
use crate::{
    access::{Permission, Reach, Standing, kind},
    graphql::{
        connection::{CursorSigner, Key, PageRequest, keyset},
        context::Asks,
        directives::requires,
        fault::{Answer, TopError},
        scalars::{Cursor, Long},
    },
    ledger::{Ledger, LevelState, StockChanged},
    live::stream::{self, ResetReason, StreamPhase},
    realtime::Follower,
    stock::{
        core::LevelKey,
        rows::{
            self,
            list::{LevelFilter, LevelRow, LevelSort},
        },
    },
    storage::{
        Fault, Reads, TenantScope,
        journal::{Event, Head},
    },
};

/// An item of the stream of stock changes.
pub struct StockUpdate {
    pub phase: StreamPhase,
    pub cursor: Option<Cursor>,
    pub changes: Vec<StockChange>,
    pub reset: Option<ResetReason>,
}

/// An item of the stream of stock changes: a page of the snapshot, changes, or news of the stream itself.
#[async_graphql::Object]
impl StockUpdate {
    /// Where it belongs.
    async fn phase(&self) -> StreamPhase {
        self.phase
    }
    /// Hand it to `after` to go on from here.
    async fn cursor(&self) -> Option<&Cursor> {
        self.cursor.as_ref()
    }
    /// Levels as they stand, or as the change left them.
    async fn changes(&self, ctx: &Context<'_>) -> Answer<&[StockChange]> {
        // The operation's look-ups outlive this event; what they remember of the catalogue may have changed since the last one.
        crate::catalog::graph::loads(ctx)?.forget();
        ctx.late::<LevelsOf>()?.forget();
        Ok(&self.changes)
    }
    /// Why the stream ends, with phase RESET.
    async fn reset(&self) -> Option<ResetReason> {
        self.reset
    }
}

/// A level, as one event left it.
#[derive(Clone)]
pub struct StockChange {
    seq: i64,
    level: LevelRow,
    in_filter: bool,
    /// Whether the event has entries on this level.
    moved: bool,
}

/// A level as one event left it. A row may come twice: keep the one with the greater seq.
#[async_graphql::Object]
impl StockChange {
    /// The event's number; of a row that comes twice, keep the one with the greater.
    async fn seq(&self) -> Long {
        Long(self.seq)
    }
    /// The level with the event's own figures.
    async fn level(&self) -> StockLevel {
        StockLevel(self.level.clone())
    }
    /// The lines of the ledger that changed it; empty in a snapshot, when only what it belongs to changed, and for a store whose movements
    /// you may not see.
    async fn entries(&self, ctx: &Context<'_>) -> Answer<Vec<StockEntry>> {
        // Of a store whose movements the caller may not see there are none.
        if !sees_movements(ctx, self.level.key.store)? || !self.moved {
            return Ok(Vec::new());
        }
        let movement = ctx.late::<DataLoader<StockLoader>>()?.load_one(BySeq(self.seq)).await?;
        let of = |m: &Arc<crate::stock::core::Movement>| {
            let mine = m.entries.iter().filter(|entry| entry.key == self.level.key);
            mine.map(|entry| StockEntry { movement: m.clone(), line: entry.line }).collect()
        };
        Ok(movement.as_ref().map(of).unwrap_or_default())
    }
    /// False: the level has left the filter, and no more is said of it until it enters again.
    async fn in_filter(&self) -> bool {
        self.in_filter
    }
}

/// Levels in a page of the snapshot, and the most that a snapshot has.
const SNAPSHOT_PAGE: u32 = 250;
const SNAPSHOT_LIMIT: usize = 10_000;
/// A quiet stream's cursor moves on at least this often.
const PROGRESS: Duration = Duration::from_secs(30);
/// The longest that a client may ask changes to be held back, in milliseconds.
const MAX_DELAY_MS: i32 = 60_000;

#[derive(Default)]
pub struct StockSubscription;

#[Subscription]
impl StockSubscription {
    /// Stock as it changes. Without `after`: how things stand in pages (SNAPSHOT, the last one READY), then every change as it commits
    /// (LIVE). With `after`: every change since, then live. Never a gap; a row may come twice.
    #[graphql(directive = requires::apply("stock.read".into()))]
    async fn stock_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which levels; all when not given.")] filter: Option<StockFilter>,
        #[graphql(desc = "Go on after this cursor, of this stream or of stockLevels.streamCursor with the same filter.")]
        after: Option<Cursor>,
        #[graphql(
            desc = "Hold changes back for up to so many milliseconds and send only the newest state of each level.",
            default = 0
        )]
        max_delay_ms: i32,
    ) -> Result<BoxStream<'static, Answer<StockUpdate>>, TopError> {
        let permit = ctx.permit::<kind::StockRead>()?;
        let scope = permit.scope(ctx.given::<Ledger>()?.database());
        if !(0..=MAX_DELAY_MS).contains(&max_delay_ms) {
            return Err(TopError::bad_input(format!("between 0 and {MAX_DELAY_MS} milliseconds"), vec!["maxDelayMs".to_owned()]));
        }
        let filter = within(&permit, level_filter(ctx, filter.as_ref()).await?);
        let name = stream::filter_name(&filter);
        let delay = Duration::from_millis(max_delay_ms.unsigned_abs().into());
        let signer = ctx.given::<CursorSigner>()?.clone();
        // Following begins before the head is read, so nothing can slip between the two.
        let follower = Follower::new(scope.clone(), 0);
        let head = scope.head().await?;
        let rights = Rights { reach: permit.reach(), standing: ctx.data_opt::<Standing>().cloned() };
        let feed = Feed { scope, filter, name, signer, epoch: head, follower, delay, rights };
        Ok(feed.run(after).boxed())
    }
}

/// One subscriber's stream.
struct Feed {
    scope: TenantScope,
    filter: LevelFilter,
    name: String,
    signer: CursorSigner,
    /// The head when it began, with its epoch.
    epoch: Head,
    follower: Follower,
    delay: Duration,
    rights: Rights,
}

/// The stores that the stream began with, and whose rights they are.
struct Rights {
    reach: Reach,
    standing: Option<Standing>,
}

impl Rights {
    /// Waits until the caller sees other stores' stock than when the stream began. Other changes of their rights do not matter to it.
    async fn changed(&mut self) {
        let Some(standing) = &mut self.standing else { return std::future::pending().await };
        let index = kind::StockRead::INDEX;
        let mut now = standing.now();
        loop {
            if now.is_none_or(|caller| !caller.permissions.holds(index) || caller.permissions.reach(index) != self.reach) {
                return;
            }
            now = standing.changed().await;
        }
    }
}

impl Feed {
    fn run(mut self, after: Option<Cursor>) -> impl Stream<Item = Answer<StockUpdate>> + use<> {
        async_stream::stream! {
            if let Some(cursor) = &after {
                match stream::open(&self.signer, self.scope.tenant(), self.epoch, &self.name, cursor) {
                    Ok(seq) => self.follower.skip_to(seq),
                    Err(reason) => {
                        yield Ok(StockUpdate { phase: StreamPhase::Reset, cursor: None, changes: Vec::new(), reset: Some(reason) });
                        return;
                    }
                }
            } else {
                self.follower.skip_to(self.epoch.seq);
                let mut place = None;
                let mut sent = 0;
                loop {
                    let page = self.snapshot_page(&mut place, &mut sent).await;
                    let more = page.as_ref().is_ok_and(|page| page.phase == StreamPhase::Snapshot);
                    let failed = page.is_err();
                    yield page;
                    if failed { return; }
                    if !more { break; }
                }
            }
            loop {
                let mut rights = std::mem::replace(&mut self.rights, Rights { reach: Reach::Everywhere, standing: None });
                let update = tokio::select! {
                    biased;
                    () = rights.changed() => None,
                    update = self.next_update() => Some(update),
                };
                let Some(update) = update else {
                    let reset = Some(ResetReason::ScopeChanged);
                    yield Ok(StockUpdate { phase: StreamPhase::Reset, cursor: None, changes: Vec::new(), reset });
                    return;
                };
                self.rights = rights;
                let failed = update.is_err();
                yield update.map_err(TopError::from);
                if failed { return; }
            }
        }
    }

    fn cursor(&self, seq: i64) -> Cursor {
        stream::cursor(&self.signer, self.scope.tenant(), self.epoch.epoch, seq, &self.name)
    }

    /// The next page of how things stand. Pages may be newer than the head that was noted; versions and seqs make the overlap harmless.
    async fn snapshot_page(&self, place: &mut Option<Vec<Key>>, sent: &mut usize) -> Answer<StockUpdate> {
        let request = PageRequest { limit: SNAPSHOT_PAGE, backward: false, after: place.take(), before: None };
        let mut values = Vec::new();
        let mut conditions = self.filter.sql(self.scope.backend(), &mut values);
        let (bounds, order, bound) = keyset(&["l.product_id", "l.store_id"], false, &request, values.len() + 2);
        conditions += &bounds;
        values.extend(bound);
        let mut rows = rows::list::page(&self.scope, LevelSort::OnHand, &conditions, &order, values).await?;
        let more = rows.len() > SNAPSHOT_PAGE as usize;
        rows.truncate(SNAPSHOT_PAGE as usize);
        *sent += rows.len();
        if more && *sent >= SNAPSHOT_LIMIT {
            return Err(TopError::LimitExceeded(format!(
                "more than {SNAPSHOT_LIMIT} levels: narrow the filter, or page stockLevels and subscribe after its streamCursor"
            )));
        }
        *place = rows.last().map(|(level, _)| vec![level.key.product.into(), level.key.store.into()]);
        let changes =
            rows.into_iter().map(|(level, _)| StockChange { seq: level.seq, level, in_filter: true, moved: false }).collect();
        let phase = if more { StreamPhase::Snapshot } else { StreamPhase::Ready };
        Ok(StockUpdate { phase, cursor: Some(self.cursor(self.epoch.seq)), changes, reset: None })
    }

    /// Waits for something to say: changes that matter here, or that time has passed.
    async fn next_update(&mut self) -> Result<StockUpdate, Fault> {
        let since = Instant::now();
        loop {
            let events = self.follower.next(PROGRESS).await?;
            let mut changes = self.changes(&events).await?;
            if !changes.is_empty() {
                if !self.delay.is_zero() {
                    changes = self.conflate(changes).await?;
                }
                return Ok(self.update(StreamPhase::Live, changes));
            }
            if since.elapsed() >= PROGRESS {
                return Ok(self.update(StreamPhase::Progress, Vec::new()));
            }
        }
    }

    fn update(&self, phase: StreamPhase, changes: Vec<StockChange>) -> StockUpdate {
        StockUpdate { phase, cursor: Some(self.cursor(self.follower.last())), changes, reset: None }
    }

    /// Gathers what else comes within the delay and keeps the newest state of each level.
    async fn conflate(&mut self, first: Vec<StockChange>) -> Result<Vec<StockChange>, Fault> {
        let until = Instant::now() + self.delay;
        let mut newest: BTreeMap<LevelKey, StockChange> = BTreeMap::new();
        let mut keep = |changes: Vec<StockChange>| newest.extend(changes.into_iter().map(|change| (change.level.key, change)));
        keep(first);
        while let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
            let events = self.follower.next(left).await?;
            let changes = self.changes(&events).await?;
            keep(changes);
        }
        let mut changes: Vec<_> = newest.into_values().collect();
        changes.sort_by_key(|change| change.seq);
        Ok(changes)
    }

    /// What the events change for this filter: rows that are in it, and rows that have just left it.
    async fn changes(&self, events: &[Arc<Event>]) -> Result<Vec<StockChange>, Fault> {
        let mut changes = Vec::new();
        for event in events {
            if event.kind == "stock.changed" {
                let changed: StockChanged = serde_json::from_str(&event.payload)
                    .map_err(|err| Fault::corrupt("event", format!("{}: {err}", event.seq)))?;
                changes.extend(changed.levels.iter().filter_map(|state| self.moved(event, state)));
            } else if event.kind.starts_with("product.") {
                changes.extend(self.belongs(event).await?);
            }
        }
        Ok(changes)
    }

    fn moved(&self, event: &Event, state: &LevelState) -> Option<StockChange> {
        let level = level_row(state, event.seq, event.recorded_at);
        let in_filter = self.filter.matches(&level);
        let was_in = || {
            let [on_hand, reserved, unavailable] = state.before.map(|n| entity::prelude::Quantity::new(n).unwrap_or_default());
            self.filter.matches(&LevelRow { on_hand, reserved, unavailable, ..level.clone() })
        };
        (in_filter || was_in()).then_some(StockChange { seq: event.seq, level, in_filter, moved: true })
    }

    /// A product went to another category, or runs low at another threshold: its levels enter or leave filters by category or status.
    async fn belongs(&self, event: &Event) -> Result<Vec<StockChange>, Fault> {
        let Ok(moved) = serde_json::from_str::<ProductMoved>(&event.payload) else { return Ok(Vec::new()) };
        if moved.category_before == moved.category_after && moved.threshold_before == moved.threshold_after {
            return Ok(Vec::new());
        }
        let levels = rows::list::levels_of_product_at(&self.scope, moved.id, event.seq).await?;
        let change = |level: LevelRow| {
            let (category, low_stock_threshold) = (moved.category_after, moved.threshold_after);
            let after = LevelRow { low_stock_threshold, seq: event.seq, category, ..level };
            let (category, low_stock_threshold) = (moved.category_before, moved.threshold_before);
            let before = LevelRow { low_stock_threshold, category, ..after.clone() };
            let in_filter = self.filter.matches(&after);
            (in_filter != self.filter.matches(&before)).then_some(StockChange {
                seq: event.seq,
                level: after,
                in_filter,
                moved: false,
            })
        };
        Ok(levels.into_iter().filter_map(change).collect())
    }
}

/// What the stream needs of a product's event.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProductMoved {
    id: entity::prelude::ProductId,
    #[serde(default)]
    category_before: Option<entity::prelude::CategoryId>,
    #[serde(default)]
    category_after: Option<entity::prelude::CategoryId>,
    #[serde(default)]
    threshold_before: Option<entity::prelude::Quantity>,
    #[serde(default)]
    threshold_after: Option<entity::prelude::Quantity>,
}

fn level_row(state: &LevelState, seq: i64, at: Timestamp) -> LevelRow {
    let id: LevelId = state.id;
    LevelRow {
        id,
        key: LevelKey { product: state.product, store: state.store },
        on_hand: state.on_hand,
        reserved: state.reserved,
        unavailable: state.unavailable,
        incoming: state.incoming,
        in_transit: state.in_transit,
        safety_stock: state.safety_stock,
        reorder_point: state.reorder_point,
        maximum: state.maximum,
        low_stock_threshold: state.low_stock_threshold,
        version: state.version,
        seq,
        updated_at: at,
        category: state.category,
    }
}
