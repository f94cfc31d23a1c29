//! Design of a tenant's papers, and printable facts of a document's goods.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{paper_settings, product},
};
use platform::storage::{Fault, Finds, Reads, Work};
use sea_orm::Value;

use crate::papers::core::{DesignSettings, GoodsDetails};

/// Stored look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub design: DesignSettings,
    /// A JPEG, if the look has a logo.
    pub logo: Option<Vec<u8>>,
    /// 0 until it is set.
    pub version: i64,
    pub updated_at: Option<Timestamp>,
}

#[derive(Record)]
#[record(of = paper_settings, alias = "s")]
struct SettingsRow {
    body: String,
    logo: Option<Vec<u8>>,
    version: i64,
    updated_at: Timestamp,
}

/// The tenant's look, or the default one.
pub async fn settings(reads: &impl Reads) -> Result<Settings, Fault> {
    let sql = format!("SELECT {} FROM paper_settings s WHERE s.tenant_id = $1", SettingsRow::SELECT);
    let Some(row) = reads.records::<SettingsRow>(&sql, vec![]).await?.pop() else {
        return Ok(Settings { design: DesignSettings::default(), logo: None, version: 0, updated_at: None });
    };
    let design = serde_json::from_str(&row.body).map_err(|_| Fault::corrupt("paper_settings", "its body has the look"))?;
    Ok(Settings { design, logo: row.logo, version: row.version, updated_at: Some(row.updated_at) })
}

/// Writes a look in the place of the one that was there.
pub async fn change_settings(work: &Work, settings: &Settings, now: Timestamp) -> Result<(), Fault> {
    let body = serde_json::to_string(&settings.design).map_err(|err| Fault::Broken(err.to_string()))?;
    let row = paper_settings::Model {
        tenant_id: work.tenant(),
        body,
        logo: settings.logo.clone(),
        version: settings.version,
        updated_at: now,
    };
    work.upsert(row).await
}

/// The document whose lines have the goods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GoodsSource {
    Order(OrderId),
    PurchaseOrder(PurchaseOrderId),
    Return(ReturnId),
    /// All orders of the wave's fulfilments.
    Wave(FulfilmentWaveId),
}

#[derive(Record)]
struct GoodsRow {
    #[record(sql = "g.sku")]
    sku: String,
    #[record(of = product, alias = "p")]
    unit_code: String,
    #[record(sql = "(SELECT b.code FROM barcode b WHERE b.tenant_id = $1 AND b.product_id = g.product_id
           ORDER BY b.position, b.code LIMIT 1)")]
    barcode: Option<String>,
}

/// Reads units and barcodes of a document's goods, by the SKU in its lines.
pub async fn goods_details(reads: &impl Reads, goods_source: GoodsSource) -> Result<Vec<GoodsDetails>, Fault> {
    let (lines, id): (&str, Value) = match goods_source {
        GoodsSource::Order(id) => (
            "SELECT l.sku AS sku, l.product_id AS product_id FROM order_line l WHERE l.tenant_id = $1 AND l.order_id = $2 AND l.product_id IS NOT NULL
             UNION SELECT n.sku, n.product_id FROM order_line_part n WHERE n.tenant_id = $1 AND n.order_id = $2",
            id.into(),
        ),
        GoodsSource::PurchaseOrder(id) => (
            "SELECT DISTINCT l.sku AS sku, l.product_id AS product_id FROM purchase_order_line l
             WHERE l.tenant_id = $1 AND l.purchase_order_id = $2",
            id.into(),
        ),
        GoodsSource::Return(id) => (
            "SELECT DISTINCT l.sku AS sku, l.product_id AS product_id FROM return_line l
             WHERE l.tenant_id = $1 AND l.return_id = $2 AND l.product_id IS NOT NULL",
            id.into(),
        ),
        GoodsSource::Wave(id) => (
            "SELECT l.sku AS sku, l.product_id AS product_id FROM fulfilment_wave_work x
               JOIN fulfilment_work w ON w.tenant_id = $1 AND w.id = x.work_id
               JOIN order_line l ON l.tenant_id = $1 AND l.order_id = w.order_id
             WHERE x.tenant_id = $1 AND x.wave_id = $2 AND l.product_id IS NOT NULL
             UNION SELECT n.sku, n.product_id FROM fulfilment_wave_work y
               JOIN fulfilment_work v ON v.tenant_id = $1 AND v.id = y.work_id
               JOIN order_line_part n ON n.tenant_id = $1 AND n.order_id = v.order_id
             WHERE y.tenant_id = $1 AND y.wave_id = $2",
            id.into(),
        ),
    };
    let sql = format!("SELECT {} FROM ({lines}) g JOIN product p ON p.tenant_id = $1 AND p.id = g.product_id", GoodsRow::SELECT);
    let rows = reads.records::<GoodsRow>(&sql, vec![id]).await?;
    Ok(rows.into_iter().map(|row| GoodsDetails { sku: row.sku, unit: row.unit_code, barcode: row.barcode }).collect())
}
