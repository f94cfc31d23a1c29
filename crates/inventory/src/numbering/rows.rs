//! Stored patterns.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::number_pattern,
};
use platform::storage::{Fault, Reads, Row, Work};

use super::core::{KINDS, Pattern, Patterns, Version};

/// A stored pattern; a tenant without any has no rows.
#[derive(Record)]
#[record(of = number_pattern, alias = "p")]
struct PatternRow {
    #[record(outer)]
    kind: Option<String>,
    #[record(outer)]
    from_number: Option<i64>,
    #[record(outer)]
    pattern: Option<String>,
}

/// Reads the patterns of the tenant with the last number of each kind: one statement, so that they
/// are consistent.
pub async fn load_patterns(reads: &impl Reads) -> Result<Patterns, Fault> {
    let last = KINDS.map(|(kind, _)| format!("c.{kind}")).join(", ");
    let sql = format!(
        "SELECT {}, {last} FROM tenant_counter c
         LEFT JOIN number_pattern p ON p.tenant_id = c.tenant_id WHERE c.tenant_id = $1",
        PatternRow::SELECT
    );
    let (mut versions, mut last) = (Vec::new(), Vec::new());
    for row in &reads.rows(&sql, vec![]).await? {
        let mut row = Row::new(row);
        let PatternRow { kind, from_number, pattern } = row.record()?;
        last.clear();
        for (kind, _) in KINDS {
            last.push((kind, row.take::<i64>()?));
        }
        let (Some(kind), Some(from), Some(pattern)) = (kind, from_number, pattern) else { continue };
        versions.push(version(&kind, from, &pattern)?);
    }
    Ok(Patterns::new(versions, last))
}

fn version(kind: &str, from: i64, pattern: &str) -> Result<Version, Fault> {
    let kind = Numbered::parse(kind).ok_or_else(|| Fault::corrupt("number_pattern", "a kind that has numbers"))?;
    let pattern = Pattern::parse_stored(pattern).ok_or_else(|| Fault::corrupt("number_pattern", "a pattern with a number"))?;
    Ok(Version { kind, from, pattern })
}

/// Writes a version, in place of one that begins with the same number.
pub async fn insert_version(work: &Work, version: &Version, now: Timestamp) -> Result<(), Fault> {
    let row = number_pattern::Model {
        tenant_id: work.tenant(),
        kind: version.kind.as_str().to_owned(),
        from_number: version.from,
        pattern: version.pattern.to_notation(),
        created_at: now,
    };
    work.upsert(row).await
}
