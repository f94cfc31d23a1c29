//! Hostile files, each read by a node in a process with limited memory and time: the node reports
//! the result and survives.

use std::{
    fmt::Write as _,
    io::{Cursor, Write},
    process::{Command, Stdio},
    time::Duration,
};

use rustix::process::{Resource, Rlimit, setrlimit};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::world::{Works, World, import, read_exchange};

/// Additional memory that a node may use to read a file, including the stacks of threads that start
/// meanwhile.
const ALLOWANCE_KIB: u64 = 96 << 10;
/// From the start of the process to its end.
const PATIENCE: Duration = Duration::from_secs(100);
const FILE: &str = "ENTREPOT_TEST_FILE";
const NOUN: &str = "ENTREPOT_TEST_NOUN";

/// Returns the private data of this process (`VmData`) in KiB.
fn data_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmData:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Run by the other tests, in a process of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the part of a test that runs in a process of its own"]
async fn reads_one_file() {
    let (Ok(file), Ok(noun)) = (std::env::var(FILE), std::env::var(NOUN)) else { return };
    let world = World::sqlite().await;
    let id = import(&world, &noun, std::fs::read(file).unwrap(), json!({})).await;
    let most = Some((data_kib() + ALLOWANCE_KIB) << 10);
    setrlimit(Resource::Data, Rlimit { current: most, maximum: most }).unwrap();
    let works = Works::begin(&world);
    let started_at = Instant::now();
    while ["QUEUED", "RUNNING"].contains(&read_exchange(&world, &id).await["state"].as_str().unwrap())
        && started_at.elapsed() < PATIENCE
    {
        sleep(Duration::from_millis(50)).await;
    }
    let exchange = read_exchange(&world, &id).await;
    println!("OUTCOME {}", json!([exchange["state"], exchange["counts"]["rows"], exchange["error"]]));
    works.kill().await;
    world.end().await;
}

/// State, rows and error of an import of these bytes, by a process with limited memory.
async fn outcome(noun: &str, bytes: Vec<u8>) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hostile");
    std::fs::write(&file, bytes).unwrap();
    let started_at = Instant::now();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "exchange::bounded::reads_one_file", "--ignored", "--nocapture"])
        .env(FILE, &file)
        .env(NOUN, noun)
        // Fewer malloc arenas with unused memory.
        .env("MALLOC_ARENA_MAX", "2")
        // The stack of a thread counts whole, used or not.
        .env("RUST_MIN_STACK", "2097152")
        .env("TMPDIR", folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while child.try_wait().unwrap().is_none() {
        if started_at.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("it reads on after {PATIENCE:?}");
        }
        sleep(Duration::from_millis(50)).await;
    }
    let output = child.wait_with_output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "it died of the file ({}): {out}\n{err}", output.status);
    let line = out.lines().find_map(|line| line.split_once("OUTCOME ")).unwrap_or_else(|| panic!("{out}\n{err}"));
    serde_json::from_str(line.1).unwrap()
}

const TYPES: &str = r#"<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>"#;
const ROOT: &str = r#"<Relationships xmlns="x"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
const BOOK: &str = r#"<workbook xmlns="x" xmlns:r="y"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>"#;
const RELATIONS: &str = r#"<Relationships xmlns="x"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/><Relationship Id="rId3" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>"#;
/// sku and name, and a row.
const SHEET: &str = r#"<worksheet><dimension ref="A1:B2"/><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>sku</t></is></c><c r="B1" t="inlineStr"><is><t>name</t></is></c></row><row r="2"><c r="A2" t="inlineStr"><is><t>mug</t></is></c><c r="B2" t="inlineStr"><is><t>Mug</t></is></c></row></sheetData></worksheet>"#;

