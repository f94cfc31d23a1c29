//! Groups of queries that one statement combines, from a list that is the same for all tenants.
//!
//! A group is a range of the list, and its statement has those of its queries that the tenant
//! needs. A table that only one tenant has changes the text of its own group, and not of all groups
//! after it: similar tenants share statements, in the caches of Postgres and in
//! `pg_stat_statements`.

/// Queries of a statement: Postgres keeps the hash table of each until all have ended.
pub(super) const QUERIES_PER_STATEMENT: usize = 32;

/// Places of the list, in its order, by their groups.
pub(super) fn of(places: &[usize]) -> Vec<&[usize]> {
    places.chunk_by(|one, other| one / QUERIES_PER_STATEMENT == other / QUERIES_PER_STATEMENT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_tenant_has_besides_changes_its_own_group_alone() {
        let [one, other] = [vec![1, 31, 32, 70, 95], vec![1, 2, 31, 32, 70, 95]];
        let of = |places: &[usize]| of(places).into_iter().map(<[usize]>::to_vec).collect::<Vec<_>>();
        assert_eq!(of(&one), [vec![1, 31], vec![32], vec![70, 95]]);
        assert_eq!(of(&other)[1..], of(&one)[1..]);
        assert!(of(&[]).is_empty());
        let all: Vec<usize> = (0..100).collect();
        assert!(of(&all).iter().all(|group| group.len() <= QUERIES_PER_STATEMENT) && of(&all).concat() == all);
    }
}
