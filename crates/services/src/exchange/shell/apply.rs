//! Executes a chunk of rows in the room that it belongs to, under an idempotency key of its own.

use iam::access::{Caller, kind, permit};
use inventory::catalog::{
    core::{Rejection, category::CategoryFields, customer::CustomerFields, product::ProductFields, supplier::SupplierFields},
    shell::{Batch, CallOptions, Mode, OnExistingKey, Outcome},
};
use platform::{jobs::Lease, storage::Fault};

use super::{
    halt::Halt,
    service::{Exchange, RefusalText},
};
use crate::exchange::{
    core::{
        Counts, ImportOptions, Mode as RowMode, Noun, Refusal, Refused, Run, WriteMode, fields,
        record::{Record, ResolvedNames},
    },
    rows::{self, resolved_names::resolved_names},
};

/// Rows that could be read, each with its number.
pub(super) struct ParsedRows<T> {
    pub good: Vec<(i64, T)>,
    pub refused: Vec<Refused>,
}

pub(super) fn parse_rows<T>(rows: &[Record], parse: impl Fn(&Record) -> Result<T, Refused>) -> ParsedRows<T> {
    let mut parsed = ParsedRows { good: Vec::with_capacity(rows.len()), refused: Vec::new() };
    for row in rows {
        match parse(row) {
            Ok(value) => parsed.good.push((row.number, value)),
            Err(refused) => parsed.refused.push(refused),
        }
    }
    parsed
}

/// Idempotency key of a chunk, the same for each try: the exchange, and its first and last row.
pub(super) fn key_of(run: &Run, rows: &[Record]) -> String {
    let (first, last) = (rows.first().map_or(0, |row| row.number), rows.last().map_or(0, |row| row.number));
    format!("{}/{first}-{last}", run.id)
}

impl Exchange {
    /// Executes a chunk; returns the numbers of rows by result, and the refused rows that are not
    /// stored yet.
    pub(super) async fn apply(
        &self,
        lease: Lease,
        run: &Run,
        options: &ImportOptions,
        caller: &Caller,
        rows: &[Record],
    ) -> Result<(Counts, Vec<Refused>), Halt> {
        let noun = run.noun.ok_or_else(|| Fault::corrupt("exchange", "an import has a noun"))?;
        let names =
            ResolvedNames { decimal: options.decimal, ..resolved_names(&self.0.db.tenant(run.tenant).long(), noun, rows).await? };
        match noun {
            Noun::Stock | Noun::StockChanges => self.apply_stock(lease, run, (options, caller, &names), rows).await,
            _ => self.apply_catalogue(run, (options, caller, &names), rows).await,
        }
    }

    async fn apply_catalogue(
        &self,
        run: &Run,
        (options, caller, names): (&ImportOptions, &Caller, &ResolvedNames),
        rows: &[Record],
    ) -> Result<(Counts, Vec<Refused>), Halt> {
        let mode = if options.earnest == WriteMode::DryRun { Mode::Check } else { Mode::Write };
        let call_options = CallOptions { key: Some(key_of(run, rows)), mode };
        let on_existing = if options.mode == RowMode::Create { OnExistingKey::New } else { OnExistingKey::Key };
        let catalog = &self.0.catalog;
        match run.noun {
            Some(Noun::Products) => {
                let permit = permit::<kind::ProductWrite>(caller)?;
                let ParsedRows { good, refused } = parse_rows::<ProductFields>(rows, |row| fields::product(row, names));
                let (numbers, good) = good.into_iter().unzip();
                let batch = self
                    .run_as_requester(run, "import.products", catalog.product_import(permit, good, on_existing, call_options))
                    .await?;
                catalogue_outcome(self.0.refusal_text.as_ref(), numbers, batch, refused)
            }
            Some(Noun::Suppliers) => {
                let permit = permit::<kind::ProductWrite>(caller)?;
                let ParsedRows { good, refused } = parse_rows::<SupplierFields>(rows, |row| fields::supplier(row, names));
                let (numbers, good) = good.into_iter().unzip();
                let batch = self
                    .run_as_requester(run, "import.suppliers", catalog.supplier_import(permit, good, on_existing, call_options))
                    .await?;
                catalogue_outcome(self.0.refusal_text.as_ref(), numbers, batch, refused)
            }
            Some(Noun::Categories) => {
                let permit = permit::<kind::ProductWrite>(caller)?;
                let ParsedRows { good, refused } = parse_rows::<CategoryFields>(rows, fields::category);
                let (numbers, good) = good.into_iter().unzip();
                let batch = self
                    .run_as_requester(run, "import.categories", catalog.category_import(permit, good, on_existing, call_options))
                    .await?;
                catalogue_outcome(self.0.refusal_text.as_ref(), numbers, batch, refused)
            }
            Some(Noun::Customers) => {
                let permit = permit::<kind::CustomerWrite>(caller)?;
                let ParsedRows { good, refused } = parse_rows::<CustomerFields>(rows, fields::customer);
                let (numbers, good) = good.into_iter().unzip();
                let batch = self
                    .run_as_requester(run, "import.customers", catalog.customer_import(permit, good, on_existing, call_options))
                    .await?;
                catalogue_outcome(self.0.refusal_text.as_ref(), numbers, batch, refused)
            }
            _ => Err(Fault::corrupt("exchange", "this noun cannot be imported").into()),
        }
    }

