//! Entering rates, by hand or from a file, and looking up the rate of a day.

mod ecb;
mod ecb_xml;

use std::collections::{BTreeMap, BTreeSet, HashMap, hash_map::Entry};

use entity::prelude::*;
use iam::access::{Permit, kind};
use platform::{
    clock::{self, Clock},
    storage::{
        Database, Fault, Reads, Work,
        idempotency::{self, Key, KeyUse, hash_of},
        journal, with_retries,
    },
};
use serde::{Deserialize, Serialize};

pub use ecb::ParseError;

use super::{
    core::{
        FrozenRate, NewRate, NewestRates, RateProblem, RateRequest, StoredRate, check_new_rate, filter_recorded_by, find_rate,
    },
    events::{EXCHANGE_RATE_SET, ExchangeRatesSet},
    rows,
};
use crate::catalog::rows::small_tables::tenant_zone;

/// Rates of one call; a history of 90 days has some 2,700.
pub const MAX_RATES: usize = 5_000;
/// Pairs that an event names.
const MAX_PAIRS: usize = 10;

/// Rates to enter, all or none. The idempotency key's hash covers its JSON.
#[derive(Debug, Clone, Serialize)]
pub struct SetRates {
    #[serde(skip)]
    pub mutation: &'static str,
    #[serde(skip)]
    pub idempotency_key: String,
    pub rates: Vec<NewRate>,
    /// Accepts rates that are more than a factor of two from the newest of their pair, or from the
    /// inverse of the other direction's.
    pub is_unusual: bool,
}

/// Whether anything is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    Really,
    DryRun,
}

/// Result of a call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The current rates among those that were sent; at most the first ten.
    pub rates: Vec<StoredRate>,
    pub created: usize,
    /// Number of rates that were stored with the same value before.
    pub unchanged: usize,
    pub is_replayed: bool,
    pub seq: Option<i64>,
}

/// Reason why no rate was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SetRefusal {
    None,
    TooMany,
    Row(usize, RateProblem),
    KeyReused,
}

#[derive(Debug, Serialize, Deserialize)]
struct Receipt {
    rates: Vec<ExchangeRateId>,
    created: usize,
    unchanged: usize,
    seq: Option<i64>,
}

/// Maximum rates in an answer.
const MAX_RETURNED_RATES: usize = 10;

/// Reads the rates of a CSV file of the European Central Bank, and the number of cells without one.
///
/// # Errors
/// It is not such a file.
pub fn read_ecb_csv(text: &str) -> Result<(Vec<NewRate>, usize), ParseError> {
    let parsed = ecb::parse_csv(text, "ECB", MAX_RATES)?;
    Ok((parsed.rates, parsed.skipped))
}

/// Reads the rates of an XML file of the ECB.
///
/// # Errors
/// It is not such a file, or it is incomplete.
pub fn read_ecb_xml(text: &str) -> Result<(Vec<NewRate>, usize), ParseError> {
    let parsed = ecb_xml::parse_xml(text, "ECB", MAX_RATES)?;
    Ok((parsed.rates, parsed.skipped))
}

/// The rate that holds from one currency to another on a day (days since 1970-01-01).
pub async fn load_rate_on(reads: &impl Reads, from: Currency, to: Currency, on_day: i32) -> Result<Option<FrozenRate>, Fault> {
    Ok(find_rate(&rows::load_candidates(reads, from, to, on_day).await?, from, to, on_day))
}

/// Returns the rates to the currency of the books as they were known, without those that did not
/// exist: one statement for each currency. Later corrections never change them.
pub async fn load_rates_as_recorded(
    reads: &impl Reads,
    books: Currency,
    requests: &[RateRequest],
) -> Result<HashMap<RateRequest, FrozenRate>, Fault> {
    let mut days: BTreeMap<Currency, (i32, i32)> = BTreeMap::new();
    for request in requests.iter().filter(|request| request.from != books) {
        let (first, last) = days.entry(request.from).or_insert((request.day, request.day));
        (*first, *last) = ((*first).min(request.day), (*last).max(request.day));
    }
    let mut known_rates = HashMap::with_capacity(requests.len());
    for (from, days) in days {
        let rates = rows::load_recorded(reads, from, books, days).await?;
        for request in requests.iter().filter(|request| request.from == from) {
            known_rates.extend(
                find_rate(&filter_recorded_by(&rates, request.day, request.known_at), from, books, request.day)
                    .map(|rate| (*request, rate)),
            );
        }
    }
    Ok(known_rates)
}

/// Enters rates, all or none.
pub async fn set_rates(
    db: &Database,
    clock: &Clock,
    permit: Permit<kind::RateWrite>,
    input: SetRates,
    write: Write,
) -> Result<Result<Outcome, Vec<SetRefusal>>, Fault> {
    if input.rates.is_empty() {
        return Ok(Err(vec![SetRefusal::None]));
    }
    if input.rates.len() > MAX_RATES {
        return Ok(Err(vec![SetRefusal::TooMany]));
    }
    let key =
        Key { owner: permit.actor().id, mutation: input.mutation, key: input.idempotency_key.clone(), hash: hash_of(&input) };
    let scope = permit.scope(db);
    let (actor, key, input) = (permit.actor(), &key, &input);
    let decide = |mut work: Work| async move {
        let decided = set_rates_once(&mut work, clock, (actor, key), input).await;
        (work, decided)
    };
    let is_to_keep = |decided: &Result<Outcome, Vec<SetRefusal>>| {
        write == Write::Really && decided.as_ref().is_ok_and(|outcome| !outcome.is_replayed)
    };
    let (mut answer, is_written) = with_retries(&scope, decide, is_to_keep).await?;
    if let Ok(outcome) = &mut answer
        && !is_written
        && !outcome.is_replayed
    {
        outcome.seq = None;
    }
    Ok(answer)
}

