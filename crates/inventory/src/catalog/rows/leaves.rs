//! Tests of products that look beside their own texts: barcodes, prices and metadata.

use entity::prelude::Currency;
use platform::storage::Backend;

use super::{
    clause::Clause,
    conditions::never_null,
    text_filter::{TextTest, begins_with},
};
use crate::catalog::core::gtin;

/// A price in one currency; None is no bound. Products without a price, or with one in another
/// currency, do not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriceTest {
    pub currency: Currency,
    /// In minor units.
    pub least: Option<i64>,
    pub most: Option<i64>,
}

impl PriceTest {
    pub(super) fn compile(&self, clause: &mut Clause) {
        let currency = clause.bind(self.currency.as_str());
        clause.push(&format!("p.price_minor IS NOT NULL AND p.price_currency IS NOT NULL AND p.price_currency = {currency}"));
        for (bound, operator) in [(self.least, ">="), (self.most, "<=")] {
            if let Some(minor) = bound {
                let mark = clause.bind(minor);
                let test = clause.backend().rarely_matches(&format!("p.price_minor {operator} {mark}"));
                clause.push(&format!(" AND {test}"));
            }
        }
    }
}

/// Appends the condition that a product has a barcode that passes.
pub(super) fn push_barcode_test(test: &TextTest, clause: &mut Clause) {
    push_barcode_test_of("p.id", test, clause);
}

/// Adds the test of barcodes of the product in a column. Whole codes are compared as GTINs, parts
/// of codes as printed.
pub fn push_barcode_test_of(column: &str, test: &TextTest, clause: &mut Clause) {
    // A product without a barcode passes no test of one.
    let not = if *test == TextTest::IsNull(true) { " NOT" } else { "" };
    clause.push(&format!("{column}{not} IN (SELECT b.product_id FROM barcode b WHERE b.tenant_id = $1 AND "));
    match test {
        TextTest::IsNull(_) => clause.push("TRUE"),
        TextTest::In(codes) => {
            let keys: Vec<String> = codes.iter().map(|code| gtin::key_from_input(code.trim())).collect();
            let number = clause.number(clause.backend().texts(keys.iter().map(String::as_str)));
            clause.push(&clause.backend().in_texts("b.code_key", number));
        }
        TextTest::StartsWith(prefix) => begins_with(clause, "b.code", prefix),
        TextTest::Contains(part) => {
            let mark = clause.bind(part.as_str());
            clause.push(&format!("{}(b.code, {mark}) > 0", position_function(clause.backend())));
        }
    }
    clause.push(")");
}

/// A key of a product's metadata and tests of its text. Without tests the key must be present.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetadataTest {
    pub key: String,
    /// All must hold of the value, which must be a text.
    pub value: Vec<TextTest>,
}

impl MetadataTest {
    pub(super) fn compile(&self, clause: &mut Clause) {
        let (not, present) = self.present();
        clause.push(not);
        present.compile_on("p.metadata", clause);
    }

    /// Returns the positive form of the test, after NOT if the rows must not pass it: a row without
    /// the key, or without a text under it, passes no positive test. For metadata in a table of
    /// their own.
    pub fn present(&self) -> (&'static str, Self) {
        let is_absent = |test: &TextTest| *test == TextTest::IsNull(true);
        match self.value.as_slice() {
            [test] if is_absent(test) => ("NOT ", Self { key: self.key.clone(), value: vec![TextTest::IsNull(false)] }),
            _ => ("", self.clone()),
        }
    }

    /// Like `compile`, on another column of metadata, which is never null.
    pub fn compile_on(&self, column: &str, clause: &mut Clause) {
        let (backend, key) = (clause.backend(), clause.bind(self.key.as_str()));
        let (opened, is_text, text) = match backend {
            Backend::Postgres => (
                format!(
                    "EXISTS (SELECT 1 FROM json_each(CAST({} AS json)) AS j (key, value)",
                    replace_nul(column, self.stand_in())
                ),
                "json_typeof(j.value) = 'string'",
                "(j.value #>> '{}')",
            ),
            Backend::Sqlite => (format!("EXISTS (SELECT 1 FROM json_each({column}) AS j"), "j.type = 'text'", "j.atom"),
        };
        clause.push(&format!("{opened} WHERE j.key = {key}"));
        for test in &self.value {
            clause.push(&format!(" AND {is_text} AND "));
            value(test, text, clause);
        }
        clause.push(")");
    }

    /// Returns the substitute of NUL, which the database cannot store: U+10FFFF, or the next
    /// character below that is in no text of this test. A filter has no NUL, so it must not match
    /// one.
    fn stand_in(&self) -> char {
        let is_free =
            |character: &char| !self.key.contains(*character) && self.value.iter().all(|test| !has_character(test, *character));
        ('\u{10000}'..=char::MAX).rev().find(is_free).unwrap_or(char::MAX)
    }
}

fn has_character(test: &TextTest, character: char) -> bool {
    match test {
        TextTest::IsNull(_) => false,
        TextTest::In(texts) => texts.iter().any(|text| text.contains(character)),
        TextTest::StartsWith(text) | TextTest::Contains(text) => text.contains(character),
    }
}

/// Returns JSON of a column in a form that Postgres can parse: NUL, which it cannot store, is
/// replaced by another character. Escaped backslashes are replaced meanwhile by a control character
/// that JSON never has unescaped: after one of them `u0000` is plain text.
fn replace_nul(column: &str, stand_in: char) -> String {
    let mut units = [0; 2];
    let escaped = stand_in.encode_utf16(&mut units).iter().fold(String::new(), |text, unit| format!(r"{text}\u{unit:04x}"));
    let replacement = format!(r"replace(replace(replace({column}, '\\', chr(1)), '\u0000', '{escaped}'), chr(1), '\\')");
    format!(r"CASE WHEN strpos({column}, '\u0000') > 0 THEN {replacement} ELSE {column} END")
}

/// Adds the test of a text, compared exactly.
fn value(test: &TextTest, column: &str, clause: &mut Clause) {
    match test {
        // It follows the condition that there is a text.
        TextTest::IsNull(is_null) => clause.push(never_null(*is_null)),
        TextTest::In(texts) => {
            let number = clause.number(clause.backend().texts(texts.iter().map(String::as_str)));
            clause.push(&clause.backend().in_texts(column, number));
        }
        TextTest::StartsWith(prefix) => {
            let (mark, length) = (clause.bind(prefix.as_str()), prefix.chars().count());
            clause.push(&format!("substr({column}, 1, {length}) = {mark}"));
        }
        TextTest::Contains(part) => {
            let mark = clause.bind(part.as_str());
            clause.push(&format!("{}({column}, {mark}) > 0", position_function(clause.backend())));
        }
    }
}

fn position_function(backend: Backend) -> &'static str {
    match backend {
        Backend::Postgres => "strpos",
        Backend::Sqlite => "instr",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_test_has_the_character_that_stands_for_nul() {
        let stand_in = |key: &str, value: Vec<TextTest>| MetadataTest { key: key.to_owned(), value }.stand_in();
        assert_eq!(stand_in("colour", vec![TextTest::Contains("red".to_owned())]), '\u{10ffff}');
        let texts =
            vec![TextTest::In(vec!["red".to_owned(), "\u{10fffe}".to_owned()]), TextTest::StartsWith("\u{10fffd}".to_owned())];
        assert_eq!(stand_in("\u{10ffff}", texts), '\u{10fffc}');
        assert!(replace_nul("c", '\u{10fffe}').contains(r"'\u0000', '\udbff\udffe'"));
    }
}
