//! Mistyped words beside others that products have: their corrections are searched among the
//! products that have all others.

use std::collections::HashSet;

use entity::{prelude::ProductId, record::Selected};
use platform::storage::{Backend, Fault, Finds, Reads};
use sea_orm::Value;

use super::{
    super::{
        Clause,
        candidates::{BranchResults, Branches, MAX_CANDIDATES, part},
        text_sample::{SearchTextRow, TextSample},
        word_index::{TermMatch, term, word_query},
    },
    match_terms::{MAX_CORRECTED_WORDS, all_of, any_of, any_phrases, or, rarest_trigrams},
};
use crate::catalog::core::{
    search::Query,
    typos::{WordCorrection, find_corrections, has_parts, is_one_typo_away, parts, spellings},
};

/// The most products with all other words that Postgres reads, in the order of the index.
const MAX_HOLDER_PRODUCTS: usize = 3_000;
/// Length from which few other words contain a word.
const LONG_WORD_LENGTH: usize = 5;

/// Products with all other words.
struct Holders {
    /// The first in the order of the index; on SQLite, if there are many, the first that also have
    /// a part of each mistyped word.
    rows: Vec<SearchTextRow>,
    /// Whether at least `MAX_CANDIDATES` products have all other words.
    are_many: bool,
    /// Whether no other product can have a word that is one typo away from each mistyped one.
    are_all: bool,
    /// SQLite, if there are many: it shows which trigrams are rare.
    sample: TextSample,
}

/// Returns products that have all words, with mistyped ones corrected from the products that have
/// all others: every match is one of these. If there are few, similar words of other products
/// cannot match. If there are many, words one typo away among the first of them are accepted,
/// although further products may have more.
pub(super) async fn correct_by_other_words(
    reads: &impl Reads,
    (query, conditions): (&Query, &Clause),
    words: &[&str],
    known_indexes: &HashSet<usize>,
) -> Result<BranchResults, Fault> {
    let backend = reads.backend();
    let group = |is_known: bool| {
        let chosen_words = words.iter().enumerate().filter(|(index, _)| known_indexes.contains(index) == is_known);
        chosen_words.map(|(_, word)| *word).collect::<Vec<&str>>()
    };
    let (other_words, missing) = (group(true), group(false));
    if other_words.is_empty() || missing.is_empty() {
        return Ok(BranchResults::default());
    }
    let word_holders = holders(reads, &other_words, &missing).await?;
    let meanings = corrections_in_texts(&word_holders.rows, &missing);
    let is_plausible = |word: &str, meanings: &[WordCorrection]| {
        if word_holders.are_many { is_one_typo_away(word, meanings) } else { !meanings.is_empty() }
    };
    if !missing.iter().zip(&meanings).all(|(word, meanings)| is_plausible(word, meanings)) {
        return Ok(BranchResults::default());
    }
    let whole_texts: Vec<Vec<String>> =
        meanings.iter().map(|group| group.iter().map(|words| format!(" {} ", words.join(" "))).collect()).collect();
    let mut branches = Branches::new(query, conditions);
    match products_with_all(&word_holders, &whole_texts) {
        Some(holders) if holders.is_empty() => return Ok(BranchResults::default()),
        Some(holders) => branches.by_ids(&holders),
        None => {
            let tests =
                whole_texts.into_iter().chain(other_words.iter().map(|word| vec![format!(" {word}")])).collect::<Vec<_>>();
            let text = match backend {
                Backend::Postgres => corrected_tsquery(&other_words, &meanings),
                Backend::Sqlite => corrected_match(&other_words, &meanings, &word_holders.sample),
            };
            branches.by_text(Value::from(text), &tests, MAX_CANDIDATES);
        }
    }
    let mut results = branches.read(reads).await?;
    results.is_full |= word_holders.are_many;
    Ok(results)
}

