//! A product's text as hashed n-grams: words, pairs of words, and three to five letters within a
//! word. The weights of a text are log term frequency × inverse document frequency, normalised to
//! length 1 (Manning, Raghavan & Schütze, Introduction to Information Retrieval, 6.2 to 6.4).

use crate::folding::{fold, split_words};

/// N-grams are hashed into 2¹⁸ buckets.
pub const BUCKETS: usize = 1 << 18;
/// The characters of a name that are read.
pub const NAME_CHARS: usize = 256;
/// The characters of a description that are read.
pub const DESCRIPTION_CHARS: usize = 2_000;
/// The most n-grams of a text.
pub const MAX_GRAMS: usize = 768;
/// A word of the description counts half of one of the name.
const DESCRIPTION_WEIGHT: f32 = 0.5;
const GRAM_LETTERS: std::ops::RangeInclusive<usize> = 3..=5;

/// A part of a text that the model may know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Word,
    /// Two words beside each other.
    Phrase,
    /// Three to five letters of a word, its ends included.
    Letters,
}

/// An n-gram where it occurs.
#[derive(Debug, Clone, Copy)]
pub struct Gram<'a> {
    pub bucket: u32,
    pub kind: Kind,
    /// The letters of [`Kind::Letters`], with `<` and `>` as the ends of the word; else the word.
    pub text: &'a str,
    /// The index of its word, the first one of a phrase.
    pub word: usize,
    /// 1 in the name, less in the description.
    pub weight: f32,
}

/// The words of a product.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text {
    /// Words as they are shown.
    pub words: Vec<String>,
    /// Words as they are hashed, with `0` for every digit.
    masked: Vec<String>,
    /// The words from here on are the description's.
    in_name: usize,
}

