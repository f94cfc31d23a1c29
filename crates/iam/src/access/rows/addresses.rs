//! The addresses that keys were used from.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::api_key_address,
};
use platform::storage::{Fault, Finds, Reads, Work};

use crate::access::core::{KeyAddress, MAX_ADDRESSES};

/// Records that a key was used from an address; returns whether the address is new. Only the most
/// recently used addresses are kept.
pub async fn record_address(work: &Work, key: ApiKeyId, address: &str, minute: Timestamp) -> Result<bool, Fault> {
    let row = api_key_address::Model {
        tenant_id: work.tenant(),
        key_id: key,
        address: address.to_owned(),
        first_used_at: minute,
        last_used_at: minute,
    };
    let is_new = work.insert_or_ignore(row).await?;
    if is_new {
        let sql = "DELETE FROM api_key_address WHERE tenant_id = $1 AND key_id = $2 AND address IN (
             SELECT address FROM api_key_address WHERE tenant_id = $1 AND key_id = $2 ORDER BY last_used_at DESC, address
             LIMIT 1000000 OFFSET $3)";
        work.execute(sql, vec![key.into(), MAX_ADDRESSES.into()]).await?;
    } else {
        let sql = "UPDATE api_key_address SET last_used_at = $4 WHERE tenant_id = $1 AND key_id = $2 AND address = $3 AND last_used_at < $4";
        work.execute(sql, vec![key.into(), address.into(), minute.micros().into()]).await?;
    }
    Ok(is_new)
}

#[derive(Record)]
#[record(of = api_key_address, alias = "api_key_address")]
struct AddressRow {
    key_id: ApiKeyId,
    address: String,
    first_used_at: Timestamp,
    last_used_at: Timestamp,
}

/// The addresses of keys, those used last first.
pub async fn addresses_of(reads: &impl Reads, keys: &[ApiKeyId]) -> Result<HashMap<ApiKeyId, Vec<KeyAddress>>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM api_key_address WHERE tenant_id = $1 AND {} ORDER BY key_id, last_used_at DESC, address",
        AddressRow::SELECT,
        backend.in_ids("key_id", 2)
    );
    let mut addresses_by_key: HashMap<ApiKeyId, Vec<KeyAddress>> = HashMap::new();
    for row in reads.records::<AddressRow>(&sql, vec![backend.ids(keys.iter().copied())]).await? {
        let key_address = KeyAddress { address: row.address, first_used_at: row.first_used_at, last_used_at: row.last_used_at };
        addresses_by_key.entry(row.key_id).or_default().push(key_address);
    }
    Ok(addresses_by_key)
}
