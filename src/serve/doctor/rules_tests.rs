use super::{
    super::report::Verdict::{self, Fail, Ok, Warn},
    *,
};

const MIB: u64 = 1 << 20;

fn sane() -> ServerFacts {
    ServerFacts {
        version: 150_020,
        max_connections: 200,
        reserved_connections: 3,
        open_connections: 20,
        synchronous_commit: "on".to_owned(),
        is_fsync_on: true,
        ..ServerFacts::default()
    }
}

fn verdict_of(facts: &ServerFacts, check: &str) -> Verdict {
    let findings = postgres(facts, 1);
    findings.iter().find(|finding| finding.check == check).unwrap_or_else(|| panic!("{check}: {findings:?}")).verdict
}

#[test]
fn a_sane_server_has_nothing_wrong() {
    assert!(postgres(&sane(), 1).iter().all(|finding| finding.verdict == Ok), "{:?}", postgres(&sane(), 1));
}

#[test]
fn each_fault_of_a_server_is_found() {
    let replica = |lag_bytes, lag_seconds| vec![ReplicaFacts { name: "b".to_owned(), lag_bytes, lag_seconds }];
    for (facts, check, verdict) in [
        (ServerFacts { version: 130_011, ..sane() }, "postgres", Fail),
        (ServerFacts { version: 140_011, ..sane() }, "postgres", Warn),
        (ServerFacts { max_connections: 90, ..sane() }, "connections", Warn),
        (ServerFacts { open_connections: 180, ..sane() }, "connections", Fail),
        (ServerFacts { synchronous_commit: "off".to_owned(), ..sane() }, "durability", Fail),
        (ServerFacts { synchronous_commit: "local".to_owned(), ..sane() }, "durability", Ok),
        (ServerFacts { is_fsync_on: false, ..sane() }, "durability", Fail),
        (ServerFacts { oldest_transaction_seconds: 300, ..sane() }, "transactions", Warn),
        (ServerFacts { oldest_transaction_seconds: 3600, ..sane() }, "transactions", Fail),
        (ServerFacts { transaction_age: 499_999_999, ..sane() }, "wraparound", Ok),
        (ServerFacts { transaction_age: 500_000_000, ..sane() }, "wraparound", Warn),
        (ServerFacts { transaction_age: 1_500_000_000, ..sane() }, "wraparound", Fail),
        (ServerFacts { is_standby: true, ..sane() }, "replication", Fail),
        (ServerFacts { replicas: replica(Some(1000), None), ..sane() }, "replication", Ok),
        (ServerFacts { replicas: replica(Some(64 << 20), None), ..sane() }, "replication", Warn),
        (ServerFacts { replicas: replica(Some(0), Some(300)), ..sane() }, "replication", Fail),
        (ServerFacts { replicas: replica(None, None), ..sane() }, "replication", Warn),
    ] {
        assert_eq!(verdict_of(&facts, check), verdict, "{check}: {facts:?}");
    }
}

#[test]
fn a_pooler_is_a_failure_only_where_it_was_seen() {
    for (pooling, verdict) in [
        (Pooling::Session, Ok),
        (Pooling::Unknown("too many clients already".to_owned()), Warn),
        (Pooling::Transaction("two open connections ran transactions in one server process"), Fail),
    ] {
        assert_eq!(pooler(&pooling).verdict, verdict, "{pooling:?}");
    }
}

#[test]
fn clocks_may_differ_a_little() {
    for (micros, verdict) in [(0, Ok), (-1_999_999, Ok), (2_000_000, Warn), (-3_600_000_000, Fail), (i64::MIN, Fail)] {
        assert_eq!(clock("clock", micros).verdict, verdict, "{micros}");
    }
    assert!(clock("clock", -3_600_000_000).seen.contains("3600.0 s behind"));
}

#[test]
fn disks_modes_and_releases_are_judged() {
    for (free, total, verdict) in
        [(200, 1_000, Fail), (3_000, 200_000, Fail), (1_000, 4_000, Warn), (5_000, 100_000, Warn), (50_000, 100_000, Ok)]
    {
        assert_eq!(disk("database", free * MIB, total * MIB).verdict, verdict, "{free} of {total}");
    }
    assert_eq!(disk("database", 0, 0).verdict, Fail);
    for (bits, is_key, verdict) in
        [(0o100_600, true, Ok), (0o100_640, true, Ok), (0o100_644, true, Fail), (0o100_644, false, Warn)]
    {
        assert_eq!(mode("it", bits, is_key).verdict, verdict, "{bits:o}");
    }
    for (version, verdict) in [("3.51.3", Ok), ("3.52.0", Ok), ("4.0.0", Ok), ("3.51.2", Fail), ("3.40.1", Fail), ("", Fail)] {
        assert_eq!(sqlite(version).verdict, verdict, "{version}");
    }
}

