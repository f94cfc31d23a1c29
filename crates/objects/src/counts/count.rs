//! A count as clients see it.

use std::sync::Arc;

use async_graphql::{Context, ID, SimpleObject};
use entity::prelude;
use iam::access::{Caller, Permission, kind};
use inventory::{
    counts::{
        core::{self, Action, BookVisibility, Line, Pair, accuracy, actions_from, shrinkage},
        rows::{self, Progress},
    },
    ledger::Ledger,
};
use macros::resolvers;
use platform::{path, storage::Fault};

use super::{
    enums::{AbcClass, StocktakeKind, StocktakeStatus},
    line::{self, StocktakeLineConnection, StocktakeLineFilter, may_see_book},
    loaders::{CountProgressKey, load},
};
use crate::{
    catalog::{Category, catalog_loaders},
    graphql::{
        connection::PageArgs,
        context::ContextExt,
        fault::{Answer, TopError},
        scalars::{Cursor, DateTime, Decimal, Long, Quantity},
    },
    numbering,
    orders::links::{self, Actor, Money, Store},
    reversals::{DocumentReversal, has_more_reversals, reversals_of},
};

/// A stocktake's row.
#[derive(Clone)]
pub struct Stocktake {
    row: Arc<core::Count>,
    /// The lines of the stocktake after a dry run. None: they are looked up.
    dry_run: Option<Arc<StocktakeDryRun>>,
}

/// Lines of a stocktake as a dry run would leave them.
pub struct StocktakeDryRun {
    pub progress: Progress,
    /// Lines that it would make or change.
    pub lines: Vec<Line>,
}

impl Stocktake {
    pub fn new(row: Arc<core::Count>) -> Self {
        Self { row, dry_run: None }
    }
    /// With its lines as a dry run would leave them.
    #[must_use]
    pub fn with_dry_run(self, dry_run: Option<StocktakeDryRun>) -> Self {
        Self { dry_run: dry_run.map(Arc::new), ..self }
    }
    pub fn row(&self) -> &core::Count {
        &self.row
    }

    async fn load_progress(&self, ctx: &Context<'_>) -> Answer<Progress> {
        match &self.dry_run {
            Some(dry_run) => Ok(dry_run.progress),
            None => Ok(load(ctx, CountProgressKey(self.row.id)).await?.unwrap_or_default()),
        }
    }
}

