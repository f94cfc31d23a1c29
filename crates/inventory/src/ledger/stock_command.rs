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
            Self::Adjust(command) => command.changes.len(),
            Self::Set(command) => command.items.len(),
            Self::Reverse(command) => command.original.entries.len(),
            Self::Reserve(command) => command.items.len(),
            Self::Release(_, keys) | Self::Expire(_, keys) => keys.len(),
        }
    }

    fn needs(&self, needs: &mut Needs) {
        match self {
            Self::Adjust(command) => {
                let keys = command.changes.iter().map(|change| &change.key);
                needs.levels.extend(keys.clone());
                command.changes.iter().for_each(|change| needs.lots.choice(change.key.product, &change.lot));
                needs.lots.note_departure(Some(command.head.occurred_at));
                needs.shortage(command.on_shortage, keys);
            }
            Self::Set(command) => {
                let keys = command.items.iter().map(|item| &item.key);
                needs.levels.extend(keys.clone());
                command.items.iter().for_each(|item| needs.lots.choice(item.key.product, &item.lot));
                needs.lots.note_departure(Some(command.head.occurred_at));
                // A set figure below the reserved quantity shortens reservations under every policy
                // but REFUSE.
                let policy = if command.on_shortage == Shortage::Refuse { Shortage::Refuse } else { Shortage::Shorten };
                needs.shortage(policy, keys);
            }
            Self::Reverse(command) => reverse(command, needs),
            Self::Reserve(command) => needs.levels.extend(command.items.iter().map(|item| item.key)),
            Self::Release(command, keys) => {
                needs.levels.extend(keys);
                needs.reservations.extend(&command.reservations);
            }
            Self::Expire(command, keys) => {
                needs.levels.extend(keys);
                needs.reservations.extend(&command.reservations);
            }
        }
    }

    fn decide(&self, draft: &mut Draft<'_>, _books: &Books) -> Result<Decision, Rejection> {
        match self {
            Self::Adjust(command) => decide_adjust(draft, command),
            Self::Set(command) => decide_set(draft, command),
            Self::Reverse(command) => decide_reverse(draft, command),
            Self::Reserve(command) => decide_reserve(draft, command).map(|_| ()),
            Self::Release(command, _) => decide_release(draft, command),
            Self::Expire(command, _) => decide_expire(draft, command),
        }
        .map(|()| Decision::default())
    }
}

fn reverse(command: &Reverse, needs: &mut Needs) {
    let keys = command.original.entries.iter().map(|entry| &entry.key);
    needs.levels.extend(keys.clone());
    needs.reversals.insert(command.original.id);
    needs.lots.ids.extend(command.original.entries.iter().filter_map(|entry| entry.lot));
    let aside_entries = command.original.entries.iter().filter(|entry| entry.unavailable_delta != 0 || entry.lot.is_some());
    needs.lots.asides.extend(aside_entries.map(|entry| entry.key));
    needs.shortage(command.on_shortage, keys);
}