#[test]
fn replicas_that_nodes_do_not_read_from_are_found() {
    let verdict = |is_used, lag_bytes| {
        let replica = ReplicaStatus { name: "b:5432/entrepot".to_owned(), is_used, lag_bytes };
        read_replica(&replica, 5).verdict
    };
    assert_eq!(verdict(true, Some(4_096)), Ok);
    assert_eq!(verdict(false, Some(64 << 20)), Warn);
    assert_eq!(verdict(false, None), Fail);
}

#[test]
fn hosts_that_cannot_take_over_or_that_have_are_found() {
    let verdict = |state| host(&HostReport { name: "b:5432".to_owned(), state }).verdict;
    assert_eq!((verdict(HostState::Primary), verdict(HostState::Standby)), (Ok, Ok));
    assert_eq!(verdict(HostState::Away("no answer in time".to_owned())), Warn);
    assert_eq!(verdict(HostState::Rival), Fail);
}

#[test]
fn a_promotion_that_would_not_be_noticed_is_warned_of() {
    let watched = |is_synchronous| timeline(&TimelineReport::Watched { timeline: 3, is_synchronous });
    assert_eq!((watched(true).verdict, watched(false).verdict), (Ok, Ok));
    assert_eq!(timeline(&TimelineReport::Refused("permission denied".to_owned())).verdict, Warn);
}

#[test]
fn backups_grow_old() {
    let facts = BackupFacts {
        backup_age: Some(3_600),
        drill_age: Some(DAY),
        backup_every: 6 * 3600,
        drill_every: Some(7 * DAY),
        has_failed: false,
        is_ahead: false,
    };
    let verdicts = |facts: BackupFacts| backups(&facts).iter().map(|finding| finding.verdict).collect::<Vec<_>>();
    assert_eq!(verdicts(facts), [Ok, Ok]);
    assert_eq!(verdicts(BackupFacts { has_failed: true, ..facts }), [Warn, Ok]);
    assert_eq!(verdicts(BackupFacts { is_ahead: true, ..facts }), [Ok, Ok, Warn]);
    assert_eq!(verdicts(BackupFacts { backup_age: Some(13 * 3600), ..facts }), [Warn, Ok]);
    assert_eq!(verdicts(BackupFacts { backup_age: Some(3 * DAY), ..facts }), [Fail, Ok]);
    assert_eq!(verdicts(BackupFacts { drill_age: Some(15 * DAY), ..facts }), [Ok, Warn]);
    assert_eq!(verdicts(BackupFacts { backup_age: None, drill_age: None, ..facts }), [Warn, Warn]);
}

#[test]
fn backups_that_pgbackrest_lists_grow_old() {
    let verdict = |hours: Option<i64>, every: Option<i64>, is_damaged| {
        listed_backups(&ListedFacts { age: hours.map(|hours| hours * 3600), every, is_damaged }).verdict
    };
    for (hours, every, expected) in [
        (None, None, Warn),
        (Some(26), None, Ok),
        (Some(27), None, Warn),
        (Some(49), None, Fail),
        (Some(13), Some(6 * 3600), Warn),
        (Some(49), Some(6 * 3600), Fail),
        (Some(13 * 24), Some(7 * DAY), Ok),
        (Some(15 * 24), Some(7 * DAY), Fail),
    ] {
        assert_eq!(verdict(hours, every, false), expected, "{hours:?} {every:?}");
    }
    assert_eq!(verdict(Some(1), None, true), Warn);
}

#[test]
fn a_log_that_is_not_shipped_is_found() {
    let verdict = |is_shipped, lag| shipping(is_shipped, lag).verdict;
    assert_eq!(verdict(true, None), Ok);
    assert_eq!(verdict(true, Some(2)), Ok);
    assert_eq!(verdict(true, Some(11)), Warn);
    assert_eq!(verdict(true, Some(301)), Fail);
    assert_eq!(verdict(false, None), Warn);
}

#[test]
fn tenants_that_are_suspended_are_named() {
    assert_eq!(tenants(&[]).verdict, Ok);
    let found = tenants(&["ours", "theirs"]);
    assert_eq!((found.verdict, found.seen.as_str()), (Warn, "suspended: ours, theirs"));
}

#[test]
fn jobs_that_stand_still_are_found() {
    let verdicts = |facts: JobFacts| jobs(&facts).iter().map(|finding| finding.verdict).collect::<Vec<_>>();
    assert_eq!(verdicts(JobFacts { workers: 1, ..JobFacts::default() }), [Ok, Ok]);
    assert_eq!(verdicts(JobFacts { dead: 1, ..JobFacts::default() }), [Warn, Ok]);
    assert_eq!(verdicts(JobFacts { overdue: 1, ..JobFacts::default() }), [Warn, Ok]);
    assert_eq!(verdicts(JobFacts { failing: 1, undelivered: 1_000, ..JobFacts::default() }), [Fail, Warn]);
}
