//! IDs that references resolve to, and those of unknown keys.

use std::str::FromStr;

use async_graphql::ID;
use entity::{
    id::prefix_of,
    prelude::{CarrierId, CategoryId, ChannelId, CustomerId, GroupId, ProductId, StoreId, SupplierId},
};
use inventory::catalog::rows::keys::KeyKind;
use uuid::Uuid;

/// Generates IDs for unknown keys. No row has one of the highest IDs, so they are refused like any other unknown ID; each key has its own, so that
/// two of them do not look like one object that is named twice.
#[derive(Default)]
pub struct UnknownIds(u32);

impl UnknownIds {
    pub(super) fn next_id(&mut self) -> Uuid {
        let id = Uuid::from_u128(u128::MAX - u128::from(self.0));
        self.0 += 1;
        id
    }
}

/// Whether the ID was generated for an unknown key.
pub fn is_unknown(id: &ID) -> bool {
    prefix_of(id).is_some_and(|(_, uuid)| uuid.as_u128() >> u32::BITS == u128::MAX >> u32::BITS)
}

/// The ID of a row that has keys of this kind.
pub fn id_of(kind: KeyKind, id: Uuid) -> ID {
    ID(match kind {
        KeyKind::CategorySlug => CategoryId::from_uuid(id).to_string(),
        KeyKind::SupplierCode => SupplierId::from_uuid(id).to_string(),
        KeyKind::ChannelCode => ChannelId::from_uuid(id).to_string(),
        KeyKind::StoreCode => StoreId::from_uuid(id).to_string(),
        KeyKind::StoreGroupCode => GroupId::from_uuid(id).to_string(),
        KeyKind::CustomerExternalRef => CustomerId::from_uuid(id).to_string(),
        KeyKind::ProductSku | KeyKind::ProductBarcode => ProductId::from_uuid(id).to_string(),
        KeyKind::CarrierCode => CarrierId::from_uuid(id).to_string(),
    })
}

/// Returns the ID of the only row with a name, and whether several rows have it. An ID beside the name selects one of several. Otherwise several rows
/// give an ID without a row: the mutation refuses it after it has looked for an earlier call with the same key, when the name may have been unique.
pub(super) fn select_id<T: Clone + FromStr + PartialEq + ToString>(
    found_ids: &[T],
    sibling_id: Option<&ID>,
    unknown: impl FnOnce() -> T,
) -> (ID, bool) {
    let sibling_id = sibling_id.and_then(|id| id.parse::<T>().ok()).filter(|id| found_ids.contains(id));
    let matched_id = if let [only_id] = found_ids { Some(only_id.clone()) } else { sibling_id };
    let is_shared = matched_id.is_none() && !found_ids.is_empty();
    (ID(matched_id.unwrap_or_else(unknown).to_string()), is_shared)
}
