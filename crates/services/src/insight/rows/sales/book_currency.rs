//! Documents in other currencies than the books, with the input of their conversion.

use entity::{
    prelude::*,
    record::{Record, Selected},
};
use inventory::{currency::core::RateRequest, orders::events::ORDER_CONFIRMED};
use platform::storage::{Backend, Fault, Reads, Row};
use sea_orm::QueryResult;
use uuid::Uuid;

use super::{
    query::{PRODUCT_OF_LINE, SalesFilter, SalesQuery},
    return_settlements::DIFFERS,
    side::{SOLD, Side, nil_id_literal},
};
use crate::insight::core::{ForeignDocument, ForeignLine, Group, SoldLine, Trade};

/// Lines that are read at once, which is more than a document has.
const CHUNK: usize = 20_000;

/// A line of a document in another currency, after its group's key.
#[derive(Record)]
struct LineRow {
    #[record(sql = "o.id")]
    id: Uuid,
    #[record(sql = "o.currency")]
    currency: String,
    /// Day and moment that its rate is of.
    #[record(sql = "{day}")]
    day: i32,
    #[record(sql = "{known_at}")]
    known_at: Timestamp,
    #[record(sql = "{given_back}")]
    given_back: Option<i64>,
    #[record(sql = "CASE WHEN l.product_id IS NULL THEN 0 ELSE 1 END")]
    is_product: i32,
    /// Whether the line is of the query's products.
    #[record(sql = "CASE WHEN {fits} THEN 1 ELSE 0 END")]
    fits: i32,
    #[record(sql = "l.quantity")]
    quantity: i64,
    #[record(sql = "{cancelled}")]
    cancelled: i64,
    #[record(sql = "l.total_minor")]
    total: i64,
    #[record(sql = "{cost}")]
    cost: i64,
    #[record(sql = "l.unit_decimals")]
    decimals: i32,
}

/// Differences between the statements of the two sides.
struct SideSql {
    table: &'static str,
    document: &'static str,
    counted: &'static str,
    cancelled: &'static str,
    cost: &'static str,
    given_back: String,
    day: &'static str,
    known_at: String,
    /// Join that finds the order of the rate.
    joined: &'static str,
}

impl Side {
    /// An order has the rate of its day as recorded when it was confirmed. A return has the rate of
    /// the order that it was matched with first, or else that of its own day as recorded when it
    /// was created.
    fn sql(self) -> SideSql {
        let confirmed = |order: &str| {
            format!(
                "(SELECT min(x.recorded_at) FROM order_step x WHERE x.tenant_id = $1 AND x.order_id = {order} AND x.action = '{}')",
                ORDER_CONFIRMED.name()
            )
        };
        match self {
            Self::Sales => SideSql {
                table: "order_line",
                document: "order_id",
                counted: SOLD,
                cancelled: "l.cancelled",
                cost: "coalesce(l.unit_cost_minor, 0)",
                given_back: "CAST(NULL AS bigint)".to_owned(),
                day: "o.business_date",
                known_at: format!("coalesce({}, o.created_at)", confirmed("o.id")),
                joined: "",
            },
            Self::Returns => SideSql {
                table: "return_line",
                document: "return_id",
                counted: "TRUE",
                cancelled: "(l.quantity - l.received)",
                cost: "CAST(0 AS bigint)",
                given_back: format!("CASE WHEN o.refunded_minor IS NOT NULL AND {DIFFERS} THEN o.refunded_minor END"),
                day: "coalesce(sold.business_date, o.business_date)",
                known_at: format!("coalesce({}, sold.created_at, back.created_at)", confirmed("sold.id")),
                joined: "LEFT JOIN sales_return back ON back.tenant_id = $1 AND back.id = o.id
                 LEFT JOIN sales_order sold ON sold.tenant_id = $1 AND sold.id = (SELECT m.order_id FROM return_match m
                   WHERE m.tenant_id = $1 AND m.return_id = o.id ORDER BY m.return_position, m.order_id, m.order_position LIMIT 1)",
            },
        }
    }
}

