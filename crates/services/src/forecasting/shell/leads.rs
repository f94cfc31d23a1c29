//! Lead times of products, and days for which delivered units can be sold, as plans use them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use entity::prelude::*;
use inventory::purchasing::rows::{default_suppliers_of, delivery_days, supplier_lead_times};
use platform::storage::{Fault, TenantScope};

use crate::forecasting::{core::LeadDays, rows};

/// Days of deliveries from which lead times are measured.
const MEASURED_DAYS: i32 = 365;
/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// Lead times and calendars of the products' suppliers: from deliveries of orders since the year
/// before `measured_to` (`None` for no measurement), then from the catalogue, then from the
/// supplier. Products without a supplier are left out.
pub(super) async fn leads_of(
    scope: &TenantScope,
    products: &[ProductId],
    measured_to: Option<i32>,
) -> Result<BTreeMap<ProductId, LeadDays>, Fault> {
    let offers = default_suppliers_of(scope, products).await?;
    let suppliers: BTreeSet<SupplierId> = offers.values().map(|(supplier, _)| *supplier).collect();
    let suppliers: Vec<SupplierId> = suppliers.into_iter().collect();
    let lead_times = supplier_lead_times(scope, &suppliers).await?;
    let measured = match measured_to {
        Some(day) => delivery_days(scope, Timestamp(i64::from(day - MEASURED_DAYS) * DAY)).await?,
        None => HashMap::new(),
    };
    let mut lead_by_product = BTreeMap::new();
    for (product, (supplier, supply)) in offers {
        let product_days = supply.and_then(|supply| supply.lead_time_days);
        let supplier_times = lead_times.get(&supplier);
        let stated = product_days.or_else(|| supplier_times.and_then(|lead_times| lead_times.days));
        let stated = stated.map_or(LeadDays::default().stated, |days| f64::from(days.max(0)));
        let calendar = supplier_times.map(|lead_times| lead_times.calendar.clone()).unwrap_or_default();
        lead_by_product
            .insert(product, LeadDays { stated, measured: measured.get(&supplier).cloned().unwrap_or_default(), calendar });
    }
    Ok(lead_by_product)
}

/// Returns the days on which units of products can be sold after delivery, from the lots of the
/// year before `first_week` and later. Products without such lots are left out.
pub(super) async fn shelf_days_of(
    scope: &TenantScope,
    products: &[ProductId],
    first_week: i32,
) -> Result<HashMap<ProductId, usize>, Fault> {
    let since = Timestamp(i64::from(first_week - MEASURED_DAYS) * DAY);
    let sellable = rows::sellable_days(scope, products, since).await?;
    Ok(sellable.into_iter().map(|(product, days)| (product, days as usize)).collect())
}
