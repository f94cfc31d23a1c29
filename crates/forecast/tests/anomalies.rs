//! Strange days of the real year, and errors injected into it: 15 to 40 times a product's median day.

#![expect(clippy::unwrap_used, reason = "a test, or a tool of developers: it may panic")]

mod shared;

use std::collections::{BTreeMap, BTreeSet};

use forecast::anomaly::{ACTIVE_DAYS_WINDOW, ActiveDays, AnomalyReason, Day, Kind, Limits, MIN_ACTIVE_DAYS};

/// The kind of a row with so many units, as the year is replayed (REPLAY, section 2).
fn kind_of(record: &csv::StringRecord, units: f64) -> Kind {
    let (is_free, is_known_customer) = (record[5].parse::<f64>().unwrap() == 0.0, !record[6].is_empty());
    match (units > 0.0, record[0].starts_with('C')) {
        (true, _) if is_free && !is_known_customer => Kind::AdjustIn,
        (true, _) => Kind::Sale,
        (false, true) => Kind::Return,
        (false, false) => Kind::AdjustOut,
    }
}

/// Units and largest line of each active day of each product and kind, by date.
fn active_days(compressed: &[u8]) -> BTreeMap<(String, Kind), BTreeMap<String, Day>> {
    let bytes = zstd::decode_all(compressed).unwrap();
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let mut found: BTreeMap<(String, Kind), BTreeMap<String, Day>> = BTreeMap::new();
    for record in reader.records() {
        let record = record.unwrap();
        let units: f64 = record[3].parse().unwrap();
        let (sku, date) = (record[1].trim().to_uppercase(), record[4].get(..10).unwrap().to_owned());
        let days = found.entry((sku, kind_of(&record, units))).or_default();
        let day = days.entry(date).or_insert(Day { units: 0.0, largest_line: 0.0 });
        day.units += units.abs();
        day.largest_line = day.largest_line.max(units.abs());
    }
    found
}

fn drawn(state: &mut u64) -> f64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 11) as f64 / (1_u64 << 53) as f64
}

#[test]
fn errors_are_found_at_few_flags_a_day() {
    let Some(compressed) = shared::bytes("online-retail.csv.zst") else { return };
    let products = active_days(&compressed);
    assert_eq!(products.keys().map(|(_, kind)| *kind).collect::<BTreeSet<_>>().len(), 4, "sales, returns and adjustments");
    let limits = Limits::default();
    let (mut days_seen, mut flags, mut unusual) = (0, 0, 0);
    let mut dates = BTreeSet::new();
    // A day that an error can be injected into: the days before it, and the day.
    let mut candidates: Vec<(ActiveDays, Day)> = Vec::new();
    for ((_, kind), days) in &products {
        let mut before = ActiveDays::default();
        for (index, (date, day)) in days.iter().enumerate() {
            dates.insert(date.as_str());
            days_seen += 1;
            if let Some(flag) = before.judge(*kind, *day, &limits) {
                flags += 1;
                unusual += usize::from(flag.why == AnomalyReason::Unusual);
            }
            if *kind == Kind::Sale && index >= MIN_ACTIVE_DAYS && (days_seen * 31) % 97 == 0 {
                candidates.push((before.clone(), *day));
            }
            before.add(*day);
        }
    }
    assert!(ACTIVE_DAYS_WINDOW == 60 && candidates.len() > 1_000);
    let mut state = 25;
    let injected = (0..200).map(|_| {
        let (before, day) = &candidates[(drawn(&mut state) * candidates.len() as f64) as usize];
        let error = (before.usual_units().unwrap() * (15.0 + 25.0 * drawn(&mut state))).round();
        (before, Day { units: day.units + error, largest_line: day.largest_line.max(error) })
    });
    let mut words = String::new();
    let found = injected.filter(|(before, day)| {
        let flag = before.judge(Kind::Sale, *day, &limits);
        if let Some(flag) = &flag {
            words = flag.describe();
            assert!(words.contains(&format!("{:.0} sold", day.units)) && words.contains("a usual day has"), "{words}");
        }
        flag.is_some()
    });
    let found = found.count();
    let a_day = flags as f64 / dates.len() as f64;
    eprintln!(
        "{days_seen} product-days, {} days: {unusual} unusual, with plain limits {flags} ({a_day:.1} a day), {found} of 200 errors; {words}",
        dates.len()
    );
    assert!(a_day <= 10.0, "{a_day} flags a day");
    assert!(found >= 150, "{found} of 200 errors");
}
