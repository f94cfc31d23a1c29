//! The rules of stock: pure, exact, the same for a dry run and for the ledger.
//!
//! `decide` functions read a `Book` (the loaded and locked state) and write into a `Draft`; only an
//! accepted draft is merged back, so a refusal leaves no trace.

mod adjust;
mod alert;
mod input_path;
mod balance;
mod bin_location;
mod book;
mod costs;
mod decision;
mod draft;
mod draft_refusals;
mod earliest_refusals;
mod explain;
mod kit;
mod level;
mod lot;
mod lot_posting;
mod lot_backdate;
mod lot_pick;
mod lot_promise;
mod movement;
mod quote;
mod refusal;
mod rejection;
mod reservation;
mod reserve;
mod row_state;
mod shortage;
mod stage;
mod step;

pub(crate) use adjust::opposite_delta;
pub use adjust::{Adjust, Change, Compare, Reverse, Set, SetItem, decide_adjust, decide_reverse, decide_set};
pub use alert::{Alert, detect_alert};
pub use bin_location::{is_bin_location, picking_order};
pub use book::Book;
pub use costs::{Costs, RateLookup};
pub use decision::StockDecision;
pub use draft::{Delta, Draft, MovementHead, Posting, check_moment};
pub use earliest_refusals::{EarliestRefusals, MAX_REPORTED};
pub use explain::{Arrival, LevelSnapshot, LotShare, Outlook, arrivals};
pub use input_path::{At, Field};
pub use kit::whole_kits;
pub use level::{Facts, Level, LevelKey, available, status};
pub use lot::{
    Candidate, Dates, Lot, LotBook, LotChoice, LotLevel, LotName, LotProduct, LotRequest, MAX_LOT_CODE, PackedUnits,
    UnavailableUnits, first_expired,
};
pub(crate) use lot_pick::StockPool;
pub(crate) use lot_posting::{check_dates, new_lot};
pub use movement::{Entry, Movement, Reference, ReferenceKind, find_command_movement};
pub use quote::PickRules;
pub use refusal::{ExpiredWay, LotRefusal, Refusal};
pub use rejection::{AnyRefusal, Noun, Reason, Rejection, RoomRefusal, Scarce};
pub use reservation::Reservation;
pub use reserve::{Expire, Release, Reserve, ReserveItem, decide_expire, decide_release, decide_reserve};
pub use row_state::RowState;
pub use shortage::{RoomMovement, Shortage, ensure_available};
pub use stage::Stage;
pub use step::Step;