/// Reads products with all other words. Postgres collects all products with the beginning of a word
/// before it returns the first: the whole words are looked up first, and if enough products have
/// them, they are taken. SQLite returns them one by one, and reads the rows of frequent words from
/// all over the table: of many, those are read that have a part of the mistyped words.
async fn holders(reads: &impl Reads, other_words: &[&str], missing: &[&str]) -> Result<Holders, Fault> {
    let backend = reads.backend();
    let query = |term_match| word_query(backend, other_words.iter().copied(), term_match);
    let sample = TextSample::default();
    if backend == Backend::Postgres {
        let mut rows = read_texts(reads, query(TermMatch::Whole), &[], MAX_HOLDER_PRODUCTS).await?;
        if rows.len() < MAX_HOLDER_PRODUCTS {
            rows = read_texts(reads, query(TermMatch::Beginnings), &[], MAX_HOLDER_PRODUCTS).await?;
        }
        return Ok(Holders { are_many: rows.len() >= MAX_CANDIDATES, are_all: rows.len() < MAX_HOLDER_PRODUCTS, rows, sample });
    }
    let rows = read_texts(reads, query(TermMatch::Beginnings), &[], MAX_CANDIDATES).await?;
    if rows.len() < MAX_CANDIDATES {
        return Ok(Holders { rows, are_many: false, are_all: true, sample });
    }
    let sample = TextSample::read(reads).await?;
    let parts = Value::from(parts_query(other_words, missing, &sample));
    let rows = read_texts(reads, parts, other_words, MAX_CANDIDATES).await?;
    Ok(Holders { are_many: true, are_all: rows.len() < MAX_CANDIDATES, rows, sample })
}

async fn read_texts(reads: &impl Reads, text: Value, tested: &[&str], limit: usize) -> Result<Vec<SearchTextRow>, Fault> {
    let clause = search_text_clause(reads.backend(), text, tested, limit);
    reads.records(&clause.sql, clause.values).await
}

/// Returns the statement of the first products that a MATCH or a `to_tsquery` finds, in the order of
/// the index. On SQLite a word of theirs must also begin with each of the `tested` words.
fn search_text_clause(backend: Backend, text: Value, tested: &[&str], limit: usize) -> Clause {
    let (mut clause, select) = (Clause::new(backend), SearchTextRow::SELECT);
    let mark = clause.bind(text);
    match backend {
        Backend::Postgres => clause.push(&format!(
            "SELECT {select} FROM (SELECT h.id, row_number() OVER () AS place
               FROM (SELECT products_with_words($1, to_tsquery('simple', {mark})) AS id LIMIT {limit}) h) f
             CROSS JOIN product p WHERE p.tenant_id = $1 AND p.id = f.id ORDER BY f.place"
        )),
        Backend::Sqlite => {
            clause.push(&format!(
                "SELECT {select} FROM product_search f CROSS JOIN product p
                 WHERE p.tenant_id = $1 AND p.rowid = f.rowid AND f.product_search MATCH {mark}"
            ));
            for word in tested {
                let test = part(&mut clause, &format!(" {word}"));
                clause.push(&format!(" AND {test}"));
            }
            clause.push(&format!(" ORDER BY f.rowid LIMIT {limit}"));
        }
    }
    clause
}

/// Returns SQLite's MATCH of products with a rare part of each other word and a part of each mistyped
/// word, or one of its spellings. Texts must be tested for the other words.
fn parts_query(other_words: &[&str], missing: &[&str], sample: &TextSample) -> String {
    let other_words = other_words.iter().map(|word| other_word_match(word, sample));
    // Short words with a typo in the middle have no part, but are spelt in full. Two words that were
    // written as one have a part.
    let whole_spellings =
        |word: &str| spellings(word).into_iter().filter(|words| words.len() == 1).map(|words| vec![format!(" {} ", words[0])]);
    let lists = missing
        .iter()
        .take(MAX_CORRECTED_WORDS)
        .map(|word| parts(word).into_iter().chain(whole_spellings(word)).collect::<Vec<_>>());
    let similar = lists.filter(|lists| !lists.is_empty()).map(|lists| any_phrases(&lists));
    all_of(Backend::Sqlite, &other_words.chain(similar).collect::<Vec<_>>())
}