/// A stocktake of what is in a store: counted line by line, reviewed, approved, and then posted as the difference to what the books had when each
/// line was counted.
#[resolvers(name = "Stocktake", requires = CountRead)]
impl Stocktake {
    /// ID of the stocktake.
    pub async fn id(&self) -> ID {
        ID(self.row.id.to_string())
    }
    /// Number, as in CN-000007: without gaps in the tenant, in the pattern that held when it was given. In a dry run with dots: CN-······.
    async fn number(&self, ctx: &Context<'_>) -> Answer<String> {
        numbering::format_number(ctx, prelude::Numbered::Count, self.row.number.get()).await
    }
    /// Kind of the stocktake: the products that it covers.
    async fn kind(&self) -> StocktakeKind {
        self.row.selection.kind().into()
    }
    /// Status of the stocktake.
    async fn status(&self) -> StocktakeStatus {
        self.row.status().into()
    }
    /// Store in which the stock is counted.
    async fn store(&self, ctx: &Context<'_>) -> Answer<Store> {
        links::store(ctx, self.row.store).await
    }
    /// Category of a CATEGORY stocktake. Null for other kinds.
    async fn category(&self, ctx: &Context<'_>) -> Option<Answer<Category>> {
        Some(category(ctx, self.row.selection.category()?).await)
    }
    /// ABC class of a CYCLE stocktake. Null for other kinds.
    async fn abc_class(&self) -> Option<AbcClass> {
        self.row.selection.class().map(Into::into)
    }
    /// True if the book quantities are hidden from callers without count.review.
    async fn is_blind(&self) -> bool {
        self.row.sight == BookVisibility::Blind
    }
    /// Reference of the stocktake in an external system, unique in the tenant; null when there is none.
    async fn external_ref(&self) -> Option<&str> {
        self.row.external_ref.as_deref()
    }
    /// Note on the stocktake. Null when there is none.
    async fn note(&self) -> Option<&str> {
        self.row.note.as_deref()
    }
    tagged!("stocktake", self.row.id);
    /// Progress of the stocktake, in lines.
    async fn progress(&self, ctx: &Context<'_>) -> Answer<StocktakeProgress> {
        let counts = self.load_progress(ctx).await?;
        Ok(StocktakeProgress {
            lines: Long(counts.lines),
            counted: Long(counts.counted),
            uncounted: Long(counts.lines - counts.counted - counts.recount),
            recount: Long(counts.recount),
            unexpected: Long(counts.found),
            found: Long(counts.found),
        })
    }
    /// Lines of the stocktake, by SKU.
    #[field(paged)]
    async fn lines(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Filter of the lines; all lines by default.")] filter: Option<StocktakeLineFilter>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<StocktakeLineConnection> {
        line::lines(ctx, &self.row, filter.unwrap_or_default(), &PageArgs { first, after, last, before }).await
    }
    /// Accuracy of the books, over all lines that were counted.
    #[field(cost = "5", was("figures", "2026-11-25"))]
    async fn summary(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Smallest units by which a line may differ and still count as accurate; 0 or more. Default 0.",
            default_with = "Quantity(prelude::Quantity::ZERO)"
        )]
        tolerance: Quantity,
    ) -> Answer<StocktakeSummary> {
        if tolerance.0.is_negative() {
            return Err(TopError::bad_input("a tolerance of 0 or more is expected", path!["tolerance"]));
        }
        if !may_see_book(ctx.caller()?, &self.row) {
            return Err(TopError::Forbidden(kind::CountReview::info().code));
        }
        let scope = ctx.permit::<kind::CountRead>()?.scope(ctx.required_data::<Ledger>()?.database());
        let dry_run = self.dry_run.as_ref().map(|dry_run| dry_run.lines.as_slice()).unwrap_or_default();
        let pairs_with_cost = rows::load_counted_pairs(&scope, self.row.id, dry_run).await?;
        Ok(StocktakeSummary::of(&pairs_with_cost, tolerance.0.get(), ctx.caller()?.sees_costs()))
    }
    /// Reversals of the count, the newest first, at most 50; empty while nothing of it was undone. Null without stock.movement.read.
    #[field(mask = StockMovementRead)]
    async fn reversed_by(&self, ctx: &Context<'_>) -> Option<Answer<Vec<DocumentReversal>>> {
        Some(Box::pin(reversals_of(ctx, self.row.id.uuid())).await)
    }
    /// True if there are more reversals of the count than `reversedBy` has; `documentReversals` has pages of them. Null without stock.movement.read.
    #[field(mask = StockMovementRead)]
    async fn has_more_reversals(&self, ctx: &Context<'_>) -> Option<Answer<bool>> {
        Some(Box::pin(has_more_reversals(ctx, self.row.id.uuid())).await)
    }
    /// Mutations that the stocktake's status allows and that you may call; stocktakeApprove where a line was counted and is not
    /// to be counted again.
    async fn allowed_actions(&self, ctx: &Context<'_>) -> Answer<Vec<&'static str>> {
        let caller = ctx.caller()?;
        let mut open_actions: Vec<Action> =
            actions_from(self.row.status()).filter(|action| may_act(caller, *action, self.row.store)).collect();
        if open_actions.contains(&Action::Approve) && self.load_progress(ctx).await?.counted == 0 {
            open_actions.retain(|action| *action != Action::Approve);
        }
        Ok(open_actions.into_iter().map(Action::mutation).collect())
    }
    /// Time at which the stocktake was started. Null before.
    async fn started_at(&self) -> Option<DateTime> {
        self.row.state.started_at().map(DateTime)
    }
    /// Time at which the stocktake was submitted. Null before.
    async fn submitted_at(&self) -> Option<DateTime> {
        self.row.state.submitted_at().map(DateTime)
    }
    /// Time at which the stocktake was approved and posted. Null before.
    async fn completed_at(&self) -> Option<DateTime> {
        self.row.state.completed_at().map(DateTime)
    }
    /// Member, integration or job that planned the stocktake.
    #[field(was("plannedBy", "2026-11-25"))]
    async fn created_by(&self, ctx: &Context<'_>) -> Answer<Actor> {
        links::actor(ctx, self.row.actor).await
    }
    /// Member, integration or job that approved the stocktake. Null before.
    async fn approved_by(&self, ctx: &Context<'_>) -> Option<Answer<Actor>> {
        Some(links::actor(ctx, self.row.state.approver()?).await)
    }
    /// Version of the stocktake, +1 for each change.
    pub async fn version(&self) -> Long {
        Long(self.row.version)
    }
    /// Time at which the stocktake was created.
    async fn created_at(&self) -> DateTime {
        DateTime(self.row.created_at)
    }
    /// Time of the last change of the stocktake.
    pub async fn updated_at(&self) -> DateTime {
        DateTime(self.row.updated_at)
    }
}

