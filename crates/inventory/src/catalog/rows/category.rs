//! The tree of categories.

use std::collections::{HashMap, HashSet};

use entity::prelude::{CategoryId, ProductStatus};
use platform::storage::{Bulk, Column, ColumnKind, Fault, Reads, Row, Work};
use sea_orm::{FromQueryResult, Value};

use super::small::{columns, models};
use crate::catalog::core::{
    Target,
    category::{CategoryCommand, CategoryContext, CategoryRow, MAX_DEPTH, Parent},
};

type Entity = entity::category::Entity;

/// The rows that commands name, all their ancestors, and what lies below those that may move. The tenant's counter row is locked first: two moves at once could close a circle
/// that neither of them sees.
pub async fn context(work: &Work, commands: &[CategoryCommand]) -> Result<CategoryContext, Fault> {
    let backend = work.backend();
    let lock = backend.for_update("c");
    if !lock.is_empty() {
        work.rows(&format!("SELECT c.head FROM tenant_counter c WHERE c.tenant_id = $1{lock}"), vec![]).await?;
    }
    let mut ids: Vec<CategoryId> = commands.iter().filter_map(|c| c.target.id()).collect();
    let mut slugs: Vec<&str> = commands.iter().filter_map(|c| c.slug.set()).map(String::as_str).collect();
    for parent in commands.iter().filter_map(|c| c.parent.set()) {
        match parent {
            Parent::Id(id) => ids.push(*id),
            Parent::Slug(slug) => slugs.push(slug),
        }
    }
    let moves = || commands.iter().filter(|c| c.parent.set().is_some() && c.target != Target::New);
    let moved = backend.ids(moves().filter_map(|c| c.target.id()));
    let moved_slugs = backend.texts(moves().filter_map(|c| c.slug.set()).map(String::as_str));
    let (named, of) = (columns::<Entity>(""), columns::<Entity>("c."));
    let sql = format!(
        "WITH RECURSIVE up AS (
           SELECT {named} FROM category WHERE tenant_id = $1 AND ({} OR {})
           UNION SELECT {of} FROM category c JOIN up ON c.tenant_id = $1 AND c.id = up.parent_id),
         down AS (
           SELECT {named} FROM category WHERE tenant_id = $1 AND ({} OR {})
           UNION SELECT {of} FROM category c JOIN down ON c.tenant_id = $1 AND c.parent_id = down.id)
         SELECT {named} FROM up UNION SELECT {named} FROM down",
        backend.in_ids("id", 2),
        backend.in_texts("slug", 3),
        backend.in_ids("id", 4),
        backend.in_texts("slug", 5)
    );
    let values = vec![backend.ids(ids), backend.texts(slugs), moved, moved_slugs];
    let rows: Vec<CategoryRow> = models(&work.rows(&sql, values).await?)?;
    let by_slug = rows.iter().map(|row| (row.slug.clone(), row.id)).collect();
    let rows = rows.into_iter().map(|row| (row.id, row)).collect();
    Ok(CategoryContext { tenant: work.tenant(), rows, by_slug, seen: HashSet::new() })
}

const WRITTEN: &[Column] = &[
    Column("tenant_id", ColumnKind::Id),
    Column("id", ColumnKind::Id),
    Column("parent_id", ColumnKind::IdOrNull),
    Column("name", ColumnKind::Text),
    Column("slug", ColumnKind::Text),
    Column("position", ColumnKind::Small),
    Column("image_url", ColumnKind::TextOrNull),
    Column("metadata", ColumnKind::Text),
    Column("version", ColumnKind::Int),
    Column("created_at", ColumnKind::Int),
    Column("updated_at", ColumnKind::Int),
];

