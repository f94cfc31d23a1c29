//! Keyset pages: checked requests, the SQL of a page, cursors that are signed and bound to their list and its order.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use entity::prelude::Id;
use hmac::{Hmac, KeyInit, Mac};
use sea_orm::Value;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use uuid::Uuid;

use crate::storage::{Fault, Reads, Row};

/// A value that a list is sorted by. Cursors name the variant: a SKU that looks like a number or a UUID is still a text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Key {
    #[serde(rename = "n")]
    Int(i64),
    #[serde(rename = "i")]
    Id(Uuid),
    #[serde(rename = "t")]
    Text(String),
}
impl From<Key> for Value {
    fn from(key: Key) -> Self {
        match key {
            Key::Int(n) => n.into(),
            Key::Id(id) => id.into(),
            Key::Text(text) => text.into(),
        }
    }
}
impl<K> From<Id<K>> for Key {
    fn from(id: Id<K>) -> Self {
        Self::Id(id.uuid())
    }
}

/// The key that cursors are signed with; every node of a deployment has the same.
#[derive(Clone)]
pub struct CursorSigner(Arc<[u8; 32]>);

const VERSION: u8 = 1;
const MAC_BYTES: usize = 12;

impl CursorSigner {
    pub fn new(key: [u8; 32]) -> Self {
        Self(Arc::new(key))
    }
    /// `kind` names the list, its sort and whatever else the cursor must not outlive; a cursor of another kind is refused.
    pub fn sign(&self, kind: &str, keys: &[Key]) -> String {
        let mut bytes = vec![VERSION];
        // Keys are numbers, ids and texts: they always have a JSON form.
        let _ = serde_json::to_writer(&mut bytes, keys);
        let mac = self.mac(kind, &bytes);
        bytes.extend_from_slice(&mac);
        URL_SAFE_NO_PAD.encode(bytes)
    }
    /// The keys of a cursor that this deployment signed for `kind`.
    pub fn open(&self, kind: &str, cursor: &str) -> Option<Vec<Key>> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let split = bytes.len().checked_sub(MAC_BYTES)?;
        let (body, mac) = bytes.split_at(split);
        let mut expected = self.hmac(kind);
        expected.update(body);
        expected.verify_truncated_left(mac).ok()?;
        (*body.first()? == VERSION).then_some(())?;
        serde_json::from_slice(&body[1..]).ok()
    }
    fn hmac(&self, kind: &str) -> Hmac<Sha256> {
        #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&*self.0).expect("any length");
        mac.update(kind.as_bytes());
        mac.update(&[0]);
        mac
    }
    fn mac(&self, kind: &str, body: &[u8]) -> [u8; MAC_BYTES] {
        let mut mac = self.hmac(kind);
        mac.update(body);
        let mut out = [0; MAC_BYTES];
        out.copy_from_slice(&mac.finalize().into_bytes()[..MAC_BYTES]);
        out
    }
}

pub const DEFAULT_PAGE: u32 = 50;

/// A checked request for a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    pub limit: u32,
    /// Read from the end, as `last` asks.
    pub backward: bool,
    pub after: Option<Vec<Key>>,
    pub before: Option<Vec<Key>>,
}

impl PageRequest {
    /// What it asks of the same rows in the opposite order.
    #[must_use]
    pub fn opposite(&self) -> Self {
        Self { limit: self.limit, backward: !self.backward, after: self.before.clone(), before: self.after.clone() }
    }

    /// Of rows in memory, which stand in the order of their keys, those of the page: in its direction, one more than its limit where there are more.
    pub fn pick<T>(&self, mut rows: Vec<(T, Vec<Key>)>) -> Vec<(T, Vec<Key>)> {
        rows.retain(|(_, keys)| {
            self.after.as_ref().is_none_or(|after| keys > after) && self.before.as_ref().is_none_or(|before| keys < before)
        });
        if self.backward {
            rows.reverse();
        }
        rows.truncate(self.limit as usize + 1);
        rows
    }
}

/// The rows that the pages of a list are of: `FROM … WHERE …`, and its values from `$2` on; `$1` is the tenant.
#[derive(Debug, Clone, PartialEq)]
pub struct ListSource {
    pub from: String,
    pub values: Vec<Value>,
}

