//! Relay connections: bounded pages, keyset cursors that are signed and bound to their sort.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use entity::prelude::Id;
use hmac::{Hmac, KeyInit, Mac};
use sea_orm::Value;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use uuid::Uuid;

use super::{fault::TopError, scalars::Cursor};

/// A value that a list is sorted by. Cursors name the variant: a SKU that looks like a number or a UUID is still a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    pub fn sign(&self, kind: &str, keys: &[Key]) -> Cursor {
        let mut bytes = vec![VERSION];
        // Keys are numbers, ids and texts: they always have a JSON form.
        let _ = serde_json::to_writer(&mut bytes, keys);
        let mac = self.mac(kind, &bytes);
        bytes.extend_from_slice(&mac);
        Cursor(URL_SAFE_NO_PAD.encode(bytes))
    }
    /// The keys of a cursor that this deployment signed for `kind`.
    pub fn open(&self, kind: &str, cursor: &Cursor) -> Option<Vec<Key>> {
        let bytes = URL_SAFE_NO_PAD.decode(&cursor.0).ok()?;
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

/// The arguments of a list as clients give them.
#[derive(Debug, Clone, Default)]
pub struct PageArgs {
    pub first: Option<i32>,
    pub after: Option<Cursor>,
    pub last: Option<i32>,
    pub before: Option<Cursor>,
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

impl PageArgs {
    /// Checks the numbers against `most` and opens the cursors as being of `kind`.
    pub fn check(&self, kind: &str, signer: &CursorSigner, most: u32) -> Result<PageRequest, TopError> {
        let argument = |name: &str| vec![name.to_owned()];
        if self.first.is_some() && self.last.is_some() {
            return Err(TopError::bad_input("give first or last, not both", argument("last")));
        }
        let (name, number) = if self.last.is_some() { ("last", self.last) } else { ("first", self.first) };
        let limit = match number {
            None => DEFAULT_PAGE.min(most),
            Some(n) => u32::try_from(n)
                .ok()
                .filter(|n| (1..=most).contains(n))
                .ok_or_else(|| TopError::bad_input(format!("{name} must lie between 1 and {most}"), argument(name)))?,
        };
        let open = |name: &str, cursor: &Option<Cursor>| match cursor {
            None => Ok(None),
            Some(cursor) => signer
                .open(kind, cursor)
                .map(Some)
                .ok_or_else(|| TopError::bad_input("this cursor is not one of this list in this order", argument(name))),
        };
        Ok(PageRequest {
            limit,
            backward: self.last.is_some(),
            after: open("after", &self.after)?,
            before: open("before", &self.before)?,
        })
    }
}

/// A page of nodes with the keys of each, in list order.
pub struct Page<T> {
    pub nodes: Vec<T>,
    pub keys: Vec<Vec<Key>>,
    pub has_next: bool,
    pub has_previous: bool,
    pub kind: String,
    pub signer: CursorSigner,
}

impl<T> Page<T> {
    /// From rows read in the direction of the request, one more than its limit if there were more.
    pub fn build(mut rows: Vec<(T, Vec<Key>)>, request: &PageRequest, kind: impl Into<String>, signer: &CursorSigner) -> Self {
        let more = rows.len() > request.limit as usize;
        rows.truncate(request.limit as usize);
        if request.backward {
            rows.reverse();
        }
        // What a cursor stands for lies beyond the page itself.
        let (after, before) = (request.after.is_some(), request.before.is_some());
        let (has_next, has_previous) = if request.backward { (before, more || after) } else { (more || before, after) };
        let (nodes, keys) = rows.into_iter().unzip();
        Self { nodes, keys, has_next, has_previous, kind: kind.into(), signer: signer.clone() }
    }
    pub fn cursor(&self, index: usize) -> Option<Cursor> {
        self.keys.get(index).map(|keys| self.signer.sign(&self.kind, keys))
    }
}

/// Where a page stands in its list.
#[derive(Debug, Clone, async_graphql::SimpleObject)]
pub struct PageInfo {
    /// Whether there are nodes after this page.
    pub has_next_page: bool,
    /// Whether there are nodes before this page.
    pub has_previous_page: bool,
    /// The first node's cursor.
    pub start_cursor: Option<Cursor>,
    /// The last node's cursor.
    pub end_cursor: Option<Cursor>,
}

impl<T> Page<T> {
    pub fn info(&self) -> PageInfo {
        PageInfo {
            has_next_page: self.has_next,
            has_previous_page: self.has_previous,
            start_cursor: self.cursor(0),
            end_cursor: self.nodes.len().checked_sub(1).and_then(|last| self.cursor(last)),
        }
    }
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

/// Declares a connection and its edge for a node type. The connection also takes fields of its own.
#[macro_export]
macro_rules! connection {
    ($connection:ident, $edge:ident, $node:ty, $what:literal) => {
        #[doc = concat!("A page of ", $what, ".")]
        pub struct $connection(pub std::sync::Arc<$crate::graphql::connection::Page<$node>>);

        #[doc = concat!("A page of ", $what, ".")]
        #[async_graphql::Object]
        impl $connection {
            /// The nodes with their cursors.
            async fn edges(&self) -> Vec<$edge> {
                (0..self.0.nodes.len()).map(|index| $edge(self.0.clone(), index)).collect()
            }
            /// The nodes alone.
            async fn nodes(&self) -> &[$node] {
                &self.0.nodes
            }
            /// Where the page stands in the list.
            async fn page_info(&self) -> $crate::graphql::connection::PageInfo {
                self.0.info()
            }
        }
        $crate::connection!(@edge $edge, $node, $what);
        impl From<$crate::graphql::connection::Page<$node>> for $connection {
            fn from(page: $crate::graphql::connection::Page<$node>) -> Self {
                Self(std::sync::Arc::new(page))
            }
        }
    };
    (@edge $edge:ident, $node:ty, $what:literal) => {
        #[doc = concat!("One of ", $what, " with its cursor.")]
        pub struct $edge(std::sync::Arc<$crate::graphql::connection::Page<$node>>, usize);

        #[doc = concat!("One of ", $what, " with its cursor.")]
        #[async_graphql::Object]
        impl $edge {
            /// The node.
            async fn node(&self) -> &$node {
                &self.0.nodes[self.1]
            }
            /// Its position: hand it to `after` or `before` of the same list.
            async fn cursor(&self) -> $crate::graphql::scalars::Cursor {
                self.0.signer.sign(&self.0.kind, &self.0.keys[self.1])
            }
        }
    };
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
        let mut forged = cursor.0.clone();
        forged.replace_range(3..4, if &forged[3..4] == "A" { "B" } else { "A" });
        assert_eq!(signer.open("products:SKU:ASC", &Cursor(forged)), None);
    }

    #[test]
    fn a_page_knows_what_lies_around_it() {
        let signer = CursorSigner::new([7; 32]);
        let rows = |n: i64| (0..n).map(|i| (i, vec![Key::Int(i)])).collect::<Vec<_>>();
        let ask = |backward| PageRequest { limit: 2, backward, after: None, before: None };
        let page = Page::build(rows(3), &ask(false), "k", &signer);
        assert_eq!((page.nodes.as_slice(), page.has_next, page.has_previous), ([0, 1].as_slice(), true, false));
        let page = Page::build(rows(3), &ask(true), "k", &signer);
        assert_eq!((page.nodes.as_slice(), page.has_next, page.has_previous), ([1, 0].as_slice(), false, true));
    }

    #[test]
    fn page_sizes_have_limits() {
        let signer = CursorSigner::new([7; 32]);
        for (first, good) in [(0, false), (1, true), (250, true), (251, false), (-1, false), (i32::MAX, false)] {
            let args = PageArgs { first: Some(first), ..PageArgs::default() };
            assert_eq!(args.check("k", &signer, 250).is_ok(), good, "{first}");
        }
    }
}
