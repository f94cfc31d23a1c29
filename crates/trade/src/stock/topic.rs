//! Topic of `stockChanged`: levels that match a filter.

use std::{collections::HashMap, sync::Arc};

use entity::prelude::{Quantity, Timestamp};
use inventory::{
    catalog::events::ProductMoved,
    stock::{
        core::LevelKey,
        events::{LevelState, PolicyMoved, PolicySet, StockChanged},
        rows::{
            self,
            list::{LevelFilter, LevelRow, LevelSort},
        },
    },
};
use platform::{
    paging::{Key, PageRequest, keyset},
    realtime::{Interest, SharedEvent, Subject},
    storage::{Fault, Reads, TenantScope},
};

use super::stock_change::StockChange;
use crate::live::feed::{SnapshotPage, Topic};

/// Levels in a page of the snapshot.
const SNAPSHOT_PAGE: u32 = 250;

pub struct StockTopic {
    pub filter: LevelFilter,
}

impl Topic for StockTopic {
    type Change = StockChange;
    type Row = LevelKey;

    fn interest(&self) -> Interest {
        interest(&self.filter)
    }

    async fn page(&self, scope: &TenantScope, after: Option<Vec<Key>>) -> Result<SnapshotPage<Self>, Fault> {
        let request = PageRequest { limit: SNAPSHOT_PAGE, backward: false, after, before: None };
        let mut values = Vec::new();
        let mut conditions = self.filter.sql(scope.backend(), &mut values);
        let (bounds, order, keyset_values) = keyset(&["l.product_id", "l.store_id"], false, &request, values.len() + 2);
        conditions += &bounds;
        values.extend(keyset_values);
        let mut rows = rows::list::page(scope, LevelSort::OnHand, &conditions, &order, values).await?;
        let has_more = rows.len() > SNAPSHOT_PAGE as usize;
        rows.truncate(SNAPSHOT_PAGE as usize);
        let last = rows.last().map(|(level, _)| vec![level.key.product.into(), level.key.store.into()]);
        let change = |level: LevelRow| StockChange { seq: level.seq, level, in_filter: true, movement_event: None };
        let changes = rows.into_iter().map(|(level, _)| change(level)).collect();
        Ok(SnapshotPage { changes, next: last.filter(|_| has_more) })
    }

    async fn changes(&self, scope: &TenantScope, events: &[Arc<SharedEvent>]) -> Result<Vec<StockChange>, Fault> {
        let mut changes = Vec::new();
        for shared_event in events {
            if inventory::stock::events::STOCK_CHANGED.is(&shared_event.event) {
                let changed = shared_event.payload::<StockChanged>()?;
                changes.extend(changed.levels.iter().filter_map(|state| self.movement_change(shared_event, state)));
            } else {
                changes.extend(self.property_changes(shared_event.seq(), changed_levels(scope, shared_event).await?));
            }
        }
        Ok(changes)
    }

    fn row(change: &StockChange) -> LevelKey {
        change.level.key
    }

    fn seq(change: &StockChange) -> i64 {
        change.seq
    }
}

impl StockTopic {
    fn movement_change(&self, shared_event: &Arc<SharedEvent>, state: &LevelState) -> Option<StockChange> {
        let level = level_row(state, shared_event.seq(), shared_event.event.recorded_at);
        let in_filter = self.filter.matches(&level);
        (in_filter || self.filter.matches(&level_before(state, &level))).then_some(StockChange {
            seq: shared_event.seq(),
            level,
            in_filter,
            movement_event: Some(shared_event.clone()),
        })
    }

    /// Changes without a movement: levels that enter or leave filters by category or status, or
    /// whose status or thresholds changed.
    fn property_changes(&self, seq: i64, levels: Vec<(LevelRow, LevelRow)>) -> impl Iterator<Item = StockChange> {
        levels.into_iter().filter_map(move |(before, after)| {
            let (was_in, in_filter) = (self.filter.matches(&before), self.filter.matches(&after));
            let visible_state = |level: &LevelRow| (level.status(), level.reorder_point, level.maximum);
            let is_news = was_in != in_filter || (in_filter && visible_state(&before) != visible_state(&after));
            is_news.then_some(StockChange { seq, level: after, in_filter, movement_event: None })
        })
    }
}

/// Returns the interest of a filter of levels: the shortest of its lists that contains every match.
pub fn interest(filter: &LevelFilter) -> Interest {
    let mut subject_lists = Vec::new();
    collect_required_subjects(filter, &mut subject_lists);
    Interest::narrowest(inventory::catalog::events::LEVELS, subject_lists)
}

fn collect_required_subjects(filter: &LevelFilter, subject_lists: &mut Vec<Vec<Subject>>) {
    subject_lists.extend(filter.products.as_ref().map(|ids| ids.iter().copied().map(Subject::of).collect()));
    subject_lists.extend(filter.stores.as_ref().map(|ids| ids.iter().copied().map(Subject::of).collect()));
    subject_lists.extend(filter.categories.as_ref().map(|ids| ids.iter().copied().map(Subject::of).collect()));
    filter.and.iter().for_each(|part| collect_required_subjects(part, subject_lists));
}

/// The levels, before and after, of an event that moved no stock but changed their category or
/// thresholds: a product got another category or threshold, or levels got other policies.
pub async fn changed_levels(scope: &TenantScope, shared_event: &SharedEvent) -> Result<Vec<(LevelRow, LevelRow)>, Fault> {
    let seq = shared_event.seq();
    if inventory::stock::events::STOCK_POLICY_SET.is(&shared_event.event) {
        let policy_set = shared_event.payload::<PolicySet>()?;
        let policies_by_key: HashMap<LevelKey, &PolicyMoved> =
            policy_set.levels.iter().map(|policy| (policy.key(), policy)).collect();
        let levels = rows::list::levels_by_key_at(scope, &policies_by_key.keys().copied().collect::<Vec<_>>(), seq).await?;
        let to_pair = |level: LevelRow| {
            let policy = policies_by_key.get(&level.key)?;
            Some(policy.before_and_after(LevelRow { seq, category: policy.category, ..level }))
        };
        return Ok(levels.into_iter().filter_map(to_pair).collect());
    }
    if !inventory::catalog::events::PRODUCT.is_about(&shared_event.event) {
        return Ok(Vec::new());
    }
    let product_change = shared_event.payload::<ProductMoved>()?;
    if !product_change.changes_filters() {
        return Ok(Vec::new());
    }
    let levels = rows::list::levels_of_product_at(scope, product_change.id, seq).await?;
    Ok(levels.into_iter().map(|level| product_change.before_and_after(LevelRow { seq, ..level })).collect())
}

/// A level as an event left it.
pub fn level_row(state: &LevelState, seq: i64, at: Timestamp) -> LevelRow {
    LevelRow {
        id: state.id,
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

/// The level before the event.
pub fn level_before(state: &LevelState, after: &LevelRow) -> LevelRow {
    let [on_hand, reserved, unavailable] = state.before.map(|units| Quantity::new(units).unwrap_or_default());
    LevelRow { on_hand, reserved, unavailable, ..after.clone() }
}
