//! The rules of holding jobs: pure.

use std::collections::HashMap;

use entity::prelude::{JobId, TenantId, Timestamp, WorkerId};

/// State of a job.
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

/// A stored job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Nil for a job of the deployment.
    pub tenant: TenantId,
    pub id: JobId,
    pub kind: String,
    /// Milliseconds between two runs of a standing job; none for a queued one.
    pub period: Option<i64>,
    /// JSON in the form of the job's kind.
    pub payload: String,
    pub state: State,
    pub due_at: Timestamp,
    pub owner: Option<WorkerId>,
    /// Incremented each time that a worker takes the job.
    pub token: i64,
    /// Incremented while its worker lives.
    pub beat: i64,
    /// Failures since it last succeeded or made progress.
    pub failures: i64,
    /// Workers that died while they ran it, in a row and without progress of the job.
    pub deaths: i64,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    /// Reason of the last failure, for the job's owners.
    pub error: Option<String>,
    /// The same error for the operator, with details that only operators may read.
    pub fault: Option<String>,
    pub created_at: Timestamp,
}

/// Returns a new job, which waits and is due at once.
pub(super) fn new_waiting_job(
    tenant: TenantId,
    id: JobId,
    kind: &str,
    period: Option<i64>,
    payload: String,
    now: Timestamp,
) -> Job {
    Job {
        tenant,
        id,
        kind: kind.to_owned(),
        period,
        payload,
        state: State::Waiting,
        due_at: now,
        owner: None,
        token: 0,
        beat: 0,
        failures: 0,
        deaths: 0,
        started_at: None,
        finished_at: None,
        error: None,
        fault: None,
        created_at: now,
    }
}

/// Deaths of workers during a queued job after which it is not started again automatically.
pub const MAX_DEATHS: i64 = 2;

/// Maximum seconds between two tries of a failing job.
pub(super) const MAX_BACKOFF_SECONDS: i64 = 300;

/// Returns the seconds until the next try after so many failures: doubled with each, plus or minus
/// a fifth, so that jobs that failed together are not retried together.
pub fn backoff_seconds(failures: i64, random: u8) -> i64 {
    let base_seconds = 1_i64 << failures.clamp(1, 9);
    let base_seconds = base_seconds.min(MAX_BACKOFF_SECONDS);
    let jitter_range = base_seconds * 2 / 5;
    base_seconds - jitter_range / 2 + jitter_range * i64::from(random) / 255
}

/// Returns the worker that should hold a standing job. Each pair has a score that every worker can
/// compute, so workers that see the same others agree without communication, and a worker that
/// joins or leaves moves only its own share.
pub fn choose_worker(workers: &[WorkerId], job: JobId) -> Option<WorkerId> {
    workers.iter().copied().max_by_key(|worker| (score(*worker, job), *worker))
}

fn score(worker: WorkerId, job: JobId) -> u64 {
    let mixed_ids = worker.uuid().as_u128() ^ job.uuid().as_u128().rotate_left(64);
    // The finaliser of splitmix64: every bit of the input changes about half of the output.
    let mut hash = (mixed_ids >> 64) as u64 ^ (mixed_ids as u64).rotate_left(32);
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

/// Measures how long heartbeats have been missing, by the watcher's own monotonic clock: no clock
/// of another machine is involved.
#[derive(Debug, Default)]
pub struct HeartbeatMonitor<K>(HashMap<K, (i64, i64, u64)>);

impl<K: std::hash::Hash + Eq + Copy> HeartbeatMonitor<K> {
    pub fn new() -> Self {
        Self(HashMap::new())
    }
    /// Returns the milliseconds for which `key` has shown this token and this beat, at `now`.
    pub fn silent_millis(&mut self, key: K, token: i64, beat: i64, now: u64) -> u64 {
        let observation = self.0.entry(key).or_insert((token, beat, now));
        if (observation.0, observation.1) != (token, beat) {
            *observation = (token, beat, now);
        }
        now.saturating_sub(observation.2)
    }
    /// Forgets all keys but these.
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
            let (before, after) = (choose_worker(&three, job), choose_worker(&two, job));
            assert!(before == after || before == Some(three[2]), "only what the third one had moves");
            moved += usize::from(before != after);
        }
        assert!((60..140).contains(&moved), "a third of them, about: {moved}");
        assert_eq!(choose_worker(&[], jobs(1).next().unwrap()), None);
    }

    #[test]
    fn silence_is_counted_from_the_last_sign_of_life() {
        let mut watch = HeartbeatMonitor::new();
        assert_eq!(watch.silent_millis(1, 7, 3, 1_000), 0);
        assert_eq!(watch.silent_millis(1, 7, 3, 9_000), 8_000);
        assert_eq!(watch.silent_millis(1, 7, 4, 10_000), 0, "it beat");
        assert_eq!(watch.silent_millis(1, 8, 4, 19_000), 0, "another has it");
        watch.keep(&[]);
        assert_eq!(watch.silent_millis(1, 8, 4, 30_000), 0, "what was forgotten is new");
    }
}
