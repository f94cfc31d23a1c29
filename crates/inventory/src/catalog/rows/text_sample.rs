//! Search texts of products, and a sample of them: it shows frequent words and letters, for which
//! both indexes collect long lists before they return the first product.

use std::cmp::Reverse;

use entity::{
    prelude::ProductId,
    record::{Record, Selected},
    tables::product,
};
use platform::storage::{Backend, Fault, Finds, Reads};

use crate::catalog::core::search::Query;

/// Products of a sample.
const SAMPLE_SIZE: usize = 300;

/// A product's ID and search text.
#[derive(Record)]
#[record(of = product, alias = "p")]
pub(super) struct SearchTextRow {
    pub(super) id: ProductId,
    pub(super) search_text: String,
}

/// The search texts of the tenant's first products.
pub(super) struct TextSample(Vec<String>);

impl TextSample {
    pub(super) async fn read(reads: &impl Reads) -> Result<Self, Fault> {
        let select = SearchTextRow::SELECT;
        let sql = format!("SELECT {select} FROM product p WHERE p.tenant_id = $1 ORDER BY p.id LIMIT {SAMPLE_SIZE}");
        let rows = reads.records::<SearchTextRow>(&sql, Vec::new()).await?;
        Ok(Self(rows.into_iter().map(|row| row.search_text).collect()))
    }

    /// The number of texts with a part.
    pub(super) fn count(&self, part: &str) -> usize {
        self.0.iter().filter(|text| text.contains(part)).count()
    }

    /// Whether more than one in `divisor` of the texts have a part.
    pub(super) fn is_frequent(&self, part: &str, divisor: usize) -> bool {
        self.count(part) * divisor > self.0.len()
    }
}

#[cfg(test)]
impl From<Vec<String>> for TextSample {
    fn from(texts: Vec<String>) -> Self {
        Self(texts)
    }
}

/// Returns the query with its rarest word, which Postgres looks up first: the one that begins a
/// word of the fewest products of a sample, and of several such words the likeliest. No other
/// database, and no query of one word, needs it.
pub async fn with_rarest_word(reads: &impl Reads, query: &Query) -> Result<Query, Fault> {
    if reads.backend() != Backend::Postgres || query.indexed_words().nth(1).is_none() {
        return Ok(query.clone());
    }
    let sample = TextSample::read(reads).await?;
    Ok(Query { rarest_word: find_rarest_word(query, &sample), ..query.clone() })
}

fn find_rarest_word(query: &Query, sample: &TextSample) -> Option<String> {
    let rank = |word: &&str| (Reverse(sample.count(&format!(" {word}"))), likely_rarity(word));
    query.indexed_words().max_by_key(rank).map(str::to_owned)
}

/// Ranks words by how few products are likely to have them: those with a digit, the longest.
pub(super) fn likely_rarity(word: &str) -> (bool, usize) {
    (word.chars().any(char::is_numeric), word.chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rarest_word_is_the_one_that_the_fewest_products_of_a_sample_have() {
        let texts = [" 1 white mug ", " 2 white cup ", " 3 red cup "].map(str::to_owned);
        let sample = TextSample::from(texts.to_vec());
        let rarest = |text: &str| find_rarest_word(&Query::parse(text).unwrap(), &sample);
        assert_eq!(rarest("white mug").as_deref(), Some("mug"), "two have white, one has mug");
        assert_eq!(rarest("hodler cup").as_deref(), Some("hodler"), "nobody has it");
        assert_eq!(rarest("whi cu").as_deref(), Some("whi"), "as many begin with either: the longer one");
        assert_eq!(rarest("c"), None, "letters are no indexed words");
        assert!(sample.is_frequent(" white", 2) && !sample.is_frequent(" white", 1) && !sample.is_frequent(" mug", 3));
    }
}