    /// Rows of a chunk that were refused and kept before.
    pub(super) async fn refused_before(&self, run: &Run, chunk: &[Record]) -> Result<Vec<i64>, Fault> {
        let (Some(first), Some(last)) = (chunk.first(), chunk.last()) else { return Ok(Vec::new()) };
        let range = (first.number - 1, last.number);
        let refused_rows = rows::refused(&self.0.db.tenant(run.tenant), run.id, range, chunk.len() as i64).await?;
        Ok(refused_rows.into_iter().map(|row| row.number).collect())
    }
}

/// Returns the outcomes of the rows of a call to the catalogue.
fn catalogue_outcome<R>(
    refusal_text: &dyn RefusalText,
    numbers: Vec<i64>,
    batch: Batch<R>,
    mut refused: Vec<Refused>,
) -> Result<(Counts, Vec<Refused>), Halt> {
    let mut counts = Counts { refused: refused.len() as i64, ..Counts::default() };
    if let Some(problem) = batch.refused.first() {
        // The chunk was executed just before its worker died, and its names resolve to other IDs
        // now: it is finished.
        if problem.why == Rejection::KeyReused {
            counts.unchanged = numbers.len() as i64;
            return Ok((counts, refused));
        }
        let (_, field, message) = refusal_text.catalogue_text(problem);
        let (first, last) = (numbers.first().copied().unwrap_or(0), numbers.last().copied().unwrap_or(0));
        let reason = format!("rows {first} to {last} were refused as a whole, for {field}: {message}");
        let is_raced = matches!(problem.why, Rejection::Taken(_));
        return Err(if is_raced { Halt::Raced(reason) } else { Halt::Failed(reason) });
    }
    // An earlier try, whose names referred to other rows, has done this chunk.
    if batch.replayed && batch.rows.len() != numbers.len() {
        counts.unchanged = numbers.len() as i64;
        return Ok((counts, refused));
    }
    for (number, answer) in numbers.into_iter().zip(batch.rows) {
        match answer.outcome {
            Outcome::Created => counts.created += 1,
            Outcome::Updated => counts.updated += 1,
            Outcome::Unchanged => counts.unchanged += 1,
            Outcome::Refused => {
                counts.refused += 1;
                let problem_texts: Vec<_> = answer.problems.iter().map(|problem| refusal_text.catalogue_text(problem)).collect();
                let (code, field, _) = problem_texts.first().cloned().unwrap_or_default();
                let words = problem_texts.into_iter().map(|(_, _, message)| message).collect::<Vec<_>>().join("; ");
                refused.push(Refused { number, field, why: Refusal::ByRoom { code, words } });
            }
        }
    }
    Ok((counts, refused))
}

#[cfg(test)]
mod tests {
    use super::{super::halt::MAX_RACES, *};
    use inventory::catalog::core::{Problem, Subject};

    struct FixedText;
    impl RefusalText for FixedText {
        fn catalogue_text(&self, problem: &Problem) -> (String, String, String) {
            (String::new(), problem.at.join("."), "that will not do".to_owned())
        }
        fn stock_text(&self, _: &inventory::stock::core::Reason) -> (String, String) {
            unreachable!("this is no stock")
        }
    }

    #[test]
    fn a_chunk_that_is_refused_as_a_whole_says_why_and_is_tried_again_only_where_others_were_in_the_way() {
        let refused =
            |why| catalogue_outcome(&FixedText, vec![501, 502, 999], Batch::<()>::refused(Problem::at("sku", why)), Vec::new());
        let words = "rows 501 to 999 were refused as a whole, for sku: that will not do";
        for why in [Rejection::Required, Rejection::TooMany { most: 500 }] {
            let halt = refused(why).unwrap_err();
            assert!(matches!(&halt, Halt::Failed(said) if said == words), "{halt:?}");
        }
        let raced = refused(Rejection::Taken(Subject::Sku)).unwrap_err();
        assert!(matches!(&raced, Halt::Raced(said) if said == words), "{raced:?}");
        assert!(matches!(raced.at(0), Halt::Fault(_)), "at first it may go well the next time");
        assert!(
            matches!(refused(Rejection::Taken(Subject::Sku)).unwrap_err().at(MAX_RACES), Halt::Failed(said) if said == words)
        );
        assert_eq!(refused(Rejection::KeyReused).unwrap().0.unchanged, 3, "it was carried out before");
    }
}