async fn category(ctx: &Context<'_>, id: prelude::CategoryId) -> Answer<Category> {
    let row = catalog_loaders(ctx)?.category(id).await?;
    Ok(Category(row.ok_or_else(|| Fault::corrupt("category", "what is referred to exists"))?))
}

/// Whether the caller has, in the stocktake's store, the permission that the action's mutation
/// requires.
fn may_act(caller: &Caller, action: Action, store: prelude::StoreId) -> bool {
    let permission = match action {
        Action::Start | Action::Cancel => kind::CountWrite::INDEX,
        Action::Record | Action::Submit => kind::CountRecord::INDEX,
        Action::Recount => kind::CountReview::INDEX,
        Action::Approve => kind::CountApprove::INDEX,
    };
    caller.permissions.reach(permission).covers(store)
}

/// Progress of a stocktake, in lines.
#[derive(Debug, Clone, SimpleObject)]
pub struct StocktakeProgress {
    /// Number of lines of the stocktake.
    pub lines: Long,
    /// Number of lines that were counted.
    pub counted: Long,
    /// Number of lines that were not counted yet.
    pub uncounted: Long,
    /// Number of lines that are to be counted once more.
    pub recount: Long,
    /// Number of lines that were not on the list and were found.
    pub unexpected: Long,
    /// Deprecated name of `unexpected`.
    #[graphql(deprecation = "2026-11-25: use unexpected. Removed after 2027-11-25.")]
    pub found: Long,
}

/// Accuracy of the books, measured by a stocktake. Formulas: Silver, Pyke & Thomas, Inventory and
/// Production Management in Supply Chains.
#[derive(Debug, Clone, SimpleObject)]
pub struct StocktakeSummary {
    /// Quantity in the books, in smallest units, over all lines that were counted.
    pub booked: Long,
    /// Quantity counted, in smallest units, over all lines that were counted.
    pub counted: Long,
    /// (booked − counted) ÷ booked, with six decimals; null where the books had nothing.
    pub shrinkage: Option<Decimal>,
    /// The share of lines that are right within the tolerance, with six decimals; null when nothing was counted.
    pub accuracy: Option<Decimal>,
    /// Net value of the differences: positive and negative ones offset each other. Null without
    /// product.cost.read, and when costs are in several currencies.
    pub difference_value: Option<Money>,
    /// Sum of the values of the differences, each taken as positive. Null without
    /// product.cost.read, and when costs are in several currencies.
    pub absolute_value: Option<Money>,
}

impl StocktakeSummary {
    fn of(pairs_with_cost: &[(Pair, Option<prelude::Money>, u8)], tolerance: i64, sees_costs: bool) -> Self {
        let pairs: Vec<Pair> = pairs_with_cost.iter().map(|(pair, ..)| *pair).collect();
        let six_decimals = |share: f64| Decimal(format!("{share:.6}"));
        let sum = |measure: fn(&Pair) -> i64| Long(pairs.iter().map(measure).fold(0, i64::saturating_add));
        let value = |(pair, unit_cost, decimals): &(Pair, Option<prelude::Money>, u8)| {
            (*unit_cost)?.times(prelude::Quantity::new(pair.counted - pair.book)?, *decimals)
        };
        let values: Vec<prelude::Money> =
            if sees_costs { pairs_with_cost.iter().filter_map(value).collect() } else { Vec::new() };
        let total = |measure: fn(prelude::Money) -> prelude::Money| {
            let (first, rest) = values.split_first()?;
            rest.iter().copied().map(measure).try_fold(measure(*first), prelude::Money::checked_add).map(Money::from)
        };
        Self {
            booked: sum(|pair| pair.book),
            counted: sum(|pair| pair.counted),
            shrinkage: shrinkage(&pairs).map(six_decimals),
            accuracy: accuracy(&pairs, tolerance).map(six_decimals),
            difference_value: total(|value| value),
            absolute_value: total(|value| prelude::Money::new(value.minor.abs(), value.currency)),
        }
    }
}

crate::connection!(counted StocktakeConnection, StocktakeEdge, Stocktake, "stocktakes");
