//! The best partner of a product in a bundle: the product that is most often in orders with it, or
//! else the best seller of its category.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use entity::prelude::*;
use platform::storage::{Fault, Reads};

use crate::{
    demand::core::week_of,
    liquidation::{
        core::{Partner, PartnerLevel, SALES_DAYS},
        rows::{self, ProductFacts},
    },
    reports::core::{Pair, PairStrength},
};

/// Days of orders that pairs are read off.
const PAIR_DAYS: i32 = 364;
/// Maximum products of a category that are considered.
const MAX_CATEGORY_PRODUCTS: usize = 5;
const DAY_MICROS: i64 = 86_400_000_000;

/// The moment from which orders are searched for pairs.
pub(super) fn pair_window_start(today: i32) -> Timestamp {
    Timestamp(i64::from(today - PAIR_DAYS) * DAY_MICROS)
}

/// Context of a search for partners.
#[derive(Clone, Copy)]
pub(super) struct PartnerContext<'a> {
    pub today: i32,
    pub currency: Currency,
    /// Sold orders since `pair_window_start`.
    pub orders: i64,
    /// Returns the free units of a level from its available ones.
    pub free: &'a (dyn Fn((ProductId, StoreId), i64) -> i64 + Sync),
    /// Products whose own price is being cut, so that it cannot be part of a bundle's price.
    pub cut_products: &'a BTreeSet<ProductId>,
}

/// Best partner of each product, among those that sell in one of its stores: by joint orders beyond
/// chance, then by the sales of its category.
pub(super) async fn partners(
    reads: &impl Reads,
    context: PartnerContext<'_>,
    products: &[ProductFacts],
    stores: &BTreeMap<ProductId, Vec<StoreId>>,
) -> Result<HashMap<ProductId, Partner>, Fault> {
    let wanted = find_partner_candidates(reads, context, products).await?;
    let mut ids: Vec<ProductId> = wanted.values().flatten().map(|(partner, _)| *partner).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.retain(|id| !context.cut_products.contains(id));
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let facts = rows::partner_facts(reads, &ids, context.currency).await?;
    let mut levels: HashMap<ProductId, Vec<rows::LevelFacts>> = HashMap::new();
    for level in rows::levels(reads, context.today - SALES_DAYS + 1, &ids).await? {
        levels.entry(level.product).or_default().push(level);
    }
    let partners_by_id: HashMap<ProductId, Partner> = facts
        .into_iter()
        .map(|facts| {
            let decimals = u8::try_from(facts.unit_decimals).unwrap_or_default();
            let scale = 10_f64.powi(decimals.into());
            let level_of = |level: &rows::LevelFacts| PartnerLevel {
                store: level.store,
                free: (context.free)((level.product, level.store), level.available).max(0) as f64 / scale,
                weekly: level.sold.max(0) as f64 / scale * 7.0 / f64::from(SALES_DAYS),
            };
            let product_levels = levels.get(&facts.id).map(Vec::as_slice).unwrap_or_default();
            let levels = product_levels.iter().map(level_of).filter(|level| level.free >= 1.0 && level.weekly > 0.0).collect();
            (facts.id, Partner { product: facts.id, decimals, price: facts.price, lift: None, levels })
        })
        .collect();
    let is_there = |partner: &Partner, product: ProductId| {
        let stores = stores.get(&product).map(Vec::as_slice).unwrap_or_default();
        partner.levels.iter().any(|level| stores.contains(&level.store))
    };
    let best = |(product, wanted): (ProductId, Vec<(ProductId, Option<f64>)>)| {
        let available_partner = wanted.into_iter().find_map(|(partner, lift)| {
            let partner = partners_by_id.get(&partner).filter(|partner| is_there(partner, product))?;
            Some(Partner { lift, ..partner.clone() })
        });
        available_partner.map(|available_partner| (product, available_partner))
    };
    Ok(wanted.into_iter().filter_map(best).collect())
}

/// Partners with their lift, the best first.
type PartnerCandidates = HashMap<ProductId, Vec<(ProductId, Option<f64>)>>;

async fn find_partner_candidates(
    reads: &impl Reads,
    context: PartnerContext<'_>,
    products: &[ProductFacts],
) -> Result<PartnerCandidates, Fault> {
    let ids: Vec<ProductId> = products.iter().map(|facts| facts.id).collect();
    let since = pair_window_start(context.today);
    let pair_rows = rows::pairs(reads, &ids, since).await?;
    let mut pair_products: Vec<ProductId> = pair_rows.iter().flat_map(|pair| [pair.product, pair.partner]).collect();
    pair_products.sort_unstable();
    pair_products.dedup();
    let orders = if pair_products.is_empty() { HashMap::new() } else { rows::orders_of(reads, &pair_products, since).await? };
    let mut pairs: HashMap<ProductId, Vec<Pair>> = HashMap::new();
    for one in pair_rows {
        let count = |product: ProductId| saturating_u32(orders.get(&product).copied().unwrap_or_default());
        let counts = [count(one.product), count(one.partner)];
        let strength = PairStrength::of(saturating_u32(context.orders), counts[0], counts[1], saturating_u32(one.together));
        if let Some(strength) = strength.filter(PairStrength::is_significant) {
            let pair =
                Pair { products: [one.product, one.partner], orders: counts, together: saturating_u32(one.together), strength };
            pairs.entry(one.product).or_default().push(pair);
        }
    }
    let mut categories: Vec<CategoryId> = products.iter().filter_map(|facts| facts.category_id).collect();
    categories.sort_unstable();
    categories.dedup();
    let mut sellers: HashMap<CategoryId, Vec<ProductId>> = HashMap::new();
    if !categories.is_empty() {
        for sold in rows::best_sellers(reads, &categories, week_of(context.today) - SALES_DAYS).await? {
            sellers.entry(sold.category).or_default().push(sold.product);
        }
    }
    let candidates_of = |facts: &ProductFacts| {
        let mut product_pairs = pairs.remove(&facts.id).unwrap_or_default();
        product_pairs.sort_by(|one, other| other.surplus().total_cmp(&one.surplus()).then(one.products.cmp(&other.products)));
        let category_sellers =
            facts.category_id.and_then(|category| sellers.get(&category)).map(Vec::as_slice).unwrap_or_default();
        let others = category_sellers.iter().filter(|seller| **seller != facts.id).take(MAX_CATEGORY_PRODUCTS);
        let pair_partners = product_pairs.iter().map(|pair| (pair.products[1], Some(pair.strength.lift)));
        (facts.id, pair_partners.chain(others.map(|seller| (*seller, None))).collect())
    };
    Ok(products.iter().map(candidates_of).collect())
}

fn saturating_u32(count: i64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
