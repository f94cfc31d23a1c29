//! Prints the tables of `docs/product-text.md`, or the duplicates of the public names: `evidence`, `evidence duplicates`, `evidence clean`.

#![expect(clippy::unwrap_used, reason = "a tool of developers: it may panic")]

#[path = "../tests/shared/mod.rs"]
mod shared;

use std::{env, time::Instant};

use product_text::{
    Style, clean, duplicates,
    evidence::{Catalogue, run_experiments},
};

#[expect(clippy::disallowed_methods, reason = "it measures by the wall clock, which the crate does not know")]
fn main() {
    let Some(names) = shared::names() else { return };
    let begun = Instant::now();
    match env::args().nth(1).as_deref() {
        Some("duplicates") => {
            let texts: Vec<&str> = names.iter().map(|(_, name)| name.as_str()).collect();
            for pair in duplicates::find_duplicates(&texts, &duplicates::Settings::default()).pairs {
                println!("{:.3} {} | {} {:?}", pair.score, texts[pair.first], texts[pair.second], pair.reasons);
            }
        }
        Some("clean") => {
            for (_, name) in &names {
                let cleaned = clean(name, &Style::default());
                println!("{name} → {} {:?}", cleaned.name, cleaned.changes.iter().map(|change| change.rule).collect::<Vec<_>>());
            }
        }
        _ => println!("{}", run_experiments(&Catalogue::from_public_names(&names), &names).unwrap().text),
    }
    eprintln!("{:.1} s", begun.elapsed().as_secs_f64());
}
