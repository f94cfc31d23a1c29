//! `entrepot partitions`: the parts of tables that are parted by month.

use entity::prelude::Timestamp;
use platform::{
    clock::Clock,
    storage::{Backend, Database, Fault, Month, Part, PartState},
};
use services::{
    backups::{ArchiveTerms, MonthOutcome, archive_months},
    files::Store,
    saved_views::events::omitted_rows_field,
};

use super::{StartError, open_migrated, print_stdout};
use crate::config::{DatabaseArgs, FileArgs, PartitionsAction};

/// Months ahead that there must be: below, the alarm fires.
const MIN_MONTHS_AHEAD: i64 = 2;

/// Whether there are parts for the months to come; of an archive, whether no month has failed.
pub async fn run(action: PartitionsAction) -> Result<bool, StartError> {
    match action {
        PartitionsAction::Run { database } => {
            let db = open_partitioned(&database).await?;
            let created = db.create_missing_parts(Clock::system().now()).await?;
            print_stdout(&format!("{created} partition(s) created"))?;
            report_months_ahead(db).await
        }
        PartitionsAction::List { database } => {
            let db = open_partitioned(&database).await?;
            for part in db.parts().await? {
                print_stdout(&line(&part))?;
            }
            report_months_ahead(db).await
        }
        PartitionsAction::Archive { database, files, keep_months, journal_days } => {
            refuse_short_retention(keep_months, journal_days)?;
            archive(&database, &files, keep_months, journal_days).await
        }
    }
}

async fn open_partitioned(database: &DatabaseArgs) -> Result<Database, StartError> {
    let db = open_migrated(&database.database_url, database.options()).await?;
    match db.backend() {
        Backend::Postgres => Ok(db),
        Backend::Sqlite => Err(Fault::Broken("SQLite keeps whole tables: it has no partitions".to_owned()).into()),
    }
}

/// Prints how many months ahead partitions exist, and returns whether that is enough.
async fn report_months_ahead(db: Database) -> Result<bool, StartError> {
    let months = db.months_ahead(Clock::system().now()).await?.unwrap_or_default();
    print_stdout(&format!("{months} month(s) ahead"))?;
    db.close().await?;
    Ok(months >= MIN_MONTHS_AHEAD)
}

/// Name, month, state and bytes, between tabs.
fn line(part: &Part) -> String {
    let month = part.month.map_or_else(|| "before".to_owned(), |month| month.to_string());
    let state = match part.state {
        PartState::Attached => "attached",
        PartState::Detaching => "detaching",
        PartState::Detached if part.note.is_some() => "archived",
        PartState::Detached => "detached",
    };
    format!("{}\t{month}\t{state}\t{} bytes", part.name, part.bytes)
}

/// Minimum days of `months` months, at any place in the calendar.
const fn least_days(months: i64) -> i64 {
    months * 365 / 12 - 2
}

/// Refuses to archive events that subscribers may still catch up with: they would get RESET, although --journal-days promises them those events.
fn refuse_short_retention(keep_months: i64, journal_days: i64) -> Result<(), Fault> {
    if least_days(keep_months) >= journal_days {
        return Ok(());
    }
    let enough = (journal_days.saturating_add(2).saturating_mul(12).saturating_add(364)) / 365;
    Err(Fault::Broken(format!(
        "--keep-months {keep_months} may be {} days, and with --journal-days {journal_days} subscribers catch up with older events: give --keep-months {enough} or more, or nodes and workers fewer --journal-days",
        least_days(keep_months)
    )))
}