/// FNV-1a over 64 bits with a final mix (as in MurmurHash3), so that low bits depend on all letters.
pub fn hash(kind: u8, parts: &[&str]) -> u64 {
    let mut state = 0xcbf2_9ce4_8422_2325_u64;
    let mut add = |byte: u8| state = (state ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    add(kind);
    for part in parts {
        part.bytes().for_each(&mut add);
        add(0xff);
    }
    mix_bits(state)
}

pub fn mix_bits(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    bits = (bits ^ (bits >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    bits ^ (bits >> 33)
}

fn feature_bucket(kind: Kind, parts: &[&str]) -> u32 {
    (hash(kind as u8, parts) % BUCKETS as u64) as u32
}

impl Text {
    pub fn parse(name: &str, description: &str) -> Self {
        let (name, description) = (fold(name, NAME_CHARS), fold(description, DESCRIPTION_CHARS));
        let mut words: Vec<String> = split_words(&name).into_iter().map(ToOwned::to_owned).collect();
        let in_name = words.len();
        words.extend(split_words(&description).into_iter().map(ToOwned::to_owned));
        let mask = |character: char| if character.is_numeric() { '0' } else { character };
        let masked = words.iter().map(|word| word.chars().map(mask).collect()).collect();
        Self { words, masked, in_name }
    }

    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Visits n-grams in the order of words, at most `max_grams`: of the name words, phrases and letters; of the description words and phrases.
    pub fn for_each_gram(&self, max_grams: usize, visit: &mut impl FnMut(Gram<'_>)) {
        let mut remaining = max_grams.min(MAX_GRAMS);
        let mut letters = String::new();
        for (word, text) in self.masked.iter().enumerate() {
            let is_name = word < self.in_name;
            let weight = if is_name { 1.0 } else { DESCRIPTION_WEIGHT };
            let mut visit = |gram: Gram<'_>| {
                if remaining > 0 {
                    remaining -= 1;
                    visit(gram);
                }
            };
            visit(Gram { bucket: feature_bucket(Kind::Word, &[text]), kind: Kind::Word, text, word, weight });
            if let Some(next) = self.masked.get(word + 1).filter(|_| word + 1 != self.in_name) {
                visit(Gram { bucket: feature_bucket(Kind::Phrase, &[text, next]), kind: Kind::Phrase, text, word, weight });
            }
            if is_name {
                let bounded: Vec<char> = std::iter::once('<').chain(text.chars()).chain(['>']).collect();
                for size in GRAM_LETTERS.filter(|size| *size < bounded.len()) {
                    for window in bounded.windows(size) {
                        letters.clear();
                        letters.extend(window);
                        let bucket = feature_bucket(Kind::Letters, &[&letters]);
                        visit(Gram { bucket, kind: Kind::Letters, text: &letters, word, weight });
                    }
                }
            }
        }
    }

    /// Buckets with their sums of weights, in the order of buckets.
    pub fn counts(&self, max_grams: usize) -> Vec<(u32, f32)> {
        let mut gram_counts = Vec::new();
        self.for_each_gram(max_grams, &mut |gram| gram_counts.push((gram.bucket, gram.weight)));
        gram_counts.sort_unstable_by_key(|(bucket, _)| *bucket);
        gram_counts.dedup_by(|later, earlier| {
            let is_same = later.0 == earlier.0;
            if is_same {
                earlier.1 += later.1;
            }
            is_same
        });
        gram_counts
    }
}

/// The buckets that a model has weights for.
#[derive(Debug, Clone, PartialEq)]
pub struct Vocabulary {
    /// In ascending order; the index is the row of the weights.
    pub buckets: Vec<u32>,
    /// The inverse document frequency of each row: ln((1 + texts) ÷ (1 + texts with it)) + 1.
    pub idf: Vec<f32>,
    row_of: Vec<u32>,
}

const NO_ROW: u32 = u32::MAX;

impl Vocabulary {
    /// The `max_buckets` buckets that occur in most texts.
    pub fn of<'a>(texts: impl Iterator<Item = &'a [(u32, f32)]>, max_buckets: usize) -> Self {
        let mut frequency = vec![0_u32; BUCKETS];
        let mut count = 0_u32;
        for text in texts {
            count += 1;
            for (bucket, _) in text {
                frequency.get_mut(*bucket as usize).into_iter().for_each(|count| *count += 1);
            }
        }
        let mut buckets: Vec<u32> = (0..BUCKETS as u32).filter(|bucket| frequency[*bucket as usize] > 0).collect();
        if buckets.len() > max_buckets {
            buckets.sort_by_key(|bucket| (std::cmp::Reverse(frequency[*bucket as usize]), *bucket));
            buckets.truncate(max_buckets);
            buckets.sort_unstable();
        }
        let idf = |bucket: &u32| ((1.0 + f64::from(count)) / (1.0 + f64::from(frequency[*bucket as usize]))).ln() as f32 + 1.0;
        let idf = buckets.iter().map(idf).collect();
        Self::new(buckets, idf)
    }

    pub fn new(buckets: Vec<u32>, idf: Vec<f32>) -> Self {
        let mut row_of = vec![NO_ROW; BUCKETS];
        for (row, bucket) in buckets.iter().enumerate() {
            if let Some(place) = row_of.get_mut(*bucket as usize) {
                *place = row as u32;
            }
        }
        Self { buckets, idf, row_of }
    }

    pub fn row(&self, bucket: u32) -> Option<u32> {
        self.row_of.get(bucket as usize).copied().filter(|row| *row != NO_ROW)
    }

    /// Rows and values of a text; of length one, or empty if no n-gram is in the vocabulary.
    pub fn vector(&self, counts: &[(u32, f32)]) -> Vec<(u32, f32)> {
        let value = |row: u32, count: f32| (row, (1.0 + count.ln()) * self.idf.get(row as usize).copied().unwrap_or(0.0));
        let rows = counts.iter().filter_map(|(bucket, count)| self.row(*bucket).map(|row| value(row, *count)));
        let mut found: Vec<(u32, f32)> = rows.collect();
        let length = found.iter().map(|(_, value)| value * value).sum::<f32>().sqrt();
        if length > 0.0 {
            found.iter_mut().for_each(|(_, value)| *value /= length);
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grams(name: &str, description: &str) -> Vec<(Kind, String)> {
        let mut found = Vec::new();
        Text::parse(name, description).for_each_gram(MAX_GRAMS, &mut |gram| found.push((gram.kind, gram.text.to_owned())));
        found
    }

    #[test]
    fn a_name_gives_words_phrases_and_letters() {
        let found = grams("Mug 12", "red");
        let of = |kind| found.iter().filter(|(is, _)| *is == kind).map(|(_, text)| text.as_str()).collect::<Vec<_>>();
        assert_eq!(of(Kind::Word), ["mug", "00", "red"]);
        assert_eq!(of(Kind::Phrase), ["mug"], "no phrase joins the name and the description");
        assert_eq!(of(Kind::Letters), ["<mu", "mug", "ug>", "<mug", "mug>", "<00", "00>"]);
    }

    #[test]
    fn texts_are_vectors_of_length_one_in_which_rare_words_weigh_more() {
        let texts: Vec<_> =
            ["red mug", "red cup", "red jug"].iter().map(|name| Text::parse(name, "").counts(MAX_GRAMS)).collect();
        let vocabulary = Vocabulary::of(texts.iter().map(Vec::as_slice), BUCKETS);
        let vector = vocabulary.vector(&texts[0]);
        assert!((vector.iter().map(|(_, value)| value * value).sum::<f32>() - 1.0).abs() < 1e-5);
        let value = |word: &str| {
            let row = vocabulary.row(feature_bucket(Kind::Word, &[word])).unwrap();
            vector.iter().find(|(is, _)| *is == row).unwrap().1
        };
        assert!(value("mug") > value("red"));
        let few = Vocabulary::of(texts.iter().map(Vec::as_slice), 3);
        assert_eq!(few.buckets.len(), 3);
        assert!(few.row(feature_bucket(Kind::Word, &["red"])).is_some(), "the most frequent stay");
        assert!(vocabulary.vector(&Text::parse("χ", "").counts(MAX_GRAMS)).is_empty());
    }
}
