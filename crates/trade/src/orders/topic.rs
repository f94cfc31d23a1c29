//! Topic of `orderChanged`: orders that match a filter.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use entity::prelude::{ChannelId, OrderId, StoreId};
use inventory::orders::{
    core,
    events::OrderEvent,
    rows::{self, Filter, IdColumn, OrderSort, OrdersSorted},
};
use platform::{
    paging::{Key, PageRequest},
    realtime::{Interest, SharedEvent, Subject},
    storage::{Fault, TenantScope},
};

use super::{order::Order, order_change::OrderChange};
use crate::live::feed::{SnapshotPage, Topic};

/// Orders in a page of the snapshot.
const SNAPSHOT_PAGE: u32 = 250;

pub struct OrderTopic {
    pub filter: Filter,
    /// Orders that the caller may see at all.
    pub within: Filter,
}

impl Topic for OrderTopic {
    type Change = OrderChange;
    /// Conflation is not offered; were it, each order would be a row.
    type Row = OrderId;

    fn interest(&self) -> Interest {
        let mut subject_lists = Vec::new();
        collect_required_subjects(&self.filter, &mut subject_lists);
        Interest::narrowest(inventory::orders::events::ORDERS, subject_lists)
    }

    async fn page(&self, scope: &TenantScope, after: Option<Vec<Key>>) -> Result<SnapshotPage<Self>, Fault> {
        let sorted = OrdersSorted { by: OrderSort::Number, descending: false };
        let request = PageRequest { limit: SNAPSHOT_PAGE, backward: false, after, before: None };
        let mut orders = rows::page(scope, &self.filter, sorted, &request).await?;
        let has_more = orders.len() > SNAPSHOT_PAGE as usize;
        orders.truncate(SNAPSHOT_PAGE as usize);
        let next = orders.last().filter(|_| has_more).map(|last| sorted.keys(last));
        let change =
            |order: core::Order| OrderChange { seq: 0, order: Order::head(Arc::new(order)), kind: None, in_filter: true };
        Ok(SnapshotPage { changes: orders.into_iter().map(change).collect(), next })
    }

    async fn changes(&self, scope: &TenantScope, events: &[Arc<SharedEvent>]) -> Result<Vec<OrderChange>, Fault> {
        let shared_event = events.iter().filter(|shared_event| inventory::orders::events::ORDER.is_about(&shared_event.event));
        let order_events = shared_event
            .map(|shared_event| Ok((shared_event, shared_event.payload::<OrderEvent>()?)))
            .collect::<Result<Vec<_>, Fault>>()?;
        let older = load_incomplete_orders(scope, order_events.iter().map(|(_, event)| event.as_ref())).await?;
        let change = |(shared_event, event): (&Arc<SharedEvent>, Arc<OrderEvent>)| {
            let order = event.order().or_else(|| older.get(&event.order).map(|row| as_of(row, &event)))?;
            // A draft may have moved to a store or channel that the caller does not see; its lines
            // and payments would be read in their current state.
            if !self.within.matches(&order) {
                return None;
            }
            let in_filter = self.filter.matches(&order);
            let (store, channel) = event.moved_from.map_or((order.store, order.channel), |from| (from.store, from.channel));
            let was_in = || {
                let before = |status| core::Order { status, store, channel, ..order.clone() };
                event.before.is_some_and(|status| self.filter.matches(&before(status)))
            };
            // Events have an order's previous status, store and channel, but not its previous
            // payments or placing time: an order that may have left the filter by those is reported
            // as having left.
            let is_placement_changed = || event.changed.iter().any(|field| field == "placedAt");
            let may_have_left = || event.before.is_some() && (self.filter.tests_money_or_holds() || is_placement_changed());
            (in_filter || was_in() || may_have_left()).then(|| OrderChange {
                seq: shared_event.seq(),
                order: Order::head(Arc::new(order)),
                kind: Some(shared_event.clone()),
                in_filter,
            })
        };
        Ok(order_events.into_iter().filter_map(change).collect())
    }

    fn row(change: &OrderChange) -> OrderId {
        change.order.row().id
    }

    fn seq(change: &OrderChange) -> i64 {
        change.seq
    }
}

/// Reads the rows of orders whose events are incomplete: those of earlier versions of Entrepot.
async fn load_incomplete_orders(
    scope: &TenantScope,
    events: impl Iterator<Item = &OrderEvent>,
) -> Result<HashMap<OrderId, core::Order>, Fault> {
    let ids: BTreeSet<OrderId> = events.filter(|event| !event.is_whole()).map(|event| event.order).collect();
    let orders = rows::orders(scope, &ids.into_iter().collect::<Vec<_>>()).await?;
    Ok(orders.into_iter().map(|order| (order.id, order)).collect())
}

/// The row with the event's status and version.
fn as_of(row: &core::Order, event: &OrderEvent) -> core::Order {
    core::Order { status: event.status, version: event.version, lines: Vec::new(), ..row.clone() }
}

fn collect_required_subjects(filter: &Filter, subject_lists: &mut Vec<Vec<Subject>>) {
    match filter {
        Filter::All(parts) => parts.iter().for_each(|part| collect_required_subjects(part, subject_lists)),
        Filter::Ids(IdColumn::Store, ids) => {
            subject_lists.push(ids.iter().map(|id| Subject::of(StoreId::from_uuid(*id))).collect());
        }
        Filter::Ids(IdColumn::Channel, ids) => {
            subject_lists.push(ids.iter().map(|id| Subject::of(ChannelId::from_uuid(*id))).collect());
        }
        _ => {}
    }
}
