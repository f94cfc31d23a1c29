//! The rules of works: pure. A work moves no stock; shipping a work ships its order, by the order's
//! own rules.

mod book;
mod carriers;
mod command;
mod due;
mod follow;
mod order_holds;
mod decline;
mod needs;
mod pack;
mod parcel;
mod parcel_lots;
mod ready_email;
mod ready_terms;
mod refusal;
mod reverse;
mod ship;
mod states;
mod step;
mod wave;
mod work;
mod work_update;

pub use book::{ShipmentFact, StoreHandling, StoreRefusal, WorkBefore, WorkBook, WorkChange, WorkDecision, WorkFact};
pub use carriers::{CarrierProblem, Label, MAX_CODE, MAX_SERVICES, NewCarrier, ShippingCarrier, check_carrier};
pub use command::WorkCommand;
pub use decline::{GoodsSelection, ReleaseGoods, ReleaseReason};
pub use follow::derive_work_decision;
pub use needs::WorkNeeds;
pub use pack::NewParcel;
pub use parcel::{Parcel, ParcelLine, ParcelLot, ParcelShipment};
pub use parcel_lots::{RequestedLot, named_lot_changes};
pub use ready_email::{ReadyGoods, ReadyText, ready_email};
pub use ready_terms::{MAX_READY_TEXT_LENGTH, ReadyOptions, ReadySetting, ReadyTerms};
pub use refusal::Refusal;
pub use reverse::{ReverseShipment, ShipmentReversal};
pub use ship::{Arrival, Ship, Track};
pub use states::{WORK_STEPS, WorkAction, actions_from, is_allowed};
pub use step::{LineSelection, Step};
pub use wave::{MAX_WAVE_WORKS, PickingLine, PickingShare, Wave, is_over, picking_list};
pub use work::{Accepted, Ready, Rejected, Work, WorkHead, WorkLine, WorkRef};
