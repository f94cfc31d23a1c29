//! `entrepot forecast bench`: the tables of `docs/insight.md`, made again; and `entrepot liquidation --explain`.

use std::{fs, path::Path};

use forecast::bench::{explain, report};
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
        let begun = clock.monotonic();
        let seconds = || clock.monotonic().since(begun).as_secs_f64();
        let found = report(&read(file)?, &seconds).map_err(|error| error.to_string())?;
        say(&found.text)?;
        say(&format!("Seconds: {:.3} a run with choice and intervals, {:.3} in all.", found.seconds.0, found.seconds.1))?;
    }
    if let Some(example) = example {
        say(&explain(&read(example)?).map_err(|error| error.to_string())?)?;
    }
    Ok(())
}

/// Prints the possible actions for the product of a file, and the best of them.
pub fn liquidation(args: &LiquidationArgs) -> Result<(), String> {
    say(&liquidation_core::explain(&read(&args.explain)?).map_err(|error| error.to_string())?)
}

fn read(file: &Path) -> Result<String, String> {
    fs::read_to_string(file).map_err(|error| format!("{} was not read: {error}. Check the path.", file.display()))
}

fn say(text: &str) -> Result<(), String> {
    serve::say(text).map_err(|error| error.to_string())
}
