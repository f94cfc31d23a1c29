//! Lists of works.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::fulfilment_work,
};
use platform::{
    paging::{Key, ListSource, PageRequest},
    storage::{Backend, Fault, Finds, Nested, Reads},
};
use sea_orm::Value;
use uuid::Uuid;

use super::load::WorkRow;
use crate::{
    fulfilment::core::WorkHead,
    orders::rows::{Clause, DocumentTable, DocumentTest},
};

/// A condition on works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WorkTest {
    Status(Vec<WorkStatus>),
    Store(Vec<StoreId>),
    Order(Vec<OrderId>),
    Id(Vec<FulfilmentWorkId>),
    Due {
        from: Option<Timestamp>,
        before: Option<Timestamp>,
    },
    Created {
        from: Option<Timestamp>,
        before: Option<Timestamp>,
    },
    Updated {
        from: Option<Timestamp>,
        before: Option<Timestamp>,
    },
    /// Is late, or not late, at a moment.
    Late {
        is_late: bool,
        now: Timestamp,
    },
}

impl WorkTest {
    /// True if a work passes.
    pub fn passes(&self, work: &WorkHead) -> bool {
        let within = |at: Timestamp, from: Option<Timestamp>, before: Option<Timestamp>| {
            from.is_none_or(|from| at >= from) && before.is_none_or(|before| at < before)
        };
        match self {
            Self::Status(list) => list.contains(&work.status),
            Self::Store(stores) => stores.contains(&work.store),
            Self::Order(orders) => orders.contains(&work.order),
            Self::Id(ids) => ids.contains(&work.id),
            Self::Due { from, before } => within(work.due_at, *from, *before),
            Self::Created { from, before } => within(work.created_at, *from, *before),
            Self::Updated { from, before } => within(work.updated_at, *from, *before),
            Self::Late { is_late, now } => is_late_at(work, *now) == *is_late,
        }
    }

    /// Adds the condition.
    fn push_to(&self, clause: &mut Clause) {
        let (backend, next_parameter) = (clause.backend(), clause.next());
        let (condition, value) = match self {
            Self::Due { from, before } => return push_time_span(clause, "w.due_at", (*from, *before)),
            Self::Created { from, before } => return push_time_span(clause, "w.created_at", (*from, *before)),
            Self::Updated { from, before } => return push_time_span(clause, "w.updated_at", (*from, *before)),
            Self::Late { is_late, now } => {
                let is_live = IS_LIVE.trim_start_matches(" AND ");
                let late_condition = format!("{is_live} AND w.due_at < ${next_parameter}");
                (if *is_late { late_condition } else { format!("NOT ({late_condition})") }, Value::from(now.micros()))
            }
            Self::Status(list) => {
                if list.iter().all(|status| LIVE.contains(status)) {
                    clause.push(IS_LIVE);
                }
                let words: Vec<&str> = list.iter().map(|status| status.as_str()).collect();
                backend.one_of_texts("w.status", &words, next_parameter)
            }
            Self::Store(stores) => backend.one_of_ids("w.store_id", stores, next_parameter),
            Self::Order(orders) => backend.one_of_ids("w.order_id", orders, next_parameter),
            Self::Id(ids) => backend.one_of_ids("w.id", ids, next_parameter),
        };
        clause.values.push(value);
        clause.push(&format!(" AND {condition}"));
    }
}

/// Adds the bounds of a moment.
fn push_time_span(clause: &mut Clause, column: &str, (from, before): (Option<Timestamp>, Option<Timestamp>)) {
    for (bound, operator) in [(from, ">="), (before, "<")] {
        let Some(bound) = bound else { continue };
        let number = clause.bind(bound.micros());
        let part = format!("{column} {operator} ${number}");
        // The sort column needs no index besides the list's own.
        let part = if column == "w.due_at" { part } else { clause.backend().rarely_matches(&part) };
        clause.push(&format!(" AND {part}"));
    }
}

/// True if a work has units left to send, and was due before a moment.
pub fn is_late_at(work: &WorkHead, now: Timestamp) -> bool {
    LIVE.contains(&work.status) && work.due_at < now
}

/// A condition on the orders of works. Streams have none: events of works do not have the holds of
/// orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderTest {
    IsHeld(bool),
    Method(DeliveryMethod),
}

