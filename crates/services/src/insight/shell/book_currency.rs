//! Sums of the documents of all currencies, in the currency of the books.

use inventory::currency::{core::RateRequest, shell::load_rates_as_recorded};
use platform::storage::TenantScope;
use uuid::Uuid;

use super::error::ReportError;
use crate::insight::{
    core::{Sums, Tally, Trade},
    rows::{self, SalesQuery},
};

/// Sums by group, in the query's currency, which is that of the books; months by their days. The database sums the documents in that currency; the others are converted
/// document by document.
pub(super) async fn sales_in_books(scope: &TenantScope, query: &SalesQuery) -> Result<Tally, ReportError> {
    let mut tally = rows::sales(scope, query).await?.groups;
    let after = query.span.as_ref().and_then(|span| span.after.as_ref());
    let foreign = foreign_sales(scope, query).await?.groups;
    for (key, sums) in foreign.into_iter().filter(|(key, _)| after.is_none_or(|after| key > after)) {
        tally.entry(key).or_default().add(&sums);
    }
    // The span limits both parts: the sums in the books' currency are of the span's first groups,
    // and the others of all groups, so that the first groups of both are complete.
    if let Some(end_key) = query.span.as_ref().and_then(|span| tally.keys().nth(span.limit).cloned()) {
        tally.split_off(&end_key);
    }
    Ok(tally)
}

/// Sums of the documents in other currencies than the query's, which is that of the books: by group, and over all groups.
#[derive(Default)]
pub(super) struct ForeignSales {
    pub groups: Tally,
    pub total: Sums,
}

/// Returns the sums of all groups, regardless of the span.
pub(super) async fn foreign_sales(scope: &TenantScope, query: &SalesQuery) -> Result<ForeignSales, ReportError> {
    let mut foreign = ForeignSales::default();
    for trade in [Trade::Sale, Trade::Return] {
        foreign.add(scope, query, trade).await?;
    }
    Ok(foreign)
}

impl ForeignSales {
    /// Adds the amounts of orders or returns.
    async fn add(&mut self, scope: &TenantScope, query: &SalesQuery, trade: Trade) -> Result<(), ReportError> {
        let mut last = Uuid::nil();
        loop {
            let (documents, is_cut) = rows::foreign_documents(scope, query, trade, last).await?;
            let Some(chunk_end) = documents.last().map(|document| document.id) else { return Ok(()) };
            let requests: Vec<RateRequest> = documents.iter().map(|document| document.rate).collect();
            let rates = load_rates_as_recorded(scope, query.currency, &requests).await?;
            for document in &documents {
                let (mut document_groups, mut sums) = (Tally::new(), Sums::default());
                document.add_to(&mut document_groups, trade, rates.get(&document.rate)).ok_or(ReportError::TooLarge)?;
                for (key, group_sums) in document_groups {
                    sums.add(&group_sums);
                    self.groups.entry(key).or_default().add(&group_sums);
                }
                self.total.add(&sums.as_one_document());
            }
            if !is_cut {
                return Ok(());
            }
            last = chunk_end;
        }
    }
}
