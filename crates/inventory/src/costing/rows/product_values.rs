//! Units and values of products, now or at an earlier time.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{cost_pool, cost_posting, product},
};
use platform::storage::{Fault, Finds, Reads};
use sea_orm::Value;

use crate::{
    catalog::rows::page::ProductCondition,
    costing::core::{Sums, Values},
};

#[derive(Record)]
struct CurrentValueRow {
    #[record(of = cost_pool, alias = "c")]
    product_id: ProductId,
    #[record(of = product, alias = "p")]
    category_id: Option<CategoryId>,
    #[record(alias = "c")]
    pool: PoolSums,
}

#[derive(Record)]
#[record(of = cost_pool)]
struct PoolSums {
    quantity: i64,
    average_minor: i64,
    fifo_minor: i64,
}

#[derive(Record)]
struct PastValueRow {
    #[record(of = cost_posting, alias = "s")]
    product_id: ProductId,
    #[record(of = product, alias = "p")]
    category_id: Option<CategoryId>,
    #[record(sql = "s.quantity")]
    quantity: i64,
    #[record(sql = "s.average")]
    average: i64,
    #[record(sql = "s.fifo")]
    fifo: i64,
}

/// The date of a valuation: now, or everything that had occurred by a time, as it was recorded by
/// `known`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValuationTime {
    Now,
    At { occurred: Timestamp, known: Option<Timestamp> },
}

/// A product's units and their value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProductValue {
    pub product: ProductId,
    pub category: Option<CategoryId>,
    pub sums: Sums,
}

/// Reads the units and the value of each product, or of one product if it is given; products whose
/// sums are zero are left out.
pub async fn load_product_values(
    reads: &impl Reads,
    valuation_time: ValuationTime,
    product: Option<ProductId>,
) -> Result<Vec<ProductValue>, Fault> {
    let condition = product.map(|_| " AND c.product_id = $2").unwrap_or_default();
    select_values(reads, valuation_time, condition, product.map(Value::from).into_iter().collect()).await
}

/// Returns the value of the products that match a condition.
pub async fn load_values_of_products(
    reads: &impl Reads,
    valuation_time: ValuationTime,
    products: &ProductCondition,
) -> Result<Vec<ProductValue>, Fault> {
    let conditions = products.on("c.product_id").map(|condition| format!(" AND {condition}")).unwrap_or_default();
    select_values(reads, valuation_time, &conditions, products.values.clone()).await
}

/// `condition` is a condition on postings or pools as `c`, with the parameters `values` from `$2` on.
async fn select_values(
    reads: &impl Reads,
    valuation_time: ValuationTime,
    condition: &str,
    mut values: Vec<Value>,
) -> Result<Vec<ProductValue>, Fault> {
    let mut add_value = |value: Value| {
        values.push(value);
        values.len() + 1
    };
    match valuation_time {
        ValuationTime::Now => {
            let sql = format!(
                "SELECT {select} FROM cost_pool c
                 JOIN product p ON p.tenant_id = $1 AND p.id = c.product_id
                 WHERE c.tenant_id = $1{condition} AND c.quantity > 0 ORDER BY c.product_id",
                select = CurrentValueRow::SELECT
            );
            Ok(reads.records::<CurrentValueRow>(&sql, values).await?.into_iter().map(Into::into).collect())
        }
        ValuationTime::At { occurred, known } => {
            let at = add_value(occurred.micros().into());
            let recorded_condition =
                known.map(|at| format!(" AND c.recorded_at <= ${}", add_value(at.micros().into()))).unwrap_or_default();
            let sql = format!(
                "SELECT {select} FROM (
                   SELECT c.product_id, CAST(sum(c.quantity) AS bigint) AS quantity, CAST(sum(c.average_minor) AS bigint) AS average,
                     CAST(sum(c.fifo_minor) AS bigint) AS fifo
                   FROM cost_posting c WHERE c.tenant_id = $1{condition} AND c.occurred_at <= ${at}{recorded_condition} GROUP BY c.product_id) s
                 JOIN product p ON p.tenant_id = $1 AND p.id = s.product_id
                 WHERE s.quantity <> 0 OR s.average <> 0 OR s.fifo <> 0 ORDER BY s.product_id",
                select = PastValueRow::SELECT
            );
            Ok(reads.records::<PastValueRow>(&sql, values).await?.into_iter().map(Into::into).collect())
        }
    }
}

impl From<CurrentValueRow> for ProductValue {
    fn from(row: CurrentValueRow) -> Self {
        let values = Values { average: row.pool.average_minor, fifo: row.pool.fifo_minor };
        Self { product: row.product_id, category: row.category_id, sums: Sums { quantity: row.pool.quantity, values } }
    }
}

impl From<PastValueRow> for ProductValue {
    fn from(row: PastValueRow) -> Self {
        let values = Values { average: row.average, fifo: row.fifo };
        Self { product: row.product_id, category: row.category_id, sums: Sums { quantity: row.quantity, values } }
    }
}
