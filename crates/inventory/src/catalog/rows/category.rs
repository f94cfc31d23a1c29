//! The tree of categories.

use std::collections::{HashMap, HashSet};

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::product,
};
use platform::{
    paging::{Key, SortBy, Sorted},
    storage::{Fault, Finds, Reads, Rows, Work},
};
use sea_orm::FromQueryResult;

use super::{
    clause::Clause,
    small_tables::{columns, models},
};
use crate::catalog::core::{
    Target,
    category::{CategoryCommand, CategoryContext, CategoryRow, MAX_DEPTH, Parent},
};

type Entity = entity::category::Entity;

/// Sort of a list of categories; ties are broken by ID. Only the position has an index: a tenant
/// has few categories.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CategorySort {
    Position,
    /// Capitals of A to Z do not count, which both databases do alike.
    Name,
    Slug,
    CreatedAt,
    UpdatedAt,
}

/// A sort and its direction.
pub type CategorySorted = Sorted<CategorySort>;

impl SortBy for CategorySort {
    type Row = CategoryRow;
    const DEFAULT: Sorted<Self> = Sorted { by: Self::Position, descending: false };
    const IS_DEFAULT_PLAIN: bool = true;

    fn word_and_columns(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Position => ("POSITION", &["position", "id"]),
            Self::Name => ("NAME", &["lower(name)", "id"]),
            Self::Slug => ("SLUG", &["slug", "id"]),
            Self::CreatedAt => ("CREATED_AT", &["created_at", "id"]),
            Self::UpdatedAt => ("UPDATED_AT", &["updated_at", "id"]),
        }
    }
    fn keys(self, row: &CategoryRow) -> Vec<Key> {
        let first_key = match self {
            Self::Position => Key::Int(i64::from(row.position)),
            Self::Name => Key::Text(row.name.to_ascii_lowercase()),
            Self::Slug => Key::Text(row.slug.clone()),
            Self::CreatedAt => Key::Int(row.created_at.micros()),
            Self::UpdatedAt => Key::Int(row.updated_at.micros()),
        };
        vec![first_key, row.id.into()]
    }
}

/// Part of the tree that a list of categories shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CategoryPlace {
    Anywhere,
    /// Right below this one; None for the roots.
    RightBelow(Option<CategoryId>),
    /// At any depth below this one.
    Below(CategoryId),
}

impl CategoryPlace {
    /// Adds the condition, which begins with ` AND `.
    pub(crate) fn push_to(self, clause: &mut Clause) {
        match self {
            Self::Anywhere => {}
            Self::RightBelow(None) => clause.push(" AND parent_id IS NULL"),
            Self::RightBelow(Some(id)) => {
                let mark = clause.bind(id);
                clause.push(&format!(" AND parent_id = {mark}"));
            }
            Self::Below(id) => {
                let mark = clause.bind(id);
                clause.push(&format!(
                    " AND id IN (WITH RECURSIVE below (id) AS (SELECT g.id FROM category g WHERE g.tenant_id = $1 AND g.parent_id = {mark}
                     UNION SELECT g.id FROM below b JOIN category g ON g.tenant_id = $1 AND g.parent_id = b.id) SELECT id FROM below)"
                ));
            }
        }
    }
}

#[derive(Record)]
struct DirectCount {
    #[record(of = product, alias = "p", not_null)]
    category_id: CategoryId,
    #[record(sql = "count(*)")]
    products: i64,
}

#[derive(Record)]
struct SubtreeCount {
    #[record(sql = "down.root")]
    root: CategoryId,
    #[record(sql = "count(*)")]
    products: i64,
}

/// Returns the rows that commands name, all their ancestors, and the descendants of those that may
/// move. The tenant's counter row is locked first: two concurrent moves could close a circle that
/// neither of them sees.
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
    let moving_commands = || commands.iter().filter(|c| c.parent.set().is_some() && c.target != Target::New);
    let moved_ids = backend.ids(moving_commands().filter_map(|c| c.target.id()));
    let moved_slugs = backend.texts(moving_commands().filter_map(|c| c.slug.set()).map(String::as_str));
    let (bare_columns, qualified_columns) = (columns::<Entity>(""), columns::<Entity>("c."));
    let sql = format!(
        "WITH RECURSIVE up AS (
           SELECT {bare_columns} FROM category WHERE tenant_id = $1 AND ({} OR {})
           UNION SELECT {qualified_columns} FROM category c JOIN up ON c.tenant_id = $1 AND c.id = up.parent_id),
         down AS (
           SELECT {bare_columns} FROM category WHERE tenant_id = $1 AND ({} OR {})
           UNION SELECT {qualified_columns} FROM category c JOIN down ON c.tenant_id = $1 AND c.parent_id = down.id)
         SELECT {bare_columns} FROM up UNION SELECT {bare_columns} FROM down",
        backend.in_ids("id", 2),
        backend.in_texts("slug", 3),
        backend.in_ids("id", 4),
        backend.in_texts("slug", 5)
    );
    let values = vec![backend.ids(ids), backend.texts(slugs), moved_ids, moved_slugs];
    let rows: Vec<CategoryRow> = models(&work.rows(&sql, values).await?)?;
    let by_slug = rows.iter().map(|row| (row.slug.clone(), row.id)).collect();
    let rows = rows.into_iter().map(|row| (row.id, row)).collect();
    Ok(CategoryContext { tenant: work.tenant(), rows, by_slug, seen_keys: HashSet::new() })
}

