//! What one statement asks together, of a list that is the same for all tenants.
//!
//! A group is a stretch of the list, and its statement names what of it there is to ask. So a table that one tenant has and another has not makes another text
//! of its group, and not of all groups behind it: tenants of a kind share statements, in the caches of Postgres and in `pg_stat_statements`.

/// How many things one statement asks: Postgres keeps what each has hashed until all have ended.
pub(super) const AT_ONCE: usize = 32;

/// Places of the list, in its order, by their groups.
pub(super) fn of(places: &[usize]) -> Vec<&[usize]> {
    places.chunk_by(|one, other| one / AT_ONCE == other / AT_ONCE).collect()
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
        assert!(of(&all).iter().all(|group| group.len() <= AT_ONCE) && of(&all).concat() == all);
    }
}
