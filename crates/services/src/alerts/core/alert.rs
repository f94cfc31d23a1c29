//! An alert: what it is about, and the figures that it was opened with.

use entity::prelude::*;
use inventory::stock::core::LevelKey;
use uuid::Uuid;

/// What an alert is about. Of each kind and subject there is at most one that is not RESOLVED.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    Level(LevelKey),
    Product(ProductId),
    /// What a store has of a lot.
    Lot(LotId, LevelKey),
    PurchaseOrder(PurchaseOrderId, StoreId),
    Count(CountId, StoreId),
}

impl Subject {
    /// The subject as its one text: what tells alerts apart in the database.
    pub fn text(&self) -> String {
        match self {
            Self::Level(key) => format!("{}/{}", key.product, key.store),
            Self::Product(product) => product.to_string(),
            Self::Lot(lot, key) => format!("{lot}/{}", key.store),
            Self::PurchaseOrder(order, _) => order.to_string(),
            Self::Count(count, _) => count.to_string(),
        }
    }
    /// The store; none for what is of no store.
    pub fn store(&self) -> Option<StoreId> {
        match self {
            Self::Level(key) | Self::Lot(_, key) => Some(key.store),
            Self::Product(_) => None,
            Self::PurchaseOrder(_, store) | Self::Count(_, store) => Some(*store),
        }
    }
    pub fn product(&self) -> Option<ProductId> {
        match self {
            Self::Level(key) | Self::Lot(_, key) => Some(key.product),
            Self::Product(product) => Some(*product),
            Self::PurchaseOrder(..) | Self::Count(..) => None,
        }
    }
    pub fn lot(&self) -> Option<LotId> {
        if let Self::Lot(lot, _) = self { Some(*lot) } else { None }
    }
    pub fn purchase_order(&self) -> Option<PurchaseOrderId> {
        if let Self::PurchaseOrder(order, _) = self { Some(*order) } else { None }
    }
    pub fn count(&self) -> Option<CountId> {
        if let Self::Count(count, _) = self { Some(*count) } else { None }
    }
    /// The subject of a kind from the columns of a row; none where they are not those of the kind.
    pub fn of(kind: AlertKind, (store, product): (Option<StoreId>, Option<ProductId>), other: [Option<Uuid>; 3]) -> Option<Self> {
        let [lot, order, count] = other;
        let level = || Some(LevelKey { product: product?, store: store? });
        match kind {
            AlertKind::LowStock | AlertKind::OutOfStock | AlertKind::BackInStock | AlertKind::Overstock => {
                level().map(Self::Level)
            }
            AlertKind::NegativeMargin => product.map(Self::Product),
            AlertKind::Expiring => Some(Self::Lot(Id::from_uuid(lot?), level()?)),
            AlertKind::PurchaseOrderLate => Some(Self::PurchaseOrder(Id::from_uuid(order?), store?)),
            AlertKind::CountDifference => Some(Self::Count(Id::from_uuid(count?), store?)),
        }
    }
}

/// A kind that a day brings, without an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatedKind {
    /// A lot comes near its last day.
    Expiring,
    /// What was ordered has not come on its day.
    PurchaseOrderLate,
}

impl DatedKind {
    /// None for a kind that an event opens.
    fn of(kind: AlertKind) -> Option<Self> {
        match kind {
            AlertKind::Expiring => Some(Self::Expiring),
            AlertKind::PurchaseOrderLate => Some(Self::PurchaseOrderLate),
            AlertKind::LowStock
            | AlertKind::OutOfStock
            | AlertKind::BackInStock
            | AlertKind::Overstock
            | AlertKind::NegativeMargin
            | AlertKind::CountDifference => None,
        }
    }
    /// Each with the kind of its alerts.
    pub fn all() -> impl Iterator<Item = (Self, AlertKind)> {
        AlertKind::ALL.iter().filter_map(|kind| Some((Self::of(*kind)?, *kind)))
    }
}

/// A price and the cost that it lies below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Margin {
    pub price: Money,
    pub cost: Money,
}

