//! Reading waves.

use async_graphql::{Context, Enum, ID, InputObject};
use entity::prelude::FulfilmentWaveId;
use iam::access::{Permit, Reach, kind};
use inventory::{
    fulfilment::rows::{self, WaveOrder, WaveSort as By, WaveTest},
    ledger::Ledger,
};
use macros::resolvers;
use platform::{
    paging::CursorSigner,
    path,
    storage::{Nested, Reads},
};

use super::wave::{FulfilmentWave, FulfilmentWaveConnection};
use crate::{
    catalog::Direction,
    graphql::{
        connection::{Page, PageArgs},
        context::ContextExt,
        fault::Answer,
        filters::{DateTimeFilter, IdFilter},
        nested::{field_path, read_nested},
        refusal::Path,
        scalars::Cursor,
    },
    keyed_filters::resolve_filter_keys,
    orders::{
        filters::span,
        links::{MAX_PAGE_SIZE, argument},
    },
};

/// Filter of waves. Conditions are combined by AND; a null condition is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct FulfilmentWaveFilter {
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<FulfilmentWaveFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<FulfilmentWaveFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<FulfilmentWaveFilter>>,
    /// Waves of these stores.
    pub store: Option<IdFilter>,
    /// True for open waves only, false for the others, null for both.
    pub is_open: Option<bool>,
    /// Time at which the wave was created.
    pub created_at: Option<DateTimeFilter>,
    /// Time at which the wave last changed.
    pub updated_at: Option<DateTimeFilter>,
}

::graphql::nested_filter!(FulfilmentWaveFilter);
crate::keyed_filter!(FulfilmentWaveFilter, "store" store StoreCode; [store] "createdAt" created_at, "updatedAt" updated_at);

impl FulfilmentWaveFilter {
    /// Compiles the test for the rows, limited to waves that the permit covers.
    fn read(self, permit: &Permit<kind::FulfilmentRead>) -> Answer<Nested<WaveTest>> {
        let mut test = read_nested(self, &mut Self::tests)?;
        if permit.channel().is_some() {
            test.own.stores.push(Vec::new());
        } else if let Reach::Stores(stores) = permit.reach() {
            test.own.stores.push(stores.to_vec());
        }
        Ok(test)
    }

    /// Compiles the tests of one filter, without its nested filters.
    fn tests(self, at: &Path) -> Answer<WaveTest> {
        let stores = self.store.map(|filter| filter.ids(&field_path(at, "store"))).transpose()?.flatten();
        Ok(WaveTest {
            stores: stores.into_iter().collect(),
            is_open: self.is_open,
            created: self.created_at.map(|test| span(&test)).unwrap_or_default(),
            updated: self.updated_at.map(|test| span(&test)).unwrap_or_default(),
        })
    }
}

/// Sort order of a list of waves; waves with equal values are sorted by ID.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct FulfilmentWaveSort {
    /// Field by which the waves are sorted.
    pub field: FulfilmentWaveSortField,
    /// Direction of the sort; DESC by default.
    #[graphql(default_with = "Direction::Desc")]
    pub direction: Direction,
}

/// Field by which waves can be sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "By", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum FulfilmentWaveSortField {
    /// Moment at which the wave was made.
    CreatedAt,
    /// Moment of the wave's last change.
    UpdatedAt,
}

crate::sorts::rows_sorted!(FulfilmentWaveSort => WaveOrder);

/// The root fields that read waves.
#[derive(Default)]
pub struct FulfilmentWaveQuery;

#[resolvers]
impl FulfilmentWaveQuery {
    /// A wave of a store of yours; null when there is none.
    #[field(permit = FulfilmentRead)]
    async fn fulfilment_wave(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "ID of the wave.")] id: ID,
    ) -> Option<Answer<FulfilmentWave>> {
        let id = match argument(&id, || path!["id"]) {
            Ok(id) => id,
            Err(refused) => return Some(Err(refused)),
        };
        find(ctx, permit, id).await.transpose()
    }

    /// Waves of your stores, the newest first unless another order is asked for.
    #[field(permit = FulfilmentRead, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn fulfilment_waves(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Filter that the waves pass. Null for all waves.")] filter: Option<FulfilmentWaveFilter>,
        #[graphql(desc = "Sort of the waves. Null for CREATED_AT, DESC.")] sort: Option<FulfilmentWaveSort>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<FulfilmentWaveConnection> {
        let scope = permit.scope(ctx.required_data::<Ledger>()?.database());
        let signer = ctx.required_data::<CursorSigner>()?;
        let sorted = FulfilmentWaveSort::sorted(sort);
        let list = sorted.kind(rows::WAVES);
        let request = PageArgs { first, after, last, before }.check(&list, signer, MAX_PAGE_SIZE)?;
        let filter = resolve_filter_keys(ctx, filter, "filter").await?.unwrap_or_default();
        let source = rows::wave_source(scope.backend(), &filter.read(&permit)?);
        let page = rows::wave_page(&scope, source.clone(), sorted, &request).await?;
        let nodes = page.into_iter().map(|wave| (FulfilmentWave::head(wave), sorted.keys(&wave)));
        Ok(Page::build(nodes.collect(), &request, list, signer).with_count_source(scope, source).into())
    }
}

async fn find(ctx: &Context<'_>, permit: Permit<kind::FulfilmentRead>, id: FulfilmentWaveId) -> Answer<Option<FulfilmentWave>> {
    let wave_row = rows::load_wave(&permit.scope(ctx.required_data::<Ledger>()?.database()), id).await?;
    let visible_wave = wave_row.filter(|wave| permit.channel().is_none() && permit.covers(wave.store));
    Ok(visible_wave.map(FulfilmentWave::head))
}

/// The wave of an id, if it is of a store of the caller.
pub async fn find_wave(ctx: &Context<'_>, id: FulfilmentWaveId) -> Answer<Option<FulfilmentWave>> {
    find(ctx, ctx.permit::<kind::FulfilmentRead>()?, id).await
}
