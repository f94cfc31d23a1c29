//! Order of the queued jobs: pure.

use std::collections::HashMap;

use entity::prelude::{JobId, TenantId, WorkerId};

use super::core::Job;

/// Queued jobs that a worker runs at once.
pub const MAX_RUNNING_JOBS: usize = 8;
/// Queued jobs of one tenant that a worker runs at once.
pub const MAX_RUNNING_PER_TENANT: usize = 4;
/// Places reserved for tenants without a running job here.
pub const RESERVED_SLOTS: usize = 2;

/// A queued job that runs here.
#[derive(Debug, Clone, Copy)]
pub struct Running {
    pub id: JobId,
    pub tenant: TenantId,
    /// True if the job was running when a worker died.
    pub is_suspect: bool,
    /// Milliseconds since it began.
    pub age: u64,
}

/// Next actions of a worker.
#[derive(Debug, Default)]
pub struct JobScheduler {
    pub taken: Vec<Job>,
    /// Job that should end its turn, because a tenant without a running job waits and there is no
    /// place.
    pub yields: Option<JobId>,
}

/// Returns the number of jobs of each tenant that run on all workers. A job of a kind `on_hold`
/// whose worker is not among the live ones stays RUNNING until the hold ends, and is no load:
/// nothing runs it.
pub fn loads(running: &[Job], live: &[WorkerId], on_hold: &[&str]) -> HashMap<TenantId, usize> {
    let mut loads: HashMap<TenantId, usize> = HashMap::new();
    for job in running {
        let is_run = job.owner.is_some_and(|owner| live.contains(&owner));
        if is_run || !on_hold.contains(&job.kind.as_str()) {
            *loads.entry(job.tenant).or_default() += 1;
        }
    }
    loads
}

/// Selects the waiting jobs to start. Tenants take turns: the tenant with the fewest running jobs
/// comes next, and of its jobs the one that waits longest. `everywhere` is the number of a tenant's
/// jobs that run on all workers. A suspect is started when all jobs that run here have lasted for
/// `proof` milliseconds, and nothing else is started before it has lasted as long: so it is known
/// which job ended the process.
pub fn next(
    mut waiting: Vec<Job>,
    running: &[Running],
    everywhere: &HashMap<TenantId, usize>,
    (proof, is_suspects_turn): (u64, bool),
) -> JobScheduler {
    let mut schedule = JobScheduler::default();
    if running.iter().any(|running_job| running_job.is_suspect && running_job.age < proof) {
        return schedule;
    }
    let suspects = waiting.iter().filter(|job| job.deaths > 0).count();
    if suspects > 0 && (is_suspects_turn || suspects == waiting.len()) {
        if running.iter().any(|running_job| running_job.age < proof) {
            return schedule;
        }
        waiting.retain(|job| job.deaths > 0);
        waiting.truncate(1);
    } else {
        waiting.retain(|job| job.deaths == 0);
    }
    let mut local_counts: HashMap<TenantId, usize> = HashMap::new();
    running.iter().for_each(|running_job| *local_counts.entry(running_job.tenant).or_default() += 1);
    let mut free_slots = MAX_RUNNING_JOBS.saturating_sub(running.len());
    while free_slots > 0 {
        let local_count = |tenant: &TenantId| local_counts.get(tenant).copied().unwrap_or_default();
        let is_allowed =
            |job: &Job| local_count(&job.tenant) < if free_slots > RESERVED_SLOTS { MAX_RUNNING_PER_TENANT } else { 1 };
        let begun_count = |tenant: &TenantId| schedule.taken.iter().filter(|job| job.tenant == *tenant).count();
        let load = |job: &Job| everywhere.get(&job.tenant).copied().unwrap_or_default() + begun_count(&job.tenant);
        let best = waiting
            .iter()
            .enumerate()
            .filter(|(_, job)| is_allowed(job))
            .min_by_key(|(index, job)| (load(job), job.due_at, *index));
        let Some(index) = best.map(|(index, _)| index) else { break };
        let job = waiting.remove(index);
        *local_counts.entry(job.tenant).or_default() += 1;
        free_slots -= 1;
        schedule.taken.push(job);
    }
    let is_left_out = |job: &&Job| !everywhere.contains_key(&job.tenant) && !local_counts.contains_key(&job.tenant);
    if free_slots == 0 && waiting.iter().any(|job| is_left_out(&job)) {
        let load = |running_job: &&Running| (local_counts.get(&running_job.tenant).copied().unwrap_or_default(), running_job.age);
        schedule.yields = running.iter().max_by_key(load).map(|running_job| running_job.id);
    }
    schedule
}

#[cfg(test)]
mod tests {
    use entity::prelude::Timestamp;
    use uuid::Uuid;

    use super::*;
    use crate::jobs::core::State;

