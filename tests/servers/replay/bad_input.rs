//! Files that cannot be right are refused whole, with the place to look at.

use std::io::Write;

use entrepot::replay::error::ReplayError;
use entrepot::replay::expect::FoundFigures;
use entrepot::replay::plan::Plan;
use entrepot::replay::reader::RowReader;
use entrepot::replay::{Expected, expect, intake};
use serde_json::json;

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
    for (ending, bytes) in [("zst", zst), ("GZ", gz.finish().unwrap())] {
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
    let nothing = load(r#"{"x": {}}"#).unwrap_err().to_string();
    assert!(nothing.ends_with("there is no figure in its section, so nothing would be checked"), "{nothing}");
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn an_empty_list_expects_nothing() {
    let compared = |found: serde_json::Value| {
        let mut known = FoundFigures::default();
        known.add("plan", &found);
        expect::compare(&Expected::from_section(&json!({"monthly": [], "rows_by_kind": {}})), &known)
    };
    let months = compared(json!({"monthly": [{"month": "2011-01", "orders": 1}], "rows_by_kind": {"SALE": 1}}));
    assert_eq!(months.differences(), 3, "{months}");
    let none = compared(json!({"monthly": [], "rows_by_kind": {}}));
    assert_eq!((none.differences(), none.checks.len()), (0, 2), "{none}");
}

#[test]
fn who_sold_nothing_is_not_expected_among_the_best() {
    let mut known = FoundFigures::default();
    known.add("plan", &json!({"top10_by_units": [{"sku": "A", "units": 2}]}));
    let expected = Expected::from_section(&json!({"top10_by_units": [{"sku": "A", "units": 2}, {"sku": "B", "units": 0}]}));
    let comparison = expect::compare(&expected, &known);
    assert_eq!(comparison.differences(), 0, "{comparison}");
}

#[test]
fn what_the_api_would_refuse_is_found_with_its_row() {
    let long = |limit: usize| "9".repeat(limit + 1);
    let at = |row: String, reason: &str| assert_eq!(refusal(&row), format!("shop.csv, row 2: {reason}"));
    let rest = "6,2010-12-01 08:26:00,2.55,1,UK";
    at(format!("{},85123A,X,{rest}", long(128)), "InvoiceNo has 129 characters; the API takes 128");
    at(format!("{},85123A,X,6,2010-12-01 08:26:00,0,,UK", long(124)), "InvoiceNo has 125 characters; the API takes 124");
    at(format!("536366,DCGS{},X,{rest}", long(60)), "StockCode has 65 characters; the API takes 64");
    at(format!("536366,P{},X,{rest}", long(299)), "StockCode has 301 characters; the API takes 300");
    at(format!("536366,BANK\u{1}X,X,{rest}"), "StockCode holds a control character");
    at(
        format!("536366,85123B,{},{rest}", long(255)),
        "Description has 256 characters; the API takes 255, and would be a product's name",
    );
    at(format!("536366,85123B,a\u{7}b,{rest}"), "Description holds a control character, and would be a product's name");
    at(
        format!("536366,85123A,{},-6,2010-12-01 08:26:00,0,,UK", long(1_000)),
        "Description has 1001 characters; the API takes 1000",
    );
    at(
        format!("536366,85123A,X,6,2010-12-01 08:26:00,2.55,{},UK", long(255)),
        "CustomerID has 256 characters; the API takes 255",
    );
    at("536366,85123A,X,6,9999-12-31 23:59:59,2.55,1,UK".to_owned(), "InvoiceDate 9999-12-31 23:59:59 is in the future");
    let sold = "with it the file has more than 9007199254740991 pence sold, the limit of the API";
    at("536366,85123A,X,1000000000,2010-12-01 08:26:00,90072,1,UK".to_owned(), sold);
    // A name that is not the one taken may be as long as it likes, and what makes nothing is not judged.
    assert!(read(&format!("{HEADER}\n{GOOD}\n{GOOD}\n536366,85123A,{},{rest}\n", long(255))).is_ok());
    assert!(read(&format!("{HEADER}\n{GOOD}\nA{},85123A,X,{rest}\n", long(128))).is_ok());
}

#[test]
fn the_future_begins_at_the_moment_of_reading() {
    let noon: jiff::Timestamp = "2010-12-01T08:21:00Z".parse().unwrap();
    let csv = format!("{HEADER}\n{GOOD}\n");
    let at = |now: jiff::Timestamp| {
        let reader = RowReader::new("shop.csv", Box::new(csv.as_bytes())).unwrap();
        intake::plan_at(reader, entity::prelude::Timestamp(now.as_microsecond()))
    };
    // Clocks may differ by five minutes.
    assert!(at(noon).is_ok());
    let early = at(noon - jiff::SignedDuration::from_secs(1)).unwrap_err().to_string();
    assert_eq!(early, "shop.csv, row 1: InvoiceDate 2010-12-01 08:26:00 is in the future");
}

#[test]
fn stock_that_is_worth_too_much_to_tell_is_refused() {
    // Sold dear once, and found in masses that cost as much.
    let rows = "1,85123A,X,1,2010-12-01 08:26:00,1000000,1,UK\n2,85123A,X,1000000000,2010-12-01 08:27:00,0,,UK\n";
    let error = read(&format!("{HEADER}\n{rows}")).unwrap_err().to_string();
    assert!(error.starts_with("shop.csv: with product 85123A the stock is worth more than"), "{error}");
}

#[test]
fn a_charge_without_a_code_is_called_what_its_row_says() {
    let rows = "536365,, Carriage  UK ,1,2010-12-01 08:26:00,2.00,17850.0,UK\n536365,  ,,1,2010-12-01 08:26:00,3.00,17850.0,UK\n";
    let plan = read(&format!("{HEADER}\n{GOOD}\n{rows}")).unwrap();
    let names: Vec<&str> = plan.charges.iter().map(|charge| &*charge.name).collect();
    assert_eq!(names, ["Carriage UK", "Charge"]);
}

#[test]
fn a_quote_that_is_not_closed_is_found_where_it_opens() {
    let open = "shop.csv, row 2: a quote is opened in it and not closed where the field ends";
    let after = format!("{GOOD}\n").repeat(3);
    for row in ["536366,85123A,\"HEART,6,2010-12-01 08:26:00,2.55,1,UK", "536366,85123A,HEART,6,2010-12-01 08:26:00,2.55,1,\"UK"]
    {
        assert_eq!(refusal(&format!("{row}\n{after}")), open);
    }
    let closed = "536366,85123A,\"a \"\"HEART\"\"\nof two lines\",6,2010-12-01 08:26:00,2.55,1,UK";
    assert!(read(&format!("{HEADER}\n{GOOD}\n{closed}\n")).is_ok());
}
