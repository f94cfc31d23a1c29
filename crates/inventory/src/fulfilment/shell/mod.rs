//! Works: the callers' input, and its conversion into commands. Every step is done in the work's
//! store and needs no permission elsewhere.

mod carriers;
mod input;
mod decline;
mod levels;
mod ownership;
mod packed_lots;
mod ready_email;
mod ready_setting;
mod reverse;
mod ship;
mod steps;
mod wave_parts;
mod wave_steps;
mod waves;

pub use carriers::{CarrierRefusal, CarrierResult, CarrierUpsert, carrier_upsert};
pub use decline::{WorkMove, WorkReject, work_move, work_reject};
pub use input::{LabelFields, Lines, MAX_LINES, MAX_PARCELS, MAX_WORKS};
pub use packed_lots::{PackLot, PackParcel};
pub use ready_email::{READY_EMAIL, ReadyEmail};
pub use ready_setting::{ReadyRefusal, ReadySet, SettingWithTerms, ready_set};
pub use reverse::shipment_reverse;
pub use ship::{
    FulfilmentArrive, ParcelTrack, ShipParcel, WorkCollect, WorkShip, fulfilment_arrive, parcel_track, work_collect, work_ship,
};
pub use steps::{WorkAct, WorkPack, WorkPick, WorksAccept, work_pack, work_pick, work_ready, work_unpick, works_accept};
pub use wave_parts::FoundQuantities;
pub use wave_steps::{WavePack, WavePick, WaveReady, WaveShip, WaveStepResult, wave_pack, wave_pick, wave_ready, wave_ship};
pub use waves::{WaveClose, WaveCreate, WaveError, WaveRefusal, WaveResult, WaveWorkRefusal, wave_close, wave_create};
