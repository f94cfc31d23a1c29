//! Keeps the rate limits of tenants with a plan of their own, which `entrepot tenant plan` writes.

use std::{collections::HashMap, time::Duration};

use api::graphql::quota::{BudgetText, TenantPlan, TenantPlans};
use iam::tenancy::plan;
use platform::{
    clock,
    storage::{Database, Fault},
};

/// A plan holds on every node after this time at the latest.
const REFRESH_INTERVAL: Duration = Duration::from_secs(5);

/// Reads the plans at once and then periodically, for as long as the node serves. While the
/// database is unavailable, the plans of the last read apply.
pub(super) async fn refresh_plans(db: Database, plans: TenantPlans) {
    loop {
        match read(&db).await {
            Ok(read) => plans.replace(read),
            Err(fault) => tracing::debug!(error = %fault, "the plans of tenants could not be read"),
        }
        clock::sleep(REFRESH_INTERVAL).await;
    }
}

async fn read(db: &Database) -> Result<HashMap<uuid::Uuid, TenantPlan>, Fault> {
    let rows = plan::all(&db.global()).await?;
    let limit = |text: Option<String>| {
        let parsed = text.map(|text| text.parse::<BudgetText>()).transpose();
        parsed.map_err(|error| Fault::corrupt("tenant_plan", error))
    };
    let plan_of = |member, integration, tenant| -> Result<_, Fault> {
        Ok(TenantPlan { member: limit(member)?, integration: limit(integration)?, tenant: limit(tenant)? })
    };
    rows.into_iter().map(|row| Ok((row.tenant_id.uuid(), plan_of(row.member, row.integration, row.tenant)?))).collect()
}
