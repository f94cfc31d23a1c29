//! Cache of the days that the last counted page changed. A busy tenant's next page changes many of
//! them again, and need not read them.

use std::collections::HashMap;

use entity::prelude::*;
use platform::storage::RowSum;

use crate::demand::{
    core::DayKey,
    rows::{Book, Day},
};

/// Days that are remembered of all tenants together, at most: some 6 MB.
const MAX: usize = 14_000;

/// A day's row, and its part of the sum of its book.
#[derive(Debug, Clone)]
pub(super) struct CachedDay {
    pub row: Day,
    pub sum: RowSum,
}

impl CachedDay {
    pub fn of(row: Day) -> Self {
        let sum = RowSum::of(row.tenant_id, row.summed());
        Self { row, sum }
    }
}

/// Days that need not be read again while a page is counted.
#[derive(Debug, Default)]
pub(super) struct DayCache {
    /// In boxes: most of the places of a large map are empty.
    days: HashMap<DayKey, Box<CachedDay>>,
    is_forgetful: bool,
}

impl DayCache {
    /// An empty cache that remembers no counted days: for callers without a next page, or whose
    /// next page has other days.
    pub fn empty() -> Self {
        Self { is_forgetful: true, ..Self::default() }
    }
    pub fn row(&self, key: &DayKey) -> Option<&Day> {
        self.days.get(key).map(|day| &day.row)
    }
    /// The day, which is known no more.
    pub fn take(&mut self, key: &DayKey) -> Option<CachedDay> {
        self.days.remove(key).map(|day| *day)
    }
    pub fn insert_day(&mut self, key: DayKey, day: CachedDay) {
        if !self.is_forgetful {
            self.days.insert(key, Box::new(day));
        }
    }
    /// Forgets days that no event after this one has changed.
    fn evict_older(&mut self, after: i64) {
        self.days.retain(|_, day| day.row.revised_seq > after);
        self.days.shrink_to_fit();
    }
    /// Removes older days if there are more than `max_days`, and then all days if there are still more.
    fn evict_excess(&mut self, after: i64, max_days: usize) {
        if self.days.len() > max_days {
            self.evict_older(after);
        }
        if self.days.len() > max_days {
            self.days = HashMap::new();
        }
    }
}

/// A tenant's book as this process committed it last, with cached days.
struct CachedBook {
    book: Book,
    days: DayCache,
    /// The event that its last page began after.
    after: i64,
}

/// Books that this process has committed. Books without cached days are not kept: there may be any
/// number of tenants.
#[derive(Default)]
pub(super) struct BookCache(HashMap<TenantId, CachedBook>);

