//! Search texts of products, and a sample of them: it shows frequent words and letters, for which
//! both indexes collect long lists before they return the first product.

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
#[derive(Default)]
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

    /// The number of texts with a word that begins with each indexed word of the query.
    pub(super) fn word_counts(&self, query: &Query) -> Vec<usize> {
        query.indexed_words().map(|word| self.count(&format!(" {word}"))).collect()
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

/// Returns the query with the counts of its words in a sample, by which Postgres looks up the rarest
/// word first. No other database, and no query of one word, needs them.
pub async fn with_sample_counts(reads: &impl Reads, query: &Query) -> Result<Query, Fault> {
    let is_sampled = reads.backend() == Backend::Postgres && query.indexed_words().nth(1).is_some();
    let sample_counts = if is_sampled { TextSample::read(reads).await?.word_counts(query) } else { Vec::new() };
    Ok(Query { sample_counts, ..query.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_counts_the_products_with_the_beginning_of_each_word() {
        let texts = [" 1 white mug ", " 2 white cup ", " 3 red cup "].map(str::to_owned);
        let sample = TextSample::from(texts.to_vec());
        let counts = |text: &str| sample.word_counts(&Query::parse(text).unwrap());
        assert_eq!(counts("white mug hodler"), [2, 1, 0]);
        assert_eq!(counts("whi hit"), [2, 0], "the beginning of a word, not its middle");
        assert_eq!(counts("c cup"), [2], "a letter is no indexed word");
        assert!(sample.is_frequent(" white", 2) && !sample.is_frequent(" white", 1) && !sample.is_frequent(" mug", 3));
    }
}
