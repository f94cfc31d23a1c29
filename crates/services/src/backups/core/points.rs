//! The points that a restore can go to: the newest first, and where it is found damaged the one before.

/// A backup, and how far it is brought.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RestorePoint<I> {
    /// In microseconds since 1970 UTC; by the names of its objects as long as it was not read.
    pub reach: i64,
    pub id: I,
    /// The moment after which its segments are left out; None where all are taken.
    pub at: Option<i64>,
}

/// Points in order, the newest last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestorePoints<I>(Vec<RestorePoint<I>>);

impl<I: Ord> RestorePoints<I> {
    /// Backups with all of their segments.
    pub fn new(reaches: Vec<(i64, I)>) -> Self {
        let mut points: Vec<_> = reaches.into_iter().map(|(reach, id)| RestorePoint { reach, id, at: None }).collect();
        points.sort();
        Self(points)
    }

    /// Takes the newest one out.
    pub fn take_newest(&mut self) -> Option<RestorePoint<I>> {
        self.0.pop()
    }

    /// Puts a damaged point back as far as it is sound. One that is sound nowhere before the damage is left out.
    pub fn put_back(&mut self, damaged: RestorePoint<I>, sound_until: Option<i64>) {
        let Some(until) = sound_until.filter(|until| *until < damaged.reach) else { return };
        let point = RestorePoint { reach: until, id: damaged.id, at: Some(until) };
        let place = self.0.partition_point(|other| *other < point);
        self.0.insert(place, point);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(reach: i64, id: &str, at: Option<i64>) -> RestorePoint<&str> {
        RestorePoint { reach, id, at }
    }

    #[test]
    fn the_next_point_is_the_one_of_which_least_is_lost() {
        let mut points = RestorePoints::new(vec![(90, "newest"), (10, "oldest"), (50, "middle")]);
        let newest = points.take_newest().unwrap();
        assert_eq!(newest, point(90, "newest", None));
        // Its segments are sound up to a moment that no older backup reaches.
        points.put_back(newest, Some(70));
        let sound = points.take_newest().unwrap();
        assert_eq!(sound, point(70, "newest", Some(70)));
        // And then only up to one that another backup is nearer to.
        points.put_back(sound, Some(40));
        assert_eq!(points.take_newest(), Some(point(50, "middle", None)));
        assert_eq!(points.take_newest(), Some(point(40, "newest", Some(40))));
        assert_eq!(points.take_newest(), Some(point(10, "oldest", None)));
        assert_eq!(points.take_newest(), None);
    }

    #[test]
    fn a_damaged_point_is_tried_once() {
        let mut points = RestorePoints::new(vec![(90, "only")]);
        let only = points.take_newest().unwrap();
        points.put_back(only.clone(), None);
        points.put_back(only, Some(90));
        assert_eq!(points.take_newest(), None);
    }
}
