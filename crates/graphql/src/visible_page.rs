//! Pages without the rows that are hidden or gone.

use crate::connection::Page;

impl<T> Page<T> {
    /// Returns the page without the rows whose object is gone or hidden from the caller. The page
    /// was cut before, so its flags for further pages count all rows that were read.
    #[must_use]
    pub fn filter_visible<U>(self, mut convert: impl FnMut(T) -> Option<U>) -> Page<U> {
        let Self { nodes, keys, has_next, has_previous, kind, signer } = self;
        let visible = nodes.into_iter().zip(keys).filter_map(|(node, keys)| Some((convert(node)?, keys)));
        let (nodes, keys) = visible.unzip();
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
            let page = Page::build(rows, &request, "k", &signer).filter_visible(|n| (n != 1).then(|| n * 10));
            (page.nodes, page.keys, page.has_next, page.has_previous)
        };
        let keys = |all: [i64; 2]| all.map(|n| vec![Key::Int(n)]).to_vec();
        assert_eq!(page(4, false), (vec![0, 20], keys([0, 2]), true, false), "the fourth row is read");
        assert_eq!(page(3, false), (vec![0, 20], keys([0, 2]), false, false));
        assert_eq!(page(4, true), (vec![20, 0], keys([2, 0]), false, true));
    }

    #[test]
    fn a_list_in_memory_looks_whether_there_are_rows_behind_its_cursors() {
        let signer = CursorSigner::new([7; 32]);
        let page = |descending: bool, (backward, after, before): (bool, Option<i64>, Option<i64>)| {
            let cursor = |n: Option<i64>| n.map(|n| vec![Key::Int(n)]);
            let request = PageRequest { limit: 1, backward, after: cursor(after), before: cursor(before) };
            let all = [1, 2].map(|n| (n, vec![Key::Int(n)])).to_vec();
            let page = Page::of_all_sorted((all, descending), &request, "k", &signer).page;
            (page.nodes.clone(), page.has_previous, page.has_next)
        };
        let gone = "the row of the cursor is gone or another caller's, and it was the last one";
        assert_eq!(page(false, (true, None, Some(3))), (vec![2], true, false), "{gone}");
        assert_eq!(page(true, (true, None, Some(0))), (vec![1], true, false), "{gone}");
        assert_eq!(page(false, (false, Some(0), None)), (vec![1], false, true), "no row is before it");
        assert_eq!(page(true, (false, Some(3), None)), (vec![2], false, true), "no row is before it");
        assert_eq!(page(false, (true, None, Some(2))), (vec![1], false, true), "the row of the cursor follows");
        assert_eq!(page(false, (false, Some(1), None)), (vec![2], true, false), "the row of the cursor is before the page");
        assert_eq!(page(true, (true, None, Some(1))), (vec![2], false, true));
    }
}
