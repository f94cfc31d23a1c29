//! Stored rates.

use std::collections::BTreeMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::exchange_rate,
};
use platform::{
    paging::{Key, ListPage, ListSource, PageRequest},
    storage::{Fault, Finds, Nested, Reads, Rows, Work},
};
use sea_orm::Value;
use uuid::Uuid;

use super::core::{MAX_AGE_DAYS, PIVOT, StoredRate};
use crate::catalog::rows::{
    Clause,
    conditions::{DaySpan, TimeSpan, null_test, push_nested, push_text},
    filter::TextTest,
};

/// A row of `exchange_rate`.
#[derive(Record)]
#[record(of = exchange_rate, alias = "r")]
struct RateRow {
    id: ExchangeRateId,
    base: String,
    quote: String,
    rate: String,
    day: i32,
    source: String,
    actor_kind: ActorKind,
    actor_id: Uuid,
    recorded_at: Timestamp,
    replaced_by: Option<ExchangeRateId>,
}

impl TryFrom<RateRow> for StoredRate {
    type Error = Fault;

    fn try_from(row: RateRow) -> Result<Self, Fault> {
        let currency =
            |code: &str| Currency::parse(code).ok_or_else(|| Fault::corrupt("exchange_rate", "a currency of ISO 4217"));
        Ok(Self {
            id: row.id,
            base: currency(&row.base)?,
            quote: currency(&row.quote)?,
            rate: row.rate.parse().map_err(|()| Fault::corrupt("exchange_rate", "a decimal above 0"))?,
            day: row.day,
            source: row.source,
            actor: Actor { kind: row.actor_kind, id: row.actor_id },
            recorded_at: row.recorded_at,
            replaced_by: row.replaced_by,
        })
    }
}

impl From<&StoredRate> for RateRow {
    fn from(rate: &StoredRate) -> Self {
        Self {
            id: rate.id,
            base: rate.base.to_string(),
            quote: rate.quote.to_string(),
            rate: rate.rate.to_string(),
            day: rate.day,
            source: rate.source.clone(),
            actor_kind: rate.actor.kind,
            actor_id: rate.actor.id,
            recorded_at: rate.recorded_at,
            replaced_by: rate.replaced_by,
        }
    }
}

async fn select_rates(reads: &impl Reads, conditions: &str, values: Vec<Value>) -> Result<Vec<StoredRate>, Fault> {
    let sql = format!("SELECT {} FROM exchange_rate r WHERE r.tenant_id = $1 {conditions}", RateRow::SELECT);
    reads.records::<RateRow>(&sql, values).await?.into_iter().map(TryInto::try_into).collect()
}

/// Returns the rates by which two currencies may be converted on a day: between them, and of the
/// pivot with each.
pub async fn load_candidates(reads: &impl Reads, from: Currency, to: Currency, on_day: i32) -> Result<Vec<StoredRate>, Fault> {
    let conditions = "AND r.replaced_by IS NULL AND r.day > $5 AND r.day <= $6 AND ((r.base = $2 AND r.quote = $3) OR (r.base = $3 AND r.quote = $2)
        OR (r.base = $4 AND r.quote = $2) OR (r.base = $4 AND r.quote = $3))";
    let day = on_day.saturating_sub(MAX_AGE_DAYS + 1);
    select_rates(reads, conditions, vec![from.as_str().into(), to.as_str().into(), PIVOT.into(), day.into(), on_day.into()]).await
}

/// Returns all rates by which two currencies may have been converted on days between two, both
/// included, with those that were corrected since.
pub async fn load_recorded(reads: &impl Reads, from: Currency, to: Currency, days: (i32, i32)) -> Result<Vec<StoredRate>, Fault> {
    let conditions = "AND r.day > $5 AND r.day <= $6 AND ((r.base = $2 AND r.quote = $3) OR (r.base = $3 AND r.quote = $2)
        OR (r.base = $4 AND r.quote = $2) OR (r.base = $4 AND r.quote = $3))";
    let first = days.0.saturating_sub(MAX_AGE_DAYS + 1);
    select_rates(reads, conditions, vec![from.as_str().into(), to.as_str().into(), PIVOT.into(), first.into(), days.1.into()])
        .await
}

/// Returns the newest rate of a pair, with which a new one is compared.
pub async fn load_newest(reads: &impl Reads, base: Currency, quote: Currency) -> Result<Option<StoredRate>, Fault> {
    let conditions =
        "AND r.base = $2 AND r.quote = $3 AND r.replaced_by IS NULL ORDER BY r.day DESC, r.recorded_at DESC, r.id DESC LIMIT 1";
    Ok(select_rates(reads, conditions, vec![base.as_str().into(), quote.as_str().into()]).await?.pop())
}

/// The rates in force of a pair between two days, both included.
pub async fn load_in_force(
    reads: &impl Reads,
    base: Currency,
    quote: Currency,
    days: (i32, i32),
) -> Result<Vec<StoredRate>, Fault> {
    let conditions = "AND r.base = $2 AND r.quote = $3 AND r.day >= $4 AND r.day <= $5 AND r.replaced_by IS NULL";
    select_rates(reads, conditions, vec![base.as_str().into(), quote.as_str().into(), days.0.into(), days.1.into()]).await
}

