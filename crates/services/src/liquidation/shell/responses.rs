//! Price elasticities of products: by the product's own history, else by the category's.

use std::collections::HashMap;

use entity::prelude::*;
use platform::storage::{Fault, TenantScope};

use crate::{
    demand::core::week_of,
    liquidation::{
        core::{
            Estimate, MIN_POOLED_LEVELS, PricedWeek, Response, ResponseSource, estimate_slope, has_levels, pooled_response,
            price_response, priced_weeks,
        },
        rows::{self, CategorizedProduct, ProductFacts},
    },
};

/// Weeks of prices that a response is read off.
const PRICE_WEEKS: i32 = 104;
/// Products of a category whose histories are read for the others.
const MAX_POOLED: usize = 200;
/// Products whose histories are read together.
const CHUNK: usize = 500;

/// Responses of products, with a cache of their categories' estimates.
pub(super) struct Responses {
    /// The first Monday, and the one after the last.
    span: (i32, i32),
    currency: Currency,
    categories: HashMap<CategoryId, Vec<(ProductId, Estimate)>>,
}

impl Responses {
    pub(super) fn new(today: i32, currency: Currency) -> Self {
        let until = week_of(today);
        Self { span: (until - 7 * PRICE_WEEKS, until), currency, categories: HashMap::new() }
    }

    /// Returns the responses of products. Most have had one price: only that is read of them, and
    /// the histories of their category are used instead.
    pub(super) async fn of(
        &mut self,
        scope: &TenantScope,
        facts: &[ProductFacts],
    ) -> Result<HashMap<ProductId, Response>, Fault> {
        let product_keys: Vec<(ProductId, Option<CategoryId>, i32)> =
            facts.iter().map(|facts| (facts.id, facts.category_id, facts.unit_decimals)).collect();
        let own_histories = self.histories(scope, &product_keys).await?;
        let mut responses: HashMap<ProductId, Response> = HashMap::new();
        let mut category_ids: Vec<CategoryId> = Vec::new();
        for facts in facts {
            let response = own_histories.get(&facts.id).map_or(Response::NotShown, |weeks| price_response(weeks));
            if response.source() == ResponseSource::None {
                category_ids.extend(facts.category_id);
            }
            responses.insert(facts.id, response);
        }
        self.read_categories(scope, category_ids).await?;
        for facts in facts {
            let Some(response) = responses.get_mut(&facts.id).filter(|response| response.source() == ResponseSource::None) else {
                continue;
            };
            let pool = facts.category_id.and_then(|category| self.categories.get(&category));
            let others: Vec<Estimate> =
                pool.into_iter().flatten().filter(|(product, _)| *product != facts.id).map(|(_, estimate)| *estimate).collect();
            let own_histories = own_histories.get(&facts.id).and_then(|weeks| estimate_slope(weeks));
            *response = pooled_response(own_histories.as_ref(), &others);
        }
        Ok(responses)
    }

    /// Estimates of the products of categories that were not read yet.
    async fn read_categories(&mut self, scope: &TenantScope, mut category_ids: Vec<CategoryId>) -> Result<(), Fault> {
        category_ids.retain(|category| !self.categories.contains_key(category));
        category_ids.sort_unstable();
        category_ids.dedup();
        if category_ids.is_empty() {
            return Ok(());
        }
        let members = rows::most_sold_weeks(scope, &category_ids, self.span, MAX_POOLED).await?;
        for category in category_ids {
            self.categories.insert(category, Vec::new());
        }
        for chunk in members.chunks(CHUNK) {
            let product_keys: Vec<(ProductId, Option<CategoryId>, i32)> =
                chunk.iter().map(|member| (member.product, Some(member.category), member.unit_decimals)).collect();
            let histories = self.histories(scope, &product_keys).await?;
            for CategorizedProduct { product, category, .. } in chunk {
                let Some(estimate) = histories.get(product).and_then(|weeks| estimate_slope(weeks)) else { continue };
                self.categories.entry(*category).or_default().push((*product, estimate));
            }
        }
        Ok(())
    }

    /// Weeks of the products that have had two prices or more.
    async fn histories(
        &self,
        scope: &TenantScope,
        product_keys: &[(ProductId, Option<CategoryId>, i32)],
    ) -> Result<HashMap<ProductId, Vec<PricedWeek>>, Fault> {
        let ids: Vec<ProductId> = product_keys.iter().map(|(id, ..)| *id).collect();
        let mut history = rows::price_weeks(scope, &ids, self.span, self.currency).await?;
        history.retain(|_, weeks| {
            has_levels(weeks.iter().map(|(_, units, paid_minor)| *paid_minor as f64 / *units as f64), MIN_POOLED_LEVELS)
        });
        let ids: Vec<ProductId> = history.keys().copied().collect();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let spans = rows::stock_intervals(scope, &ids, self.span.0).await?;
        let mut categories: Vec<CategoryId> =
            product_keys.iter().filter(|(id, ..)| history.contains_key(id)).filter_map(|(_, category, _)| *category).collect();
        categories.sort_unstable();
        categories.dedup();
        let categories = rows::category_weeks(scope, &categories, self.span).await?;
        let mut weeks_by_product = HashMap::new();
        for (id, category, unit_decimals) in product_keys {
            let Some(weeks) = history.get(id) else { continue };
            let scale = 10_f64.powi((*unit_decimals).clamp(0, 9));
            let sales: Vec<(i32, f64, f64)> = weeks
                .iter()
                .map(|(week, units, paid_minor)| (*week, *units as f64 / scale, *paid_minor as f64 / *units as f64 * scale))
                .collect();
            let category_units = category.and_then(|category| categories.get(&category));
            let of_week =
                |week: i32| category_units.and_then(|weeks| weeks.get(&week)).map_or(0.0, |units| *units as f64 / scale);
            let category = category_units.map(|_| &of_week as &dyn Fn(i32) -> f64);
            let spans = spans.get(id).map(Vec::as_slice).unwrap_or_default();
            weeks_by_product.insert(*id, priced_weeks(&sales, spans, category, self.span.1));
        }
        Ok(weeks_by_product)
    }
}
