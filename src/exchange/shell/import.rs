//! An import: the file as a stream, a chunk at a time.

use super::{Exchange, Halt};
use crate::{
    exchange::{
        core::{Counts, Earnest, Format, ImportOptions, Noun, Run},
        read::{self, Plan, Said, Unreadable},
    },
    files::{
        FileError, Made,
        core::{MediaType, limits::REFUSED_ROWS},
    },
    jobs::Lease,
    storage::Fault,
};

impl Exchange {
    pub(super) async fn import(&self, lease: Lease, mut run: Run) -> Result<Made, Halt> {
        let options: ImportOptions = serde_json::from_str(&run.options)
            .map_err(|error| Fault::corrupt("exchange", format!("the options of an import: {error}")))?;
        let noun = run.noun.ok_or_else(|| Fault::corrupt("exchange", "an import has a noun"))?;
        let input = run.input.ok_or_else(|| Fault::corrupt("exchange", "an import has a file"))?;
        let file = self.0.files.of_tenant(run.tenant, input).await?.ok_or(FileError::NotFound)?;
        let bytes = self.0.files.read(&file).await?;
        let is_workbook = file.media_type == MediaType::Workbook.as_str();
        if options.format.is_some_and(|format| (format == Format::Xlsx) != is_workbook) {
            return Err(Halt::Failed("the file is not of the format that was named".to_owned()));
        }
        let plan = Plan { noun, options: options.clone(), skip: run.position() };
        let mut reading = read::records(bytes, is_workbook, plan);
        let is_new = run.position() == 0;
        let mut measured = run.position().max(FEW);
        loop {
            match reading.recv().await {
                Some(Ok(Said::How(told))) if is_new => run = self.tell(lease, &run, told).await?,
                Some(Ok(Said::How(_))) => {}
                Some(Ok(Said::Rows(rows))) => {
                    // What somebody may do is asked anew for each chunk: rights that were taken away end with the last one.
                    let caller = self.maker(&run).await?;
                    let (done, refused) = self.apply(lease, &run, &options, &caller, &rows).await?;
                    run = self.advance(lease, &run, done, &refused).await?;
                    too_many(run.counts)?;
                    if run.position() >= measured * GROWN {
                        measured = run.position();
                        self.0.db.measure(filled(noun)).await?;
                    }
                }
                Some(Ok(Said::End)) => break,
                Some(Err(Unreadable::Storage(why))) => return Err(Fault::Broken(why).into()),
                Some(Err(why)) => return Err(Halt::Failed(why.to_string())),
                None => return Err(Fault::Broken(format!("the reader of {} broke", run.id)).into()),
            }
        }
        let name = if options.earnest == Earnest::DryRun { "dry-run" } else { "import" };
        self.report(&run, name).await
    }
}

/// Rows up to which it does not matter how they are looked for.
const FEW: i64 = 500;
/// How many times larger than when they were last measured tables have become when they are measured again.
const GROWN: i64 = 4;

/// The tables that a file of a noun fills.
const fn filled(noun: Noun) -> &'static [&'static str] {
    match noun {
        Noun::Products => &["product", "barcode"],
        Noun::Stock | Noun::StockChanges | Noun::Movements => &["stock_level", "movement", "entry"],
        Noun::Orders => &["sales_order", "order_line", "entry"],
        Noun::Suppliers => &["supplier"],
        Noun::Categories => &["category"],
        Noun::Customers => &["customer"],
    }
}

fn too_many(counts: Counts) -> Result<(), Halt> {
    if counts.refused > REFUSED_ROWS {
        return Err(Halt::Failed(format!("more than {REFUSED_ROWS} rows were refused: the rest was not tried")));
    }
    Ok(())
}
