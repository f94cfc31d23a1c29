//! Progress of facts, and the generation of them that reports read.

use entity::{
    prelude::*,
    record::{Record, Selected, TableRecord},
    tables::{
        demand_book::{self, Model},
        demand_day::DemandFigures,
    },
};
use platform::storage::{Fault, Finds, Global, Reads, Row, RowSum, SUSPENDED, Work, journal};

/// A generation's book, with its checksum read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Book {
    pub generation: i64,
    pub seq: i64,
    pub documents_seq: i64,
    pub row_count: i64,
    pub sum: RowSum,
}

#[derive(Record)]
#[record(of = demand_book, alias = "b")]
struct BookRow {
    generation: i64,
    seq: i64,
    documents_seq: i64,
    row_count: i64,
    checksum: String,
}

impl TryFrom<BookRow> for Book {
    type Error = Fault;
    fn try_from(row: BookRow) -> Result<Self, Fault> {
        let BookRow { generation, seq, documents_seq, row_count, checksum } = row;
        let sum = RowSum::parse(&checksum).ok_or_else(|| Fault::corrupt("demand_book", "its checksum has 32 hex digits"))?;
        Ok(Self { generation, seq, documents_seq, row_count, sum })
    }
}

async fn find_book(reads: &impl Reads, rest: &str, values: Vec<sea_orm::Value>) -> Result<Option<Book>, Fault> {
    let sql = format!("SELECT {} FROM demand_book b WHERE b.tenant_id = $1 AND {rest}", BookRow::SELECT);
    reads.records::<BookRow>(&sql, values).await?.pop().map(Book::try_from).transpose()
}

/// The book that reports read; None before the first page.
pub async fn book(reads: &impl Reads) -> Result<Option<Book>, Fault> {
    find_book(reads, "b.is_current", vec![]).await
}

/// The book of a generation, or the one that reports read if none is given.
pub async fn book_of(reads: &impl Reads, generation: Option<i64>) -> Result<Option<Book>, Fault> {
    match generation {
        Some(generation) => find_book(reads, "b.generation = $2", vec![generation.into()]).await,
        None => book(reads).await,
    }
}

/// The event that the facts are counted up to; 0 before the first page.
pub async fn progress(reads: &impl Reads) -> Result<i64, Fault> {
    Ok(book(reads).await?.map_or(0, |book| book.seq))
}

/// Locks the book of a generation until the transaction ends; None if another process has discarded
/// it.
pub async fn lock(work: &Work, generation: i64) -> Result<Option<Book>, Fault> {
    let rest = format!("b.generation = $2{}", work.backend().for_update("b"));
    find_book(work, &rest, vec![generation.into()]).await
}

/// Locks the book that reports read, and creates it if the tenant has none; None if it has just
/// been replaced.
pub async fn lock_current(work: &Work) -> Result<Option<Book>, Fault> {
    let rest = format!("b.is_current{}", work.backend().for_update("b"));
    if let Some(book) = find_book(work, &rest, vec![]).await? {
        return Ok(Some(book));
    }
    let sql = "INSERT INTO demand_book (tenant_id, generation, is_current, seq, documents_seq, row_count, checksum)
        SELECT $1, 1 + coalesce(max(b.generation), 0), true, 0, 0, 0, $2 FROM demand_book b WHERE b.tenant_id = $1
        HAVING coalesce(sum(CASE WHEN b.is_current THEN 1 ELSE 0 END), 0) = 0 ON CONFLICT DO NOTHING";
    work.execute(sql, vec![RowSum::default().to_string().into()]).await?;
    // A tenant that has just been erased has no counter, and this fails: its book would stay.
    journal::head(work).await?;
    find_book(work, &rest, vec![]).await
}

/// Begins a new generation; reports continue to read the current one.
pub async fn begin(work: &Work, generation: i64) -> Result<(), Fault> {
    let row = Model {
        tenant_id: work.tenant(),
        generation,
        is_current: false,
        seq: 0,
        documents_seq: 0,
        row_count: 0,
        checksum: RowSum::default().to_string(),
    };
    work.insert::<demand_book::Entity>(row).await
}

/// Lets reports read another generation.
pub async fn make_current(work: &Work, generation: i64) -> Result<(), Fault> {
    work.execute("UPDATE demand_book SET is_current = false WHERE tenant_id = $1 AND is_current", vec![]).await?;
    let sql = "UPDATE demand_book SET is_current = true WHERE tenant_id = $1 AND generation = $2";
    work.execute(sql, vec![generation.into()]).await.map(drop)
}

