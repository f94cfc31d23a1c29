//! Relay connections: bounded pages, keyset cursors that are signed and bound to their sort.

mod count;

use std::{pin::Pin, sync::Arc};

use async_graphql::SimpleObject;
use platform::{
    paging::{CursorSigner, DEFAULT_PAGE, Key, ListSource, PageRequest},
    storage::TenantScope,
};
use tokio::sync::OnceCell;

use self::count::UNLIMITED_COUNT;
pub use self::count::{COUNTED_BY_DEFAULT, Count, CountPrecision, PendingCount, begin_count, capped_count, checked_limit};
use super::{
    fault::{Answer, TopError},
    scalars::Cursor,
};

/// The arguments of a list as clients give them.
#[derive(Debug, Clone, Default)]
pub struct PageArgs {
    pub first: Option<i32>,
    pub after: Option<Cursor>,
    pub last: Option<i32>,
    pub before: Option<Cursor>,
}

impl PageArgs {
    /// Checks the numbers against `max_limit` and opens the cursors as being of `kind`.
    pub fn check(&self, kind: &str, signer: &CursorSigner, max_limit: u32) -> Result<PageRequest, TopError> {
        let argument = |name: &str| vec![name.to_owned()];
        if self.first.is_some() && self.last.is_some() {
            return Err(TopError::bad_input("give first or last, not both", argument("last")));
        }
        let (name, number) = if self.last.is_some() { ("last", self.last) } else { ("first", self.first) };
        let limit = match number {
            None => DEFAULT_PAGE.min(max_limit),
            Some(n) => u32::try_from(n)
                .ok()
                .filter(|n| (1..=max_limit).contains(n))
                .ok_or_else(|| TopError::bad_input(format!("{name} must lie between 1 and {max_limit}"), argument(name)))?,
        };
        let open = |name: &str, cursor: &Option<Cursor>| match cursor {
            None => Ok(None),
            Some(cursor) => signer
                .open(kind, &cursor.0)
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

/// A page of nodes with their keys, in list order.
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
        let has_more = rows.len() > request.limit as usize;
        rows.truncate(request.limit as usize);
        if request.backward {
            rows.reverse();
        }
        // A cursor's row lies outside the page. Whether the row exists and belongs to this caller is not checked.
        let (has_after, has_before) = (request.after.is_some(), request.before.is_some());
        let (has_next, has_previous) =
            if request.backward { (has_before, has_more || has_after) } else { (has_more || has_before, has_after) };
        let (nodes, keys) = rows.into_iter().unzip();
        Self { nodes, keys, has_next, has_previous, kind: kind.into(), signer: signer.clone() }
    }
    /// From the rows of a page that only goes forward.
    pub fn forward(rows: Vec<(T, Vec<Key>)>, has_next: bool, request: &PageRequest, kind: String, signer: &CursorSigner) -> Self {
        let (nodes, keys) = rows.into_iter().unzip();
        Self { nodes, keys, has_next, has_previous: request.after.is_some(), kind, signer: signer.clone() }
    }
    pub fn cursor(&self, index: usize) -> Option<Cursor> {
        self.keys.get(index).map(|keys| Cursor(self.signer.sign(&self.kind, keys)))
    }
}

/// A page of a list whose nodes can be counted, on all pages together.
pub struct CountedPage<T> {
    pub page: Arc<Page<T>>,
    all: TotalSource,
    is_vague: bool,
    /// The number of nodes that were found when the page was made: a count with a smaller limit needs no query.
    at_least: i64,
}

/// The nodes of all pages of a list.
enum TotalSource {
    /// The rows of one source or of several, as the scope reads them.
    Of(Box<(TenantScope, Vec<ListSource>)>),
    /// This number: the nodes were in memory when the page was made.
    Known(i64),
    /// The result of a count that was begun with the page; if its limit was too small, the nodes are counted again.
    Begun(PendingCount, Box<(TenantScope, ListSource)>),
    /// The result of this function. It is called once, however often the total is selected: it may read as much as the list does.
    By(Box<dyn Fn(usize) -> CountFuture + Send + Sync>, OnceCell<i64>),
}

type CountFuture = Pin<Box<dyn Future<Output = Answer<i64>> + Send>>;

impl<T> Page<T> {
    /// Adds the source of the rows of all pages, as `scope` reads them.
    pub fn with_count_source(self, scope: TenantScope, source: ListSource) -> CountedPage<T> {
        self.count_from_sources(scope, vec![source])
    }