/// Writes rows in the order of the call: a parent before its children.
pub async fn write(work: &Work, created: &[&CategoryRow], updated: &[(&CategoryRow, &CategoryRow)]) -> Result<(), Fault> {
    let values = |row: &CategoryRow| -> [Value; 11] {
        [
            work.tenant().into(),
            row.id.into(),
            row.parent_id.into(),
            row.name.as_str().into(),
            row.slug.as_str().into(),
            row.position.into(),
            row.image_url.clone().into(),
            row.metadata.as_str().into(),
            row.version.into(),
            row.created_at.micros().into(),
            row.updated_at.micros().into(),
        ]
    };
    let mut inserts = Bulk::insert("category", WRITTEN);
    for row in created {
        inserts.row(values(row));
    }
    let mut updates = Bulk::update("category", WRITTEN, 2);
    for (_, row) in updated {
        updates.row(values(row));
    }
    // New rows first: an old one may hang below a new one.
    work.write(inserts).await?;
    work.write(updates).await
}

/// The children of categories, each category's by position.
pub async fn children(reads: &impl Reads, ids: &[CategoryId]) -> Result<HashMap<CategoryId, Vec<CategoryRow>>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM category WHERE tenant_id = $1 AND {} ORDER BY position, id",
        columns::<Entity>(""),
        backend.in_ids("parent_id", 2)
    );
    let mut found: HashMap<CategoryId, Vec<CategoryRow>> = HashMap::new();
    for row in models::<CategoryRow>(&reads.rows(&sql, vec![backend.ids(ids.iter().copied())]).await?)? {
        if let Some(parent) = row.parent_id {
            found.entry(parent).or_default().push(row);
        }
    }
    Ok(found)
}

/// The way from the root to each category, both included.
pub async fn paths(reads: &impl Reads, ids: &[CategoryId]) -> Result<HashMap<CategoryId, Vec<CategoryRow>>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "WITH RECURSIVE up AS (
           SELECT id AS leaf, id AS at, parent_id AS above, 0 AS depth FROM category WHERE tenant_id = $1 AND {}
           UNION ALL SELECT up.leaf, c.id, c.parent_id, up.depth + 1 FROM category c
             JOIN up ON c.tenant_id = $1 AND c.id = up.above WHERE up.depth < {MAX_DEPTH})
         SELECT {}, up.leaf FROM up JOIN category c ON c.tenant_id = $1 AND c.id = up.at ORDER BY up.depth DESC",
        backend.in_ids("id", 2),
        columns::<Entity>("c.")
    );
    let mut found: HashMap<CategoryId, Vec<CategoryRow>> = HashMap::new();
    for row in &reads.rows(&sql, vec![backend.ids(ids.iter().copied())]).await? {
        let leaf = row.try_get("", "leaf")?;
        found.entry(leaf).or_default().push(CategoryRow::from_query_result(row, "")?);
    }
    Ok(found)
}

/// How many products that are not archived lie in each category itself.
pub async fn own_counts(reads: &impl Reads, ids: &[CategoryId]) -> Result<HashMap<CategoryId, i64>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT p.category_id, count(*) FROM product p WHERE p.tenant_id = $1 AND {} AND p.status <> $3 GROUP BY p.category_id",
        backend.in_ids("p.category_id", 2)
    );
    counts(reads, &sql, ids).await
}

/// The same with everything below.
pub async fn whole_counts(reads: &impl Reads, ids: &[CategoryId]) -> Result<HashMap<CategoryId, i64>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "WITH RECURSIVE down AS (
           SELECT id AS root, id AS at FROM category WHERE tenant_id = $1 AND {}
           UNION SELECT down.root, c.id FROM category c JOIN down ON c.tenant_id = $1 AND c.parent_id = down.at)
         SELECT down.root, count(*) FROM down JOIN product p ON p.tenant_id = $1 AND p.category_id = down.at
         WHERE p.status <> $3 GROUP BY down.root",
        backend.in_ids("id", 2)
    );
    counts(reads, &sql, ids).await
}

async fn counts(reads: &impl Reads, sql: &str, ids: &[CategoryId]) -> Result<HashMap<CategoryId, i64>, Fault> {
    let values = vec![reads.backend().ids(ids.iter().copied()), ProductStatus::Archived.as_str().into()];
    let rows = reads.rows(sql, values).await?;
    rows.iter()
        .map(|row| {
            let mut row = Row::new(row);
            Ok((row.take()?, row.take()?))
        })
        .collect()
}