async fn set_rates_once(
    work: &mut Work,
    clock: &Clock,
    (actor, key): (Actor, &Key),
    input: &SetRates,
) -> Result<Result<Outcome, Vec<SetRefusal>>, Fault> {
    match idempotency::before(work, key).await? {
        None => {}
        Some(KeyUse::Reused) => return Ok(Err(vec![SetRefusal::KeyReused])),
        Some(KeyUse::Same(receipt)) => return replay_outcome(work, &receipt).await.map(Ok),
    }
    let now = clock.now();
    let today = clock::local_day(now, &tenant_zone(work).await?);
    let mut before = StoredRates::default();
    let (mut created_rates, mut current_rates, mut seen_keys, mut refusals) =
        (Vec::new(), Vec::new(), BTreeSet::new(), Vec::new());
    let mut replaced = BTreeMap::new();
    for (index, new) in input.rates.iter().enumerate() {
        let pair_rates = before.of(work, new, &input.rates).await?;
        let rate = match check_new_rate(new, &pair_rates.newest, today, input.is_unusual) {
            Ok(rate) => rate,
            Err(problem) => {
                refusals.push(SetRefusal::Row(index, problem));
                continue;
            }
        };
        let source = new.source.trim().to_owned();
        if !seen_keys.insert((new.base, new.quote, new.day, source.clone())) {
            refusals.push(SetRefusal::Row(index, RateProblem::Twice));
            continue;
        }
        let existing = pair_rates.in_force.get(&(new.day, source.clone()));
        if let Some(equal_rate) = existing.filter(|existing| existing.rate.has_equal_value(rate)) {
            current_rates.push(equal_rate.clone());
            continue;
        }
        let stored = StoredRate {
            id: clock.id(),
            base: new.base,
            quote: new.quote,
            rate,
            day: new.day,
            source,
            actor,
            recorded_at: now,
            replaced_by: None,
        };
        if let Some(existing) = existing {
            replaced.insert(existing.id, stored.id);
        }
        current_rates.push(stored.clone());
        created_rates.push(stored);
    }
    if !refusals.is_empty() {
        return Ok(Err(refusals));
    }
    let seq = if created_rates.is_empty() {
        None
    } else {
        rows::write_rates(work, replaced, &created_rates).await?;
        journal::append(work, vec![EXCHANGE_RATE_SET.event(&event_payload(&created_rates))], now).await?
    };
    let unchanged = current_rates.len() - created_rates.len();
    current_rates.truncate(MAX_RETURNED_RATES);
    let outcome = Outcome { rates: current_rates, created: created_rates.len(), unchanged, is_replayed: false, seq };
    let ids = outcome.rates.iter().map(|rate| rate.id).collect();
    let receipt = Receipt { rates: ids, created: outcome.created, unchanged, seq };
    let receipt = serde_json::to_string(&receipt).map_err(|err| Fault::Broken(err.to_string()))?;
    idempotency::store_receipts(work, [(key, receipt)], now).await?;
    Ok(Ok(outcome))
}

/// Stored rates of the pairs of a call, read once per pair.
#[derive(Default)]
struct StoredRates(HashMap<(Currency, Currency), PairRates>);

#[derive(Default)]
struct PairRates {
    newest: NewestRates,
    in_force: HashMap<(i32, String), StoredRate>,
}

impl StoredRates {
    async fn of(&mut self, work: &Work, new: &NewRate, new_rates: &[NewRate]) -> Result<&PairRates, Fault> {
        let pair = (new.base, new.quote);
        match self.0.entry(pair) {
            Entry::Occupied(pair_entry) => Ok(pair_entry.into_mut()),
            Entry::Vacant(vacant) => {
                let days = new_rates.iter().filter(|rate| (rate.base, rate.quote) == pair).map(|rate| rate.day);
                let (first, last) = days.fold((new.day, new.day), |(first, last), day| (first.min(day), last.max(day)));
                let newest = NewestRates {
                    own: rows::load_newest(work, pair.0, pair.1).await?,
                    inverse: rows::load_newest(work, pair.1, pair.0).await?,
                };
                let stored = rows::load_in_force(work, pair.0, pair.1, (first, last)).await?;
                let in_force = stored.into_iter().map(|rate| ((rate.day, rate.source.clone()), rate)).collect();
                Ok(vacant.insert(PairRates { newest, in_force }))
            }
        }
    }
}

async fn replay_outcome(work: &Work, receipt: &str) -> Result<Outcome, Fault> {
    let corrupt = || Fault::corrupt("idempotency", "a receipt of rates names them");
    let receipt: Receipt = serde_json::from_str(receipt).map_err(|_| corrupt())?;
    let mut rates = Vec::with_capacity(receipt.rates.len());
    for id in receipt.rates {
        rates.push(rows::load_rate(work, id).await?.ok_or_else(corrupt)?);
    }
    Ok(Outcome { rates, created: receipt.created, unchanged: receipt.unchanged, is_replayed: true, seq: receipt.seq })
}

fn event_payload(created_rates: &[StoredRate]) -> ExchangeRatesSet {
    let days = || created_rates.iter().map(|rate| rate.day);
    let pairs: BTreeSet<String> = created_rates.iter().map(|rate| format!("{}/{}", rate.base, rate.quote)).collect();
    ExchangeRatesSet {
        count: created_rates.len(),
        from: clock::day_text(days().min().unwrap_or_default()),
        to: clock::day_text(days().max().unwrap_or_default()),
        pairs: pairs.into_iter().take(MAX_PAIRS).collect(),
    }
}
