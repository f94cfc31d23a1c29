//! Accuracy of forecasts by week, lead, level and class.

use std::collections::BTreeSet;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::forecast_score,
};
use platform::storage::{Bulk, Fault, Finds, Reads, Row, Rows, Work};

use crate::forecasting::core::Tally;

/// Key by which outcomes are summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ScoreKey {
    pub week: i32,
    pub lead: i32,
    pub level: ForecastLevel,
    pub class: DemandClass,
}

#[derive(Record)]
struct SumRow {
    #[record(of = forecast_score, alias = "s")]
    class: DemandClass,
    #[record(sql = "CAST(sum(s.series) AS bigint)")]
    series: i64,
    #[record(sql = "CAST(sum(s.units) AS bigint)")]
    units: i64,
    #[record(sql = "CAST(sum(s.error_milli) AS bigint)")]
    error_milli: i64,
    #[record(sql = "CAST(sum(s.absolute_milli) AS bigint)")]
    absolute_milli: i64,
    #[record(sql = "CAST(sum(s.naive_milli) AS bigint)")]
    naive_milli: i64,
    #[record(sql = "CAST(sum(s.bounded) AS bigint)")]
    bounded: i64,
    #[record(sql = "CAST(sum(s.inside80) AS bigint)")]
    inside80: i64,
    #[record(sql = "CAST(sum(s.inside95) AS bigint)")]
    inside95: i64,
}

#[derive(Record)]
#[record(of = forecast_score, alias = "s")]
struct ScoredRow {
    week_date: i32,
    lead: i32,
}

/// Returns the scored weeks and leads since a week.
pub async fn find_scored_weeks(reads: &impl Reads, since: i32) -> Result<BTreeSet<(i32, i32)>, Fault> {
    let sql = format!("SELECT DISTINCT {} FROM forecast_score s WHERE s.tenant_id = $1 AND s.week_date >= $2", ScoredRow::SELECT);
    let rows = reads.records::<ScoredRow>(&sql, vec![since.into()]).await?;
    Ok(rows.into_iter().map(|row| (row.week_date, row.lead)).collect())
}

/// Returns the last week with scores of stores' forecasts of one week ahead; `None` before the
/// first.
pub async fn last_scored_week(reads: &impl Reads) -> Result<Option<i32>, Fault> {
    let sql = "SELECT max(s.week_date) FROM forecast_score s WHERE s.tenant_id = $1 AND s.lead = 1 AND s.level = 'STORE'";
    reads.rows(sql, vec![]).await?.first().map_or(Ok(None), Row::scalar)
}

/// Sums of scores over weeks from one on and before another, by class; without the steps that
/// errors are scaled by, which runs store.
pub async fn accuracy(
    reads: &impl Reads,
    (since, until): (i32, i32),
    lead: i32,
    level: ForecastLevel,
) -> Result<Vec<(DemandClass, Tally)>, Fault> {
    let sql = format!(
        "SELECT {} FROM forecast_score s WHERE s.tenant_id = $1 AND s.week_date >= $2 AND s.week_date < $3 AND s.lead = $4 AND s.level = $5
         GROUP BY s.class ORDER BY s.class",
        SumRow::SELECT
    );
    let rows = reads.records::<SumRow>(&sql, vec![since.into(), until.into(), lead.into(), level.into()]).await?;
    let tally = |row: SumRow| {
        let SumRow { class, series, units, error_milli, absolute_milli, naive_milli, bounded, inside80, inside95 } = row;
        let class_score =
            Tally { series, units, error_milli, absolute_milli, naive_milli, bounded, inside80, inside95, ..Tally::default() };
        (class, class_score)
    };
    Ok(rows.into_iter().map(tally).collect())
}

/// Inserts scores of weeks up to the last settled one. Scores of later weeks, from a clock that was
/// ahead, are removed.
pub async fn insert_scores(
    work: &Work,
    scores: impl IntoIterator<Item = (ScoreKey, Tally)>,
    last_settled: i32,
) -> Result<(), Fault> {
    let sql = "DELETE FROM forecast_score WHERE tenant_id = $1 AND week_date > $2";
    work.execute(sql, vec![last_settled.into()]).await?;
    let mut rows = Rows::<forecast_score::Model>::insert(work.tenant());
    for (ScoreKey { week, lead, level, class }, tally) in scores {
        let Tally { series, units, error_milli, absolute_milli, naive_milli, bounded, inside80, inside95, .. } = tally;
        rows.push(forecast_score::Model {
            tenant_id: work.tenant(),
            week_date: week,
            lead,
            level,
            class,
            series,
            units,
            error_milli,
            absolute_milli,
            naive_milli,
            bounded,
            inside80,
            inside95,
        });
    }
    work.write(Bulk::from(rows)).await
}
