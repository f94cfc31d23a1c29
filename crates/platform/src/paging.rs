//! Keyset pages: checked requests, the SQL of a page, cursors that are signed and bound to their list and its order.

use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use entity::prelude::Id;
use hmac::{Hmac, KeyInit, Mac};
use sea_orm::Value;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use uuid::Uuid;

use crate::storage::{Fault, Reads, Row};

/// Value that a list is sorted by. Cursors contain the variant: a SKU that looks like a number or a
/// UUID is still a text.
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

/// Signs cursors. Every node of a deployment has the same key.
#[derive(Clone)]
pub struct CursorSigner {
    secret: Arc<[u8; 32]>,
    is_sealing: bool,
}

/// First byte of a cursor whose keys anyone can read.
const PLAIN: u8 = 1;
/// First byte of a cursor whose keys are encrypted.
const SEALED: u8 = 2;
const MAC_BYTES: usize = 12;
/// Label with which the secret of sealed cursors is derived. No MAC is of this text: each has a NUL
/// byte behind its kind.
const SEAL: &[u8] = b"entrepot cursor seal 1";

impl CursorSigner {
    pub fn new(key: [u8; 32]) -> Self {
        Self { secret: Arc::new(key), is_sealing: false }
    }
    /// Returns a signer with the same key that encrypts the keys in its cursors: for lists whose
    /// order or rows reveal data that some callers may not see. Either signer opens both kinds of
    /// cursors.
    #[must_use]
    pub fn sealing(&self) -> Self {
        Self { is_sealing: true, ..self.clone() }
    }
    /// Signs a cursor. `kind` names the list, its sort and everything else for which the cursor is
    /// valid; a cursor of another kind is refused.
    pub fn sign(&self, kind: &str, keys: &[Key]) -> String {
        let mut bytes = vec![PLAIN];
        // Keys are numbers, ids and texts: they always have a JSON form.
        let _ = serde_json::to_writer(&mut bytes, keys);
        if self.is_sealing {
            bytes = self.seal_keys(kind, bytes);
        } else {
            let mac = self.mac(kind, &bytes);
            bytes.extend_from_slice(&mac);
        }
        URL_SAFE_NO_PAD.encode(bytes)
    }
    /// Returns the keys of a cursor that this deployment signed for `kind`; None for any other
    /// text.
    pub fn open(&self, kind: &str, cursor: &str) -> Option<Vec<Key>> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        if let Some(seal_keys) = bytes.strip_prefix(&[SEALED]) {
            let mut keys = seal_keys.to_vec();
            let keys = self.cipher().open_in_place(no_nonce(), Aad::from(kind), &mut keys).ok()?;
            return serde_json::from_slice(keys).ok();
        }
        let split = bytes.len().checked_sub(MAC_BYTES)?;
        let (body, mac) = bytes.split_at(split);
        let mut expected = self.hmac(kind);
        expected.update(body);
        expected.verify_truncated_left(mac).ok()?;
        (*body.first()? == PLAIN).then_some(())?;
        serde_json::from_slice(&body[1..]).ok()
    }
    /// Encrypts the keys behind the first byte with AES-256-GCM-SIV (RFC 8452), which needs no
    /// nonce if equal keys may have equal cursors.
    fn seal_keys(&self, kind: &str, mut bytes: Vec<u8>) -> Vec<u8> {
        bytes[0] = SEALED;
        #[expect(clippy::expect_used, reason = "keys of a row are far below the 64 GiB that one sealing takes")]
        let tag = self.cipher().seal_in_place_separate_tag(no_nonce(), Aad::from(kind), &mut bytes[1..]).expect("short");
        bytes.extend_from_slice(tag.as_ref());
        bytes
    }
    fn cipher(&self) -> LessSafeKey {
        let mut secret = new_hmac(&self.secret);
        secret.update(SEAL);
        #[expect(clippy::expect_used, reason = "HMAC-SHA-256 gives the 32 bytes that the cipher takes")]
        let key = UnboundKey::new(&AES_256_GCM_SIV, &secret.finalize().into_bytes()).expect("32 bytes");
        LessSafeKey::new(key)
    }
    fn hmac(&self, kind: &str) -> Hmac<Sha256> {
        let mut mac = new_hmac(&self.secret);
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

#[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
fn new_hmac(secret: &[u8; 32]) -> Hmac<Sha256> {
    <Hmac<Sha256> as KeyInit>::new_from_slice(secret).expect("any length")
}

fn no_nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; NONCE_LEN])
}

pub const DEFAULT_PAGE: u32 = 50;

