//! Rejections of a command on stock or on a document of a room above. The API derives text and path
//! of each.

use std::{any::Any, fmt::Debug, sync::Arc};

use entity::prelude::*;

use super::{
    input_path::{At, Field},
    level::Level,
    refusal::{LotRefusal, Refusal},
    stage::Stage,
};

/// A refusal: its reason and its place in the input. If several apply, all of the earliest stage
/// are returned (`EarliestRefusals`); for one line one of them: not found, state, version, quantity.
#[derive(Debug, Clone, PartialEq)]
pub struct Rejection {
    pub why: Reason,
    pub at: At,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Reason {
    /// The object does not exist in this tenant.
    NotFound(Noun),
    PeriodClosed {
        through: i32,
    },
    VersionConflict {
        level: Box<Level>,
        /// Units of the lot that was meant; `None` if the level was.
        lot: Option<i64>,
    },
    /// A document's version differs from the expected one.
    StaleDocument {
        what: Noun,
        id: uuid::Uuid,
        actual: i64,
    },
    Insufficient {
        level: Box<Level>,
        /// The greatest quantity that would not be refused.
        usable: i64,
        requested: Quantity,
    },
    /// A lot, or its usable part, has less than requested.
    LotShort {
        /// Level of the shortage; `None` if several stores were searched.
        level: Option<Box<Level>>,
        what: Scarce,
        usable: i64,
        requested: i64,
    },
    /// The idempotency key was used with another input.
    KeyReused,
    /// A refusal of stock itself.
    Stock(Refusal),
    /// A refusal of a room above stock.
    Room(AnyRefusal),
}

impl Reason {
    /// Returns the stage in which it is reported.
    pub fn stage(&self) -> Stage {
        match self {
            Self::NotFound(_) => Stage::References,
            Self::PeriodClosed { .. } | Self::VersionConflict { .. } | Self::StaleDocument { .. } | Self::KeyReused => {
                Stage::State
            }
            Self::Insufficient { .. } | Self::LotShort { .. } => Stage::Shortage,
            Self::Stock(refusal) => refusal.stage(),
            Self::Room(any) => any.0.refusal_stage(),
        }
    }
}

/// Noun that an input names and that may be missing or stale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noun {
    BlanketOrder,
    Carrier,
    Category,
    Channel,
    Count,
    Customer,
    Document,
    Fulfilment,
    FulfilmentWork,
    FulfilmentWorkLine,
    Hold,
    Line,
    LineOfThisProduct,
    Lot,
    Movement,
    Order,
    OrderLine,
    Parcel,
    Payment,
    Product,
    PurchaseOrder,
    PurchaseOrderLine,
    Reservation,
    Return,
    ReturnLine,
    Store,
    Supplier,
    Transfer,
    TransferLine,
}

/// Scarce stock: less is usable than requested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scarce {
    Lot {
        code: String,
    },
    /// A lot, outside of the parcels that name it.
    OutsideParcels {
        code: String,
    },
    /// In lots that may leave, without the units that other parcels name.
    NotPacked {
        sku: String,
    },
    /// Unavailable stock in this condition.
    Aside {
        sku: String,
        condition: Condition,
    },
    /// In lots that may leave.
    MayBeTaken {
        sku: String,
    },
    /// In lots that may be sold.
    MayBeSold {
        sku: String,
    },
    /// In lots that are not reserved for customers.
    NotHeld {
        sku: String,
    },
    /// Whole kits, limited by this component.
    Kit {
        kit: String,
        part: String,
    },
    /// From at most so many stores.
    Stores {
        sku: String,
        most: usize,
        /// The product's level in the first requested store; None for a kit, which has several
        /// products.
        own: Option<Box<Level>>,
    },
}

/// Reason of a refusal by a room above stock: an enum of that room, which stock does not know. The
/// API knows it (`stock/refusals.rs` there).
pub trait RoomRefusal: Any + Debug + PartialEq + Send + Sync {
    fn at(self, at: At) -> Rejection
    where
        Self: Sized,
    {
        Rejection { why: Reason::Room(AnyRefusal(Arc::new(self))), at }
    }
    /// Returns the stage in which it is reported. A room lists the reasons that depend on state;
    /// all others refuse a value.
    fn stage(&self) -> Stage {
        Stage::Values
    }
}

trait DynRefusal: Any + Debug + Send + Sync {
    fn is(&self, other: &dyn Any) -> bool;
    fn refusal_stage(&self) -> Stage;
}
impl<T: RoomRefusal> DynRefusal for T {
    fn is(&self, other: &dyn Any) -> bool {
        other.downcast_ref::<T>().is_some_and(|other| self == other)
    }
    fn refusal_stage(&self) -> Stage {
        self.stage()
    }
}

/// A refusal of any room, recovered by its type.
#[derive(Debug, Clone)]
pub struct AnyRefusal(Arc<dyn DynRefusal>);

impl AnyRefusal {
    pub fn get<T: RoomRefusal>(&self) -> Option<&T> {
        let any: &dyn Any = self.0.as_ref();
        any.downcast_ref()
    }
}
impl PartialEq for AnyRefusal {
    fn eq(&self, other: &Self) -> bool {
        self.0.is(other.0.as_ref())
    }
}

impl Refusal {
    pub fn at(self, at: At) -> Rejection {
        Rejection { why: Reason::Stock(self), at }
    }
}
impl LotRefusal {
    pub fn at(self, at: At) -> Rejection {
        Refusal::Lot(self).at(at)
    }
}

impl Rejection {
    pub fn not_found(noun: Noun, at: At) -> Self {
        Self { why: Reason::NotFound(noun), at }
    }
    /// Moves the refusal of a row to this place, if no caller sent rows.
    #[must_use]
    pub fn of_whole(self, at: At) -> Self {
        if self.at.row.is_some() { Self { at, ..self } } else { self }
    }
    pub fn key_reused() -> Self {
        Self { why: Reason::KeyReused, at: At::input(Field::IdempotencyKey) }
    }
    /// The document is at version `actual`, not at the expected one.
    pub fn stale(noun: Noun, id: uuid::Uuid, actual: i64) -> Self {
        Self { why: Reason::StaleDocument { what: noun, id, actual }, at: At::input(Field::ExpectedVersion) }
    }
    /// Returns the refusal of a room, if it is of that room's type.
    pub fn of_room<T: RoomRefusal>(&self) -> Option<&T> {
        if let Reason::Room(refusal) = &self.why { refusal.get() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Frozen(u8);
    impl RoomRefusal for Frozen {}
    #[derive(Debug, PartialEq)]
    struct Spoiled(u8);
    impl RoomRefusal for Spoiled {
        fn stage(&self) -> Stage {
            Stage::State
        }
    }

    #[test]
    fn a_refusal_of_a_room_is_found_by_its_type() {
        let frozen = Frozen(3).at(At::line(2));
        assert_eq!((frozen.of_room::<Frozen>(), frozen.of_room::<Spoiled>()), (Some(&Frozen(3)), None));
        assert_eq!(frozen.clone(), frozen);
        assert_ne!(frozen, Frozen(4).at(At::line(2)));
        assert_ne!(frozen, Spoiled(3).at(At::line(2)), "of another room");
        assert_ne!(frozen, Frozen(3).at(At::line(1)), "of another line");
        assert_eq!((frozen.why.stage(), Spoiled(3).at(At::line(2)).why.stage()), (Stage::Values, Stage::State));
    }
}