/// A workbook with these parts in addition to the usual ones, or instead of them.
fn workbook(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let usual: [(&str, &[u8]); 5] = [
        ("[Content_Types].xml", TYPES.as_bytes()),
        ("_rels/.rels", ROOT.as_bytes()),
        ("xl/workbook.xml", BOOK.as_bytes()),
        ("xl/_rels/workbook.xml.rels", RELATIONS.as_bytes()),
        ("xl/worksheets/sheet1.xml", SHEET.as_bytes()),
    ];
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let kept = usual.into_iter().filter(|(name, _)| parts.iter().all(|(other, _)| other != name));
    for (name, bytes) in kept.chain(parts.iter().copied()) {
        zip.start_file(name, SimpleFileOptions::default().compression_method(CompressionMethod::Deflated)).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Text that packs well, but no better than anybody's.
fn noise(n: u32) -> u32 {
    n.wrapping_mul(2_654_435_761).rotate_left(13) ^ n.wrapping_mul(40_503)
}

/// `one` repeated between `before` and `after`: each mebibyte has a number of its own, and no
/// compressor looks back that far.
fn workbook_of(before: &str, mib: usize, one: impl Fn(u32, &mut String), after: &str) -> Vec<u8> {
    let mut part = String::new();
    let mut n = 0;
    while part.len() < 1 << 20 {
        one(noise(n), &mut part);
        n += 1;
    }
    [before, &part.repeat((mib << 20).div_ceil(part.len())), after].concat().into_bytes()
}

#[tokio::test]
async fn a_workbook_that_lies_about_its_texts_is_read() {
    let texts = r#"<sst xmlns="x" count="10000000000000" uniqueCount="10000000000000"><si><t>a</t></si></sst>"#;
    let lie = workbook(&[("xl/sharedStrings.xml", texts.as_bytes())]);
    assert!(lie.len() < 2_500, "it is small: {}", lie.len());
    assert_eq!(outcome("PRODUCTS", lie).await, json!(["DONE", 1, null]));
}

#[tokio::test]
async fn a_workbook_that_lies_about_its_size_is_read() {
    let lie = SHEET.replace("A1:B2", "A1:XFD4294967295");
    assert_eq!(outcome("PRODUCTS", workbook(&[("xl/worksheets/sheet1.xml", lie.as_bytes())])).await, json!(["DONE", 1, null]));
    // Rows and columns that no sheet has.
    let far = SHEET.replace("r=\"A2\"", "r=\"ZZZZZZZZZZZZZZZZ99999999999999999999\"");
    let import_outcome = outcome("PRODUCTS", workbook(&[("xl/worksheets/sheet1.xml", far.as_bytes())])).await;
    assert_eq!(import_outcome[0], "FAILED", "{import_outcome}");
}

#[tokio::test]
async fn large_styles_take_no_memory() {
    let font = |n: u32, text: &mut String| {
        write!(text, "<font><b/><i/><sz val=\"11\"/><color rgb=\"FF{:06X}\"/><name val=\"Calibri\"/></font>", n >> 8).unwrap();
    };
    let styles = workbook_of("<styleSheet><fonts>", 72, font, "</fonts></styleSheet>");
    let import_outcome = outcome("PRODUCTS", workbook(&[("xl/styles.xml", &styles)])).await;
    assert!(import_outcome == json!(["DONE", 1, null]) || import_outcome[0] == "FAILED", "{import_outcome}");
}

#[tokio::test]
async fn texts_under_another_name_have_the_same_limit() {
    let one = |n: u32, text: &mut String| write!(text, "<si><t>{n:08x} and some more of it</t></si>").unwrap();
    let texts = workbook_of("<sst>", 136, one, "</sst>");
    let import_outcome = outcome("PRODUCTS", workbook(&[("xl/SharedStrings.XML", &texts)])).await;
    assert_eq!(import_outcome[0], "FAILED", "{import_outcome}");
    assert!(import_outcome[2].as_str().unwrap().contains("larger than a workbook may be"), "{import_outcome}");
}

#[tokio::test]
async fn lawful_texts_are_not_held_in_memory() {
    let one = |n: u32, text: &mut String| write!(text, "<si><t>{n:08x}</t></si>").unwrap();
    let (first, last) = ("<sst><si><t>sku</t></si><si><t>name</t></si>", "<si><t>the last</t></si></sst>");
    let texts = workbook_of(first, 48, one, last);
    let count = 3 + (texts.len() - first.len() - last.len()) / "<si><t>00000000</t></si>".len();
    let sheet = format!(
        "<worksheet><sheetData><row><c t=\"s\"><v>0</v></c><c t=\"s\"><v>1</v></c></row><row><c t=\"s\"><v>{}</v></c><c t=\"s\"><v>2</v></c></row></sheetData></worksheet>",
        count - 1
    );
    let book = workbook(&[("xl/sharedStrings.xml", &texts), ("xl/worksheets/sheet1.xml", sheet.as_bytes())]);
    assert_eq!(outcome("PRODUCTS", book).await, json!(["DONE", 1, null]));
}

#[tokio::test]
async fn elements_within_elements_end() {
    let deep = workbook_of("<worksheet><sheetData>", 48, |n, text| write!(text, "<e{n:08x}>").unwrap(), "");
    let import_outcome = outcome("PRODUCTS", workbook(&[("xl/worksheets/sheet1.xml", &deep)])).await;
    assert_eq!(import_outcome[0], "FAILED", "{import_outcome}");
}

#[tokio::test]
async fn one_endless_text_ends() {
    for (before, after) in [("<row><c t=\"inlineStr\"><is><t>", "</t></is></c></row>"), ("<!-- ", " -->"), ("<row r=\"", "\"/>")]
    {
        let begin = format!("<worksheet><sheetData>{before}");
        let long = workbook_of(&begin, 104, |n, text| write!(text, "{n:08x}").unwrap(), after);
        let import_outcome = outcome("PRODUCTS", workbook(&[("xl/worksheets/sheet1.xml", &long)])).await;
        assert_eq!(import_outcome[0], "FAILED", "{before}: {import_outcome}");
    }
}

#[tokio::test]
async fn long_texts_that_many_cells_name_are_counted_as_often_as_they_are_named() {
    let texts = format!("<sst><si><t>{}</t></si></sst>", (0..3_900).map(|n| format!("{:08x}", noise(n))).collect::<String>());
    let names = ["sku", "name", "description", "unit", "category", "supplier", "price", "unitCost", "status", "metadata"];
    let head: String = names.iter().map(|name| format!("<c t=\"inlineStr\"><is><t>{name}</t></is></c>")).collect();
    let row = format!("<row>{}</row>", "<c t=\"s\"><v>0</v></c>".repeat(names.len()));
    let sheet = format!("<worksheet><sheetData><row>{head}</row>{}</sheetData></worksheet>", row.repeat(1_500));
    let book = workbook(&[("xl/sharedStrings.xml", texts.as_bytes()), ("xl/worksheets/sheet1.xml", sheet.as_bytes())]);
    let import_outcome = outcome("PRODUCTS", book).await;
    assert_eq!((&import_outcome[0], &import_outcome[1]), (&json!("DONE"), &json!(1_500)), "{import_outcome}");
}

#[tokio::test]
async fn an_archive_of_names_is_not_read() {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for n in 0..60_000_u32 {
        let name = format!("{n:08x}{}", "n".repeat(1_500));
        zip.start_file(name, SimpleFileOptions::default().compression_method(CompressionMethod::Stored)).unwrap();
    }
    let import_outcome = outcome("PRODUCTS", zip.finish().unwrap().into_inner()).await;
    assert_eq!(import_outcome[0], "FAILED", "{import_outcome}");
}

#[tokio::test]
async fn long_rows_of_a_text_do_not_wait_for_each_other() {
    // All of them together are more than may be held.
    const ROWS: u64 = 120;
    const { assert!(ROWS * 900 > ALLOWANCE_KIB) };
    let long = "x".repeat(900 << 10);
    let rows: String = (0..ROWS).map(|n| format!("r-{n},Name,{long}\n")).collect();
    let import_outcome = outcome("PRODUCTS", format!("sku,name,description\n{rows}").into_bytes()).await;
    assert_eq!((&import_outcome[0], &import_outcome[1]), (&json!("DONE"), &json!(ROWS)), "{import_outcome}");
    let rows: String = (0..ROWS).map(|n| format!("{{\"sku\":\"j-{n}\",\"name\":\"N\",\"description\":\"{long}\"}}\n")).collect();
    let import_outcome = outcome("PRODUCTS", rows.into_bytes()).await;
    assert_eq!((&import_outcome[0], &import_outcome[1]), (&json!("DONE"), &json!(ROWS)), "{import_outcome}");
}

#[tokio::test]
async fn metadata_that_are_all_structure_do_not_wait_for_each_other() {
    // Metadata of the maximum size, which take a hundred times as much memory once they are parsed.
    let metadata = format!("{{\"a\":[{}0]}}", "{\"a\":0},".repeat(2_000));
    let rows: String = (0..500).map(|n| format!("m-{n},Name,\"{}\"\n", metadata.replace('"', "\"\""))).collect();
    let import_outcome = outcome("PRODUCTS", format!("sku,name,metadata\n{rows}").into_bytes()).await;
    assert_eq!((&import_outcome[0], &import_outcome[1]), (&json!("DONE"), &json!(500)), "{import_outcome}");
}

#[tokio::test]
async fn lines_of_json_that_are_all_structure_are_refused() {
    let structure = format!("{{\"sku\":\"s\",\"name\":\"S\",\"metadata\":[{}{{\"a\":0}}]}}\n", "{\"a\":0},".repeat(120_000));
    let import_outcome = outcome("PRODUCTS", structure.repeat(20).into_bytes()).await;
    assert_eq!((&import_outcome[0], &import_outcome[1]), (&json!("DONE"), &json!(20)), "{import_outcome}");
}
