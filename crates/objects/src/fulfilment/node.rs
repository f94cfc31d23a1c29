//! Objects of fulfilment by ID. Each requires the permission of its type.

use async_graphql::Context;
use entity::id::{Id, Kind, kind};
use uuid::Uuid;

use super::{find_carrier, find_parcel, find_wave, load_work};
use crate::{graphql::fault::Answer, nodes::Node};

/// The work, wave, parcel or carrier of an id with this prefix; None of another one.
pub async fn find(ctx: &Context<'_>, prefix: &str, uuid: Uuid) -> Answer<Option<Node>> {
    Ok(match prefix {
        kind::FulfilmentWorkId::PREFIX => load_work(ctx, Id::from_uuid(uuid)).await?.map(Node::FulfilmentWork),
        kind::FulfilmentWaveId::PREFIX => find_wave(ctx, Id::from_uuid(uuid)).await?.map(Node::FulfilmentWave),
        kind::ParcelId::PREFIX => find_parcel(ctx, Id::from_uuid(uuid)).await?.map(Node::Parcel),
        kind::CarrierId::PREFIX => find_carrier(ctx, Id::from_uuid(uuid)).await?.map(Node::Carrier),
        _ => None,
    })
}
