//! Why a command on stock or on a document of a room above is refused. The API makes text and path of each.

use std::{any::Any, fmt::Debug, sync::Arc};

use entity::prelude::*;

use super::{
    at::{At, Field},
    level::Level,
    refusal::Refusal,
    stages::Stage,
};

/// A refusal: why, and the place of the input that is meant. When several apply, all of the earliest stage are given (`stages`); for one line one
/// of them: not found, state, version, quantity.
#[derive(Debug, Clone, PartialEq)]
pub struct Rejection {
    pub why: Reason,
    pub at: At,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Reason {
    /// It does not exist here.
    NotFound(Noun),
    PeriodClosed {
        through: i32,
    },
    VersionConflict {
        level: Box<Level>,
        /// How much the lot has that was meant; none where the level was.
        lot: Option<i64>,
    },
    /// A document's version is not the one expected.
    StaleDocument {
        what: Noun,
        id: uuid::Uuid,
        actual: i64,
    },
    Insufficient {
        level: Box<Level>,
        /// So much of what was asked for that asking for just that much would not be refused.
        usable: i64,
        requested: Quantity,
    },
    /// A lot, or what of it may be taken, has less than was asked for.
    LotShort {
        /// Where; none where several stores were looked at.
        level: Option<Box<Level>>,
        what: Scarce,
        usable: i64,
        requested: i64,
    },
    /// The idempotency key was used with another input.
    KeyReused,
    /// One of stock's own.
    Stock(Refusal),
    /// One of a room above.
    Room(AnyRefusal),
}

impl Reason {
    /// When it is told.
    pub fn stage(&self) -> Stage {
        match self {
            Self::NotFound(_) => Stage::References,
            Self::PeriodClosed { .. } | Self::VersionConflict { .. } | Self::StaleDocument { .. } | Self::KeyReused => {
                Stage::State
            }
            Self::Insufficient { .. } | Self::LotShort { .. } => Stage::Shortage,
            Self::Stock(refusal) => refusal.stage(),
            Self::Room(any) => any.0.told_in(),
        }
    }
}

/// What is named by an input and may be missing or stale.
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

/// What there is less of than was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scarce {
    Lot {
        code: String,
    },
    /// Of a lot, outside of the parcels that name it.
    OutsideParcels {
        code: String,
    },
    /// In lots that may leave, outside of the parcels that name them.
    NotPacked {
        sku: String,
    },
    /// What was set aside for this reason.
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
    /// In lots that are not held for buyers.
    NotHeld {
        sku: String,
    },
    /// Whole kits, for want of this part.
    Kit {
        kit: String,
        part: String,
    },
    /// From at most so many stores.
    Stores {
        sku: String,
        most: usize,
        /// The product's level in the store that was asked first; none of a kit, which has several products.
        own: Option<Box<Level>>,
    },
}

/// Why a room above stock refuses: an enum of that room, which stock does not know. The API knows it (`stock/refusals.rs` there).
pub trait RoomRefusal: Any + Debug + PartialEq + Send + Sync {
    fn at(self, at: At) -> Rejection
    where
        Self: Sized,
    {
        Rejection { why: Reason::Room(AnyRefusal(Arc::new(self))), at }
    }
    /// When it is told. A room names what depends on the state of things; all else is refused for its value.
    fn stage(&self) -> Stage {
        Stage::Values
    }
}

trait Erased: Any + Debug + Send + Sync {
    fn is(&self, other: &dyn Any) -> bool;
    fn told_in(&self) -> Stage;
}
impl<T: RoomRefusal> Erased for T {
    fn is(&self, other: &dyn Any) -> bool {
        other.downcast_ref::<T>().is_some_and(|other| self == other)
    }
    fn told_in(&self) -> Stage {
        self.stage()
    }
}

/// A refusal of some room, found again by its type.
#[derive(Debug, Clone)]
pub struct AnyRefusal(Arc<dyn Erased>);

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

impl Rejection {
    pub fn not_found(what: Noun, at: At) -> Self {
        Self { why: Reason::NotFound(what), at }
    }
    /// The same at this place where it is of a row: nobody typed that.
    #[must_use]
    pub fn of_whole(self, at: At) -> Self {
        if self.at.row.is_some() { Self { at, ..self } } else { self }
    }
    pub fn key_reused() -> Self {
        Self { why: Reason::KeyReused, at: At::input(Field::IdempotencyKey) }
    }
    /// The document is at version `actual`, not at the one that was expected.
    pub fn stale(what: Noun, id: uuid::Uuid, actual: i64) -> Self {
        Self { why: Reason::StaleDocument { what, id, actual }, at: At::input(Field::ExpectedVersion) }
    }
    /// What a room refuses, if it is that room's.
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