#[derive(Record)]
#[record(of = demand_book, alias = "")]
struct GenerationRow {
    generation: i64,
    is_current: bool,
}

/// A row that one generation has and another has not, or not so.
#[derive(Record)]
struct DifferingRow {
    #[record(sql = "{day}")]
    day: i32,
    #[record(sql = "product_id")]
    product: ProductId,
    #[record(sql = "store_id")]
    store: StoreId,
}

/// Returns all generations of the tenant, each with whether reports read it.
pub async fn generations(reads: &impl Reads) -> Result<Vec<(i64, bool)>, Fault> {
    let sql = format!("SELECT {} FROM demand_book WHERE tenant_id = $1 ORDER BY generation", GenerationRow::SELECT);
    let rows = reads.records::<GenerationRow>(&sql, vec![]).await?;
    Ok(rows.into_iter().map(|row| (row.generation, row.is_current)).collect())
}

pub async fn write(work: &Work, book: &Book) -> Result<(), Fault> {
    let row = BookRow {
        generation: book.generation,
        seq: book.seq,
        documents_seq: book.documents_seq,
        row_count: book.row_count,
        checksum: book.sum.to_string(),
    };
    work.update_row(row).await.map(drop)
}

/// Tables with rows of generations; the book is the last, so that a generation whose removal was
/// interrupted is found again.
const TABLES: [&str; 6] = ["demand_day", "demand_gone", "demand_week", "stock_span", "demand_document", "demand_book"];

/// Removes a generation that reports do not read. Another rebuild may have let them read it by now: then it stays.
pub async fn discard(work: &Work, generation: i64) -> Result<(), Fault> {
    lock(work, generation).await?;
    for table in TABLES {
        let sql = format!(
            "DELETE FROM {table} WHERE tenant_id = $1 AND generation = $2 AND NOT EXISTS
               (SELECT 1 FROM demand_book b WHERE b.tenant_id = $1 AND b.generation = $2 AND b.is_current)"
        );
        work.execute(&sql, vec![generation.into()]).await?;
    }
    Ok(())
}

/// Tenants whose journal is ahead of their facts.
pub async fn tenants_behind(global: &Global) -> Result<Vec<TenantId>, Fault> {
    let sql = format!(
        "SELECT c.tenant_id FROM tenant_counter c LEFT JOIN demand_book b ON b.tenant_id = c.tenant_id AND b.is_current
         WHERE c.head > coalesce(b.seq, 0) AND c.tenant_id NOT IN {SUSPENDED} ORDER BY c.tenant_id"
    );
    global.rows(&sql, vec![]).await?.iter().map(Row::scalar).collect()
}

/// A row of generation `generation` that `other_generation` lacks or has with other values, as text; None if all rows
/// are equal.
pub async fn difference(reads: &impl Reads, generation: i64, other_generation: i64) -> Result<Option<String>, Fault> {
    let days =
        format!("business_date, product_id, store_id, channel_id, currency, {}, max_line_units", DemandFigures::NAMES.join(", "));
    let weeks = columns::<entity::tables::DemandWeek>();
    let spans = columns::<entity::tables::StockSpan>();
    for (table, columns, day) in
        [("demand_day", days, "business_date"), ("demand_week", weeks, "week_date"), ("stock_span", spans, "from_date")]
    {
        let rows = format!("SELECT {columns} FROM {table} WHERE tenant_id = $1 AND generation");
        let select = DifferingRow::SELECT.replace("{day}", day);
        let sql = format!("SELECT {select} FROM ({rows} = $2 EXCEPT {rows} = $3) x ORDER BY 1, 2, 3 LIMIT 1");
        let differing_row = reads.records::<DifferingRow>(&sql, vec![generation.into(), other_generation.into()]).await?.pop();
        if let Some(DifferingRow { day, product, store }) = differing_row {
            return Ok(Some(format!("{table} {} {product} {store}", platform::clock::day_text(day))));
        }
    }
    Ok(None)
}

/// The columns of a table but for tenant and generation.
fn columns<R: TableRecord>() -> String {
    let names = R::COLUMNS.iter().map(|column| column.0).filter(|name| !["tenant_id", "generation"].contains(name));
    names.collect::<Vec<_>>().join(", ")
}