/// A checked request for a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    pub limit: u32,
    /// True to read from the end, for `last`.
    pub backward: bool,
    pub after: Option<Vec<Key>>,
    pub before: Option<Vec<Key>>,
}

impl PageRequest {
    /// Returns the request for the same rows in the opposite order.
    #[must_use]
    pub fn reversed(&self) -> Self {
        Self { limit: self.limit, backward: !self.backward, after: self.before.clone(), before: self.after.clone() }
    }

    /// Returns the request for a list whose rows are all in memory, sorted by their keys. Cursors
    /// that no row is at or beyond are removed: a page infers from its request's cursors whether
    /// there are rows on either side.
    #[must_use]
    pub fn restrict_cursors_to<T>(&self, rows: &[(T, Vec<Key>)]) -> Self {
        let keys = || rows.iter().map(|(_, keys)| keys);
        let after = self.after.clone().filter(|after| keys().any(|keys| keys <= after));
        let before = self.before.clone().filter(|before| keys().any(|keys| keys >= before));
        Self { limit: self.limit, backward: self.backward, after, before }
    }

    /// Returns the page's rows from rows in memory that are in the order of their keys: in the
    /// page's direction, one more than its limit if there are more.
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

/// Source of a list's rows: `FROM … WHERE …`, and its values from `$2` on; `$1` is the tenant.
#[derive(Debug, Clone, PartialEq)]
pub struct ListSource {
    pub from: String,
    pub values: Vec<Value>,
}

impl ListSource {
    /// Returns the number of rows, counted up to one more than `limit`.
    pub async fn count(&self, reads: &impl Reads, limit: i64) -> Result<i64, Fault> {
        let mut values = self.values.clone();
        values.push(limit.saturating_add(1).into());
        let sql = format!("SELECT count(*) FROM (SELECT 1 {} LIMIT ${}) AS few", self.from, values.len() + 1);
        let rows = reads.rows(&sql, values).await?;
        rows.first().map_or(Ok(0), Row::scalar)
    }

    /// Returns the statement of a page with these columns, bounded and sorted by `keyset`, and all
    /// its values.
    pub fn page(self, select: &str, columns: &[&str], descending: bool, request: &PageRequest) -> (String, Vec<Value>) {
        let Self { from, mut values } = self;
        let (bounds, tail, keyset_values) = keyset(columns, descending, request, values.len() + 2);
        values.extend(keyset_values);
        (format!("SELECT {select} {from}{bounds}{tail}"), values)
    }
}

/// Sort key of a list: an enum of the list's own.
pub trait SortBy: Copy + PartialEq {
    /// A row of the list.
    type Row: ?Sized;
    /// Default order.
    const DEFAULT: Sorted<Self>;
    /// Whether cursors of that order name the list alone: those of before there were sorts.
    const IS_DEFAULT_PLAIN: bool = false;

    /// Returns the field's word in cursors, which never changes, and the columns of the statement,
    /// which are compared as one row value: the last of them break ties.
    fn word_and_columns(self) -> (&'static str, &'static [&'static str]);
    /// Returns the position of a row in its list: the values of the columns.
    fn keys(self, row: &Self::Row) -> Vec<Key>;
}

/// A sort of a list and its direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sorted<By> {
    pub by: By,
    pub descending: bool,
}

impl<By: SortBy> Sorted<By> {
    /// Returns the kind of cursors of `list` with this sort: a cursor of another sort does not
    /// open.
    pub fn kind(self, list: &str) -> String {
        if By::IS_DEFAULT_PLAIN && self == By::DEFAULT {
            return list.to_owned();
        }
        let (word, _) = self.by.word_and_columns();
        format!("{list}:{word}:{}", if self.descending { "DESC" } else { "ASC" })
    }

    pub fn columns(self) -> &'static [&'static str] {
        self.by.word_and_columns().1
    }

    /// Returns the position of a row in its list.
    pub fn keys(self, row: &By::Row) -> Vec<Key> {
        self.by.keys(row)
    }

    /// Returns the statement of a page in this order, and its values.
    pub fn page(self, source: ListSource, select: &str, request: &PageRequest) -> (String, Vec<Value>) {
        source.page(select, self.columns(), self.descending, request)
    }
}

impl<By: SortBy> Default for Sorted<By> {
    fn default() -> Self {
        By::DEFAULT
    }
}

/// A page of a list's rows, and the source of all rows.
#[derive(Debug, Clone)]
pub struct ListPage<R> {
    pub rows: Vec<R>,
    pub source: ListSource,
}

/// Returns the SQL of a keyset: the condition, the order and the number of rows. `columns` are
/// compared as one row value, so they share a direction; the last one is the ID. Parameters are
/// numbered from `next`.
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

