//! How far a job has come that works off what is due page by page.

use std::sync::{Mutex, PoisonError};

use platform::storage::Fault;

use super::{due::PAGE, jobs::MOST_PAGES};

/// Where a job goes on. A run that ends at its last page leaves the next one what is behind it; one that came to the end lets it begin anew. So all
/// rows are reached, however many before them cannot be done. The worker that holds the job keeps it: another one begins at the beginning.
#[derive(Debug)]
pub struct Walk<K> {
    pages: usize,
    rows: usize,
    after: Mutex<Option<K>>,
}

impl<K: Copy> Walk<K> {
    /// So many pages a run at most, of so many rows.
    pub const fn of(pages: usize, rows: usize) -> Self {
        Self { pages, rows, after: Mutex::new(None) }
    }
    /// Does the work of a run and says how much that was, as `work` says it of each page. `read` reads the rows behind the last one that was seen, so
    /// many at most, and `key` is where a row stands among all.
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
        let mut done = 0;
        for _ in 0..self.pages {
            let page = read(self.after(), self.rows).await?;
            let (last, rows) = (page.last().map(&key), page.len());
            done += work(page).await?;
            if !self.has_more(last, rows) {
                break;
            }
        }
        Ok(done)
    }
    /// The last row that was seen; None at the beginning.
    fn after(&self) -> Option<K> {
        *self.after.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// Notes the last row of a page, and says whether another page may follow.
    fn has_more(&self, last: Option<K>, rows: usize) -> bool {
        let last = last.filter(|_| rows >= self.rows);
        *self.after.lock().unwrap_or_else(PoisonError::into_inner) = last;
        last.is_some()
    }
}

impl<K: Copy> Default for Walk<K> {
    fn default() -> Self {
        Self::of(MOST_PAGES, PAGE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_goes_on_where_the_last_one_ended_and_begins_anew_after_the_end() {
        let walk = Walk::of(1, 2);
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
