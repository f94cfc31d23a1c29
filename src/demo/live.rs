//! What is done with a demo that is filled: its forecasts are made, and a day or a week is had in it and proved.

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
    filled::emails,
    run::{DemoError, log_in},
    shop::DemoSite,
};
use crate::config::Demo;

/// Weeks before this one whose runs are made as well: after so many a product's tracking signal is known, and forecasts of eight weeks ahead
/// have come true. One more could open alerts of forecasts.
const EARLIER_RUNS: i32 = 9;
const HOUR: i64 = 3_600_000_000;

/// The runs of forecasts of the weeks before and of this one, which the server makes by itself only a quarter of an hour later: plans rest on it. Those
/// that are there stay.
pub(super) async fn foresee(db: &Database, clock: &Clock, client: &Client) -> Result<(), DemoError> {
    let query = "{ viewer { tenant { id } } }";
    let viewer: Value = client.ask(&RequestLabel::new("shop", "viewer"), request(query, json!({}))?).await?;
    let id = viewer["viewer"]["tenant"]["id"].as_str().unwrap_or_default();
    let tenant = id.parse::<TenantId>().map_err(|err| DemoError::Shop(format!("the tenant's ID is {id}: {err}")))?;
    let mut earlier = 0;
    for then in earlier_clocks(clock) {
        earlier += usize::from(forecasting::shell::make_run(db, &then, tenant).await?.is_some());
    }
    if earlier > 0 {
        println!("  {:<10}  {earlier} runs of the weeks before, beside what came true", "forecast");
    }
    if let Some(made) = forecasting::shell::make_run(db, clock, tenant).await? {
        println!("  {:<10}  {} forecasts from {} weeks of demand", "forecasts", made.series, made.weeks);
    }
    Ok(())
}

/// Clocks that stand at noon of the Mondays before this week, the oldest first: a run knows those before it. It takes the time and nothing else from them.
fn earlier_clocks(clock: &Clock) -> impl Iterator<Item = Clock> {
    let monday = week_of(local_day(clock.now(), "UTC"));
    (1..=EARLIER_RUNS).rev().map(move |weeks| {
        let noon = Timestamp((i64::from(monday - 7 * weeks) * 24 + 12) * HOUR);
        Clock::manual(move || noon, 0)
    })
}

/// Today's date in the demo's time zone.
pub(super) fn today(clock: &Clock) -> Date {
    let now = jiff::Timestamp::from_microsecond(clock.now().0).unwrap_or(jiff::Timestamp::MAX);
    now.to_zoned(TimeZone::UTC).date()
}

/// A day through the API, and the proof of the whole database after it.
pub(super) async fn day(db: &Database, clock: &Clock, base: &str, token: &str) -> Result<(), DemoError> {
    let word = clock.uuid().simple().to_string()[24..].to_owned();
    Day::new(&Client::new(base, token)?, word).live().await?;
    prove(db).await
}

/// A week through the API by staff of four stores, and the same proof.
pub(super) async fn week(args: &Demo, (db, clock): (&Database, &Clock), base: &str) -> Result<(), DemoError> {
    let word = clock.uuid().simple().to_string()[24..].to_owned();
    let emails = emails(&args.file);
    // Who invites people has shown a password in the last minutes.
    let owner = log_in(base).await?;
    let site = DemoSite { base, emails: &emails };
    let week = Box::pin(Week::begin(&site, (owner.as_str(), word), today(clock))).await?;
    Box::pin(week.live()).await?;
    prove(db).await
}

async fn prove(db: &Database) -> Result<(), DemoError> {
    let report = verify::verify(db, |_| {}).await?;
    println!("\n{report}");
    if report.is_sound() { Ok(()) } else { Err(DemoError::Day("the database does not hold what it must".to_owned())) }
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
                earlier_clocks(&Clock::manual(move || now, 1)).map(|clock| local_day(clock.now(), "Europe/London")).collect();
            let this_week = week_of(local_day(now, "UTC"));
            assert_eq!(days, (1..=9).rev().map(|weeks| this_week - 7 * weeks).collect::<Vec<_>>());
        }
    }
}