    #[derive(Clone, Copy, PartialEq)]
    enum NoteSort {
        CreatedAt,
        Title,
    }
    impl SortBy for NoteSort {
        type Row = (i64, &'static str);
        const DEFAULT: Sorted<Self> = Sorted { by: Self::CreatedAt, descending: true };
        const IS_DEFAULT_PLAIN: bool = true;

        fn word_and_columns(self) -> (&'static str, &'static [&'static str]) {
            match self {
                Self::CreatedAt => ("CREATED_AT", &["n.created_at"]),
                Self::Title => ("TITLE", &["n.title", "n.created_at"]),
            }
        }
        fn keys(self, (at, title): &Self::Row) -> Vec<Key> {
            match self {
                Self::CreatedAt => vec![Key::Int(*at)],
                Self::Title => vec![Key::Text((*title).to_owned()), Key::Int(*at)],
            }
        }
    }

    #[test]
    fn cursors_name_a_sort_and_its_direction_or_the_list_alone() {
        let kinds = |by: NoteSort| [true, false].map(|descending| Sorted { by, descending }.kind("notes"));
        assert_eq!(kinds(NoteSort::CreatedAt), ["notes", "notes:CREATED_AT:ASC"], "the default is plain");
        assert_eq!(kinds(NoteSort::Title), ["notes:TITLE:DESC", "notes:TITLE:ASC"]);
    }

    #[test]
    fn a_sealed_cursor_shows_no_key_and_opens_as_any_other() {
        let plain = CursorSigner::new([7; 32]);
        let sealing = plain.sealing();
        let keys = vec![Key::Int(-24_000), Key::Id(Uuid::from_u128(5)), Key::Text("a text behind the first block".to_owned())];
        let cursors = [plain.sign("deadStock", &keys), sealing.sign("deadStock", &keys)];
        let [shown, hidden] =
            cursors.each_ref().map(|cursor| String::from_utf8_lossy(&URL_SAFE_NO_PAD.decode(cursor).unwrap()).into_owned());
        for part in ["24000", "00000000-0000-0000-0000-000000000005", "behind the first"] {
            assert!(shown.contains(part) && !hidden.contains(part), "{part}");
        }
        for cursor in &cursors {
            assert_eq!(
                [plain.open("deadStock", cursor), sealing.open("deadStock", cursor)],
                [Some(keys.clone()), Some(keys.clone())]
            );
            assert_eq!(sealing.open("customerScores", cursor), None);
            assert_eq!(CursorSigner::new([8; 32]).open("deadStock", cursor), None);
            let mut forged = URL_SAFE_NO_PAD.decode(cursor).unwrap();
            for place in 0..forged.len() {
                forged[place] ^= 1;
                assert_eq!(plain.open("deadStock", &URL_SAFE_NO_PAD.encode(&forged)), None, "byte {place}");
                forged[place] ^= 1;
            }
        }
        assert_eq!(plain.open("deadStock", ""), None);
    }

    #[test]
    fn a_page_of_the_opposite_order_goes_on_where_the_one_before_ended() {
        let rows = || (1..=5).map(|n| (n, vec![Key::Int(n)])).collect::<Vec<_>>();
        let picked = |request: &PageRequest| request.reversed().pick(rows()).into_iter().map(|(n, _)| n).collect::<Vec<_>>();
        let first = PageRequest { limit: 1, backward: false, after: None, before: None };
        assert_eq!(picked(&first), [5, 4], "one more than its limit");
        assert_eq!(picked(&PageRequest { after: Some(vec![Key::Int(4)]), ..first.clone() }), [3, 2]);
        let last = PageRequest { backward: true, before: Some(vec![Key::Int(2)]), ..first };
        assert_eq!(picked(&last), [3, 4], "from its end, in its direction");
    }

    #[test]
    fn a_cursor_counts_where_a_row_is_at_it_or_beyond() {
        let rows = [2, 4].map(|n| (n, vec![Key::Int(n)]));
        let cursor = |n: i64| Some(vec![Key::Int(n)]);
        for (after, before, is_after, is_before) in [(1, 5, false, false), (2, 4, true, true), (3, 3, true, true)] {
            let asked = PageRequest { limit: 1, backward: true, after: cursor(after), before: cursor(before) };
            let restricted = asked.restrict_cursors_to(&rows);
            assert_eq!((restricted.after.is_some(), restricted.before.is_some()), (is_after, is_before), "{after} and {before}");
            assert_eq!(restricted.pick(rows.to_vec()), asked.pick(rows.to_vec()), "the rows of the page are the same");
        }
    }
}
