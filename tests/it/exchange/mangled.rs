//! Parsers of user input, fed with mutations of valid files, in a process with limited memory and
//! time. Cases are drawn from a seed, so failures can be reproduced. `fuzz/` covers more.

use std::{
    io::{Cursor, Write},
    process::Command,
    time::Duration,
};

use bytes::Bytes;
use entity::prelude::ReasonCode;
use entrepot::{
    exchange::{
        core::{
            Decimal, ImportOptions, Mode, Noun, WriteMode, barcodes,
            bulk::{BulkOptions, Keyed, variables},
            fields,
            record::ResolvedNames,
        },
        read::{LinesMessage, ReadMessage, ReadPlan, lines, records},
    },
    files::{
        Bytestream,
        core::{picture_dimensions, sniff},
        draw,
    },
};
use futures_util::{StreamExt, stream};
use image::{DynamicImage, ImageFormat};
use rustix::process::{Resource, Rlimit, setrlimit};
use tokio::time::Instant;
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

const PARSER: &str = "ENTREPOT_TEST_PARSER";
/// Inputs for each parser, unless they take longer than `PATIENCE`.
const CASES: usize = 600;
const PATIENCE: Duration = Duration::from_secs(12);
/// From the start of the process to its end.
const LONGEST: Duration = Duration::from_secs(60);
const MIB: u64 = 1 << 20;

/// A small generator: SplitMix64.
struct Dice(u64);
impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }
    fn below(&mut self, limit: usize) -> usize {
        (self.roll() % limit.max(1) as u64) as usize
    }
}

const TOKENS: [&[u8]; 22] = [
    b"\0",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b"\"",
    b"\"\"",
    b",",
    b";",
    b"\n",
    b"\r",
    b"{",
    b"[[[[",
    b"}",
    b"<",
    b"</",
    b"&#0;",
    b"&x;",
    b"]]>",
    b"<!--",
    b"99999999999999999999",
    b"-1",
    b"1e309",
    "\u{fffd}\u{202e}\u{1f4a9}".as_bytes(),
];

/// The bytes with some things wrong with them.
fn mangled(good: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = good.to_vec();
    for _ in 0..=dice.below(6) {
        let at = dice.below(bytes.len() + 1);
        match dice.below(7) {
            0 => bytes.truncate(at),
            1 if at < bytes.len() => bytes[at] = dice.roll() as u8,
            2 if at < bytes.len() => bytes[at] ^= 1 << dice.below(8),
            3 => {
                let token = TOKENS[dice.below(TOKENS.len())];
                bytes.splice(at..at, token.iter().copied());
            }
            4 => {
                let (from, length) = (dice.below(bytes.len() + 1), dice.below(64));
                let part = bytes[from..(from + length).min(bytes.len())].repeat(1 + dice.below(40));
                bytes.splice(at..at, part);
            }
            5 => drop(bytes.drain(at..(at + dice.below(32)).min(bytes.len()))),
            _ => {
                let number = (dice.roll() as u32 >> dice.below(32)).to_be_bytes();
                let end = (at + 4).min(bytes.len());
                bytes.splice(at..end, number);
            }
        }
    }
    bytes
}

fn streamed(bytes: Vec<u8>) -> Bytestream {
    let parts: Vec<_> = bytes.chunks(1_000).map(|part| Ok(Bytes::copy_from_slice(part))).collect();
    stream::iter(parts).boxed()
}

fn options(decimal: Decimal) -> ImportOptions {
    ImportOptions {
        format: None,
        delimiter: None,
        encoding: None,
        mapping: vec![("Nummer".to_owned(), "sku".to_owned())],
        mode: Mode::Upsert,
        earnest: WriteMode::DryRun,
        reason: ReasonCode::Correction,
        decimal,
    }
}

/// Reads a file to its end; how many rows it had.
async fn rows(noun: Noun, bytes: Vec<u8>, is_workbook: bool) -> usize {
    let plan = ReadPlan { noun, options: options(Decimal::Comma), skip: 0, max_rows: 100_000 };
    let (mut reading, mut count) = (records(streamed(bytes), is_workbook, plan), 0);
    loop {
        match reading.recv().await.expect("a reader that ends says so: this one broke") {
            Ok(ReadMessage::Rows(found)) => {
                for row in &found {
                    let known = ResolvedNames { decimal: Decimal::Comma, currency: "GBP".to_owned(), ..ResolvedNames::default() };
                    let _ = (
                        fields::product(row, &known),
                        fields::supplier(row, &known),
                        fields::category(row),
                        fields::customer(row),
                    );
                }
                count += found.len();
            }
            Ok(ReadMessage::How(_)) => {}
            Ok(ReadMessage::End) | Err(_) => return count,
        }
    }
}

const CSV: &str = "\u{feff}sku;Nummer2;name;price;barcodes;metadata\r\na-1;x;\"Mug, \"\"blue\"\"\";4,50;4006381333931*12|1;{\"a\":[1,{\"b\":null}]}\r\na-2;;\"two\nlines\";;;\r\n";
const JSONL: &str = "{\"sku\":\"a\",\"name\":\"Gr\\u00f6\u{df}e\",\"price\":4.5,\"metadata\":{\"a\":[1,2,{\"b\":[]}]},\"barcodes\":[\"1\",{\"code\":\"2\",\"packQuantity\":6}]}\n{\"sku\":null}\n";

/// The parts of a workbook by their names.
fn parts(book: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = zip::ZipArchive::new(Cursor::new(book)).unwrap();
    let part = |at: usize| {
        let mut part = archive.by_index(at).unwrap();
        let mut bytes = Vec::new();
        std::io::copy(&mut part, &mut bytes).unwrap();
        (part.name().unwrap().into_owned(), bytes)
    };
    let count = zip::ZipArchive::new(Cursor::new(book)).unwrap().len();
    (0..count).map(part).collect()
}

