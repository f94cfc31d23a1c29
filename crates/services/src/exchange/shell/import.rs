//! An import: the file as a stream, a chunk at a time.

use platform::{jobs::Lease, storage::Fault};

use super::{halt::Halt, service::Exchange, time_slice::Turn};
use crate::{
    exchange::{
        core::{
            Format, ImportOptions, Noun, Run,
            orders::{OrderDefects, Survey},
        },
        read::{self, ReadMessage, ReadPlan, Unreadable},
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
        let file = self.0.files.find_of_tenant(run.tenant, input).await?.ok_or(FileError::NotFound)?;
        let is_workbook = file.media_type == MediaType::Workbook.as_str();
        if options.format.is_some_and(|format| (format == Format::Xlsx) != is_workbook) {
            return Err(Halt::Failed("the file is not of the format that was named".to_owned()));
        }
        let most = self.most();
        let plan = ReadPlan { noun, options: options.clone(), skip: run.position(), most: most.rows };
        let unfit = if noun == Noun::Orders {
            self.survey(lease, &run, &file, (is_workbook, &plan)).await?
        } else {
            OrderDefects::default()
        };
        let mut reading = read::records(self.0.files.read(&file).await?, is_workbook, plan);
        let is_new = run.position() == 0;
        let mut measured = run.position().max(SMALL_TABLE_ROWS);
        loop {
            match said(reading.recv().await, &run)? {
                ReadMessage::How(told) if is_new => run = self.store_reading(lease, &run, told).await?,
                ReadMessage::How(_) => {}
                ReadMessage::Rows(rows) => {
                    // Rights are checked again for each chunk: rights that are revoked end with the
                    // current one.
                    let caller = self.maker(&run).await?;
                    let (done, refused) = match noun {
                        Noun::Orders => self.apply_orders((lease, &run), (&options, &caller, &unfit), &rows).await?,
                        _ => self.apply(lease, &run, &options, &caller, &rows).await?,
                    };
                    run = self.advance(lease, &run, done, &refused).await?;
                    check_refused_count(run.counts.refused, most.refused)?;
                    if run.position() >= measured * GROWTH_FACTOR {
                        measured = run.position();
                        self.0.db.measure(target_tables(noun)).await?;
                    }
                    turn.yield_if_due()?;
                }
                ReadMessage::End => break,
            }
        }
        self.report(&run).await
    }

    /// Reads a file of orders before any row is executed: scattered rows of an order are recognized
    /// only by the last of them.
    async fn survey(
        &self,
        lease: Lease,
        run: &Run,
        file: &File,
        (is_workbook, plan): (bool, &ReadPlan),
    ) -> Result<OrderDefects, Halt> {
        let plan = ReadPlan { skip: 0, ..plan.clone() };
        let mut reading = read::records(self.0.files.read(file).await?, is_workbook, plan);
        let (mut survey, mut how) = (Survey::default(), None);
        loop {
            match said(reading.recv().await, run) {
                Ok(ReadMessage::How(told)) => how = Some(told),
                Ok(ReadMessage::Rows(rows)) => rows.iter().for_each(|row| survey.row(row)),
                Ok(ReadMessage::End) => break,
                Err(halt) => {
                    // The import ends here: no second reading will report how the file was read.
                    if let Some(told) = how {
                        self.store_reading(lease, run, told).await?;
                    }
                    return Err(halt);
                }
            }
        }
        let unfit = survey.end();
        check_refused_count(unfit.len() as i64, self.most().refused)?;
        Ok(unfit)
    }
}

/// Returns the options of an import.
pub(super) fn import_options(run: &Run) -> Result<ImportOptions, Fault> {
    serde_json::from_str(&run.options).map_err(|error| Fault::corrupt("exchange", format!("the options of an import: {error}")))
}

/// Rows up to which the query plan does not matter.
const SMALL_TABLE_ROWS: i64 = 500;
/// Growth factor of tables since their statistics were last updated at which they are updated
/// again.
const GROWTH_FACTOR: i64 = 4;

/// The tables that a file of a noun fills.
const fn target_tables(noun: Noun) -> &'static [&'static str] {
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

/// Returns the reader's message, or the reason why it ended.
fn said(heard: Option<Result<ReadMessage, Unreadable>>, run: &Run) -> Result<ReadMessage, Halt> {
    match heard {
        Some(Ok(said)) => Ok(said),
        Some(Err(Unreadable::Storage(why))) => Err(Fault::Broken(why).into()),
        Some(Err(why)) => Err(Halt::Failed(why.to_string())),
        None => Err(Fault::Broken(format!("the reader of {} broke", run.id)).into()),
    }
}

fn check_refused_count(refused: i64, most: i64) -> Result<(), Halt> {
    if refused > most {
        return Err(Halt::Failed(format!("more than {most} rows were refused: the rest was not tried")));
    }
    Ok(())
}
