//! What is done with a demo that is filled: its forecasts are made, and a day or a week is had in it and proved.

use entity::prelude::TenantId;
use jiff::{civil::Date, tz::TimeZone};
use platform::{clock::Clock, storage::Database};
use serde_json::{Value, json};
use services::{forecasting, insight::verify};
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

/// The run of forecasts of this week, which the server makes by itself only a quarter of an hour later: plans rest on it. One that is there stays.
pub(super) async fn foresee(db: &Database, clock: &Clock, client: &Client) -> Result<(), DemoError> {
    let query = "{ viewer { tenant { id } } }";
    let viewer: Value = client.ask(&RequestLabel::new("shop", "viewer"), request(query, json!({}))?).await?;
    let id = viewer["viewer"]["tenant"]["id"].as_str().unwrap_or_default();
    let tenant = id.parse::<TenantId>().map_err(|err| DemoError::Shop(format!("the tenant's ID is {id}: {err}")))?;
    if let Some(made) = forecasting::shell::make_run(db, clock, tenant).await? {
        println!("  {:<10}  {} forecasts from {} weeks of demand", "forecasts", made.series, made.weeks);
    }
    Ok(())
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
