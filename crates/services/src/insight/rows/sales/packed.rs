//! Sums by what was sold, on SQLite: the lines of a document are one row, and are summed here. SQLite would sort all lines by their groups, and tell documents apart
//! line by line.

use std::collections::HashMap;

use platform::storage::{Backend, Fault, Reads, Row};
use sea_orm::QueryResult;
use uuid::Uuid;

use super::{SalesQuery, Side};
use crate::insight::core::{Group, GroupKey, SoldLine, Sums, Tally};

/// Lines that a tenant may have, and documents that are summed, at most: some tens of megabytes. Of more the database makes the sums.
const MOST_LINES: i64 = 2_000_000;
const MOST_DOCUMENTS: usize = 100_000;

/// A document with its lines, column by column.
struct Packed {
    side: i32,
    is_settled: bool,
    /// One ID behind the other, 16 bytes each; the nil one of charges.
    items: Vec<u8>,
    quantities: String,
    totals: String,
    costs: String,
    /// What is cancelled, and decimals; nothing of lines without either.
    others: String,
}

impl SalesQuery {
    /// The documents of one side, each with its lines, in the order of the index that they are found by.
    fn packed_documents(&self, side: Side) -> String {
        format!(
            "SELECT {} AS side, max(settled), CAST(group_concat(coalesce(item, zeroblob(16)), '') AS BLOB), group_concat(quantity),
               group_concat(total), group_concat(cost),
               group_concat(CASE WHEN cancelled = 0 AND decimals = 0 THEN '' ELSE cancelled || ' ' || decimals END)
             FROM ({}) x GROUP BY placed, document",
            side as i32,
            self.lines(side, Backend::Sqlite, "NULL")
        )
    }
}

/// The sums of both sides, and of how many documents lines are too large, and are closed returns; None where the database makes the sums.
pub(super) async fn packed(reads: &impl Reads, query: &SalesQuery) -> Result<Option<(Tally, [i64; 2])>, Fault> {
    if reads.backend() != Backend::Sqlite || !query.group.by_product() || !has_few_lines(reads).await? {
        return Ok(None);
    }
    // All groups have the lines of products.
    let lines = SalesQuery { group: Group::Product, span: None, ..query.clone() };
    let (sales, returns) = (lines.packed_documents(Side::Sales), lines.packed_documents(Side::Returns));
    let sql = format!("{sales} UNION ALL {returns} LIMIT {}", MOST_DOCUMENTS + 1);
    let rows = reads.rows(&sql, lines.values()).await?;
    if rows.len() > MOST_DOCUMENTS {
        return Ok(None);
    }
    let documents = rows.iter().map(read).collect::<Result<Vec<Packed>, Fault>>()?;
    drop(rows);
    let categories = if query.group == Group::Category { categories(reads).await? } else { HashMap::new() };
    let groups = Groups::of(query.group, categories);
    let summed = tokio::task::spawn_blocking(move || groups.summed(&documents)).await;
    let (mut tally, settled) = summed.map_err(|err| Fault::Broken(format!("a report: {err}")))??;
    if let Some(after) = query.span.as_ref().and_then(|span| span.after.as_ref()) {
        tally.retain(|key, _| key > after);
    }
    Ok(Some((tally, [0, settled])))
}

async fn has_few_lines(reads: &impl Reads) -> Result<bool, Fault> {
    let most = MOST_LINES + 1;
    let sql = format!("SELECT count(*) FROM (SELECT 1 FROM order_line l WHERE l.tenant_id = $1 LIMIT {most})");
    let rows = reads.rows(&sql, Vec::new()).await?;
    let count: Option<i64> = rows.first().map(|row| Row::new(row).take()).transpose()?;
    Ok(count.is_some_and(|count| count <= MOST_LINES))
}

/// The category of each product that has one.
async fn categories(reads: &impl Reads) -> Result<HashMap<Uuid, Uuid>, Fault> {
    let sql = "SELECT p.id, p.category_id FROM product p WHERE p.tenant_id = $1 AND p.category_id IS NOT NULL";
    let category = |row: &QueryResult| -> Result<(Uuid, Uuid), Fault> {
        let mut row = Row::new(row);
        Ok((row.take()?, row.take()?))
    };
    reads.rows(sql, Vec::new()).await?.iter().map(category).collect()
}

fn read(row: &QueryResult) -> Result<Packed, Fault> {
    let mut row = Row::new(row);
    Ok(Packed {
        side: row.take()?,
        is_settled: row.take::<i64>()? > 0,
        items: row.take()?,
        quantities: row.take()?,
        totals: row.take()?,
        costs: row.take()?,
        others: row.take()?,
    })
}

impl Packed {
    /// Lines with what each is of; None in the place of one that cannot be read.
    fn lines(&self) -> impl Iterator<Item = Option<(Uuid, SoldLine)>> {
        let columns =
            self.quantities.split(',').zip(self.totals.split(',')).zip(self.costs.split(',')).zip(self.others.split(','));
        self.items.chunks(size_of::<Uuid>()).zip(columns).map(|(item, (((quantity, total), cost), others))| {
            let (cancelled, decimals): (i64, u8) = match others.split_once(' ') {
                None => (0, 0),
                Some((cancelled, decimals)) => (cancelled.parse().ok()?, decimals.parse().ok()?),
            };
            let (quantity, total, unit_cost) = (quantity.parse().ok()?, total.parse().ok()?, cost.parse().ok()?);
            Some((Uuid::from_slice(item).ok()?, SoldLine { quantity, cancelled, total, unit_cost, decimals }))
        })
    }
}

