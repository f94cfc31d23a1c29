//! Works of stores in GraphQL: goods of orders that a store has to send, its parcels, and carriers.
//! Nothing here has a price.

pub use objects::fulfilment::*;

mod arrival_inputs;
mod carrier_names;
mod coded_lines;
mod inputs;
mod live;
mod mutation;
mod payload;
mod ready_email;
mod wave_inputs;
mod wave_mutation;
mod wave_payload;

pub use arrival_inputs::{FulfilmentDeliverInput, FulfilmentFailInput, FulfilmentTrackingSetInput};
pub use inputs::{
    FulfilmentWorkAcceptInput, FulfilmentWorkActionInput, FulfilmentWorkCollectInput, FulfilmentWorkMoveInput,
    FulfilmentWorkPackInput, FulfilmentWorkPickInput, FulfilmentWorkRejectInput, FulfilmentWorkShipInput,
    FulfilmentWorkUnpickInput, ParcelInput, ParcelLabelInput, ParcelLotInput, WorkLineQuantity,
};
pub use live::{FulfilmentWorkChange, FulfilmentWorkSubscription, FulfilmentWorkUpdate};
pub use mutation::FulfilmentMutation;
pub use payload::{FulfilmentWorkPayload, FulfilmentWorkReadyPayload};
pub use ready_email::{ReadyEmail, ReadyEmailMutation, ReadyEmailPayload, ReadyEmailQuery, ReadyEmailSetInput};
pub use wave_inputs::{
    FulfilmentWaveCloseInput, FulfilmentWaveCreateInput, FulfilmentWaveFoundInput, FulfilmentWavePackInput,
    FulfilmentWavePickInput, FulfilmentWaveReadyInput, FulfilmentWaveShipInput,
};
pub use wave_mutation::FulfilmentWaveMutation;
pub use wave_payload::{FulfilmentWavePayload, FulfilmentWaveResult, FulfilmentWaveStepPayload};
