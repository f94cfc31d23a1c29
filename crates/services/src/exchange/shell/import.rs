//! An import: the file as a stream, a chunk at a time.

use platform::{jobs::Lease, storage::Fault};

use super::{halt::Halt, service::Exchange, time_slice::TimeSlice};
use crate::{
    exchange::{
        core::{
            Format, ImportOptions, Noun, Run,
            orders::{OrderDefects, Survey},
        },
        read::{self, ReadMessage, ReadPlan, Unreadable},
    },
    files::{
        FileError, ResultFile,
        core::{File, MediaType},
    },
};

impl Exchange {
    pub(super) async fn import(&self, lease: Lease, mut run: Run) -> Result<ResultFile, Halt> {
        let (options, mut time_slice) = (import_options(&run)?, TimeSlice::begin());
        let noun = run.noun.ok_or_else(|| Fault::corrupt("exchange", "an import has a noun"))?;
        let input = run.input.ok_or_else(|| Fault::corrupt("exchange", "an import has a file"))?;
        let file = self.0.files.find_of_tenant(run.tenant, input).await?.ok_or(FileError::NotFound)?;
        let is_workbook = file.media_type == MediaType::Workbook.as_str();
        if options.format.is_some_and(|format| (format == Format::Xlsx) != is_workbook) {
            return Err(Halt::Failed("the file is not of the format that was named".to_owned()));
        }
        let limits = self.current_limits();
        let plan = ReadPlan { noun, options: options.clone(), skip: run.position(), max_rows: limits.rows };
        let order_defects = if noun == Noun::Orders {
            self.survey(lease, &run, &file, (is_workbook, &plan)).await?
        } else {
            OrderDefects::default()
        };
        let mut messages = read::records(self.0.files.read(&file).await?, is_workbook, plan);
        let is_new = run.position() == 0;
        let mut measured_rows = run.position().max(SMALL_TABLE_ROWS);
        loop {
            match expect_message(messages.recv().await, &run)? {
                ReadMessage::How(reading) if is_new => run = self.store_reading(lease, &run, reading).await?,
                ReadMessage::How(_) => {}
                ReadMessage::Rows(rows) => {
                    // Rights are checked again for each chunk: rights that are revoked end with the
                    // current one.
                    let caller = self.load_requester(&run).await?;
                    let (progress, refused) = match noun {
                        Noun::Orders => self.apply_orders((lease, &run), (&options, &caller, &order_defects), &rows).await?,
                        _ => self.apply(lease, &run, &options, &caller, &rows).await?,
                    };
                    run = self.advance(lease, &run, progress, &refused).await?;
                    check_refused_count(run.counts.refused, limits.refused)?;
                    if run.position() >= measured_rows * GROWTH_FACTOR {
                        measured_rows = run.position();
                        self.0.db.analyze(target_tables(noun)).await?;
                    }
                    time_slice.yield_if_due()?;
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
        let mut messages = read::records(self.0.files.read(file).await?, is_workbook, plan);
        let (mut survey, mut last_reading) = (Survey::default(), None);
        loop {
            match expect_message(messages.recv().await, run) {
                Ok(ReadMessage::How(reading)) => last_reading = Some(reading),
                Ok(ReadMessage::Rows(rows)) => rows.iter().for_each(|row| survey.row(row)),
                Ok(ReadMessage::End) => break,
                Err(halt) => {
                    // The import ends here: no second reading will report how the file was read.
                    if let Some(reading) = last_reading {
                        self.store_reading(lease, run, reading).await?;
                    }
                    return Err(halt);
                }
            }
        }
        let order_defects = survey.end();
        check_refused_count(order_defects.len() as i64, self.current_limits().refused)?;
        Ok(order_defects)
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
fn expect_message(received: Option<Result<ReadMessage, Unreadable>>, run: &Run) -> Result<ReadMessage, Halt> {
    match received {
        Some(Ok(message)) => Ok(message),
        Some(Err(Unreadable::Storage(reason))) => Err(Fault::Broken(reason).into()),
        Some(Err(reason)) => Err(Halt::Failed(reason.to_string())),
        None => Err(Fault::Broken(format!("the reader of {} broke", run.id)).into()),
    }
}

fn check_refused_count(refused: i64, limit: i64) -> Result<(), Halt> {
    if refused > limit {
        return Err(Halt::Failed(format!("more than {limit} rows were refused: the rest was not tried")));
    }
    Ok(())
}
