//! Reading works.

use async_graphql::{Context, Enum, ID, InputObject, SimpleObject};
use entity::{
    id::kind as ids,
    prelude::{Numbered, Timestamp},
};
use iam::access::kind;
use inventory::{
    fulfilment::rows::{self, ListOnlyTest, OrderOrWorkNumber, OrderTest, WorkTest, WorkTests},
    ledger::Ledger,
    numbering::core::Patterns,
    orders::rows::DocumentTest,
};
use macros::resolvers;
use platform::{
    paging::{CursorSigner, ListSource},
    path,
    storage::{Nested, Reads},
};
use services::scan::core::WorkNumber;

use super::{
    enums::WorkStatus,
    visibility::within,
    work::{FulfilmentWork, FulfilmentWorkConnection, find},
};
use crate::{
    graphql::{
        connection::{Page, PageArgs},
        context::ContextExt,
        fault::Answer,
        filters::{DateTimeFilter, IdFilter, StringFilter, searchable},
        nested::{NestedFilter, field_path, read_nested},
        refusal::Path,
        scalars::{Cursor, Long},
    },
    keyed_filters::resolve_filter_keys,
    numbering,
    orders::{
        DeliveryMethod,
        filters::{below, ids as ids_of, texts},
        links::{Direction, MAX_PAGE_SIZE, argument},
    },
    sorts::{FulfilmentWorkSort, order_of},
};

/// Filter of works. Conditions are combined by AND; a null condition is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct FulfilmentWorkFilter {
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<FulfilmentWorkFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<FulfilmentWorkFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<FulfilmentWorkFilter>>,
    /// Works to include.
    pub id: Option<IdFilter>,
    /// Number of the work, as in 1041-2, or number of its order, with or without its letters, as in SO-001041. A text that is no such number finds
    /// nothing. Not in fulfilmentWorkChanged.
    pub search: Option<String>,
    /// Works of these stores.
    pub store: Option<IdFilter>,
    /// Works in one of these states; an empty list matches nothing.
    pub status: Option<Vec<WorkStatus>>,
    /// Time at which the work is due.
    pub due_at: Option<DateTimeFilter>,
    /// Works of these orders.
    pub order: Option<IdFilter>,
    /// Product of at least one line. Not in fulfilmentWorkChanged.
    pub product: Option<IdFilter>,
    /// SKU of the product of at least one line, in any spelling of capitals. Not in fulfilmentWorkChanged.
    pub sku: Option<StringFilter>,
    /// Member or integration that accepted the work; isNull is true for works without an assignee. Not in fulfilmentWorkChanged.
    pub assignee: Option<IdFilter>,
    /// True for works of orders with a hold, false for works of orders without one, null for both. Not in fulfilmentWorkChanged.
    pub is_held: Option<bool>,
    /// Works of orders that are delivered in this way. Not in fulfilmentWorkChanged.
    pub delivery_method: Option<DeliveryMethod>,
    /// True for works that are late: due before now, with units left to send. False for the others, null for both. Not in fulfilmentWorkChanged.
    pub is_late: Option<bool>,
    /// Time at which the work was created.
    pub created_at: Option<DateTimeFilter>,
    /// Time at which the work last changed. Not in fulfilmentWorkChanged.
    pub updated_at: Option<DateTimeFilter>,
}

::graphql::nested_filter!(FulfilmentWorkFilter);
crate::keyed_filter!(
    FulfilmentWorkFilter, "store" store StoreCode, "product" product ProductSku, "order" order OrderNumber, "assignee" assignee MemberEmail;
    [store] "dueAt" due_at, "createdAt" created_at, "updatedAt" updated_at
);

