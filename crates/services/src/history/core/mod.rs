//! Merges several lists in one order, and determines the end of a page: pure.

mod entry_kind;

use uuid::Uuid;

pub use entry_kind::{EntryKind, entry_kind, own_kind_condition, related_kind_condition};

/// An item of a list, with its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DatedItem<T> {
    pub at: i64,
    pub id: Uuid,
    /// Number of a movement, by which its list is sorted.
    pub seq: Option<i64>,
    pub item: T,
}

/// End of a page: the next one has entries before this time and ID, and movements below this
/// number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryPosition {
    pub at: i64,
    pub id: Uuid,
    pub seq: i64,
}

impl HistoryPosition {
    pub const BEGIN: Self = Self { at: i64::MAX, id: Uuid::max(), seq: i64::MAX };
}

/// Merges two lists, the newest first: `entries` in any order, `movements` by descending number. Each item
/// has the position after it, from which both lists continue without a gap or a repetition, even if
/// a movement is dated later than one with a greater number.
pub fn merge<T>(
    mut entries: Vec<DatedItem<T>>,
    movements: Vec<DatedItem<T>>,
    from: HistoryPosition,
    limit: usize,
) -> Vec<(T, HistoryPosition)> {
    entries.sort_by_key(|one| std::cmp::Reverse((one.at, one.id)));
    let (mut entries, mut movements) = (entries.into_iter().peekable(), movements.into_iter().peekable());
    let (mut merged, mut position) = (Vec::new(), from);
    while merged.len() < limit {
        let is_entry = match (entries.peek(), movements.peek()) {
            (Some(one), Some(other)) => (one.at, one.id) >= (other.at, other.id),
            (one, _) => one.is_some(),
        };
        let Some(next) = (if is_entry { entries.next() } else { movements.next() }) else { break };
        (position.at, position.id) = (position.at, position.id).min((next.at, next.id));
        position.seq = next.seq.unwrap_or(position.seq);
        merged.push((next.item, position));
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry_at(at: i64) -> DatedItem<i64> {
        DatedItem { at, id: Uuid::from_u128(at as u128), seq: None, item: at }
    }
    fn movement_at(seq: i64, at: i64) -> DatedItem<i64> {
        DatedItem { at, id: Uuid::from_u128(1_000 + seq as u128), seq: Some(seq), item: 100 + seq }
    }

    /// Reads both lists page by page, as statements would.
    fn page_through(all: &[DatedItem<i64>], movements: &[DatedItem<i64>], limit: usize) -> Vec<i64> {
        let (mut read, mut place) = (Vec::new(), HistoryPosition::BEGIN);
        loop {
            let mut rest: Vec<_> = all.iter().filter(|one| (one.at, one.id) < (place.at, place.id)).copied().collect();
            rest.sort_by_key(|one| std::cmp::Reverse((one.at, one.id)));
            rest.truncate(limit);
            let few = movements.iter().filter(|one| one.seq < Some(place.seq)).take(limit).copied().collect();
            let page = merge(rest, few, place, limit);
            let Some((_, last)) = page.last() else { return read };
            place = *last;
            read.extend(page.into_iter().map(|(item, _)| item));
        }
    }

    #[test]
    fn pages_of_every_size_have_everything_once_and_in_one_order() {
        let all: Vec<_> = [3, 9, 5, 7, 1].map(entry_at).to_vec();
        // Number 4 was dated by a clock that ran ahead of the others.
        let movements = [movement_at(5, 8), movement_at(4, 20), movement_at(3, 6), movement_at(2, 2)];
        let whole = page_through(&all, &movements, 100);
        assert_eq!(whole, [9, 105, 104, 7, 103, 5, 3, 102, 1]);
        for limit in 1..9 {
            assert_eq!(page_through(&all, &movements, limit), whole, "{limit}");
        }
    }

    #[test]
    fn one_list_alone_is_itself() {
        assert_eq!(page_through(&[entry_at(2), entry_at(4)], &[], 1), [4, 2]);
        assert_eq!(page_through(&[], &[movement_at(2, 5), movement_at(1, 5)], 1), [102, 101]);
    }
}
