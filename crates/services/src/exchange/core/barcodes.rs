//! The barcodes of a product in one cell.

use inventory::catalog::core::{MAX_BARCODES, product::Barcode};
use serde_json::{Value, json};

use super::{cells::Values, record::parse_whole, refusal::Refusal};

/// Maximum values in a JSON list: each code may have some other fields, which are ignored.
const MAX_VALUES: usize = 16 * MAX_BARCODES;

/// Codes between bars, commas, semicolons or spaces, each with its pack quantity after a star; or a list of JSON.
pub fn parse_barcodes(text: &str) -> Result<Vec<Barcode>, Refusal> {
    if text.starts_with('[') {
        if Values::of(text.as_bytes()).count() > MAX_VALUES {
            return Err(Refusal::TooManyBarcodes);
        }
        let list: Vec<Value> = serde_json::from_str(text).map_err(|_| Refusal::NoBarcodes)?;
        let one = |value: &Value| match value {
            Value::String(code) => Ok(Barcode { code: code.clone(), pack_quantity: 1 }),
            Value::Object(fields) => {
                let code = fields.get("code").and_then(Value::as_str).ok_or(Refusal::BarcodeWithoutCode)?;
                let pack_quantity = match fields.get("packQuantity") {
                    None | Some(Value::Null) => 1,
                    Some(pack) => pack.as_i64().ok_or(Refusal::PackQuantity)?,
                };
                Ok(Barcode { code: code.to_owned(), pack_quantity })
            }
            _ => Err(Refusal::BarcodeIsNoText),
        };
        return collect_codes(list.iter().map(one));
    }
    let parts = text.split(['|', ',', ';', ' ', '\n']).map(str::trim).filter(|part| !part.is_empty());
    collect_codes(parts.map(|part| match part.split_once('*') {
        None => Ok(Barcode { code: part.to_owned(), pack_quantity: 1 }),
        Some((code, pack)) => Ok(Barcode { code: code.to_owned(), pack_quantity: parse_whole(pack)? }),
    }))
}

/// Collects the codes, and stops after the maximum of a product: the rest of a long text is not
/// read.
fn collect_codes(codes: impl Iterator<Item = Result<Barcode, Refusal>>) -> Result<Vec<Barcode>, Refusal> {
    let codes = codes.take(MAX_BARCODES + 1).collect::<Result<Vec<_>, _>>()?;
    if codes.len() > MAX_BARCODES { Err(Refusal::TooManyBarcodes) } else { Ok(codes) }
}

/// The codes between bars, as people write them; where that would be read as others, because a code has such a sign itself, a list of JSON.
pub fn join_codes(codes: &[Barcode]) -> String {
    let short_texts = codes.iter().map(|code| match code.pack_quantity {
        1 => code.code.clone(),
        pack => format!("{}*{pack}", code.code),
    });
    let joined = short_texts.collect::<Vec<_>>().join("|");
    if parse_barcodes(&joined).is_ok_and(|reread| reread == codes) {
        return joined;
    }
    let objects = codes.iter().map(|code| match code.pack_quantity {
        1 => json!(code.code),
        pack => json!({ "code": code.code, "packQuantity": pack }),
    });
    Value::Array(objects.collect()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(said: &[(&str, i64)]) -> Vec<Barcode> {
        said.iter().map(|(code, pack)| Barcode { code: (*code).to_owned(), pack_quantity: *pack }).collect()
    }

    #[test]
    fn whatever_a_code_is_made_of_it_comes_back() {
        for sign in ["|", ",", ";", " ", "*", "[", "]", "{", "\"", "\\", "'", "=", "é", "*12", " *", "\u{a0}", "\\N"] {
            for code in [format!("A{sign}B"), format!("{sign}B"), format!("A{sign}")] {
                for list in [vec![(code.as_str(), 1)], vec![(code.as_str(), 12)], vec![("4006381333931", 1), (code.as_str(), 6)]]
                {
                    let (list, text) = (codes(&list), join_codes(&codes(&list)));
                    assert_eq!(parse_barcodes(&text), Ok(list), "by way of {text}");
                }
            }
        }
    }

    #[test]
    fn a_pack_quantity_that_is_no_whole_number_is_refused() {
        let parse_pack = |pack: &str| parse_barcodes(&format!("[{{\"code\":\"1\",\"packQuantity\":{pack}}}]"));
        for pack in ["1.5", "\"12\"", "true", "[12]", "1e400", "9223372036854775808"] {
            assert!(parse_pack(pack).is_err(), "{pack} was taken");
        }
        assert_eq!(parse_pack("null"), Ok(codes(&[("1", 1)])));
        assert_eq!(parse_pack("12"), Ok(codes(&[("1", 12)])));
    }

    #[test]
    fn no_more_are_read_than_a_product_may_have() {
        for (one, between) in [("1", "|"), ("\"1\"", ","), ("{\"code\":\"1\",\"a\":[0,0]}", ",")] {
            let text = |count: usize| {
                let list = vec![one; count].join(between);
                if between == "|" { list } else { format!("[{list}]") }
            };
            assert_eq!(parse_barcodes(&text(MAX_BARCODES)).map(|codes| codes.len()), Ok(MAX_BARCODES), "{one}");
            for count in [MAX_BARCODES + 1, 100_000] {
                assert_eq!(parse_barcodes(&text(count)), Err(Refusal::TooManyBarcodes), "{one}");
            }
        }
    }

    #[test]
    fn what_has_no_such_sign_is_written_as_people_write_it() {
        assert_eq!(join_codes(&codes(&[("4006381333931", 1), ("12345670", 12)])), "4006381333931|12345670*12");
        assert_eq!(join_codes(&codes(&[("A|B", 1), ("C D", 6)])), "[\"A|B\",{\"code\":\"C D\",\"packQuantity\":6}]");
        for text in ["1|2*3", "1, 2*3", "1;2*3", "1 2*3", "1\n2*3"] {
            assert_eq!(parse_barcodes(text), Ok(codes(&[("1", 1), ("2", 3)])), "{text:?}");
        }
    }
}
