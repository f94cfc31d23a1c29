//! Any code is read, and is read as it was written.

use entrepot::scan::core::{Problem, read};
use proptest::prelude::*;

const GTIN: &str = "09506000134352";

type Pairs = Vec<(String, String)>;

fn scan_pairs(code: &str) -> (Pairs, Option<Problem>) {
    let reading = read(code, 2026);
    (reading.elements.into_iter().map(|element| (element.identifier, element.value)).collect(), reading.problem)
}

proptest! {
    /// Any text is read without a panic, and a problem's position is within it.
    #[test]
    fn any_text_is_read(code in "\\PC{0,40}|[0-9()\u{1d}A-Z/:?=&%.]{0,80}", year in 1980..2100i32) {
        let reading = read(&code, year);
        if let Some(problem) = reading.problem {
            prop_assert!(problem.at <= code.len());
        }
        for element in &reading.elements {
            prop_assert!((2..=4).contains(&element.identifier.len()) && !element.value.is_empty());
        }
    }

    /// Elements are read from each form in which they are written.
    #[test]
    fn what_is_written_is_read(lot in "[A-Za-z0-9.-]{1,20}", serial in "[A-Za-z0-9.-]{1,20}", count in 1..99_999_999u32) {
        let count_text = count.to_string();
        let whole = [("01", GTIN), ("10", &lot), ("21", &serial), ("30", &count_text)];
        let whole: Pairs = whole.map(|(identifier, value)| (identifier.to_owned(), value.to_owned())).to_vec();
        let string = format!("]C101{GTIN}10{lot}\u{1d}21{serial}\u{1d}30{count}");
        let brackets = format!("(01){GTIN}(10){lot}(21){serial}(30){count}");
        let link = format!("https://example.com/01/{GTIN}/10/{lot}/21/{serial}?30={count}");
        for code in [string, brackets, link] {
            let (elements, problem) = scan_pairs(&code);
            prop_assert_eq!((&elements, problem), (&whole, None), "{}", code);
        }
    }

    /// A truncated code yields no element that the whole code does not have.
    #[test]
    fn a_cut_code_says_no_more_than_the_whole(at in 0..44usize) {
        let string = format!("]C101{GTIN}10ABCDE\u{1d}17270131\u{1d}3112");
        let brackets = format!("(01){GTIN}(10)ABCDE(17)270131(30)12");
        for whole in [string, brackets] {
            let cut = whole.get(..at).unwrap_or(&whole);
            let (all, some) = (scan_pairs(&whole).0, scan_pairs(cut).0);
            for (index, (identifier, value)) in some.iter().enumerate() {
                let is_last = index + 1 == some.len();
                prop_assert_eq!(identifier, &all[index].0);
                prop_assert!(value == &all[index].1 || is_last && all[index].1.starts_with(value.as_str()), "{}", cut);
            }
        }
    }
}
