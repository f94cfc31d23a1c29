//! The rules of holding jobs: pure.

use std::collections::HashMap;

use entity::prelude::{JobId, TenantId, Timestamp, WorkerId};

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Waiting,
    Running,
    Done,
    Dead,
}

impl State {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "WAITING",
            Self::Running => "RUNNING",
            Self::Done => "DONE",
            Self::Dead => "DEAD",
        }
    }
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Waiting, Self::Running, Self::Done, Self::Dead].into_iter().find(|state| state.as_str() == word)
    }
}

/// A job as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Nobody's (nil) when it is the deployment's.
    pub tenant: TenantId,
    pub id: JobId,
    pub kind: String,
    /// Milliseconds between two runs of a standing job; none for a queued one.
    pub period: Option<i64>,
    /// JSON that its kind knows how to read.
    pub payload: String,
    pub state: State,
    pub due_at: Timestamp,
    pub owner: Option<WorkerId>,
    /// Goes up each time that somebody takes the job.
    pub token: i64,
    /// Goes up while its holder lives.
    pub beat: i64,
    /// Failures since it last succeeded or got on.
    pub failures: i64,
    /// Workers that died while they ran it, one after the other and without its having got on.
    pub deaths: i64,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    /// Why it failed last, for its owners.
    pub error: Option<String>,
    /// The same for the operator, with what only they should read.
    pub fault: Option<String>,
    pub created_at: Timestamp,
}

/// A queued job during which so many workers died is not begun again by itself.
pub const MOST_DEATHS: i64 = 2;

/// A job that goes on failing is tried every five minutes at the latest.
const LONGEST_WAIT: i64 = 300;

/// Seconds until the next try after so many failures: doubling, a fifth more or less, so that what failed together does not come back together.
pub fn backoff_seconds(failures: i64, random: u8) -> i64 {
    let plain = 1_i64 << failures.clamp(1, 9);
    let plain = plain.min(LONGEST_WAIT);
    let spread = plain * 2 / 5;
    plain - spread / 2 + spread * i64::from(random) / 255
}

/// Who of the workers should hold a standing job. Each pair has a score that anyone can compute, so workers that see the same others agree
/// without talking, and one that comes or goes moves only its own share.
pub fn best(workers: &[WorkerId], job: JobId) -> Option<WorkerId> {
    workers.iter().copied().max_by_key(|worker| (score(*worker, job), *worker))
}

fn score(worker: WorkerId, job: JobId) -> u64 {
    let mixed = worker.uuid().as_u128() ^ job.uuid().as_u128().rotate_left(64);
    // The finaliser of splitmix64: every bit of what goes in changes about half of what comes out.
    let mut x = (mixed >> 64) as u64 ^ (mixed as u64).rotate_left(32);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// How long signs of life have been missing, by the watcher's own monotonic clock: no clock of another machine comes into it.
#[derive(Debug, Default)]
pub struct Watch<K>(HashMap<K, (i64, i64, u64)>);

impl<K: std::hash::Hash + Eq + Copy> Watch<K> {
    pub fn new() -> Self {
        Self(HashMap::new())
    }
    /// Milliseconds that `key` has shown this token and this beat at `now`.
    pub fn silent_for(&mut self, key: K, token: i64, beat: i64, now: u64) -> u64 {
        let seen = self.0.entry(key).or_insert((token, beat, now));
        if (seen.0, seen.1) != (token, beat) {
            *seen = (token, beat, now);
        }
        now.saturating_sub(seen.2)
    }
    /// Forgets all but these.
    pub fn keep(&mut self, keys: &[K]) {
        self.0.retain(|key, _| keys.contains(key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn workers(n: u128) -> Vec<WorkerId> {
        (1..=n).map(|n| WorkerId::from_uuid(Uuid::from_u128(n << 70 | n.wrapping_mul(0x9e37_79b9_7f4a_7c15)))).collect()
    }
    fn jobs(n: u128) -> impl Iterator<Item = JobId> {
        (1..=n).map(|n| JobId::from_uuid(Uuid::from_u128(n << 64 | n.wrapping_mul(0xd134_2543_de82_ef95))))
    }

    #[test]
    fn waits_longer_after_each_failure_and_never_in_step() {
        assert_eq!((backoff_seconds(1, 0), backoff_seconds(1, 255)), (2, 2));
        assert_eq!((backoff_seconds(5, 0), backoff_seconds(5, 255)), (26, 38));
        assert_eq!((backoff_seconds(40, 0), backoff_seconds(40, 255)), (240, 360));
    }

    #[test]
    fn a_worker_that_comes_or_goes_moves_only_its_own_share() {
        let (three, two) = (workers(3), workers(2));
        let mut moved = 0;
        for job in jobs(300) {
            let (before, after) = (best(&three, job), best(&two, job));
            assert!(before == after || before == Some(three[2]), "only what the third one had moves");
            moved += usize::from(before != after);
        }
        assert!((60..140).contains(&moved), "a third of them, about: {moved}");
        assert_eq!(best(&[], jobs(1).next().unwrap()), None);
    }

    #[test]
    fn silence_is_counted_from_the_last_sign_of_life() {
        let mut watch = Watch::new();
        assert_eq!(watch.silent_for(1, 7, 3, 1_000), 0);
        assert_eq!(watch.silent_for(1, 7, 3, 9_000), 8_000);
        assert_eq!(watch.silent_for(1, 7, 4, 10_000), 0, "it beat");
        assert_eq!(watch.silent_for(1, 8, 4, 19_000), 0, "another has it");
        watch.keep(&[]);
        assert_eq!(watch.silent_for(1, 8, 4, 30_000), 0, "what was forgotten is new");
    }
}
