//! The rules of stock: pure, exact, the same for a dry run and for the ledger.
//!
//! `decide` functions read a `Book` (the loaded and locked state) and write into a `Draft`; only an
//! accepted draft is merged back, so a refusal leaves no trace.

mod adjust;
mod alert;
mod at;
mod balance;
mod bin_location;
mod book;
mod costs;
mod draft;
mod explain;
mod kit;
mod level;
mod lot;
mod lot_draft;
mod lot_backdate;
mod lot_pick;
mod movement;
mod quote;
mod refusal;
mod rejection;
mod reserve;
mod row_state;
mod shortage;
mod stages;

pub(crate) use adjust::opposite_delta;
pub use adjust::{Adjust, Change, Compare, Reverse, Set, SetItem, decide_adjust, decide_reverse, decide_set};
pub use alert::{Alert, alert};
pub use at::{At, Field};
pub use bin_location::{is_bin_location, picking_order};
pub use book::Book;
pub use costs::{Costs, RateLookup};
pub use draft::{Delta, Draft, MovementHead, Posting, StockDecision, check_moment};
pub use explain::{Arrival, LevelSnapshot, LotShare, Outlook, arrivals};
pub use kit::whole_kits;
pub use level::{Facts, Level, LevelKey, available, status};
pub use lot::{
    Aside, Candidate, Dates, Lot, LotBook, LotChoice, LotLevel, LotName, LotProduct, LotRequest, MAX_LOT_CODE, Packed,
    first_expired,
};
pub(crate) use lot_draft::{check_dates, new_lot};
pub(crate) use lot_pick::StockPool;
pub use movement::{Entry, Movement, Reference, ReferenceKind, own_movement};
pub use quote::PickRules;
pub use refusal::{ExpiredWay, LotRefusal, Refusal};
pub use rejection::{AnyRefusal, Noun, Reason, Rejection, RoomRefusal, Scarce};
pub use reserve::{Expire, Release, Reservation, Reserve, ReserveItem, decide_expire, decide_release, decide_reserve};
pub use row_state::RowState;
pub use shortage::{RoomMovement, Shortage, Step, ensure_available};
pub use stages::{MAX_TOLD, Stage, Stages};
