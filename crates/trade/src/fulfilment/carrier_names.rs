//! The references to carriers in inputs of labels.

use platform::path;

use super::{
    arrival_inputs::FulfilmentTrackingSetInput,
    inputs::{FulfilmentWorkPackInput, FulfilmentWorkShipInput},
    wave_inputs::FulfilmentWavePackInput,
};
use crate::references::Names;

impl FulfilmentWorkPackInput {
    pub fn names(&mut self) -> Names<'_> {
        let parcels = self.parcels.iter_mut().enumerate();
        parcels.fold(Names::of(path!["input"]), |names, (index, parcel)| {
            let parcel_names = Names::of(path!["input", "parcels", index]);
            names.and(parcel_names.optional(("carrier", parcel.carrier.take()), ("carrierId", &mut parcel.carrier_id)))
        })
    }
}

impl FulfilmentWorkShipInput {
    pub fn names(&mut self) -> Names<'_> {
        let parcels = self.parcels.iter_mut().flatten().enumerate();
        parcels.fold(Names::of(path!["input"]), |names, (index, parcel)| {
            let parcel_names = Names::of(path!["input", "parcels", index]);
            names.and(parcel_names.optional(("carrier", parcel.carrier.take()), ("carrierId", &mut parcel.carrier_id)))
        })
    }
}

impl FulfilmentTrackingSetInput {
    pub fn names(&mut self) -> Names<'_> {
        Names::of(path!["input"]).optional(("carrier", self.carrier.take()), ("carrierId", &mut self.carrier_id))
    }
}

impl FulfilmentWavePackInput {
    pub fn names(&mut self) -> Names<'_> {
        Names::of(path!["input"]).optional(("carrier", self.carrier.take()), ("carrierId", &mut self.carrier_id))
    }
}
