//! The public names that lie beside the repository.

use std::{collections::BTreeMap, fs, io::Read, path::PathBuf};

fn path(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).join(name)
}

/// Whether a code is a product's: five digits and up to three letters, or one family with a prefix.
fn is_product(code: &str) -> bool {
    let bytes = code.as_bytes();
    let plain = bytes.len() >= 5
        && bytes.len() <= 8
        && bytes[..5].iter().all(u8::is_ascii_digit)
        && bytes[5..].iter().all(u8::is_ascii_uppercase);
    plain || (code.len() > 4 && code.starts_with("DCGS") && bytes[4..].iter().all(u8::is_ascii_alphanumeric))
}

/// Codes and their most frequent names on lines of sales, ties to the earliest; in the order of codes.
pub fn names_in(csv: impl Read) -> Vec<(String, String)> {
    let mut counts: BTreeMap<String, Vec<(String, usize)>> = BTreeMap::new();
    for row in csv::Reader::from_reader(csv).records().map(Result::unwrap) {
        let (invoice, code) = (&row[0], row[1].trim().to_uppercase());
        let name = row[2].split_whitespace().collect::<Vec<_>>().join(" ");
        let (quantity, price): (i64, f64) = (row[3].parse().unwrap(), row[5].parse().unwrap());
        let is_sale =
            invoice.starts_with(|first: char| first.is_ascii_digit()) && quantity > 0 && (price > 0.0 || !row[6].is_empty());
        if !is_sale || name.is_empty() || !is_product(&code) {
            continue;
        }
        let names = counts.entry(code).or_default();
        match names.iter_mut().find(|(is, _)| *is == name) {
            Some((_, count)) => *count += 1,
            None => names.push((name, 1)),
        }
    }
    let most = |names: Vec<(String, usize)>| names.into_iter().rev().max_by_key(|(_, count)| *count).unwrap().0;
    counts.into_iter().map(|(code, names)| (code, most(names))).collect()
}

/// The names of the public year. `None`, with a message, if the file does not exist; CI has it.
pub fn names() -> Option<Vec<(String, String)>> {
    let file = path("online-retail.csv.zst");
    if !file.exists() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "CI has ../shared/data");
        eprintln!("SKIPPED: there is no ../shared/data/online-retail.csv.zst beside the project");
        return None;
    }
    Some(names_in(zstd::Decoder::new(fs::File::open(file).unwrap()).unwrap()))
}