/// Returns the meanings of each mistyped word in the first of these products, and in those of the
/// others that have a part of one.
fn corrections_in_texts(rows: &[SearchTextRow], missing: &[&str]) -> Vec<Vec<WordCorrection>> {
    let parts: Vec<Vec<String>> = missing.iter().take(MAX_CORRECTED_WORDS).flat_map(|word| parts(word)).collect();
    let (first_rows, later_rows) = rows.split_at(rows.len().min(MAX_CANDIDATES));
    let later_rows = later_rows.iter().filter(|row| parts.iter().any(|parts| has_parts(&row.search_text, parts)));
    let texts: Vec<&str> = first_rows.iter().chain(later_rows).map(|row| row.search_text.as_str()).collect();
    missing.iter().map(|word| find_corrections(word, &texts)).collect()
}

/// Returns the products that have one text for each word, if all that can match were read and fewer
/// match than a search ranks.
fn products_with_all(word_holders: &Holders, whole_texts: &[Vec<String>]) -> Option<Vec<ProductId>> {
    let has_all =
        |row: &&SearchTextRow| whole_texts.iter().all(|texts| texts.iter().any(|text| row.search_text.contains(text.as_str())));
    let holders: Vec<ProductId> = word_holders.rows.iter().filter(has_all).map(|row| row.id).collect();
    (word_holders.are_all && holders.len() < MAX_CANDIDATES).then_some(holders)
}

/// Returns a `to_tsquery` of the other words and of the corrections of the mistyped ones.
fn corrected_tsquery(other_words: &[&str], meanings: &[Vec<WordCorrection>]) -> String {
    let other_words = other_words.iter().map(|word| term(Backend::Postgres, word, TermMatch::Beginnings));
    let meanings = meanings.iter().map(|word_corrections| any_of(Backend::Postgres, word_corrections));
    all_of(Backend::Postgres, &other_words.chain(meanings).collect::<Vec<_>>())
}

/// Returns SQLite's MATCH of texts that have a rare part of each other word, and of a correction of
/// each mistyped one: the lists of a word's other parts take longer to read than the texts that
/// have the rare one. The texts must be tested for the words.
fn corrected_match(other_words: &[&str], meanings: &[Vec<WordCorrection>], sample: &TextSample) -> String {
    let other_words = other_words.iter().map(|word| other_word_match(word, sample));
    let meanings = meanings.iter().map(|word_corrections| any_correction(word_corrections, sample));
    all_of(Backend::Sqlite, &other_words.chain(meanings).collect::<Vec<_>>())
}

fn other_word_match(word: &str, sample: &TextSample) -> String {
    match word.chars().nth(2) {
        Some(_) => rarest_trigrams(word, sample),
        None => term(Backend::Sqlite, word, TermMatch::Beginnings),
    }
}

