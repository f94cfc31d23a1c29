//! A retailer's file from a seed: the same settings give the same bytes.

use std::io::{self, Write};

use jiff::civil::{Date, Weekday, date};

use super::catalogue;
use super::clerk::Clerk;
use super::dice::DemoRng;
use super::people;

/// Mean rows of an order, with its returns and other rows that depend on it.
const ROWS_AN_ORDER: u64 = 17;
const ROWS_A_PRODUCT: u64 = 30;
const ROWS_A_CUSTOMER: u64 = 90;

/// Default days of trade.
const YEAR: u16 = 365;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    pub seed: u64,
    /// The size of the file; it comes within a fifth of this.
    pub rows: u32,
    /// The first day of trade; the last one must not lie in the server's future.
    pub first_day: Date,
    /// Days of trade, Saturdays closed.
    pub days: u16,
}

impl Default for Settings {
    /// A year that loads in seconds.
    fn default() -> Self {
        Self { seed: 1, rows: 20_000, first_day: date(2025, 1, 1), days: YEAR }
    }
}

/// The first day of a year that ends yesterday: forecasts need recent sales.
pub fn year_start_before(today: Date) -> Date {
    today.saturating_sub(jiff::Span::new().days(YEAR))
}

/// Writes the file, uncompressed, and gives its number of rows.
pub fn write(settings: &Settings, out: impl Write) -> io::Result<u64> {
    let mut dice = DemoRng::new(settings.seed);
    let rows = u64::from(settings.rows);
    let items = catalogue::generate_items(&mut dice, (rows / ROWS_A_PRODUCT).clamp(30, 4_000) as usize);
    let mut people = people::generate_people(&mut dice, (rows / ROWS_A_CUSTOMER).clamp(10, 20_000) as usize);
    let mut clerk = Clerk::new(out, dice, items)?;
    let days: Vec<Date> = settings.first_day.series(jiff::Span::new().days(1)).take(usize::from(settings.days)).collect();
    let total_activity: u64 = days.iter().map(|day| daily_activity(*day)).sum();
    let orders = (rows / ROWS_AN_ORDER).max(1);
    let (mut past_activity, mut completed_orders) = (0, 0);
    for (number, day) in days.iter().enumerate() {
        past_activity += daily_activity(*day);
        let target_orders = orders * past_activity / total_activity.max(1);
        let mut minutes: Vec<u64> = (completed_orders..target_orders).map(|_| clerk.dice.below(9 * 60)).collect();
        completed_orders = target_orders;
        // The till counts up, so rows of a day are in the order of their time.
        minutes.sort_unstable();
        for minute in minutes {
            let time = day.at(8, 0, 0, 0).saturating_add(jiff::SignedDuration::from_mins(minute as i64));
            let person_index = clerk.dice.skewed_below(people.len() as u64) as usize;
            let is_known_customer = !clerk.dice.happens_permille(90);
            clerk.order(time, if is_known_customer { Some(&mut people[person_index]) } else { None })?;
            match clerk.dice.below(100) {
                0..13 => clerk.customer_return(time, &people[person_index])?,
                13..16 => clerk.blind_return(time)?,
                16..26 => clerk.adjustment(time)?,
                26..29 => clerk.accounting_rows(time)?,
                _ => {}
            }
        }
        if number == days.len() / 3 {
            clerk.mistaken_order(day.at(17, 30, 0, 0), &people[0])?;
        }
    }
    let rows = clerk.rows;
    clerk.finish()?;
    Ok(rows)
}

/// Returns the activity of a day: closed on Saturdays, short on Sundays, growing through the year
/// to a peak before Christmas.
fn daily_activity(day: Date) -> u64 {
    const BY_MONTH: [u64; 12] = [70, 70, 85, 80, 95, 90, 85, 90, 115, 140, 180, 130];
    let weekday = match day.weekday() {
        Weekday::Saturday => 0,
        Weekday::Sunday => 6,
        Weekday::Thursday => 12,
        _ => 10,
    };
    weekday * BY_MONTH[usize::from(day.month().unsigned_abs()) - 1]
}
