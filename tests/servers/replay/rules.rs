//! The rule on single rows and small files, as tables.

use entrepot::replay::country::iso_code;
use entrepot::replay::plan::{DocumentKind, Plan};
use entrepot::replay::reader::RowReader;
use entrepot::replay::rule::{self, Facts, Kind};
use entrepot::replay::{driver, intake};

#[test]
fn kinds_of_rows() {
    let kind = |invoice, sku, quantity, price, customer| rule::classify_row(Facts { invoice, sku, quantity, price, customer });
    let known = Some("17850");
    let cases = [
        (("536365", "85123A", 6, 255, known), Kind::Sale),
        (("536365", "85123A", 6, 0, known), Kind::Sale),
        (("536365", "85123A", 6, 255, None), Kind::Sale),
        (("536365", "85123A", 6, 0, None), Kind::AdjustIn),
        (("536365", "85123A", -6, 0, None), Kind::AdjustOut),
        (("536365", "85123A", 0, 255, known), Kind::Ignored),
        (("C536379", "85123A", -1, 255, known), Kind::Return),
        (("C536379", "85123A", 1, 255, known), Kind::Ignored),
        (("C536379", "D", -1, 2750, known), Kind::ChargeCredit),
        (("C536379", "D", 1, 2750, known), Kind::ChargeCredit),
        (("536370", "POST", 3, 1800, known), Kind::Charge),
        (("536370", "S", -1, 310, None), Kind::ServiceIgnored),
        (("A563185", "B", 1, 1_106_206, None), Kind::Financial),
        (("A563185", "85123A", 1, -5, None), Kind::Financial),
    ];
    for ((invoice, sku, quantity, price, customer), expected) in cases {
        assert_eq!(kind(invoice, sku, quantity, price, customer), expected, "{invoice} {sku} {quantity} {price}");
    }
}

#[test]
fn codes_of_products() {
    for product in ["85123", "85123A", "15056BL", "79323GRX", "DCGS0003", "DCGSSBOY", "DCGS00X9"] {
        assert!(rule::is_product(product), "{product}");
    }
    for service in
        ["8512", "851234", "85123ABCD", "85123a", "POST", "DCGS", "DCGS-1", "GIFT_0001_20", "BANK CHARGES", "", "８５１２３"]
    {
        assert!(!rule::is_product(service), "{service}");
    }
}

#[test]
fn prices_are_exact() {
    let cases = [
        ("2.55", Some(255)),
        ("2.5", Some(250)),
        ("2", Some(200)),
        (".5", Some(50)),
        ("0.005", Some(1)),
        ("0.0049999", Some(0)),
        ("-0.005", Some(-1)),
        ("1.015", Some(102)),
        ("38970.0", Some(3_897_000)),
        ("", None),
        (".", None),
        ("1,5", None),
        ("1e3", None),
        ("--1", None),
        ("99999999999999999999", None),
    ];
    for (text, expected) in cases {
        assert_eq!(rule::parse_price(text), expected, "{text:?}");
    }
    for pence in [0, 5, -5, 255, 100_000_000_001] {
        assert_eq!(rule::parse_pence(&rule::format_amount(pence)), Some(pence));
    }
}

#[test]
fn countries_have_codes() {
    let cases = [
        ("United Kingdom", Some("GB")),
        ("EIRE", Some("IE")),
        ("RSA", Some("ZA")),
        ("USA", Some("US")),
        ("Channel Islands", Some("GB-CHA")),
        ("European Community", Some("EU")),
        ("Czech Republic", Some("CZ")),
        ("united arab emirates", Some("AE")),
        ("Unspecified", None),
        ("", None),
    ];
    for (name, code) in cases {
        assert_eq!(iso_code(name), code, "{name}");
    }
}

fn plan(rows: &str) -> Plan {
    let csv = format!("InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n{rows}");
    intake::plan(RowReader::new("shop.csv", Box::new(csv.as_bytes())).unwrap()).unwrap()
}

