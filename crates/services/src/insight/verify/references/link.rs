//! A reference from the rows of one table to those of another.

/// Columns of `child` (with its key as text) that name rows of `parent`, where `condition` holds.
pub(in super::super) struct Link {
    pub child: &'static str,
    pub key: &'static str,
    pub columns: &'static [(&'static str, &'static str)],
    pub parent: &'static str,
    pub condition: &'static str,
    pub parent_scope: Parent,
}

/// Owner of the referenced rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Parent {
    Tenant,
    /// A table of the deployment's.
    Global,
}
