//! `entrepot forecast bench`: the tables of `docs/insight.md`, made again; and `entrepot liquidation --explain`.

use std::{fs, path::Path};

use forecast::bench::{explain, run_benchmark};
use platform::clock::Clock;
use services::liquidation::core as liquidation_core;

use crate::{
    config::{ForecastCommand, LiquidationArgs},
    serve,
};

/// Prints the comparison, or the steps of one product.
pub fn run(command: &ForecastCommand) -> Result<(), String> {
    let ForecastCommand::Bench { file, explain: example } = command;
    if let Some(file) = file {
        let clock = Clock::system();
        let started_at = clock.monotonic();
        let seconds = || clock.monotonic().since(started_at).as_secs_f64();
        let benchmark = run_benchmark(&read_file(file)?, &seconds).map_err(|error| error.to_string())?;
        print_stdout(&benchmark.text)?;
        print_stdout(&format!(
            "Seconds: {:.3} a run with choice and intervals, {:.3} in all.",
            benchmark.seconds.0, benchmark.seconds.1
        ))?;
    }
    if let Some(example) = example {
        print_stdout(&explain(&read_file(example)?).map_err(|error| error.to_string())?)?;
    }
    Ok(())
}

/// Prints the possible actions for the product of a file, and the best of them.
pub fn liquidation(args: &LiquidationArgs) -> Result<(), String> {
    print_stdout(&liquidation_core::explain(&read_file(&args.explain)?).map_err(|error| error.to_string())?)
}

fn read_file(file: &Path) -> Result<String, String> {
    fs::read_to_string(file).map_err(|error| format!("{} was not read: {error}. Check the path.", file.display()))
}

fn print_stdout(text: &str) -> Result<(), String> {
    serve::print_stdout(text).map_err(|error| error.to_string())
}