impl OrderTest {
    /// Adds the condition.
    fn push_to(self, clause: &mut Clause) {
        let condition = match self {
            Self::IsHeld(is_held) => {
                let null_test = if is_held { "IS NOT NULL" } else { "IS NULL" };
                format!(
                    " AND EXISTS (SELECT 1 FROM sales_order o WHERE o.tenant_id = w.tenant_id AND o.id = w.order_id AND o.hold_kinds {null_test})"
                )
            }
            // Orders without details have no row.
            Self::Method(DeliveryMethod::Ship) => delivery_method_condition(("NOT EXISTS", "<>"), DeliveryMethod::Ship),
            Self::Method(method) => delivery_method_condition(("EXISTS", "="), method),
        };
        clause.push(&condition);
    }
}

/// A condition for lists only: events of works do not have the previous assignee, the lines'
/// products, or the order's number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListOnlyTest {
    /// Assigned to one of these members and integrations.
    Assignee(Vec<Uuid>),
    IsAssigned(bool),
    /// Has a line whose product passes.
    Line(DocumentTest),
    /// Has one of these numbers; an empty list matches nothing.
    Number(Vec<OrderOrWorkNumber>),
}

impl ListOnlyTest {
    /// Adds the condition.
    fn push_to(&self, clause: &mut Clause) {
        clause.push(" AND ");
        match self {
            Self::Assignee(ids) => {
                // The explicit condition allows the index of assigned works.
                clause.push("w.assignee_id IS NOT NULL AND ");
                clause.ids("w.assignee_id", ids);
            }
            Self::IsAssigned(true) => clause.push("w.assignee_id IS NOT NULL"),
            Self::IsAssigned(false) => clause.push("w.assignee_id IS NULL"),
            Self::Line(test) => test.push_to(clause, &LINES),
            Self::Number(numbers) => match numbers.as_slice() {
                [] => clause.ids("w.id", &[]),
                [condition] => condition.push_to(clause),
                several => {
                    for (index, condition) in several.iter().enumerate() {
                        clause.push(if index == 0 { "((" } else { ") OR (" });
                        condition.push_to(clause);
                    }
                    clause.push("))");
                }
            },
        }
    }
}

/// The tests of one part of a filter, all of which must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorkTests {
    pub works: Vec<WorkTest>,
    pub orders: Vec<OrderTest>,
    pub listed: Vec<ListOnlyTest>,
}

impl WorkTests {
    /// True if a work passes. Conditions on fields that events do not have match nothing: streams
    /// reject them.
    fn passes(&self, work: &WorkHead) -> bool {
        self.orders.is_empty() && self.listed.is_empty() && self.works.iter().all(|test| test.passes(work))
    }

    /// Returns the conditions, each beginning with ` AND `, and their values; parameters are
    /// numbered from `first`.
    fn conditions(&self, backend: Backend, first: usize) -> (String, Vec<Value>) {
        let mut clause = Clause::new(backend, first);
        self.works.iter().for_each(|test| test.push_to(&mut clause));
        self.orders.iter().for_each(|test| test.push_to(&mut clause));
        self.listed.iter().for_each(|test| test.push_to(&mut clause));
        (clause.sql, clause.values)
    }
}

/// True if a work passes these tests, with the same result as the list's SQL.
pub fn passes(tests: &Nested<WorkTests>, work: &WorkHead) -> bool {
    tests.holds(&|work_tests: &WorkTests| work_tests.passes(work))
}

/// Number of an order, for all of its works, or of one work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderOrWorkNumber {
    pub order: i64,
    /// Number of a work within the order; None for all works of the order.
    pub nth: Option<i32>,
}

impl OrderOrWorkNumber {
    /// Adds the condition. One order has the number: equality leads to its works, in their index.
    fn push_to(self, clause: &mut Clause) {
        let order = clause.bind(self.order);
        clause.push(&format!("w.order_id = (SELECT o.id FROM sales_order o WHERE o.tenant_id = $1 AND o.number = ${order})"));
        if let Some(nth) = self.nth {
            let nth = clause.bind(nth);
            clause.push(&format!(" AND w.nth = ${nth}"));
        }
    }
}

