//! Sums of earlier and of later documents, side by side.

use platform::storage::{Backend, Fault, Reads, SideBySide};

use super::{SalesFilter, SalesQuery, packed::packed_halves, sales_at};
use crate::insight::{
    core::SalesByGroup,
    rows::halves::{Cut, Halving, IdPart, middle_moment, middle_order, of_one_state},
};

impl SalesQuery {
    /// That a column is the ID of a document of the query's part; empty for all. Its parameter comes behind the moments.
    pub(super) fn in_part(&self, column: &str) -> String {
        let Some(part) = self.part else { return String::new() };
        let moments = [self.from, self.to].into_iter().flatten().count();
        let next = SalesFilter::FIRST + self.products.values.len() + self.filter.values.len() + 1 + moments;
        part.fits(column, &format!("${next}"))
    }
}

/// Where documents are cut, where they are summed by halves: each half takes a processor, and a document is of one half, so that what counts documents once
/// adds up. SQLite finds documents by their moments, Postgres reads lines in the order of their documents' IDs.
pub(super) async fn cut(reads: &impl Reads, query: &SalesQuery) -> Result<Option<Cut>, Fault> {
    let placed = (query.from, query.to);
    Ok(match (Halving::of(reads), reads.backend()) {
        (Halving::Never, _) => None,
        (Halving::At(cut), _) => Some(cut),
        (Halving::From(least), Backend::Sqlite) => middle_moment(reads, placed, least).await?.map(Cut::At),
        (Halving::From(least), Backend::Postgres) => middle_order(reads, placed, least).await?.map(Cut::By),
    })
}

/// The sums of the documents of both halves, by two statements at once; None where these were of two states of the database.
pub async fn sales_in_halves(reads: &impl Reads, query: &SalesQuery, cut: Cut) -> Result<Option<SalesByGroup>, Fault> {
    let reads = &SideBySide(reads);
    let [earlier, later] = match cut {
        Cut::At(middle) => {
            let (to, from) = (query.to.map_or(middle, |to| to.min(middle)), query.from.map_or(middle, |from| from.max(middle)));
            [SalesQuery { to: Some(to), ..query.clone() }, SalesQuery { from: Some(from), ..query.clone() }]
        }
        Cut::By(middle) => {
            [IdPart::Before(middle), IdPart::From(middle)].map(|part| SalesQuery { part: Some(part), ..query.clone() })
        }
    };
    let packed = packed_halves(reads, [&earlier, &later]).await?;
    let halves = match packed {
        None => None,
        Some([Some(sold), Some(more)]) => Some([sold, more]),
        // The database sums the lines that are too many to be held at once.
        Some(_) => of_one_state(sales_at(reads, &earlier, true), sales_at(reads, &later, true)).await?,
    };
    let Some([mut sold, more]) = halves else { return Ok(None) };
    sold.add(more);
    query.cut(&mut sold.groups);
    Ok(Some(sold))
}
