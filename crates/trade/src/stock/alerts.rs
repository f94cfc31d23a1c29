//! `stockThresholdCrossed`: levels that ran low, ran out or recovered. An alert is derived from the
//! event that crossed the threshold, so a client that was disconnected can get it again, and no
//! table stores it.

use std::sync::Arc;

use async_graphql::{Context, Enum, InputObject};
use entity::prelude::{CategoryId, ProductId, StoreId};
use iam::access::{Permit, Reach, kind};
use inventory::stock::{
    core::{self, LevelKey, detect_alert},
    events::StockChanged,
    rows::list::{LevelFilter, LevelRow},
};
use macros::resolvers;
use platform::{
    paging::Key,
    realtime::{Interest, SharedEvent},
    storage::{Fault, TenantScope},
};
use serde_json::{Value, json};

use super::{
    StockLevel,
    loader_reset::reset_loaders,
    topic::{changed_levels, interest, level_before, level_row},
};
use crate::{
    graphql::{
        canonical::Canonical,
        fault::{Answer, TopError},
        filters::IdFilter,
        scalars::{Cursor, DateTime, Long},
    },
    live::{
        feed::{SnapshotPage, Topic, Update},
        stream::{ResetReason, StreamPhase},
    },
};

/// Threshold that a stock level crossed. New ones may be added. Alerts that are kept have an AlertKind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "core::Alert", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum StockAlertKind {
    /// Available fell to one and a half times the reorder point, or the product's low-stock threshold.
    Low,
    /// Available fell to the reorder point, or the product's low-stock threshold.
    Critical,
    /// No stock is available.
    OutOfStock,
    /// Stock is available again.
    BackInStock,
}

/// Crossings of stock thresholds that match all of these; a condition that is null is ignored. Alerts that are kept
/// have an AlertListFilter.
#[derive(Debug, Clone, Default, InputObject)]
pub struct AlertFilter {
    /// Thresholds to include; an empty list matches nothing.
    pub kind: Option<Vec<StockAlertKind>>,
    /// Stores to include.
    pub store: Option<IdFilter>,
    /// Products to include.
    pub product: Option<IdFilter>,
    /// Categories whose products are included.
    pub category: Option<IdFilter>,
}

crate::keyed_filter!(flat AlertFilter, "store" store StoreCode, "product" product ProductSku, "category" category CategorySlug);

/// A level that crossed a line.
#[derive(Clone)]
pub struct StockAlert {
    seq: i64,
    kind: core::Alert,
    level: LevelRow,
}

/// A stock level that ran low, ran out or came back. It is an item of a stream and is kept nowhere, unlike an Alert.
#[resolvers(shared)]
impl StockAlert {
    /// Number of the event with which the level crossed the threshold.
    async fn seq(&self) -> Long {
        Long(self.seq)
    }
    /// Threshold that the level crossed.
    async fn kind(&self) -> StockAlertKind {
        self.kind.into()
    }
    /// The level with the event's own quantities.
    async fn level(&self) -> StockLevel {
        self.level.clone().into()
    }
    /// Time at which the level crossed the threshold.
    async fn raised_at(&self) -> DateTime {
        DateTime(self.level.updated_at)
    }
}

/// An item of the stream of alerts.
pub struct AlertUpdate(pub Update<StockAlert>);

/// An item of the stream of stock levels that cross thresholds: crossings, or news of the stream itself.
#[resolvers(shared)]
impl AlertUpdate {
    /// Phase of the stream that the item belongs to. The stream begins with READY, because crossings have no snapshot.
    async fn phase(&self) -> StreamPhase {
        self.0.phase
    }
    /// Cursor of the item. Pass it as `after` to resume from here. Null in a RESET.
    async fn cursor(&self) -> Option<&Cursor> {
        self.0.cursor.as_ref()
    }
    /// Crossings of this item.
    async fn alerts(&self, ctx: &Context<'_>) -> Answer<&[StockAlert]> {
        reset_loaders(ctx)?;
        Ok(&self.0.changes)
    }
    /// Reason that the stream ends; null unless the phase is RESET.
    async fn reset(&self) -> Option<ResetReason> {
        self.0.reset
    }
}