/// Works and their lines.
const LINES: DocumentTable =
    DocumentTable { name: "fulfilment_work", alias: "w", lines: "fulfilment_work_line", of: "work_id", counts: "" };

/// The names of the sorts of works in cursors.
pub const WORKS: [&str; 2] = ["fulfilmentWorks:DUE_AT:ASC", "fulfilmentWorks:DUE_AT:DESC"];

/// The states of works that have units left to send. They are few, and the first that are due: an
/// index has only those, and lists of them repeat its condition.
const LIVE: [WorkStatus; 6] =
    [WorkStatus::Open, WorkStatus::Accepted, WorkStatus::Picking, WorkStatus::Picked, WorkStatus::Packed, WorkStatus::Ready];
const IS_LIVE: &str = " AND w.status IN ('OPEN', 'ACCEPTED', 'PICKING', 'PICKED', 'PACKED', 'READY')";

/// Returns the sort keys of a work in its list.
pub fn head_keys(work: &WorkHead) -> Vec<Key> {
    vec![Key::Int(work.due_at.micros()), work.id.into()]
}

/// Returns the source of the works that pass these tests.
pub fn works_source(backend: Backend, tests: &Nested<WorkTests>) -> ListSource {
    let (conditions, values) = tests.conditions(2, &|work_tests: &WorkTests, first| work_tests.conditions(backend, first));
    ListSource { from: format!("FROM fulfilment_work w WHERE w.tenant_id = $1{conditions}"), values }
}

/// A condition that an order's details have this delivery method, or no other one.
fn delivery_method_condition((exists, operator): (&str, &str), method: DeliveryMethod) -> String {
    format!(
        " AND {exists} (SELECT 1 FROM order_detail d WHERE d.tenant_id = w.tenant_id AND d.order_id = w.order_id AND d.delivery_method {operator} '{}')",
        method.as_str()
    )
}

/// Returns a page of works without their lines, by due time.
pub async fn load_work_page(
    reads: &impl Reads,
    source: &ListSource,
    descending: bool,
    request: &PageRequest,
) -> Result<Vec<WorkHead>, Fault> {
    let (sql, values) = source.clone().page(WorkRow::SELECT, &["w.due_at", "w.id"], descending, request);
    Ok(reads.records::<WorkRow>(&sql, values).await?.into_iter().map(Into::into).collect())
}

#[derive(Record)]
struct StatusCount {
    #[record(of = fulfilment_work, alias = "w")]
    status: WorkStatus,
    #[record(sql = "count(*)")]
    count: i64,
}

