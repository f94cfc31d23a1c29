//! Measures training, suggestions and duplicates on a made catalogue: `scale PRODUCTS CATEGORIES`.

#![expect(clippy::unwrap_used, reason = "a tool of developers: it may panic")]

use std::{env, fs, time::Instant};

use product_text::{Model, Product, classifier::Settings, duplicates, train_categories};

fn next(state: &mut u64) -> usize {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) as usize
}

fn word(index: usize) -> String {
    const PARTS: [&str; 24] = [
        "ba", "lo", "ti", "ren", "ka", "mus", "der", "fi", "gon", "hel", "ju", "pra", "sto", "ven", "wy", "xi", "zor", "que",
        "nel", "oth", "cr", "dum", "pal", "esk",
    ];
    let mut rest = index * 7 + 24;
    let mut word = String::new();
    while rest > 0 {
        word.push_str(PARTS[rest % PARTS.len()]);
        rest /= PARTS.len();
    }
    word
}

/// Names of a head noun of the category, a brand, two words of a style, a colour and a size.
fn generate_names(products: usize, categories: usize) -> Vec<(String, String, String)> {
    const COLOURS: [&str; 8] = ["RED", "BLUE", "GREEN", "PINK", "WHITE", "BLACK", "IVORY", "GREY"];
    let mut state = 7;
    let name = |index: usize, state: &mut u64| {
        let category = next(state) % categories;
        let noun = word(category * 4 + next(state) % 4);
        let (brand, style, other) =
            (word(10_000 + next(state) % 800), word(20_000 + next(state) % 3_000), word(20_000 + next(state) % 3_000));
        let (colour, size) = (COLOURS[next(state) % 8], next(state) % 60);
        (format!("P{index}"), format!("{brand} {noun} {style} {other} {colour} {size}CM"), format!("category {category}"))
    };
    (0..products).map(|index| name(index, &mut state)).collect()
}

fn peak_mib() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").trim().parse::<f64>().unwrap_or_default() / 1024.0
}

/// Seconds of processor time of this process, user and system.
fn cpu() -> f64 {
    let status = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = status.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    let ticks = |index: usize| fields.get(index).and_then(|text| text.parse::<f64>().ok()).unwrap_or_default();
    (ticks(11) + ticks(12)) / 100.0
}

#[expect(clippy::disallowed_methods, reason = "it measures by the wall clock, which the crate does not know")]
fn main() {
    let number = |index: usize, usual: usize| env::args().nth(index).map_or(usual, |text| text.parse().unwrap());
    let made = generate_names(number(1, 100_000), number(2, 500));
    let labels: Vec<[&str; 1]> = made.iter().map(|(_, _, category)| [category.as_str()]).collect();
    let product = |((id, name, _), labels): (&'_ (String, String, String), _)| (id.clone(), name.clone(), labels);
    let owned: Vec<(String, String, &[&str; 1])> = made.iter().zip(&labels).map(product).collect();
    let products: Vec<Product<'_>> =
        owned.iter().map(|(id, name, labels)| Product { id, name, description: "", labels: labels.as_slice() }).collect();
    let told = |name: &str, begun: Instant, before: f64| {
        println!(
            "{name}: {:.1} s of clock, {:.1} s of processor, peak {:.0} MiB",
            begun.elapsed().as_secs_f64(),
            cpu() - before,
            peak_mib()
        );
    };

    let (begun, before) = (Instant::now(), cpu());
    let names: Vec<&str> = made.iter().map(|(_, name, _)| name.as_str()).collect();
    let found = duplicates::find_duplicates(&names, &duplicates::Settings::default());
    told("duplicates", begun, before);
    println!("  {} pairs, {} compared, {} told apart", found.pairs.len(), found.compared, found.told_apart);

    let (begun, before) = (Instant::now(), cpu());
    let trained = train_categories(&products, &Settings::default()).unwrap();
    told("training", begun, before);
    let accuracy = trained.report.categories;
    println!("  top 1 {:.3}, calibration error {:.3} on {}", accuracy.top1, accuracy.calibration_error, accuracy.held_out);

    let (begun, before) = (Instant::now(), cpu());
    let bytes = trained.model.to_bytes();
    let model = Model::from_bytes(&bytes).unwrap();
    told("to bytes and back", begun, before);
    println!("  {} bytes", bytes.len());
    let (begun, before) = (Instant::now(), cpu());
    let confident = names.iter().take(10_000).filter(|name| model.suggest(name, "").is_confident).count();
    told("10,000 suggestions", begun, before);
    println!("  {confident} confident");
}
