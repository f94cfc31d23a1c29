//! The plan of the real files, figure by figure against totals that were computed without any product code.

use std::time::Instant;

use entrepot::replay::expect::{self, FoundFigures};
use entrepot::replay::intake;
use entrepot::replay::plan::Product;
use entrepot::replay::reader::RowReader;
use entrepot::replay::section;

use crate::world::data_folder;

fn agrees(file: &str, opening: &str, on_hand: &str) {
    let Some(folder) = data_folder() else { return };
    let started = Instant::now();
    let plan = intake::plan(RowReader::open(&folder.join(file)).unwrap()).unwrap();
    println!("{file}: {} rows planned in {:?}", plan.seal.rows, started.elapsed());
    let expected = expect::load(&folder.join("expected.json"), &plan.seal.csv_sha256).unwrap();
    let mut found = FoundFigures::default();
    found.add("plan", &section::build_section(&plan, expected.spots()));
    let comparison = expect::compare(&expected, &found);
    println!("{comparison}");
    assert_eq!(comparison.differences(), 0);

    let listed = |name: &str| {
        let mut text = String::new();
        let file = std::fs::File::open(folder.join(name)).unwrap();
        std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(file), &mut text).unwrap();
        text
    };
    let lines = |all: Vec<(&str, i64)>| all.iter().map(|(sku, units)| [*sku, ",", &units.to_string(), "\n"].concat()).collect();
    let shown = |units: fn(&Product) -> i64| plan.products.iter().map(move |p| (&*p.sku, units(p)));
    let opened: String = lines(shown(|p| p.opening).filter(|(_, units)| *units > 0).collect());
    let closed: String = lines(shown(|p| p.closing).collect());
    assert_eq!(listed(opening), opened);
    assert_eq!(listed(on_hand), closed);
}

#[test]
fn the_sample_comes_out_to_the_unit_and_the_penny() {
    agrees("online-retail-sample.csv.gz", "expected-opening-sample.csv.gz", "expected-on-hand-sample.csv.gz");
}

#[test]
fn the_full_year_comes_out_to_the_unit_and_the_penny() {
    agrees("online-retail.csv.zst", "expected-opening-full.csv.gz", "expected-on-hand-full.csv.gz");
}
