//! What a tenant keeps of persons is its own: an export has it in the clear, in the columns that it was given for.

use std::collections::HashMap;

use entity::{
    prelude::CustomerId,
    record::{Record, Selected},
    tables::subject,
};
use platform::{
    secrets::{KeyRing, row_context},
    storage::{Fault, Finds, Reads, Snapshot},
};
use uuid::Uuid;

use super::tables::Table;

/// The column that holds what is sealed under a person's key, and the one that it is found by.
const PERSONAL: &str = "personal";
const BLIND: &str = "email_blind";

#[derive(Record)]
#[record(of = subject, alias = "subject")]
struct SubjectKey {
    id: Uuid,
    key_sealed: Vec<u8>,
}

/// Opens what is sealed in the lines of a table that has such a column. What its key is gone for stays away.
pub(super) async fn open(snapshot: &Snapshot, table: &Table, lines: &mut [Vec<Option<String>>]) -> Result<(), Fault> {
    let place = |name: &str| table.columns.iter().position(|column| column.name == name);
    // An order's is sealed under a key of its own.
    let (Some(personal), Some(id)) = (place(PERSONAL), place("id").or_else(|| place("order_id"))) else { return Ok(()) };
    let ring: KeyRing = snapshot.extensions().get().ok_or_else(|| Fault::Broken("no keys were opened".to_owned()))?;
    let id_of = |line: &[Option<String>]| line[id].as_deref().and_then(|text| Uuid::parse_str(text).ok()).unwrap_or_default();
    let backend = snapshot.backend();
    let of = backend.in_ids("id", 2);
    let sql = format!("SELECT {} FROM subject WHERE tenant_id = $1 AND {of}", SubjectKey::SELECT);
    let ids = lines.iter().map(|line| CustomerId::from_uuid(id_of(line)));
    let rows = snapshot.records::<SubjectKey>(&sql, vec![backend.ids(ids)]).await?;
    let keys: HashMap<Uuid, Vec<u8>> = rows.into_iter().map(|row| (row.id, row.key_sealed)).collect();
    for line in lines {
        let subject = id_of(line);
        let sealed = line[personal].take().as_deref().map(bytes).unwrap_or_default();
        if let Some(blind) = place(BLIND) {
            line[blind] = None;
        }
        if let Some(key) = keys.get(&subject).filter(|_| !sealed.is_empty()) {
            let tenant = snapshot.tenant();
            let key = ring.data_key(tenant, subject, key)?;
            let mut others = serde_json::Map::new();
            for (name, text) in key.open_texts(&row_context(&table.name, tenant, subject), &sealed)? {
                match place(&name) {
                    Some(at) => line[at] = Some(text),
                    None => {
                        others.insert(name, serde_json::from_str(&text).unwrap_or(serde_json::Value::String(text)));
                    }
                }
            }
            // What has no column of its own stands in the clear where it was sealed.
            if !others.is_empty() {
                line[personal] = Some(serde_json::Value::Object(others).to_string());
            }
        }
    }
    Ok(())
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[at * 2..at * 2 + 2], 16).unwrap_or_default()).collect()
}
