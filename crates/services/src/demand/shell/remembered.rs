//! Days as the last page that was counted here left them. A busy tenant's next page changes many of them again, and need not read them.

use std::collections::HashMap;

use entity::prelude::*;
use platform::storage::RowSum;

use crate::demand::{
    core::DayKey,
    rows::{Book, Day},
};

/// Days that are remembered of all tenants together, at most: some 6 MB.
const MOST: usize = 14_000;

/// A day's row, and what it adds to the sum of its book.
#[derive(Debug, Clone)]
pub(super) struct KnownDay {
    pub row: Day,
    pub sum: RowSum,
}

impl KnownDay {
    pub fn of(row: Day) -> Self {
        let sum = RowSum::of(row.tenant_id, row.summed());
        Self { row, sum }
    }
}

/// Days that need not be read again while a page is counted.
#[derive(Debug, Default)]
pub(super) struct KnownDays {
    /// In boxes: most of the places of a large map are empty.
    days: HashMap<DayKey, Box<KnownDay>>,
    is_forgetful: bool,
}

impl KnownDays {
    /// None, and none that is counted is remembered: for what no page follows, or pages of other days.
    pub fn none() -> Self {
        Self { is_forgetful: true, ..Self::default() }
    }
    pub fn row(&self, key: &DayKey) -> Option<&Day> {
        self.days.get(key).map(|day| &day.row)
    }
    /// The day, which is known no more.
    pub fn take(&mut self, key: &DayKey) -> Option<KnownDay> {
        self.days.remove(key).map(|day| *day)
    }
    pub fn note(&mut self, key: DayKey, day: KnownDay) {
        if !self.is_forgetful {
            self.days.insert(key, Box::new(day));
        }
    }
    /// Forgets days that no event after this one has changed.
    fn forget_older(&mut self, after: i64) {
        self.days.retain(|_, day| day.row.revised_seq > after);
        self.days.shrink_to_fit();
    }
    /// Forgets those where there are more than are remembered; then all, if there are still more.
    fn cut(&mut self, after: i64, most: usize) {
        if self.days.len() > most {
            self.forget_older(after);
        }
        if self.days.len() > most {
            self.days = HashMap::new();
        }
    }
}

/// A tenant's book as it was committed here last, with days of it.
struct LeftBook {
    book: Book,
    days: KnownDays,
    /// The event that its last page began after.
    after: i64,
}

/// The books that were left here. None is without days: there may be any number of tenants.
#[derive(Default)]
pub(super) struct Remembered(HashMap<TenantId, LeftBook>);

impl Remembered {
    /// What is known of the days of a book that is locked. Whoever changes a day changes its book in the same transaction: while that is as it was left
    /// here, so are the days.
    pub fn take(&mut self, tenant: TenantId, book: &Book) -> KnownDays {
        let known = self.0.remove(&tenant).filter(|left| left.book == *book);
        known.map(|left| left.days).unwrap_or_default()
    }
    /// Remembers the days of a book that has been committed, whose last page began after this event. Others keep the days of their last pages alone where
    /// there are too many of all tenants, and none if there are still too many.
    pub fn leave(&mut self, tenant: TenantId, book: Book, mut days: KnownDays, after: i64) {
        self.0.remove(&tenant);
        days.cut(after, MOST);
        if days.days.is_empty() {
            return;
        }
        let most_of_others = MOST - days.days.len();
        if self.count() > most_of_others {
            self.0.values_mut().for_each(|left| left.days.forget_older(left.after));
            self.0.retain(|_, left| !left.days.days.is_empty());
        }
        if self.count() > most_of_others {
            self.0.clear();
        }
        self.0.insert(tenant, LeftBook { book, days, after });
    }
    /// Days of all tenants.
    fn count(&self) -> usize {
        self.0.values().map(|left| left.days.days.len()).sum()
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
    /// The first so many days, changed by this event last.
    fn days(count: i32, seq: i64) -> KnownDays {
        let figures = DemandFigures::default();
        let delta = Delta { figures, largest_added: 0, largest_removed: 0, first_seq: seq, last_seq: seq };
        let mut days = KnownDays::default();
        for date in 0..count {
            days.note(key(date), KnownDay::of(empty_day(tenant(1), 1, &key(date), &delta)));
        }
        days
    }

    #[test]
    fn days_are_known_while_their_book_is_as_it_was_left() {
        let mut remembered = Remembered::default();
        remembered.leave(tenant(1), book(7), days(3, 7), 0);
        remembered.leave(tenant(2), book(9), days(1, 9), 0);
        let mut known = remembered.take(tenant(1), &book(7));
        assert!(known.row(&key(2)).is_some() && known.row(&key(3)).is_none());
        assert!(known.take(&key(2)).is_some() && known.row(&key(2)).is_none());
        assert!(remembered.take(tenant(1), &book(7)).row(&key(0)).is_none(), "a page that is not committed leaves nothing");
        assert!(remembered.take(tenant(2), &book(10)).row(&key(0)).is_none(), "another process has counted");
        assert!(remembered.take(tenant(2), &book(9)).row(&key(0)).is_none());
        let mut none = KnownDays::none();
        none.note(key(0), days(1, 7).take(&key(0)).unwrap());
        assert!(none.row(&key(0)).is_none());
    }

    #[test]
    fn of_too_many_days_those_of_the_last_page_stay() {
        let mut many = days(5, 7);
        many.cut(6, 5);
        assert!(many.row(&key(0)).is_some());
        let mut newer = days(2, 9);
        for date in 0..2 {
            many.note(key(date), newer.take(&key(date)).unwrap());
        }
        many.cut(7, 4);
        assert_eq!([0, 1, 2].map(|date| many.row(&key(date)).is_some()), [true, true, false]);
        many.cut(7, 1);
        assert!(many.row(&key(0)).is_none());
        let (mut remembered, half) = (Remembered::default(), MOST as i32 / 2);
        remembered.leave(tenant(1), book(7), days(half, 7), 0);
        remembered.leave(tenant(2), book(7), days(half, 7), 0);
        remembered.leave(tenant(3), book(7), days(1, 7), 0);
        let is_known = |n| remembered.take(tenant(n), &book(7)).row(&key(0)).is_some();
        assert_eq!([1, 2, 3].map(is_known), [false, false, true]);
    }

    #[test]
    fn of_too_many_tenants_the_last_pages_stay() {
        let mut remembered = Remembered::default();
        let mut large = days(MOST as i32, 7);
        large.note(key(0), days(1, 9).take(&key(0)).unwrap());
        remembered.leave(tenant(1), book(9), large, 7);
        remembered.leave(tenant(2), book(7), days(2, 7), 0);
        assert_eq!(remembered.count(), 3);
        let known = remembered.take(tenant(1), &book(9));
        assert!(known.row(&key(0)).is_some() && known.row(&key(1)).is_none());
        for n in 3..100 {
            remembered.leave(tenant(n), book(7), days(0, 7), 0);
        }
        assert_eq!(remembered.0.len(), 1, "a tenant without days takes no memory");
    }
}
