//! A chunk of rows, carried out by the room that it belongs to, under a key of its own.

use super::{Exchange, Halt};
use crate::{
    access::{Caller, kind, permit},
    catalog::{
        core::{Rejection, category::CategoryFields, customer::CustomerFields, product::ProductFields, supplier::SupplierFields},
        shell::{Ask, Batch, Mode, Onto, Outcome},
    },
    exchange::{
        core::{
            Counts, Earnest, ImportOptions, Mode as RowMode, Noun, Refused, Run,
            fields::{self, Known, Record},
        },
        rows::{self, known::known},
    },
    jobs::Lease,
    storage::Fault,
};

/// Rows that could be read, each with its number.
pub(super) struct Sorted<T> {
    pub good: Vec<(i64, T)>,
    pub refused: Vec<Refused>,
}

pub(super) fn sorted<T>(rows: &[Record], turn: impl Fn(&Record) -> Result<T, Refused>) -> Sorted<T> {
    let mut sorted = Sorted { good: Vec::with_capacity(rows.len()), refused: Vec::new() };
    for row in rows {
        match turn(row) {
            Ok(value) => sorted.good.push((row.number, value)),
            Err(refused) => sorted.refused.push(refused),
        }
    }
    sorted
}

/// What a chunk is known by, however often it is tried: the exchange, and its first and last row.
pub(super) fn key_of(run: &Run, rows: &[Record]) -> String {
    let (first, last) = (rows.first().map_or(0, |row| row.number), rows.last().map_or(0, |row| row.number));
    format!("{}/{first}-{last}", run.id)
}

impl Exchange {
    /// Carries out a chunk; which rows became what, and those that were refused and not kept yet.
    pub(super) async fn apply(
        &self,
        lease: Lease,
        run: &Run,
        options: &ImportOptions,
        caller: &Caller,
        rows: &[Record],
    ) -> Result<(Counts, Vec<Refused>), Halt> {
        let noun = run.noun.ok_or_else(|| Fault::corrupt("exchange", "an import has a noun"))?;
        let known = known(&self.0.db.tenant(run.tenant).long(), noun, rows).await?;
        match noun {
            Noun::Stock | Noun::StockChanges => self.apply_stock(lease, run, (options, caller, &known), rows).await,
            _ => self.apply_catalogue(run, (options, caller, &known), rows).await,
        }
    }

    async fn apply_catalogue(
        &self,
        run: &Run,
        (options, caller, known): (&ImportOptions, &Caller, &Known),
        rows: &[Record],
    ) -> Result<(Counts, Vec<Refused>), Halt> {
        let mode = if options.earnest == Earnest::DryRun { Mode::Check } else { Mode::Write };
        let ask = Ask { key: Some(key_of(run, rows)), mode };
        let onto = if options.mode == RowMode::Create { Onto::New } else { Onto::Key };
        let catalog = &self.0.catalog;
        match run.noun {
            Some(Noun::Products) => {
                let permit = permit::<kind::ProductWrite>(caller)?;
                let Sorted { good, refused } = sorted::<ProductFields>(rows, |row| fields::product(row, known));
                let (numbers, good) = good.into_iter().unzip();
                let done = self.as_maker(run, "import.products", catalog.product_import(permit, good, onto, ask)).await?;
                self.counted(numbers, done, refused)
            }
            Some(Noun::Suppliers) => {
                let permit = permit::<kind::ProductWrite>(caller)?;
                let Sorted { good, refused } = sorted::<SupplierFields>(rows, fields::supplier);
                let (numbers, good) = good.into_iter().unzip();
                let done = self.as_maker(run, "import.suppliers", catalog.supplier_import(permit, good, onto, ask)).await?;
                self.counted(numbers, done, refused)
            }
            Some(Noun::Categories) => {
                let permit = permit::<kind::ProductWrite>(caller)?;
                let Sorted { good, refused } = sorted::<CategoryFields>(rows, fields::category);
                let (numbers, good) = good.into_iter().unzip();
                let done = self.as_maker(run, "import.categories", catalog.category_import(permit, good, onto, ask)).await?;
                self.counted(numbers, done, refused)
            }
            Some(Noun::Customers) => {
                let permit = permit::<kind::CustomerWrite>(caller)?;
                let Sorted { good, refused } = sorted::<CustomerFields>(rows, fields::customer);
                let (numbers, good) = good.into_iter().unzip();
                let done = self.as_maker(run, "import.customers", catalog.customer_import(permit, good, onto, ask)).await?;
                self.counted(numbers, done, refused)
            }
            _ => Err(Fault::corrupt("exchange", "this noun comes in no file").into()),
        }
    }

    /// What became of each row of a call to the catalogue.
    fn counted<R>(&self, numbers: Vec<i64>, done: Batch<R>, mut refused: Vec<Refused>) -> Result<(Counts, Vec<Refused>), Halt> {
        let mut counts = Counts { refused: refused.len() as i64, ..Counts::default() };
        if let Some(why) = done.refused.first() {
            // The names in the chunk stand for something else than when it was carried out, just before its worker died: it is done.
            if why.why == Rejection::KeyReused {
                counts.unchanged = numbers.len() as i64;
                return Ok((counts, refused));
            }
            return Err(Fault::Broken(format!("a chunk of an import was refused as a whole: {why:?}")).into());
        }
        for (number, answer) in numbers.into_iter().zip(done.rows) {
            match answer.outcome {
                Outcome::Created => counts.created += 1,
                Outcome::Updated => counts.updated += 1,
                Outcome::Unchanged => counts.unchanged += 1,
                Outcome::Refused => {
                    counts.refused += 1;
                    let told: Vec<_> = answer.problems.iter().map(|problem| self.0.words.of_catalogue(problem)).collect();
                    let (code, field, _) = told.first().cloned().unwrap_or_default();
                    let message = told.into_iter().map(|(_, _, message)| message).collect::<Vec<_>>().join("; ");
                    refused.push(Refused { number, code, field, message });
                }
            }
        }
        Ok((counts, refused))
    }

    /// Rows of a chunk that were refused and kept before.
    pub(super) async fn left_out(&self, run: &Run, chunk: &[Record]) -> Result<Vec<i64>, Fault> {
        let (Some(first), Some(last)) = (chunk.first(), chunk.last()) else { return Ok(Vec::new()) };
        let range = (first.number - 1, last.number);
        let kept = rows::refused(&self.0.db.tenant(run.tenant), run.id, range, chunk.len() as i64).await?;
        Ok(kept.into_iter().map(|row| row.number).collect())
    }
}