/// Two orders, a return of both and more, an adjustment on the paper of an order, charges, a slip of the clock.
const SMALL: &str = "\
1,10001,OLD NAME,2,2011-05-02 10:00:00,1.00,7.0,EIRE\n\
2,10001,NAME,3,2011-05-01 09:00:00,2.00,7,United Kingdom\n\
2,10001,NAME ,3,2011-05-01 09:00:00,2.00,7,United Kingdom\n\
2,10001,NAME,1,2011-05-01 09:00:00,2.10,7,United Kingdom\n\
2,POST,POSTAGE,1,2011-05-01 09:00:00,18,7,United Kingdom\n\
2,post,POSTAGE,1,2011-05-01 09:00:00,18,7,United Kingdom\n\
2,10002,found,4,2011-05-01 09:00:00,0,,United Kingdom\n\
C3,10001,NAME,-5,2011-05-03 10:00:00,1.50,7,United Kingdom\n\
C3,10001,NAME,-6,2011-05-03 10:00:00,1.40,7,United Kingdom\n\
C3,M,Manual,-1,2011-05-03 10:00:00,4,7,United Kingdom\n\
C4,POST,POSTAGE,-1,2011-05-03 10:00:00,18,7,United Kingdom\n\
5,POST,POSTAGE,1,2011-05-03 10:00:00,18,7,United Kingdom\n\
6,10002,lost,-9,2011-05-04 10:00:00,0,,United Kingdom\n";

#[test]
fn a_small_file_by_hand() {
    let plan = plan(SMALL);
    let documents: Vec<_> = plan.documents.iter().map(|d| (d.kind, &*d.invoice, d.lines.clone(), d.charges.clone())).collect();
    assert_eq!(
        documents,
        [
            (DocumentKind::Order, "2", 0..2, 0..1),
            (DocumentKind::Adjustment, "2", 2..3, 0..0),
            (DocumentKind::Order, "1", 3..4, 0..0),
            (DocumentKind::Return, "C3", 4..6, 1..2),
            (DocumentKind::Adjustment, "6", 6..7, 0..0),
        ]
    );
    let lines: Vec<_> = plan.lines.iter().map(|l| (l.product, l.quantity, l.price)).collect();
    assert_eq!(lines, [(0, 6, 200), (0, 1, 210), (1, 4, 0), (0, 2, 100), (0, 5, 150), (0, 6, 140), (1, -9, 0)]);
    assert_eq!((plan.charges[0].quantity, plan.charges[0].price), (2, 1_800));
    // Latest first: order 1, then order 2 from its last line backwards; two units of the second line were never sold.
    let pieces: Vec<_> = plan.pieces.iter().map(|p| (p.return_line, p.order_line, p.units)).collect();
    assert_eq!(pieces, [(4, 3, 2), (4, 1, 1), (4, 0, 2), (5, 0, 4)]);
    let products: Vec<_> = plan.products.iter().map(|p| (&*p.name, p.cost, p.opening, p.closing)).collect();
    assert_eq!(products, [("NAME", 120, 9, 11), ("found", 0, 5, 0)]);
    assert_eq!(plan.customers.iter().map(|c| (&*c.external_ref, &*c.country)).collect::<Vec<_>>(), [("7", "EIRE")]);
    assert_eq!((plan.skipped_charge_only, plan.skipped_credit_only), (1, 1));
    assert_eq!(plan.opening_time.to_string(), "2011-05-02T00:00:00");
}

#[test]
fn what_documents_wait_for() {
    let plan = plan(SMALL);
    let works: Vec<_> = plan.documents.iter().map(|d| driver::stock_effect(&plan, d)).collect();
    let shown: Vec<_> = works.iter().map(|w| (&w.adds[..], &w.takes[..], &w.after[..])).collect();
    let none: &[u32] = &[];
    assert_eq!(
        shown,
        [(none, &[0][..], none), (&[1], none, none), (none, &[0], none), (&[0], none, &[0, 2]), (none, &[1], none)]
    );
}
