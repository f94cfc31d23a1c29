//! Commands on stock itself.

use super::{Books, Decide, Decision, Needs};
use crate::stock::core::{
    Adjust, Draft, Expire, LevelKey, Rejection, Release, Reserve, Reverse, Set, Shortage, decide_adjust, decide_expire,
    decide_release, decide_reserve, decide_reverse, decide_set,
};

#[derive(Debug, Clone)]
pub enum StockCommand {
    Adjust(Adjust),
    Set(Set),
    Reverse(Reverse),
    Reserve(Reserve),
    /// A release, with the levels of its reservations, which were read before and never change.
    Release(Release, Vec<LevelKey>),
    Expire(Expire, Vec<LevelKey>),
}

impl Decide for StockCommand {
    fn name(&self) -> &'static str {
        match self {
            Self::Adjust(_) => "stock.adjust",
            Self::Set(_) => "stock.set",
            Self::Reverse(_) => "stock.reverse",
            Self::Reserve(_) => "stock.reserve",
            Self::Release(..) => "stock.release",
            Self::Expire(..) => "stock.expire",
        }
    }

    fn weight(&self) -> usize {
        match self {
            Self::Adjust(c) => c.changes.len(),
            Self::Set(c) => c.items.len(),
            Self::Reverse(c) => c.original.entries.len(),
            Self::Reserve(c) => c.items.len(),
            Self::Release(_, keys) | Self::Expire(_, keys) => keys.len(),
        }
    }

    fn needs(&self, needs: &mut Needs) {
        match self {
            Self::Adjust(c) => {
                let keys = c.changes.iter().map(|change| &change.key);
                needs.levels.extend(keys.clone());
                c.changes.iter().for_each(|change| needs.lots.choice(change.key.product, &change.lot));
                needs.lots.left_at(Some(c.head.occurred_at));
                needs.shortage(c.on_shortage, keys);
            }
            Self::Set(c) => {
                let keys = c.items.iter().map(|item| &item.key);
                needs.levels.extend(keys.clone());
                c.items.iter().for_each(|item| needs.lots.choice(item.key.product, &item.lot));
                needs.lots.left_at(Some(c.head.occurred_at));
                // A set figure below the reserved quantity shortens reservations under every policy
                // but REFUSE.
                let policy = if c.on_shortage == Shortage::Refuse { Shortage::Refuse } else { Shortage::Shorten };
                needs.shortage(policy, keys);
            }
            Self::Reverse(c) => reverse(c, needs),
            Self::Reserve(c) => needs.levels.extend(c.items.iter().map(|item| item.key)),
            Self::Release(c, keys) => {
                needs.levels.extend(keys);
                needs.reservations.extend(&c.reservations);
            }
            Self::Expire(c, keys) => {
                needs.levels.extend(keys);
                needs.reservations.extend(&c.reservations);
            }
        }
    }

    fn decide(&self, draft: &mut Draft<'_>, _books: &Books) -> Result<Decision, Rejection> {
        match self {
            Self::Adjust(c) => decide_adjust(draft, c),
            Self::Set(c) => decide_set(draft, c),
            Self::Reverse(c) => decide_reverse(draft, c),
            Self::Reserve(c) => decide_reserve(draft, c).map(|_| ()),
            Self::Release(c, _) => decide_release(draft, c),
            Self::Expire(c, _) => decide_expire(draft, c),
        }
        .map(|()| Decision::default())
    }
}

fn reverse(c: &Reverse, needs: &mut Needs) {
    let keys = c.original.entries.iter().map(|entry| &entry.key);
    needs.levels.extend(keys.clone());
    needs.reversals.insert(c.original.id);
    needs.lots.ids.extend(c.original.entries.iter().filter_map(|entry| entry.lot));
    let aside = c.original.entries.iter().filter(|entry| entry.unavailable_delta != 0 || entry.lot.is_some());
    needs.lots.asides.extend(aside.map(|entry| entry.key));
    needs.shortage(c.on_shortage, keys);
}
