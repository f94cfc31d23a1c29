//! Conditions of lists of categories, channels and families.

use entity::{
    prelude::CategoryId,
    record::{Record, Selected},
};
use platform::storage::{Fault, Finds, Nested, Reads};
use uuid::Uuid;

use super::{
    clause::Clause,
    conditions::{MAX_COMPARED, TimeSpan, push_nested, push_text},
    named::NameCandidate,
    small_tables,
    text_filter::TextTest,
};
use crate::catalog::core::text;

/// Tests of rows of one of these nouns, all of which must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NounTests {
    /// One of these; None for all.
    pub ids: Option<Vec<Uuid>>,
    /// None for all.
    pub is_archived: Option<bool>,
    /// Tests of the code or the slug.
    pub codes: Vec<TextTest>,
    pub names: Vec<TextTest>,
    /// Beginnings of words of the code or the name, in any order. A text without a letter or a
    /// digit finds nothing.
    pub search: Option<String>,
    pub created: TimeSpan,
    pub updated: TimeSpan,
}

/// A kind of such nouns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noun {
    Category,
    Channel,
    Family,
}

impl Noun {
    /// The table, and its column of codes.
    const fn table_and_code_column(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Category => ("category", Some("slug")),
            Self::Channel => ("channel", Some("code_key")),
            Self::Family => ("product_family", None),
        }
    }
}

/// Adds the conditions of these tests. Names are read and compared here: a tenant has few of these
/// rows, and no column has case-folded names.
pub async fn push_to(reads: &impl Reads, clause: &mut Clause, (noun, mut tests): (Noun, Nested<NounTests>)) -> Result<(), Fault> {
    let by_name = tests.all_mut().into_iter().any(|tests| !tests.names.is_empty() || tests.search.is_some());
    let names = if by_name { load_names(reads, noun).await? } else { Vec::new() };
    push_nested(clause, &tests, |clause, tests| push_noun_tests(clause, tests, noun, &names));
    Ok(())
}

/// The tests of one filter, each beginning with ` AND `.
fn push_noun_tests(clause: &mut Clause, tests: &NounTests, noun: Noun, names: &[NameCandidate<Uuid>]) {
    small_tables::push_archived_test(clause, tests.is_archived);
    if let Some(ids) = &tests.ids {
        push_ids(clause, ids);
    }
    tests.created.push_to(clause, "created_at");
    tests.updated.push_to(clause, "updated_at");
    for test in &tests.codes {
        match noun.table_and_code_column().1 {
            Some(column) => push_text(clause, column, test, text::fold),
            None if *test == TextTest::IsNull(true) => {}
            None => clause.push(" AND FALSE"),
        }
    }
    if !tests.names.is_empty() || tests.search.is_some() {
        let words = tests.search.as_deref().map(text::words);
        let matches = names.iter().filter(|candidate| candidate.passes(&tests.names, words.as_deref()));
        push_ids(clause, &matches.map(|candidate| candidate.id).collect::<Vec<_>>());
    }
}

fn push_ids(clause: &mut Clause, ids: &[Uuid]) {
    let backend = clause.backend();
    let number = clause.number(backend.ids(ids.iter().map(|id| CategoryId::from_uuid(*id))));
    clause.push(&format!(" AND {}", backend.in_ids("id", number)));
}

#[derive(Record)]
struct NameRow {
    #[record(sql = "id")]
    id: Uuid,
    #[record(sql = "{code}")]
    code: String,
    #[record(sql = "name")]
    name: String,
}

/// Reads the rows that are compared by name, the first ones in the order of their creation.
async fn load_names(reads: &impl Reads, noun: Noun) -> Result<Vec<NameCandidate<Uuid>>, Fault> {
    let (table, code) = noun.table_and_code_column();
    let code = code.unwrap_or("CAST('' AS text)");
    let select = NameRow::SELECT.replace("{code}", code);
    let sql = format!("SELECT {select} FROM {table} WHERE tenant_id = $1 ORDER BY id LIMIT $2");
    let rows = reads.records::<NameRow>(&sql, vec![MAX_COMPARED.into()]).await?;
    Ok(rows.iter().map(|row| NameCandidate::new(row.id, &row.code, &row.name)).collect())
}
