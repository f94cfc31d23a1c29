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
    core::{FrozenRate, NewRate, NewestRates, RateProblem, RateRequest, StoredRate, check, find, rates_known_at},
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
pub async fn rate_on(reads: &impl Reads, from: Currency, to: Currency, on: i32) -> Result<Option<FrozenRate>, Fault> {
    Ok(find(&rows::candidates(reads, from, to, on).await?, from, to, on))
}

/// Returns the rates to the currency of the books as they were known, without those that did not
/// exist: one statement for each currency. Later corrections never change them.
pub async fn rates_as_known(
    reads: &impl Reads,
    books: Currency,
    asks: &[RateRequest],
) -> Result<HashMap<RateRequest, FrozenRate>, Fault> {
    let mut days: BTreeMap<Currency, (i32, i32)> = BTreeMap::new();
    for ask in asks.iter().filter(|ask| ask.from != books) {
        let (first, last) = days.entry(ask.from).or_insert((ask.day, ask.day));
        (*first, *last) = ((*first).min(ask.day), (*last).max(ask.day));
    }
    let mut known = HashMap::with_capacity(asks.len());
    for (from, days) in days {
        let rates = rows::recorded(reads, from, books, days).await?;
        for ask in asks.iter().filter(|ask| ask.from == from) {
            known.extend(find(&rates_known_at(&rates, ask.day, ask.known_at), from, books, ask.day).map(|rate| (*ask, rate)));
        }
    }
    Ok(known)
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
        let decided = once(&mut work, clock, (actor, key), input).await;
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

async fn once(
    work: &mut Work,
    clock: &Clock,
    (actor, key): (Actor, &Key),
    input: &SetRates,
) -> Result<Result<Outcome, Vec<SetRefusal>>, Fault> {
    match idempotency::before(work, key).await? {
        None => {}
        Some(KeyUse::Reused) => return Ok(Err(vec![SetRefusal::KeyReused])),
        Some(KeyUse::Same(receipt)) => return replayed(work, &receipt).await.map(Ok),
    }
    let now = clock.now();
    let today = clock::local_day(now, &tenant_zone(work).await?);
    let mut before = Before::default();
    let (mut made, mut held, mut seen, mut refused) = (Vec::new(), Vec::new(), BTreeSet::new(), Vec::new());
    let mut replaced = BTreeMap::new();
    for (index, new) in input.rates.iter().enumerate() {
        let known = before.of(work, new, &input.rates).await?;
        let rate = match check(new, &known.newest, today, input.is_unusual) {
            Ok(rate) => rate,
            Err(problem) => {
                refused.push(SetRefusal::Row(index, problem));
                continue;
            }
        };
        let source = new.source.trim().to_owned();
        if !seen.insert((new.base, new.quote, new.day, source.clone())) {
            refused.push(SetRefusal::Row(index, RateProblem::Twice));
            continue;
        }
        let old = known.in_force.get(&(new.day, source.clone()));
        if let Some(same) = old.filter(|old| old.rate.has_equal_value(rate)) {
            held.push(same.clone());
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
        if let Some(old) = old {
            replaced.insert(old.id, stored.id);
        }
        held.push(stored.clone());
        made.push(stored);
    }
    if !refused.is_empty() {
        return Ok(Err(refused));
    }
    let seq = if made.is_empty() {
        None
    } else {
        rows::write_rates(work, replaced, &made).await?;
        journal::append(work, vec![EXCHANGE_RATE_SET.event(&event_payload(&made))], now).await?
    };
    let unchanged = held.len() - made.len();
    held.truncate(MAX_RETURNED_RATES);
    let outcome = Outcome { rates: held, created: made.len(), unchanged, is_replayed: false, seq };
    let ids = outcome.rates.iter().map(|rate| rate.id).collect();
    let receipt = Receipt { rates: ids, created: outcome.created, unchanged, seq };
    let receipt = serde_json::to_string(&receipt).map_err(|err| Fault::Broken(err.to_string()))?;
    idempotency::store_receipts(work, [(key, receipt)], now).await?;
    Ok(Ok(outcome))
}

/// Stored rates of the pairs of a call, read once per pair.
#[derive(Default)]
struct Before(HashMap<(Currency, Currency), PairRates>);

#[derive(Default)]
struct PairRates {
    newest: NewestRates,
    in_force: HashMap<(i32, String), StoredRate>,
}

impl Before {
    async fn of(&mut self, work: &Work, new: &NewRate, all: &[NewRate]) -> Result<&PairRates, Fault> {
        let pair = (new.base, new.quote);
        match self.0.entry(pair) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(vacant) => {
                let days = all.iter().filter(|one| (one.base, one.quote) == pair).map(|one| one.day);
                let (first, last) = days.fold((new.day, new.day), |(first, last), day| (first.min(day), last.max(day)));
                let newest = NewestRates {
                    own: rows::newest(work, pair.0, pair.1).await?,
                    inverse: rows::newest(work, pair.1, pair.0).await?,
                };
                let stored = rows::in_force(work, pair.0, pair.1, (first, last)).await?;
                let in_force = stored.into_iter().map(|one| ((one.day, one.source.clone()), one)).collect();
                Ok(vacant.insert(PairRates { newest, in_force }))
            }
        }
    }
}

async fn replayed(work: &Work, receipt: &str) -> Result<Outcome, Fault> {
    let corrupt = || Fault::corrupt("idempotency", "a receipt of rates names them");
    let receipt: Receipt = serde_json::from_str(receipt).map_err(|_| corrupt())?;
    let mut rates = Vec::with_capacity(receipt.rates.len());
    for id in receipt.rates {
        rates.push(rows::by_id(work, id).await?.ok_or_else(corrupt)?);
    }
    Ok(Outcome { rates, created: receipt.created, unchanged: receipt.unchanged, is_replayed: true, seq: receipt.seq })
}

fn event_payload(made: &[StoredRate]) -> ExchangeRatesSet {
    let days = || made.iter().map(|one| one.day);
    let pairs: BTreeSet<String> = made.iter().map(|one| format!("{}/{}", one.base, one.quote)).collect();
    ExchangeRatesSet {
        count: made.len(),
        from: clock::day_text(days().min().unwrap_or_default()),
        to: clock::day_text(days().max().unwrap_or_default()),
        pairs: pairs.into_iter().take(MAX_PAIRS).collect(),
    }
}
