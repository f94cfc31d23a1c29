//! Open anomalous days, grouped by level: a level has one alert for all of them.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{product, store},
};
use inventory::stock::core::LevelKey;
use platform::storage::{Fault, Finds, Reads};

use super::dated_subject::{DatedSubject, PAGE};
use crate::alerts::core::Subject;

/// A level, with its newest anomalous day.
#[derive(Record)]
struct AnomalousRow {
    #[record(sql = "k.product_id")]
    product: ProductId,
    #[record(sql = "k.store_id")]
    store: StoreId,
    #[record(sql = "coalesce(max(n.business_date), 2147483647)")]
    day: i32,
    #[record(sql = "CAST(coalesce(max(n.units), 0) AS bigint)")]
    units: i64,
    #[record(of = store, alias = "s")]
    time_zone: String,
    #[record(of = product, alias = "p")]
    category_id: Option<CategoryId>,
}

impl From<AnomalousRow> for DatedSubject {
    fn from(row: AnomalousRow) -> Self {
        Self {
            subject: Subject::Level(LevelKey { product: row.product, store: row.store }),
            day: row.day,
            quantity: row.units,
            time_zone: row.time_zone,
            category: row.category_id,
        }
    }
}

/// Reads the next page of levels with open anomalous days and without an alert. NOT keeps SQLite
/// from the index of alerts by kind: it would read all such alerts for each level.
pub(super) async fn read_anomalies(reads: &impl Reads, after: Option<&DatedSubject>) -> Result<(Vec<DatedSubject>, bool), Fault> {
    let sql = format!(
        "SELECT {} FROM stock_anomaly n JOIN stock_level k ON k.tenant_id = $1 AND k.product_id = n.product_id AND k.store_id = n.store_id
         JOIN store s ON s.tenant_id = $1 AND s.id = n.store_id JOIN product p ON p.tenant_id = $1 AND p.id = n.product_id
         WHERE n.tenant_id = $1 AND n.state = 'OPEN' AND (n.product_id, n.store_id) > ($2, $3)
           AND NOT EXISTS (SELECT 1 FROM alert a WHERE a.tenant_id = $1 AND a.product_id = n.product_id AND a.store_id = n.store_id
             AND NOT (a.kind <> 'STOCK_ANOMALY') AND a.state <> 'RESOLVED')
         GROUP BY k.product_id, k.store_id, s.time_zone, p.category_id ORDER BY k.product_id, k.store_id LIMIT {PAGE}",
        AnomalousRow::SELECT
    );
    let ids = after.map(|last| last.subject.ids()).unwrap_or_default();
    let position = (ids.product.unwrap_or(ProductId::NIL), ids.store.unwrap_or(StoreId::NIL));
    let rows = reads.records::<AnomalousRow>(&sql, vec![position.0.into(), position.1.into()]).await?;
    let is_last = rows.len() < PAGE;
    Ok((rows.into_iter().map(DatedSubject::from).collect(), is_last))
}

/// Reads the current state of levels that have alerts of anomalous days; a level has no units if
/// none of its days is open.
pub(super) async fn alerted_anomalies(reads: &impl Reads) -> Result<Vec<DatedSubject>, Fault> {
    let sql = format!(
        "SELECT {} FROM alert k JOIN store s ON s.tenant_id = $1 AND s.id = k.store_id JOIN product p ON p.tenant_id = $1 AND p.id = k.product_id
         LEFT JOIN stock_anomaly n ON n.tenant_id = $1 AND n.product_id = k.product_id AND n.store_id = k.store_id AND n.state = 'OPEN'
         WHERE k.tenant_id = $1 AND k.kind = 'STOCK_ANOMALY' AND k.state <> 'RESOLVED' GROUP BY k.product_id, k.store_id, s.time_zone, p.category_id",
        AnomalousRow::SELECT
    );
    Ok(reads.records::<AnomalousRow>(&sql, vec![]).await?.into_iter().map(DatedSubject::from).collect())
}