/// The figures that an alert was opened with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AlertValues {
    /// What is available of a level; what a store has of a lot; what is still to come of an order; what a count was off by.
    pub quantity: Option<i64>,
    /// The line that was crossed.
    pub threshold: Option<i64>,
    /// A lot's last day, or the day for which an order was expected.
    pub day: Option<i32>,
    pub margin: Option<Margin>,
}

impl AlertValues {
    /// Whether what somebody resolved is still the same: amounts may go on changing, the day or the prices may not.
    pub fn is_same_cause(&self, other: &Self) -> bool {
        self.day == other.day && self.margin == other.margin
    }
}

/// An alert as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    pub id: AlertId,
    pub kind: AlertKind,
    pub subject: Subject,
    pub handling: Handling,
    pub figures: AlertValues,
    pub opened_at: Timestamp,
    /// The event that crossed the line; none of what a day has brought.
    pub seq: Option<i64>,
    pub assignee: Option<MemberId>,
    pub note: Option<String>,
    pub version: i64,
    pub updated_at: Timestamp,
}

/// The state of an alert, with what is known of it there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handling {
    Open,
    Acknowledged,
    /// It wakes at this time.
    Snoozed(Timestamp),
    /// By nobody where it got better by itself.
    Resolved {
        at: Timestamp,
        by: Option<Actor>,
    },
}

impl Handling {
    /// None where the times are not those of the state.
    pub fn of(state: AlertState, snoozed_until: Option<Timestamp>, resolved: Option<(Timestamp, Option<Actor>)>) -> Option<Self> {
        Some(match (state, snoozed_until, resolved) {
            (AlertState::Open, None, None) => Self::Open,
            (AlertState::Acknowledged, None, None) => Self::Acknowledged,
            (AlertState::Snoozed, Some(until), None) => Self::Snoozed(until),
            (AlertState::Resolved, None, Some((at, by))) => Self::Resolved { at, by },
            _ => return None,
        })
    }
    pub const fn state(self) -> AlertState {
        match self {
            Self::Open => AlertState::Open,
            Self::Acknowledged => AlertState::Acknowledged,
            Self::Snoozed(_) => AlertState::Snoozed,
            Self::Resolved { .. } => AlertState::Resolved,
        }
    }
    /// When it wakes, while it is SNOOZED.
    pub const fn snoozed_until(self) -> Option<Timestamp> {
        if let Self::Snoozed(until) = self { Some(until) } else { None }
    }
    pub const fn resolved_at(self) -> Option<Timestamp> {
        if let Self::Resolved { at, .. } = self { Some(at) } else { None }
    }
    /// Who resolved it; none where it got better by itself.
    pub const fn resolver(self) -> Option<Actor> {
        if let Self::Resolved { by, .. } = self { by } else { None }
    }
}

impl Alert {
    pub const fn state(&self) -> AlertState {
        self.handling.state()
    }
    /// The alert resolved, by somebody or by itself.
    #[must_use]
    pub fn resolved(&self, by: Option<Actor>, at: Timestamp) -> Self {
        Self { handling: Handling::Resolved { at, by }, version: self.version + 1, updated_at: at, ..self.clone() }
    }
    /// The alert OPEN again, as its time has come.
    #[must_use]
    pub fn awake(&self, at: Timestamp) -> Self {
        Self { handling: Handling::Open, version: self.version + 1, updated_at: at, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_has_what_its_state_has_and_nothing_else() {
        let times = [None, Some(Timestamp(1))];
        let people = [None, Some(Actor { kind: ActorKind::Member, id: Uuid::from_u128(1) })];
        let resolutions = [None, Some((Timestamp(2), people[0])), Some((Timestamp(2), people[1]))];
        let mut legal = 0;
        for state in AlertState::ALL {
            for (until, resolved) in times.iter().flat_map(|until| resolutions.iter().map(move |resolved| (*until, *resolved))) {
                let Some(handling) = Handling::of(*state, until, resolved) else { continue };
                legal += 1;
                assert_eq!((handling.state(), handling.snoozed_until()), (*state, until));
                assert_eq!(
                    (handling.resolved_at(), handling.resolver()),
                    (resolved.map(|one| one.0), resolved.and_then(|one| one.1))
                );
            }
        }
        assert_eq!(legal, 5, "of 4 * 2 * 3");
    }
}
