//! Personal data in exports and imports. An export has it in plaintext, in the columns that it was
//! given for. An import seals it again, under keys of its deployment.

use std::collections::HashMap;

use entity::{
    prelude::{CustomerId, TenantId, Timestamp},
    record::{Record, Selected},
    tables::subject,
};
use platform::{
    secrets::{DataKey, KeyRing, Texts, row_context},
    storage::{Fault, Finds, Reads, Snapshot},
};
use sea_orm::Value;
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::{
    import::LineRefusal,
    tables::{Table, exported_tables},
};

/// The column of data sealed under a person's key, and its blind index.
const PERSONAL: &str = "personal";
const BLIND: &str = "email_blind";
/// Personal texts that have columns of their own beside the sealed column, by table.
const PLAIN_TEXT_COLUMNS: &[(&str, &[&str])] = &[("customer", &["name", EMAIL])];
const EMAIL: &str = "email";

fn plain_text_columns(table: &str) -> &'static [&'static str] {
    PLAIN_TEXT_COLUMNS.iter().find(|(name, _)| *name == table).map(|(_, columns)| *columns).unwrap_or_default()
}

#[derive(Record)]
#[record(of = subject, alias = "subject")]
struct SubjectKey {
    id: Uuid,
    key_sealed: Vec<u8>,
}

/// Opens the sealed data in the lines of a table that has such a column. Data whose key was
/// destroyed stays out.
pub(super) async fn open(snapshot: &Snapshot, table: &Table, lines: &mut [Vec<Option<String>>]) -> Result<(), Fault> {
    let column_index = |name: &str| table.columns.iter().position(|column| column.name == name);
    // The data of an order is sealed under a key of its own.
    let (Some(personal), Some(id)) = (column_index(PERSONAL), column_index("id").or_else(|| column_index("order_id"))) else {
        return Ok(());
    };
    let ring: KeyRing = snapshot.extensions().get().ok_or_else(|| Fault::Broken("no keys were opened".to_owned()))?;
    let id_of = |line: &[Option<String>]| line[id].as_deref().and_then(|text| Uuid::parse_str(text).ok()).unwrap_or_default();
    let backend = snapshot.backend();
    let id_condition = backend.in_ids("id", 2);
    let sql = format!("SELECT {} FROM subject WHERE tenant_id = $1 AND {id_condition}", SubjectKey::SELECT);
    let ids = lines.iter().map(|line| CustomerId::from_uuid(id_of(line)));
    let rows = snapshot.records::<SubjectKey>(&sql, vec![backend.ids(ids)]).await?;
    let keys: HashMap<Uuid, Vec<u8>> = rows.into_iter().map(|row| (row.id, row.key_sealed)).collect();
    for line in lines {
        let subject = id_of(line);
        let sealed = line[personal].take().as_deref().map(bytes).unwrap_or_default();
        if let Some(blind) = column_index(BLIND) {
            line[blind] = None;
        }
        if let Some(key) = keys.get(&subject).filter(|_| !sealed.is_empty()) {
            let tenant = snapshot.tenant();
            let key = ring.data_key(tenant, subject, key)?;
            let mut other_texts = Map::new();
            for (name, text) in key.open_texts(&row_context(&table.name, tenant, subject), &sealed)? {
                match column_index(&name).filter(|_| plain_text_columns(&table.name).contains(&name.as_str())) {
                    Some(at) => line[at] = Some(text),
                    None => {
                        other_texts.insert(name, Json::String(text));
                    }
                }
            }
            // Values without a column of their own are written in plaintext to the column that was
            // sealed.
            if !other_texts.is_empty() {
                line[personal] = Some(Json::Object(other_texts).to_string());
            }
        }
    }
    Ok(())
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[at * 2..at * 2 + 2], 16).unwrap_or_default()).collect()
}

/// Seals the personal data in the lines of an export, each under a new key.
pub(super) struct Sealer<'a> {
    ring: &'a KeyRing,
    tenant: TenantId,
    now: Timestamp,
    address_form: fn(&str) -> String,
    /// The key that addresses are found by, once there is one.
    blind: Option<DataKey>,
    /// Rows of `subject` that wait to be written.
    keys: Vec<Value>,
}

impl<'a> Sealer<'a> {
    pub fn new(ring: &'a KeyRing, tenant: TenantId, now: Timestamp, address_form: fn(&str) -> String) -> Self {
        Self { ring, tenant, now, address_form, blind: None, keys: Vec::new() }
    }