    fn tenant(n: u128) -> TenantId {
        TenantId::from_uuid(Uuid::from_u128(n))
    }
    fn job(of: u128, n: u128, deaths: i64) -> Job {
        Job {
            tenant: tenant(of),
            id: JobId::from_uuid(Uuid::from_u128(of << 32 | n)),
            kind: "test".to_owned(),
            period: None,
            payload: "{}".to_owned(),
            state: State::Waiting,
            due_at: Timestamp(n as i64),
            owner: None,
            token: 0,
            beat: 0,
            failures: deaths,
            deaths,
            started_at: None,
            finished_at: None,
            error: None,
            fault: None,
            created_at: Timestamp(0),
        }
    }
    fn running(of: u128, age: u64, is_suspect: bool) -> Running {
        Running { id: JobId::from_uuid(Uuid::from_u128(of << 64 | u128::from(age))), tenant: tenant(of), is_suspect, age }
    }
    /// Returns the tenants of the jobs that start, in order, and the tenant of the job that has to
    /// yield.
    fn begun(waiting: Vec<Job>, here: &[Running], suspects: bool) -> (Vec<u128>, Option<u128>) {
        let mut everywhere: HashMap<TenantId, usize> = HashMap::new();
        here.iter().for_each(|one| *everywhere.entry(one.tenant).or_default() += 1);
        let turns = next(waiting, here, &everywhere, (1_000, suspects));
        let whose = |id: JobId| here.iter().find(|one| one.id == id).map(|one| one.tenant.uuid().as_u128()).unwrap();
        (turns.taken.iter().map(|job| job.tenant.uuid().as_u128()).collect(), turns.yields.map(whose))
    }
    fn many(of: u128, count: u128) -> impl Iterator<Item = Job> {
        (0..count).map(move |n| job(of, n, 0))
    }

    #[test]
    fn tenants_take_turns_and_none_takes_all() {
        assert_eq!(begun(many(1, 40).collect(), &[], false).0, [1, 1, 1, 1], "its share");
        let both = many(1, 40).chain(many(2, 1)).collect();
        assert_eq!(begun(both, &[], false).0, [1, 2, 1, 1, 1]);
        let three: Vec<Job> = many(1, 9).chain(many(2, 9)).chain(many(3, 9)).collect();
        assert_eq!(begun(three, &[], false).0, [1, 2, 3, 1, 2, 3], "two places are for others");
        let two = [running(1, 9, false), running(1, 8, false), running(2, 7, false), running(2, 6, false)];
        assert_eq!(begun(many(1, 9).chain(many(2, 9)).chain(many(3, 1)).collect(), &two, false).0, [3, 1]);
        let full: Vec<Running> = [1, 1, 1, 1, 2, 2].map(|of| running(of, 5, false)).into();
        assert_eq!(begun(many(1, 9).chain(many(2, 9)).chain(many(3, 2)).collect(), &full, false).0, [3]);
    }

    #[test]
    fn what_is_held_and_has_lost_its_worker_is_no_load() {
        let [live, dead] = [1, 2].map(|n| WorkerId::from_uuid(Uuid::from_u128(n)));
        let of = |owner, kind: &str| Job { owner: Some(owner), kind: kind.to_owned(), state: State::Running, ..job(1, 1, 0) };
        let running = [of(live, "test.mail"), of(dead, "test.mail"), of(dead, "test")];
        let load = |on_hold: &[&str]| loads(&running, &[live], on_hold).get(&tenant(1)).copied();
        assert_eq!(load(&["test.mail"]), Some(2), "what is not held is taken over");
        assert_eq!(load(&[]), Some(3));
        assert_eq!(loads(&running[1..2], &[live], &["test.mail"]).len(), 0);
    }

    #[test]
    fn whoever_has_most_makes_room_for_whoever_has_nothing() {
        let full: Vec<Running> = (0..8).map(|n| running([1, 1, 1, 2, 3, 4, 5, 6][n], 10 * n as u64, false)).collect();
        assert_eq!(begun(many(1, 3).collect(), &full, false), (vec![], None), "one of its own need not");
        assert_eq!(begun(many(7, 1).collect(), &full, false), (vec![], Some(1)));
        let even: Vec<Running> = (0..8).map(|n| running(n + 1, 80 - n as u64, false)).collect();
        assert_eq!(begun(many(9, 1).collect(), &even, false), (vec![], Some(1)), "whoever has run longest");
    }

    #[test]
    fn a_suspect_is_begun_beside_nothing_that_is_new() {
        let mixed = || vec![job(1, 1, 1), job(2, 2, 0), job(3, 3, 1)];
        assert_eq!(begun(mixed(), &[], true).0, [1]);
        assert_eq!(begun(mixed(), &[], false).0, [2]);
        assert_eq!(begun(mixed(), &[running(4, 999, false)], true).0, [0; 0], "it may be the killer");
        assert_eq!(begun(mixed(), &[running(4, 1_000, false)], true).0, [1]);
        assert_eq!(begun(mixed(), &[running(1, 999, true)], false).0, [0; 0], "on trial");
        assert_eq!(begun(mixed(), &[running(1, 1_000, true)], false).0, [2]);
        assert_eq!(begun(vec![job(1, 1, 1), job(3, 3, 1)], &[], false).0, [1]);
    }
}
