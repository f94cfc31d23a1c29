//! Fields of goods that carriers and customs need, and the tags of a product, read from files.

use inventory::catalog::core::goods::{GoodsFields, MAX_TAGS};

use super::{
    cells::Values,
    record::{Cells, parse_whole},
    refusal::{Refusal, Refused},
};

pub fn read(cells: &Cells<'_>) -> Result<GoodsFields, Refused> {
    GoodsFields::read(|name| cells.patch(name, parse_whole), |name| cells.texts(name), || cells.patch("tags", tags))
}

/// Tags between bars, as exports write them, or a JSON list. A long text is read only as far as
/// needed to refuse it.
fn tags(text: &str) -> Result<Vec<String>, Refusal> {
    if text.starts_with('[') {
        if Values::of(text.as_bytes()).count() > 2 * MAX_TAGS {
            return Err(Refusal::TooManyTags);
        }
        return serde_json::from_str(text).map_err(|_| Refusal::NoTags);
    }
    let parts = text.split('|').map(str::trim).filter(|part| !part.is_empty());
    Ok(parts.take(MAX_TAGS + 1).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_stand_between_bars_or_in_a_list() {
        assert_eq!(tags("gift | blue||").unwrap(), ["gift", "blue"]);
        assert_eq!(tags("[\"gift\", \"a, b\"]").unwrap(), ["gift", "a, b"]);
        assert!(tags("[1]").is_err() && tags("[").is_err());
        assert_eq!(tags(&"t|".repeat(5_000)).unwrap().len(), MAX_TAGS + 1, "one more than a product may have is refused as such");
        assert!(tags(&format!("[{}\"\"]", "\"\",".repeat(5_000))).is_err());
    }
}
