//! An alert: its subject, and the figures that it was opened with.

use entity::prelude::*;
use inventory::stock::core::LevelKey;
use uuid::Uuid;

/// Subject of an alert. Each kind and subject have at most one alert that is not RESOLVED.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    Level(LevelKey),
    Product(ProductId),
    /// The units of a lot in one store.
    Lot(LotId, LevelKey),
    PurchaseOrder(PurchaseOrderId, StoreId),
    /// A transfer, with the store that receives it.
    Transfer(TransferId, StoreId),
    Count(CountId, StoreId),
    /// An order, with the store that has units to ship, or the one that sold it.
    Order(OrderId, StoreId),
    SavedViewSchedule(SavedViewScheduleId),
    ExportSchedule(ExportScheduleId),
}

/// The IDs of a subject; the kind of the alert determines which are set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SubjectIds {
    pub store: Option<StoreId>,
    pub product: Option<ProductId>,
    pub lot: Option<LotId>,
    pub purchase_order: Option<PurchaseOrderId>,
    pub transfer: Option<TransferId>,
    pub count: Option<CountId>,
    pub order: Option<OrderId>,
    /// ID of the schedule of a saved view or of exports, depending on the kind.
    pub schedule: Option<Uuid>,
}

impl Subject {
    /// Returns the subject as one text, by which the database tells alerts apart.
    pub fn text(&self) -> String {
        match self {
            Self::Level(key) => format!("{}/{}", key.product, key.store),
            Self::Product(product) => product.to_string(),
            Self::Lot(lot, key) => format!("{lot}/{}", key.store),
            Self::PurchaseOrder(order, _) => order.to_string(),
            Self::Transfer(transfer, _) => transfer.to_string(),
            Self::Count(count, _) => count.to_string(),
            Self::Order(order, store) => format!("{order}/{store}"),
            Self::SavedViewSchedule(schedule) => schedule.to_string(),
            Self::ExportSchedule(schedule) => schedule.to_string(),
        }
    }
    pub fn ids(&self) -> SubjectIds {
        let store_ids = |store| SubjectIds { store: Some(store), ..SubjectIds::default() };
        let level_ids = |key: LevelKey| SubjectIds { product: Some(key.product), ..store_ids(key.store) };
        let schedule_ids = |schedule| SubjectIds { schedule: Some(schedule), ..SubjectIds::default() };
        match *self {
            Self::Level(key) => level_ids(key),
            Self::Product(product) => SubjectIds { product: Some(product), ..SubjectIds::default() },
            Self::Lot(lot, key) => SubjectIds { lot: Some(lot), ..level_ids(key) },
            Self::PurchaseOrder(order, store) => SubjectIds { purchase_order: Some(order), ..store_ids(store) },
            Self::Transfer(transfer, store) => SubjectIds { transfer: Some(transfer), ..store_ids(store) },
            Self::Count(count, store) => SubjectIds { count: Some(count), ..store_ids(store) },
            Self::Order(order, store) => SubjectIds { order: Some(order), ..store_ids(store) },
            Self::SavedViewSchedule(schedule) => schedule_ids(schedule.uuid()),
            Self::ExportSchedule(schedule) => schedule_ids(schedule.uuid()),
        }
    }
    /// Store of the subject; `None` if the subject belongs to no store.
    pub fn store(&self) -> Option<StoreId> {
        self.ids().store
    }
    pub fn product(&self) -> Option<ProductId> {
        self.ids().product
    }
}

/// A price and the cost that it is below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Margin {
    pub price: Money,
    pub cost: Money,
}

/// A schedule that delivers nothing, as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedSchedule {
    /// Name of the saved view or of the export schedule.
    pub name: String,
    /// Error of the last run.
    pub error: Option<String>,
}

/// The figures that an alert was opened with.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AlertValues {
    /// The amount that `alert_text!(quantity)` describes for each kind.
    pub quantity: Option<i64>,
    /// The threshold that was crossed.
    pub threshold: Option<i64>,
    /// The day that `alert_text!(day)` describes for each kind.
    pub day: Option<i32>,
    pub margin: Option<Margin>,
    pub schedule: Option<FailedSchedule>,
}

