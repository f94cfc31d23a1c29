//! A stored schedule, and its runs.

use entity::prelude::*;

use super::{
    fields::Fields,
    run::{Manifest, RunPlan, SCHEMA_VERSION, noun_of},
};
use crate::{
    buckets::core::Bucket,
    exchange::core::{columns::exported_columns, typed::typed_name},
};

/// Stored schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    pub id: ExportScheduleId,
    pub fields: Fields,
    /// None: the deployment's file store.
    pub bucket: Option<Bucket>,
    /// The bucket's secret, sealed.
    pub sealed: Option<Vec<u8>>,
    pub status: ExportScheduleStatus,
    /// Actor whose rights each run has.
    pub maker: Actor,
    /// API key with which a program set it: the schedule is paused when the key is removed.
    pub key: Option<ApiKeyId>,
    /// The current set of files; 0 before the first.
    pub set: i64,
    pub generation: Option<i64>,
    /// The event up to which the set is complete; `None` before all rows are in it.
    pub through: Option<i64>,
    /// The run that has not ended.
    pub run: Option<RunPlan>,
    /// Whether the next run begins a new set.
    pub wants_all: bool,
    /// Consecutive failed runs.
    pub failures: i64,
    pub last_run_at: Option<Timestamp>,
    pub last_error: Option<String>,
    pub next_run_at: Option<Timestamp>,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Current version of an entity's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntityVersion {
    /// Generation of demand facts; 0 for other rows.
    pub generation: i64,
    pub seq: i64,
    /// The journal is complete after this event.
    pub low: i64,
}

impl Schedule {
    /// Whether a change needs new files instead of a continuation of the old ones: other rows,
    /// another format or place, or a maker who may see other rows.
    pub fn needs_restart(&self, fields: &Fields, bucket: Option<&Bucket>, actor: Actor) -> bool {
        let is_same_place = match (&self.bucket, bucket) {
            (None, None) => true,
            (Some(before), Some(now)) => before.is_place_of(now),
            _ => false,
        };
        self.fields.entity != fields.entity || self.fields.format != fields.format || !is_same_place || self.maker != actor
    }

    /// Returns the run that continues or begins; `None` if there are no events since the last one.
    pub fn plan_run(&self, head: EntityVersion) -> Option<RunPlan> {
        if let Some(run) = &self.run
            && (run.is_whole || !self.wants_all)
            && run.generation == head.generation
            && run.to <= head.seq
        {
            return Some(run.clone());
        }
        let is_kept = |through_seq: &i64| {
            let low = if self.fields.entity == ExportEntity::Orders { head.low } else { 0 };
            !self.wants_all && self.generation == Some(head.generation) && (low..=head.seq).contains(through_seq)
        };
        let (set, from) = match self.through.filter(is_kept) {
            Some(through_seq) if through_seq == head.seq => return None,
            Some(through_seq) => (self.set, Some(through_seq)),
            None => (self.set + 1, None),
        };
        Some(RunPlan {
            set,
            generation: head.generation,
            from: from.unwrap_or(0),
            to: head.seq,
            is_whole: from.is_none(),
            sections: Vec::new(),
            files: Vec::new(),
        })
    }

    /// Returns the schedule with a run in progress.
    #[must_use]
    pub fn with_run(&self, run: RunPlan) -> Self {
        let through = self.through.filter(|_| !run.is_whole);
        Self { set: run.set, generation: Some(run.generation), through, run: Some(run), ..self.clone() }
    }

    /// Returns the schedule after a run; a run without rows leaves its range to the next one.
    #[must_use]
    pub fn after_run(&self, now: Timestamp) -> Self {
        let through = match &self.run {
            Some(run) if run.is_whole || !run.files.is_empty() => Some(run.to),
            _ => self.through,
        };
        let wants_all = self.wants_all && self.run.as_ref().is_none_or(|run| !run.is_whole);
        Self { through, wants_all, run: None, failures: 0, last_run_at: Some(now), last_error: None, ..self.clone() }
    }