async fn archive(database: &DatabaseArgs, files: &FileArgs, keep_months: i64, journal_days: i64) -> Result<bool, StartError> {
    let location = files.place.as_ref();
    let location =
        location.ok_or_else(|| Fault::Broken("say where the archive is kept: --files, as given to `serve`".to_owned()))?;
    let db = open_partitioned(database).await?;
    let store = Store::open(location).map_err(|error| Fault::Broken(format!("--files: {error}")))?;
    let now = Clock::system().now();
    if let Some(fault) = db.server_clock().await?.and_then(|server| clock_fault(now, server)) {
        return Err(fault.into());
    }
    let cutoff = Month::of(now).plus(-keep_months);
    // As in `journal.trim`: events that were not delivered are kept twice as long.
    let grace_seconds = 2 * journal_days * 24 * 3600;
    let outcomes =
        archive_months(&db, &store, ArchiveTerms { before: cutoff, now, grace_seconds, left_out: &[omitted_rows_field()] })
            .await?;
    for (part, outcome) in &outcomes {
        print_stdout(&outcome_line(part, outcome))?;
    }
    print_stdout(&format!("{} partition(s) older than {keep_months} months", outcomes.len()))?;
    db.close().await?;
    Ok(!outcomes.iter().any(|(_, outcome)| matches!(outcome, MonthOutcome::Failed(_))))
}

/// Months leave by the clock, and a wrong one would take the present month out.
const MAX_CLOCK_DIFFERENCE_SECONDS: i64 = 24 * 3600;

fn clock_fault(own: Timestamp, server: Timestamp) -> Option<Fault> {
    let seconds = (own.micros() - server.micros()) / 1_000_000;
    (seconds.abs() > MAX_CLOCK_DIFFERENCE_SECONDS).then(|| {
        Fault::Broken(format!(
            "this machine's clock and that of Postgres differ by {} hours: months leave by the clock. Repair it, and run the command again",
            seconds.abs() / 3600
        ))
    })
}

fn outcome_line(part: &str, outcome: &MonthOutcome) -> String {
    match outcome {
        MonthOutcome::Removed => format!("{part}\tremoved"),
        MonthOutcome::Archived(archived) => format!(
            "{part}\tarchived and read back: {} rows in {} file(s), sha256 {}",
            archived.rows,
            archived.files.len(),
            archived.content_sha256
        ),
        MonthOutcome::Kept { days } => format!("{part}\tarchived, removed in {days} day(s)"),
        MonthOutcome::Waits(reason) => format!("{part}\twaits: {reason}"),
        MonthOutcome::Failed(reason) => format!("{part}\tFAILED: {reason}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_do_not_leave_by_a_clock_that_differs_by_days() {
        let server = Timestamp(1_795_000_000_000_000);
        assert!(clock_fault(server.plus_seconds(3_600), server).is_none());
        for seconds in [-100 * 86_400, 100 * 86_400] {
            let refused = clock_fault(server.plus_seconds(seconds), server).unwrap().to_string();
            assert!(refused.contains("differ by 2400 hours"), "{refused}");
        }
    }

    #[test]
    fn months_that_subscribers_catch_up_with_are_not_archived() {
        // Each first month of a leap year and of the three years after it.
        for first in 0..48 {
            let first = Month::of(Timestamp(1_704_067_200_000_000)).plus(first);
            for months in 1..=120 {
                let days = (first.plus(months).start() - first.start()) / 86_400_000_000;
                assert!((least_days(months)..=least_days(months) + 8).contains(&days), "{months} from {first} on: {days}");
            }
        }
        assert!(refuse_short_retention(2, 7).is_ok() && refuse_short_retention(13, 365).is_ok());
        let refused = refuse_short_retention(2, 90).unwrap_err().to_string();
        assert!(refused.contains("--keep-months 4 or more"), "{refused}");
    }

    #[test]
    fn a_line_says_of_a_partition_what_it_is() {
        let of = |state, note: Option<&str>| Part {
            table: "event",
            name: "event_before".to_owned(),
            month: None,
            state,
            from: None,
            to: None,
            bytes: 8_192,
            note: note.map(ToOwned::to_owned),
        };
        assert_eq!(line(&of(PartState::Attached, None)), "event_before\tbefore\tattached\t8192 bytes");
        assert!(line(&of(PartState::Detached, None)).contains("\tdetached\t"));
        assert!(line(&of(PartState::Detached, Some("{}"))).contains("\tarchived\t"));
        assert!(outcome_line("event_2026_01", &MonthOutcome::Kept { days: 3 }).contains("removed in 3 day(s)"));
    }
}