    /// The keys of the persons in the lines since the last call, as rows of their table.
    pub fn take_keys(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.keys)
    }

    /// Seals the personal data of a line. The inner refusal is the line's.
    pub fn seal(&mut self, table: &str, line: &mut Map<String, Json>) -> Result<Result<(), LineRefusal>, Fault> {
        let has_persons = exported_tables().any(|exported_table| {
            exported_table.name == table && exported_table.columns.iter().any(|column| column.0 == PERSONAL)
        });
        if !has_persons {
            return Ok(Ok(()));
        }
        let Some(texts) = take_texts(table, line) else { return Ok(Err(LineRefusal::Personal)) };
        let id = line.get("id").or_else(|| line.get("order_id")).and_then(Json::as_str);
        let Some(subject) = id.and_then(|id| Uuid::try_parse(id).ok()) else { return Ok(Err(LineRefusal::Personal)) };
        let email = texts.get(EMAIL).filter(|_| line.contains_key(BLIND)).cloned();
        let sealed = if texts.is_empty() { None } else { Some(self.seal_texts(table, subject, &texts)?) };
        line.insert(PERSONAL.to_owned(), sealed.map_or(Json::Null, |sealed| hex::encode(sealed).into()));
        if line.contains_key(BLIND) {
            let blind = email.map(|email| self.blind(&email)).transpose()?;
            line.insert(BLIND.to_owned(), blind.map_or(Json::Null, |blind| hex::encode(blind).into()));
        }
        Ok(Ok(()))
    }

    fn seal_texts(&mut self, table: &str, subject: Uuid, texts: &Texts) -> Result<Vec<u8>, Fault> {
        let (key, sealed_key) = self.ring.new_data_key(self.tenant, subject)?;
        self.push_sealed_key(subject, sealed_key);
        self.ring.seal_texts(&key, &row_context(table, self.tenant, subject), texts)
    }

    /// Returns the blind index of an address. Its key belongs to the tenant, and is created with
    /// the first address.
    fn blind(&mut self, email: &str) -> Result<Vec<u8>, Fault> {
        let text = (self.address_form)(email);
        if let Some(key) = &self.blind {
            return Ok(key.blind(&text));
        }
        let (key, sealed_key) = self.ring.new_data_key(self.tenant, self.tenant.uuid())?;
        self.push_sealed_key(self.tenant.uuid(), sealed_key);
        let blind = key.blind(&text);
        self.blind = Some(key);
        Ok(blind)
    }

    /// In the order of the table's columns.
    fn push_sealed_key(&mut self, subject: Uuid, sealed_key: Vec<u8>) {
        self.keys.extend([Value::from(self.tenant), subject.into(), sealed_key.into(), self.now.micros().into()]);
    }
}

/// Takes the personal data out of a line; None if it is not an object of texts.
fn take_texts(table: &str, line: &mut Map<String, Json>) -> Option<Texts> {
    let mut texts = match line.remove(PERSONAL)? {
        Json::Null => Texts::new(),
        Json::String(text) => serde_json::from_str(&text).ok()?,
        _ => return None,
    };
    for name in plain_text_columns(table) {
        match line.insert((*name).to_owned(), Json::Null)? {
            Json::Null => {}
            Json::String(text) => {
                texts.insert((*name).to_owned(), text);
            }
            _ => return None,
        }
    }
    Some(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Map<String, Json> {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn texts_come_from_their_columns_and_from_what_was_sealed() {
        let mut customer = line(r#"{"id":"1","name":"Ada","email":null,"personal":"{\"addresses\":\"[ 1 ]\"}","country":"GB"}"#);
        let expected = [("name", "Ada"), ("addresses", "[ 1 ]")].map(|(name, text)| (name.to_owned(), text.to_owned()));
        assert_eq!(take_texts("customer", &mut customer), Some(Texts::from(expected)));
        assert_eq!(customer, line(r#"{"id":"1","name":null,"email":null,"country":"GB"}"#), "nothing stays in the clear");
    }

    #[test]
    fn what_is_no_object_of_texts_is_none() {
        for wrong in [r#"{"personal":7}"#, r#"{"personal":"x"}"#, r#"{"personal":"{\"a\":7}"}"#, "{}"] {
            assert_eq!(take_texts("invoice", &mut line(wrong)), None, "{wrong}");
        }
        assert_eq!(take_texts("customer", &mut line(r#"{"personal":null,"email":null}"#)), None, "a column is missing");
    }
}
