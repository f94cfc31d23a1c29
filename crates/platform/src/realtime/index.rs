//! Index from an event's subjects to the followers that it concerns, so that the others are not
//! checked.

use std::collections::{BTreeSet, HashMap};

use crate::storage::events::{Audience, Subject, Topic};

/// Topic of followers that receive every event, whether a stream carries it or not.
pub const JOURNAL: Topic = Topic("journal");

/// Events that a follower receives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interest {
    pub topic: Topic,
    /// Subjects of which an event must have one; None for all events.
    pub subjects: Option<Vec<Subject>>,
}

/// Maximum subjects that a follower is indexed under; with more it receives all events of the
/// topic.
const MAX_SUBJECTS: usize = 64;

impl Interest {
    pub fn all(topic: Topic) -> Self {
        Self { topic, subjects: None }
    }

    /// Returns an interest in the shortest of these lists: an event that matches must be in all of
    /// them.
    pub fn narrowest(topic: Topic, lists: impl IntoIterator<Item = Vec<Subject>>) -> Self {
        let shortest = lists.into_iter().min_by_key(Vec::len);
        Self { topic, subjects: shortest.filter(|list| list.len() <= MAX_SUBJECTS) }
    }
}

/// Followers by number.
#[derive(Debug, Default)]
pub struct Index {
    of_subject: HashMap<(Topic, Subject), BTreeSet<u64>>,
    of_topic: HashMap<Topic, BTreeSet<u64>>,
    /// Followers of all events of a topic.
    broad: HashMap<Topic, BTreeSet<u64>>,
}

impl Index {
    pub fn insert(&mut self, number: u64, interest: &Interest) {
        self.of_topic.entry(interest.topic).or_default().insert(number);
        match &interest.subjects {
            None => drop(self.broad.entry(interest.topic).or_default().insert(number)),
            Some(subjects) => {
                for subject in subjects {
                    self.of_subject.entry((interest.topic, *subject)).or_default().insert(number);
                }
            }
        }
    }

    pub fn remove(&mut self, number: u64, interest: &Interest) {
        for lists in [&mut self.of_topic, &mut self.broad] {
            if let Some(list) = lists.get_mut(&interest.topic) {
                list.remove(&number);
            }
        }
        for subject in interest.subjects.iter().flatten() {
            let key = (interest.topic, *subject);
            if let Some(list) = self.of_subject.get_mut(&key) {
                list.remove(&number);
                if list.is_empty() {
                    self.of_subject.remove(&key);
                }
            }
        }
    }

    /// Returns the followers that an event on a topic concerns, each once.
    pub fn interested_followers(&self, topic: Topic, audience: &Audience) -> BTreeSet<u64> {
        match audience {
            Audience::Nobody => BTreeSet::new(),
            Audience::All => self.of_topic.get(&topic).cloned().unwrap_or_default(),
            Audience::Of(subjects) => {
                let mut numbers = self.broad.get(&topic).cloned().unwrap_or_default();
                for subject in subjects {
                    numbers.extend(self.of_subject.get(&(topic, *subject)).into_iter().flatten());
                }
                numbers
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use entity::prelude::{ProductId, StoreId};
    use uuid::Uuid;

    use super::*;

    const STOCK: Topic = Topic("stock");
    const ORDERS: Topic = Topic("orders");

    fn store(n: u128) -> Subject {
        Subject::of(StoreId::from_uuid(Uuid::from_u128(n)))
    }
    fn product(n: u128) -> Subject {
        Subject::of(ProductId::from_uuid(Uuid::from_u128(n)))
    }

    #[test]
    fn an_event_finds_those_who_care() {
        let mut index = Index::default();
        let interests = [
            Interest::all(STOCK),
            Interest::narrowest(STOCK, [vec![store(1), store(2)], vec![product(7)]]),
            Interest::narrowest(STOCK, [vec![store(1)]]),
            Interest::all(ORDERS),
        ];
        (0..).zip(&interests).for_each(|(number, interest)| index.insert(number, interest));
        let follower_ids =
            |topic, audience: &Audience| index.interested_followers(topic, audience).into_iter().collect::<Vec<_>>();
        let some = |subjects: &[Subject]| Audience::Of(subjects.to_vec());
        assert_eq!(follower_ids(STOCK, &some(&[store(1), product(7)])), [0, 1, 2]);
        assert_eq!(follower_ids(STOCK, &some(&[store(1), product(8)])), [0, 2], "listed by product alone, the shorter list");
        assert_eq!(follower_ids(STOCK, &some(&[store(9)])), [0]);
        assert_eq!(follower_ids(STOCK, &Audience::All), [0, 1, 2]);
        assert_eq!(follower_ids(ORDERS, &some(&[store(1)])), [3]);
        assert_eq!(follower_ids(STOCK, &Audience::Nobody), Vec::<u64>::new());
        index.remove(1, &interests[1]);
        assert_eq!(index.interested_followers(STOCK, &some(&[product(7)])).len(), 1);
        assert!(!index.of_subject.contains_key(&(STOCK, product(7))), "nothing is left of it");
    }

    #[test]
    fn whoever_names_nothing_hears_nothing_and_whoever_names_much_hears_all() {
        assert_eq!(Interest::narrowest(STOCK, [vec![]]).subjects, Some(vec![]));
        assert_eq!(Interest::narrowest(STOCK, []).subjects, None);
        let many = (0..65).map(store).collect();
        assert_eq!(Interest::narrowest(STOCK, [many]).subjects, None);
    }
}
