//! Files that cannot be right are refused whole, with the place to look at.

use std::io::Write;

use entrepot::replay::error::ReplayError;
use entrepot::replay::plan::Plan;
use entrepot::replay::reader::RowReader;
use entrepot::replay::{expect, intake};

const HEADER: &str = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country";
const GOOD: &str = "536365,85123A,HEART,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom";

fn read(csv: &str) -> Result<Plan, ReplayError> {
    intake::plan(RowReader::new("shop.csv", Box::new(csv.as_bytes()))?)
}

fn refusal(row: &str) -> String {
    read(&format!("{HEADER}\n{GOOD}\n{row}\n")).unwrap_err().to_string()
}

#[test]
fn a_missing_column_is_named() {
    let error = read("InvoiceNo,StockCode,Description,Quantity,UnitPrice,CustomerID,Country\n").unwrap_err();
    assert!(matches!(&error, ReplayError::MissingColumn { column: "InvoiceDate", .. }), "{error}");
    assert_eq!(error.to_string(), "shop.csv: the header has no column InvoiceDate");
}

#[test]
fn columns_may_come_in_any_order() {
    let csv = "\u{feff}Country,CustomerID,UnitPrice,InvoiceDate,Quantity,Description,StockCode,InvoiceNo,More\r\n\
               United Kingdom,17850,2.55,2010-12-01 08:26:00,6,HEART,85123a,536365,x\r\n";
    let plan = read(csv).unwrap();
    assert_eq!((&*plan.products[0].sku, plan.lines[0].price, &*plan.customers[0].external_ref), ("85123A", 255, "17850"));
}

#[test]
fn bad_values_name_file_and_row() {
    let cases = [
        ("1,2,3,4", "shop.csv, row 2: 4 fields where the header has 8"),
        (
            "536366,85123A,X,6,2010-13-01 08:26:00,2.55,1,UK",
            "shop.csv, row 2: InvoiceDate is \"2010-13-01 08:26:00\", which is no YYYY-MM-DD HH:MM:SS",
        ),
        (
            "536366,85123A,X,6,2010-12-01,2.55,1,UK",
            "shop.csv, row 2: InvoiceDate is \"2010-12-01\", which is no YYYY-MM-DD HH:MM:SS",
        ),
        ("536366,85123A,X,6,2010-12-01 08:26:00,-2.55,1,UK", "shop.csv, row 2: a product's price is negative"),
        (
            "536366,85123A,X,6,2010-12-01 08:26:00,2.5e1,1,UK",
            "shop.csv, row 2: UnitPrice is \"2.5e1\", which is no plain decimal number of pounds",
        ),
        (
            "536366,85123A,X,six,2010-12-01 08:26:00,2.55,1,UK",
            "shop.csv, row 2: Quantity is \"six\", which is no whole number within a thousand million",
        ),
        (
            "536366,85123A,X,9007199254740992,2010-12-01 08:26:00,2.55,1,UK",
            "shop.csv, row 2: Quantity is \"9007199254740992\", which is no whole number within a thousand million",
        ),
        (",85123A,X,6,2010-12-01 08:26:00,2.55,1,UK", "shop.csv, row 2: InvoiceNo is \"\", which is no invoice number"),
    ];
    for (row, message) in cases {
        assert_eq!(refusal(row), message);
    }
}

#[test]
fn a_negative_price_of_no_product_is_read() {
    assert!(read(&format!("{HEADER}\nA563186,B,Adjust bad debt,1,2011-08-12 14:51:00,-11062.06,,United Kingdom\n")).is_ok());
}

#[test]
fn an_empty_file_is_refused() {
    assert!(matches!(read("").unwrap_err(), ReplayError::MissingColumn { .. }));
    assert!(matches!(read(&format!("{HEADER}\n")).unwrap_err(), ReplayError::Empty { .. }));
    let error = RowReader::open(std::path::Path::new("/nowhere/shop.csv")).err().unwrap();
    assert!(matches!(error, ReplayError::Unreadable { .. }), "{error}");
}

#[test]
fn truncated_archives_are_told_from_bad_rows() {
    let csv = [HEADER, "\n", &[GOOD, "\n"].concat().repeat(20_000)].concat();
    let zst = zstd::encode_all(csv.as_bytes(), 1).unwrap();
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(csv.as_bytes()).unwrap();
    let folder = std::env::temp_dir().join(format!("entrepot-replay-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for (ending, bytes) in [("zst", zst), ("gz", gz.finish().unwrap())] {
        let path = folder.join(format!("shop.csv.{ending}"));
        std::fs::write(&path, &bytes).unwrap();
        let whole = intake::plan(RowReader::open(&path).unwrap()).unwrap();
        assert_eq!((whole.seal.rows, whole.seal.csv_bytes), (20_000, csv.len() as u64));
        std::fs::write(&path, &bytes[..bytes.len() - 20]).unwrap();
        let error = RowReader::open(&path).and_then(intake::plan).unwrap_err();
        assert!(matches!(error, ReplayError::Truncated { .. }), "{ending}: {error}");
        println!("{error}");
        std::fs::write(&path, b"not an archive at all").unwrap();
        let error = RowReader::open(&path).and_then(intake::plan).unwrap_err();
        assert!(matches!(error, ReplayError::Unreadable { .. }), "{ending}: {error}");
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_section_is_found_by_checksum_or_by_being_alone() {
    let path = std::env::temp_dir().join(format!("entrepot-expected-{}.json", std::process::id()));
    let load = |text: &str| {
        std::fs::write(&path, text).unwrap();
        expect::load(&path, "aa")
    };
    let two = r#"{"note": "x", "full": {"csv_sha256": "bb", "rows": 1}, "sample": {"csv_sha256": "aa", "rows": 2}}"#;
    assert_eq!(load(two).unwrap().figures()["rows"], 2);
    assert_eq!(load(r#"{"only": {"csv_sha256": "cc", "rows": 3}}"#).unwrap().figures()["rows"], 3);
    let none = load(r#"{"one": {"csv_sha256": "cc"}, "two": {"csv_sha256": "dd"}}"#);
    assert!(matches!(none, Err(ReplayError::Expectation { .. })));
    assert!(matches!(load("{"), Err(ReplayError::Expectation { .. })));
    std::fs::remove_file(&path).unwrap();
}
