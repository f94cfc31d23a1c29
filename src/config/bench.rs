//! The comparison of forecasts, and examples step by step.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Clone, Args)]
pub struct ForecastArgs {
    #[command(subcommand)]
    pub action: ForecastCommand,
}

#[derive(Debug, Clone, Args)]
pub struct LiquidationArgs {
    /// A file with one product as lines of `name: numbers`: `quantity`, `cost`, `price`, `weekly`, `weeks`, `steps`, `credit`, `freight`, `partner`.
    #[arg(long)]
    pub explain: PathBuf,
}

#[derive(Debug, Clone, Subcommand)]
pub enum ForecastCommand {
    /// Print accuracy, coverage and service on a file whose last eight weeks are held out.
    Bench {
        /// A CSV file: a head line of weeks, then a SKU and its units for each week.
        #[arg(long, required_unless_present = "explain")]
        file: Option<PathBuf>,
        /// A file with one product as lines of `name: numbers`; its forecast and order are printed step by step.
        #[arg(long)]
        explain: Option<PathBuf>,
    },
}
