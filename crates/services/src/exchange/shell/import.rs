//! An import: the file as a stream, a chunk at a time.

use platform::{jobs::Lease, storage::Fault};

use super::{Exchange, Halt, Turn};
use crate::{
    exchange::{
        core::{
            Format, ImportOptions, Noun, Run,
            orders::{Survey, Unfits},
        },
        read::{self, Plan, Said, Unreadable},
    },
    files::{
        FileError, Made,
        core::{File, MediaType},
    },
};

impl Exchange {
    pub(super) async fn import(&self, lease: Lease, mut run: Run) -> Result<Made, Halt> {
        let (options, mut turn) = (import_options(&run)?, Turn::begin());
        let noun = run.noun.ok_or_else(|| Fault::corrupt("exchange", "an import has a noun"))?;
        let input = run.input.ok_or_else(|| Fault::corrupt("exchange", "an import has a file"))?;
        let file = self.0.files.of_tenant(run.tenant, input).await?.ok_or(FileError::NotFound)?;
        let is_workbook = file.media_type == MediaType::Workbook.as_str();
        if options.format.is_some_and(|format| (format == Format::Xlsx) != is_workbook) {
            return Err(Halt::Failed("the file is not of the format that was named".to_owned()));
        }
        let most = self.most();
        let plan = Plan { noun, options: options.clone(), skip: run.position(), most: most.rows };
        let unfit =
            if noun == Noun::Orders { self.survey(lease, &run, &file, (is_workbook, &plan)).await? } else { Unfits::default() };
        let mut reading = read::records(self.0.files.read(&file).await?, is_workbook, plan);
        let is_new = run.position() == 0;
        let mut measured = run.position().max(FEW);
        loop {
            match said(reading.recv().await, &run)? {
                Said::How(told) if is_new => run = self.tell(lease, &run, told).await?,
                Said::How(_) => {}
                Said::Rows(rows) => {
                    // What somebody may do is asked anew for each chunk: rights that were taken away end with the last one.
                    let caller = self.maker(&run).await?;
                    let (done, refused) = match noun {
                        Noun::Orders => self.apply_orders((lease, &run), (&options, &caller, &unfit), &rows).await?,
                        _ => self.apply(lease, &run, &options, &caller, &rows).await?,
                    };
                    run = self.advance(lease, &run, done, &refused).await?;
                    too_many(run.counts.refused, most.refused)?;
                    if run.position() >= measured * GROWN {
                        measured = run.position();
                        self.0.db.measure(filled(noun)).await?;
                    }
                    turn.over()?;
                }
                Said::End => break,
            }
        }
        self.report(&run).await
    }

    /// Reads a file of orders before anything of it is carried out: an order whose rows are all over the file is known by the last of them.
    async fn survey(&self, lease: Lease, run: &Run, file: &File, (is_workbook, plan): (bool, &Plan)) -> Result<Unfits, Halt> {
        let plan = Plan { skip: 0, ..plan.clone() };
        let mut reading = read::records(self.0.files.read(file).await?, is_workbook, plan);
        let (mut survey, mut how) = (Survey::default(), None);
        loop {
            match said(reading.recv().await, run) {
                Ok(Said::How(told)) => how = Some(told),
                Ok(Said::Rows(rows)) => rows.iter().for_each(|row| survey.row(row)),
                Ok(Said::End) => break,
                Err(halt) => {
                    // It ends here: how it was read is not told by the second reading.
                    if let Some(told) = how {
                        self.tell(lease, run, told).await?;
                    }
                    return Err(halt);
                }
            }
        }
        let unfit = survey.end();
        too_many(unfit.len() as i64, self.most().refused)?;
        Ok(unfit)
    }
}

/// What was asked for with it.
pub(super) fn import_options(run: &Run) -> Result<ImportOptions, Fault> {
    serde_json::from_str(&run.options).map_err(|error| Fault::corrupt("exchange", format!("the options of an import: {error}")))
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
        Noun::DemandFacts => &[],
    }
}

/// What a reader said, or why it says no more.
fn said(heard: Option<Result<Said, Unreadable>>, run: &Run) -> Result<Said, Halt> {
    match heard {
        Some(Ok(said)) => Ok(said),
        Some(Err(Unreadable::Storage(why))) => Err(Fault::Broken(why).into()),
        Some(Err(why)) => Err(Halt::Failed(why.to_string())),
        None => Err(Fault::Broken(format!("the reader of {} broke", run.id)).into()),
    }
}

fn too_many(refused: i64, most: i64) -> Result<(), Halt> {
    if refused > most {
        return Err(Halt::Failed(format!("more than {most} rows were refused: the rest was not tried")));
    }
    Ok(())
}