    /// Like `count_from_source`, for a list that is put together from several sources.
    pub fn count_from_sources(self, scope: TenantScope, sources: Vec<ListSource>) -> CountedPage<T> {
        CountedPage { page: Arc::new(self), all: TotalSource::Of(Box::new((scope, sources))), is_vague: false, at_least: 0 }
    }

    /// Adds the source of the rows of all pages, and a count of them that was begun with the page.
    pub fn count_from_source(
        self,
        scope: TenantScope,
        source: ListSource,
        pending_count: Option<PendingCount>,
    ) -> CountedPage<T> {
        let Some(pending_count) = pending_count else { return self.with_count_source(scope, source) };
        let all = TotalSource::Begun(pending_count, Box::new((scope, source)));
        CountedPage { page: Arc::new(self), all, is_vague: false, at_least: 0 }
    }

    /// Adds a function that counts the nodes of all pages up to a number, for lists without a statement.
    pub fn with_count<F, N>(self, count: F) -> CountedPage<T>
    where
        F: Fn(usize) -> N + Send + Sync + 'static,
        N: Future<Output = Answer<i64>> + Send + 'static,
    {
        let count = move |limit: usize| -> CountFuture { Box::pin(count(limit)) };
        CountedPage { page: Arc::new(self), all: TotalSource::By(Box::new(count), OnceCell::new()), is_vague: false, at_least: 0 }
    }

    /// Adds the known number of nodes of all pages.
    pub fn with_total(self, total: usize) -> CountedPage<T> {
        CountedPage {
            page: Arc::new(self),
            all: TotalSource::Known(i64::try_from(total).unwrap_or(i64::MAX)),
            is_vague: false,
            at_least: 0,
        }
    }

    /// Returns a page of a list that is completely in memory, in the order of its keys, with the number of all its nodes.
    pub fn of_all(
        keyed_nodes: Vec<(T, Vec<Key>)>,
        request: &PageRequest,
        kind: impl Into<String>,
        signer: &CursorSigner,
    ) -> CountedPage<T> {
        Self::of_all_sorted((keyed_nodes, false), request, kind, signer)
    }

    /// Like `of_all`, in the order of the keys or, if descending, in the opposite order.
    pub fn of_all_sorted(
        (mut keyed_nodes, descending): (Vec<(T, Vec<Key>)>, bool),
        request: &PageRequest,
        kind: impl Into<String>,
        signer: &CursorSigner,
    ) -> CountedPage<T> {
        keyed_nodes.sort_by(|(_, left), (_, right)| left.cmp(right));
        let total = keyed_nodes.len();
        let ascending_request = if descending {
            request.reversed().restrict_cursors_to(&keyed_nodes)
        } else {
            request.restrict_cursors_to(&keyed_nodes)
        };
        let page_rows = ascending_request.pick(keyed_nodes);
        let request = if descending { ascending_request.reversed() } else { ascending_request };
        Self::build(page_rows, &request, kind, signer).with_total(total)
    }

    /// Returns the number of nodes of the list if this page is all of it.
    pub fn total_if_complete(&self) -> Option<i64> {
        let is_whole = !self.has_next && !self.has_previous;
        is_whole.then(|| i64::try_from(self.nodes.len()).unwrap_or(i64::MAX))
    }
}

impl<T> CountedPage<T> {
    /// Marks the list as one that may have more nodes than are found: no count of it is exact.
    #[must_use]
    pub fn with_inexact_count(self, is_vague: bool) -> Self {
        Self { is_vague, ..self }
    }

    /// Sets the least number of nodes that the list has.
    #[must_use]
    pub fn with_min_count(self, number: usize) -> Self {
        Self { at_least: i64::try_from(number).unwrap_or(i64::MAX), ..self }
    }

