//! The points that a restore can reach: the newest first, and after a damaged one the one before.

/// A backup, and the time up to which it can be restored.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RestorePoint<I> {
    /// In microseconds since 1970 UTC; by the names of its objects until they are read.
    pub reach: i64,
    pub id: I,
    /// Time after which its segments are left out; `None` if all are used.
    pub at: Option<i64>,
}

/// Points in order, the newest last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestorePoints<I>(Vec<RestorePoint<I>>);

impl<I: Ord> RestorePoints<I> {
    /// Returns the points of backups with all of their segments.
    pub fn new(reaches: Vec<(i64, I)>) -> Self {
        let mut points: Vec<_> = reaches.into_iter().map(|(reach, id)| RestorePoint { reach, id, at: None }).collect();
        points.sort();
        Self(points)
    }

    /// Removes and returns the newest one.
    pub fn pop_newest(&mut self) -> Option<RestorePoint<I>> {
        self.0.pop()
    }

    /// Replaces a damaged point by its sound part, if it has one before the damage.
    pub fn requeue_sound_part(&mut self, damaged: RestorePoint<I>, sound_until: Option<i64>) {
        let Some(until) = sound_until.filter(|until| *until < damaged.reach) else { return };
        let point = RestorePoint { reach: until, id: damaged.id, at: Some(until) };
        let index = self.0.partition_point(|other| *other < point);
        self.0.insert(index, point);
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
        let newest = points.pop_newest().unwrap();
        assert_eq!(newest, point(90, "newest", None));
        // Its segments are undamaged up to a time that no older backup reaches.
        points.requeue_sound_part(newest, Some(70));
        let sound = points.pop_newest().unwrap();
        assert_eq!(sound, point(70, "newest", Some(70)));
        // Then only up to a time that another backup is nearer to.
        points.requeue_sound_part(sound, Some(40));
        assert_eq!(points.pop_newest(), Some(point(50, "middle", None)));
        assert_eq!(points.pop_newest(), Some(point(40, "newest", Some(40))));
        assert_eq!(points.pop_newest(), Some(point(10, "oldest", None)));
        assert_eq!(points.pop_newest(), None);
    }

    #[test]
    fn a_damaged_point_is_tried_once() {
        let mut points = RestorePoints::new(vec![(90, "only")]);
        let only = points.pop_newest().unwrap();
        points.requeue_sound_part(only.clone(), None);
        points.requeue_sound_part(only, Some(90));
        assert_eq!(points.pop_newest(), None);
    }
}
