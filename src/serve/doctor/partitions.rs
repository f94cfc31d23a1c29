//! Tables that Postgres parts by month: whether the months to come are made, and who makes them.

use entity::{
    prelude::Timestamp,
    record::{Record, Selected},
    tables::job,
};
use platform::{
    clock::Clock,
    storage::{Database, Fault, MissingPart, PartitionFacts},
};

use super::{probes::of_fault, report::Finding};

const MONTHS_CHECK: &str = "partitions";
const OWNER_CHECK: &str = "partition owner";
const JOB_CHECK: &str = "partition job";
/// Months ahead that there must be.
const MIN_MONTHS_AHEAD: i64 = 2;
const DAY_MICROS: i64 = 24 * 3600 * 1_000_000;

/// The job `partitions.make`, where it fails.
#[derive(Debug, Clone, PartialEq, Eq, Record)]
struct FailingJob {
    /// Times in a row.
    #[record(of = job, alias = "j")]
    failures: i64,
    #[record(of = job, alias = "j")]
    error: Option<String>,
}

pub(super) async fn check_partitions(db: Database, clock: Clock) -> Vec<Finding> {
    let now = clock.now();
    match facts(&db, now).await {
        Ok(Some((facts, job))) => partition_findings(&facts, job.as_ref(), now),
        Ok(None) => Vec::new(),
        Err(fault) => of_fault(MONTHS_CHECK, &fault),
    }
}

async fn facts(db: &Database, now: Timestamp) -> Result<Option<(PartitionFacts, Option<FailingJob>)>, Fault> {
    let Some(facts) = db.partition_facts(now).await? else { return Ok(None) };
    let select = FailingJob::SELECT;
    let sql = format!("SELECT {select} FROM job j WHERE j.kind = 'partitions.make' AND j.period IS NOT NULL AND j.failures > 0");
    let job = db.global().records::<FailingJob>(&sql, vec![]).await?.into_iter().next();
    Ok(Some((facts, job)))
}

fn partition_findings(facts: &PartitionFacts, job: Option<&FailingJob>, now: Timestamp) -> Vec<Finding> {
    let mut findings = vec![months(facts, now), owner(facts)];
    // A login that owns no table cannot run the job: that is reported once.
    findings.extend(job.filter(|_| facts.not_owned.is_none()).map(failing_job_finding));
    findings
}

fn months(facts: &PartitionFacts, now: Timestamp) -> Finding {
    let first_missing = facts.missing.first().filter(|first_missing| first_missing.months_ahead <= MIN_MONTHS_AHEAD);
    let Some(first_missing) = first_missing else {
        return Finding::ok(MONTHS_CHECK, format!("{} month(s) ahead have theirs", facts.ahead));
    };
    let of_month: Vec<&MissingPart> = facts.missing.iter().filter(|part| part.month == first_missing.month).collect();
    let tables: Vec<&str> = of_month.iter().map(|part| part.table).collect();
    let days = first_missing.month.start().saturating_sub(now.micros()).div_euclid(DAY_MICROS);
    let observation = format!("no partition of {} for {}", tables.join(", "), first_missing.month);
    let detached = of_month.iter().find_map(|part| part.detached.as_deref().map(|name| attach(part, name)));
    let advice = detached.unwrap_or_else(|| {
        let login = if can_make(facts) { "" } else { " with the login that owns the tables" };
        format!("run `entrepot partitions run`{login}: it blocks no requests, and is safe to repeat")
    });
    match first_missing.months_ahead {
        0 => Finding::fail(MONTHS_CHECK, format!("{observation}, the current month: every change fails"), advice),
        1 => Finding::fail(
            MONTHS_CHECK,
            format!("{observation}, which begins in {days} day(s): every change fails from then on"),
            advice,
        ),
        _ => Finding::warn(MONTHS_CHECK, format!("{observation}, which begins in {days} day(s)"), advice),
    }
}

/// Returns the advice for a detached table that has the name of a missing part.
fn attach(part: &MissingPart, name: &str) -> String {
    let (table, from, to) = (part.table, part.month.start(), part.month.plus(1).start());
    format!(
        "{name} is there and not attached, so no other is made: ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ({from}) TO ({to}); or drop it if it is empty, and run `entrepot partitions run`"
    )
}

fn can_make(facts: &PartitionFacts) -> bool {
    facts.not_owned.is_none() && facts.may_create
}