/// Writes rows in the order of the call: a parent before its children.
pub async fn write(work: &Work, created: &[&CategoryRow], updated: &[(&CategoryRow, &CategoryRow)]) -> Result<(), Fault> {
    let (mut inserts, mut updates) = (Rows::<CategoryRow>::insert(work.tenant()), Rows::<CategoryRow>::update(work.tenant()));
    inserts.extend(created.iter().map(|&row| row.clone()));
    updates.extend(updated.iter().map(|&(_, row)| row.clone()));
    // New rows first: an existing row may be moved below a new one.
    work.write(inserts.into()).await?;
    work.write(updates.into()).await
}

/// The children of categories that are not archived, each category's by position.
pub async fn children(reads: &impl Reads, ids: &[CategoryId]) -> Result<HashMap<CategoryId, Vec<CategoryRow>>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM category WHERE tenant_id = $1 AND {} AND archived_at IS NULL ORDER BY position, id",
        columns::<Entity>(""),
        backend.in_ids("parent_id", 2)
    );
    let mut children_by_parent: HashMap<CategoryId, Vec<CategoryRow>> = HashMap::new();
    for row in models::<CategoryRow>(&reads.rows(&sql, vec![backend.ids(ids.iter().copied())]).await?)? {
        if let Some(parent) = row.parent_id {
            children_by_parent.entry(parent).or_default().push(row);
        }
    }
    Ok(children_by_parent)
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
    let mut path_by_leaf: HashMap<CategoryId, Vec<CategoryRow>> = HashMap::new();
    for row in &reads.rows(&sql, vec![backend.ids(ids.iter().copied())]).await? {
        let leaf = row.try_get("", "leaf")?;
        path_by_leaf.entry(leaf).or_default().push(CategoryRow::from_query_result(row, "")?);
    }
    Ok(path_by_leaf)
}

/// Counts the products of each category itself that are not archived.
pub async fn own_counts(reads: &impl Reads, ids: &[CategoryId]) -> Result<HashMap<CategoryId, i64>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM product p WHERE p.tenant_id = $1 AND {} AND p.status <> $3 GROUP BY p.category_id",
        DirectCount::SELECT,
        backend.in_ids("p.category_id", 2)
    );
    let rows = reads.records::<DirectCount>(&sql, archived_filter_values(reads, ids)).await?;
    Ok(rows.into_iter().map(|row| (row.category_id, row.products)).collect())
}

/// Like `own_counts`, with the products of all descendants.
pub async fn whole_counts(reads: &impl Reads, ids: &[CategoryId]) -> Result<HashMap<CategoryId, i64>, Fault> {
    let backend = reads.backend();
    // CROSS JOIN tells SQLite to begin with the categories: otherwise it begins with all products
    // of the tenant.
    let sql = format!(
        "WITH RECURSIVE down AS (
           SELECT id AS root, id AS at FROM category WHERE tenant_id = $1 AND {of}
           UNION SELECT down.root, c.id FROM category c JOIN down ON c.tenant_id = $1 AND c.parent_id = down.at)
         SELECT {select} FROM down CROSS JOIN product p
         WHERE p.tenant_id = $1 AND p.category_id = down.at AND p.status <> $3 GROUP BY down.root",
        of = backend.in_ids("id", 2),
        select = SubtreeCount::SELECT
    );
    let rows = reads.records::<SubtreeCount>(&sql, archived_filter_values(reads, ids)).await?;
    Ok(rows.into_iter().map(|row| (row.root, row.products)).collect())
}

fn archived_filter_values(reads: &impl Reads, ids: &[CategoryId]) -> Vec<sea_orm::Value> {
    vec![reads.backend().ids(ids.iter().copied()), ProductStatus::Archived.as_str().into()]
}