impl SalesQuery {
    /// The lines of documents in other currencies, document by document, after the document in the
    /// last parameter. A document is converted as a whole, so all of its lines are read.
    fn foreign_lines(&self, side: Side, backend: Backend) -> String {
        let sql = side.sql();
        let key = self.group_expression(nil_id_literal(backend));
        let product = if self.group == Group::Category { PRODUCT_OF_LINE } else { "" };
        let fits = self.of_products().unwrap_or_else(|| "TRUE".to_owned());
        let select = LineRow::SELECT
            .replace("{day}", sql.day)
            .replace("{known_at}", &sql.known_at)
            .replace("{given_back}", &sql.given_back)
            .replace("{cancelled}", sql.cancelled)
            .replace("{cost}", sql.cost)
            .replace("{fits}", &fits);
        let SideSql { table, document, counted, cancelled, joined, .. } = sql;
        format!(
            "SELECT {key} AS grp, {select}
             FROM {documents} CROSS JOIN {table} l {product} {joined}
             WHERE {counted}{bounds} AND ({filter}) AND o.id > ${last} AND l.tenant_id = $1 AND l.{document} = o.id AND l.quantity > {cancelled}
             ORDER BY o.id, CASE WHEN l.product_id IS NULL THEN 1 ELSE 0 END, l.position LIMIT {CHUNK}",
            documents = side.documents(backend),
            bounds = self.bounds().replace("o.currency = ", "o.currency <> "),
            filter = self.filter.condition,
            last = SalesFilter::FIRST_PARAMETER + self.values().len(),
        )
    }
}

/// Returns the next documents of one side in other currencies than the query's, in the order of
/// their IDs, with all of their lines, and whether there may be more. They are those of all groups,
/// regardless of the span.
pub async fn foreign_documents(
    reads: &impl Reads,
    query: &SalesQuery,
    trade: Trade,
    after: Uuid,
) -> Result<(Vec<ForeignDocument>, bool), Fault> {
    let query = SalesQuery { span: None, ..query.clone() };
    let side = match trade {
        Trade::Sale => Side::Sales,
        Trade::Return => Side::Returns,
    };
    let mut values = query.values();
    values.push(after.into());
    let rows = reads.rows(&query.foreign_lines(side, reads.backend()), values).await?;
    let is_cut = rows.len() >= CHUNK;
    let mut documents = documents_of(&query, &rows)?;
    if is_cut && documents.len() > 1 {
        // Not all of its lines may have been read.
        documents.pop();
    }
    Ok((documents, is_cut))
}

fn documents_of(query: &SalesQuery, rows: &[QueryResult]) -> Result<Vec<ForeignDocument>, Fault> {
    let mut documents: Vec<ForeignDocument> = Vec::new();
    for row in rows {
        let mut row = Row::new(row);
        let (key, line_row) = (query.key(&mut row)?, row.record::<LineRow>()?);
        let is_product = line_row.is_product == 1;
        let line = ForeignLine {
            key,
            is_product,
            fits: line_row.fits == 1 && (is_product || query.has_charges()),
            line: SoldLine {
                quantity: line_row.quantity,
                cancelled: line_row.cancelled,
                total: line_row.total,
                unit_cost: line_row.cost,
                decimals: line_row.decimals as u8,
            },
        };
        if documents.last().is_none_or(|last| last.id != line_row.id) {
            let from = Currency::parse(&line_row.currency);
            let from = from.ok_or_else(|| Fault::corrupt("sales_order", "a currency of ISO 4217"))?;
            let rate = RateRequest { from, day: line_row.day, known_at: line_row.known_at };
            documents.push(ForeignDocument { id: line_row.id, rate, given_back: line_row.given_back, lines: Vec::new() });
        }
        if let Some(last) = documents.last_mut() {
            last.lines.push(line);
        }
    }
    Ok(documents)
}