fn owner(facts: &PartitionFacts) -> Finding {
    const DAILY: &str = "run `entrepot partitions run` once a day by cron, with the login that owns the tables";
    let login = &facts.login;
    match &facts.not_owned {
        Some(tables) if facts.missing.is_empty() => {
            Finding::ok(OWNER_CHECK, format!("the login {login} does not own {tables}, and another one creates the partitions"))
        }
        Some(tables) => Finding::warn(
            OWNER_CHECK,
            format!("the login {login} does not own {tables}, so its workers create no partitions"),
            DAILY,
        ),
        None if !facts.may_create => Finding::warn(
            OWNER_CHECK,
            format!("the login {login} may create no table in the schema, so its workers create no partitions"),
            format!("GRANT CREATE ON SCHEMA with the name of the schema TO {login}, as the owner of the schema"),
        ),
        None => Finding::ok(OWNER_CHECK, format!("the login {login} owns the tables, so its workers create the partitions")),
    }
}

fn failing_job_finding(job: &FailingJob) -> Finding {
    let error = job.error.as_deref().unwrap_or("see the log of the workers");
    Finding::warn(
        JOB_CHECK,
        format!("partitions.make has failed {} time(s) in a row: {error}", job.failures),
        "run `entrepot partitions run` now; if a lock was not available within two seconds, end the long transaction that holds it",
    )
}

#[cfg(test)]
mod tests {
    use platform::storage::Month;

    use super::{
        super::report::Verdict::{self, Fail, Ok, Warn},
        *,
    };

    fn now() -> Timestamp {
        // 2026-11-25T00:00:00Z
        Timestamp(1_795_564_800_000_000)
    }

    fn missing(table: &'static str, months_ahead: i64) -> MissingPart {
        MissingPart { table, month: Month::of(now()).plus(months_ahead), months_ahead, detached: None }
    }

    fn owned(missing: Vec<MissingPart>) -> PartitionFacts {
        PartitionFacts { missing, login: "shop".to_owned(), may_create: true, ..PartitionFacts::default() }
    }

    fn verdicts(facts: &PartitionFacts, job: Option<&FailingJob>) -> Vec<Verdict> {
        partition_findings(facts, job, now()).iter().map(|finding| finding.verdict).collect()
    }

    #[test]
    fn months_without_partitions_are_told_before_they_begin() {
        assert_eq!(verdicts(&owned(vec![]), None), [Ok, Ok]);
        for (months_ahead, verdict) in [(0, Fail), (1, Fail), (2, Warn), (3, Ok)] {
            assert_eq!(verdicts(&owned(vec![missing("event", months_ahead)]), None), [verdict, Ok], "{months_ahead}");
        }
        let next = owned(vec![missing("event", 1), missing("webhook_attempt", 1), missing("event", 2)]);
        let line = months(&next, now()).line();
        assert!(line.contains("no partition of event, webhook_attempt for 2026-12, which begins in 6 day(s)"), "{line}");
    }

    #[test]
    fn a_table_in_the_place_of_a_part_is_attached_again() {
        let detached = MissingPart { detached: Some("event_2026_12".to_owned()), ..missing("event", 1) };
        let line = months(&owned(vec![detached]), now()).line();
        let wanted = "ALTER TABLE event ATTACH PARTITION event_2026_12 FOR VALUES FROM (1796083200000000) TO (1798761600000000);";
        assert!(line.contains(wanted), "{line}");
    }

    #[test]
    fn a_login_that_cannot_make_months_is_told_what_to_do() {
        let job = FailingJob { failures: 2, error: Some("must be owner of table event".to_owned()) };
        let foreign = |missing| PartitionFacts { not_owned: Some("event".to_owned()), ..owned(missing) };
        assert_eq!(verdicts(&foreign(vec![]), Some(&job)), [Ok, Ok], "another login makes them");
        let late = foreign(vec![missing("event", 2)]);
        assert_eq!(verdicts(&late, Some(&job)), [Warn, Warn]);
        assert!(months(&late, now()).line().contains("with the login that owns the tables"));
        assert_eq!(verdicts(&PartitionFacts { may_create: false, ..owned(vec![]) }, None), [Ok, Warn]);
        assert_eq!(verdicts(&owned(vec![]), Some(&job)), [Ok, Ok, Warn]);
    }
}
