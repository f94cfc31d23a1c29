//! `entrepot epoch`: after a restore the journal gives numbers out again that clients have already seen. A new epoch tells them so.

use entity::prelude::TenantId;

use super::{StartError, migrated, say};
use crate::{clock::Clock, config::DatabaseArgs, storage::Row};

/// Gives every tenant a new epoch: streams that run end with RESET and EPOCH_CHANGED, and so does every cursor of before.
pub async fn renew(args: &DatabaseArgs) -> Result<(), StartError> {
    let db = migrated(&args.database_url, args.options()).await?;
    let clock = Clock::system();
    let rows = db.global().rows("SELECT id FROM tenant ORDER BY id", vec![]).await?;
    for row in &rows {
        let tenant: TenantId = Row::new(row).take()?;
        let work = db.global().steward_for(tenant).await?;
        work.execute("UPDATE tenant_counter SET epoch = $2 WHERE tenant_id = $1", vec![clock.uuid().into()]).await?;
        work.commit().await?;
    }
    say(&format!("{} tenant(s) have a new epoch: subscribers start over", rows.len()))?;
    db.close().await?;
    Ok(())
}
