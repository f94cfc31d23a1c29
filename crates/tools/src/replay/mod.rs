//! The replay: a retailer's file, by a fixed rule, through the public GraphQL API, and its totals
//! compared at the end.
//!
//! `reader` streams rows, `rule` classifies a row, `validation` checks it, `intake` collects rows in
//! a `plan_builder`, `assemble` makes the `plan` of them (all documents, in order), `documents` write
//! it as inputs, `existing_data` recognises data of an earlier run, `schedule` decides which
//! documents may be in flight together, `driver` sends, `audit` queries the figures and `expect`
//! compares. This room is a client: it uses the public API and no internals.

pub mod audit;
pub mod catalogue;
pub mod country;
pub mod documents;
pub mod driver;
pub mod error;
pub mod expect;
pub mod flat_values;
pub mod intake;
pub mod plan;
pub mod reader;
pub mod rule;
pub mod schedule;
pub mod section;
pub mod existing_data;
pub mod wire;

mod answers;
mod assemble;
mod best_sellers;
mod costs;
mod validation;
mod matching;
mod payload;
mod plan_builder;
mod progress;

use std::path::PathBuf;
use std::sync::Arc;

pub use driver::LoadResult;
pub use error::ReplayError;
pub use expect::{Comparison, Expected};
pub use plan::Plan;
pub use wire::Client;

/// Replay a retailer's file through the GraphQL API of a running server.
#[derive(Debug, Clone, clap::Args)]
pub struct ReplayArgs {
    /// The retailer's rows: .csv, .csv.gz or .csv.zst, or - for .csv from standard input, with the columns InvoiceNo, StockCode, Description, Quantity,
    /// InvoiceDate, UnitPrice, CustomerID and Country
    pub file: PathBuf,
    /// The server, or its GraphQL endpoint where that is not at /graphql
    #[arg(long, env = "ENTREPOT_URL", default_value = "http://127.0.0.1:8080")]
    pub url: String,
    /// A bearer token of the tenant that takes the data: an access token or an API key, which may also read stock movements
    #[arg(long, env = "ENTREPOT_TOKEN", hide_env_values = true)]
    pub token: String,
    /// Check every figure of this file after the load; the section is found by the data's checksum
    #[arg(long, value_name = "JSON")]
    pub expect: Option<PathBuf>,
    /// Maximum number of documents in flight
    #[arg(long, default_value_t = 8, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub parallel: u16,
}

/// Result of a replay and, if requested, of its check.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    pub loaded: LoadResult,
    pub comparison: Option<Comparison>,
}

/// Plans the file, loads it and checks it, talking on standard output. Nothing is sent before the whole file has been read
/// and judged, and the expected figures found. A difference is an error, after its table has been printed.
pub async fn run(args: ReplayArgs) -> Result<Summary, ReplayError> {
    let plan = tokio::task::spawn_blocking(move || {
        let plan = intake::plan(reader::RowReader::open(&args.file)?)?;
        Ok::<_, ReplayError>(plan)
    });
    let plan = plan.await.map_err(|e| ReplayError::Task(e.to_string()))??;
    println!("{}: {} rows, {} documents, {} movements", plan.seal.file, plan.seal.rows, plan.documents.len(), plan.movements());
    let expected = args.expect.map(|path| expect::load(&path, &plan.seal.csv_sha256)).transpose()?;
    let client = Arc::new(Client::new(&args.url, &args.token)?);
    let loaded = load(&client, &plan, args.parallel).await?;
    println!("{loaded}");
    let Some(expected) = expected else { return Ok(Summary { loaded, comparison: None }) };
    let comparison = verify(&client, &plan, &expected).await?;
    println!("{comparison}");
    match comparison.differences() {
        0 => Ok(Summary { loaded, comparison: Some(comparison) }),
        figures => Err(ReplayError::Differs { figures }),
    }
}

/// Sends a plan's documents; a second time changes nothing.
pub async fn load(client: &Arc<Client>, plan: &Plan, parallel: u16) -> Result<LoadResult, ReplayError> {
    driver::load(client, plan, usize::from(parallel)).await
}

/// Queries every figure from the server and compares. For a file without independent figures,
/// `expected` is [`expect::from_plan`].
pub async fn verify(client: &Client, plan: &Plan, expected: &Expected) -> Result<Comparison, ReplayError> {
    Ok(expect::compare(expected, &audit::gather_figures(client, plan, expected).await?))
}
