//! A whole catalogue is read in parts: all of it, and each product once.

use std::collections::BTreeSet;

use entity::prelude::*;
use entrepot::{
    catalog::rows::page::ProductCondition,
    demand::rows::products_of_same_category,
    liquidation::rows::products_with_levels,
    replenishment::rows::catalogue,
    reports::{
        core::Span,
        rows::{ReportFilter, product_groups},
    },
    storage::{Backend, ROWS_PER_PAGE, Reads, Row},
};

use crate::insight::world::World;

/// Number of products with a level: whole parts, so that none is left after the last one.
const STOCKED: i64 = 2 * ROWS_PER_PAGE as i64;

/// Inserts products, each with a level in the store; the shop's own products have none.
async fn fill(world: &World) {
    let (id, numbers) = match world.db.backend() {
        Backend::Sqlite => ("randomblob(16)", "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $2)"),
        Backend::Postgres => ("gen_random_uuid()", "WITH n(i) AS (SELECT generate_series(1, $2))"),
    };
    let work = world.db.global().maintenance_for(world.tenant).await.unwrap();
    let products = format!(
        "INSERT INTO product (tenant_id, id, sku, sku_key, name, name_key, status, stock_policy, options, former_skus, unit_code, unit_decimals,
           metadata, search_text, version, created_at, updated_at, category_id)
         {numbers} SELECT $1, {id}, 'BULK-' || i, 'bulk-' || i, 'x', 'x', 'ACTIVE', 'TRACKED', '[]', '[]', 'each', 0, '{{}}', 'x', 1, 0, 0, $3 FROM n"
    );
    work.execute(&products, vec![STOCKED.into(), world.categories[0].into()]).await.unwrap();
    let levels = format!(
        "INSERT INTO stock_level (tenant_id, product_id, store_id, id, last_occurred_at, version, seq, updated_at)
         SELECT $1, p.id, $2, {id}, 0, 7, 0, 0 FROM product p WHERE p.tenant_id = $1 AND p.sku_key LIKE 'bulk-%'"
    );
    work.execute(&levels, vec![world.stores[0].into()]).await.unwrap();
    work.commit().await.unwrap();
}

/// Products that fit a condition, by one statement.
async fn products(world: &World, condition: &str) -> BTreeSet<ProductId> {
    let sql = format!("SELECT p.id FROM product p WHERE p.tenant_id = $1{condition}");
    let rows = world.scope().rows(&sql, vec![]).await.unwrap();
    rows.iter().map(|row| Row::scalar(row).unwrap()).collect()
}

/// All parts as one set, after a check that no product is in two of them.
fn once(found: Vec<ProductId>) -> BTreeSet<ProductId> {
    let (count, found) = (found.len(), BTreeSet::from_iter(found));
    assert_eq!(found.len(), count, "a product was read twice");
    found
}

#[tokio::test]
async fn reports_and_plans_read_each_product_of_a_catalogue_of_many_parts_once() {
    World::on_both(async |world| {
        fill(&world).await;
        let scope = world.scope();
        let all = products(&world, "").await;
        assert_eq!(all.len() as i64, STOCKED + world.products.len() as i64);
        let narrow =
            ReportFilter { span: Span { from: 0, to: 1 }, products: ProductCondition::default(), stores: None, channels: None };
        let groups = product_groups(&scope, &narrow).await.unwrap();
        let in_category = groups.values().filter(|groups| groups.category == Some(world.categories[0].uuid())).count() as i64;
        assert!(in_category >= STOCKED, "{in_category}");
        assert!(groups.values().all(|groups| groups.top_category.is_some() == groups.category.is_some()));
        assert_eq!(groups.into_keys().collect::<BTreeSet<_>>(), all);
        let categorized: BTreeSet<ProductId> = products_of_same_category(&scope, None).await.unwrap().into_keys().collect();
        assert_eq!(categorized, products(&world, " AND p.category_id IS NOT NULL").await);

        let (mut stocked, mut after) = (Vec::new(), ProductId::NIL);
        loop {
            let part = products_with_levels(&scope, after).await.unwrap();
            let Some(last) = part.last() else { break };
            assert!(part.len() <= ROWS_PER_PAGE);
            after = *last;
            stocked.extend(part);
        }
        assert_eq!(once(stocked), products(&world, " AND p.sku_key LIKE 'bulk-%'").await);

        let (mut bought, mut after) = (Vec::new(), ProductId::NIL);
        loop {
            let part = catalogue(&scope, after, 500).await.unwrap();
            let Some(last) = part.last() else { break };
            after = last.id;
            bought.extend(part.iter().map(|facts| facts.id));
        }
        assert_eq!(once(bought), products(&world, " AND p.stock_policy <> 'UNTRACKED'").await);
    })
    .await;
}
