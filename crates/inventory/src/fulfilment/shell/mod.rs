//! Works: the callers' input, and its conversion into commands. Every step is done in the work's
//! store and needs no permission elsewhere.

mod carriers;
mod let_go;
mod packed_lots;
mod ready_email;
mod ready_setting;
mod reverse;
mod ship;
mod steps;
mod wave_parts;
mod wave_steps;
mod waves;

use std::collections::BTreeSet;

use entity::prelude::*;
use iam::access::{Permission, Permit};
use platform::storage::{Fault, Reads};
use serde::Serialize;

pub use carriers::{CarrierDone, CarrierRefusal, CarrierUpsert, carrier_upsert};
pub use let_go::{WorkMove, WorkReject, work_move, work_reject};
pub use packed_lots::PackLot;
pub use ready_email::{READY_EMAIL, ReadyEmail};
pub use ready_setting::{ReadyRefusal, ReadySet, SettingWithTerms, ready_set};
pub use reverse::shipment_reverse;
pub use ship::{
    FulfilmentArrive, ParcelTrack, ShipParcel, WorkCollect, WorkShip, fulfilment_arrive, parcel_track, work_collect, work_ship,
};
pub use steps::{
    PackParcel, WorkAct, WorkPack, WorkPick, WorksAccept, work_pack, work_pick, work_ready, work_unpick, works_accept,
};
pub use wave_steps::{
    WaveFound, WavePack, WavePick, WaveReady, WaveShip, WaveStepResult, wave_pack, wave_pick, wave_ready, wave_ship,
};
pub use waves::{WaveClose, WaveCreate, WaveDone, WaveRefusal, WaveStop, WaveWorkRefusal, wave_close, wave_create};

use crate::{
    fulfilment::{
        core::{Label, WorkRef},
        rows,
    },
    ledger::{Checks, Ledger, MAX_REFERENCE},
    orders::rows::stocked_levels,
    stock::core::{At, Field, LevelKey},
};

/// Maximum works of a call.
pub const MAX_WORKS: usize = 200;
/// Maximum lines, and maximum parcels, of a call.
pub const MAX_LINES: usize = 2_000;
pub const MAX_PARCELS: usize = 200;

/// Lines of a work with quantities; None for all.
pub type Lines = Option<Vec<(FulfilmentWorkLineId, Quantity)>>;

/// Label of a parcel, as input.
#[derive(Debug, Clone, Default, Serialize)]
pub struct LabelSaid {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carrier: Option<CarrierId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracking_number: Option<String>,
}

impl LabelSaid {
    fn check(&self, checks: &mut Checks, at: At) {
        checks.text(self.service.as_deref(), MAX_REFERENCE, || at.field(Field::Service));
        checks.text(self.tracking_number.as_deref(), MAX_REFERENCE, || at.field(Field::TrackingNumber));
    }
    fn label(self) -> Label {
        Label { carrier: self.carrier, service: self.service, tracking_number: self.tracking_number }
    }
}

/// True if the permit covers works of this store. Callers that are bound to a channel see orders,
/// never works.
fn is_own<P: Permission>(permit: &Permit<P>, store: StoreId) -> bool {
    permit.channel().is_none() && permit.covers(store)
}

/// Returns the named works, in their order. A work that the caller may not see is given an ID that
/// does not exist, so that the ledger rejects both in the same words.
async fn on<P: Permission>(
    ledger: &Ledger,
    permit: &Permit<P>,
    works: &[FulfilmentWorkId],
    expected_version: Option<i64>,
) -> Result<Vec<(WorkRef, StoreId)>, Fault> {
    let found = rows::work_locations(&permit.scope(ledger.database()), works).await?;
    let meant = |id: &FulfilmentWorkId| {
        let own = found.iter().find(|at| at.work == *id && is_own(permit, at.store));
        let nobodys = || (ledger.clock().document_id(), ledger.clock().document_id(), StoreId::NIL);
        let (work, order, store) = own.map_or_else(nobodys, |at| (at.work, at.order, at.store));
        (WorkRef { work, order, expected_version, actor: permit.actor() }, store)
    };
    Ok(works.iter().map(meant).collect())
}

/// Returns one named work.
async fn resolve_work<P: Permission>(
    ledger: &Ledger,
    permit: &Permit<P>,
    work: FulfilmentWorkId,
    expected_version: Option<i64>,
) -> Result<(WorkRef, StoreId), Fault> {
    let mut all = on(ledger, permit, &[work], expected_version).await?;
    all.pop().ok_or_else(|| Fault::Broken("a work that is meant is answered for".to_owned()))
}

/// Returns the levels of an order's lines, and those of the same goods in the work's store.
async fn levels(reads: &impl Reads, order: OrderId, store: StoreId) -> Result<Vec<LevelKey>, Fault> {
    let held: Vec<LevelKey> = stocked_levels(reads, &[order]).await?.into_iter().map(|(_, key)| key).collect();
    Ok(with_levels_in_store(&held, store))
}

/// Returns these levels, and the levels of the same goods in a store.
fn with_levels_in_store(held: &[LevelKey], store: StoreId) -> Vec<LevelKey> {
    let here = held.iter().filter(|_| store != StoreId::NIL).map(|key| LevelKey { store, ..*key });
    let all: BTreeSet<LevelKey> = here.chain(held.iter().copied()).collect();
    all.into_iter().collect()
}