impl ListSource {
    /// How many rows there are, counted up to one more than `most`.
    pub async fn count(&self, reads: &impl Reads, most: i64) -> Result<i64, Fault> {
        let mut values = self.values.clone();
        values.push(most.saturating_add(1).into());
        let sql = format!("SELECT count(*) FROM (SELECT 1 {} LIMIT ${}) AS few", self.from, values.len() + 1);
        let rows = reads.rows(&sql, values).await?;
        rows.first().map_or(Ok(0), Row::scalar)
    }

    /// The statement of a page with these columns: what `keyset` says of its rows, their order and number, and all values.
    pub fn page(self, select: &str, columns: &[&str], descending: bool, request: &PageRequest) -> (String, Vec<Value>) {
        let Self { from, mut values } = self;
        let (bounds, tail, more) = keyset(columns, descending, request, values.len() + 2);
        values.extend(more);
        (format!("SELECT {select} {from}{bounds}{tail}"), values)
    }
}

/// A page of rows of a list, and where all of them are.
#[derive(Debug, Clone)]
pub struct Listed<R> {
    pub rows: Vec<R>,
    pub source: ListSource,
}

/// The SQL of a keyset: which rows lie in the page's direction, in which order, and how many. `columns` are compared as one row value, so
/// they share a direction; the last one is the id. Parameters are numbered from `next`.
pub fn keyset(columns: &[&str], descending: bool, request: &PageRequest, next: usize) -> (String, String, Vec<Value>) {
    let row = columns.join(", ");
    let mut conditions = String::new();
    let mut values = Vec::new();
    let mut bound = |keys: &Option<Vec<Key>>, operator: &str| {
        let Some(keys) = keys else { return };
        let marks: Vec<String> = keys
            .iter()
            .map(|key| {
                values.push(Value::from(key.clone()));
                format!("${}", next + values.len() - 1)
            })
            .collect();
        conditions.push_str(&format!(" AND ({row}) {operator} ({})", marks.join(", ")));
    };
    bound(&request.after, if descending { "<" } else { ">" });
    bound(&request.before, if descending { ">" } else { "<" });
    let direction = if descending == request.backward { "ASC" } else { "DESC" };
    let order = columns.iter().map(|c| format!("{c} {direction}")).collect::<Vec<_>>().join(", ");
    (conditions, format!(" ORDER BY {order} LIMIT {}", request.limit + 1), values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_opens_only_for_its_own_list_and_order() {
        let signer = CursorSigner::new([7; 32]);
        let keys = vec![Key::Text("00000000-0000-0000-0000-000000000005".to_owned()), Key::Id(Uuid::from_u128(5)), Key::Int(-3)];
        let cursor = signer.sign("products:SKU:ASC", &keys);
        assert_eq!(signer.open("products:SKU:ASC", &cursor), Some(keys));
        assert_eq!(signer.open("products:NAME:ASC", &cursor), None);
        assert_eq!(CursorSigner::new([8; 32]).open("products:SKU:ASC", &cursor), None);
        let mut forged = cursor.clone();
        forged.replace_range(3..4, if &forged[3..4] == "A" { "B" } else { "A" });
        assert_eq!(signer.open("products:SKU:ASC", &forged), None);
    }

    #[test]
    fn a_page_of_the_opposite_order_goes_on_where_the_one_before_ended() {
        let rows = || (1..=5).map(|n| (n, vec![Key::Int(n)])).collect::<Vec<_>>();
        let picked = |request: &PageRequest| request.opposite().pick(rows()).into_iter().map(|(n, _)| n).collect::<Vec<_>>();
        let first = PageRequest { limit: 1, backward: false, after: None, before: None };
        assert_eq!(picked(&first), [5, 4], "one more than its limit");
        assert_eq!(picked(&PageRequest { after: Some(vec![Key::Int(4)]), ..first.clone() }), [3, 2]);
        let last = PageRequest { backward: true, before: Some(vec![Key::Int(2)]), ..first };
        assert_eq!(picked(&last), [3, 4], "from its end, in its direction");
    }
}
