//! Lines of a count as clients see them.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object};
use entity::{id::kind as ids, prelude};
use iam::access::{Caller, Permission, kind};
use inventory::{
    counts::{
        core::{self, BookVisibility, LineOrigin, LineState},
        rows::{self, Difference, LineTest, LineWithBook},
    },
    ledger::Ledger,
};
use macros::resolvers;
use platform::paging::CursorSigner;

use super::{
    enums::StocktakeLineStatus,
    loaders::{CountAttemptsKey, load},
};
use crate::{
    graphql::{
        connection::{Page, PageArgs},
        context::ContextExt,
        fault::{Answer, TopError},
        filters::IdFilter,
        nested::{NestedFilter, field_path, read_nested},
        refusal::Path,
        scalars::{DateTime, Long, Quantity},
    },
    keyed_filters::replace_keys_with_ids,
    orders::links::{self, Actor, MAX_PAGE_SIZE, Money, Product},
    stock::{Lot, visible_lot},
};

/// Filter of the lines. Conditions are combined by AND; a null condition is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct StocktakeLineFilter {
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<StocktakeLineFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<StocktakeLineFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<StocktakeLineFilter>>,
    /// States to include; an empty list matches nothing.
    pub status: Option<Vec<StocktakeLineStatus>>,
    /// Deprecated name of `status`.
    #[graphql(deprecation = "2026-11-26: use status. Removed after 2027-11-26.")]
    pub state: Option<Vec<StocktakeLineStatus>>,
    /// Products to include.
    pub product: Option<IdFilter>,
    /// True for counted lines with a difference, false for counted lines without one; lines to be
    /// counted once more are neither. Null for all. Requires count.review for a blind stocktake.
    pub has_difference: Option<bool>,
}

::graphql::nested_filter!(StocktakeLineFilter);
crate::keyed_filter!(StocktakeLineFilter, "product" product ProductSku);

impl StocktakeLineFilter {
    /// Compiles the tests of one filter, without its nested filters.
    fn tests(self, at: &Path) -> Answer<Vec<LineTest>> {
        let mut tests = Vec::new();
        let states = [self.status, self.state].into_iter().flatten();
        tests.extend(states.map(|list| LineTest::State(list.into_iter().map(Into::into).collect())));
        if let Some(product) = self.product {
            tests.extend(product.ids::<ids::ProductId>(&field_path(at, "product"))?.map(LineTest::Product));
        }
        let difference = |is_different| if is_different { Difference::Some } else { Difference::None };
        tests.extend(self.has_difference.map(difference).map(LineTest::Difference));
        Ok(tests)
    }
}

/// A page of a stocktake's lines.
pub async fn lines(
    ctx: &Context<'_>,
    count: &Arc<core::Count>,
    mut filter: StocktakeLineFilter,
    args: &PageArgs,
) -> Answer<StocktakeLineConnection> {
    let scope = ctx.permit::<kind::CountRead>()?.scope(ctx.required_data::<Ledger>()?.database());
    let signer = ctx.required_data::<CursorSigner>()?;
    let list = format!("{}:{}", rows::COUNT_LINES, count.id);
    let request = args.check(&list, signer, MAX_PAGE_SIZE)?;
    replace_keys_with_ids(ctx, &mut filter, "filter").await?;
    if filter.has(&|filter| filter.has_difference.is_some()) && !may_see_book(ctx.caller()?, count) {
        return Err(TopError::Forbidden(kind::CountReview::info().code));
    }
    let tests = read_nested(filter, &mut StocktakeLineFilter::tests)?;
    let listing = rows::load_line_page(&scope, count.id, &tests, &request).await?;
    let nodes = listing.rows.into_iter().map(|shown_line| {
        let keys = rows::line_keys(&shown_line.line);
        (StocktakeLine { count: count.clone(), row: shown_line }, keys)
    });
    Ok(Page::build(nodes.collect(), &request, list, signer).with_count_source(scope, listing.source).into())
}

/// Whether the caller sees the book quantities of a stocktake's lines.
pub(crate) fn may_see_book(caller: &Caller, count: &core::Count) -> bool {
    count.sight == BookVisibility::Open || caller.permissions.reach(kind::CountReview::INDEX).covers(count.store)
}

/// A line inside its count.
pub struct StocktakeLine {
    count: Arc<core::Count>,
    row: LineWithBook,
}

impl StocktakeLine {
    /// Returns the book quantity, if the caller may see it.
    fn visible_book_quantity(&self, ctx: &Context<'_>) -> Option<i64> {
        self.row.book.filter(|_| ctx.caller().is_ok_and(|caller| may_see_book(caller, &self.count)))
    }
    /// Returns the difference between the counted and the book quantity; None of a line that is
    /// uncounted or to be counted again.
    fn count_difference(&self, ctx: &Context<'_>) -> Option<i64> {
        let tally = match self.row.line.state {
            LineState::Counted(finding) | LineState::Posted(finding, _) | LineState::Reversed(finding, ..) => finding.tally,
            LineState::Uncounted | LineState::Recount(_) => return None,
        };
        Some(tally.counted.get() - self.visible_book_quantity(ctx)?)
    }
}

fn quantity(units: i64) -> Option<Quantity> {
    prelude::Quantity::new(units).map(Quantity)
}