fn packed(parts: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        zip.start_file(name, SimpleFileOptions::default().compression_method(CompressionMethod::Deflated)).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn book() -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let (sheet, day) = (book.add_worksheet(), rust_xlsxwriter::Format::new().set_num_format("dd.mm.yyyy hh:mm"));
    for (at, name) in (0..).zip(["sku", "name", "price", "metadata"]) {
        sheet.write_string(0, at, name).unwrap();
        sheet.write_string(1, at, format!("a_x0041_ {name}")).unwrap();
        sheet.write_number(2, at, f64::from(at) * 1.25).unwrap();
        sheet.write_number_with_format(3, at, 46_356.5, &day).unwrap();
    }
    book.save_to_buffer().unwrap()
}

fn pictures() -> Vec<Vec<u8>> {
    let drawn = |format| {
        let mut out = Cursor::new(Vec::new());
        let picture = DynamicImage::new_rgb8(160, 90);
        picture.write_to(&mut out, format).unwrap();
        out.into_inner()
    };
    [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP].map(drawn).into()
}

/// Feeds a parser once.
async fn feed(parser: &str, case: usize, dice: &mut Dice) {
    match parser {
        "csv" => {
            let noun = Noun::ALL[case % Noun::ALL.len()];
            rows(noun, mangled(CSV.as_bytes(), dice), false).await;
        }
        "jsonl" => drop(rows(Noun::Products, mangled(JSONL.as_bytes(), dice), false).await),
        "xlsx" => {
            let good = book();
            if case.is_multiple_of(3) {
                rows(Noun::Products, mangled(&good, dice), true).await;
            } else {
                let mut parts = parts(&good);
                let at = dice.below(parts.len());
                parts[at].1 = mangled(&parts[at].1, dice);
                rows(Noun::Products, packed(&parts), true).await;
            }
        }
        "bulk" => {
            let good = "{\"input\":{\"idempotencyKey\":\"k\",\"items\":[{\"a\":1},{\"b\":[null,true,1.5e3]}]}}\n".repeat(3);
            let options =
                BulkOptions { mutation: String::new(), field: "f".to_owned(), keyed: Keyed::ByInput, earnest: WriteMode::DryRun };
            let mut reading = lines(streamed(mangled(good.as_bytes(), dice)), 0, 7);
            while let Some(Ok(message)) = reading.recv().await {
                let LinesMessage::Lines(found) = message else { return };
                for line in &found {
                    let _ = variables(line, &options, "exc/1".to_owned());
                }
            }
            panic!("a reader that ends says so: this one broke");
        }
        "barcodes" => {
            for good in ["4006381333931|12345670*12", "[\"A|B\",{\"code\":\"C D\",\"packQuantity\":12}]"] {
                let text = String::from_utf8_lossy(&mangled(good.as_bytes(), dice)).into_owned();
                if let Ok(codes) = barcodes::parse_barcodes(&text) {
                    assert_eq!(barcodes::parse_barcodes(&barcodes::join_codes(&codes)), Ok(codes), "{text:?}");
                }
            }
        }
        _ => {
            for picture in pictures() {
                let bytes = mangled(&picture, dice);
                let _ = (picture_dimensions(sniff(&bytes), &bytes), draw::thumbnails(&bytes));
            }
        }
    }
}

/// Run by the other tests, in a process of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the part of a test that runs in a process of its own"]
async fn feeds_one_parser() {
    let Ok(parser) = std::env::var(PARSER) else { return };
    // Data that is allocated once is allocated before the limit is set.
    feed(&parser, 0, &mut Dice(0)).await;
    // A picture may take 256 MiB while it is drawn, and its small versions some more.
    let allowance = if parser == "pictures" { 400 * MIB } else { 80 * MIB };
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmData:")).unwrap();
    let data: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    let most = Some((data << 10) + allowance);
    setrlimit(Resource::Data, Rlimit { current: most, maximum: most }).unwrap();
    let (started_at, mut dice, mut cases) = (Instant::now(), Dice(20), 0);
    while cases < CASES && started_at.elapsed() < PATIENCE {
        let longest = tokio::time::timeout(Duration::from_secs(10), feed(&parser, cases, &mut dice)).await;
        assert!(longest.is_ok(), "case {cases} takes too long");
        cases += 1;
    }
    println!("FED {cases}");
}

fn survives(parser: &str) {
    let started_at = std::time::Instant::now();
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "exchange::mangled::feeds_one_parser", "--ignored", "--nocapture"]);
    let ended = child.env(PARSER, parser).env("MALLOC_ARENA_MAX", "2").output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert!(ended.status.success(), "{parser} died ({}): {out}\n{err}", ended.status);
    assert!(!err.contains("panicked") || parser == "pictures", "{parser}: {err}");
    let fed: usize = out.lines().find_map(|line| line.split_once("FED ")).unwrap().1.trim().parse().unwrap();
    assert!(fed > 20 && started_at.elapsed() < LONGEST, "{parser}: {fed} cases in {:?}", started_at.elapsed());
}

#[test]
fn no_csv_ends_its_reader() {
    survives("csv");
}

#[test]
fn no_lines_of_json_end_their_reader() {
    survives("jsonl");
}

#[test]
fn no_workbook_ends_its_reader() {
    survives("xlsx");
}

#[test]
fn no_lines_of_variables_end_their_reader() {
    survives("bulk");
}

#[test]
fn no_barcodes_end_their_reader() {
    survives("barcodes");
}

#[test]
fn no_picture_ends_who_draws_it() {
    survives("pictures");
}