impl BookCache {
    /// Takes the remembered days of a locked book. Each transaction that changes a day changes its
    /// book, too: while the book is unchanged, so are the days. Empty if the book has changed.
    pub fn take(&mut self, tenant: TenantId, book: &Book) -> DayCache {
        let cached_book = self.0.remove(&tenant).filter(|entry| entry.book == *book);
        cached_book.map(|entry| entry.days).unwrap_or_default()
    }
    /// Caches the days of a committed book, whose last page began after event `after`. If there are
    /// too many days of all tenants, other books keep the days of their last pages only, and none
    /// if there are still too many.
    pub fn cache_days(&mut self, tenant: TenantId, book: Book, mut days: DayCache, after: i64) {
        self.0.remove(&tenant);
        days.evict_excess(after, MAX);
        if days.days.is_empty() {
            return;
        }
        let max_other_days = MAX - days.days.len();
        if self.count() > max_other_days {
            self.0.values_mut().for_each(|entry| entry.days.evict_older(entry.after));
            self.0.retain(|_, entry| !entry.days.days.is_empty());
        }
        if self.count() > max_other_days {
            self.0.clear();
        }
        self.0.insert(tenant, CachedBook { book, days, after });
    }
    /// Days of all tenants.
    fn count(&self) -> usize {
        self.0.values().map(|entry| entry.days.days.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use entity::tables::demand_day::DemandFigures;
    use uuid::Uuid;

    use super::*;
    use crate::demand::{core::Delta, shell::apply::empty_day};

    fn tenant(n: u128) -> TenantId {
        TenantId::from_uuid(Uuid::from_u128(n))
    }
    fn book(seq: i64) -> Book {
        Book { generation: 1, seq, documents_seq: 0, row_count: 0, sum: RowSum::default() }
    }
    fn key(date: i32) -> DayKey {
        DayKey { date, product: ProductId::NIL, store: StoreId::NIL, channel: ChannelId::NIL, currency: None }
    }
    /// The first `count` days, last changed by event `seq`.
    fn days(count: i32, seq: i64) -> DayCache {
        let figures = DemandFigures::default();
        let delta = Delta { figures, largest_added: 0, largest_removed: 0, first_seq: seq, last_seq: seq };
        let mut days = DayCache::default();
        for date in 0..count {
            days.insert_day(key(date), CachedDay::of(empty_day(tenant(1), 1, &key(date), &delta)));
        }
        days
    }

    #[test]
    fn days_are_known_while_their_book_is_as_it_was_left() {
        let mut remembered = BookCache::default();
        remembered.cache_days(tenant(1), book(7), days(3, 7), 0);
        remembered.cache_days(tenant(2), book(9), days(1, 9), 0);
        let mut known = remembered.take(tenant(1), &book(7));
        assert!(known.row(&key(2)).is_some() && known.row(&key(3)).is_none());
        assert!(known.take(&key(2)).is_some() && known.row(&key(2)).is_none());
        assert!(remembered.take(tenant(1), &book(7)).row(&key(0)).is_none(), "a page that is not committed leaves nothing");
        assert!(remembered.take(tenant(2), &book(10)).row(&key(0)).is_none(), "another process has counted");
        assert!(remembered.take(tenant(2), &book(9)).row(&key(0)).is_none());
        let mut empty_cache = DayCache::empty();
        empty_cache.insert_day(key(0), days(1, 7).take(&key(0)).unwrap());
        assert!(empty_cache.row(&key(0)).is_none());
    }

    #[test]
    fn of_too_many_days_those_of_the_last_page_stay() {
        let mut many = days(5, 7);
        many.evict_excess(6, 5);
        assert!(many.row(&key(0)).is_some());
        let mut newer = days(2, 9);
        for date in 0..2 {
            many.insert_day(key(date), newer.take(&key(date)).unwrap());
        }
        many.evict_excess(7, 4);
        assert_eq!([0, 1, 2].map(|date| many.row(&key(date)).is_some()), [true, true, false]);
        many.evict_excess(7, 1);
        assert!(many.row(&key(0)).is_none());
        let (mut remembered, half) = (BookCache::default(), MAX as i32 / 2);
        remembered.cache_days(tenant(1), book(7), days(half, 7), 0);
        remembered.cache_days(tenant(2), book(7), days(half, 7), 0);
        remembered.cache_days(tenant(3), book(7), days(1, 7), 0);
        let is_known = |n| remembered.take(tenant(n), &book(7)).row(&key(0)).is_some();
        assert_eq!([1, 2, 3].map(is_known), [false, false, true]);
    }

    #[test]
    fn of_too_many_tenants_the_last_pages_stay() {
        let mut remembered = BookCache::default();
        let mut large = days(MAX as i32, 7);
        large.insert_day(key(0), days(1, 9).take(&key(0)).unwrap());
        remembered.cache_days(tenant(1), book(9), large, 7);
        remembered.cache_days(tenant(2), book(7), days(2, 7), 0);
        assert_eq!(remembered.count(), 3);
        let known = remembered.take(tenant(1), &book(9));
        assert!(known.row(&key(0)).is_some() && known.row(&key(1)).is_none());
        for n in 3..100 {
            remembered.cache_days(tenant(n), book(7), days(0, 7), 0);
        }
        assert_eq!(remembered.0.len(), 1, "a tenant without days takes no memory");
    }
}