impl FulfilmentWorkFilter {
    /// Returns the tests on the works' orders.
    fn order_tests(&self) -> Vec<OrderTest> {
        let hold_test = self.is_held.map(OrderTest::IsHeld);
        hold_test.into_iter().chain(self.delivery_method.map(|method| OrderTest::Method(method.into()))).collect()
    }
    /// Returns the tests that only lists have: on the works' numbers, lines and assignees.
    fn list_only_tests(&self, patterns: &Patterns, at: &Path) -> Answer<Vec<ListOnlyTest>> {
        let mut tests = Vec::new();
        if let Some(text) = &self.search {
            searchable(text, || below(at, "search"))?;
            tests.push(ListOnlyTest::Number(numbers_of(text.trim(), patterns)));
        }
        let products = ids_of::<ids::ProductId>(self.product.clone(), &below(at, "product"))?;
        tests.extend(products.into_iter().map(DocumentTest::Product).map(ListOnlyTest::Line));
        let skus = texts(self.sku.clone(), &below(at, "sku"))?;
        tests.extend(skus.into_iter().map(DocumentTest::Sku).map(ListOnlyTest::Line));
        if let Some(mut test) = self.assignee.clone() {
            tests.extend(test.is_null.take().map(|is_null| ListOnlyTest::IsAssigned(!is_null)));
            tests.extend(test.of_any_kind(&field_path(at, "assignee"))?.map(ListOnlyTest::Assignee));
        }
        Ok(tests)
    }
    /// Compiles the tests for lists, as of a time.
    fn read(self, (patterns, now): (&Patterns, Timestamp)) -> Answer<Nested<WorkTests>> {
        read_nested(self, &mut |filter: Self, at| {
            let (orders, list_tests, is_late) = (filter.order_tests(), filter.list_only_tests(patterns, at)?, filter.is_late);
            let mut works = filter.work_tests(at)?;
            works.extend(is_late.map(|is_late| WorkTest::Late { is_late, now }));
            Ok(WorkTests { works, orders, listed: list_tests })
        })
    }
    /// Returns the tests on the works themselves. IDs of another kind are refused with their path.
    pub(crate) fn work_tests(self, at: &Path) -> Answer<Vec<WorkTest>> {
        let mut tests = Vec::new();
        if let Some(filter) = self.id {
            tests.extend(filter.ids::<ids::FulfilmentWorkId>(&field_path(at, "id"))?.map(WorkTest::Id));
        }
        if let Some(filter) = self.store {
            tests.extend(filter.ids::<ids::StoreId>(&field_path(at, "store"))?.map(WorkTest::Store));
        }
        tests.extend(self.status.map(|list| WorkTest::Status(list.into_iter().map(Into::into).collect())));
        if let Some(filter) = self.order {
            tests.extend(filter.ids::<ids::OrderId>(&field_path(at, "order"))?.map(WorkTest::Order));
        }
        if let Some((from, before)) = self.due_at.as_ref().map(DateTimeFilter::range) {
            tests.push(WorkTest::Due { from, before });
        }
        if let Some((from, before)) = self.created_at.as_ref().map(DateTimeFilter::range) {
            tests.push(WorkTest::Created { from, before });
        }
        if let Some((from, before)) = self.updated_at.as_ref().map(DateTimeFilter::range) {
            tests.push(WorkTest::Updated { from, before });
        }
        Ok(tests)
    }
}

/// Parses a text as the number of a work, and as that of an order. Few texts are both: those of an
/// order whose letters end with a digit and a hyphen.
fn numbers_of(text: &str, patterns: &Patterns) -> Vec<OrderOrWorkNumber> {
    let work = WorkNumber::parse(text, patterns).map(|WorkNumber { order, nth }| OrderOrWorkNumber { order, nth: Some(nth) });
    let order = patterns.number(Numbered::Order, text).map(|order| OrderOrWorkNumber { order, nth: None });
    work.into_iter().chain(order).collect()
}

/// Order of a list of works; IDs break ties.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct FulfilmentWorkOrder {
    /// Field that the list is sorted by. Default DUE_AT.
    #[graphql(default_with = "FulfilmentWorkOrderField::DueAt")]
    pub field: FulfilmentWorkOrderField,
    /// Direction of the list. Default ASC.
    #[graphql(default_with = "Direction::Asc")]
    pub direction: Direction,
}

