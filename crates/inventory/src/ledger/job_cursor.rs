//! Position of a job that works through due rows page by page.

use std::sync::{Mutex, PoisonError};

use platform::storage::Fault;

use super::due::PAGE;

/// Maximum pages of a run, unless a job sets its own.
const MAX_PAGES: usize = 20;

/// Position of a job among its rows. A run that ends at its last page leaves the remaining rows to
/// the next; after a run that reached the end, the next one starts at the beginning. So all rows
/// are reached, however many before them fail. The position is kept in the worker's memory: another
/// worker starts at the beginning.
#[derive(Debug)]
pub struct JobCursor<K> {
    pages: usize,
    rows: usize,
    after: Mutex<Option<K>>,
}

impl<K: Copy> JobCursor<K> {
    /// Creates a cursor of at most `pages` pages a run, of `rows` rows each.
    pub const fn of(pages: usize, rows: usize) -> Self {
        Self { pages, rows, after: Mutex::new(None) }
    }
    /// Performs a run, and returns the sum of the numbers that `work` returns for its pages. `read`
    /// reads the rows after the last one that was seen, up to a maximum, and `key` is a row's
    /// position among all.
    pub(crate) async fn run<R, P, W>(
        &self,
        read: impl Fn(Option<K>, usize) -> P,
        key: impl Fn(&R) -> K,
        work: impl Fn(Vec<R>) -> W,
    ) -> Result<usize, Fault>
    where
        P: Future<Output = Result<Vec<R>, Fault>>,
        W: Future<Output = Result<usize, Fault>>,
    {
        let mut completed_count = 0;
        for _ in 0..self.pages {
            let page = read(self.after(), self.rows).await?;
            let (last, rows) = (page.last().map(&key), page.len());
            completed_count += work(page).await?;
            if !self.has_more(last, rows) {
                break;
            }
        }
        Ok(completed_count)
    }
    /// Returns the last row that was seen; None at the beginning.
    fn after(&self) -> Option<K> {
        *self.after.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// Stores the last row of a page; true if another page may follow.
    fn has_more(&self, last: Option<K>, rows: usize) -> bool {
        let last = last.filter(|_| rows >= self.rows);
        *self.after.lock().unwrap_or_else(PoisonError::into_inner) = last;
        last.is_some()
    }
}

impl<K: Copy> Default for JobCursor<K> {
    fn default() -> Self {
        Self::of(MAX_PAGES, PAGE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_goes_on_where_the_last_one_ended_and_begins_anew_after_the_end() {
        let walk = JobCursor::of(1, 2);
        assert_eq!(walk.after(), None);
        assert!(walk.has_more(Some(7), 2));
        assert_eq!(walk.after(), Some(7), "the page was full");
        assert!(!walk.has_more(Some(8), 1));
        assert_eq!(walk.after(), None, "nothing was behind it");
        walk.has_more(Some(7), 2);
        assert!(!walk.has_more(None, 0));
        assert_eq!(walk.after(), None);
    }
}
