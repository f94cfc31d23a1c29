//! Pages without the rows that nothing is shown of.

use crate::connection::Page;

impl<T> Page<T> {
    /// The page without the rows that nothing is shown of, as their object is gone or hidden from the caller. The page was cut before, so that
    /// it says by all rows that were read whether there are more.
    #[must_use]
    pub fn shown<U>(self, mut show: impl FnMut(T) -> Option<U>) -> Page<U> {
        let Self { nodes, keys, has_next, has_previous, kind, signer } = self;
        let shown = nodes.into_iter().zip(keys).filter_map(|(node, keys)| Some((show(node)?, keys)));
        let (nodes, keys) = shown.unzip();
        Page { nodes, keys, has_next, has_previous, kind, signer }
    }
}

#[cfg(test)]
mod tests {
    use platform::paging::{CursorSigner, Key, PageRequest};

    use super::*;

    #[test]
    fn a_page_with_rows_that_are_not_shown_still_says_whether_there_are_more() {
        let signer = CursorSigner::new([7; 32]);
        let page = |read: i64, backward: bool| {
            let rows = (0..read).map(|n| (n, vec![Key::Int(n)])).collect();
            let request = PageRequest { limit: 3, backward, after: None, before: None };
            let page = Page::build(rows, &request, "k", &signer).shown(|n| (n != 1).then(|| n * 10));
            (page.nodes, page.keys, page.has_next, page.has_previous)
        };
        let keys = |all: [i64; 2]| all.map(|n| vec![Key::Int(n)]).to_vec();
        assert_eq!(page(4, false), (vec![0, 20], keys([0, 2]), true, false), "the fourth row is read");
        assert_eq!(page(3, false), (vec![0, 20], keys([0, 2]), false, false));
        assert_eq!(page(4, true), (vec![20, 0], keys([2, 0]), false, true));
    }
}