/// Field that a list of works is sorted by. More may be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum FulfilmentWorkOrderField {
    /// Moment at which the work is due.
    DueAt,
}

/// Number of works in a state.
#[derive(Debug, Clone, SimpleObject)]
pub struct WorkStatusCount {
    /// State of the works.
    pub status: WorkStatus,
    /// Number of works; 1 or more.
    pub count: Long,
}

/// The root fields that read works.
#[derive(Default)]
pub struct FulfilmentQuery;

#[resolvers]
impl FulfilmentQuery {
    /// A work of a store of yours; null when there is none.
    #[field(permit = FulfilmentRead)]
    async fn fulfilment_work(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "ID of the work.")] id: ID,
    ) -> Option<Answer<FulfilmentWork>> {
        let id = match argument(&id, || path!["id"]) {
            Ok(id) => id,
            Err(refused) => return Some(Err(refused)),
        };
        find(ctx, permit, id).await.transpose()
    }

    /// Works of your stores: units to send for orders of any store. The first that are due come
    /// first.
    #[field(permit = FulfilmentRead, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn fulfilment_works(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Filter that the works pass. Null for all works.")] filter: Option<FulfilmentWorkFilter>,
        #[graphql(desc = "Deprecated name of `sort`.", deprecation = "2026-11-26: use sort. Removed after 2027-11-26.")]
        order_by: Option<FulfilmentWorkOrder>,
        #[graphql(desc = "Sort of the list. Null for DUE_AT, ASC.")] sort: Option<FulfilmentWorkSort>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<FulfilmentWorkConnection> {
        let scope = permit.scope(ctx.required_data::<Ledger>()?.database());
        let signer = ctx.required_data::<CursorSigner>()?;
        let descending = order_of(order_by, sort)?.is_some_and(|order| order.direction == Direction::Desc);
        let name = rows::WORKS[usize::from(descending)];
        let request = PageArgs { first, after, last, before }.check(name, signer, MAX_PAGE_SIZE)?;
        let source = work_source(ctx, &permit, filter).await?;
        let page = rows::load_work_page(&scope, &source, descending, &request).await?;
        let nodes = page.into_iter().map(|head| {
            let keys = rows::head_keys(&head);
            (FulfilmentWork::head(head), keys)
        });
        Ok(Page::build(nodes.collect(), &request, name, signer).with_count_source(scope, source).into())
    }

    /// Numbers of works of stores of yours, state by state; states without any are left out.
    #[field(permit = FulfilmentRead, cost = "3", list_size(assumed = 10))]
    async fn fulfilment_works_count(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Filter that the works pass. Null for all works.")] filter: Option<FulfilmentWorkFilter>,
    ) -> Answer<Vec<WorkStatusCount>> {
        let scope = permit.scope(ctx.required_data::<Ledger>()?.database());
        let counts = rows::count_by_status(&scope, work_source(ctx, &permit, filter).await?).await?;
        let statuses = entity::prelude::WorkStatus::ALL.iter();
        let to_count = |status: &entity::prelude::WorkStatus| {
            let count = counts.get(status).copied().filter(|count| *count > 0)?;
            Some(WorkStatusCount { status: (*status).into(), count: Long(count) })
        };
        Ok(statuses.filter_map(to_count).collect())
    }
}

/// The works of the caller's stores that pass a filter now.
async fn work_source(
    ctx: &Context<'_>,
    permit: &iam::access::Permit<kind::FulfilmentRead>,
    filter: Option<FulfilmentWorkFilter>,
) -> Answer<ListSource> {
    let ledger = ctx.required_data::<Ledger>()?;
    let (backend, now) = (permit.scope(ledger.database()).backend(), ledger.clock().now());
    let filter = resolve_filter_keys(ctx, filter, "filter").await?.unwrap_or_default();
    let patterns = numbering::patterns_if_needed(ctx, filter.has(&|filter| filter.search.is_some())).await?;
    let tests = within(permit, filter.read((&patterns, now))?);
    Ok(rows::works_source(backend, &tests))
}