    /// Returns the manifest of its run.
    pub fn manifest(&self, run: &RunPlan) -> Manifest {
        let names = exported_columns(noun_of(self.fields.entity)).iter();
        let columns = match self.fields.format {
            ExportFormat::Parquet => names.map(|name| typed_name(name)).collect(),
            ExportFormat::Csv | ExportFormat::Jsonl => names.map(|name| (*name).to_owned()).collect(),
        };
        let replaces_by: &[&str] = match self.fields.entity {
            ExportEntity::DemandFacts => &["businessDate", "productId", "storeId", "channelId", "currency"],
            ExportEntity::Movements => &[],
            ExportEntity::Orders => &["number"],
            ExportEntity::Stock => &["sku", "store"],
        };
        Manifest {
            schema_version: SCHEMA_VERSION,
            schedule_id: self.id,
            entity: self.fields.entity,
            format: self.fields.format,
            set: run.set,
            generation: run.generation,
            is_whole: run.is_whole,
            from_seq: run.from,
            to_seq: run.to,
            replaces_by: replaces_by.iter().map(|name| (*name).to_owned()).collect(),
            columns,
            rows: run.files.iter().map(|file| file.rows).sum(),
            files: run.files.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::export_schedules::core::{Problem, WrittenFile};

    fn schedule(entity: ExportEntity) -> Schedule {
        let fields = Fields {
            name: "Lake".to_owned(),
            entity,
            format: ExportFormat::Parquet,
            period: SchedulePeriod::Hourly,
            hour: 0,
            time_zone: "UTC".to_owned(),
        };
        Schedule {
            id: Id::from_uuid(Uuid::from_u128(1)),
            fields,
            bucket: None,
            sealed: None,
            status: ExportScheduleStatus::Active,
            maker: Actor::SYSTEM,
            key: None,
            set: 0,
            generation: None,
            through: None,
            run: None,
            wants_all: false,
            failures: 0,
            last_run_at: None,
            last_error: None,
            next_run_at: Some(Timestamp(9)),
            version: 1,
            created_at: Timestamp(1),
            updated_at: Timestamp(1),
        }
    }

    fn head(generation: i64, seq: i64) -> EntityVersion {
        EntityVersion { generation, seq, low: 0 }
    }

    /// Returns the set, the range and whether it has all rows, of the next run of a schedule.
    fn next(schedule: &Schedule, head: EntityVersion) -> Option<(i64, i64, i64, bool)> {
        schedule.plan_run(head).map(|run| (run.set, run.from, run.to, run.is_whole))
    }

    fn schedule_after_run(schedule: &Schedule, head: EntityVersion) -> Schedule {
        let mut run = schedule.plan_run(head).unwrap();
        let (from_seq, to_seq) = (run.from, run.to);
        let file = WrittenFile { name: "a".to_owned(), month: None, from_seq, to_seq, rows: 1, bytes: 1, sha256: String::new() };
        run.files.push(file);
        schedule.with_run(run).after_run(Timestamp(5))
    }

    #[test]
    fn runs_follow_each_other_without_a_gap() {
        let first = schedule_after_run(&schedule(ExportEntity::Movements), head(0, 10));
        assert_eq!((first.set, first.through), (1, Some(10)));
        assert_eq!(next(&first, head(0, 10)), None, "no event has come");
        assert_eq!(next(&first, head(0, 12)), Some((1, 10, 12, false)));
        let second = schedule_after_run(&first, head(0, 12));
        assert_eq!((second.set, second.through, second.last_run_at), (1, Some(12), Some(Timestamp(5))));
        // A run without rows leaves its events to the next one.
        let empty = second.with_run(second.plan_run(head(0, 20)).unwrap()).after_run(Timestamp(6));
        assert_eq!(next(&empty, head(0, 25)), Some((1, 12, 25, false)));
    }

    #[test]
    fn a_run_that_is_tried_again_has_the_same_range() {
        let first = schedule_after_run(&schedule(ExportEntity::Movements), head(0, 10));
        let running_schedule = first.with_run(first.plan_run(head(0, 12)).unwrap());
        assert_eq!(next(&running_schedule, head(0, 99)), Some((1, 10, 12, false)));
        let whole = schedule(ExportEntity::Movements);
        let whole = whole.with_run(whole.plan_run(head(0, 12)).unwrap());
        assert_eq!(next(&whole, head(0, 99)), Some((1, 0, 12, true)));
    }

    #[test]
    fn a_new_set_begins_when_it_is_asked_for_or_the_rows_are_other_ones() {
        let first = schedule_after_run(&schedule(ExportEntity::DemandFacts), head(3, 10));
        assert_eq!(next(&first, head(4, 20)), Some((2, 0, 20, true)), "facts were made again");
        assert_eq!(next(&first, head(3, 5)), Some((2, 0, 5, true)), "the database is one of before");
        let asked = Schedule { wants_all: true, ..first.clone() };
        assert_eq!(next(&asked, head(3, 10)), Some((2, 0, 10, true)));
        assert!(!schedule_after_run(&asked, head(3, 10)).wants_all);
        // A run that began before all rows were requested is not continued; nor is one of another
        // generation of facts.
        let running_schedule = Schedule { wants_all: true, ..first.with_run(first.plan_run(head(3, 12)).unwrap()) };
        assert_eq!(next(&running_schedule, head(3, 12)), Some((2, 0, 12, true)));
        let running_schedule = first.with_run(first.plan_run(head(3, 12)).unwrap());
        assert_eq!(next(&running_schedule, head(4, 12)), Some((2, 0, 12, true)));
        let orders = schedule_after_run(&schedule(ExportEntity::Orders), head(0, 10));
        let forgotten = EntityVersion { low: 15, ..head(0, 20) };
        assert_eq!(next(&orders, forgotten), Some((2, 0, 20, true)), "the journal is not whole any more");
        let movements = schedule_after_run(&schedule(ExportEntity::Movements), head(0, 10));
        assert_eq!(next(&movements, forgotten), Some((1, 10, 20, false)));
    }

    #[test]
    fn other_rows_places_and_owners_begin_anew() {
        let one = schedule(ExportEntity::Orders);
        let is_anew = |fields: &Fields, maker: Actor| one.needs_restart(fields, None, maker);
        assert!(!is_anew(&Fields { name: "Other".to_owned(), hour: 5, ..one.fields.clone() }, one.maker));
        assert!(is_anew(&Fields { format: ExportFormat::Csv, ..one.fields.clone() }, one.maker));
        assert!(is_anew(&one.fields, Actor { id: Uuid::from_u128(3), ..one.maker }));
    }

    #[test]
    fn a_name_and_an_hour_are_checked() {
        let fields = schedule(ExportEntity::Stock).fields;
        assert_eq!(fields.problems(), []);
        let named = |name: &str| Fields { name: name.to_owned(), ..fields.clone() }.problems();
        assert!(matches!(named(" ")[..], [Problem::Missing { name: "name", .. }]));
        assert!(matches!(named("a\nb")[..], [Problem::Invalid { name: "name", .. }]));
        assert_eq!(named(&"x".repeat(101)), [Problem::TooLong { most: 100, name: "name" }]);
        let both = Fields { name: String::new(), hour: 24, ..fields.clone() }.problems();
        assert!(matches!(both[..], [Problem::Missing { .. }, Problem::OutOfRange { name: "hour", .. }]), "{both:?}");
    }
}