/// Counts the works of a list by status; statuses without works are left out.
pub async fn count_by_status(reads: &impl Reads, source: ListSource) -> Result<HashMap<WorkStatus, i64>, Fault> {
    let ListSource { from, values } = source;
    let sql = format!("SELECT {} {from} GROUP BY w.status", StatusCount::SELECT);
    let rows = reads.records::<StatusCount>(&sql, values).await?;
    Ok(rows.into_iter().map(|row| (row.status, row.count)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the list's source for a filter without nested filters.
    fn plain(backend: Backend, works: Vec<WorkTest>, listed: Vec<ListOnlyTest>) -> ListSource {
        works_source(backend, &Nested::plain(WorkTests { works, orders: Vec::new(), listed }))
    }

    #[test]
    fn lists_of_works_that_are_not_over_say_what_their_index_says() {
        let words: Vec<String> = LIVE.iter().map(|status| format!("'{status}'")).collect();
        let said = format!("status IN ({})", words.join(", "));
        assert_eq!(IS_LIVE, format!(" AND w.{said}"));
        assert!(include_str!("../../../../../migration/src/m0059/fulfilment.sql").contains(&format!("WHERE {said}")));
        let of = |list: &[WorkStatus]| plain(Backend::Postgres, vec![WorkTest::Status(list.to_vec())], Vec::new()).from;
        assert!(of(&[WorkStatus::Open, WorkStatus::Ready]).contains(IS_LIVE));
        assert!(!of(&[WorkStatus::Open, WorkStatus::Done]).contains(IS_LIVE));
    }

    #[test]
    fn values_of_listed_tests_follow_those_before() {
        let id = Uuid::from_u128(1);
        let line = ListOnlyTest::Line(DocumentTest::Product(vec![id]));
        let listed = vec![ListOnlyTest::Assignee(vec![id]), line, ListOnlyTest::IsAssigned(true)];
        let found = plain(Backend::Sqlite, vec![WorkTest::Status(vec![WorkStatus::Done])], listed);
        assert!(
            found.from.ends_with(
                " AND w.status = $2 AND w.assignee_id IS NOT NULL AND w.assignee_id = $3 AND w.id IN (SELECT l.work_id FROM \
                 fulfilment_work_line l WHERE l.tenant_id = $1 AND l.product_id = $4) AND w.assignee_id IS NOT NULL"
            ),
            "{}",
            found.from
        );
        assert_eq!(found.values.len(), 3);
    }

    #[test]
    fn tests_inside_one_another_number_their_values_in_turn() {
        let status = |status| WorkTests { works: vec![WorkTest::Status(vec![status])], ..WorkTests::default() };
        let taken = WorkTests { listed: vec![ListOnlyTest::Assignee(vec![Uuid::from_u128(1)])], ..WorkTests::default() };
        let either = vec![Nested::plain(taken), Nested::plain(status(WorkStatus::Done))];
        let due = WorkTests { works: vec![WorkTest::Due { from: Some(Timestamp(7)), before: None }], ..WorkTests::default() };
        let not = Some(Box::new(Nested::plain(status(WorkStatus::Cancelled))));
        let found = works_source(Backend::Postgres, &Nested { or: Some(either), not, ..Nested::plain(due) });
        assert_eq!(
            found.from,
            "FROM fulfilment_work w WHERE w.tenant_id = $1 AND w.due_at >= $2 AND ((TRUE AND w.assignee_id IS NOT NULL AND \
             w.assignee_id = $3) OR (TRUE AND w.status = $4)) AND (TRUE AND w.status = $5) IS NOT TRUE"
        );
        assert_eq!(found.values.len(), 4);
    }

    #[test]
    fn the_number_of_an_order_leads_to_the_index_of_its_works() {
        let of = |numbers: &[(i64, Option<i32>)]| {
            let numbers = numbers.iter().map(|(order, nth)| OrderOrWorkNumber { order: *order, nth: *nth }).collect();
            plain(Backend::Sqlite, Vec::new(), vec![ListOnlyTest::Number(numbers)])
        };
        let order =
            |n: usize| format!("w.order_id = (SELECT o.id FROM sales_order o WHERE o.tenant_id = $1 AND o.number = ${n})");
        let (all, one) = (of(&[(1041, None)]), of(&[(1041, Some(2))]));
        assert!(all.from.ends_with(&format!("w.tenant_id = $1 AND {}", order(2))) && all.values.len() == 1, "{}", all.from);
        assert!(one.from.ends_with(&format!(" AND {} AND w.nth = $3", order(2))) && one.values.len() == 2, "{}", one.from);
        let either = of(&[(2026, Some(7)), (7, None)]);
        let expected = format!(" AND (({} AND w.nth = $3) OR ({}))", order(2), order(4));
        assert!(either.from.ends_with(&expected) && either.values.len() == 3, "{}", either.from);
        assert!(of(&[]).from.contains(" AND w.id IN "), "{}", of(&[]).from);
    }

    /// Few of a store's works are being picked at a time: the index of stores and statuses has them
    /// in the order of the list.
    #[test]
    fn one_state_of_one_store_is_found_by_equality() {
        let store = StoreId::from_uuid(uuid::Uuid::from_u128(1));
        let of = |statuses: &[WorkStatus], stores: &[StoreId]| {
            let tests = vec![WorkTest::Store(stores.to_vec()), WorkTest::Status(statuses.to_vec())];
            plain(Backend::Postgres, tests, Vec::new()).from
        };
        let one = of(&[WorkStatus::Picked], &[store]);
        assert!(one.contains("w.store_id = $2") && one.ends_with("w.status = $3"), "{one}");
        let several = of(&[WorkStatus::Picked, WorkStatus::Packed], &[store, store]);
        assert!(several.contains("w.store_id = ANY($2)") && several.ends_with("w.status = ANY($3)"), "{several}");
    }
}