/// Topic of alerts of these kinds on these levels. Its text is the name of the stream.
#[derive(Debug)]
pub struct AlertTopic {
    pub(super) kinds: Option<Vec<core::Alert>>,
    pub(super) levels: LevelFilter,
}

impl AlertTopic {
    pub fn of(permit: &Permit<kind::StockRead>, filter: AlertFilter) -> Result<Self, TopError> {
        let AlertFilter { kind, store, product, category } = filter;
        let stores: Option<Vec<StoreId>> = store.map(|id_filter| id_filter.ids(&["filter", "store"])).transpose()?.flatten();
        let products: Option<Vec<ProductId>> =
            product.map(|id_filter| id_filter.ids(&["filter", "product"])).transpose()?.flatten();
        let categories: Option<Vec<CategoryId>> =
            category.map(|id_filter| id_filter.ids(&["filter", "category"])).transpose()?.flatten();
        let store_filters = match permit.reach() {
            Reach::Everywhere => Vec::new(),
            Reach::Stores(store_filters) => vec![LevelFilter { stores: Some(store_filters.to_vec()), ..LevelFilter::default() }],
        };
        let kinds = kind.map(|kinds| kinds.into_iter().map(Into::into).collect());
        Ok(Self { kinds, levels: LevelFilter { and: store_filters, stores, products, categories, ..LevelFilter::default() } })
    }

    fn raised_alert(&self, seq: i64, before: &LevelRow, after: LevelRow) -> Option<StockAlert> {
        let kind = detect_alert(before.status(), after.status())?;
        let is_matching = self.kinds.as_ref().is_none_or(|kinds| kinds.contains(&kind)) && self.levels.matches(&after);
        is_matching.then_some(StockAlert { seq, kind, level: after })
    }
}

impl Topic for AlertTopic {
    type Change = StockAlert;
    type Row = (LevelKey, i64);

    fn interest(&self) -> Interest {
        interest(&self.levels)
    }

    /// Empty: alerts are events and have no current state.
    async fn page(&self, _scope: &TenantScope, _after: Option<Vec<Key>>) -> Result<SnapshotPage<Self>, Fault> {
        Ok(SnapshotPage { changes: Vec::new(), next: None })
    }

    async fn changes(&self, scope: &TenantScope, events: &[Arc<SharedEvent>]) -> Result<Vec<StockAlert>, Fault> {
        let mut alerts = Vec::new();
        for shared_event in events {
            let (seq, at) = (shared_event.seq(), shared_event.event.recorded_at);
            if inventory::stock::events::STOCK_CHANGED.is(&shared_event.event) {
                let changed = shared_event.payload::<StockChanged>()?;
                // A level's first entries are its first stock, not a recovery.
                let existing_states = changed.levels.iter().filter(|state| state.version > state.entries);
                alerts.extend(existing_states.filter_map(|state| {
                    let after = level_row(state, seq, at);
                    self.raised_alert(seq, &level_before(state, &after), after)
                }));
            } else {
                let raised_alerts = changed_levels(scope, shared_event)
                    .await?
                    .into_iter()
                    .filter_map(|(before, after)| self.raised_alert(seq, &before, LevelRow { updated_at: at, ..after }));
                alerts.extend(raised_alerts);
            }
        }
        Ok(alerts)
    }

    fn row(alert: &StockAlert) -> (LevelKey, i64) {
        (alert.level.key, alert.seq)
    }

    fn seq(alert: &StockAlert) -> i64 {
        alert.seq
    }
}

impl Canonical for AlertTopic {
    fn canonical(&self) -> Value {
        let word = |kind: &core::Alert| match kind {
            core::Alert::Low => "LOW",
            core::Alert::Critical => "CRITICAL",
            core::Alert::OutOfStock => "OUT_OF_STOCK",
            core::Alert::BackInStock => "BACK_IN_STOCK",
        };
        let kinds = self.kinds.as_ref().map(|kinds| kinds.iter().map(word).collect::<Vec<_>>());
        json!({ "kind": kinds, "levels": self.levels.canonical() })
    }
}
