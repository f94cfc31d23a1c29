//! Steps on a filled demo: its forecasts are computed, and a day or a week is run in it and
//! verified.

use entity::prelude::{TenantId, Timestamp};
use jiff::{civil::Date, tz::TimeZone};
use platform::{
    clock::{Clock, local_day},
    storage::Database,
};
use serde_json::{Value, json};
use services::{demand::core::week_of, forecasting, insight::verify};
use tools::replay::{
    Client,
    wire::{RequestLabel, request},
};

use super::{
    day::{Day, Week},
    error::DemoError,
    filled::emails_folder,
    owner::log_in,
    shop::DemoSite,
};
use crate::config::Demo;

/// Weeks before this one whose runs are made as well: after this number a product's tracking signal
/// is known, and forecasts of eight weeks ahead can be compared with demand. One more could open
/// alerts of forecasts.
const PAST_WEEK_RUNS: i32 = 9;
const HOUR: i64 = 3_600_000_000;

/// Makes the forecast runs of this week and of the weeks before, as plans need them: the server
/// itself makes its run a quarter of an hour later. Existing runs are kept.
pub(super) async fn run_past_forecasts(db: &Database, clock: &Clock, client: &Client) -> Result<(), DemoError> {
    let query = "{ viewer { tenant { id } } }";
    let viewer: Value = client.send_query(&RequestLabel::new("shop", "viewer"), request(query, json!({}))?).await?;
    let id = viewer["viewer"]["tenant"]["id"].as_str().unwrap_or_default();
    let tenant = id.parse::<TenantId>().map_err(|err| DemoError::Shop(format!("the tenant's ID is {id}: {err}")))?;
    let mut past_runs = 0;
    for past_clock in past_week_clocks(clock) {
        past_runs += usize::from(forecasting::shell::make_run(db, &past_clock, tenant).await?.is_some());
    }
    if past_runs > 0 {
        println!("  {:<10}  {past_runs} runs of the weeks before, with the actual values", "forecast");
    }
    if let Some(run) = forecasting::shell::make_run(db, clock, tenant).await? {
        println!("  {:<10}  {} forecasts from {} weeks of demand", "forecasts", run.series, run.weeks);
    }
    Ok(())
}

/// Clocks set to noon of the Mondays before this week, the oldest first: a run knows the weeks
/// before its time. Only the time is taken from them.
fn past_week_clocks(clock: &Clock) -> impl Iterator<Item = Clock> {
    let monday = week_of(local_day(clock.now(), "UTC"));
    (1..=PAST_WEEK_RUNS).rev().map(move |weeks| {
        let noon = Timestamp((i64::from(monday - 7 * weeks) * 24 + 12) * HOUR);
        Clock::manual(move || noon, 0)
    })
}

/// Today's date in the demo's time zone.
pub(super) fn current_day(clock: &Clock) -> Date {
    let now = jiff::Timestamp::from_microsecond(clock.now().0).unwrap_or(jiff::Timestamp::MAX);
    now.to_zoned(TimeZone::UTC).date()
}

/// A day through the API, and the proof of the whole database after it.
pub(super) async fn day(db: &Database, clock: &Clock, base: &str, token: &str) -> Result<(), DemoError> {
    let word = clock.uuid().simple().to_string()[24..].to_owned();
    Day::new(&Client::new(base, token)?, word).run_scenario().await?;
    verify_database(db).await
}

/// A week through the API by staff of four stores, and the same proof.
pub(super) async fn week(args: &Demo, (db, clock): (&Database, &Clock), base: &str) -> Result<(), DemoError> {
    let word = clock.uuid().simple().to_string()[24..].to_owned();
    let emails = emails_folder(&args.file);
    // An invitation needs a password that was entered in the last minutes.
    let owner = log_in(base).await?;
    let site = DemoSite { base, emails: &emails };
    let week = Box::pin(Week::begin(&site, (owner.as_str(), word), current_day(clock))).await?;
    Box::pin(week.run_scenario()).await?;
    verify_database(db).await
}

async fn verify_database(db: &Database) -> Result<(), DemoError> {
    let report = verify::verify(db, |_| {}).await?;
    println!("\n{report}");
    if report.is_sound() { Ok(()) } else { Err(DemoError::Day("the database breaks invariants".to_owned())) }
}

#[cfg(test)]
mod tests {
    use platform::clock::parse_rfc3339;

    use super::*;

    #[test]
    fn earlier_runs_are_made_on_mondays_the_oldest_first() {
        for now in ["2026-11-29T23:59:00Z", "2026-11-23T00:00:00Z"] {
            let now = parse_rfc3339(now).unwrap();
            let days: Vec<i32> =
                past_week_clocks(&Clock::manual(move || now, 1)).map(|clock| local_day(clock.now(), "Europe/London")).collect();
            let this_week = week_of(local_day(now, "UTC"));
            assert_eq!(days, (1..=9).rev().map(|weeks| this_week - 7 * weeks).collect::<Vec<_>>());
        }
    }
}