/// Line of a stocktake: one product, or one of its lots.
#[resolvers]
impl StocktakeLine {
    /// ID of the stocktake line.
    async fn id(&self) -> ID {
        ID(self.row.line.id.to_string())
    }
    /// Product of the line.
    async fn product(&self, ctx: &Context<'_>) -> Answer<Product> {
        links::product(ctx, self.row.line.product).await
    }
    /// SKU of the product when the line was created.
    async fn sku(&self) -> &str {
        &self.row.line.sku
    }
    /// Name of the product when the line was created.
    async fn name(&self) -> &str {
        &self.row.line.name
    }
    /// Code of the lot where the product is tracked. Null for other products, and for one without a lot in stock.
    async fn lot_code(&self) -> Option<&str> {
        self.row.line.lot.as_ref().map(|lot| lot.code.as_str())
    }
    /// Lot of the line. Null while the books do not have it, and where it never was in a store whose stock you may see.
    // Null needs no permission if there is no lot.
    #[field(permit(StockRead, in_body))]
    async fn lot(&self, ctx: &Context<'_>) -> Option<Answer<Lot>> {
        let id = self.row.line.lot.as_ref().and_then(|lot| lot.id)?;
        Box::pin(visible_lot(ctx, id)).await.transpose()
    }
    /// True if the line was on the list of the stocktake; false for goods that were only found.
    async fn is_expected(&self) -> bool {
        self.row.line.expected == LineOrigin::Listed
    }
    /// State of the line.
    #[field(was("state", "2026-11-25"))]
    async fn status(&self) -> StocktakeLineStatus {
        self.row.line.state.status().into()
    }
    /// Number of times that the line was counted.
    #[field(was("attempts", "2026-11-25"))]
    async fn attempt_count(&self) -> Long {
        Long(self.row.line.state.attempts())
    }
    /// Quantity counted the last time, in the product's smallest unit. Null before the line is
    /// counted.
    async fn counted(&self) -> Option<Quantity> {
        self.row.line.state.tally().map(|tally| tally.counted.into())
    }
    /// Time of the last counting. Null before the line is counted.
    async fn counted_at(&self) -> Option<DateTime> {
        self.row.line.state.tally().map(|tally| DateTime(tally.counted_at))
    }
    /// Quantity in the books at the time of counting, in the product's smallest unit, with
    /// everything recorded or posted since for that time; equal to `counted` when a later stocktake of
    /// the product was posted. Null before the line is counted, and in a blind stocktake for callers
    /// without count.review.
    // The permission is required for blind counts only, in the count's own store.
    #[field(mask(CountReview, in_body), was("book", "2026-11-25"))]
    async fn expected_quantity(&self, ctx: &Context<'_>) -> Option<Quantity> {
        quantity(self.visible_book_quantity(ctx)?)
    }
    /// Difference that approval posts: counted − expectedQuantity, in the product's smallest unit. Null for a line that is to be
    /// counted again, which posts nothing.
    // The permission is required for blind counts only, in the count's own store.
    #[field(mask(CountReview, in_body))]
    async fn difference(&self, ctx: &Context<'_>) -> Option<Quantity> {
        quantity(self.count_difference(ctx)?)
    }
    /// Time at which the line's posting was reversed. Null for a line that was never posted or not reversed.
    async fn reversed_at(&self) -> Option<DateTime> {
        self.row.line.state.reversed_at().map(DateTime)
    }
    /// Value of the difference at the unit cost of the time of counting. Null without
    /// product.cost.read, without a difference, and when the product has no cost.
    #[field(mask = ProductCostRead)]
    async fn difference_value(&self, ctx: &Context<'_>) -> Option<Money> {
        let cost = self.row.line.state.finding()?.unit_cost?;
        let difference = prelude::Quantity::new(self.count_difference(ctx)?)?;
        cost.times(difference, self.row.line.decimals).map(Money::from)
    }
    /// Attempts to count the line, the oldest first. A blind stocktake shows them with count.review only.
    #[field(was("tries", "2026-11-25"))]
    async fn attempt_history(&self, ctx: &Context<'_>) -> Answer<Vec<StocktakeAttempt>> {
        if !may_see_book(ctx.caller()?, &self.count) {
            return Ok(Vec::new());
        }
        let attempts = load(ctx, CountAttemptsKey(self.row.line.id)).await?.unwrap_or_default();
        Ok(attempts.iter().map(|(attempt, at)| StocktakeAttempt { row: attempt.clone(), recorded_at: *at }).collect())
    }
}

crate::connection!(counted StocktakeLineConnection, StocktakeLineEdge, StocktakeLine, "lines");

/// One of the times that a line was counted.
pub struct StocktakeAttempt {
    row: core::CountAttempt,
    recorded_at: prelude::Timestamp,
}

/// Attempt at counting a line; kept for good.
#[Object]
impl StocktakeAttempt {
    /// Number of the attempt, from 1.
    async fn attempt(&self) -> Long {
        Long(self.row.attempt)
    }
    /// Quantity counted, in the product's smallest unit.
    async fn counted(&self) -> Quantity {
        self.row.tally.counted.into()
    }
    /// Time at which the line was counted.
    async fn counted_at(&self) -> DateTime {
        DateTime(self.row.tally.counted_at)
    }
    /// Time at which the attempt was recorded.
    async fn recorded_at(&self) -> DateTime {
        DateTime(self.recorded_at)
    }
    /// Member, integration or job that counted.
    async fn counted_by(&self, ctx: &Context<'_>) -> Answer<Actor> {
        links::actor(ctx, self.row.actor).await
    }
    /// Note on the attempt. Null when there is none.
    async fn note(&self) -> Option<&str> {
        self.row.note.as_deref()
    }
}