pub async fn load_rate(reads: &impl Reads, id: ExchangeRateId) -> Result<Option<StoredRate>, Fault> {
    Ok(select_rates(reads, "AND r.id = $2", vec![id.into()]).await?.pop())
}

/// Writes rates, and sets on the replaced ones which rate replaces them: first these in the order
/// of their IDs, then the new ones in the order of their unique keys, so that of two calls with the
/// same rates one waits for the other.
pub async fn write_rates(
    work: &Work,
    replaced: BTreeMap<ExchangeRateId, ExchangeRateId>,
    rates: &[StoredRate],
) -> Result<(), Fault> {
    let sql = "UPDATE exchange_rate SET replaced_by = $3 WHERE tenant_id = $1 AND id = $2 AND replaced_by IS NULL";
    for (old, new) in replaced {
        work.execute(sql, vec![old.into(), new.into()]).await?;
    }
    let mut sorted_rates: Vec<&StoredRate> = rates.iter().collect();
    sorted_rates.sort_unstable_by(|left, right| {
        (left.base, left.quote, left.day, &left.source).cmp(&(right.base, right.quote, right.day, &right.source))
    });
    let mut rows = Rows::<RateRow>::insert(work.tenant());
    rows.extend(sorted_rates.into_iter().map(RateRow::from));
    work.write(rows.into()).await
}

/// Returns the name of the order of rates for cursors, by day descending or ascending.
pub const fn rates_kind(descending: bool) -> &'static str {
    if descending { "exchangeRates:DAY:DESC" } else { "exchangeRates:DAY:ASC" }
}

/// Returns the cursor keys of a rate in its list.
pub fn cursor_keys(rate: &StoredRate) -> Vec<Key> {
    vec![Key::Int(rate.day.into()), Key::Id(rate.id.uuid())]
}

/// Conditions on rates; None does not restrict, and an empty list matches nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RateFilter {
    pub ids: Option<Vec<ExchangeRateId>>,
    pub bases: Option<Vec<Currency>>,
    pub quotes: Option<Vec<Currency>>,
    pub day: Option<DaySpan>,
    /// Tests of the name of the source, exactly as stored.
    pub sources: Vec<TextTest>,
    /// Whether another rate has corrected it.
    pub is_replaced: Option<bool>,
    /// Entered by one of these actors.
    pub entered_by: Option<Vec<Uuid>>,
    pub recorded: TimeSpan,
}

impl RateFilter {
    /// Adds the conditions on `exchange_rate r`, each beginning with ` AND `.
    fn push_to(&self, clause: &mut Clause) {
        let backend = clause.backend();
        if let Some(ids) = &self.ids {
            let (test, value) = backend.one_of_ids("r.id", ids, clause.next());
            clause.push(&format!(" AND {test}"));
            clause.values.push(value);
        }
        for (column, currencies) in [("r.base", &self.bases), ("r.quote", &self.quotes)] {
            if let Some(currencies) = currencies {
                let number = clause.number(backend.texts(currencies.iter().map(Currency::as_str)));
                clause.push(&format!(" AND {}", backend.in_texts(column, number)));
            }
        }
        let (days, values) = self.day.unwrap_or_default().conditions(backend, "r.day", clause.next());
        clause.push(&days);
        clause.values.extend(values);
        for test in &self.sources {
            push_text(clause, "r.source", test, str::to_owned);
        }
        if let Some(is_replaced) = self.is_replaced {
            clause.push(&format!(" AND {}", null_test("r.replaced_by", !is_replaced)));
        }
        if let Some(actors) = &self.entered_by {
            let number = clause.number(backend.ids(actors.iter().map(|id| MemberId::from_uuid(*id))));
            clause.push(&format!(" AND {}", backend.in_ids("r.actor_id", number)));
        }
        self.recorded.push_to(clause, "r.recorded_at");
    }
}

/// A page of rates by day, newest first if it descends; replaced ones are included.
pub async fn load_rate_page(
    reads: &impl Reads,
    (pair, filter): ((Option<Currency>, Option<Currency>), &Nested<RateFilter>),
    descending: bool,
    request: &PageRequest,
) -> Result<ListPage<StoredRate>, Fault> {
    let text = |currency: Option<Currency>| Value::from(currency.map(|currency_code| currency_code.as_str().to_owned()));
    let mut clause = Clause::new(reads.backend());
    clause.values.extend([text(pair.0), text(pair.1)]);
    clause.push(" AND (CAST($2 AS text) IS NULL OR r.base = $2) AND (CAST($3 AS text) IS NULL OR r.quote = $3)");
    push_nested(&mut clause, filter, |clause, filter: &RateFilter| filter.push_to(clause));
    let source = ListSource { from: format!("FROM exchange_rate r WHERE r.tenant_id = $1{}", clause.sql), values: clause.values };
    let (sql, values) = source.clone().page(RateRow::SELECT, &["r.day", "r.id"], descending, request);
    let rows = reads
        .records::<RateRow>(&sql, values)
        .await?
        .into_iter()
        .map(TryInto::try_into)
        .collect::<Result<Vec<StoredRate>, Fault>>()?;
    Ok(ListPage { rows, source })
}
