//! Works of stores in GraphQL: what a store has to send of orders, its parcels, and carriers. Nothing here has a price.

mod arrival_inputs;
mod carrier_names;
mod carrier_refs;
mod carriers;
mod coded_lines;
mod enums;
mod inputs;
mod live;
mod loaders;
mod mutation;
mod named;
mod node;
mod parcel;
mod payload;
mod query;
mod ready_email;
pub mod refusal;
mod stream_filter;
mod visibility;
mod wave;
mod wave_inputs;
mod wave_mutation;
mod wave_payload;
mod wave_query;
mod work;

pub use arrival_inputs::{FulfilmentDeliverInput, FulfilmentFailInput, FulfilmentTrackingSetInput};
pub use carrier_refs::CarrierRef;
pub use carriers::{CarrierMutation, CarrierPayload, CarrierQuery, CarrierUpsertInput, ShippingCarrier, find_carrier};
pub use enums::{ParcelStatus, RejectReason, WorkStatus};
pub use inputs::{
    FulfilmentWorkAcceptInput, FulfilmentWorkActionInput, FulfilmentWorkCollectInput, FulfilmentWorkMoveInput,
    FulfilmentWorkPackInput, FulfilmentWorkPickInput, FulfilmentWorkRejectInput, FulfilmentWorkShipInput,
    FulfilmentWorkUnpickInput, ParcelInput, ParcelLabelInput, ParcelLotInput, WorkLineQuantity,
};
pub use live::{FulfilmentWorkChange, FulfilmentWorkSubscription, FulfilmentWorkUpdate};
pub use loaders::Rows;
pub use mutation::FulfilmentMutation;
pub use node::find as find_node;
pub use parcel::{Parcel, ParcelLine, ParcelLot, find_parcel, parcels_of_fulfilment};
pub use payload::{FulfilmentWorkPayload, FulfilmentWorkReadyPayload};
pub use query::{
    FulfilmentQuery, FulfilmentWorkFilter, FulfilmentWorkOrder, FulfilmentWorkOrderField, WorkStatusCount, load_work,
    works_of_order,
};
pub use ready_email::{ReadyEmail, ReadyEmailMutation, ReadyEmailPayload, ReadyEmailQuery, ReadyEmailSetInput};
pub use wave::{FulfilmentPickingLine, FulfilmentPickingShare, FulfilmentWave, FulfilmentWaveConnection, FulfilmentWaveEdge};
pub use wave_inputs::{
    FulfilmentWaveCloseInput, FulfilmentWaveCreateInput, FulfilmentWaveFoundInput, FulfilmentWavePackInput,
    FulfilmentWavePickInput, FulfilmentWaveReadyInput, FulfilmentWaveShipInput,
};
pub use wave_mutation::FulfilmentWaveMutation;
pub use wave_payload::{FulfilmentWavePayload, FulfilmentWaveResult, FulfilmentWaveStepPayload};
pub use wave_query::{FulfilmentWaveFilter, FulfilmentWaveQuery, FulfilmentWaveSort, FulfilmentWaveSortField, find_wave};
pub use work::{FulfilmentWork, FulfilmentWorkConnection, FulfilmentWorkEdge, WorkLine};
