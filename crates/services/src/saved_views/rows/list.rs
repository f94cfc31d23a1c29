//! Lists of saved views.

use entity::record::Selected;
use inventory::orders::rows::{Clause, Span, TextTest};
use platform::{
    paging::{Key, ListSource, Listed, PageRequest},
    storage::{Backend, Fault, Finds, Reads},
};
use uuid::Uuid;

use super::{ViewRow, shared_with};
use crate::saved_views::core::{Asker, View};

/// What views are sorted by; the id breaks ties. No index but that of slugs: a tenant has few views.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ViewSort {
    Slug,
    /// Capitals of A to Z do not count, which both databases do alike.
    Name,
    CreatedAt,
    UpdatedAt,
}

/// A sort and its direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ViewsSorted {
    pub by: ViewSort,
    pub descending: bool,
}

impl ViewsSorted {
    /// The order where none is asked for.
    pub const BY_SLUG: Self = Self { by: ViewSort::Slug, descending: false };

    /// Names the sort in cursors: one of another sort does not open.
    pub fn kind(self) -> String {
        let by = match self.by {
            ViewSort::Slug => "SLUG",
            ViewSort::Name => "NAME",
            ViewSort::CreatedAt => "CREATED_AT",
            ViewSort::UpdatedAt => "UPDATED_AT",
        };
        format!("savedViews:{by}:{}", if self.descending { "DESC" } else { "ASC" })
    }
    const fn columns(self) -> &'static [&'static str] {
        match self.by {
            ViewSort::Slug => &["v.slug", "v.id"],
            ViewSort::Name => &["lower(v.name)", "v.id"],
            ViewSort::CreatedAt => &["v.created_at", "v.id"],
            ViewSort::UpdatedAt => &["v.updated_at", "v.id"],
        }
    }
    /// Where a view stands in its list.
    pub fn keys(self, view: &View) -> Vec<Key> {
        let first = match self.by {
            ViewSort::Slug => Key::Text(view.fields.slug.clone()),
            ViewSort::Name => Key::Text(view.fields.name.to_ascii_lowercase()),
            ViewSort::CreatedAt => Key::Int(view.created_at.micros()),
            ViewSort::UpdatedAt => Key::Int(view.updated_at.micros()),
        };
        vec![first, view.id.into()]
    }
}

/// Which views of those that somebody may read; what is None asks nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ViewFilter {
    /// Of the slug; each must pass.
    pub slugs: Vec<TextTest>,
    /// Part of the name or of the slug. The letters A to Z are compared without their case.
    pub search: Option<String>,
    pub is_paused: Option<bool>,
    /// Created by one of these; an empty list matches nothing.
    pub created_by: Option<Vec<Uuid>>,
    pub created_at: Option<Span>,
    pub updated_at: Option<Span>,
}

impl ViewFilter {
    /// Adds the conditions on `saved_view v`, each beginning with ` AND `.
    fn push_to(&self, clause: &mut Clause) {
        for test in &self.slugs {
            clause.push(" AND ");
            clause.text("v.slug", test);
        }
        if let Some(text) = &self.search {
            let number = clause.bind(text.to_ascii_lowercase());
            let (finder, collation) = match clause.backend() {
                Backend::Postgres => ("strpos", " COLLATE \"C\""),
                Backend::Sqlite => ("instr", ""),
            };
            let has = |column: &str| format!("{finder}(lower({column}{collation}), ${number}) > 0");
            clause.push(&format!(" AND ({} OR {})", has("v.name"), has("v.slug")));
        }
        if let Some(is_paused) = self.is_paused {
            let number = clause.bind(i32::from(is_paused));
            clause.push(&format!(" AND v.is_paused = ${number}"));
        }
        if let Some(actors) = &self.created_by {
            clause.push(" AND ");
            clause.ids("v.actor_id", actors);
        }
        for (column, span) in [("v.created_at", self.created_at), ("v.updated_at", self.updated_at)] {
            if let Some(span) = span {
                clause.push(" AND ");
                clause.span(column, span);
            }
        }
    }
}

/// A page of the views that somebody may read and that the filter leaves, in this order.
pub async fn view_page(
    reads: &impl Reads,
    asker: &Asker,
    (filter, sorted): (&ViewFilter, ViewsSorted),
    request: &PageRequest,
) -> Result<Listed<View>, Fault> {
    let (shared, mut values) = shared_with(asker);
    let mut clause = Clause::new(reads.backend(), values.len() + 2);
    filter.push_to(&mut clause);
    let from = format!("FROM saved_view v WHERE v.tenant_id = $1{shared}{}", clause.sql);
    values.extend(clause.values);
    let source = ListSource { from, values };
    let (sql, values) = source.clone().page(ViewRow::SELECT, sorted.columns(), sorted.descending, request);
    let rows: Result<Vec<View>, Fault> = reads.records::<ViewRow>(&sql, values).await?.into_iter().map(View::try_from).collect();
    Ok(Listed { rows: rows?, source })
}
