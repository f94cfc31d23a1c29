//! Works of stores in GraphQL: goods of orders that a store has to send, its parcels, and carriers.
//! Nothing here has a price.

pub mod carrier_refs;
pub mod carriers;
pub mod enums;
pub mod loaders;
pub mod named;
pub mod node;
pub mod parcel;
pub mod query;
pub mod refusal;
pub mod stream_filter;
pub mod visibility;
pub mod wave;
pub mod wave_query;
pub mod work;

pub use carrier_refs::CarrierRef;
pub use carriers::{CarrierMutation, CarrierPayload, CarrierQuery, CarrierUpsertInput, ShippingCarrier, find_carrier};
pub use enums::{ParcelStatus, RejectReason, WorkStatus};
pub use loaders::Rows;
pub use node::find as find_node;
pub use parcel::{Parcel, ParcelLine, ParcelLot, find_parcel, parcels_of_fulfilment};
pub use query::{FulfilmentQuery, FulfilmentWorkFilter, FulfilmentWorkOrder, FulfilmentWorkOrderField, WorkStatusCount};
pub use wave::{FulfilmentPickingLine, FulfilmentPickingShare, FulfilmentWave, FulfilmentWaveConnection, FulfilmentWaveEdge};
pub use wave_query::{FulfilmentWaveFilter, FulfilmentWaveQuery, FulfilmentWaveSort, FulfilmentWaveSortField, find_wave};
pub use work::{FulfilmentWork, FulfilmentWorkConnection, FulfilmentWorkEdge, WorkLine, load_work, works_of_order};
