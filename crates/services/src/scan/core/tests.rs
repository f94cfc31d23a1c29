//! Contents of codes, each in the notations that scanners and people use.

use super::*;

const GTIN: &str = "09506000134352";

fn read_all(code: &str) -> (Format, Vec<(String, String)>, Option<Problem>) {
    let reading = read(code, 2026);
    let elements = reading.elements.into_iter().map(|element| (element.identifier, element.value)).collect();
    (reading.format, elements, reading.problem)
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(identifier, value)| ((*identifier).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn an_element_string_its_brackets_and_its_link_say_the_same() {
    let whole = pairs(&[("01", GTIN), ("10", "ABC"), ("17", "270131")]);
    for code in [
        "]C10109506000134352\u{31}0ABC\u{1d}17270131",
        "]d2010950600013435210ABC<GS>17270131",
        "]Q3010950600013435210ABC{GS}17270131",
        "\u{1d}010950600013435210ABC\u{1d}17270131\r\n",
        "010950600013435210ABC\\x1d17270131",
        "(01)09506000134352(10)ABC(17)270131",
        "]C1(01)09506000134352(10)ABC(17)270131",
    ] {
        assert_eq!(read_all(code), (Format::ElementString, whole.clone(), None), "{code:?}");
    }
    for link in [
        "https://id.gs1.org/01/09506000134352/10/ABC?17=270131",
        "HTTPS://example.com/some/01/shop/01/9506000134352/10/ABC?x=1&17=270131#top",
        "http://example.com/01/09506000134352/10/%41BC/?17=270131",
    ] {
        assert_eq!(read_all(link), (Format::DigitalLink, whole.clone(), None), "{link}");
    }
    let units = pairs(&[("01", GTIN), ("10", "01"), ("21", "00")]);
    assert_eq!(
        read_all("https://example.com/01/09506000134352/10/01/21/00"),
        (Format::DigitalLink, units, None),
        "a serial number that is a key"
    );
    let weighed = pairs(&[("01", GTIN), ("3103", "001250"), ("17", "270131")]);
    assert_eq!(read_all("https://id.gs1.org/01/09506000134352?3103=001250&17=270131"), (Format::DigitalLink, weighed, None));
    let unit = pairs(&[("00", "106141412345678908"), ("02", GTIN), ("37", "12"), ("10", "ABC")]);
    assert_eq!(
        read_all("https://id.gs1.org/00/106141412345678908?02=09506000134352&37=12&10=ABC"),
        (Format::DigitalLink, unit, None),
        "a batch qualifies no logistic unit"
    );
    let reading = read("(01)09506000134352(10)ABC(15)261231(17)270131(21)S-1(30)12", 2026);
    assert_eq!((reading.gtin(), reading.lot(), reading.serial()), (Some(GTIN), Some("ABC"), Some("S-1")));
    assert_eq!((reading.expires_on(), reading.quantity()), (Some(20_849), Some(12)));
    assert_eq!(read("(01)09506000134352(15)270131", 2026).expires_on(), Some(20_849), "best before, where nothing expires");
}

#[test]
fn a_code_that_was_cut_says_what_was_whole_and_where_it_ends() {
    let gtin = || pairs(&[("01", GTIN)]);
    let lot = || pairs(&[("01", GTIN), ("10", "ABC")]);
    for (code, kind, at, whole) in [
        ("]C1010950600013435210ABC\u{1d}17270", ProblemKind::Truncated, 25, lot()),
        ("]C1010950600013435210ABC\u{1d}1", ProblemKind::Truncated, 25, lot()),
        ("]C1010950600013435210ABC\u{1d}17", ProblemKind::Truncated, 25, lot()),
        ("]C1010950600013435210", ProblemKind::Truncated, 19, gtin()),
        ("]C1010950600013", ProblemKind::Truncated, 3, vec![]),
        ("]C101095060001343523101", ProblemKind::Truncated, 19, gtin()),
        ("]C10109506000134352310", ProblemKind::Truncated, 19, gtin()),
        ("]C1010950600013435288X", ProblemKind::UnknownIdentifier, 19, gtin()),
        ("]C10109506000134352(10)A", ProblemKind::UnknownIdentifier, 19, gtin()),
        ("(01)09506000134352(10)ABC(17)270", ProblemKind::Truncated, 25, lot()),
        ("(01)09506000134352(10", ProblemKind::Truncated, 18, gtin()),
        ("(01)09506000134352(10)ABC(17", ProblemKind::Truncated, 25, lot()),
        ("(01)09506000134352(10)ABC(", ProblemKind::Truncated, 25, lot()),
        ("(01)0950600013435299", ProblemKind::TooLong, 0, vec![]),
        ("(01)09506000134352(10)ABCDEFGHIJKLMNOPQRSTU", ProblemKind::TooLong, 18, gtin()),
        ("https://id.gs1.org/01/0950600013435", ProblemKind::BadCheckDigit, 19, pairs(&[("01", "00950600013435")])),
        ("https://id.gs1.org/01/09506000134352/10/", ProblemKind::Truncated, 37, gtin()),
        ("https://id.gs1.org/01/09506000134352/1", ProblemKind::Truncated, 37, gtin()),
        ("https://id.gs1.org/01/09506000134352/10/A%", ProblemKind::Truncated, 37, gtin()),
        ("https://id.gs1.org/01/09506000134352/10/A%2", ProblemKind::Truncated, 37, gtin()),
        ("https://id.gs1.org/01/09506000134352/10/ABC/2", ProblemKind::Truncated, 44, lot()),
        ("https://id.gs1.org/01/09506000134352/10/ABC?1", ProblemKind::Truncated, 44, lot()),
        ("https://id.gs1.org/01/09506000134352/10/ABC?x=1&17", ProblemKind::Truncated, 48, lot()),
        ("https://id.gs1.org/01/09506000134352/10/ABC?21=S1&x=1", ProblemKind::Misplaced, 44, lot()),
        ("https://id.gs1.org/01/09506000134352?10=ABC", ProblemKind::Misplaced, 37, gtin()),
        ("https://id.gs1.org/01/09506000134352/10/ABC?01=09506000134352", ProblemKind::Misplaced, 44, lot()),
        ("https://id.gs1.org/01/09506000134352/10/ABC?4321=1", ProblemKind::UnknownIdentifier, 44, lot()),
    ] {
        let (_, elements, problem) = read_all(code);
        assert_eq!((elements, problem), (whole, Some(Problem { kind, at })), "{code:?}");
    }
    // An invalid value does not hide the elements after it.
    let bad = read_all("]C1010950600013435117261350\u{1d}10A");
    assert_eq!(bad.1, pairs(&[("01", "09506000134351"), ("17", "261350"), ("10", "A")]));
    assert_eq!(bad.2, Some(Problem { kind: ProblemKind::BadCheckDigit, at: 3 }));
    assert_eq!(read_all("(17)261350").2, Some(Problem { kind: ProblemKind::BadDate, at: 0 }));
    assert_eq!(read("]C10109506000134351", 2026).gtin(), None, "a number that does not check names no product");
}

#[test]
fn the_lot_behind_weights_prices_and_moments_is_read() {
    for (middle, own) in [
        (("3103", "001250"), ("3922", "1299")),
        (("7003", "2701311200"), ("3932", "9781299")),
        (("8008", "26123112"), ("90", "A-1")),
        (("422", "752"), ("8200", "example.com/x")),
    ] {
        let whole = pairs(&[("01", GTIN), middle, own, ("10", "ABC")]);
        let string = format!("]C101{GTIN}{}{}\u{1d}{}{}\u{1d}10ABC", middle.0, middle.1, own.0, own.1);
        let brackets = format!("(01){GTIN}({}){}({}){}(10)ABC", middle.0, middle.1, own.0, own.1);
        for code in [string, brackets] {
            assert_eq!(read_all(&code), (Format::ElementString, whole.clone(), None), "{code:?}");
        }
    }
    // An unknown identifier in brackets does not hide the elements before it.
    let problem = Some(Problem { kind: ProblemKind::UnknownIdentifier, at: 18 });
    assert_eq!(read_all("(01)09506000134352(4321)1(10)ABC"), (Format::ElementString, pairs(&[("01", GTIN)]), problem));
    assert_eq!(read_all("]C1010950600013435239").2, Some(Problem { kind: ProblemKind::Truncated, at: 19 }));
}

#[test]
fn numbers_are_told_by_their_check_digit_and_everything_else_is_plain() {
    for (code, format) in [
        ("9506000134352", Format::Ean),
        ("96385074", Format::Ean),
        ("036000291452", Format::Upc),
        ("09506000134352", Format::Ean),
        ("106141412345678908", Format::Sscc),
        ("106141412345678909", Format::Plain),
        ("9506000134351", Format::Plain),
        ("MUG-1", Format::Plain),
        ("PO-7", Format::Plain),
        ("(Mug)", Format::Plain),
        ("0112345", Format::Plain),
        ("10ABC", Format::Plain),
        ("https://example.com/products/7", Format::Plain),
        ("https://example.com/01/shop/2", Format::Plain),
        ("https://example.com", Format::Plain),
        ("", Format::Plain),
    ] {
        assert_eq!(read_all(code), (format, vec![], None), "{code}");
    }
    assert_eq!(read_all("00106141412345678908").1, pairs(&[("00", "106141412345678908")]));
    assert_eq!(read_all(&"1".repeat(513)).2, Some(Problem { kind: ProblemKind::TooLong, at: 512 }));
    assert_eq!(read_all("(10)A(B)C(99)x").1, pairs(&[("10", "A(B)C"), ("99", "x")]));
}