impl AlertValues {
    /// Whether the cause of a resolved alert is unchanged: amounts may differ, the day and the
    /// prices may not. A cause that began before the period under review has no day.
    pub fn is_same_cause(&self, now: &Self, kind: AlertKind) -> bool {
        let is_long_ago = matches!(kind, AlertKind::ForecastDrift | AlertKind::ForecastCoverage) && now.day.is_none();
        (self.day == now.day || is_long_ago) && self.margin == now.margin
    }
}

/// Stored alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    pub id: AlertId,
    pub kind: AlertKind,
    pub subject: Subject,
    pub handling: Handling,
    pub figures: AlertValues,
    pub opened_at: Timestamp,
    /// Seq of the event that crossed the line; `None` if the alert comes from a date.
    pub seq: Option<i64>,
    pub assignee: Option<MemberId>,
    pub note: Option<String>,
    pub version: i64,
    pub updated_at: Timestamp,
}

/// State of an alert with the data of that state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handling {
    Open,
    Acknowledged,
    /// Snoozed until this time.
    Snoozed(Timestamp),
    /// Resolved; `by` is `None` if the condition ended without an actor.
    Resolved {
        at: Timestamp,
        by: Option<Actor>,
    },
}

impl Handling {
    /// Returns the handling; `None` if the times do not fit the state.
    pub fn of(
        state: AlertState,
        snoozed_until: Option<Timestamp>,
        resolution: Option<(Timestamp, Option<Actor>)>,
    ) -> Option<Self> {
        Some(match (state, snoozed_until, resolution) {
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
    /// Returns the end of the snooze while the alert is SNOOZED.
    pub const fn snoozed_until(self) -> Option<Timestamp> {
        if let Self::Snoozed(until) = self { Some(until) } else { None }
    }
    pub const fn resolved_at(self) -> Option<Timestamp> {
        if let Self::Resolved { at, .. } = self { Some(at) } else { None }
    }
    /// Returns the actor that resolved the alert; `None` if its condition ended without one.
    pub const fn resolver(self) -> Option<Actor> {
        if let Self::Resolved { by, .. } = self { by } else { None }
    }
}

impl Alert {
    pub const fn state(&self) -> AlertState {
        self.handling.state()
    }
    /// Returns the alert as RESOLVED; `by` is `None` if its condition ended without an actor.
    #[must_use]
    pub fn resolve(&self, by: Option<Actor>, at: Timestamp) -> Self {
        Self { handling: Handling::Resolved { at, by }, version: self.version + 1, updated_at: at, ..self.clone() }
    }
    /// Returns the alert as OPEN, after the end of its snooze.
    #[must_use]
    pub fn end_snooze(&self, at: Timestamp) -> Self {
        Self { handling: Handling::Open, version: self.version + 1, updated_at: at, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_that_is_too_long_ago_to_be_known_is_the_same_one() {
        let on = |day| AlertValues { day, ..AlertValues::default() };
        for (kind, resolved_day, now, expected) in [
            (AlertKind::ForecastDrift, Some(7), Some(7), true),
            (AlertKind::ForecastDrift, Some(7), Some(14), false),
            (AlertKind::ForecastDrift, Some(7), None, true),
            (AlertKind::ForecastCoverage, Some(7), None, true),
            (AlertKind::ForecastDrift, None, None, true),
            (AlertKind::ForecastDrift, None, Some(7), false),
            (AlertKind::DeadStock, Some(7), None, false),
        ] {
            assert_eq!(on(resolved_day).is_same_cause(&on(now), kind), expected, "{kind:?} {resolved_day:?} {now:?}");
        }
    }

    #[test]
    fn an_alert_has_what_its_state_has_and_nothing_else() {
        let times = [None, Some(Timestamp(1))];
        let people = [None, Some(Actor { kind: ActorKind::Member, id: Uuid::from_u128(1) })];
        let resolutions = [None, Some((Timestamp(2), people[0])), Some((Timestamp(2), people[1]))];
        let mut legal = 0;
        for state in AlertState::ALL {
            for (until, resolution) in
                times.iter().flat_map(|until| resolutions.iter().map(move |resolution| (*until, *resolution)))
            {
                let Some(handling) = Handling::of(*state, until, resolution) else { continue };
                legal += 1;
                assert_eq!((handling.state(), handling.snoozed_until()), (*state, until));
                assert_eq!(
                    (handling.resolved_at(), handling.resolver()),
                    (resolution.map(|one| one.0), resolution.and_then(|one| one.1))
                );
            }
        }
        assert_eq!(legal, 5, "of 4 * 2 * 3");
    }
}