/// The sums of a group, and the last document that it has a line of.
struct GroupSoFar {
    key: GroupKey,
    sums: Sums,
    last: Option<usize>,
}

/// Groups as far as lines are summed.
struct Groups {
    group: Group,
    categories: HashMap<Uuid, Uuid>,
    /// Where the group of a product is, and where that of a key is.
    of_items: HashMap<Uuid, usize>,
    of_keys: HashMap<GroupKey, usize>,
    all: Vec<GroupSoFar>,
}

impl Groups {
    fn of(group: Group, categories: HashMap<Uuid, Uuid>) -> Self {
        Self { group, categories, of_items: HashMap::new(), of_keys: HashMap::new(), all: Vec::new() }
    }

    /// With the number of documents of closed returns.
    fn summed(mut self, documents: &[Packed]) -> Result<(Tally, i64), Fault> {
        let mut settled = 0;
        for (nth, document) in documents.iter().enumerate() {
            settled += i64::from(document.is_settled);
            for line in document.lines() {
                let (item, line) = line.ok_or_else(|| Fault::corrupt("order_line", "packed lines are as they were packed"))?;
                self.add(nth, document.side == Side::Sales as i32, item, &line);
            }
        }
        Ok((self.all.into_iter().map(|group| (group.key, group.sums)).collect(), settled))
    }

    fn place(&mut self, item: Uuid) -> usize {
        if let Some(place) = self.of_items.get(&item) {
            return *place;
        }
        let key = match (self.group, self.categories.get(&item)) {
            (Group::Category, Some(category)) => GroupKey::Id(*category),
            (Group::Category, None) => GroupKey::Nothing,
            _ if item.is_nil() => GroupKey::Nothing,
            _ => GroupKey::Id(item),
        };
        let next = self.all.len();
        let place = *self.of_keys.entry(key.clone()).or_insert(next);
        if place == next {
            self.all.push(GroupSoFar { key, sums: Sums::default(), last: None });
        }
        self.of_items.insert(item, place);
        place
    }

    /// Adds a line of the `nth` document. Lines of a document come one behind the other.
    fn add(&mut self, nth: usize, is_sale: bool, item: Uuid, line: &SoldLine) {
        let place = self.place(item);
        let GroupSoFar { sums, last, .. } = &mut self.all[place];
        let documents = i128::from(last.replace(nth) != Some(nth));
        let (items, units, amount) = if item.is_nil() { (0, 0, 0) } else { (1, line.units(), line.amount()) };
        let charges = if item.is_nil() { line.amount() } else { 0 };
        if is_sale {
            sums.orders += documents;
            sums.order_lines += items;
            sums.units_sold += units;
            sums.gross += amount;
            sums.charges += charges;
            sums.cost += line.cost();
        } else {
            sums.returns += documents;
            sums.return_lines += items;
            sums.units_returned += units;
            sums.refunds += amount;
            sums.charge_credits += charges;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(side: Side, lines: &[(u128, [i64; 3], &str)]) -> Packed {
        let column = |nth: usize| lines.iter().map(|line| line.1[nth].to_string()).collect::<Vec<_>>().join(",");
        Packed {
            side: side as i32,
            is_settled: false,
            items: lines.iter().flat_map(|line| Uuid::from_u128(line.0).into_bytes()).collect(),
            quantities: column(0),
            totals: column(1),
            costs: column(2),
            others: lines.iter().map(|line| line.2).collect::<Vec<_>>().join(","),
        }
    }

    #[test]
    fn a_document_is_counted_once_in_each_group_that_it_has_lines_of() {
        let documents = [
            document(
                Side::Sales,
                &[(1, [2, 500, 100], ""), (2, [3, 900, 0], "1 0"), (1, [1, 250, 100], ""), (0, [1, -50, 0], "")],
            ),
            document(Side::Sales, &[(1, [1500, 250, 100], "0 3")]),
            document(Side::Returns, &[(2, [1, 300, 0], "")]),
        ];
        let products = || Groups::of(Group::Product, HashMap::new());
        let (tally, settled) = products().summed(&documents).unwrap();
        let key = |n| GroupKey::Id(Uuid::from_u128(n));
        let one = Sums { orders: 2, order_lines: 3, units_sold: 1503, gross: 1000, cost: 450, ..Sums::default() };
        let other = Sums { orders: 1, order_lines: 1, units_sold: 2, gross: 600, ..Sums::default() };
        let other = Sums { returns: 1, return_lines: 1, units_returned: 1, refunds: 300, ..other };
        let charges = Sums { orders: 1, charges: -50, ..Sums::default() };
        assert_eq!(tally, Tally::from([(key(1), one), (key(2), other), (GroupKey::Nothing, charges)]));
        assert_eq!(settled, 0);
        let categories = [1, 2].map(|n| (Uuid::from_u128(n), Uuid::from_u128(9))).into();
        let (tally, _) = Groups::of(Group::Category, categories).summed(&documents).unwrap();
        assert_eq!(tally[&key(9)].orders, 2, "both products are of it");
        assert!(products().summed(&[document(Side::Sales, &[(1, [1, 1, 1], "1 x")])]).is_err());
    }
}