/// Matches one of these, long words by a rare part.
fn any_correction(meanings: &[WordCorrection], sample: &TextSample) -> String {
    let phrase = |words: &WordCorrection| match words.as_slice() {
        [word] if word.chars().nth(LONG_WORD_LENGTH - 1).is_some() => format!("({})", rarest_trigrams(word, sample)),
        _ => format!("\" {} \"", words.join(" ")),
    };
    format!("({})", meanings.iter().map(phrase).collect::<Vec<_>>().join(or(Backend::Sqlite)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search_rows(texts: impl IntoIterator<Item = String>) -> Vec<SearchTextRow> {
        texts.into_iter().map(|search_text| SearchTextRow { id: ProductId::NIL, search_text }).collect()
    }

    #[test]
    fn the_first_products_with_the_other_words_are_read_in_the_order_of_the_index() {
        let clause = |backend, tested: &[&str], limit| search_text_clause(backend, Value::from("q"), tested, limit);
        let sql = clause(Backend::Sqlite, &[], 500).sql;
        assert!(sql.ends_with("f.product_search MATCH $2 ORDER BY f.rowid LIMIT 500"), "{sql}");
        let Clause { sql, values, .. } = clause(Backend::Sqlite, &["zinc", "tray"], 500);
        let tests = "MATCH $2 AND (instr(p.search_text, $3) > 0) AND (instr(p.search_text, $4) > 0) ORDER BY";
        assert!(sql.contains(tests), "{sql}");
        assert_eq!(values, ["q", " zinc", " tray"].map(Value::from));
        let sql = clause(Backend::Postgres, &[], 3_000).sql;
        assert!(sql.contains("(SELECT products_with_words($1, to_tsquery('simple', $2)) AS id LIMIT 3000) h"), "{sql}");
        assert!(sql.ends_with("p.id = f.id ORDER BY f.place"), "{sql}");
    }

    #[test]
    fn beyond_the_first_only_products_with_a_part_of_the_word_tell_what_it_stands_for() {
        let mut texts: Vec<String> = (0..MAX_CANDIDATES).map(|n| format!(" b{n} zinc bucket ")).collect();
        texts.push(" z1 zinc hxxder ".to_owned());
        assert!(
            corrections_in_texts(&search_rows(texts.clone()), &["hodler"])[0].is_empty(),
            "two slips, and no part of the word"
        );
        texts.push(" z2 zinc holder ".to_owned());
        assert_eq!(corrections_in_texts(&search_rows(texts), &["hodler"]), [[["holder"]]]);
    }

    #[test]
    fn no_text_is_asked_for_where_all_products_with_the_other_words_were_read() {
        let whole = [vec![" holder ".to_owned(), " t light ".to_owned()]];
        let of = |count: usize, text: &str, are_all: bool| {
            let rows = search_rows((0..count).map(|_| text.to_owned()));
            let holders = Holders { rows, are_many: !are_all, are_all, sample: TextSample::default() };
            products_with_all(&holders, &whole).map(|ids| ids.len())
        };
        assert_eq!(of(3, " z1 zinc holder ", true), Some(3));
        assert_eq!(of(3, " z1 zinc t light ", true), Some(3));
        assert_eq!(of(3, " z1 zinc holders ", true), Some(0));
        assert_eq!(of(MAX_CANDIDATES, " z1 zinc holder ", true), None, "more than are ranked");
        assert_eq!(of(3, " z1 zinc holder ", false), None, "others may hold it");
    }

    #[test]
    fn sqlite_finds_products_with_the_other_words_by_a_part_of_the_mistyped_one() {
        let sample = TextSample::from([" 1 tin ", " 2 zinc ", " 3 tin ", " 4 tin "].map(str::to_owned).to_vec());
        let parts_query = |other_words: &[&str], missing: &[&str]| parts_query(other_words, missing, &sample);
        let query = parts_query(&["zinc"], &["mgus"]);
        assert!(query.starts_with("\" zi\" AND \"inc\" AND ((\""), "{query}");
        assert!(query.contains("(\"mgus\")") && query.contains("(\"us \")"), "{query}");
        let query = parts_query(&["zinc"], &["mgu"]);
        assert!(query.contains("(\" mug \")"), "two letters are swapped, so no part of the word is left: {query}");
        let query = parts_query(&["zinc", "tray"], &["ab"]);
        assert_eq!(query, "\" zi\" AND \"inc\" AND \" tr\"", "no part is long enough");
    }

    #[test]
    fn sqlite_looks_for_words_by_their_rarest_trigrams() {
        let meanings = [vec![vec!["holder".to_owned()], vec!["mug".to_owned()], vec!["t".to_owned(), "light".to_owned()]]];
        let sample = |texts: &[&str]| TextSample::from(texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        let others = (0..30).map(|_| " 1 tin ").collect::<Vec<_>>();
        let texts = [&others[..], &[" 2 zinc holder ", " 3 hold ", " 4 older "]].concat();
        let of = |texts: &[&str]| corrected_match(&["zinc"], &meanings, &sample(texts));
        assert_eq!(of(&texts), "\" zi\" AND ((\" ho\" AND \"der\") OR \" mug \" OR \" t light \")", "each in one or two of 33");
        let frequent = [" 1 zinc holder ", " 2 tin "];
        assert_eq!(of(&frequent), "\" zinc\" AND ((\" holder\") OR \" mug \" OR \" t light \")", "no part is rare");
        assert_eq!(corrected_tsquery(&["zinc"], &meanings), "zinc:* & ((holder) | (mug) | (t <-> light))");
    }
}