    /// Returns the number of nodes of all pages together, counted up to `limit`. A page that is the whole list is not counted again.
    pub async fn total(&self, limit: i32) -> Answer<Count> {
        let limit = checked_limit(limit)?;
        let number = match (self.page.total_if_complete(), &self.all) {
            (Some(number), _) => number,
            (None, TotalSource::Known(number)) => *number,
            (None, _) if self.at_least > limit => self.at_least,
            (None, TotalSource::Of(scope_and_sources)) => {
                let (scope, sources) = &**scope_and_sources;
                let mut number = 0;
                for source in sources {
                    if number <= limit {
                        number += source.count(scope, limit - number).await?;
                    }
                }
                number
            }
            (None, TotalSource::Begun(pending_count, scope_and_sources)) => {
                let number = pending_count.clone().await?;
                // A count that did not reach its limit covers all nodes.
                if number <= i64::from(COUNTED_BY_DEFAULT) || number > limit {
                    number
                } else {
                    scope_and_sources.1.count(&scope_and_sources.0, limit).await?
                }
            }
            (None, TotalSource::By(count, number)) => *number.get_or_try_init(|| count(UNLIMITED_COUNT)).await?,
        };
        let mut count = capped_count(number, limit);
        if self.is_vague {
            count.precision = CountPrecision::AtLeast;
        }
        Ok(count)
    }
}

/// Position of a page in its list.
#[derive(Debug, Clone, SimpleObject)]
pub struct PageInfo {
    /// True if there are nodes after this page. With `before` it may be true though that cursor's node is gone or hidden from you.
    pub has_next_page: bool,
    /// True if there are nodes before this page. With `after` it may be true though that cursor's node is gone or hidden from you.
    pub has_previous_page: bool,
    /// The first node's cursor. Null for a page without nodes, except of `Query.events` with `last`, which says before which event to go on.
    pub start_cursor: Option<Cursor>,
    /// The last node's cursor. Null for a page without nodes, except of `Query.events`, which always says from which event to go on.
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

/// Declares a connection, whose nodes can be counted, and its edge for a node type; `@edge`, an edge alone.
#[macro_export]
macro_rules! connection {
    (counted $connection:ident, $edge:ident, $node:ty, $what:literal) => {
        #[doc = concat!("A page of ", $what, ".")]
        pub struct $connection(pub $crate::connection::CountedPage<$node>);

        #[doc = concat!("A page of ", $what, ".")]
        #[::macros::resolvers(connection(0, $edge, $node))]
        impl $connection {}
        $crate::connection!(@edge $edge, $node, $what);
        impl From<$crate::connection::CountedPage<$node>> for $connection {
            fn from(page: $crate::connection::CountedPage<$node>) -> Self {
                Self(page)
            }
        }
    };
    (@edge $edge:ident, $node:ty, $what:literal) => {
        #[doc = concat!("Edge of a page of ", $what, ": the node and its cursor.")]
        pub struct $edge(std::sync::Arc<$crate::connection::Page<$node>>, usize);

        #[doc = concat!("Edge of a page of ", $what, ": the node and its cursor.")]
        #[async_graphql::Object]
        impl $edge {
            /// The node.
            async fn node(&self) -> &$node {
                &self.0.nodes[self.1]
            }
            /// Cursor of the edge, for `after` or `before` of the same list.
            async fn cursor(&self) -> $crate::scalars::Cursor {
                $crate::scalars::Cursor(self.0.signer.sign(&self.0.kind, &self.0.keys[self.1]))
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_list_in_memory_is_paged_both_ways_by_its_keys() {
        let signer = CursorSigner::new([7; 32]);
        let all = || [3, 1, 2].map(|n| (n, vec![Key::Int(n)])).to_vec();
        let nodes = |backward, after: Option<i64>| {
            let request = PageRequest { limit: 2, backward, after: after.map(|n| vec![Key::Int(n)]), before: None };
            let counted = Page::of_all(all(), &request, "k", &signer);
            (counted.page.nodes.clone(), counted.page.has_next, matches!(counted.all, TotalSource::Known(3)))
        };
        assert_eq!(nodes(false, None), (vec![1, 2], true, true));
        assert_eq!(nodes(false, Some(2)), (vec![3], false, true));
        assert_eq!(nodes(true, None), (vec![2, 3], false, true));
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
